"""The strip of the last seconds and the smoothing; and that an hour of answers makes the page no heavier."""

from __future__ import annotations

import pytest
from live import Open, ask_camera
from playwright.sync_api import Browser, expect

INKED = """(lane) => {
  const strip = document.querySelector('#strip');
  const { data, width } = strip.getContext('2d').getImageData(0, 0, strip.width, strip.height);
  const accent = (at) => {
    const [red, green, blue, alpha] = data.slice(4 * at, 4 * at + 4);
    return red > 200 && green < 130 && blue < 90 && alpha > 200;
  };
  const [height, gap] = [20, 4];
  const row = Math.round((lane * (height + gap) + height / 2) * (strip.height / (4 * (height + gap) - gap)));
  let count = 0;
  for (let x = 0; x < width; x++) if (accent(row * width + x)) count++;
  return count / width;
}"""
"""How much of a lane is in the colour of an answer, 0 to 1."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_class_has_a_lane_that_fills_while_it_is_the_answer(
    open_page: Open, camera_browser: Browser, scheme: str
) -> None:
    page = open_page(camera_browser, color_scheme=scheme).page
    ask_camera(page)
    expect(page.locator("#lanes li")).to_have_text(["Circle", "Square", "Star", "Triangle"])
    # The camera shows each shape for four seconds; the strip holds twenty.
    page.wait_for_function(f"() => [0, 1, 2, 3].every((lane) => ({INKED})(lane) > 0.03)", timeout=60_000)
    assert sum(page.evaluate(INKED, lane) for lane in range(4)) <= 1, "one answer at a time"


def test_the_strip_is_there_for_what_moves_only(open_page: Open, plain_browser: Browser) -> None:
    page = open_page(plain_browser).page
    strip = page.get_by_test_id("history")
    expect(strip).to_be_visible()
    for source, shown in [("picture", False), ("clip", True), ("pad", False), ("camera", True)]:
        page.get_by_test_id(f"source-{source}").click()
        expect(strip).to_be_visible() if shown else expect(strip).to_be_hidden()


STEPS = """async () => {
  const answer = document.querySelector('[data-testid=bar-star]');
  const seen = [];
  const observer = new MutationObserver(() => seen.push(Number(answer.getAttribute('aria-valuenow'))));
  observer.observe(answer, { attributeFilter: ['aria-valuenow'] });
  await new Promise((resolve) => setTimeout(resolve, 9000));
  observer.disconnect();
  return seen.filter((value) => value > 5 && value < 95).length;
}"""
"""How many values between no and yes one class takes while the camera shows two shapes or three."""


def test_smoothing_lets_the_answer_move_slowly_and_is_remembered(
    open_page: Open, camera_browser: Browser
) -> None:
    page = open_page(camera_browser).page
    ask_camera(page)
    slider = page.get_by_test_id("smoothing")
    slider.focus()
    page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "none")
    sharp = page.evaluate(STEPS)
    slider.focus()
    page.keyboard.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "95 % of the frames before")
    assert page.evaluate(STEPS) > sharp
    page.reload()
    assert slider.input_value() == "0.95"


def test_classifying_adds_nothing_to_the_page(open_page: Open, camera_browser: Browser) -> None:
    page = open_page(camera_browser).page
    ask_camera(page)
    page.wait_for_function("() => document.querySelector('[data-testid=check]').dataset.state === 'same'")
    count = "document.querySelectorAll('*').length"
    answers = """(wanted) => new Promise((resolve) => {
      let seen = 0;
      const channel = new BroadcastChannel('pytrain');
      channel.onmessage = () => {
        if (++seen < wanted) return;
        channel.close();
        resolve();
      };
    })"""
    page.evaluate(f"() => ({answers})(50)")
    before = page.evaluate(count)
    page.evaluate(f"() => ({answers})(200)")
    assert abs(page.evaluate(count) - before) <= 6, "but for the shape that is the answer"
