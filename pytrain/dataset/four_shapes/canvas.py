"""Drawing with smooth edges: areas and lines are masks at three times the frame's resolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from pytrain.dataset.four_shapes.colours import Colour
from pytrain.dataset.four_shapes.outlines import Points

FINE = 3
"""Fine pixels per pixel."""

MARGIN = 12
"""Pixels drawn beyond the frame, so that a blurred mask has no hard edge there."""


@dataclass(frozen=True)
class Mask:
    """Coverage of a part of the frame: `image` is 8-bit grey, its corner at (left, top)."""

    image: Image.Image
    left: int
    top: int

    def faded(self, opacity: float) -> Mask:
        return (
            self
            if opacity >= 1
            else Mask(self.image.point([round(v * opacity) for v in range(256)]), *self.at)
        )

    def blurred(self, radius: float) -> Mask:
        if radius < 0.3:
            return self
        pad = int(3 * radius) + 1
        wide = Image.new("L", (self.image.width + 2 * pad, self.image.height + 2 * pad))
        wide.paste(self.image, (pad, pad))
        return Mask(softened(wide, radius), self.left - pad, self.top - pad)

    def moved(self, right: int, down: int) -> Mask:
        return Mask(self.image, self.left + right, self.top + down)

    def worn(self, field: npt.NDArray[np.float32], strength: float) -> Mask:
        """Lets a field of 0..1 values (the size of the frame) take coverage away, as a dry pen does."""
        rows = np.clip(np.arange(self.image.height) + self.top, 0, field.shape[0] - 1)
        columns = np.clip(np.arange(self.image.width) + self.left, 0, field.shape[1] - 1)
        keep = 1 - strength * field[rows][:, columns]
        return Mask(Image.fromarray((np.asarray(self.image) * keep).astype(np.uint8)), *self.at)

    def within(self, other: Mask) -> Mask:
        """Only where the other one covers too."""
        base = Image.new("L", self.image.size)
        base.paste(other.image, (other.left - self.left, other.top - self.top))
        return Mask(ImageChops.multiply(self.image, base), *self.at)

    def without(self, other: Mask, share: float = 1.0) -> Mask:
        """Less where the other one covers."""
        base = Image.new("L", self.image.size, 255)
        base.paste(round(255 * (1 - share)), (other.left - self.left, other.top - self.top), other.image)
        return Mask(ImageChops.multiply(self.image, base), *self.at)

    @property
    def at(self) -> tuple[int, int]:
        return self.left, self.top


def area(outline: Points, size: tuple[int, int], holes: Sequence[Points] = ()) -> Mask | None:
    """Coverage of a polygon in pixels of a frame of `size`; None where it lies outside."""
    box = _box([outline], 1, size)
    if box is None:
        return None
    fine, draw = _sheet(box)
    draw.polygon(_fine(outline, box), fill=255)
    for hole in holes:
        draw.polygon(_fine(hole, box), fill=0)
    return Mask(fine.reduce(FINE), box[0], box[1])


def line(
    paths: Sequence[Points],
    width: float | npt.NDArray[np.float64],
    size: tuple[int, int],
    round_ends: bool = True,
) -> Mask | None:
    """Coverage of open lines.

    Args:
        paths: each float64 [n, 2] in pixels.
        width: in pixels; an array gives the width at each point of a single path.
        round_ends: dots at every point, as a round pen leaves them; needed where lines bend much.
    """
    widest = float(np.max(width))
    box = _box(paths, widest / 2 + 1, size)
    if box is None:
        return None
    fine, draw = _sheet(box)
    for path in paths:
        points = _fine(path, box)
        if np.ndim(width) == 0:
            thick = max(1, round(widest * FINE))
            draw.line(points, fill=255, width=thick, joint=None)
            if round_ends and thick > 2:
                _dots(draw, points, np.full(len(points), thick / 2))
        else:
            radii = np.asarray(width) * FINE / 2
            for i in range(len(points) - 1):
                draw.line(points[i : i + 2], fill=255, width=max(1, round(radii[i] + radii[i + 1])))
            _dots(draw, points, radii)
    return Mask(fine.reduce(FINE), box[0], box[1])


def paint(image: Image.Image, mask: Mask | None, colour: Colour | Image.Image) -> None:
    """Lays a colour, or a picture as large as the frame, on the frame through a mask."""
    if mask is None:
        return
    if isinstance(colour, Image.Image):
        box = (mask.left, mask.top, mask.left + mask.image.width, mask.top + mask.image.height)
        image.paste(colour.crop(box), mask.at, mask.image)
    else:
        image.paste(colour, mask.at, mask.image)


def softened(image: Image.Image, radius: float) -> Image.Image:
    """Gaussian blur, wide ones done at a lower resolution, where they cost little and look the same."""
    factor = 1 if radius < 2.4 else 2 if radius < 5 else 4
    if factor == 1 or min(image.size) < 2 * factor:
        return image.filter(ImageFilter.GaussianBlur(radius))
    small = image.reduce(factor).filter(ImageFilter.GaussianBlur(radius / factor))
    return small.resize(image.size, Image.Resampling.BILINEAR)


def fill(
    image: Image.Image, outline: Points, colour: Colour | Image.Image, opacity: float = 1.0
) -> Mask | None:
    """Fills a polygon and gives its mask."""
    mask = area(outline, image.size)
    paint(image, mask and mask.faded(opacity), colour)
    return mask


def stroke(
    image: Image.Image, paths: Sequence[Points], width: float, colour: Colour, opacity: float = 1.0
) -> None:
    paint(image, (mask := line(paths, width, image.size)) and mask.faded(opacity), colour)


def shadow(
    image: Image.Image, mask: Mask | None, right: int, down: int, blur: float, strength: float
) -> None:
    """Darkens what lies under a thing, beside it."""
    if mask is not None:
        paint(image, mask.moved(right, down).blurred(blur).faded(strength), (8, 8, 12))


def _dots(
    draw: ImageDraw.ImageDraw, points: list[tuple[float, float]], radii: npt.NDArray[np.float64]
) -> None:
    for (x, y), radius in zip(points, radii, strict=True):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)


def _box(paths: Sequence[Points], pad: float, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    points = np.concatenate(list(paths))
    left, top = (np.floor(points.min(axis=0) - pad)).astype(int)
    right, bottom = (np.ceil(points.max(axis=0) + pad)).astype(int)
    left, top = max(int(left), -MARGIN), max(int(top), -MARGIN)
    right, bottom = min(int(right), size[0] + MARGIN), min(int(bottom), size[1] + MARGIN)
    return (left, top, right, bottom) if right > left and bottom > top else None


def _sheet(box: tuple[int, int, int, int]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    sheet = Image.new("L", ((box[2] - box[0]) * FINE, (box[3] - box[1]) * FINE))
    return sheet, ImageDraw.Draw(sheet)


def _fine(points: Points, box: tuple[int, int, int, int]) -> list[tuple[float, float]]:
    fine = (np.asarray(points) - (box[0], box[1])) * FINE - 0.5
    return [(x, y) for x, y in fine.tolist()]
