"""Turns maps, filters and heat into pictures."""

from __future__ import annotations

import numpy as np
from PIL import Image

from pytrain.evaluation.report.heat import coloured
from pytrain.explain.network import Floats
from pytrain.image import Frame

MOST_MAPS = 64
GAP = 2
"""Pixels between tiles."""

TILE = 72
"""Least side of a tile, in pixels."""

FILTER = 48
"""Least side of a filter's tile."""


def map_sheet(maps: Floats) -> Frame:
    """The maps of a layer side by side, the strongest first, all on one scale.

    Args:
        maps: float32 [h, w, channels].

    Returns:
        uint8 [height, width, 3]; at most 64 maps.
    """
    order = np.argsort(-np.abs(maps).mean((0, 1)))[:MOST_MAPS]
    chosen = maps[..., order]
    low, high = float(chosen.min()), float(chosen.max())
    scaled = (chosen - low) / max(high - low, 1e-9)
    return _sheet([coloured(scaled[..., at]).astype(np.uint8) for at in range(len(order))], TILE)


def filter_sheet(weights: Floats) -> Frame:
    """The filters of a convolution side by side: in colour where they look at colours, else their mean.

    Args:
        weights: float32 [h, w, inputs, filters].

    Returns:
        uint8 [height, width, 3]; grey is 0.
    """
    shown = weights if weights.shape[2] == 3 else weights.mean(2, keepdims=True).repeat(3, axis=2)
    shown = shown[..., :MOST_MAPS]
    greatest = np.abs(shown).max((0, 1, 2), keepdims=True)
    pixels = np.rint((shown / np.maximum(greatest, 1e-9) + 1) * 127.5).astype(np.uint8)
    return _sheet([pixels[..., at] for at in range(pixels.shape[-1])], FILTER)


def enlarged(frame: Frame, side: int) -> Frame:
    """Every pixel as a square, so that the least side is about `side`."""
    times = max(1, side // min(frame.shape[:2]))
    return frame.repeat(times, axis=0).repeat(times, axis=1)


def save(frame: Frame, path: object) -> None:
    """Writes a PNG."""
    Image.fromarray(frame).save(str(path), format="PNG")


def _sheet(tiles: list[Frame], side: int) -> Frame:
    tiles = [enlarged(tile, side) for tile in tiles]
    height, width = tiles[0].shape[:2]
    columns = min(len(tiles), 8)
    rows = -(-len(tiles) // columns)
    sheet = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3), 255, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = (number // columns) * (height + GAP), (number % columns) * (width + GAP)
        sheet[top : top + height, left : left + width] = tile
    return sheet
