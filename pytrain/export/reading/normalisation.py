"""The rows of the table of layers that scale and normalise."""

from __future__ import annotations

import numpy as np

from pytrain.export.network import Array
from pytrain.export.reading.builder import Call
from pytrain.export.reading.table import row


@row(
    "BatchNormalization",
    carried="scale, which is folded into the convolution or Dense before it where nobody else reads that",
)
def _batch_normalization(call: Call) -> str:
    layer = call.layer
    # Keras 2 wrote a list.
    (given,) = [layer.axis] if isinstance(layer.axis, int) else layer.axis
    axis, rank = call.axis(given), len(call.shape)
    mean, variance = call.needed("moving_mean"), call.needed("moving_variance")

    def scale() -> Array:
        gamma = call.weight("gamma")
        root = np.sqrt(variance.astype(np.float64) + layer.epsilon)
        return np.asarray((1.0 if gamma is None else gamma) / root)

    def offset() -> Array:
        beta = call.weight("beta")
        exact = scale()
        return np.asarray((0.0 if beta is None else beta) - mean * exact)

    weights = {"scale": call.once("folded_scale", scale), "offset": call.once("folded_offset", offset)}
    if axis == rank:
        return call.add("scale", call.input, weights=weights)
    order = [*(entry for entry in range(1, rank + 1) if entry != axis), axis]
    back = tuple(order.index(entry) + 1 for entry in range(1, rank + 1))
    moved = call.add("permute", call.input, "to_last", order=tuple(order))
    return call.add("permute", call.add("scale", moved, weights=weights), "from_last", order=back)


def _over_last(call: Call) -> None:
    """Holds that a normalisation goes over the last axis.

    Raises:
        ExportError: it goes over another, or over several.
    """
    given = call.layer.axis
    axes = [given] if isinstance(given, int) else list(given)
    if [call.axis(axis) for axis in axes] != [len(call.shape)]:
        raise call.refusal(f"goes over axis {given}", "Let it go over the last axis: axis=-1.")


@row("LayerNormalization", carried="layer_norm", restriction="over the last axis")
def _layer_normalization(call: Call) -> str:
    _over_last(call)
    if getattr(call.layer, "rms_scaling", False):
        raise call.refusal("has rms_scaling", "Use RMSNormalization.")
    weights = {name: call.weight(name) for name in ("gamma", "beta")}
    return call.add(
        "layer_norm",
        call.input,
        weights={name: values for name, values in weights.items() if values is not None},
        epsilon=float(call.layer.epsilon),
    )


@row(
    "GroupNormalization", carried="layer_norm over each group, and a scale", restriction="over the last axis"
)
def _group_normalization(call: Call) -> str:
    _over_last(call)
    channels, rank = call.shape[-1], len(call.shape)
    groups = channels if call.layer.groups == -1 else call.layer.groups
    name = call.input
    order = (rank, *range(1, rank))
    name = call.add("permute", name, "groups_first", order=order)
    turned = call.net.shape(name)
    name = call.add("reshape", name, "groups", shape=(groups, int(np.prod(turned)) // groups))
    name = call.add("layer_norm", name, "normalised", epsilon=float(call.layer.epsilon))
    name = call.add("reshape", name, "channels", shape=turned)
    name = call.add("permute", name, "channels_last", order=(*range(2, rank + 1), 1))
    gamma, beta = call.weight("gamma"), call.weight("beta")
    if gamma is None and beta is None:
        return name
    return call.scale(name, 1.0 if gamma is None else gamma, 0.0 if beta is None else beta)


@row(
    "RMSNormalization", carried="layer_norm of x beside -x, whose mean is 0", restriction="over the last axis"
)
def _rms_normalization(call: Call) -> str:
    _over_last(call)
    name = _over_root_mean_square(call, float(call.layer.epsilon))
    return call.scale(name, call.needed("scale"))


UNIT_EPSILON = 1e-12
"""Keras's least sum of squares that UnitNormalization divides by the root of."""


@row(
    "UnitNormalization",
    carried="layer_norm of x beside -x, whose mean is 0",
    restriction="over the last axis; a vector shorter than 0.0001 comes out shorter than 1",
)
def _unit_normalization(call: Call) -> str:
    _over_last(call)
    channels = call.shape[-1]
    return call.scale(_over_root_mean_square(call, UNIT_EPSILON / channels), 1 / np.sqrt(channels))


def _over_root_mean_square(call: Call, epsilon: float) -> str:
    """x / sqrt(mean(x * x) + epsilon) along the last axis."""
    *places, channels = call.shape
    mirrored = call.scale(call.input, -1.0, part="mirrored")
    name = call.add("concatenate", [call.input, mirrored], "both", axis=len(call.shape))
    name = call.add("layer_norm", name, "normalised", epsilon=epsilon)
    # What came from x is cut off as a column: a matrix to pick it would weigh more than many a network.
    name = call.add("reshape", name, "halves", shape=(int(np.prod(places)), 2, channels))
    name = call.add("crop", name, "first", crop=((0, 0), (0, 1)))
    return call.add("reshape", name, "whole", shape=call.shape)


@row("LayerScale", carried="scale (ConvNeXt's own layer)")
def _layer_scale(call: Call) -> str:
    return call.scale(call.input, call.needed("gamma"), part="")


@row("CustomScaleLayer", carried="scale and add (InceptionResNetV2's own layer)")
def _custom_scale_layer(call: Call) -> str:
    first, second = call.inputs
    return call.add("add", [first, call.scale(second, call.layer.scale)])


@row("Rescaling", carried="scale", restriction="one number, or one for each channel")
def _rescaling(call: Call) -> str:
    scale, offset = (call.along_last(getattr(call.layer, name), name) for name in ("scale", "offset"))
    return call.scale(call.input, scale, offset, part="")


KERAS_EPSILON = 1e-7
"""The least deviation that Keras's Normalization divides by: keras.config.epsilon()."""


@row(
    "Normalization", carried="scale", restriction="one number, or one for each channel; adapted or given them"
)
def _normalization(call: Call) -> str:
    layer = call.layer
    if getattr(layer, "mean", None) is None:
        raise call.refusal("has no mean yet", "Call its adapt, or give it mean and variance.")
    mean = call.along_last(call.needed("mean"), "a mean")
    root = np.maximum(np.sqrt(call.along_last(call.needed("variance"), "a variance")), KERAS_EPSILON)
    if layer.invert:
        return call.scale(call.input, root, mean, part="")
    return call.scale(call.input, 1 / root, -mean / root, part="")
