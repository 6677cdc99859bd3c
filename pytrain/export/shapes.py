"""The shape that each kind of the plain network gives, from its settings and the shapes that it reads."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from pytrain.export.network import Array

Shape = tuple[int, ...]
Config = Mapping[str, Any]
Weights = Mapping[str, Array]
Rule = Callable[[Config, Weights, Sequence[Shape]], Shape]


def shape_of(kind: str, config: Config, weights: Weights, inputs: Sequence[Shape]) -> Shape:
    """The output's shape without the batch."""
    shape = RULES[kind](config, weights, inputs)
    return tuple(int(size) for size in shape)


def same_padding(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """What TensorFlow's "same" adds before and after one axis of that size."""
    reach = (kernel - 1) * dilation + 1
    total = max((math.ceil(size / stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2


def _window(
    config: Config, kernel: Sequence[int], strides: Sequence[int], dilation: Sequence[int], picture: Shape
) -> Shape:
    """Height and width after a window has gone over a picture."""
    if config["padding"] == "same":
        return tuple(math.ceil(size / stride) for size, stride in zip(picture, strides, strict=True))
    padding = ((0, 0), (0, 0)) if config["padding"] == "valid" else config["padding"]
    return tuple(
        (size + sum(added) - ((k - 1) * d + 1)) // s + 1
        for size, added, k, d, s in zip(picture, padding, kernel, dilation, strides, strict=True)
    )


def _conv2d(config: Config, weights: Weights, inputs: Sequence[Shape]) -> Shape:
    kernel = weights["kernel"].shape
    picture = _window(config, kernel[:2], config["strides"], config["dilation"], inputs[0][:2])
    return (*picture, kernel[3])


def _depthwise(config: Config, weights: Weights, inputs: Sequence[Shape]) -> Shape:
    kernel = weights["depthwise_kernel"].shape
    picture = _window(config, kernel[:2], config["strides"], config["dilation"], inputs[0][:2])
    return (*picture, kernel[2] * kernel[3])


def _transpose(config: Config, weights: Weights, inputs: Sequence[Shape]) -> Shape:
    kernel = weights["kernel"].shape
    picture = [
        size * stride + (0 if config["padding"] == "same" else max(reach - stride, 0))
        for size, stride, reach in zip(inputs[0][:2], config["strides"], kernel[:2], strict=True)
    ]
    return (*picture, kernel[2])


def _pool(config: Config, weights: Weights, inputs: Sequence[Shape]) -> Shape:
    picture = _window(config, config["pool"], config["strides"], (1, 1), inputs[0][:2])
    return (*picture, inputs[0][2])


def _global(config: Config, weights: Weights, inputs: Sequence[Shape]) -> Shape:
    return (1, 1, inputs[0][2]) if config["keepdims"] else (inputs[0][2],)


def _first(config: Config, weights: Weights, inputs: Sequence[Shape]) -> Shape:
    return inputs[0]


def _broadcast(config: Config, weights: Weights, inputs: Sequence[Shape]) -> Shape:
    return np.broadcast_shapes(*inputs)


def _concatenate(config: Config, weights: Weights, inputs: Sequence[Shape]) -> Shape:
    axis = config["axis"] - 1
    return (*inputs[0][:axis], sum(shape[axis] for shape in inputs), *inputs[0][axis + 1 :])


def _permute(config: Config, weights: Weights, inputs: Sequence[Shape]) -> Shape:
    return tuple(inputs[0][axis - 1] for axis in config["order"])


def _pad(config: Config, weights: Weights, inputs: Sequence[Shape]) -> Shape:
    (top, bottom), (left, right) = config["padding"]
    height, width, channels = inputs[0]
    return height + top + bottom, width + left + right, channels


def _crop(config: Config, weights: Weights, inputs: Sequence[Shape]) -> Shape:
    (top, bottom), (left, right) = config["crop"]
    height, width, channels = inputs[0]
    return height - top - bottom, width - left - right, channels


def _upsample(config: Config, weights: Weights, inputs: Sequence[Shape]) -> Shape:
    height, width, channels = inputs[0]
    return height * config["factors"][0], width * config["factors"][1], channels


RULES: dict[str, Rule] = {
    "input": lambda config, weights, inputs: tuple(config["shape"]),
    "conv2d": _conv2d,
    "depthwise_conv2d": _depthwise,
    "conv2d_transpose": _transpose,
    "dense": lambda config, weights, inputs: (*inputs[0][:-1], weights["kernel"].shape[1]),
    "scale": _first,
    "layer_norm": _first,
    "activation": _first,
    "softmax": _first,
    "log_softmax": _first,
    "max_pool": _pool,
    "average_pool": _pool,
    "global_max": _global,
    "global_mean": _global,
    "add": _broadcast,
    "subtract": _broadcast,
    "multiply": _broadcast,
    "average": _broadcast,
    "maximum": _broadcast,
    "minimum": _broadcast,
    "concatenate": _concatenate,
    "reshape": lambda config, weights, inputs: tuple(config["shape"]),
    "permute": _permute,
    "pad": _pad,
    "crop": _crop,
    "upsample": _upsample,
    "resize": lambda config, weights, inputs: (*config["size"], inputs[0][2]),
}
