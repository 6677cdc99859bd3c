"""The icons of an installed page, drawn as web/icon.svg is."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

SIZES = (192, 512)
TOUCH = "apple-touch.png"
TOUCH_SIZE = 180
MASKABLE = "maskable-512.png"

ORANGE, INK = "#ff5b1f", "#141413"
SIDE = 32
"""Of the drawing that the coordinates below belong to."""

SAFE = 0.8
"""Systems cut a maskable icon to any shape around a circle of 80 % (w3.org/TR/appmanifest). In it lie all
corners of the drawing, if it is made this small."""

SMOOTH = 4
"""Pillow draws without smooth edges: it is drawn so much larger, then made smaller."""

CIRCLE = (5.0, 5.0, 15.0, 15.0)
SQUARE = (17.5, 5.5, 26.5, 14.5)
TRIANGLE = [(22.0, 17.6), (27.2, 27.0), (16.8, 27.0)]
STAR = list(
    accumulate(
        [
            (10.0, 17.2),
            (1.6, 3.5),
            (3.9, 0.4),
            (-2.9, 2.6),
            (0.8, 3.8),
            (-3.4, -2.0),
            (-3.4, 2.0),
            (0.8, -3.8),
            (-2.9, -2.6),
            (3.9, -0.4),
        ],
        lambda at, step: (at[0] + step[0], at[1] + step[1]),
    )
)


def write(folder: Path) -> None:
    """Writes all of them as PNG."""
    folder.mkdir()
    for size in SIZES:
        draw(size).save(folder / f"{size}.png", optimize=True)
    draw(TOUCH_SIZE).save(folder / TOUCH, optimize=True)
    draw(max(SIZES), SAFE).save(folder / MASKABLE, optimize=True)


def draw(size: int, share: float = 1.0) -> Image.Image:
    """The icon.

    Args:
        size: width and height in pixels.
        share: of the side that the shapes take; the rest is a border.
    """
    from PIL import Image, ImageDraw

    scale = size * SMOOTH / SIDE * share
    border = size * SMOOTH * (1 - share) / 2
    picture = Image.new("RGB", (size * SMOOTH, size * SMOOTH), ORANGE)
    pen = ImageDraw.Draw(picture)
    pen.ellipse([border + scale * value for value in CIRCLE], fill=INK)
    pen.rectangle([border + scale * value for value in SQUARE], fill=INK)
    for corners in (STAR, TRIANGLE):
        pen.polygon([(border + scale * x, border + scale * y) for x, y in corners], fill=INK)
    return picture.resize((size, size), Image.Resampling.LANCZOS)
