"""How alike two pictures look: the details of their thumbnails are correlated, and colours compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pytrain.dataset.looks import COLOUR_SIDE, SIDE, Look

Indices = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

FREQUENCIES = 20
"""Of a thumbnail's 32, across and down, that are compared; the finest are noise and compression."""

FLAT = 0.5
"""Grey levels of detail (root mean square) below which a picture shows nothing that could be compared."""

COLOUR_CHANGE = 0.15
"""Mean change of colour, as a share of the brightness, that other light can make."""

DARK = 16
"""Grey levels added to the brightness, for colours in the dark are noise."""

BLOCK = 512
"""Pairs compared at a time: few enough to stay in the processor's cache."""


class View:
    """A way to look at thumbnails: straight, mirrored, or without their margins.

    Args:
        mirrored: right and left change places.
        margin: share of the width and height that is left out on each side.
    """

    def __init__(self, mirrored: bool = False, margin: float = 0) -> None:
        self.symmetric = not margin
        self.mirrored = mirrored
        self._margin = margin

    def __call__(self, thumbnails: npt.NDArray[np.uint8]) -> Numbers:
        """float32 [n, SIDE, SIDE] of uint8 ones."""
        rows = _enlarging(self._margin)
        columns = rows[::-1] if self.mirrored else rows
        seen: Numbers = rows @ thumbnails.astype(np.float32) @ columns.T
        return seen


STRAIGHT = View()


class Sights:
    """The thumbnails of many pictures, to compare any two of them."""

    def __init__(self, looks: Sequence[Look]) -> None:
        joined = b"".join(look.thumbnail for look in looks)
        self.thumbnails = np.frombuffer(joined, np.uint8).reshape(-1, SIDE, SIDE)
        self.details, amount = self.details_of(STRAIGHT)
        self.flat: Flags = amount < FLAT
        self._colours = _colours(looks)

    def details_of(self, view: View) -> tuple[npt.NDArray[np.float16], Numbers]:
        """What all pictures show in a view, to be compared with `details`.

        The Laplacian of the thumbnail, in its low frequencies: neither the light nor a shadow that crosses
        the picture counts, only what stands out from its surroundings. In the cosine transform that is a
        factor for each frequency, 4 - 2 cos(pi u / SIDE) - 2 cos(pi v / SIDE).

        Returns:
            (float16 [n, m] of unit length, how much detail there is in grey levels, [n])
        """
        frequencies = np.arange(FREQUENCIES)
        factors = 2 - 2 * np.cos(np.pi * frequencies / SIDE)
        weights = (factors[:, None] + factors[None, :]).astype(np.float32)
        basis = _cosines(FREQUENCIES)
        details = np.empty((len(self.thumbnails), FREQUENCIES * FREQUENCIES), np.float16)
        amount = np.empty(len(self.thumbnails), np.float32)
        for part in _blocks(len(self.thumbnails)):
            spectrum = (basis @ view(self.thumbnails[part]) @ basis.T * weights).reshape(-1, details.shape[1])
            lengths = np.linalg.norm(spectrum, axis=1)
            details[part] = spectrum / np.maximum(lengths, 1e-6)[:, None]
            amount[part] = lengths / SIDE
        return details, amount

    def likeness(
        self, first: Indices, second: Indices, seen: npt.NDArray[np.float16] | None = None
    ) -> Numbers:
        """Correlation of details for pairs of pictures: 1 is the same, 0 nothing in common.

        Args:
            seen: details of the first in another view.
        """
        answers = np.empty(len(first), np.float32)
        for part in _blocks(len(first)):
            ours = (self.details if seen is None else seen)[first[part]].astype(np.float32)
            answers[part] = np.einsum("ij,ij->i", ours, self.details[second[part]].astype(np.float32))
        return answers

    def resemblance(self, first: Indices, second: Indices) -> Numbers:
        """Correlation of brightness, coarsely: for frames in which something moves."""
        answers = np.empty(len(first), np.float32)
        for part in _blocks(len(first)):
            ours, theirs = (_shades(self.thumbnails[some[part]]) for some in (first, second))
            answers[part] = np.einsum("ij,ij->i", ours, theirs)
        return answers

    def same_colours(self, first: Indices, second: Indices, view: View = STRAIGHT) -> Flags:
        """Whether the difference in colour may be the light's."""
        ours, theirs = self._colours[first], self._colours[second]
        ours = ours[:, :, ::-1] if view.mirrored else ours
        same: Flags = np.abs(ours - theirs).mean(axis=(1, 2, 3)) < COLOUR_CHANGE
        return same


def _shades(thumbnails: npt.NDArray[np.uint8]) -> Numbers:
    """[n, m] of unit length: the brightness of 2x2 pixels against the mean."""
    halves = thumbnails.reshape(-1, SIDE // 2, 2, SIDE // 2, 2).mean(axis=(2, 4), dtype=np.float32)
    flat = halves.reshape(len(halves), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    unit: Numbers = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), np.float32(1e-6))
    return unit


def _colours(looks: Sequence[Look]) -> Numbers:
    """[n, COLOUR_SIDE, COLOUR_SIDE, 3]: each colour's distance from grey, as a share of the brightness."""
    raw = np.frombuffer(b"".join(look.colour for look in looks), np.uint8)
    colours = raw.reshape(-1, COLOUR_SIDE, COLOUR_SIDE, 3).astype(np.float32)
    grey = colours.mean(axis=3, keepdims=True)
    shares: Numbers = (colours - grey) / (grey.mean(axis=(1, 2), keepdims=True) + np.float32(DARK))
    return shares


def _cosines(count: int) -> Numbers:
    """[count, SIDE]: the orthonormal cosine transform's first frequencies."""
    angles = np.pi * np.arange(count)[:, None] * (np.arange(SIDE)[None, :] + 0.5) / SIDE
    basis = np.cos(angles) * np.sqrt(2 / SIDE)
    basis[0] /= np.sqrt(2)
    return np.asarray(basis, np.float32)


def _enlarging(margin: float) -> Numbers:
    """[SIDE, SIDE] weights that draw the middle of a line over the whole of it, linearly interpolated."""
    centres = margin * SIDE + (np.arange(SIDE) + 0.5) * (1 - 2 * margin) - 0.5
    distance = np.abs(centres[:, None] - np.arange(SIDE)[None, :])
    weights: Numbers = np.clip(1 - distance, 0, None).astype(np.float32)
    return weights


def _blocks(count: int) -> Iterator[slice]:
    return (slice(start, start + BLOCK) for start in range(0, count, BLOCK))
