"""Finds pictures that probably lie in the wrong folder: confident learning.

Northcutt, Jiang & Chuang, Confident learning: estimating uncertainty in dataset labels, 2021.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pytrain.evaluation.metrics import Floats, Ints

ROWS = 4096
"""Pictures looked at together, so that 100,000 of 1,000 classes need no second matrix."""


@dataclass(frozen=True)
class LabelError:
    """One suspicion.

    Attributes:
        number: of the picture.
        looks_like: number of the class that it seems to belong to.
        own: probability of the class whose folder it lies in.
        other: probability of the class it looks like.
    """

    number: int
    looks_like: int
    own: float
    other: float


def likely_label_errors(probabilities: Floats, truth: Ints) -> list[LabelError]:
    """Pictures of which the model is as sure that they are of another class as it usually is of that class.

    How sure it usually is of a class is the mean probability of the class over the class's own pictures.
    Hence a class that the model finds hard needs less proof than an easy one, and pictures that the model is
    merely unsure of are left in peace.

    Args:
        probabilities: [pictures, classes] of a model that had not seen the picture (out of fold).
        truth: [pictures], number of the class that the folder says.

    Returns:
        The most suspicious first: own probability least below the other one's.
    """
    if not len(truth):
        return []
    usual = _usual(probabilities, truth)
    found: list[LabelError] = []
    for start in range(0, len(truth), ROWS):
        rows, own = probabilities[start : start + ROWS], truth[start : start + ROWS]
        best = rows.argmax(axis=1)
        places = np.arange(len(rows))
        sure = rows[places, best] >= usual[best]
        found += [
            LabelError(start + int(at), int(best[at]), float(rows[at, own[at]]), float(rows[at, best[at]]))
            for at in np.flatnonzero(sure & (best != own))
        ]
    return sorted(found, key=lambda error: (error.own - error.other, error.number))


def _usual(probabilities: Floats, truth: Ints) -> Floats:
    """Mean probability of each class over its own pictures: [classes]; above 1 where it has none."""
    classes = probabilities.shape[1]
    sums = np.bincount(truth, weights=probabilities[np.arange(len(truth)), truth], minlength=classes)
    counts = np.bincount(truth, minlength=classes)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), 2.0)
    return means.astype(np.float32)
