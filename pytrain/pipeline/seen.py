"""What a finished network makes of a few pictures: how quickly, and where in them it looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.evaluation.cross_validation import Outcome
from pytrain.evaluation.judged import Activation, Judged
from pytrain.evaluation.predict import compiled, milliseconds_per_frame
from pytrain.image import as_picture, to_input
from pytrain.model.backend import keras, tf
from pytrain.model.lens import LOGITS, PROBABILITIES
from pytrain.model.transfer import CELLS, FEATURES, activation_map
from pytrain.pipeline.looked import still_there

SHOWN = 6
"""Pictures of which the report shows views, and half of those of which it shows where the model looks."""


@dataclass(frozen=True)
class Seen:
    """For the report.

    Attributes:
        milliseconds: for one frame in Python.
        activations: of wrongly answered pictures and of others.
    """

    milliseconds: float
    activations: tuple[Activation, ...]


def see(model: Any, outcome: Outcome) -> Seen:
    """Runs a finished network, compiled once: that takes longer than all the pictures."""
    outputs = {PROBABILITIES: model.output[PROBABILITIES], FEATURES: model.get_layer(CELLS).input}
    run = compiled(keras.Model(model.input, outputs))
    return Seen(milliseconds_per_frame(run, frames=10), _activations(model, run, outcome))


def _activations(model: Any, run: Any, outcome: Outcome) -> tuple[Activation, ...]:
    """Where the model looks: features times the weights of the most probable class."""
    judged = outcome.judged
    wrong = in_turns(judged, judged.best != judged.truth)[: SHOWN // 2]
    right = in_turns(judged, judged.best == judged.truth)
    frames = {
        number: frame
        for number in [*wrong, *right[: 2 * SHOWN - len(wrong)]]
        if (frame := still_there(judged.pictures[number])) is not None
    }
    if not frames:
        return ()
    inputs = np.stack([to_input(frame) for frame in frames.values()])
    outputs = {name: output.numpy() for name, output in run(tf.constant(inputs)).items()}
    kernel = model.get_layer(LOGITS).get_weights()[0]
    return tuple(
        Activation(
            judged.pictures[number],
            judged.labels[int(row.argmax())],
            float(row.max()),
            image,
            activation_map(features, kernel[:, int(row.argmax())]),
        )
        for number, row, image, features in zip(
            frames, outputs[PROBABILITIES], as_picture(inputs), outputs[FEATURES], strict=True
        )
    )


def in_turns(judged: Judged, among: npt.NDArray[np.bool_] | None = None) -> list[int]:
    """Numbers of judged pictures, each class in turns; of those that are nearly the same, only the first."""
    numbers = np.flatnonzero(among) if among is not None else np.arange(len(judged.truth))
    _, first = np.unique(judged.groups[numbers], return_index=True)
    had: Counter[int] = Counter()
    keys = []
    for number in numbers[np.sort(first)].tolist():
        label = int(judged.truth[number])
        keys.append((had[label], label, number))
        had[label] += 1
    return [number for _, _, number in sorted(keys)]


def spread(items: Sequence[Any], count: int) -> list[Any]:
    """At most `count` of some items, evenly chosen."""
    step = max(1.0, len(items) / count)
    return [items[int(number * step)] for number in range(min(count, len(items)))]
