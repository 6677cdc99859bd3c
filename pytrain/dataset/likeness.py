"""How alike two pictures look: gradients of their thumbnails correlated, colours compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from pytrain.dataset.looks import COLOUR_SIDE, SIDE, Look

Indices = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float32]
Thumbnails = npt.NDArray[np.uint8]
Features = Callable[[Thumbnails], Numbers]

FLAT = 1.5
"""A thumbnail that deviates less than this many grey levels shows nothing that could be compared."""

COLOUR_CHANGE = 0.15
"""Mean change of colour, as a share of the brightness, that other light can make."""

DARK = 16
"""Grey levels added to the brightness, for colours in the dark are noise."""

BLOCK = 4096
"""Pairs compared at a time."""


class Sights:
    """The thumbnails of many pictures, to compare any two of them."""

    def __init__(self, looks: Sequence[Look]) -> None:
        self.thumbnails: Thumbnails = np.frombuffer(
            b"".join(look.thumbnail for look in looks), np.uint8
        ).reshape(-1, SIDE, SIDE)
        self.flat: npt.NDArray[np.bool_] = np.array([_deviation(look) < FLAT for look in looks])
        self.colours = _colours(looks)

    def likeness(self, first: Indices, second: Indices, mirrored: bool = False) -> Numbers:
        """Correlation of gradients for pairs of pictures: 1 is the same, 0 nothing in common.

        Gradients, for brightness alone is alike wherever something dark stands on something light.
        """
        return self._compared(first, second, gradients, mirrored)

    def resemblance(self, first: Indices, second: Indices) -> Numbers:
        """Correlation of brightness, coarsely: for frames in which something moves."""
        return self._compared(first, second, shades, mirrored=False)

    def same_colours(self, first: Indices, second: Indices, mirrored: bool = False) -> npt.NDArray[np.bool_]:
        """Whether the difference in colour may be the light's."""
        ours, theirs = self.colours[first], self.colours[second]
        ours = ours[:, :, ::-1] if mirrored else ours
        change: npt.NDArray[np.bool_] = np.abs(ours - theirs).mean(axis=(1, 2, 3)) < COLOUR_CHANGE
        return change

    def _compared(self, first: Indices, second: Indices, features: Features, mirrored: bool) -> Numbers:
        answers = np.empty(len(first), np.float32)
        for start in range(0, len(first), BLOCK):
            part = slice(start, start + BLOCK)
            ours = self.thumbnails[first[part]]
            ours = ours[:, :, ::-1] if mirrored else ours
            theirs = self.thumbnails[second[part]]
            answers[part] = np.einsum("ij,ij->i", features(ours), features(theirs))
        return answers


def gradients(thumbnails: Thumbnails) -> Numbers:
    """[n, m] features of unit length: what changes from a pixel to the next, across and down."""
    grey = thumbnails.astype(np.float32)
    across = np.diff(grey, axis=2)[:, 1:].reshape(len(grey), -1)
    down = np.diff(grey, axis=1)[:, :, 1:].reshape(len(grey), -1)
    return _unit(np.concatenate([across, down], axis=1))


def shades(thumbnails: Thumbnails) -> Numbers:
    """[n, m] features of unit length: the brightness of 2x2 pixels against the mean."""
    halves = thumbnails.reshape(-1, SIDE // 2, 2, SIDE // 2, 2).mean(axis=(2, 4), dtype=np.float32)
    flat = halves.reshape(len(halves), -1)
    return _unit(flat - flat.mean(axis=1, keepdims=True))


def _unit(features: Numbers) -> Numbers:
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    unit: Numbers = features / np.maximum(lengths, np.float32(1e-6))
    return unit


def _colours(looks: Sequence[Look]) -> Numbers:
    """[n, COLOUR_SIDE, COLOUR_SIDE, 3]: each colour's distance from grey, as a share of the brightness."""
    raw = np.frombuffer(b"".join(look.colour for look in looks), np.uint8)
    colours = raw.reshape(-1, COLOUR_SIDE, COLOUR_SIDE, 3).astype(np.float32)
    grey = colours.mean(axis=3, keepdims=True)
    shares: Numbers = (colours - grey) / (grey.mean(axis=(1, 2), keepdims=True) + np.float32(DARK))
    return shares


def _deviation(look: Look) -> float:
    return float(np.frombuffer(look.thumbnail, np.uint8).std())
