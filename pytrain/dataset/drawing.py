"""A drawing made as MNIST's digits were: scaled to 20 x 20, its centre of mass in the middle of 28 x 28.

"The original black and white images from NIST were size normalized to fit in a 20 x 20 pixel box while
preserving their aspect ratio. The resulting images contain grey levels as a result of the anti-aliasing
technique used by the normalization algorithm. The images were centered in a 28 x 28 image by computing the
center of mass of the pixels" (LeCun, Cortes & Burges, The MNIST database of handwritten digits).

`web/pages/play/mnist.js` does the same sums for the page's drawing pad.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pytrain.errors import DataError

SIDE = 28
BOX = 20
"""Pixels of the longer side of what was drawn."""

FAINTEST = 25
"""Of 255: what is fainter is no line, and does not make the box larger."""

Ink = npt.NDArray[np.uint8]


def as_mnist(ink: Ink) -> Ink:
    """Scales and centres a drawing.

    Args:
        ink: uint8 [height, width], 0 where nothing was drawn, 255 where a line is.

    Returns:
        uint8 [28, 28]; all 0 where nothing was drawn.

    Raises:
        DataError: the array is no such drawing.
    """
    if ink.ndim != 2 or ink.dtype != np.uint8 or not ink.size:
        raise DataError(
            f"A drawing of shape {list(ink.shape)} and type {ink.dtype} came.",
            expected="uint8 [height, width], 255 where a line is",
        )
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    rows, columns = (
        np.flatnonzero((ink >= FAINTEST).any(axis=1)),
        np.flatnonzero((ink >= FAINTEST).any(axis=0)),
    )
    if not len(rows):
        return drawn
    part = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float64)
    scale = BOX / max(part.shape)
    height, width = (max(1, int(np.floor(side * scale + 0.5))) for side in part.shape)
    small = area_shares(part.shape[0], height) @ part @ area_shares(part.shape[1], width).T
    total = small.sum()
    top = _first((small.sum(axis=1) * (np.arange(height) + 0.5)).sum() / total, height)
    left = _first((small.sum(axis=0) * (np.arange(width) + 0.5)).sum() / total, width)
    drawn[top : top + height, left : left + width] = np.floor(small + 0.5)
    return drawn


def area_shares(old: int, new: int) -> npt.NDArray[np.float64]:
    """What part of each new pixel every old one covers: float64 [new, old], rows of sum 1."""
    edges = np.arange(new + 1) * old / new
    cells = np.arange(old)
    overlap = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
    return np.asarray(np.maximum(overlap, 0) / (old / new))


def _first(centre: float, size: int) -> int:
    """Where a side begins so that its centre of mass lies in the middle, and nothing is cut off."""
    return int(min(max(np.floor(SIDE / 2 - centre + 0.5), 0), SIDE - size))
