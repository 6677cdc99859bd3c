"""Real photographs, cut into tiles: pictures of a class that share their subject and not one pixel."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

CAT, MOTORCYCLE, COFFEE, ASTRONAUT = "chelsea", "motorcycle_left", "coffee", "astronaut"
GRASS, GRAVEL = "grass", "gravel"
"""Photographs that scikit-image carries."""

SIDE = 90
"""Of a tile, in pixels: every photograph gives at least 15."""


def tiles(photograph: str, count: int) -> list[npt.NDArray[np.uint8]]:
    """The first tiles of a photograph, row by row: uint8 [SIDE, SIDE, 3] each."""
    found = [tile for tile, _ in zip(_tiles(photograph), range(count), strict=False)]
    assert len(found) == count
    return found


def write_class(folder: Path, photograph: str, count: int) -> list[Path]:
    """Files 00.png, 01.png and so on, each a tile."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:02}.png" for number in range(count)]
    for path, tile in zip(paths, tiles(photograph, count), strict=True):
        Image.fromarray(tile).save(path)
    return paths


def _tiles(photograph: str) -> Iterator[npt.NDArray[np.uint8]]:
    package = find_spec("skimage")
    assert package is not None
    assert package.origin is not None
    with Image.open(Path(package.origin).parent / "data" / f"{photograph}.png") as file:
        pixels = np.asarray(file.convert("RGB"))
    for top in range(0, pixels.shape[0] - SIDE + 1, SIDE):
        for left in range(0, pixels.shape[1] - SIDE + 1, SIDE):
            yield pixels[top : top + SIDE, left : left + SIDE]
