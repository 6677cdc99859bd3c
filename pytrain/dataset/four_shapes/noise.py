"""Fields of random values: from the grain of a sensor to the clouds of uneven light."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from pytrain.dataset.four_shapes.dice import Dice, seed_of
from pytrain.dataset.four_shapes.plane import HEIGHT, WIDTH

Field = npt.NDArray[np.float32]


def field(dice: Dice, columns: int, rows: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Field:
    """Smooth values in [0, 1]: a grid of random ones, blown up to the frame.

    Returns:
        float32 [height, width].
    """
    grid = (dice.uniforms(rows, columns) * 255).astype(np.uint8)
    blown = Image.fromarray(grid).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(blown, dtype=np.float32) / np.float32(255)


def clouds(dice: Dice, coarse: int = 3, octaves: int = 4, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Field:
    """A sum of fields, each finer and weaker than the last: the spectrum of natural pictures."""
    finest = coarse * 2.5 ** (octaves - 1)
    if size == (WIDTH, HEIGHT) and finest <= HEIGHT / 4:
        # Nothing is lost at half the resolution, and three quarters of the work are saved.
        half = clouds(dice, coarse, octaves, (WIDTH // 2, HEIGHT // 2))
        picture = Image.fromarray((half * 255).astype(np.uint8)).resize(size, Image.Resampling.BILINEAR)
        return np.asarray(picture, dtype=np.float32) / np.float32(255)
    total = np.zeros((size[1], size[0]), dtype=np.float32)
    weight, cells = 1.0, float(coarse)
    weights = 0.0
    for _ in range(octaves):
        total += np.float32(weight) * field(dice, max(2, round(cells * 4 / 3)), max(2, round(cells)), size)
        weights += weight
        weight *= dice.between(0.45, 0.7)
        cells *= 2.5
    return total / np.float32(weights)


def grain(dice: Dice, channels: int = 3) -> Field:
    """Normal noise with spread 1, float32 [HEIGHT, WIDTH, channels]; cut from one fixed sheet, for speed."""
    sheet = _grain_sheet()
    top, left = dice.integer(0, sheet.shape[0] - HEIGHT), dice.integer(0, sheet.shape[1] - WIDTH)
    cut = sheet[top : top + HEIGHT, left : left + WIDTH, :channels]
    if dice.chance(0.5):
        cut = cut[::-1]
    return cut[:, ::-1] if dice.chance(0.5) else cut


@lru_cache(maxsize=1)
def _grain_sheet() -> Field:
    rng = np.random.Generator(np.random.PCG64(seed_of("grain")))
    return rng.standard_normal((HEIGHT * 3, WIDTH * 3, 3), dtype=np.float32)
