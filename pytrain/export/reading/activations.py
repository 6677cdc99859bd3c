"""The table of Keras's activations: how each becomes nodes of the plain network.

What TensorFlow.js has keeps its kind; the others are written out with it, so that both formats can say them.
The definitions are those of Keras 3, keras/src/activations/activations.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytrain.export.network import ACTIVATIONS as KINDS
from pytrain.export.reading.builder import Call
from pytrain.model.backend import keras

Lower = Callable[..., str]

ACTIVATIONS: dict[str, Lower] = {}
"""Adds the nodes of a call, given the activation's settings, and returns the last one's name."""


def activation(lower: Lower) -> Lower:
    ACTIVATIONS[lower.__name__] = lower
    return lower


def known_name(function: Any) -> str | None:
    """What the table calls an activation function of Keras's own; None for any other."""
    name = getattr(function, "__name__", "")
    own = getattr(function, "__module__", "").startswith("keras.")
    return name if own and name in ACTIVATIONS else None


def activate(call: Call, source: str, function: Any) -> str:
    """Adds the activation that a layer carries, after the node `source`.

    Raises:
        ExportError: it is not one of Keras's, or cannot be carried.
    """
    if function is None or function is keras.activations.linear:
        return source
    name = known_name(function)
    if name is None:
        given = getattr(function, "__name__", type(function).__name__)
        raise call.refusal(
            f"has the activation {given}",
            "Choose another, or put it in a layer of its own behind this one.",
            expected=f"one of {', '.join(sorted(ACTIVATIONS))}",
        )
    return ACTIVATIONS[name](Call(call.net, call.layer, f"{call.name}_{name}", [source]))


def primitive(call: Call, kind: str, source: str | None = None, part: str = "", **config: Any) -> str:
    """Adds one of the plain network's own activations."""
    assert set(config) == set(KINDS[kind])
    return call.add("activation", source, part, activation=kind, **config)


@activation
def linear(call: Call) -> str:
    return call.input


