"""The rows of the table of layers that multiply by a kernel: convolutions and Dense."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytrain.export.network import Array
from pytrain.export.reading.activations import activate
from pytrain.export.reading.builder import Call
from pytrain.export.reading.table import row

LARGEST_KERNEL = 1 << 24
"""Numbers in a kernel that groups were written out in: 64 MiB, more than any page should load."""


def _bias(call: Call) -> dict[str, Array]:
    bias = call.weight("bias")
    return {} if bias is None else {"bias": bias}


def _window(layer: Any) -> dict[str, Any]:
    return {
        "strides": tuple(layer.strides),
        "padding": layer.padding,
        "dilation": tuple(layer.dilation_rate),
        "activation": "linear",
    }


@row("Dense", carried="dense")
def _dense(call: Call) -> str:
    kernel = call.needed("kernel")
    dense = call.add("dense", call.input, weights={"kernel": kernel, **_bias(call)}, activation="linear")
    return activate(call, dense, call.layer.activation)


@row(
    "Conv2D",
    carried="conv2d; groups as one kernel with zeros between the groups, or as depthwise_conv2d",
    restriction=f"a kernel with groups has at most {LARGEST_KERNEL:,} numbers, its zeros included",
)
def _conv2d(call: Call) -> str:
    channels = call.picture()[2]
    groups, window = call.layer.groups, _window(call.layer)
    if groups == channels > 1:
        kernel = call.once("depthwise_kernel", lambda: _as_depthwise(call.needed("kernel"), channels))
        weights = {"depthwise_kernel": kernel, **_bias(call)}
        return activate(call, call.add("depthwise_conv2d", weights=weights, **window), call.layer.activation)
    kernel = call.needed("kernel")
    if groups > 1:
        if kernel.size * groups > LARGEST_KERNEL:
            raise call.refusal(
                f"has {groups} groups over {channels} channels",
                "Use fewer groups, or DepthwiseConv2D and a Conv2D of 1 x 1.",
            )
        kernel = call.once("block_kernel", lambda: _block_diagonal(call.needed("kernel"), groups))
    convolved = call.add("conv2d", weights={"kernel": kernel, **_bias(call)}, **window)
    return activate(call, convolved, call.layer.activation)


def _as_depthwise(kernel: Array, channels: int) -> Array:
    """[h, w, 1, out] with one group for each channel, to [h, w, channels, out / channels]."""
    height, width, _, out = kernel.shape
    return kernel.reshape(height, width, channels, out // channels)


def _block_diagonal(kernel: Array, groups: int) -> Array:
    """[h, w, in / groups, out] to [h, w, in, out], zero where a group does not look."""
    height, width, ins, outs = kernel.shape
    whole = np.zeros((height, width, ins * groups, outs), np.float32)
    for group, part in enumerate(np.split(kernel, groups, axis=3)):
        here = slice(group * outs // groups, (group + 1) * outs // groups)
        whole[:, :, group * ins : (group + 1) * ins, here] = part
    return whole


@row("DepthwiseConv2D", carried="depthwise_conv2d")
def _depthwise_conv2d(call: Call) -> str:
    call.picture()
    weights = {"depthwise_kernel": call.needed("kernel"), **_bias(call)}
    convolved = call.add("depthwise_conv2d", weights=weights, **_window(call.layer))
    return activate(call, convolved, call.layer.activation)


@row("SeparableConv2D", carried="depthwise_conv2d and a conv2d of 1 x 1")
def _separable_conv2d(call: Call) -> str:
    call.picture()
    depthwise = {"depthwise_kernel": call.needed("depthwise_kernel")}
    inner = call.add("depthwise_conv2d", part="depthwise", weights=depthwise, **_window(call.layer))
    convolved = call.add(
        "conv2d",
        inner,
        weights={"kernel": call.needed("pointwise_kernel"), **_bias(call)},
        **{**_window(call.layer), "strides": (1, 1), "dilation": (1, 1)},
    )
    return activate(call, convolved, call.layer.activation)


@row(
    "Conv2DTranspose",
    carried="conv2d_transpose; output_padding as a crop or a pad behind it",
    restriction="no dilation",
)
def _conv2d_transpose(call: Call) -> str:
    height, width, _ = call.picture()
    layer = call.layer
    if max(layer.dilation_rate) > 1:
        raise call.refusal("has a dilation", "Use UpSampling2D and a dilated Conv2D.")
    weights = {"kernel": call.needed("kernel"), **_bias(call)}
    strides = tuple(layer.strides)
    if layer.output_padding is None:
        convolved = call.add(
            "conv2d_transpose", weights=weights, strides=strides, padding=layer.padding, activation="linear"
        )
        return activate(call, convolved, layer.activation)
    # TensorFlow.js knows no output_padding: the whole result, and then the part of it that Keras keeps. The
    # bias comes last, for it also counts where the whole result has to be made larger.
    whole = call.add(
        "conv2d_transpose",
        part="whole",
        weights={"kernel": weights["kernel"]},
        strides=strides,
        padding="valid",
        activation="linear",
    )
    target = layer.compute_output_shape((None, *call.shape))[1:3]
    cut = [
        _kept(size, kernel, stride, keep, have)
        for size, kernel, stride, keep, have in zip(
            (height, width), layer.kernel_size, strides, target, call.net.shape(whole)[:2], strict=True
        )
    ]
    name = _cut(call, whole, cut)
    if "bias" in weights:
        name = call.scale(name, 1.0, weights["bias"], "bias")
    return activate(call, name, layer.activation)


def _kept(size: int, kernel: int, stride: int, keep: int, have: int) -> tuple[int, int]:
    """What to cut before and after one axis of a transposed convolution (less than none: add zeros).

    It is the gradient of the convolution that makes `size` of `keep`, whose "same" padding was cut off.
    """
    before = max((size - 1) * stride + kernel - keep, 0) // 2
    return before, have - keep - before


def _cut(call: Call, name: str, cut: Sequence[tuple[int, int]]) -> str:
    crop = tuple((max(before, 0), max(after, 0)) for before, after in cut)
    pad = tuple((max(-before, 0), max(-after, 0)) for before, after in cut)
    if np.any(crop):
        name = call.add("crop", name, "crop", crop=crop)
    if np.any(pad):
        name = call.add("pad", name, "pad", padding=pad)
    return name
