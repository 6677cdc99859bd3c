"""Measures a trained model on pictures that it has never seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pytrain.dataset.image_folder import UNKNOWN, Picture
from pytrain.dataset.pictures import NO_CLASS
from pytrain.evaluation.calibration import Calibration
from pytrain.evaluation.metrics import (
    Floats,
    Ints,
    Metrics,
    measure,
    metrics_from_json,
    reliability,
)
from pytrain.evaluation.predict import compiled, milliseconds_per_frame, predict, truth_of

MISTAKES_KEPT = 24


@dataclass(frozen=True)
class Mistake:
    """A picture that was answered wrongly."""

    path: Path
    dataset: str
    truth: str
    answer: str
    confidence: float
    """Probability of the most probable label."""


@dataclass(frozen=True)
class Evaluation:
    """All figures of one model."""

    name: str
    labels: tuple[str, ...]
    parameters: int
    milliseconds: float
    """Time for one frame in Python on this machine."""
    calibration: Calibration
    sets: dict[str, Metrics]
    """By the short name of the data set, such as "scenes"."""
    mistakes: tuple[Mistake, ...]
    """The worst of all sets, those first that the model was surest of."""
    reliability: tuple[tuple[float, float, float], ...]
    """Over all sets, for each bin of confidence: mean confidence, share right, share of the pictures."""

    def as_json(self) -> dict[str, Any]:
        """The same figures as plain JSON; of the mistakes only the file's name."""
        return {
            "name": self.name,
            "labels": list(self.labels),
            "parameters": self.parameters,
            "milliseconds": self.milliseconds,
            "calibration": self.calibration.as_json(),
            "sets": {name: metrics.as_json() for name, metrics in self.sets.items()},
            "mistakes": [
                {
                    "file": f"{mistake.path.parent.name}/{mistake.path.name}",
                    "dataset": mistake.dataset,
                    "truth": mistake.truth,
                    "answer": mistake.answer,
                    "confidence": mistake.confidence,
                }
                for mistake in self.mistakes
            ],
            "reliability": [list(entry) for entry in self.reliability],
        }


def from_json(content: Mapping[str, Any]) -> Evaluation:
    """The evaluation that `as_json` wrote, without its mistakes, whose pictures may be gone.

    Raises:
        KeyError, TypeError: it was written by another version.
    """
    return Evaluation(
        name=content["name"],
        labels=tuple(content["labels"]),
        parameters=content["parameters"],
        milliseconds=content["milliseconds"],
        calibration=Calibration(**content["calibration"]),
        sets={name: metrics_from_json(metrics) for name, metrics in content["sets"].items()},
        mistakes=(),
        reliability=tuple((sure, right, share) for sure, right, share in content["reliability"]),
    )


def evaluate(
    model: Any,
    parts: Mapping[str, Sequence[Picture]],
    labels: Sequence[str],
    calibration: Calibration,
    name: str = "cnn",
) -> Evaluation:
    """Runs the whole model (224 x 224 input, calibrated) over test pictures.

    Args:
        model: after `calibrate`.
        parts: test pictures by the short name of their data set; each with pictures of the classes.
        labels: the classes in the model's order.
        calibration: gives the threshold of `unknown`.
        name: what the report calls the model.

    Raises:
        DataError: not one picture of a part can be read; single damaged ones are left out.
        ValueError: a part has no picture of any class.
    """
    threshold = calibration.unknown_threshold
    sets: dict[str, Metrics] = {}
    mistakes: list[Mistake] = []
    everything: list[tuple[Floats, Ints]] = []
    for short, pictures in parts.items():
        probabilities, readable = predict(model, pictures)
        truth = truth_of(readable, labels)
        sets[short] = measure(probabilities, truth, labels, threshold)
        mistakes += _mistakes(short, readable, probabilities, truth, labels, threshold)
        everything.append((probabilities[truth != NO_CLASS], truth[truth != NO_CLASS]))
    mistakes.sort(key=lambda mistake: mistake.confidence, reverse=True)
    together = [np.concatenate(arrays) for arrays in zip(*everything, strict=True)]
    return Evaluation(
        name=name,
        labels=tuple(labels),
        parameters=model.count_params(),
        milliseconds=milliseconds_per_frame(compiled(model)),
        calibration=calibration,
        sets=sets,
        mistakes=tuple(mistakes[:MISTAKES_KEPT]),
        reliability=tuple(reliability(together[0], together[1], bins=10)),
    )


def _mistakes(
    short: str,
    pictures: Sequence[Picture],
    probabilities: Floats,
    truth: Ints,
    labels: Sequence[str],
    threshold: float,
) -> list[Mistake]:
    """Wrong labels, and classes seen in unknown pictures; a class called unknown is doubt, not a mistake."""
    found = []
    for picture, row, right in zip(pictures, probabilities, truth, strict=True):
        best, confidence = int(row.argmax()), float(row.max())
        if best == right or (right == NO_CLASS and confidence < threshold):
            continue
        answer = labels[best] if confidence >= threshold else f"{UNKNOWN} ({labels[best]})"
        found.append(Mistake(picture.path, short, picture.label, answer, confidence))
    return found
