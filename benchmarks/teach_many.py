"""Two thousand pictures of a class stay smooth: the page Teach's own frames while somebody works with them.

    python benchmarks/teach_many.py [--pictures 2000] [--seconds 10]

Three classes of so many JPEG files, added as a folder, in a headless Chromium without a graphics unit. Then,
one after the other: nothing is done, but that the network looks at the new pictures; all pictures of a class
are scrolled through; a class is recorded from a camera of 30 frames a second. Of the intervals between the
page's own frames, 95 in 100 are to be at most 20 ms.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page
from studio_serving import CHECKOUT, INTERVALS, browsing, serving, tell

sys.path.insert(0, str(CHECKOUT / "tests"))

from fake_camera import write_video

from pytrain.dataset.four_shapes import draw_scene

LABELS = ("circle", "square", "star")
DIFFERENT = 40
"""Scenes of a class; the files differ in a remark, so that none is taken for another one's copy."""

SCROLL = """() => {
  const box = document.querySelector('[data-testid=thumbnails]');
  const step = () => {
    if (!window.scrolling) return;
    box.scrollTop = (box.scrollTop + 40) % (box.scrollHeight - box.clientHeight);
    requestAnimationFrame(step);
  };
  window.scrolling = true;
  step();
}"""
"""40 pixels further at each of the page's frames, in the first class."""


def write_pictures(folder: Path, pictures: int) -> None:
    for label in LABELS:
        (folder / label).mkdir(parents=True)
        scenes = [Image.fromarray(draw_scene(label, seed)) for seed in range(min(DIFFERENT, pictures))]
        for number in range(pictures):
            file = folder / label / f"{number:05}.jpg"
            scenes[number % len(scenes)].save(file, quality=90, comment=str(number).encode())


def measure(page: Page, address: str, folder: Path, pictures: int, seconds: int) -> None:
    page.set_default_timeout(600_000)
    page.goto(f"{address}/teach/")
    begin = time.perf_counter()
    page.get_by_test_id("add-folder").set_input_files(folder)
    page.wait_for_function(
        """([classes, pictures]) => {
          const counts = [...document.querySelectorAll('.class .count')];
          return counts.length === classes && counts.every(
            ({ textContent }) => Number(textContent.replace(',', '')) === pictures);
        }""",
        arg=[len(LABELS), pictures],
    )
    print(f"  {len(LABELS)} x {pictures:,} pictures are there after {time.perf_counter() - begin:.0f} s")
    page.get_by_test_id("start-camera").click()
    page.wait_for_function("() => document.querySelector('video')?.videoWidth > 0")
    page.wait_for_timeout(3000)
    during(page, "nothing is done", seconds)
    page.get_by_role("button", name="Show all").first.click()
    page.evaluate(SCROLL)
    during(page, "scrolling", seconds)
    page.evaluate("window.scrolling = false")
    hold = page.get_by_test_id("hold-1")
    hold.hover()
    page.mouse.down()
    during(page, "recording", seconds, page.mouse.up)


def during(page: Page, what: str, seconds: int, end: Callable[[], None] = lambda: None) -> None:
    tell(what, page.evaluate(INTERVALS, seconds), goal=True)
    end()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=2000, help="of each class")
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, serving(Path(scratch) / "models", {}) as address:
        folder = Path(scratch) / "pictures"
        write_pictures(folder, options.pictures)
        video = Path(scratch) / "shapes.y4m"
        write_video(video, dict.fromkeys(LABELS, (1,)), 30)
        with browsing(
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={video}",
        ) as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            measure(page, address, folder, options.pictures, options.seconds)


if __name__ == "__main__":
    main()
