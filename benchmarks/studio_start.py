"""Time from opening a page to its first prediction: pytrain.js beside unmodified ml5 1.4.0, cold and warm.

    python benchmarks/studio_start.py [--rounds 5] [--model four-shapes] [--model lite0]

Two pages of a script and a dozen lines each, with the same weights: load the library, load the model,
classify a canvas. Counted by the page itself from the start of its navigation. Cold: a browser that was
started just now, with an empty profile. Warm: the same page opened a second time in it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from studio_serving import PICTURE, SOURCES, browsing, document, gather, ratio, serving

GOAL = 3.0
"""How many times sooner than with ml5 the first prediction is to be there."""

SCRIPT = f"""
  {PICTURE}
  const model = new URLSearchParams(location.search).get('model');
  const address = new URL(`/models/${{model}}/model.json`, location.href).href;
  const classifier = await CLASSIFIER;
  const results = await classifier.classify(paint());
  if (!(results[0].confidence > 0)) throw new Error('no answer');
  window.first = performance.now();
"""

PAGES = {
    "ours": document(
        '<script src="/pytrain.js"></script>', SCRIPT.replace("CLASSIFIER", "pytrain.imageClassifier(model)")
    ),
    "theirs": document(
        '<script src="/vendor/ml5.min.js"></script>',
        SCRIPT.replace("CLASSIFIER", "ml5.imageClassifier(address)"),
    ),
}
TIMES = ("cold", "warm")


def opened(address: str) -> list[float]:
    """Milliseconds to the first prediction, cold and warm, in a browser of its own."""
    found = []
    with browsing() as browser:
        context = browser.new_context()
        for _ in TIMES:
            page = context.new_page()
            page.set_default_timeout(600_000)
            page.goto(address)
            page.wait_for_function("() => window.first")
            found.append(page.evaluate("first"))
            # What is kept for the next time is written after the first answer.
            page.wait_for_timeout(3000)
            page.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--model", action="append", choices=sorted(SOURCES))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, serving(gather(Path(scratch)), PAGES) as origin:
        print(f"From opening the page to the first prediction, {options.rounds} rounds, medians")
        for model in options.model or SOURCES:
            rounds = [
                {who: opened(f"{origin}/bench/{who}?model={model}") for who in ("theirs", "ours")}
                for _ in range(options.rounds)
            ]
            for place, when in enumerate(TIMES):
                theirs, ours = ([one[who][place] for one in rounds] for who in ("theirs", "ours"))
                times, least, most = ratio(theirs, ours)
                reached = "yes" if times >= GOAL else "NO"
                print(
                    f"  {model:<12} {when}   pytrain.js {statistics.median(ours):6.0f} ms   "
                    f"ml5 {statistics.median(theirs):6.0f} ms   "
                    f"{times:5.2f} times ({least:.2f} to {most:.2f}), goal {GOAL:g}: {reached}"
                )


if __name__ == "__main__":
    main()
