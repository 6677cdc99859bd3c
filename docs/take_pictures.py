"""Takes the pictures of the page that the README shows; with --album DIR, those of every page in every look.

Run: python docs/take_pictures.py [--album DIR]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from cheroot.wsgi import Server
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from pytrain.dataset.four_shapes import draw_scene
from pytrain.errors import PytrainError
from pytrain.export import chromium
from pytrain.serve import Share, create_app

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent / "tests"))

from fake_camera import write_video  # noqa: E402 - the tests' own camera
from gestures import GESTURES, name_classes, record, wait_until_shown, write_gestures  # noqa: E402

SHOWN = {"circle": (17,), "square": (17,), "star": (29, 29)}
"""Two seconds each, so that the strip of the last seconds has something to show."""

SIZES = {"page-wide": (1280, 860, "light"), "page-phone": (390, 844, "dark")}


WIDTHS = {"wide": (1280, 860), "phone": (390, 844)}
SCHEMES = ("light", "dark")
"""The looks of an album: every page at both widths in both schemes."""

SHARE_PORT = 8443
"""Only written on the page; nobody comes in."""


def teach(browser: Browser, url: str, save: Callable[[Page], None]) -> None:
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
    save(page)
    context.close()


def save_readme(name: str) -> Callable[[Page], None]:
    """Keeps what is on the screen as a picture of the README."""

    def save(page: Page) -> None:
        page.screenshot(path=DOCS / f"{name}.png")
        print(DOCS / f"{name}.png")

    return save


def play(page: Page) -> None:
    start(page)
    page.locator('[data-testid=answer][data-label="star"]').wait_for()


def sheet(page: Page) -> None:
    """Twelve pictures, gone through."""
    with tempfile.TemporaryDirectory() as scratch:
        files = [
            Path(scratch) / f"{label}-{seed}.png"
            for label in ("circle", "square", "star")
            for seed in range(4)
        ]
        for file in files:
            label, seed = file.stem.split("-")
            Image.fromarray(draw_scene(label, int(seed))).save(file)
        page.get_by_test_id("source-picture").click()
        page.get_by_test_id("file-input").set_input_files(files)
        page.get_by_test_id("sheet-csv").and_(page.locator(":enabled")).wait_for()


def inside(page: Page) -> None:
    start(page)
    page.locator("[data-testid=maps] button").first.wait_for()
    page.locator("[data-testid=maps] button").first.click()


def bench(page: Page) -> None:
    start(page)
    page.get_by_test_id("view-bench").click()


def start(page: Page) -> None:
    page.get_by_test_id("start-camera").click()
    page.locator("#video").and_(page.locator(":not([hidden])")).wait_for()
    page.wait_for_timeout(3000)


def stand(page: Page) -> None:
    """As it is; what runs by itself has begun."""
    page.wait_for_timeout(3000)


ALBUM: dict[str, tuple[str, Callable[[Page], None]]] = {
    "play": ("/", play),
    "sheet": ("/", sheet),
    "stage": ("/?stage", stand),
    "teach-new": ("/teach/", stand),
    "inside": ("/inside/", inside),
    "inside-bench": ("/inside/", bench),
    "take-away": ("/take-away/", stand),
    "sketches": ("/sketches/", stand),
    "sketch": ("/sketches/sure-dots/", stand),
    "sketch-duet": ("/sketches/duet/", stand),
    "share": ("/share", stand),
}
"""Every page: where it is, and what is done there first."""


def take_album(browser: Browser, url: str, folder: Path) -> None:
    for name, (path, prepare) in ALBUM.items():
        context = browser.new_context(viewport={"width": 1280, "height": 860})
        page = context.new_page()
        page.goto(url + path)
        prepare(page)
        if page.get_by_test_id("camera-select").count():
            call_it_webcam(page)
        save_looks(folder, name)(page)
        context.close()


def save_looks(folder: Path, name: str) -> Callable[[Page], None]:
    """Keeps a page from head to foot, in every look."""

    def save(page: Page) -> None:
        for size, (width, height) in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                page.wait_for_timeout(600)
                path = folder / f"{name}-{size}-{scheme}.png"
                page.screenshot(path=path, full_page=True)
                print(path)

    return save


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


def shared() -> Share | None:
    """For the page with the code for phones; None in no network."""
    try:
        return Share(port=SHARE_PORT)
    except PytrainError:
        return None


def take_readme(browser: Browser, url: str) -> None:
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
        save_readme(name)(page)
        context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--album", type=Path, metavar="DIR", help="every page in every look, into this folder"
    )
    album: Path | None = parser.parse_args().album
    program = chromium.find()
    if program is None:
        sys.exit("No Chromium was found; run: playwright install chromium")
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        share = shared() if album else None
        application = create_app(
            [DOCS.parent / "exported_models"], datasets=Path(scratch) / "datasets", share=share
        )
        server = Server(("127.0.0.1", 0), application)
        server.prepare()
        threading.Thread(target=server.serve, daemon=True).start()
        url = f"http://127.0.0.1:{server.bind_addr[1]}"
        video = Path(scratch) / "star.y4m"
        write_video(video, SHOWN)
        browser = playwright.chromium.launch(executable_path=program, args=camera(video))
        if album:
            album.mkdir(parents=True, exist_ok=True)
            take_album(browser, url, album)
        else:
            take_readme(browser, url)
        browser.close()
        gestures = Path(scratch) / "gestures.y4m"
        write_gestures(gestures)
        browser = playwright.chromium.launch(executable_path=program, args=camera(gestures))
        teach(browser, url, save_looks(album, "teach") if album else save_readme("teach-wide"))
        browser.close()
        server.stop()


if __name__ == "__main__":
    main()
