"""Figures of merit, from probabilities and the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.dataset.image_folder import UNKNOWN
from pytrain.dataset.pictures import NO_CLASS

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClassFigures:
    """One class, judged by the most probable label, whatever its probability."""

    label: str
    pictures: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Metrics:
    """What a model is worth on one set of pictures."""

    pictures: int
    """Those that belong to a class."""
    unknown_pictures: int
    accuracy: float
    """Share of the class pictures whose most probable label is right."""
    accuracy_interval: tuple[float, float]
    """95 % confidence interval (Wilson)."""
    accuracy_with_unknown: float
    """Share of all pictures answered rightly when `unknown` is an answer, as on the webcam page."""
    rejected: float
    """Share of the class pictures called unknown."""
    false_accepts: float | None
    """Share of the unknown pictures called one of the classes; None where there are none."""
    false_accepts_interval: tuple[float, float] | None
    auroc: float | None
    """Chance that a class picture gets a greater highest probability than an unknown one."""
    calibration_error: float
    classes: tuple[ClassFigures, ...]
    confusion_labels: tuple[str, ...]
    """Rows (truth) and columns (answer) of `confusion`."""
    confusion: tuple[tuple[int, ...], ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def as_facts(self) -> dict[str, Any]:
        """What a bundle's metadata says of them."""
        return {
            "accuracy": self.accuracy,
            "pictures": self.pictures,
            "accuracy_with_unknown": self.accuracy_with_unknown,
            "false_accepts": self.false_accepts,
            "unknown_pictures": self.unknown_pictures,
        }


def metrics_from_json(content: Mapping[str, Any]) -> Metrics:
    """What `Metrics.as_json` wrote, after a way through a file that knows no tuples."""
    plain: dict[str, Any] = {
        name: tuple(value) if name.endswith("_interval") and value is not None else value
        for name, value in content.items()
    }
    plain["classes"] = tuple(ClassFigures(**figures) for figures in content["classes"])
    plain["confusion_labels"] = tuple(content["confusion_labels"])
    plain["confusion"] = tuple(tuple(row) for row in content["confusion"])
    return Metrics(**plain)


def measure(probabilities: Floats, truth: Ints, labels: Sequence[str], threshold: float) -> Metrics:
    """Measures one set.

    Args:
        probabilities: [pictures, classes], rows sum to 1.
        truth: [pictures], the number of the class, or NO_CLASS for unknown.
        labels: of the classes.
        threshold: below this highest probability the answer is `unknown`.

    Raises:
        ValueError: no picture belongs to a class.
    """
    # Its import takes long, and transfer learning has its figures from elsewhere.
    from sklearn.metrics import confusion_matrix

    known = truth != NO_CLASS
    if not known.any():
        raise ValueError("no picture belongs to a class")
    confidence, best = probabilities.max(axis=1), probabilities.argmax(axis=1)
    answer = np.where(confidence < threshold, NO_CLASS, best)
    numbers = [*range(len(labels)), NO_CLASS]
    right = int((best[known] == truth[known]).sum())
    accepted = int((answer[~known] != NO_CLASS).sum())
    outsiders = int((~known).sum())
    return Metrics(
        pictures=int(known.sum()),
        unknown_pictures=outsiders,
        accuracy=right / int(known.sum()),
        accuracy_interval=wilson_interval(right, int(known.sum())),
        accuracy_with_unknown=float((answer == truth).mean()),
        rejected=float((answer[known] == NO_CLASS).mean()),
        false_accepts=accepted / outsiders if outsiders else None,
        false_accepts_interval=wilson_interval(accepted, outsiders) if outsiders else None,
        auroc=auroc(confidence[known], confidence[~known]),
        calibration_error=expected_calibration_error(probabilities[known], truth[known]),
        classes=_per_class(best[known], truth[known], labels),
        confusion_labels=(*labels, UNKNOWN),
        confusion=tuple(
            tuple(int(count) for count in row) for row in confusion_matrix(truth, answer, labels=numbers)
        ),
    )


def auroc(inside: Floats, outside: Floats) -> float | None:
    """Chance that a score from inside is above one from outside, a tie counting half; None without any.

    Example:
        >>> auroc(np.array([0.9, 0.6]), np.array([0.2, 0.6]))
        0.875
    """
    if not len(inside) or not len(outside):
        return None
    ordered = np.sort(outside)
    below, not_above = (np.searchsorted(ordered, inside, side) for side in ("left", "right"))
    return float((below + not_above).mean() / (2 * len(outside)))


Z = 1.959964
"""So many standard deviations to either side hold 95 % of a normal distribution."""


def wilson_interval(successes: float, trials: float, z: float = Z) -> tuple[float, float]:
    """95 % confidence interval of a proportion, sound near 0 and 1 too (Wilson, 1927).

    Example:
        >>> wilson_interval(98, 100)
        (0.930..., 0.994...)
    """
    share, spread = successes / trials, z * z / trials
    centre = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def expected_calibration_error(probabilities: Floats, truth: Ints, bins: int = 15) -> float:
    """Mean distance between how sure the model is and how often it is right.

    Guo, Pleiss, Sun & Weinberger, On calibration of modern neural networks, 2017.
    """
    return calibration_error_of(probabilities.max(axis=1), probabilities.argmax(axis=1) == truth, bins)


def reliability(probabilities: Floats, truth: Ints, bins: int = 15) -> list[tuple[float, float, float]]:
    """For each filled bin of confidence: mean confidence, share of right answers, share of the pictures."""
    return reliability_of(probabilities.max(axis=1), probabilities.argmax(axis=1) == truth, bins)


def reliability_of(
    confidence: Floats, right: npt.NDArray[np.bool_], bins: int = 15
) -> list[tuple[float, float, float]]:
    """The same where only each answer's confidence, and whether it is right, are known: both [pictures]."""
    bin_of = _bin_of(confidence, bins)
    return [
        (float(confidence[here].mean()), float(right[here].mean()), float(here.mean()))
        for here in (bin_of == number for number in range(bins))
        if here.any()
    ]


def calibration_error_of(confidence: Floats, right: npt.NDArray[np.bool_], bins: int = 15) -> float:
    """`expected_calibration_error` from each answer's confidence and whether it is right."""
    return float(
        sum(share * abs(hits - sure) for sure, hits, share in reliability_of(confidence, right, bins))
    )


def calibration_error_by_chance(confidence: Floats, bins: int = 15) -> float:
    """The calibration error to be expected of answers that are right exactly as often as they say.

    It is not 0: of three answers that are 80 % sure, 2.4 cannot be right. In each bin the right answers lie
    off their mean by sqrt(2 / pi) standard deviations on average, if they are about normally distributed.

    Args:
        confidence: [pictures], of the most probable class.
    """
    variances = np.bincount(_bin_of(confidence, bins), confidence * (1 - confidence))
    return float(np.sqrt(2 / np.pi) * np.sqrt(variances).sum() / max(1, len(confidence)))


def _bin_of(confidence: Floats, bins: int) -> Ints:
    numbers: Ints = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    return numbers


def _per_class(best: Ints, truth: Ints, labels: Sequence[str]) -> tuple[ClassFigures, ...]:
    from sklearn.metrics import precision_recall_fscore_support

    figures = precision_recall_fscore_support(truth, best, labels=range(len(labels)), zero_division=0.0)
    return tuple(
        ClassFigures(label, int(pictures), float(precision), float(recall), float(f1))
        for label, precision, recall, f1, pictures in zip(labels, *figures, strict=True)
    )
