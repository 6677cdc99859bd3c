"""How well masks fit: intersection over union (Jaccard) and Dice, counted over all pixels of all pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.errors import DataError

Numbers = npt.NDArray[np.integer[Any]]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Overlap:
    """Pixels of each class, summed over pictures, and the figures that follow from them.

    Attributes:
        classes: names, the background first.
        both: int64 [classes], pixels that are of the class and were called so.
        truth: int64 [classes], pixels that are of the class.
        called: int64 [classes], pixels that were called so.
        pictures: how many were counted.
    """

    classes: tuple[str, ...]
    both: Counts
    truth: Counts
    called: Counts
    pictures: int = 0

    @classmethod
    def none(cls, classes: Sequence[str]) -> Overlap:
        """Of no picture yet."""
        nothing = np.zeros(len(classes), np.int64)
        return cls(tuple(classes), nothing, nothing, nothing)

    def with_picture(self, truth: Numbers, called: Numbers) -> Overlap:
        """With one more picture: whole numbers [height, width] of classes, in truth and as the network says.

        Raises:
            DataError: the two differ in size, or a number is of no class.
        """
        if truth.shape != called.shape:
            raise DataError(
                f"A mask of {list(called.shape)} pixels came for a truth of {list(truth.shape)}.",
                expected="the same size",
            )
        count = len(self.classes)
        if min(truth.min(), called.min()) < 0 or max(truth.max(), called.max()) >= count:
            raise DataError("A mask holds a number of no class.", expected=f"0 to {count - 1}")
        both = np.bincount(truth[truth == called].ravel(), minlength=count)
        return Overlap(
            self.classes,
            self.both + both,
            self.truth + np.bincount(truth.ravel(), minlength=count),
            self.called + np.bincount(called.ravel(), minlength=count),
            self.pictures + 1,
        )

    @property
    def iou(self) -> dict[str, float | None]:
        """Intersection over union of each class; None where it is nowhere and was called nowhere."""
        union = self.truth + self.called - self.both
        return self._shares(self.both, union)

    @property
    def dice(self) -> dict[str, float | None]:
        """Twice the intersection over the sum of both areas; with one class it is the pixels' F1."""
        return self._shares(2 * self.both, self.truth + self.called)

    @property
    def mean_iou(self) -> float:
        """The mean over the classes that are there, without the background."""
        return _mean(self.iou, self.classes[1:])

    @property
    def mean_dice(self) -> float:
        return _mean(self.dice, self.classes[1:])

    @property
    def pixel_accuracy(self) -> float:
        """Share of all pixels that were called what they are, the background included."""
        return float(self.both.sum() / max(1, self.truth.sum()))

    def as_json(self) -> dict[str, Any]:
        return {
            "pictures": self.pictures,
            "mean_iou": self.mean_iou,
            "mean_dice": self.mean_dice,
            "pixel_accuracy": self.pixel_accuracy,
            "iou": self.iou,
            "dice": self.dice,
        }

    def _shares(self, part: Counts, whole: Counts) -> dict[str, float | None]:
        return {
            name: float(some / all_of_it) if all_of_it else None
            for name, some, all_of_it in zip(self.classes, part, whole, strict=True)
        }


def picture_iou(truth: Numbers, called: Numbers, classes: int) -> float | None:
    """Mean IoU of one picture over the shapes that are in it or were called so; None where there are none."""
    one = Overlap.none([str(number) for number in range(classes)]).with_picture(truth, called)
    found = [value for value in list(one.iou.values())[1:] if value is not None]
    return sum(found) / len(found) if found else None


def _mean(shares: dict[str, float | None], names: Sequence[str]) -> float:
    found = [value for name in names if (value := shares[name]) is not None]
    return sum(found) / len(found) if found else 0.0
