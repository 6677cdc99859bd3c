"""Splits a data set into training, validation and test pictures: always alike, no picture in two parts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pytrain.dataset.image_folder import ImageFolder, Picture
from pytrain.errors import DataError

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Three parts of a data set.

    Attributes:
        train: to learn from.
        validation: to choose by: when to stop, the temperature, the threshold.
        test: to measure with, once.
    """

    train: tuple[Picture, ...]
    validation: tuple[Picture, ...]
    test: tuple[Picture, ...]


def split(folder: ImageFolder, validation: float = 0.15, test: float = 0.15, seed: int = 0) -> Split:
    """Deals the pictures out by their contents.

    A picture's part depends on nothing but its bytes, the seed and the shares, so identical files stay
    together, and adding pictures moves none of the others. Only where that leaves a part of a class empty,
    which small classes suffer, one picture (the least by hash) moves there.

    Args:
        validation: its share of the pictures, above 0.
        test: its share of the pictures, above 0; together below 1.

    Raises:
        DataError: the shares make no sense, or a class has fewer than three different pictures.
    """
    if not (validation > 0 and test > 0 and validation + test < 1):
        raise DataError(
            f"The shares validation {validation} and test {test} make no split.",
            expected="both above 0, together below 1",
            fix="Take for example 0.15 and 0.15.",
        )
    parts: dict[str, str] = {}
    labels: dict[str, list[str]] = {}
    for digest, label in sorted({picture.digest: picture.label for picture in folder.pictures}.items()):
        labels.setdefault(label, []).append(digest)
    for label, digests in labels.items():
        parts.update(_dealt(folder, label, digests, validation, test, seed))
    chosen = {part: tuple(p for p in folder.pictures if parts[p.digest] == part) for part in PARTS}
    return Split(chosen["train"], chosen["validation"], chosen["test"])


def _dealt(
    folder: ImageFolder, label: str, digests: list[str], validation: float, test: float, seed: int
) -> dict[str, str]:
    if len(digests) < len(PARTS):
        count = f"{len(digests)} different picture" + ("s" if len(digests) != 1 else "")
        raise DataError(
            f"The class {label!r} in {folder.root} has {count}.",
            expected="at least 3, one each for training, validation and test; 30 or more are better",
            fix=f"Add pictures to {folder.root / label}.",
        )
    places = {digest: _place(digest, seed) for digest in digests}
    parts = {
        digest: "test" if place < test else "validation" if place < test + validation else "train"
        for digest, place in places.items()
    }
    for part in PARTS:
        if part not in parts.values():
            counts = {other: list(parts.values()).count(other) for other in PARTS}
            richest = max(PARTS, key=lambda other: counts[other])
            parts[min((d for d in digests if parts[d] == richest), key=places.__getitem__)] = part
    return parts


def _place(digest: str, seed: int) -> float:
    """Uniform in [0, 1), from a picture's contents and the seed."""
    mixed = hashlib.sha256(f"{seed}/{digest}".encode()).digest()
    return int.from_bytes(mixed[:8], "big") / 2**64
