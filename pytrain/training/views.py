"""Draws what a webcam might have seen instead: each picture cropped, turned, lit and blurred in other ways.

Works on whole frames at their full size, in NumPy and Pillow, on any number of threads. Every draw comes from
the seed it is given, so the same picture and seed give the same views.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, exp, pi, sin

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from pytrain.image import SIZE, Frame

Views = npt.NDArray[np.uint8]
"""uint8 [views, 224, 224, 3], RGB."""

Floats = npt.NDArray[np.float32]
Draw = np.random.Generator


@dataclass(frozen=True)
class WebcamViews:
    """How strongly views differ from their picture; chances are 0..1, the rest as said."""

    smallest: float = 0.7
    """Least part of the centre square's side that a view shows."""
    largest: float = 1.1
    """Greatest part: above 1, what lies beside the square, or the edge repeated, comes in."""
    shift: float = 0.5
    """Greatest move, as a part of the room that the crop leaves."""
    squash: float = 0.3
    """Greatest change of width against height, as a logarithm: ml5 makes 4:3 square, which is 0.29."""
    turn: float = 12.0
    """Greatest turn to either side, in degrees."""
    light: float = 0.18
    """Greatest change of brightness, as a part of full white; of each colour's strength a third of it."""
    contrast: float = 0.35
    """Greatest change of contrast, as a logarithm."""
    colour: float = 0.4
    """Greatest change of saturation, as a part of it."""
    blur: float = 0.3
    """Chance of a blur of up to `blur_radius` pixels."""
    blur_radius: float = 1.6
    antialiased: float = 0.5
    """Chance that a large picture is shrunk with antialias first, as canvases and video players do."""
    noise: float = 0.006
    """Greatest standard deviation of noise, as a part of full white."""

    def draw(self, frame: Frame, count: int, seed: int, flips: bool = True) -> Views:
        """New views of one picture; every second is mirrored too where `flips` is set.

        Args:
            frame: uint8 [height, width, 3].
            count: how many.
            seed: another seed, other views.

        Returns:
            uint8 [count, 224, 224, 3].
        """
        draw = np.random.default_rng(seed)
        picture = Image.fromarray(frame)
        return np.stack([self._one(picture, draw, flips and number % 2 == 1) for number in range(count)])

    def _one(self, picture: Image.Image, draw: Draw, mirrored: bool) -> Frame:
        picture = self._shrunk(picture, draw)
        view = picture.transform(
            (SIZE, SIZE),
            Image.Transform.AFFINE,
            self._place(picture.width, picture.height, draw, mirrored),
            Image.Resampling.BILINEAR,
            fillcolor=_edge_colour(picture),
        )
        if draw.random() < self.blur:
            view = view.filter(ImageFilter.GaussianBlur(draw.uniform(0.3, self.blur_radius)))
        return self._lit(np.asarray(view, np.float32) / np.float32(255), draw)

    def _shrunk(self, picture: Image.Image, draw: Draw) -> Image.Image:
        factor = min(picture.width, picture.height) // SIZE
        return picture.reduce(factor) if draw.random() < self.antialiased and factor > 1 else picture

    def _place(self, width: int, height: int, draw: Draw, mirrored: bool) -> tuple[float, ...]:
        """Where each pixel of the view comes from: x = a u + b v + c, y = d u + e v + f."""
        side = min(width, height) * draw.uniform(self.smallest, self.largest)
        squash = exp(draw.uniform(-self.squash, self.squash) / 2)
        angle = draw.uniform(-self.turn, self.turn) * pi / 180
        across, down = side * squash / SIZE, side / squash / SIZE
        a, b = across * cos(angle), -down * sin(angle)
        d, e = across * sin(angle), down * cos(angle)
        if mirrored:
            a, d = -a, -d
        room = max(0.0, min(width, height) - side) + 0.1 * side
        centre_x, centre_y = (
            whole / 2 + draw.uniform(-self.shift, self.shift) * room for whole in (width, height)
        )
        half = SIZE / 2
        return a, b, centre_x - (a + b) * half, d, e, centre_y - (d + e) * half

    def _lit(self, pixels: Floats, draw: Draw) -> Frame:
        third = self.light / 3
        pixels = pixels * (1 + draw.uniform(-third, third, 3)).astype(np.float32)
        grey: Floats = pixels.mean(axis=2, keepdims=True)
        pixels = grey + (pixels - grey) * np.float32(1 + draw.uniform(-self.colour, self.colour))
        contrast = np.float32(exp(draw.uniform(-self.contrast, self.contrast)))
        brightness = np.float32(draw.uniform(-self.light, self.light))
        pixels = (pixels - np.float32(0.5)) * contrast + np.float32(0.5) + brightness
        sigma = np.float32(draw.uniform(0, self.noise))
        noise: Floats = draw.standard_normal((SIZE, SIZE, 1), dtype=np.float32)
        pixels = pixels + noise * sigma
        lit: Frame = np.clip(pixels * np.float32(255) + np.float32(0.5), 0, 255).astype(np.uint8)
        return lit


def _edge_colour(picture: Image.Image) -> tuple[int, ...]:
    """The mean colour of the border: what is beside the picture is most likely like its edge."""
    pixels = np.asarray(picture)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return tuple(int(value) for value in border.mean(axis=0))