@activation
def relu(
    call: Call, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> str:
    if negative_slope and max_value is None and not threshold:
        return primitive(call, "leaky_relu", negative_slope=float(negative_slope))
    if threshold:
        positive = primitive(call, "thresholded_relu", threshold=float(threshold))
        if max_value is not None:
            positive = clip(call, positive, 0.0, float(max_value))
    elif max_value is None:
        positive = primitive(call, "relu")
    else:
        positive = capped(call, call.input, float(max_value))
    if not negative_slope:
        return positive
    below = primitive(call, "relu", call.scale(call.input, -1.0, threshold, "mirrored"), "below")
    return call.add("subtract", [positive, call.scale(below, negative_slope, 0.0, "sloped")], "sum")


@activation
def relu6(call: Call) -> str:
    return primitive(call, "relu6")


@activation
def leaky_relu(call: Call, negative_slope: float = 0.2) -> str:
    return primitive(call, "leaky_relu", negative_slope=float(negative_slope))


@activation
def elu(call: Call, alpha: float = 1.0) -> str:
    if alpha == 1.0:
        return primitive(call, "elu")
    # TensorFlow.js knows alpha = 1 alone: the part above zero stays, the part below is stretched.
    below = call.scale(primitive(call, "elu", part="elu"), -1.0, 0.0, "mirrored")
    below = call.scale(primitive(call, "relu", below, "below"), alpha, 0.0, "stretched")
    return call.add("subtract", [primitive(call, "relu", part="above"), below], "sum")


@activation
def selu(call: Call) -> str:
    return primitive(call, "selu")


@activation
def celu(call: Call, alpha: float = 1.0) -> str:
    inner = primitive(call, "elu", call.scale(call.input, 1 / alpha, 0.0, "in"))
    return call.scale(inner, alpha, 0.0, "out")


@activation
def sigmoid(call: Call) -> str:
    return primitive(call, "sigmoid")


@activation
def log_sigmoid(call: Call) -> str:
    inner = primitive(call, "softplus", call.scale(call.input, -1.0, 0.0, "in"))
    return call.scale(inner, -1.0, 0.0, "out")


@activation
def hard_sigmoid(call: Call) -> str:
    return call.scale(primitive(call, "relu6", call.scale(call.input, 1.0, 3.0, "in")), 1 / 6, 0.0, "out")


@activation
def sparse_sigmoid(call: Call) -> str:
    return call.scale(primitive(call, "relu6", call.scale(call.input, 3.0, 3.0, "in")), 1 / 6, 0.0, "out")


@activation
def hard_tanh(call: Call) -> str:
    return call.scale(primitive(call, "relu6", call.scale(call.input, 3.0, 3.0, "in")), 1 / 3, -1.0, "out")


@activation
def silu(call: Call) -> str:
    return primitive(call, "silu")


@activation
def hard_silu(call: Call) -> str:
    return call.add("multiply", [call.input, hard_sigmoid(call)], "product")


@activation
def tanh(call: Call) -> str:
    return primitive(call, "tanh")


@activation
def tanh_shrink(call: Call) -> str:
    return call.add("subtract", [call.input, primitive(call, "tanh")], "difference")


@activation
def softplus(call: Call) -> str:
    return primitive(call, "softplus")


@activation
def sparse_plus(call: Call) -> str:
    # x + 1 between 0 and 2, squared, is the bend between -1 and 1; above it goes on straight.
    bend = capped(call, call.scale(call.input, 1.0, 1.0, "in"), 2.0)
    bend = call.scale(call.add("multiply", [bend, bend], "square"), 0.25, 0.0, "bend")
    above = primitive(call, "relu", call.scale(call.input, 1.0, -1.0, "beyond"), "above")
    return call.add("add", [bend, above], "sum")


@activation
def squareplus(call: Call, b: float = 4.0) -> str:
    square = call.scale(call.add("multiply", [call.input, call.input], "square"), 1.0, b, "in")
    total = call.add("add", [call.input, primitive(call, "sqrt", square, "sqrt")], "sum")
    return call.scale(total, 0.5, 0.0, "out")


@activation
def softsign(call: Call) -> str:
    return primitive(call, "softsign")


@activation
def soft_shrink(call: Call, threshold: float = 0.5) -> str:
    above = primitive(call, "relu", call.scale(call.input, 1.0, -threshold, "beyond"), "above")
    below = primitive(call, "relu", call.scale(call.input, -1.0, -threshold, "mirrored"), "below")
    return call.add("subtract", [above, below], "sum")


@activation
def hard_shrink(call: Call, threshold: float = 0.5) -> str:
    above = primitive(call, "thresholded_relu", part="above", threshold=float(threshold))
    mirrored = call.scale(call.input, -1.0, 0.0, "mirrored")
    below = primitive(call, "thresholded_relu", mirrored, "below", threshold=float(threshold))
    return call.add("subtract", [above, below], "sum")


@activation
def threshold(call: Call, threshold: float, default_value: float) -> str:
    if not default_value:
        return primitive(call, "thresholded_relu", threshold=float(threshold))
    raised = call.scale(call.input, 1.0, -default_value, "in")
    inner = primitive(call, "thresholded_relu", raised, threshold=float(threshold - default_value))
    return call.scale(inner, 1.0, default_value, "out")


@activation
def gelu(call: Call, approximate: bool = False) -> str:
    return primitive(call, "gelu_tanh" if approximate else "gelu")


@activation
def mish(call: Call) -> str:
    return primitive(call, "mish")


@activation
def exponential(call: Call) -> str:
    return primitive(call, "exponential")


@activation
def softmax(call: Call, axis: int = -1) -> str:
    return over_axis(call, axis, "softmax")


@activation
def log_softmax(call: Call, axis: int = -1) -> str:
    return over_axis(call, axis, "log_softmax")


def over_axis(call: Call, axis: int, kind: str) -> str:
    """A kind that goes over the last axis, over any other: that axis changes places with the last."""
    rank, axis = len(call.shape), call.axis(axis)
    if axis == rank:
        return call.add(kind)
    order = list(range(1, rank + 1))
    order[axis - 1], order[-1] = order[-1], order[axis - 1]
    swapped = call.add("permute", part="to_last", order=tuple(order))
    return call.add("permute", call.add(kind, swapped), "from_last", order=tuple(order))


def capped(call: Call, source: str, high: float) -> str:
    """Between 0 and `high`: relu6 in another measure."""
    if high == 6.0:
        return primitive(call, "relu6", source)
    if high == 0.0:
        return call.scale(source, 0.0)
    inner = primitive(call, "relu6", call.scale(source, 6.0 / high, 0.0, "to_six"))
    return call.scale(inner, high / 6.0, 0.0, "from_six")


def clip(call: Call, source: str, low: Any, high: Any) -> str:
    """Between two bounds (numbers, vectors along the last axis, or None), exactly: no scaling rounds them."""
    if low is not None:
        source = call.add("maximum", [source, call.scale(source, 0.0, low, "low")], "maximum")
    if high is not None:
        source = call.add("minimum", [source, call.scale(source, 0.0, high, "high")], "minimum")
    return source
