"""Takes the pictures of the sketches that the gallery shows.

python docs/take_sketch_pictures.py              # of all
python docs/take_sketch_pictures.py sure-dots    # of those that are named
"""

from __future__ import annotations

import base64
import io
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cheroot.wsgi import Server
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from pytrain.export import chromium
from pytrain.serve import create_app

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from fake_camera import Pixels, side_by_side, write_frames  # noqa: E402 - the tests' own camera

from pytrain.dataset.four_shapes import draw_scene  # noqa: E402

SIDE = 640
QUALITY = 80


@dataclass(frozen=True)
class Shot:
    """What a sketch is shown, and when its picture is taken.

    Attributes:
        scenes: what the camera shows, two seconds each, again and again; (label, seed).
        when: in the page, true when it is time.
        seconds: how much longer to wait after that.
        halves: shows two scenes side by side.
    """

    scenes: tuple[tuple[str, int], ...] = (("star", 17),)
    when: str = "() => label === 'star'"
    seconds: float = 1.5
    halves: bool = False


FOUR = (("star", 17), ("circle", 9), ("triangle", 2), ("square", 0))

SHOTS = {
    "webcam-label": Shot(),
    "shape-instrument": Shot(FOUR, "() => strings.filter(({ loud }) => loud > 0.3).length === 2", 0),
    "gesture-brush": Shot((), "() => frameCount > 1800"),
    "rock-paper-scissors": Shot(when="() => word === 'you win' && score['you win'] > 1", seconds=0.2),
    "sure-dots": Shot(when="() => sure > 0.9", seconds=2),
    "duet": Shot((("star", 17), ("star", 0)), "() => snaps > 0", halves=True),
    "image-sorter": Shot(when="() => piles.length"),
    "send-results": Shot(when="() => sent > 20 && answer === 'star'"),
    "second-window": Shot(FOUR, "() => sent > 0", 14),
    "ml5-webcam": Shot((("triangle", 4),), "() => label === 'triangle'"),
    "ml5-p5-1": Shot((("star", 29),)),
    "teachable-machine": Shot((("circle", 12),), "() => label === 'circle'"),
    "tensorflow": Shot((("square", 17),), "() => label === 'square'"),
}


def main() -> None:
    program = chromium.find()
    if program is None:
        sys.exit("No Chromium was found; run: playwright install chromium")
    server = Server(("127.0.0.1", 0), create_app([ROOT / "exported_models"]))
    server.prepare()
    threading.Thread(target=server.serve, daemon=True).start()
    origin = f"http://127.0.0.1:{server.bind_addr[1]}"
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        for name in sys.argv[1:] or SHOTS:
            video = Path(scratch) / f"{name}.y4m"
            write_frames(video, frames(SHOTS[name]))
            camera = [
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={video}",
            ]
            browser = playwright.chromium.launch(executable_path=program, args=[*chromium.ARGUMENTS, *camera])
            with opened(browser) as context:
                save(name, take(context, origin, name, Path(scratch)))
            browser.close()
    server.stop()


def frames(shot: Shot) -> Iterator[Pixels]:
    """uint8 [240, 320, 3] each."""
    if not shot.scenes:
        return strokes()
    pictures = [draw_scene(label, seed) for label, seed in shot.scenes]
    return iter([side_by_side(*pictures)] if shot.halves else pictures)


def strokes() -> Iterator[Pixels]:
    """A shape of each kind that is moved along an arc of its own."""
    for number, label in enumerate(("circle", "square", "star", "triangle")):
        scene = draw_scene(label, 1)
        for angle in np.linspace(0, 1.3 * np.pi, 5) + number * np.pi / 2:
            yield np.roll(
                scene, (round(62 * np.sin(angle)), round((70 - 15 * number) * np.cos(angle))), (0, 1)
            )


@contextmanager
def opened(browser: Browser) -> Iterator[BrowserContext]:
    # Wide and high enough for the sketch to stand at its own size.
    context = browser.new_context(viewport={"width": 1800, "height": 1100})
    yield context
    context.close()


def take(context: BrowserContext, origin: str, name: str, scratch: Path) -> bytes:
    """PNG of a sketch's canvas."""
    shot = SHOTS[name]
    page = context.new_page()
    page.goto(f"{origin}/sketches/{'send-results' if name == 'second-window' else name}/")
    page.wait_for_function(shot.when, timeout=180_000)
    if name == "image-sorter":
        drop_pictures(page, scratch)
    if name == "second-window":
        with page.expect_popup() as popup:
            page.locator("canvas").click()
        page = popup.value
    page.wait_for_timeout(1000 * shot.seconds)
    encoded = page.locator("canvas").first.evaluate("canvas => canvas.toDataURL('image/png').split(',')[1]")
    return base64.b64decode(encoded)


def drop_pictures(page: Page, scratch: Path) -> None:
    """Has the sketch sort pictures of all four shapes."""
    files = []
    for seed in range(20):
        for label in ("circle", "square", "star", "triangle"):
            if np.random.default_rng([seed, len(label)]).random() < 0.6:
                files.append(scratch / f"{label}-{seed}.png")
                Image.fromarray(draw_scene(label, seed)).save(files[-1])
    with page.expect_file_chooser() as chooser:
        page.locator("canvas").click()
    chooser.value.set_files(files)
    sorted_all = f"() => piles.reduce((sum, {{ count }}) => sum + count, 0) === {len(files)}"
    page.wait_for_function(sorted_all, timeout=60_000)
    page.wait_for_timeout(3000)


def save(name: str, png: bytes) -> None:
    path = ROOT / "web" / "sketches" / name / "picture.webp"
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(path, quality=QUALITY, method=6)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
