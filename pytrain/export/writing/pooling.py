"""How global pooling is written: as ordinary pooling of the whole picture, in one step or two.

TensorFlow.js's Mean and Max over height and width first turn the picture round, which takes wasm longer than
pooling does.
"""

from __future__ import annotations

from pytrain.export.shapes import Shape

LARGEST_WINDOW = 256
"""Pixels that one window may take in. A GPU reads a window pixel by pixel, in as many threads as there are
channels; two steps keep it busy where the picture is large."""

Window = tuple[int, int]


def pooling_steps(shape: Shape) -> list[Window]:
    """Windows (height, width), strides the same, that pool a picture [height, width, channels] to 1 x 1.

    Each step divides the picture evenly, so that the mean of the means is the mean.
    """
    height, width, _ = shape
    if (height, width) == (1, 1):
        return []
    if height * width <= LARGEST_WINDOW:
        return [(height, width)]
    splits = [(_near_root(height)), (_near_root(width))]
    first = (splits[0], splits[1])
    rest = (height // first[0], width // first[1])
    return [first, rest] if first != (1, 1) else [rest]


def _near_root(size: int) -> int:
    """The divisor of a size next below its square root."""
    return max(part for part in range(1, int(size**0.5) + 1) if size % part == 0)
