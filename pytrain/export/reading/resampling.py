"""Every resize of Keras as one node: how much of each row and column goes where, read off Keras itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pytrain.export.network import Array
from pytrain.export.reading.builder import Call
from pytrain.model.backend import keras

PLAIN = ("bilinear", "nearest")
"""What TensorFlow's own resize operations do, where nothing is smoothed before."""

PROBES = 64
"""Rows probed at once: a few MiB for any picture that a page can take."""


def resizing(call: Call, size: tuple[int, int]) -> str:
    """Keras's Resizing layer or resize operation; a crop or a pad to the target's shape comes first."""
    layer, name = call.layer, call.input
    if layer.crop_to_aspect_ratio:
        name = _crop_to_shape(call, name, size)
    if layer.pad_to_aspect_ratio:
        name = _pad_to_shape(call, name, size, float(layer.fill_value))
    return resized(call, name, size, layer.interpolation, bool(layer.antialias))


def center_crop(call: Call) -> str:
    """Keras's CenterCrop: the middle, or of a picture that is too small the largest part of that shape."""
    height, width, _ = call.picture()
    size = (int(call.layer.height), int(call.layer.width))
    spare = (height - size[0], width - size[1])
    if min(spare) >= 0:
        crop = tuple((extra // 2, extra - extra // 2) for extra in spare)
        return call.add("crop", call.input, crop=crop)
    return resized(call, _crop_to_shape(call, call.input, size), size, "bilinear")


def resized(call: Call, name: str, size: tuple[int, int], interpolation: str, antialias: bool = False) -> str:
    """A resize node; both of its matrices come from resizing pictures with a single row or column lit."""
    height, width, _ = call.net.shape(name)
    if (height, width) == size:
        return name

    def along(length: int, target: int) -> Array:
        return _mixing(
            lambda picture: keras.ops.image.resize(
                picture,
                (target, 1),
                interpolation=interpolation,
                antialias=antialias,
                data_format="channels_last",
            ),
            length,
            1,
        )

    # Enlarging needs no smoothing, so that antialias changes nothing there.
    smooths = antialias and (size[0] < height or size[1] < width)
    return call.add(
        "resize",
        name,
        weights={"rows": along(height, size[0]), "columns": along(width, size[1])},
        size=size,
        interpolation=interpolation if interpolation in PLAIN and not smooths else "other",
    )


def pooled(call: Call, size: tuple[int, int]) -> str:
    """An adaptive average pooling as a resize whose weights average."""
    height, width, _ = call.shape
    rows = _mixing(call.layer, height, width)
    turned = type(call.layer)(size[::-1], data_format="channels_last")
    return call.add(
        "resize",
        call.input,
        weights={"rows": rows, "columns": _mixing(turned, width, height)},
        size=size,
        interpolation="other",
    )


def _mixing(function: Callable[[Any], Any], length: int, other: int) -> Array:
    """How much of each row goes into each row of the result: float32 [length, target]."""
    lit = np.eye(length, dtype=np.float32)
    parts = []
    for start in range(0, length, PROBES):
        channels = lit[:, start : start + PROBES]
        picture = np.broadcast_to(channels[None, :, None, :], (1, length, other, channels.shape[1]))
        parts.append(np.asarray(function(np.ascontiguousarray(picture)))[0, :, 0, :])
    return np.ascontiguousarray(np.concatenate(parts, axis=1).T, dtype=np.float32)


def _matching(height: int, width: int, size: tuple[int, int]) -> tuple[int, int]:
    """The height that fits the whole width in the target's shape, and the width that fits the height.

    Worked out in float32 as Keras does: a row more or less would show.
    """
    rows, columns = size
    fitting_height = np.float32(width * rows) / np.float32(columns)
    fitting_width = np.float32(height * columns) / np.float32(rows)
    return int(fitting_height), int(fitting_width)


def _crop_to_shape(call: Call, name: str, size: tuple[int, int]) -> str:
    height, width, _ = call.net.shape(name)
    fitting = _matching(height, width, size)
    keep = [max(min(have, fits), 1) for have, fits in zip((height, width), fitting, strict=True)]
    crop = []
    for have, kept in zip((height, width), keep, strict=True):
        before = (have - kept) // 2
        crop.append((before, have - kept - before))
    return call.add("crop", name, "crop", crop=tuple(crop)) if np.any(crop) else name


def _pad_to_shape(call: Call, name: str, size: tuple[int, int], fill: float) -> str:
    height, width, _ = call.net.shape(name)
    fitting = _matching(height, width, size)
    # Keras adds the same on both sides, so that the sum may be one short of the shape.
    sides = [max(fits - have, 0) // 2 for have, fits in zip((height, width), fitting, strict=True)]
    if not any(sides):
        return name
    if fill:
        name = call.scale(name, 1.0, -fill, "from_fill")
    name = call.add("pad", name, "pad", padding=tuple((side, side) for side in sides))
    return call.scale(name, 1.0, fill, "to_fill") if fill else name
