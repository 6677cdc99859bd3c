"""A data set of the catalogue in memory: pictures and their classes, a training and a test part."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
