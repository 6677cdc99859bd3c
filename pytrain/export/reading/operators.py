"""The table of Keras operations: what a functional model does without a layer, such as x + 3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pytrain.export.reading import activations, resampling
from pytrain.export.reading.activations import primitive
from pytrain.export.reading.builder import Call, Ref
from pytrain.export.reading.lower import reshaped
from pytrain.export.reading.table import Row, kept_in
from pytrain.model.backend import keras

OPERATIONS: dict[str, Row] = {}
"""The supported operations by Keras class."""


operation = kept_in(OPERATIONS)


def lower_operation(call: Call) -> str:
    """Adds the nodes of one operation.

    Raises:
        ExportError: it is not in the table, or what it was called with cannot be carried.
    """
    kind = type(call.layer).__name__
    if kind not in OPERATIONS or not type(call.layer).__module__.startswith("keras."):
        raise call.refusal("is not supported", "Replace it with layers of the table in docs/layers.md.")
    return OPERATIONS[kind].lower(call)


ACTIVATIONS = {
    "Celu": ("celu", "alpha"),
    "Elu": ("elu", "alpha"),
    "Exp": ("exponential",),
    "Gelu": ("gelu", "approximate"),
    "HardShrink": ("hard_shrink", "threshold"),
    "HardSigmoid": ("hard_sigmoid",),
    "HardSilu": ("hard_silu",),
    "HardTanh": ("hard_tanh",),
    "LeakyRelu": ("leaky_relu", "negative_slope"),
    "LogSigmoid": ("log_sigmoid",),
    "LogSoftmax": ("log_softmax", "axis"),
    "ReLU": ("relu", "negative_slope", "max_value", "threshold"),
    "Relu": ("relu",),
    "Relu6": ("relu6",),
    "Selu": ("selu",),
    "Sigmoid": ("sigmoid",),
    "Silu": ("silu",),
    "SoftShrink": ("soft_shrink", "threshold"),
    "Softmax": ("softmax", "axis"),
    "Softplus": ("softplus",),
    "Softsign": ("softsign",),
    "SparsePlus": ("sparse_plus",),
    "SparseSigmoid": ("sparse_sigmoid",),
    "Squareplus": ("squareplus", "b"),
    "Tanh": ("tanh",),
    "TanhShrink": ("tanh_shrink",),
    "Threshold": ("threshold", "threshold", "default_value"),
}
"""Operations that are activations: which one, and where its settings stand."""


@operation(*ACTIVATIONS, carried="the activation of that name")
def _activation(call: Call) -> str:
    name, *settings = ACTIVATIONS[type(call.layer).__name__]
    return activations.ACTIVATIONS[name](call, **{key: getattr(call.layer, key) for key in settings})


@operation("Cast", "Copy", "StopGradient", carried="dropped", restriction="the values stay floating-point")
def _same(call: Call) -> str:
    return call.input


# Two operands, either of which may be numbers.


def _operands(call: Call) -> tuple[Any, Any]:
    given = [*call.args, *call.kwargs.values()]
    if len(given) != 2:
        raise call.refusal(f"takes {len(given)} operands", "Give it two.")
    return given[0], given[1]


def _binary(call: Call, kind: str) -> str:
    """Two tensors of one rank: with different ones Keras would pair the batch with another axis."""
    shapes = [call.net.shape(name) for name in call.inputs]
    if len({len(shape) for shape in shapes}) > 1:
        raise call.refusal(
            f"reads shapes of different ranks: {[['batch', *shape] for shape in shapes]}",
            "Reshape them to the same rank.",
        )
    return call.add(kind)


def _numbers(call: Call, value: Any) -> Any:
    return call.along_last(keras.ops.convert_to_numpy(value), "an operand")


ALONG_CHANNELS = "an operand that is no tensor is one number, or one for each channel"


@operation("Add", carried="add, or scale", restriction=ALONG_CHANNELS)
def _add(call: Call) -> str:
    first, second = _operands(call)
    if isinstance(first, Ref) and isinstance(second, Ref):
        return _binary(call, "add")
    return call.scale(call.input, 1.0, _numbers(call, second if isinstance(first, Ref) else first), part="")


@operation("Subtract", carried="subtract, or scale", restriction=ALONG_CHANNELS)
def _subtract(call: Call) -> str:
    first, second = _operands(call)
    if isinstance(first, Ref) and isinstance(second, Ref):
        return _binary(call, "subtract")
    if isinstance(first, Ref):
        return call.scale(call.input, 1.0, -_numbers(call, second), part="")
    return call.scale(call.input, -1.0, _numbers(call, first), part="")


@operation("Multiply", carried="multiply, or scale", restriction=ALONG_CHANNELS)
def _multiply(call: Call) -> str:
    first, second = _operands(call)
    if isinstance(first, Ref) and isinstance(second, Ref):
        return _binary(call, "multiply")
    return call.scale(call.input, _numbers(call, second if isinstance(first, Ref) else first), part="")


@operation("Divide", "TrueDivide", carried="scale, or multiply by the reciprocal", restriction=ALONG_CHANNELS)
def _divide(call: Call) -> str:
    first, second = _operands(call)
    if not isinstance(second, Ref):
        return call.scale(call.input, 1 / _numbers(call, second), part="")
    inverse = primitive(call, "reciprocal", second, "reciprocal")
    if isinstance(first, Ref):
        inner = Call(call.net, call.layer, call.name, [first, inverse])
        return _binary(inner, "multiply")
    return call.scale(inverse, _numbers(call, first), part="")


@operation("Maximum", "Minimum", carried="maximum, minimum", restriction=ALONG_CHANNELS)
def _extremum(call: Call) -> str:
    kind = type(call.layer).__name__.lower()
    first, second = _operands(call)
    if isinstance(first, Ref) and isinstance(second, Ref):
        return _binary(call, kind)
    bound = _numbers(call, second if isinstance(first, Ref) else first)
    return call.add(kind, [call.input, call.scale(call.input, 0.0, bound, "bound")])


@operation("Power", carried="multiply or sqrt", restriction="to the power of 2, 0.5 or -1")
def _power(call: Call) -> str:
    first, second = _operands(call)
    powers: dict[float, Callable[[Call], str]] = {2.0: _square, 0.5: _sqrt, -1.0: _reciprocal}
    if not isinstance(first, Ref) or isinstance(second, Ref) or np.size(second) != 1:
        raise call.refusal("has tensors for an exponent", "Raise to the power of 2, 0.5 or -1.")
    exponent = float(np.asarray(second).reshape(()))
    if exponent not in powers:
        raise call.refusal(f"raises to the power of {exponent:g}", "Raise to the power of 2, 0.5 or -1.")
    return powers[exponent](call)


# One operand.


@operation("Negative", carried="scale")
def _negative(call: Call) -> str:
    return call.scale(call.input, -1.0, part="")


@operation("Absolute", "Abs", carried="two relu")
def _absolute(call: Call) -> str:
    below = primitive(call, "relu", call.scale(call.input, -1.0, 0.0, "mirrored"), "below")
    return call.add("add", [primitive(call, "relu", call.input, "above"), below])


@operation("Square", carried="multiply")
def _square(call: Call) -> str:
    return call.add("multiply", [call.input, call.input])


@operation("Sqrt", carried="activation")
def _sqrt(call: Call) -> str:
    return primitive(call, "sqrt")


@operation("Rsqrt", carried="activation, twice")
def _rsqrt(call: Call) -> str:
    return primitive(call, "reciprocal", primitive(call, "sqrt", part="sqrt"))


@operation("Log", carried="activation")
def _log(call: Call) -> str:
    return primitive(call, "log")


@operation("Reciprocal", carried="activation")
def _reciprocal(call: Call) -> str:
    return primitive(call, "reciprocal")


@operation("Clip", carried="maximum and minimum", restriction="one number, or one for each channel")
def _clip(call: Call) -> str:
    low, high = (None if end is None else _numbers(call, end) for end in (call.layer.x_min, call.layer.x_max))
    if low is not None and high is not None and np.all(low == 0) and np.all(high == 6):
        return activations.relu6(call)
    return activations.clip(call, call.input, low, high)


@operation("Glu", carried="two dense, sigmoid and multiply", restriction="over the last axis, which is even")
def _glu(call: Call) -> str:
    channels, axis = call.shape[-1], call.layer.axis
    if call.axis(axis) != len(call.shape) or channels % 2:
        raise call.refusal(
            f"splits axis {axis} of {call.shape}", "Split the last axis into two equal halves."
        )
    first, gate = (
        call.add("dense", part=part, weights={"kernel": call.once(part, half.copy)}, activation="linear")
        for part, half in zip(("first", "gate"), np.hsplit(np.eye(channels), 2), strict=True)
    )
    return call.add("multiply", [first, primitive(call, "sigmoid", gate, "sigmoid")])


# Over several numbers.


@operation(
    *("Mean", "Max", "Amax", "Sum"),
    carried="global_mean, global_max; along the last axis a dense or a global_max",
    restriction="over height and width, or along the last axis; the maximum of a vector alone",
)
def _reduce(call: Call) -> str:
    axes = call.layer.axis
    over = sorted(call.axis(axis) for axis in axes) if axes is not None and 0 not in axes else axes
    if getattr(call.layer, "initial", None) is None:
        if over == [len(call.shape)]:
            return _along_last(call)
        if over == [1, 2]:
            return _over_picture(call)
    raise call.refusal(
        f"goes over axis {axes}", "Let it go over height and width, axis=(1, 2), or along the last axis."
    )


def _along_last(call: Call) -> str:
    channels, kind = call.shape[-1], type(call.layer).__name__
    _keeps_a_number(call)
    if kind in {"Max", "Amax"}:
        name = greatest(call)
    else:
        share = 1 / channels if kind == "Mean" else 1.0
        kernel = call.once("row", lambda: np.full((channels, 1), share))
        name = call.add("dense", weights={"kernel": kernel}, activation="linear")
    return name if call.layer.keepdims else call.add("reshape", name, "flat", shape=call.shape[:-1])


def _keeps_a_number(call: Call) -> None:
    """Raises ExportError where nothing but the batch would be left."""
    if len(call.shape) == 1 and not call.layer.keepdims:
        raise call.refusal("leaves one number without an axis", "Keep the axis: keepdims=True.")


def greatest(call: Call) -> str:
    """The greatest number of a vector, as a vector of one: it stands up as a picture of one channel."""
    if len(call.shape) != 1:
        raise call.refusal(
            f"takes the maximum along the last axis of {['batch', *call.shape]}",
            "Give it a vector, [batch, numbers], or use GlobalMaxPooling2D.",
        )
    column = call.add("reshape", part="column", shape=(*call.shape, 1, 1))
    return call.add("global_max", column, "greatest", keepdims=False)


@operation(
    "Logsumexp",
    carried="the greatest, and a dense sum of what is left",
    restriction="along a vector, keepdims=True",
)
def _logsumexp(call: Call) -> str:
    axes = call.layer.axis
    over = [call.axis(axis) for axis in ([axes] if isinstance(axes, int) else axes or [0])]
    if over != [len(call.shape)]:
        raise call.refusal(f"goes over axis {axes}", "Let it go along the last axis: axis=-1.")
    _keeps_a_number(call)
    top = greatest(call)
    # So that no exponential overflows.
    below = primitive(call, "exponential", call.add("subtract", [call.input, top], "below"), "powers")
    kernel = call.once("row", lambda: np.ones((call.shape[-1], 1)))
    total = call.add("dense", below, "sum", weights={"kernel": kernel}, activation="linear")
    return call.add("add", [primitive(call, "log", total, "log"), top])


def _over_picture(call: Call) -> str:
    height, width, _ = call.picture()
    kind = "global_max" if type(call.layer).__name__ in {"Max", "Amax"} else "global_mean"
    keepdims = bool(call.layer.keepdims)
    if type(call.layer).__name__ == "Sum":
        return call.scale(call.add(kind, part="mean", keepdims=keepdims), height * width, part="")
    return call.add(kind, keepdims=keepdims)


@operation("MaxPool", "AveragePool", carried="max_pool, average_pool")
def _pool(call: Call) -> str:
    call.picture()
    layer = call.layer
    pool, strides = (
        (value, value) if isinstance(value, int) else tuple(value)
        for value in (layer.pool_size, layer.pool_size if layer.strides is None else layer.strides)
    )
    kind = "max_pool" if type(layer).__name__ == "MaxPool" else "average_pool"
    return call.add(kind, pool=pool, strides=strides, padding=layer.padding)


@operation("Resize", carried="resize")
def _resize(call: Call) -> str:
    call.picture()
    height, width = call.layer.size
    return resampling.resizing(call, (int(height), int(width)))


@operation("Pad", carried="pad", restriction="height and width, with zeros")
def _pad(call: Call) -> str:
    call.picture()
    layer = call.layer
    widths = [tuple(pair) for pair in layer.pad_width] * (4 if len(layer.pad_width) == 1 else 1)
    given = [value for value in [*call.args[1:], *call.kwargs.values()] if not isinstance(value, Ref)]
    filled = any(value is not None and np.any(np.asarray(value)) for value in given)
    if layer.mode != "constant" or filled or any(widths[0]) or any(widths[3]):
        raise call.refusal(
            f"pads by {layer.pad_width} ({layer.mode})", "Pad height and width with zeros: ZeroPadding2D."
        )
    return call.add("pad", call.input, padding=(widths[1], widths[2]))


# Shape.


@operation("Reshape", carried="reshape", restriction="the batch stays first")
def _reshape(call: Call) -> str:
    batch, *target = call.layer.newshape
    if batch not in (-1, None) or sum(entry in (-1, None) for entry in target) > (batch is None):
        raise call.refusal(
            f"reshapes to {tuple(call.layer.newshape)}", "Keep the batch: keras.layers.Reshape, or (-1, ...)."
        )
    return reshaped(call, target)


@operation("Transpose", carried="permute", restriction="the batch stays first")
def _transpose(call: Call) -> str:
    rank = len(call.shape)
    axes = list(range(rank, -1, -1)) if call.layer.axes is None else [a % (rank + 1) for a in call.layer.axes]
    if axes[0] != 0:
        raise call.refusal(f"moves the batch: {call.layer.axes}", "Keep axis 0 first.")
    return call.add("permute", order=tuple(axes[1:]))


@operation("Squeeze", carried="reshape", restriction="over a named axis")
def _squeeze(call: Call) -> str:
    axes = call.layer.axis
    if axes is None:
        raise call.refusal("names no axis", "Say which axis it takes away.")
    gone = {call.axis(axis) for axis in ([axes] if isinstance(axes, int) else axes)}
    shape = tuple(size for axis, size in enumerate(call.shape, start=1) if axis not in gone)
    return call.add("reshape", shape=shape)


@operation("ExpandDims", carried="reshape")
def _expand_dims(call: Call) -> str:
    axes = call.layer.axis
    axes = [axes] if isinstance(axes, int) else list(axes)
    rank = len(call.shape) + len(axes)
    new = {call.axis(axis, rank) for axis in axes}
    sizes = iter(call.shape)
    return call.add("reshape", shape=tuple(1 if axis in new else next(sizes) for axis in range(1, rank + 1)))


@operation("Concatenate", carried="concatenate")
def _concatenate(call: Call) -> str:
    return call.add("concatenate", axis=call.axis(call.layer.axis, len(call.net.shape(call.inputs[0]))))


@operation("Stack", carried="reshape and concatenate")
def _stack(call: Call) -> str:
    shape = call.net.shape(call.inputs[0])
    axis = call.axis(call.layer.axis, len(shape) + 1)
    single = (*shape[: axis - 1], 1, *shape[axis - 1 :])
    parts = [call.add("reshape", name, "part", shape=single) for name in call.inputs]
    return call.add("concatenate", parts, axis=axis)


@operation(
    "GetItem",
    carried="crop; dense for channels",
    restriction="slices of height and width without a step; channels by slices or one by its number",
)
def _get_item(call: Call) -> str:
    key = call.args[1] if len(call.args) > 1 else call.kwargs["key"]
    key = list(key) if isinstance(key, tuple) else [key]
    rank = len(call.shape)
    if Ellipsis in key:
        place = key.index(Ellipsis)
        key[place : place + 1] = [slice(None)] * (rank + 2 - len(key))
    key += [slice(None)] * (rank + 1 - len(key))
    channel = key[-1] if isinstance(key[-1], int) else None
    if channel is not None:
        channel %= call.shape[-1]
        key[-1] = slice(channel, channel + 1)
    plain = all(isinstance(entry, slice) for entry in key) and len(key) == rank + 1
    if not plain or key[0] != slice(None) or (rank != 3 and any(entry != slice(None) for entry in key[1:-1])):
        raise call.refusal("takes single rows or other batches", "Take slices of height, width or channels.")
    name = call.input
    cuts = []
    for entry, size in zip(key[1:-1], call.shape, strict=False):
        start, stop, step = entry.indices(size)
        if step != 1:
            raise call.refusal(f"takes every {step}th row", "Use a pooling layer with strides.")
        cuts.append((start, size - stop))
    if np.any(cuts):
        name = call.add("crop", name, crop=tuple(cuts))
    if key[-1] != slice(None):
        chosen = np.eye(call.shape[-1])[:, key[-1]]
        weights = {"kernel": call.once(repr(key[-1]), lambda: chosen)}
        name = call.add("dense", name, weights=weights, activation="linear")
    return name if channel is None else call.add("reshape", name, "channel", shape=call.net.shape(name)[:-1])
