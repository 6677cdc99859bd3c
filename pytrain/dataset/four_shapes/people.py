"""Somebody before the camera: the subject of most webcam frames, and none of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from pytrain.dataset.four_shapes import canvas, colours
from pytrain.dataset.four_shapes.colours import Colour
from pytrain.dataset.four_shapes.dice import Dice
from pytrain.dataset.four_shapes.outlines import smooth
from pytrain.dataset.four_shapes.plane import Plane

Corners = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Sitter:
    """One person; the unit of length is half the width of the face, the origin its middle.

    Attributes:
        image: where to paint.
        plane: where the person is.
        tall: half the height of the face; heads are long, or they would be circles.
    """

    image: Image.Image
    plane: Plane
    tall: float
    skin: Colour
    hair: Colour

    def put(self, corners: Corners, colour: Colour, opacity: float = 1.0) -> None:
        """Paints a soft-edged patch."""
        canvas.fill(self.image, self.plane.project(smooth(corners)), colour, opacity)


def person(dice: Dice, image: Image.Image) -> None:
    """Shoulders, neck, head, hair and face."""
    hair = colours.muted(dice) if dice.chance(0.12) else dice.pick(colours.HAIRS)
    place = dice.between(60, 260), dice.between(40, 130)
    plane = Plane(np.eye(3)).then(dice.log_between(28, 75), place).before(dice.around(0, 0.12))
    sitter = Sitter(image, plane, dice.between(1.3, 1.5), dice.pick(colours.SKINS), hair)
    if dice.chance(0.45):
        _long_hair(dice, sitter)
    _body(dice, sitter)
    if dice.chance(0.9):
        _head(sitter, sitter.skin)
        _face(dice, sitter)
    else:
        _head(sitter, sitter.hair)
    _fringe(dice, sitter)


def _long_hair(dice: Dice, sitter: Sitter) -> None:
    down, top = dice.between(0.8, 2.2), -sitter.tall - 0.2
    sitter.put([(-1, -0.9), (0, top), (1, -0.9), (1.25, down), (0, down * 0.9), (-1.25, down)], sitter.hair)


def _fringe(dice: Dice, sitter: Sitter) -> None:
    brow, top = dice.between(-0.85, -0.45), -sitter.tall
    left = [(-1, -0.3), (-0.95, top * 0.8), (0, top - 0.22)]
    right = [(0.95, top * 0.8), (1, -0.3), (0.75, brow), (0, brow - 0.1), (-0.75, brow)]
    sitter.put([*left, *right], sitter.hair)


def _body(dice: Dice, sitter: Sitter) -> None:
    wide = dice.between(2.0, 2.7)
    neck = np.array([[-0.5, sitter.tall * 0.6], [0.5, sitter.tall * 0.6], [0.55, 2.1], [-0.55, 2.1]])
    canvas.fill(sitter.image, sitter.plane.project(neck), colours.shade(sitter.skin, 0.8))
    collar = [(-wide, 2.5), (-0.7, 1.75), (0, 2.0), (0.7, 1.75), (wide, 2.5)]
    sitter.put([*collar, (wide + 0.4, 7), (-wide - 0.4, 7)], colours.muted(dice))


def _head(sitter: Sitter, colour: Colour) -> None:
    half = [(0.7, -sitter.tall * 0.75), (0.93, 0.0), (0.7, 0.8), (0.28, sitter.tall)]
    sitter.put([(0, -sitter.tall), *half, *((-x, y) for x, y in reversed(half))], colour)


def _face(dice: Dice, sitter: Sitter) -> None:
    skin, tall = sitter.skin, sitter.tall
    shaded = colours.shade(skin, dice.between(0.7, 0.95))
    sitter.put([(0.2, -tall * 0.9), (0.93, 0), (0.6, 0.9), (0.25, tall * 0.95), (0.55, 0)], shaded, 0.7)
    for x in (-0.38, 0.38):
        _eye(sitter, x)
    sitter.put([(0, -0.1), (0.14, 0.35), (0, 0.42), (-0.1, 0.35)], colours.shade(skin, 0.8), 0.7)
    lips = colours.mix(skin, (170, 50, 60), 0.6)
    sitter.put([(-0.33, 0.72), (0, 0.68), (0.33, 0.72), (0, 0.76 + dice.between(0.02, 0.2))], lips)
    if dice.chance(0.25):
        chin = [(0.55, 1.1), (0, tall + 0.15), (-0.55, 1.1)]
        sitter.put([(-0.75, 0.45), (0, 0.55), (0.75, 0.45), *chin], sitter.hair, 0.85)
    if dice.chance(0.25):
        _glasses(sitter)


def _eye(sitter: Sitter, x: float) -> None:
    sitter.put([(x - 0.2, -0.1), (x, -0.2), (x + 0.2, -0.1), (x, -0.02)], (240, 238, 235))
    sitter.put([(x - 0.09, -0.12), (x, -0.2), (x + 0.09, -0.12), (x, -0.03)], (40, 30, 28))
    brow = [(x - 0.25, -0.32), (x, -0.43), (x + 0.25, -0.32), (x, -0.36)]
    sitter.put(brow, colours.shade(sitter.hair, 0.8))


def _glasses(sitter: Sitter) -> None:
    lens = np.array([[-0.3, -0.28], [0.3, -0.28], [0.26, 0.06], [-0.26, 0.06], [-0.3, -0.28]])
    rims = [sitter.plane.project(lens + np.array([x, 0.0])) for x in (-0.4, 0.4)]
    canvas.stroke(sitter.image, rims, max(1.2, sitter.plane.scale() * 0.05), (30, 28, 30))
