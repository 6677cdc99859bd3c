"""Ten thousand frames leave nothing behind, and the page's own frames keep coming while it classifies.

    python benchmarks/studio_long.py [--frames 10000] [--seconds 20]

First part: frames of a canvas through pytrain.js, every third with its heat map. After each tenth of them,
with the garbage collected: TensorFlow.js's tensors and bytes, the page's heap and the worker's, the page's
nodes and listeners, and how many canvases were made. The end is compared with the first tenth.

Second part: the start page with a fake camera that plays scenes, 30 frames a second, on wasm as on a machine
without a graphics unit; the intervals between the page's own frames (requestAnimationFrame), of which 95 in
100 are to be at most 20 ms. The same without a classifier shows what the machine has to give.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page
from studio_serving import CHECKOUT, INTERVALS, PICTURE, SOURCES, browsing, document, gather, serving, tell

sys.path.insert(0, str(CHECKOUT / "tests"))

from fake_camera import write_video

CAMERA_RATE = 30
PARTS = 10
WORTH_TELLING = 0.05
"""A heap may be larger at the end by this much: engines compile and keep what runs often."""

SCRIPT = f"""
  import {{ imageClassifier }} from '/pytrain.mjs';
  let canvases = 0;
  const make = document.createElement.bind(document);
  document.createElement = (name, ...rest) => {{
    canvases += name === 'canvas';
    return make(name, ...rest);
  }};
  const Offscreen = OffscreenCanvas;
  globalThis.OffscreenCanvas = class extends Offscreen {{
    constructor(...size) {{
      super(...size);
      canvases++;
    }}
  }};
  {PICTURE.replace("document.createElement", "make")}
  window.opened = imageClassifier('four-shapes', {{ backend: 'wasm' }}).then((classifier) => {{
    window.frames_ = async (count) => {{
      for (let frame = 0; frame < count; frame++) {{
        classifier.heatMap = frame % 3 === 0;
        await classifier.classify(paint());
      }}
      return {{ ...(await classifier.memory()), canvases }};
    }};
    return true;
  }});
"""


class Heaps:
    """The heaps of a page and of its worker, with their garbage collected."""

    def __init__(self, page: Page) -> None:
        self._page: CDPSession = page.context.new_cdp_session(page)
        self._worker = ""
        self._answers: dict[int, Any] = {}
        self._count = 0
        self._page.on("Target.attachedToTarget", self._attached)
        self._page.on("Target.receivedMessageFromTarget", self._received)
        self._page.send("Target.setAutoAttach", {"autoAttach": True, "waitForDebuggerOnStart": False})

    def _attached(self, event: Any) -> None:
        if event["targetInfo"]["type"] == "worker":
            self._worker = event["sessionId"]

    def _received(self, event: Any) -> None:
        message = json.loads(event["message"])
        self._answers[message.get("id", 0)] = message.get("result")

    def _ask_worker(self, page: Page, method: str) -> Any:
        self._count += 1
        message = json.dumps({"id": self._count, "method": method})
        self._page.send("Target.sendMessageToTarget", {"sessionId": self._worker, "message": message})
        while self._count not in self._answers:
            page.wait_for_timeout(20)
        return self._answers.pop(self._count)

    def level(self, page: Page) -> dict[str, float]:
        self._page.send("HeapProfiler.collectGarbage")
        self._ask_worker(page, "HeapProfiler.collectGarbage")
        counters = self._page.send("Memory.getDOMCounters")
        return {
            "page's heap": self._page.send("Runtime.getHeapUsage")["usedSize"],
            "worker's heap": self._ask_worker(page, "Runtime.getHeapUsage")["usedSize"],
            "nodes": counters["nodes"],
            "listeners": counters["jsEventListeners"],
        }


def long_run(origin: str, frames: int) -> None:
    with browsing() as browser:
        page = browser.new_page()
        page.set_default_timeout(3_600_000)
        heaps = Heaps(page)
        page.goto(f"{origin}/bench/long")
        page.wait_for_function("() => window.opened")
        page.evaluate("opened")
        levels: list[dict[str, float]] = []
        for part in range(PARTS):
            counted = page.evaluate("(count) => frames_(count)", frames // PARTS)
            levels.append({**counted, **heaps.level(page)})
            print(f"  {(part + 1) * frames // PARTS:>7} frames  {words(levels[-1])}", flush=True)
        first, last = levels[0], levels[-1]
        grown = [name for name in first if last[name] > first[name] * (1 + WORTH_TELLING)]
        print(f"  nothing grows: {'yes' if not grown else 'NO, ' + ', '.join(grown)}")


def words(level: dict[str, float]) -> str:
    return ", ".join(
        f"{name} {value / 1e6:.2f} MB" if value > 1e5 else f"{name} {value:g}"
        for name, value in level.items()
    )


def page_frames(origin: str, seconds: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        video = Path(scratch) / "shapes.y4m"
        write_video(video, {"circle": (1,), "star": (1,), "square": (1,)}, CAMERA_RATE)
        camera = (
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={video}",
        )
        with browsing(*camera) as browser:
            for model in SOURCES:
                page = browser.new_page()
                page.goto(f"{origin}/?model={model}&backend=wasm")
                page.get_by_test_id("start-camera").click()
                answer = page.get_by_test_id("answer")
                page.wait_for_function(
                    "() => document.querySelector('[data-testid=answer]').dataset.label", timeout=60_000
                )
                tell(f"{model}, camera on", page.evaluate(INTERVALS, seconds), goal=True)
                assert answer.get_attribute("data-label")
                page.close()
            page = browser.new_page()
            page.goto(f"{origin}/bench/idle")
            tell("a page that does nothing", page.evaluate(INTERVALS, seconds))
            page.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    pages = {"long": document("", SCRIPT), "idle": document("", "")}
    with tempfile.TemporaryDirectory() as scratch, serving(gather(Path(scratch)), pages) as origin:
        print(f"{options.frames} frames of four-shapes on wasm")
        long_run(origin, options.frames)
        print(f"The page's own frames while it classifies, {options.seconds} s each")
        page_frames(origin, options.seconds)


if __name__ == "__main__":
    main()
