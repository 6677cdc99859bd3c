"""The stage for installations, and the snapshot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from live import Open, ask_camera, findings
from PIL import Image
from playwright.sync_api import Browser, Page, expect

SEEN = """() => [...document.querySelectorAll('body *')]
  .filter((element) => element.checkVisibility() && element.getBoundingClientRect().width > 2)
  .map((element) => element.id || element.getAttribute('class'))"""


def test_the_stage_shows_picture_and_answer_alone_on_the_whole_screen_until_escape(
    open_page: Open, camera_browser: Browser
) -> None:
    page = open_page(camera_browser).page
    ask_camera(page)
    page.get_by_test_id("stage").click()
    page.wait_for_function("() => document.fullscreenElement !== null")
    seen = page.evaluate(SEEN)
    assert {"video", "verdict", "answer"} <= set(seen)
    for gone in ("gallery", "models", "freeze", "headline", "bars", "history", "top"):
        assert gone not in seen
    assert page.evaluate(
        """() => {
          const box = (id) => document.getElementById(id).getBoundingClientRect();
          const [picture, answer] = [box('video'), box('answer')];
          const fills = Math.abs(picture.width + answer.width - innerWidth) < 2;
          return fills && Math.abs(answer.height - innerHeight) < 2 && picture.width === picture.height;
        }"""
    )
    assert findings(page) == []
    page.wait_for_function("() => getComputedStyle(document.documentElement).cursor === 'none'")
    page.mouse.move(200, 200)
    page.wait_for_function("() => getComputedStyle(document.documentElement).cursor !== 'none'")
    # A browser takes Escape for itself and only tells that the whole screen was left.
    page.evaluate("document.exitFullscreen()")
    expect(page.get_by_test_id("headline")).to_be_visible()
    assert page.evaluate("document.activeElement.id") == "go-on-stage"


def test_an_address_opens_the_stage_with_the_camera(open_page: Open, camera_browser: Browser) -> None:
    page = open_page(camera_browser, "/?stage").page
    expect(page.get_by_test_id("answer")).to_have_attribute("data-state", "known")
    expect(page.get_by_test_id("headline")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("headline")).to_be_visible()


@pytest.mark.parametrize("size", [(390, 844), (1080, 1920), (1024, 768), (1920, 1080)])
def test_the_stage_fits_every_screen(open_page: Open, camera_browser: Browser, size: tuple[int, int]) -> None:
    page = open_page(camera_browser, "/?stage", viewport={"width": size[0], "height": size[1]}).page
    expect(page.get_by_test_id("answer")).to_have_attribute("data-state", "known")
    assert page.evaluate(
        """() => ['video', 'verdict', 'confidence', 'figure'].every((id) => {
          const element = document.getElementById(id);
          const { left, top, right, bottom } = element.getBoundingClientRect();
          return left >= -1 && top >= -1 && right <= innerWidth + 1 && bottom <= innerHeight + 1;
        })"""
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_screen_stays_awake_on_stage(open_page: Open, camera_browser: Browser) -> None:
    page = open_page(camera_browser, permissions=["screen-wake-lock"]).page
    page.evaluate(
        """() => {
          const request = navigator.wakeLock.request.bind(navigator.wakeLock);
          window.locks = [];
          navigator.wakeLock.request = async (type) => {
            const lock = await request(type);
            window.locks.push(lock);
            return lock;
          };
        }"""
    )
    page.get_by_test_id("stage").click()
    page.wait_for_function("() => window.locks.length === 1 && !window.locks[0].released")
    page.evaluate("document.exitFullscreen()")
    page.wait_for_function("() => window.locks[0].released")


def test_a_snapshot_holds_the_picture_as_it_is_seen_and_the_answer(
    open_page: Open, plain_browser: Browser, tmp_path: Path
) -> None:
    frame = np.zeros((240, 400, 3), np.uint8)
    frame[:, 80:200] = (0, 0, 255)  # the left half of the centre square
    frame[:, 200:320] = (0, 255, 0)
    Image.fromarray(frame).save(tmp_path / "halves.png")
    page = open_page(plain_browser).page
    expect(page.get_by_test_id("snapshot")).to_be_disabled()
    page.get_by_test_id("file-input").set_input_files(tmp_path / "halves.png")
    expect(page.get_by_test_id("answer")).not_to_have_attribute("data-label", "")
    taken = snapshot(page)
    assert taken.mode in ("RGB", "RGBA")
    side = taken.width
    assert taken.height > side, "below the picture stands the answer"
    pixels = np.asarray(taken.convert("RGB")).astype(int)
    assert abs(pixels[side // 2, side // 4] - (0, 0, 255)).max() < 8
    assert abs(pixels[side // 2, 3 * side // 4] - (0, 255, 0)).max() < 8
    band = pixels[side + 4 :]
    assert len(np.unique(band.reshape(-1, 3), axis=0)) > 2, "something is written there"


def test_a_snapshot_of_the_camera_is_mirrored_like_the_page_and_its_words_are_not(
    open_page: Open, camera_browser: Browser
) -> None:
    page = open_page(camera_browser).page
    ask_camera(page)
    page.get_by_test_id("freeze").click()
    mirrored = np.asarray(snapshot(page).convert("RGB")).astype(int)
    page.get_by_test_id("mirror").click()
    plain = np.asarray(snapshot(page).convert("RGB")).astype(int)
    side = plain.shape[1]
    assert np.abs(mirrored[:side, ::-1] - plain[:side]).mean() < 2
    assert np.abs(mirrored[:side] - plain[:side]).mean() > 4
    assert (mirrored[side:] == plain[side:]).all()


def snapshot(page: Page) -> Image.Image:
    with page.expect_download() as download:
        page.keyboard.press("s")
    label = page.get_by_test_id("answer").get_attribute("data-label")
    assert download.value.suggested_filename.startswith(f"{label} ")
    assert download.value.suggested_filename.endswith(".png")
    return Image.open(download.value.path())


def test_messages_are_seen_on_stage(open_page: Open, plain_browser: Browser) -> None:
    page = open_page(plain_browser, "/?stage").page
    expect(page.get_by_test_id("message")).to_contain_text("camera", ignore_case=True)
    expect(page.get_by_test_id("message")).to_be_visible()
