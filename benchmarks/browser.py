"""Time to the first prediction and per frame, in headless Chromium on this machine.

Run: python benchmarks/browser.py [model folder]

Every run opens a fresh browser context, so nothing is cached. The time to the first prediction counts from
the arrival of the last of the model's files; a frame is a 640 x 480 picture through the library's whole path
(crop, resize, network), measured in the worker. Both forms of the model are measured where it has both: its
graph.json, which the page opens, and its model.json.
"""

from __future__ import annotations

import statistics
import sys
import threading
from pathlib import Path

from cheroot.wsgi import Server
from playwright.sync_api import sync_playwright

from pytrain.export import chromium
from pytrain.export.verify import FORMATS
from pytrain.serve import create_app

RUNS = 5
FRAMES = 100
BACKENDS = ("wasm", "webgl")

MEASURE = """async ([url, backend, format, frames]) => {
  const { imageClassifier } = await import('/pytrain.mjs');
  const canvas = new OffscreenCanvas(640, 480);
  const context = canvas.getContext('2d');
  context.fillStyle = 'white';
  context.fillRect(0, 0, 640, 480);
  context.fillStyle = 'navy';
  context.fillRect(220, 140, 200, 200);
  const picture = context.getImageData(0, 0, 640, 480);
  const classifier = await imageClassifier(url, { backend, format });
  await classifier.classify(picture);
  const first = performance.now();
  const arrived = Math.max(...performance.getEntriesByType('resource')
    .filter((entry) => entry.name.includes('/models/')).map((entry) => entry.responseEnd));
  const times = [];
  for (let frame = 0; frame < frames; frame++) {
    await classifier.classify(picture);
    times.push(classifier.timings.latest);
  }
  classifier.dispose();
  return { first: first - arrived, times };
}"""


def formats_of(model: Path) -> list[str]:
    return [form for form, file in FORMATS.items() if (model / file).is_file()]


def main(model: Path) -> None:
    program = chromium.find()
    if program is None:
        sys.exit("No Chromium was found; run: playwright install chromium")
    server = Server(("127.0.0.1", 0), create_app([model.parent]))
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    origin = f"http://127.0.0.1:{server.bind_addr[1]}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(chromium.ARGUMENTS))
        for backend, form in ((backend, form) for backend in BACKENDS for form in formats_of(model)):
            firsts: list[float] = []
            frames: list[float] = []
            for _ in range(RUNS):
                context = browser.new_context()
                page = context.new_page()
                page.goto(f"{origin}/verify.html")
                answer = page.evaluate(MEASURE, [f"{origin}/models/{model.name}/", backend, form, FRAMES])
                firsts.append(answer["first"])
                frames.append(statistics.median(answer["times"]))
                context.close()
            first, frame = statistics.median(firsts), statistics.median(frames)
            print(f"{model.name} on {backend} from {FORMATS[form]}")
            print(f"  first prediction {first:.0f} ms after the model's files (at most {max(firsts):.0f})")
            print(f"  a frame          {frame:.2f} ms")
        browser.close()
    server.stop()
    thread.join()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "exported_models/four-shapes").resolve())
