"""Runs a plain network in TensorFlow: what its weights answer after they were folded, or rounded."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.export.network import Network, Node
from pytrain.model.backend import tf

Values = npt.NDArray[np.float32]

BATCH = 16
"""Pictures at a time."""


def evaluate(network: Network, x: Values) -> dict[str, Values]:
    """What a network gives for float32 [batch, height, width, channels]: its outputs, by name."""
    values = _run(network, tf.constant(x))
    return {output: np.asarray(value) for output, value in values.items()}


class Evaluator:
    """A network compiled once, for many pictures and for whichever weights: twice as fast as `evaluate`."""

    def __init__(self, network: Network, outputs: Collection[str]) -> None:
        """Takes the outputs that are wanted; keeps no weights."""
        wanted = {name: node for name, node in network.outputs.items() if name in outputs}
        self._plain = Network([replace(node, weights={}) for node in network.nodes], wanted)
        self._compiled: Any = None

    def __call__(self, network: Network, x: Values) -> dict[str, Values]:
        """What the same network gives with the weights of `network`: the wanted outputs, by name."""
        weights = {
            node.name: {name: tf.constant(values) for name, values in node.weights.items()}
            for node in network.nodes
            if node.weights
        }
        if self._compiled is None:
            self._compiled = self._compile(weights, x)
        parts = [self._compiled(weights, x[start : start + BATCH]) for start in range(0, len(x), BATCH)]
        return {name: np.concatenate([part[name].numpy() for part in parts]) for name in self._plain.outputs}

    def _compile(self, weights: Mapping[str, Mapping[str, Any]], x: Values) -> Any:
        shapes = tf.nest.map_structure(lambda values: tf.TensorSpec(values.shape, values.dtype), weights)
        pictures = tf.TensorSpec((None, *x.shape[1:]), tf.float32)

        def run(weights: Mapping[str, Mapping[str, Any]], x: Any) -> dict[str, Any]:
            nodes = [replace(node, weights=dict(weights.get(node.name, {}))) for node in self._plain.nodes]
            return _run(Network(nodes, self._plain.outputs), x)

        return tf.function(run, input_signature=[shapes, pictures], autograph=False)


def _run(network: Network, x: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    left = Counter(name for node in network.nodes for name in node.inputs)
    left.update(network.outputs.values())
    for node in network.nodes:
        inputs = [values[name] for name in node.inputs]
        values[node.name] = x if node.kind == "input" else RUN[node.kind](node, *inputs)
        left.subtract(node.inputs)
        for name in set(node.inputs):
            if not left[name]:
                # All tensors of a large network would not fit into memory at once.
                del values[name]
    return {output: values[name] for output, name in network.outputs.items()}


def _activate(node: Node, x: Any) -> Any:
    kind, config = node.config["activation"], node.config
    simple = {
        "linear": lambda: x,
        "relu": lambda: tf.nn.relu(x),
        "relu6": lambda: tf.nn.relu6(x),
        "leaky_relu": lambda: tf.where(x > 0, x, x * config["negative_slope"]),
        "thresholded_relu": lambda: tf.where(x > config["threshold"], x, 0.0),
        "prelu": lambda: tf.where(x > 0, x, x * node.weights["alpha"]),
        "elu": lambda: tf.nn.elu(x),
        "selu": lambda: tf.nn.selu(x),
        "sigmoid": lambda: tf.sigmoid(x),
        "tanh": lambda: tf.tanh(x),
        "softplus": lambda: tf.math.softplus(x),
        "softsign": lambda: tf.nn.softsign(x),
        "silu": lambda: x * tf.sigmoid(x),
        "mish": lambda: x * tf.tanh(tf.math.softplus(x)),
        "gelu": lambda: 0.5 * x * (1 + tf.math.erf(x / math.sqrt(2))),
        "gelu_tanh": lambda: 0.5 * x * (1 + tf.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
        "exponential": lambda: tf.exp(x),
        "log": lambda: tf.math.log(x),
        "sqrt": lambda: tf.sqrt(x),
        "reciprocal": lambda: 1 / x,
    }
    return simple[kind]()


def _finish(node: Node, x: Any) -> Any:
    # TensorFlow joins a convolution with this addition, not with the general one.
    return _activate(node, tf.nn.bias_add(x, node.weights["bias"]) if "bias" in node.weights else x)


def _padding(node: Node) -> Any:
    padding = node.config["padding"]
    return padding.upper() if isinstance(padding, str) else [(0, 0), *padding, (0, 0)]


def _conv2d(node: Node, x: Any) -> Any:
    config = node.config
    kernel = node.weights["kernel"]
    return _finish(
        node, tf.nn.conv2d(x, kernel, config["strides"], _padding(node), dilations=config["dilation"])
    )


def _depthwise(node: Node, x: Any) -> Any:
    config = node.config
    strides = (1, *config["strides"], 1)
    kernel = node.weights["depthwise_kernel"]
    return _finish(
        node, tf.nn.depthwise_conv2d(x, kernel, strides, _padding(node), dilations=config["dilation"])
    )


def _transpose(node: Node, x: Any) -> Any:
    shape = (tf.shape(x)[0], *node.shape)
    kernel = node.weights["kernel"]
    return _finish(node, tf.nn.conv2d_transpose(x, kernel, shape, node.config["strides"], _padding(node)))


def _layer_norm(node: Node, x: Any) -> Any:
    mean, variance = tf.nn.moments(x, [-1], keepdims=True)
    normal = (x - mean) / tf.sqrt(variance + node.config["epsilon"])
    return normal * node.weights.get("gamma", 1.0) + node.weights.get("beta", 0.0)


def _spatial(pairs: Any) -> list[tuple[int, int]]:
    return [(0, 0), *(tuple(pair) for pair in pairs), (0, 0)]


def _crop(node: Node, x: Any) -> Any:
    (top, _), (left, _) = node.config["crop"]
    height, width, _ = node.shape
    return x[:, top : top + height, left : left + width, :]


def _upsample(node: Node, x: Any) -> Any:
    rows, columns = node.config["factors"]
    return tf.repeat(tf.repeat(x, rows, axis=1), columns, axis=2)


def _resize(node: Node, x: Any) -> Any:
    return tf.einsum("bhwc,hr,wk->brkc", x, node.weights["rows"], node.weights["columns"])


def _pool(node: Node, x: Any) -> Any:
    # tf.nn.pool refuses strides beyond the pool.
    pool = tf.nn.max_pool2d if node.kind == "max_pool" else tf.nn.avg_pool2d
    return pool(x, node.config["pool"], node.config["strides"], _padding(node))


def _reduce(node: Node, x: Any) -> Any:
    reduce = tf.reduce_max if node.kind == "global_max" else tf.reduce_mean
    return reduce(x, axis=(1, 2), keepdims=node.config["keepdims"])


def _fold(function: Any) -> Any:
    def run(node: Node, first: Any, *others: Any) -> Any:
        for other in others:
            first = function(first, other)
        return first

    return run


RUN: dict[str, Any] = {
    "conv2d": _conv2d,
    "depthwise_conv2d": _depthwise,
    "conv2d_transpose": _transpose,
    "dense": lambda node, x: _finish(node, tf.tensordot(x, node.weights["kernel"], 1)),
    "scale": lambda node, x: x * node.weights["scale"] + node.weights["offset"],
    "layer_norm": _layer_norm,
    "activation": _activate,
    "softmax": lambda node, x: tf.nn.softmax(x),
    "log_softmax": lambda node, x: tf.nn.log_softmax(x),
    "max_pool": _pool,
    "average_pool": _pool,
    "global_max": _reduce,
    "global_mean": _reduce,
    "add": _fold(tf.add),
    "subtract": _fold(tf.subtract),
    "multiply": _fold(tf.multiply),
    "average": lambda node, *inputs: _fold(tf.add)(node, *inputs) / len(inputs),
    "maximum": _fold(tf.maximum),
    "minimum": _fold(tf.minimum),
    "concatenate": lambda node, *inputs: tf.concat(inputs, node.config["axis"]),
    "reshape": lambda node, x: tf.reshape(x, (-1, *node.config["shape"])),
    "permute": lambda node, x: tf.transpose(x, (0, *node.config["order"])),
    "pad": lambda node, x: tf.pad(x, _spatial(node.config["padding"])),
    "crop": _crop,
    "upsample": _upsample,
    "resize": _resize,
}
