"""Finds a wrong input range by labelled check images: the mistake that gives wrong answers and no error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.errors import ExportError
from pytrain.export.evaluate import BATCH
from pytrain.export.prepare import Adapted
from pytrain.export.source.adapt import RANGES, with_lens
from pytrain.export.source.check_images import ENOUGH, CheckImage, evenly, inputs_of
from pytrain.model.backend import tf

MOST = 64
"""Images that are looked at."""

GOOD = 0.7
"""A model that is right so often sees the pixels that it knows."""

DECIDEDLY = 0.2
"""So much more often right with another range: no accident of a few images."""


def check_range(
    found: Adapted, images: Sequence[CheckImage], labels: Sequence[str], say: Callable[[str], None]
) -> None:
    """Counts the images that get the name of their folder; where those are few, tries the other ranges.

    Args:
        found: the model with its lens.
        images: those whose folder bears the name of a label count.
        labels: in the order of the model's outputs.
        say: takes a line with the share that is right.

    Raises:
        ExportError: with another range the model is right far more often.
    """
    named = [image for image in images if image.label in labels]
    if len(named) < ENOUGH:
        return
    chosen = evenly(named, MOST)
    inputs = inputs_of(chosen)
    truth = np.array([list(labels).index(str(image.label)) for image in chosen])
    share = _right(found.single, inputs, truth)
    say(f"  {share:.0%} of {len(chosen)} check images get the name of their folder")
    if share >= GOOD:
        return
    others = [name for name in RANGES if name != found.lens.input_range]
    if found.lens.shape[2:] != (3,):
        others = [name for name in others if name not in {"imagenet", "caffe"}]
    shares = {name: _right(with_lens(found.bare, name)[0], inputs, truth) for name in others}
    best = max(shares, key=lambda name: shares[name])
    if shares[best] >= max(GOOD, share + DECIDEDLY):
        raise ExportError(
            f"With the input range {found.lens.input_range} the model is right on {share:.0%} of the check "
            f"images, with {best} on {shares[best]:.0%}.",
            expected="the range that the model was trained on",
            fix=f"Use --input-range={best} (in Python: input_range={best!r}).",
        )


def _right(model: Any, inputs: npt.NDArray[np.float32], truth: npt.NDArray[np.int64]) -> float:
    """Share of the images whose most probable class is theirs."""
    # Run layer by layer, a network would keep what each computes until the last is done: 1 GB for 16 images.
    signature = [tf.TensorSpec((None, *inputs.shape[1:]), tf.float32)]
    run = tf.function(lambda batch: _first(model(batch, training=False)), signature, autograph=False)
    answers = [
        run(tf.constant(inputs[start : start + BATCH])).numpy().argmax(axis=1)
        for start in range(0, len(inputs), BATCH)
    ]
    return float((np.concatenate(answers) == truth).mean())


def _first(outputs: Any) -> Any:
    return outputs[0] if isinstance(outputs, list | tuple) else outputs
