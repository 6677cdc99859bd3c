"""How good the shipped four-shapes model is on fresh pictures, from seeds that nothing else uses.

Run: python benchmarks/four_shapes_quality.py [model folder]

The shapes of the glyph pictures come from text fonts, never from the generator that the model learned from.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from pytrain import bundle
from pytrain.bundle import UNKNOWN
from pytrain.dataset.four_shapes import LABELS, draw_classic, draw_scene
from pytrain.dataset.four_shapes.glyphs import draw_glyph
from pytrain.image import Frame, to_input

FIRST_SEED = 7_000_000_000
"""Far from the generator's own seeds, which are hashes: a meeting of the two is all but impossible."""

DRAWN = {"classic": draw_classic, "scenes": draw_scene, "glyphs": draw_glyph}
PER_LABEL = {"classic": 500, "scenes": 300, "glyphs": 300}
BATCH = 100


def draw(job: tuple[str, str, int]) -> Frame:
    kind, label, seed = job
    return DRAWN[kind](label, seed)


def main(folder: Path) -> None:
    jobs = [
        (kind, label, FIRST_SEED + number)
        for kind, count in PER_LABEL.items()
        for label in [*LABELS, *([UNKNOWN] if kind != "classic" else [])]
        for number in range(count)
    ]
    with ProcessPoolExecutor() as workers:
        frames = list(workers.map(draw, jobs, chunksize=25))

    # Only now, for the processes that draw should not load TensorFlow.
    from pytrain.dataset.pictures import NO_CLASS
    from pytrain.evaluation.metrics import measure
    from pytrain.model.backend import keras

    model = keras.models.load_model(folder / bundle.KERAS_MODEL, compile=False)
    threshold = bundle.read(folder).unknown_threshold
    for kind in PER_LABEL:
        rows = [row for row, job in enumerate(jobs) if job[0] == kind]
        parts = [
            np.asarray(model(np.stack([to_input(frames[row]) for row in rows[start : start + BATCH]])))
            for start in range(0, len(rows), BATCH)
        ]
        truth = np.array(
            [NO_CLASS if jobs[row][1] == UNKNOWN else LABELS.index(jobs[row][1]) for row in rows]
        )
        metrics = measure(np.concatenate(parts), truth, LABELS, threshold)
        low, high = metrics.accuracy_interval
        print(
            f"{kind:<8} accuracy {metrics.accuracy:.2%} of {metrics.pictures} (95 %: {low:.1%} to {high:.1%})"
        )
        print(f"         called unknown {metrics.rejected:.1%}")
        if metrics.false_accepts is not None and metrics.false_accepts_interval is not None:
            low, high = metrics.false_accepts_interval
            print(
                f"         shapeless called a shape {metrics.false_accepts:.1%} of {metrics.unknown_pictures}"
                f" (95 %: {low:.1%} to {high:.1%})"
            )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "exported_models/four-shapes"))
