"""The classic set: black shapes on white, 200x200, as in the Kaggle data set "four shapes"."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from pytrain.dataset.four_shapes import outlines
from pytrain.dataset.four_shapes.dice import Dice
from pytrain.image import Frame

SIDE = 200
"""Pixels."""


def draw_classic(label: str, seed: int) -> Frame:
    """One picture: any rotation, size and place, whole within the frame.

    The originals were cut at a threshold from a video of paper shapes: their edges are rough, their corners
    a little round, their sides not quite straight. Half of ours look like that, half are clean.

    Args:
        label: "circle", "square", "star" or "triangle".
        seed: the same seed gives the same picture.

    Returns:
        uint8 [200, 200, 3].
    """
    dice = Dice(seed)
    rough = dice.chance(0.5)
    corners = outlines.outline(label, dice, dice.between(0.1, 0.6) if rough else 0.0)
    if rough and dice.chance(0.5):
        corners = outlines.rounded(corners, dice.between(0, 0.15))
    points = outlines.rotated(corners, dice.angle())
    if rough:
        points = outlines.resampled(points, 0.05)
        points = points + dice.between(0, 0.012) * dice.normals(*points.shape)
    low, high = points.min(axis=0), points.max(axis=0)
    radius = dice.between(0.18, 0.95) * SIDE / float((high - low).max())
    room = SIDE - (high - low) * radius
    points = (points - low) * radius + dice.uniforms(2) * room
    fine = 1 if dice.chance(0.4) else 4
    sheet = Image.new("L", (SIDE * fine, SIDE * fine), 255)
    ImageDraw.Draw(sheet).polygon([(x, y) for x, y in (points * fine - 0.5).tolist()], fill=0)
    pixels = np.asarray(sheet.reduce(fine) if fine > 1 else sheet)
    return np.repeat(pixels[:, :, None], 3, axis=2)
