"""What the studio's benchmarks share: models in a folder, our server with pages added, and a browser."""

from __future__ import annotations

import shutil
import statistics
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cheroot.wsgi import Server
from playwright.sync_api import Browser, sync_playwright

from pytrain.export import chromium
from pytrain.serve import create_app

CHECKOUT = Path(__file__).resolve().parents[1]

GOAL_MILLISECONDS = 20.0
"""Of the intervals between a page's own frames, 95 in 100 are to be at most this."""

LITE0 = "lite0"
"""The network that the page Teach learns with: EfficientNet-Lite0 with a head, float16."""

SOURCES = {"four-shapes": CHECKOUT / "exported_models" / "four-shapes", LITE0: CHECKOUT / "web" / "backbone"}

PICTURE = """
  const canvas = document.createElement('canvas');
  canvas.width = 640;
  canvas.height = 480;
  const context = canvas.getContext('2d');
  let painted = 0;
  function paint() {
    context.fillStyle = 'white';
    context.fillRect(0, 0, 640, 480);
    context.fillStyle = `hsl(${(painted += 7)} 80% 30%)`;
    context.fillRect(220 + (painted % 40), 140, 200, 200);
    return canvas;
  }
"""
"""A picture of 640 x 480, another one at each call of paint()."""


def gather(folder: Path) -> Path:
    """The models to measure, as a folder that a server takes."""
    for name, source in SOURCES.items():
        shutil.copytree(source, folder / name)
    return folder


INTERVALS = """async (seconds) => {
  const intervals = [];
  const end = performance.now() + seconds * 1000;
  let before = await new Promise(requestAnimationFrame);
  while (before < end) {
    const now = await new Promise(requestAnimationFrame);
    intervals.push(now - before);
    before = now;
  }
  return intervals;
}"""
"""The intervals between the page's own frames for so many seconds, in milliseconds."""


@contextmanager
def serving(models: Path, pages: Mapping[str, str]) -> Iterator[str]:
    """Our own server on a free port, with further pages at /bench/<name>; gives its address."""
    application = create_app([models])

    def respond(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if not path.startswith("/bench/"):
            return application(environ, start)
        start("200 OK", [("Content-Type", "text/html"), ("Cache-Control", "no-cache")])
        return [pages[path.removeprefix("/bench/")].encode()]

    server = Server(("127.0.0.1", 0), respond)
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.bind_addr[1]}"
    finally:
        server.stop()
        thread.join()


@contextmanager
def browsing(*arguments: str) -> Iterator[Browser]:
    program = chromium.find()
    if program is None:
        sys.exit("No Chromium was found; run: make browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*chromium.ARGUMENTS, *arguments])
        try:
            yield browser
        finally:
            browser.close()


def document(head: str, script: str) -> str:
    return f'<!doctype html><meta charset="utf-8">{head}<body><script type="module">{script}</script></body>'


def ratio(slow: list[float], fast: list[float]) -> tuple[float, float, float]:
    """The median of the ratios of rounds that were run in turns, and the least and the greatest."""
    ratios = [a / b for a, b in zip(slow, fast, strict=True)]
    return statistics.median(ratios), min(ratios), max(ratios)


def tell(what: str, intervals: list[float], goal: bool = False) -> None:
    """One line about a page's own frames."""
    percentile = statistics.quantiles(intervals, n=20)[-1]
    verdict = f", goal {GOAL_MILLISECONDS:g}: {'yes' if percentile <= GOAL_MILLISECONDS else 'NO'}"
    print(
        f"  {what:<26} {1000 / statistics.mean(intervals):5.1f} frames a second, median "
        f"{statistics.median(intervals):.1f} ms, 95 in 100 at most {percentile:.1f} ms, "
        f"longest {max(intervals):.0f} ms{verdict if goal else ''}"
    )
