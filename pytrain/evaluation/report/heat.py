"""Lays a class activation map over its picture, in colours whose lightness grows evenly with the value."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from pytrain.evaluation.judged import Pixels
from pytrain.evaluation.metrics import Floats

INFERNO = (
    "000004 0b0724 210c4a 3d0965 57106e 71196e 8a226a a32c61 bc3754 "
    "d24644 e45a31 f1731d f98e09 fcac11 f9cb35 f2ea69 fcffa4"
)
"""Matplotlib's perceptually uniform colour map (Smith & van der Walt, 2015; public domain) at 17 places."""

HEAT = 0.55
"""Share of the colour in the mixture; the rest is the picture in grey."""


def overlay(image: Pixels, activation: Floats) -> Pixels:
    """Heat over a grey picture.

    Args:
        image: uint8 [height, width, 3].
        activation: float32 [h, w], any scale; negative counts as nothing, the largest as full.

    Returns:
        uint8 [height, width, 3].
    """
    height, width = image.shape[:2]
    positive = np.nan_to_num(np.maximum(activation, 0)).astype(np.float32)
    scaled = positive / max(float(positive.max(initial=0)), 1e-9)
    large = Image.fromarray(scaled).resize((width, height), Image.Resampling.BICUBIC)
    colours = coloured(np.clip(np.asarray(large, np.float32), 0, 1))
    grey = image.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    mixed = (1 - HEAT) * grey[:, :, None] + HEAT * colours
    pixels: Pixels = np.rint(np.clip(mixed, 0, 255)).astype(np.uint8)
    return pixels


def coloured(values: Floats) -> Floats:
    """Values in 0..1, any shape, as colours: float32 [..., 3] in 0..255."""
    table = np.array([list(bytes.fromhex(colour)) for colour in INFERNO.split()], np.float32)
    places = np.linspace(0, 1, len(table))
    channels: list[npt.NDArray[np.float64]] = [np.interp(values, places, table[:, at]) for at in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)
