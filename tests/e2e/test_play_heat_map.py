"""Where the model looks, over the picture: on the centre square, mirrored with it, on what decides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from live import Open, Server, findings
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from pytrain.dataset.four_shapes import draw_classic

OVERLAY = """() => {
  const heat = document.querySelector('#heat');
  const under = heat.previousElementSibling;
  const box = (element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    return [left, top, width, height].map(Math.round);
  };
  return { heat: box(heat), under: box(under), id: under.id, turn: getComputedStyle(heat).transform };
}"""

BRIGHTEST = """() => {
  const heat = document.querySelector('#heat');
  const { data } = heat.getContext('2d').getImageData(0, 0, heat.width, heat.height);
  let [sum, x, y] = [0, 0, 0];
  for (let at = 0; at < heat.width * heat.height; at++) {
    const glow = data[4 * at] > 100 ? data[4 * at + 3] : 0;
    sum += glow;
    x += glow * (at % heat.width);
    y += glow * Math.floor(at / heat.width);
  }
  return [x / sum / heat.width, y / sum / heat.height];
}"""
"""The middle of what glows, 0 to 1 across and down."""


def show_heat(page: Page) -> None:
    page.get_by_test_id("heat-toggle").click()
    expect(page.get_by_test_id("heat")).to_be_visible()


def corner_picture(path: Path, right: bool, low: bool) -> None:
    """A circle in one quarter of the centre square of a wide picture."""
    frame = np.full((240, 400, 3), 255, np.uint8)
    circle = np.asarray(Image.fromarray(draw_classic("circle", 5)).convert("RGB").resize((100, 100)))
    x, y = (80 + 130 if right else 80 + 10), (130 if low else 10)
    frame[y : y + 100, x : x + 100] = circle
    Image.fromarray(frame).save(path)


@pytest.mark.parametrize(("right", "low"), [(False, False), (True, False), (False, True), (True, True)])
def test_it_glows_where_the_shape_is(
    open_page: Open, plain_browser: Browser, tmp_path: Path, right: bool, low: bool
) -> None:
    corner_picture(tmp_path / "corner.png", right, low)
    page = open_page(plain_browser).page
    page.get_by_test_id("file-input").set_input_files(tmp_path / "corner.png")
    expect(page.get_by_test_id("answer")).not_to_have_attribute("data-label", "")
    show_heat(page)
    x, y = page.evaluate(BRIGHTEST)
    assert (x > 0.5, y > 0.5) == (right, low), f"it glows at {x:.2f}, {y:.2f}"


def test_it_lies_exactly_over_what_is_looked_at_and_turns_with_it(
    open_page: Open, camera_browser: Browser
) -> None:
    page = open_page(camera_browser).page
    page.get_by_test_id("start-camera").click()
    expect(page.get_by_test_id("answer")).not_to_have_attribute("data-label", "")
    show_heat(page)
    seen = page.evaluate(OVERLAY)
    assert seen["id"] == "video"
    assert seen["heat"] == seen["under"], "the stage is square: its middle is what the model sees"
    assert seen["turn"] == "matrix(-1, 0, 0, 1, 0, 0)"
    page.get_by_test_id("mirror").click()
    page.wait_for_function("() => getComputedStyle(document.querySelector('#heat')).transform === 'none'")
    page.get_by_test_id("heat-toggle").click()
    expect(page.get_by_test_id("heat")).to_be_hidden()


def test_it_comes_and_goes_by_a_key_on_the_drawing_pad(open_page: Open, plain_browser: Browser) -> None:
    page = open_page(plain_browser).page
    page.keyboard.press("d")
    box = page.get_by_test_id("pad").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.6, steps=5)
    page.mouse.up()
    expect(page.get_by_test_id("answer")).not_to_have_attribute("data-label", "")
    page.keyboard.press("h")
    expect(page.get_by_test_id("heat")).to_be_visible()
    assert page.evaluate(OVERLAY)["id"] == "pad"
    page.keyboard.press("x")
    expect(page.get_by_test_id("heat")).to_be_hidden()
    page.keyboard.press("h")
    expect(page.get_by_test_id("heat-toggle")).to_have_attribute("aria-pressed", "false")


def test_a_model_that_cannot_tell_says_so(
    open_page: Open, plain_browser: Browser, two_models: Server
) -> None:
    page = open_page(plain_browser, "/?model=a-second", url=two_models.url).page
    expect(page.get_by_test_id("answer")).to_have_attribute("data-state", "idle")
    toggle = page.get_by_test_id("heat-toggle")
    expect(toggle).to_be_disabled()
    expect(toggle).to_have_attribute("title", "This model cannot say where it looks.")
    page.get_by_test_id("model-select").select_option("four-shapes")
    expect(toggle).to_be_enabled()


def test_axe_finds_nothing_about_it(open_page: Open, camera_browser: Browser) -> None:
    page = open_page(camera_browser).page
    page.get_by_test_id("start-camera").click()
    expect(page.get_by_test_id("answer")).not_to_have_attribute("data-label", "")
    show_heat(page)
    assert findings(page) == []
