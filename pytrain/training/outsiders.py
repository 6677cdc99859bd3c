"""Generated pictures of none of the classes: what a webcam sees when nothing that was taught is held up.

Two kinds that are drawn in quite different ways: the head learns from one, the other only measures whether
what it learned holds for more than that. Every picture is a function of its number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pytrain.bundle import UNKNOWN
from pytrain.dataset.four_shapes.scenes import draw_scene
from pytrain.image import Frame
from pytrain.training.feature_cache import Items

VERSION = 1
"""Part of the names in the feature cache: to be raised when pictures come out differently."""

FIRST_SCENE = 500_000
"""Numbers of scenes that no data set of four shapes draws."""

HEIGHT, WIDTH = 240, 320

Field = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Kind:
    """One kind of generated pictures."""

    name: str
    about: str
    count: int
    draw: Callable[[int], Frame]

    def items(self) -> Items:
        """The pictures, as the feature cache takes them."""
        contents = [f"{self.name.replace(' ', '-')}-v{VERSION}-{number}" for number in range(self.count)]
        return Items(contents, self.draw)


def scene(number: int) -> Frame:
    """A webcam frame of rooms, people, hands, walls, clutter and doodles: uint8 [240, 320, 3]."""
    return draw_scene(UNKNOWN, FIRST_SCENE + number)


def pattern(number: int) -> Frame:
    """Clouds, stripes, rings, checks, blocks or one colour: uint8 [240, 320, 3]."""
    draw = np.random.default_rng(number)
    make = PATTERNS[number % len(PATTERNS)]
    field = make(draw)
    dark, light = draw.uniform(0, 255, (2, 3))
    frame = dark + (light - dark) * np.clip(field, 0, 1)[:, :, None]
    frame += draw.normal(0, draw.uniform(0, 6), (HEIGHT, WIDTH, 1))
    return np.asarray(np.clip(frame, 0, 255), np.uint8)


def _clouds(draw: np.random.Generator) -> Field:
    """Noise whose power falls with a power of the frequency, as in photographs."""
    down, across = np.fft.fftfreq(HEIGHT)[:, None], np.fft.rfftfreq(WIDTH)[None]
    size = np.maximum(np.hypot(down, across), 1 / WIDTH) ** -draw.uniform(0.5, 2)
    waves = size * np.exp(2j * np.pi * draw.random(size.shape))
    field: Field = np.fft.irfft2(waves, (HEIGHT, WIDTH))
    return np.asarray(0.5 + (field - field.mean()) / (4 * max(float(field.std()), 1e-9)))


def _stripes(draw: np.random.Generator) -> Field:
    down, across = _places()
    angle, count, bend = draw.uniform(0, np.pi), draw.uniform(2, 40), draw.uniform(0, 1.5)
    along = across * np.cos(angle) + down * np.sin(angle) + bend * np.sin(4 * down) / 8
    field: Field = 0.5 + 0.5 * np.tanh(draw.uniform(1, 8) * np.sin(2 * np.pi * count * along))
    return field


def _rings(draw: np.random.Generator) -> Field:
    down, across = _places()
    far = np.hypot(across - draw.uniform(-0.5, 1.5), down - draw.uniform(-0.5, 1.5))
    field: Field = 0.5 + 0.5 * np.sin(2 * np.pi * draw.uniform(3, 25) * far)
    return field


def _checks(draw: np.random.Generator) -> Field:
    down, across = _places()
    count, lean = draw.uniform(3, 20), draw.uniform(-0.6, 0.6)
    cells = np.floor(count * (across + lean * down)) + np.floor(count * (down - lean * across))
    return np.asarray(cells % 2, np.float64)


def _blocks(draw: np.random.Generator) -> Field:
    cells: Field = draw.random((int(draw.integers(2, 16)), int(draw.integers(2, 16))))
    rows, columns = np.linspace(0, len(cells) - 1e-9, HEIGHT), np.linspace(0, cells.shape[1] - 1e-9, WIDTH)
    return np.asarray(cells[rows.astype(int)[:, None], columns.astype(int)[None]], np.float64)


def _slope(draw: np.random.Generator) -> Field:
    down, across = _places()
    return 0.5 + draw.uniform(-0.6, 0.6) * (across - 0.5) + draw.uniform(-0.6, 0.6) * (down - 0.5)


def _places() -> tuple[Field, Field]:
    """Down and across, in units of the picture's height: [240, 1] and [1, 320]."""
    return np.arange(HEIGHT)[:, None] / HEIGHT, np.arange(WIDTH)[None] / HEIGHT


PATTERNS = (_clouds, _stripes, _rings, _checks, _blocks, _slope)

TAUGHT = Kind("generated scenes", "drawn rooms, people, hands, walls and doodles", 160, scene)
MEASURED = Kind("generated patterns", "clouds, stripes, rings, checks, blocks and plain colours", 60, pattern)
