"""Writes each activation of the plain network in operations of a TensorFlow.js graph, as few as there are."""

from __future__ import annotations

import math
from collections.abc import Callable

from pytrain.export.network import Node
from pytrain.export.writing.graph_ops import DType, Graph

FUSED = {"relu": "Relu", "relu6": "Relu6", "elu": "Elu", "sigmoid": "Sigmoid", "leaky_relu": "LeakyRelu"}
"""Activations that a convolution or Dense does itself on every backend, and what it calls them."""

SINGLE = {
    "relu": "Relu",
    "relu6": "Relu6",
    "elu": "Elu",
    "selu": "Selu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "softplus": "Softplus",
    "exponential": "Exp",
    "log": "Log",
    "sqrt": "Sqrt",
    "reciprocal": "Reciprocal",
}

GELU_SLOPE = 2 * math.sqrt(2 / math.pi)
GELU_CUBE = 0.044715
"""x * sigmoid(slope * (x + cube * x^3)) is gelu by tanh (Hendrycks & Gimpel, 2016), said with a sigmoid."""

Write = Callable[[Graph, Node, str, str | None], str]


def _single(kind: str) -> Write:
    return lambda graph, node, x, alpha: graph.op(node.name, kind, [x], node.shape)


def _leaky_relu(graph: Graph, node: Node, x: str, alpha: str | None) -> str:
    slope = float(node.config["negative_slope"])
    return graph.op(node.name, "LeakyRelu", [x], node.shape, alpha=slope)


def _prelu(graph: Graph, node: Node, x: str, alpha: str | None) -> str:
    assert alpha is not None
    return graph.op(node.name, "Prelu", [x, alpha], node.shape)


def _thresholded_relu(graph: Graph, node: Node, x: str, alpha: str | None) -> str:
    name, shape = node.name, node.shape
    above = graph.op(f"{name}/above", "Greater", [x, graph.number(node.config["threshold"])], shape)
    mask = graph.op(f"{name}/mask", "Cast", [above], shape, SrcT={"type": "DT_BOOL"}, DstT=DType("float32"))
    return graph.op(name, "Mul", [x, mask], shape)


def _softsign(graph: Graph, node: Node, x: str, alpha: str | None) -> str:
    name, shape = node.name, node.shape
    size = graph.op(f"{name}/abs", "Abs", [x], shape)
    divisor = graph.op(f"{name}/divisor", "AddV2", [size, graph.number(1)], shape)
    return graph.op(name, "RealDiv", [x, divisor], shape)


def _silu(graph: Graph, node: Node, x: str, alpha: str | None) -> str:
    gate = graph.op(f"{node.name}/gate", "Sigmoid", [x], node.shape)
    return graph.op(node.name, "Mul", [x, gate], node.shape)


def _mish(graph: Graph, node: Node, x: str, alpha: str | None) -> str:
    name, shape = node.name, node.shape
    soft = graph.op(f"{name}/softplus", "Softplus", [x], shape)
    gate = graph.op(f"{name}/gate", "Tanh", [soft], shape)
    return graph.op(name, "Mul", [x, gate], shape)


def _gelu(graph: Graph, node: Node, x: str, alpha: str | None) -> str:
    """Half of x, and as much again times erf(x / sqrt 2)."""
    name, shape = node.name, node.shape
    half = graph.op(f"{name}/half", "Mul", [x, graph.number(0.5)], shape)
    inner = graph.op(f"{name}/inner", "Mul", [x, graph.number(math.sqrt(0.5))], shape)
    error = graph.op(f"{name}/erf", "Erf", [inner], shape)
    part = graph.op(f"{name}/part", "Mul", [half, error], shape)
    return graph.op(name, "AddV2", [half, part], shape)


def _gelu_tanh(graph: Graph, node: Node, x: str, alpha: str | None) -> str:
    name, shape = node.name, node.shape
    square = graph.op(f"{name}/square", "Square", [x], shape)
    cube = graph.op(f"{name}/cube", "Mul", [square, graph.number(GELU_SLOPE * GELU_CUBE)], shape)
    slope = graph.op(f"{name}/slope", "AddV2", [cube, graph.number(GELU_SLOPE)], shape)
    inner = graph.op(f"{name}/inner", "Mul", [x, slope], shape)
    gate = graph.op(f"{name}/gate", "Sigmoid", [inner], shape)
    return graph.op(name, "Mul", [x, gate], shape)


ACTIVATIONS: dict[str, Write] = {
    **{name: _single(kind) for name, kind in SINGLE.items()},
    "leaky_relu": _leaky_relu,
    "prelu": _prelu,
    "thresholded_relu": _thresholded_relu,
    "softsign": _softsign,
    "silu": _silu,
    "mish": _mish,
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
}
