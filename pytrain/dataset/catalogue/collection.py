"""A data set of the catalogue in memory: pictures and their classes, a training and a test part."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.dataset.catalogue.entries import Entry
from pytrain.errors import DataError

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """Pictures and their classes.

    Attributes:
        images: uint8 [n, side, side, channels].
        truth: int64 [n], numbers of labels.
    """

    images: Images
    truth: Labels

    def __len__(self) -> int:
        return len(self.truth)


@dataclass(frozen=True)
class Raw:
    """A part as its files hold it, of any type and shape.

    Attributes:
        images_in: what errors call the file of the pictures.
        labels_in: what they call the file of the labels.
    """

    images: npt.NDArray[Any]
    labels: npt.NDArray[Any]
    images_in: Path | str
    labels_in: Path | str


@dataclass(frozen=True)
class Collection:
    """A data set of the catalogue, in memory.

    Attributes:
        source: where it was read from, in words.
        published: whether the files were the published ones, by their hashes; None where none are known.
    """

    name: str
    labels: tuple[str, ...]
    training: Part
    test: Part
    source: str
    published: bool | None

    @property
    def fingerprint(self) -> str:
        """sha256 over all pictures and labels."""
        digest = hashlib.sha256()
        for part in (self.training, self.test):
            digest.update(part.images.tobytes())
            digest.update(part.truth.astype("<i8").tobytes())
        return digest.hexdigest()


def checked(entry: Entry, parts: Sequence[Raw]) -> list[Part]:
    """Parts that the courses can use.

    Raises:
        DataError: pictures or labels of another type, size or number, or a label out of range.
    """
    return [_checked(entry, part) for part in parts]


def _checked(entry: Entry, part: Raw) -> Part:
    images, labels = _images(entry, part), _labels(part)
    if len(images) != len(labels):
        raise DataError(
            f"{part.images_in} holds {len(images):,} pictures, and {part.labels_in} {len(labels):,} labels.",
            expected="a label for each picture",
            fix="Check that the files are whole and belong together.",
        )
    odd = np.flatnonzero((labels < 0) | (labels >= len(entry.labels)))
    if len(odd):
        raise DataError(
            f"{part.labels_in}: picture {odd[0]} has the label {labels[odd[0]]}.",
            expected=f"0 to {len(entry.labels) - 1}",
            fix="Download the files again.",
        )
    return Part(np.ascontiguousarray(images), labels.astype(np.int64))


def _images(entry: Entry, part: Raw) -> Images:
    images = part.images[..., None] if part.images.ndim == 3 else part.images
    size = (entry.side, entry.side, entry.channels)
    if images.dtype == np.uint8 and images.shape[1:] == size and len(images):
        return images
    raise DataError(
        f"{part.images_in} holds {_held(part.images)}.",
        expected=f"n x {' x '.join(map(str, size))} of the type uint8, from 0 to 255",
        fix="Values from 0 to 1 are multiplied by 255 and rounded first."
        if images.dtype.kind == "f"
        else "Check that the files are whole and belong together.",
    )


def _labels(part: Raw) -> npt.NDArray[Any]:
    labels = part.labels
    # Keras hands CIFAR-10's labels around as a column.
    flat = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.dtype.kind in "iu" and flat.ndim == 1:
        return flat
    raise DataError(
        f"{part.labels_in} holds {_held(labels)}.",
        expected="n whole numbers, the number of each picture's class",
        fix="Save one number for each picture, such as 3.",
    )


def _held(array: npt.NDArray[Any]) -> str:
    shape = " x ".join(f"{size:,}" for size in array.shape)
    return f"{shape} values of the type {array.dtype}" if shape else f"a single {array.dtype}"
