"""Time of one frame: pytrain.js beside unmodified ml5 1.4.0, the same weights, the same page, in turns.

    python benchmarks/studio_speed.py [--rounds 7] [--model four-shapes] [--model lite0]

A frame is a canvas of 640 x 480, another picture each time; its time runs from asking to the answer, the way
of the picture and the worker included. Two comparisons for each model:

    without a graphics unit   each library as it comes: ml5 takes webgl, pytrain.js the fastest backend
    on the same backend       both on webgl

And pytrain.js by itself, with the heat map and without, frame by frame in turns.

Where the browser has no graphics unit, webgl is drawn by the processor. Both libraries read the model folders
that our own server gives: ml5 model.json, pytrain.js graph.json.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Page
from studio_serving import LITE0, PICTURE, SOURCES, browsing, document, gather, ratio, serving

GOALS = {"auto": 10.0, "webgl": 1.3}
"""How many times faster than ml5 a frame is to be, by our backend."""

FRAMES = {("four-shapes", "auto"): 40, ("four-shapes", "webgl"): 40, (LITE0, "auto"): 10, (LITE0, "webgl"): 4}
"""In a round, by model and backend; ml5 does a quarter as many of those that it is slow at."""

HEAT_MAP_GOAL = 1.10
"""A frame with the heat map may take this many times as long."""

SCRIPT = f"""
  import {{ imageClassifier }} from '/pytrain.mjs';
  {PICTURE}
  const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
  async function timed(classifier, frames) {{
    const times = [];
    for (let frame = 0; frame < frames; frame++) {{
      const picture = paint();
      const start = performance.now();
      await classifier.classify(picture);
      times.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve));
    }}
    return median(times);
  }}
  window.opened = (async () => {{
    const {{ model, backend }} = Object.fromEntries(new URLSearchParams(location.search));
    const ours = await imageClassifier(model, {{ backend }});
    await ours.classify(paint());
    await ours.ready;
    const theirs = await ml5.imageClassifier(new URL(`/models/${{model}}/model.json`, location.href).href);
    for (let frame = 0; frame < 3; frame++) await theirs.classify(paint());
    window.measure = {{ ours: (n) => timed(ours, n), theirs: (n) => timed(theirs, n) }};
    window.withHeatMap = async (frames) => {{
      const times = {{ true: [], false: [] }};
      for (let frame = 0; frame < frames; frame++) {{
        ours.heatMap = frame % 2 === 0;
        await ours.classify(paint());
        times[String(ours.heatMap)].push(ours.timings.latest);
      }}
      ours.heatMap = false;
      return [median(times.true), median(times.false)];
    }};
    return [ours.backend, ml5.tf.getBackend()];
  }})();
"""


def compare(page: Page, origin: str, model: str, backend: str, rounds: int) -> None:
    page.goto(f"{origin}/bench/both?model={model}&backend={backend}")
    page.wait_for_function("() => window.opened")
    ours_on, theirs_on = page.evaluate("opened")
    frames = FRAMES[model, backend]
    theirs, ours = [], []
    for _ in range(rounds):
        theirs.append(page.evaluate("(n) => measure.theirs(n)", max(3, frames // 4)))
        ours.append(page.evaluate("(n) => measure.ours(n)", frames))
    times, least, most = ratio(theirs, ours)
    goal = GOALS[backend]
    print(
        f"  {model:<12} pytrain.js on {ours_on:<6} {statistics.median(ours):7.1f} ms   "
        f"ml5 on {theirs_on:<6} {statistics.median(theirs):7.1f} ms   "
        f"{times:5.2f} times ({least:.2f} to {most:.2f}), goal {goal:g}: {'yes' if times >= goal else 'NO'}"
    )
    if backend == "auto":
        pairs = [page.evaluate("(n) => withHeatMap(n)", 12 * frames) for _ in range(rounds)]
        on, off = ([pair[place] for pair in pairs] for place in (0, 1))
        times, least, most = ratio(on, off)
        print(
            f"  {model:<12} with its heat map {statistics.median(on):.2f} ms in the worker, "
            f"without {statistics.median(off):.2f} ms: {times:.3f} times ({least:.2f} to {most:.2f}), "
            f"goal {HEAT_MAP_GOAL:g}: {'yes' if times <= HEAT_MAP_GOAL else 'NO'}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--model", action="append", choices=sorted(SOURCES))
    options = parser.parse_args()
    pages = {"both": document('<script src="/vendor/ml5.min.js"></script>', SCRIPT)}
    with (
        tempfile.TemporaryDirectory() as scratch,
        serving(gather(Path(scratch)), pages) as origin,
        browsing() as browser,
    ):
        print(f"One frame, Chromium {browser.version}, {options.rounds} rounds, medians")
        for backend, title in (("auto", "without a graphics unit"), ("webgl", "on the same backend")):
            print(title)
            for model in options.model or SOURCES:
                page = browser.new_page()
                page.set_default_timeout(600_000)
                compare(page, origin, model, backend, options.rounds)
                page.close()


if __name__ == "__main__":
    main()
