"""Takes the pictures of the page that the README shows. Run: python docs/take_pictures.py"""

from __future__ import annotations

import sys
import tempfile
import threading
from pathlib import Path

from cheroot.wsgi import Server
from playwright.sync_api import Browser, Page, sync_playwright

from pytrain.export import chromium
from pytrain.serve import create_app

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent / "tests"))

from fake_camera import write_video  # noqa: E402 - the tests' own camera
from gestures import GESTURES, name_classes, record, wait_until_shown, write_gestures  # noqa: E402

SHOWN = {"circle": (17,), "square": (17,), "star": (29, 29)}
"""Two seconds each, so that the strip of the last seconds has something to show."""

SIZES = {"page-wide": (1280, 860, "light"), "page-phone": (390, 844, "dark")}


def teach(browser: Browser, url: str) -> None:
    """The page Teach with three gestures that it has learned."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    page = context.new_page()
    page.goto(f"{url}/teach/")
    page.get_by_test_id("project-name").fill("Hand signs")
    page.keyboard.press("Enter")
    name_classes(page)
    page.get_by_test_id("start-camera").click()
    for number, gesture in enumerate(GESTURES, 1):
        record(page, gesture, number, 36)
    page.get_by_test_id("train-here").click()
    page.locator("[data-testid=way-here][data-state=done]").wait_for(timeout=120_000)
    page.mouse.move(0, 0)
    wait_until_shown(page, "Fist")
    page.locator('[data-testid=answer][data-label="Fist"]').wait_for()
    page.wait_for_timeout(1000)
    call_it_webcam(page)
    page.screenshot(path=DOCS / "teach-wide.png")
    print(DOCS / "teach-wide.png")
    context.close()


def call_it_webcam(page: Page) -> None:
    """A fake camera is called after its file, which is of no interest to anybody."""
    page.locator("[data-testid=camera-select] option:checked").evaluate(
        "option => { option.textContent = 'Webcam'; }"
    )


def camera(video: Path) -> list[str]:
    """Arguments with which Chromium shows a video instead of a camera."""
    return [
        *chromium.ARGUMENTS,
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={video}",
    ]


def main() -> None:
    program = chromium.find()
    if program is None:
        sys.exit("No Chromium was found; run: playwright install chromium")
    server = Server(("127.0.0.1", 0), create_app([DOCS.parent / "exported_models"]))
    server.prepare()
    threading.Thread(target=server.serve, daemon=True).start()
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        video = Path(scratch) / "star.y4m"
        write_video(video, SHOWN)
        url = f"http://127.0.0.1:{server.bind_addr[1]}"
        browser = playwright.chromium.launch(executable_path=program, args=camera(video))
        for name, (width, height, scheme) in SIZES.items():
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=1
            )
            page = context.new_page()
            page.goto(f"{url}/?model=four-shapes")
            page.get_by_test_id("start-camera").click()
            page.locator('[data-testid=answer][data-label="star"]').wait_for()
            page.wait_for_timeout(14_000)
            page.locator('[data-testid=answer][data-label="square"]').wait_for()
            page.locator('[data-testid=answer][data-label="star"]').wait_for()
            page.wait_for_timeout(1500)
            call_it_webcam(page)
            page.screenshot(path=DOCS / f"{name}.png")
            print(DOCS / f"{name}.png")
        browser.close()
        gestures = Path(scratch) / "gestures.y4m"
        write_gestures(gestures)
        browser = playwright.chromium.launch(executable_path=program, args=camera(gestures))
        teach(browser, url)
        browser.close()
    server.stop()


if __name__ == "__main__":
    main()
