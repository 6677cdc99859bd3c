"""Runs a plain network in TensorFlow: what its weights answer after they were folded, or rounded."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.export.network import Network, Node
from pytrain.model.backend import tf

Values = npt.NDArray[np.float32]


def evaluate(network: Network, x: Values) -> dict[str, Values]:
    """What a network gives for float32 [batch, height, width, channels]: its outputs, by name."""
    values: dict[str, Any] = {}
    left = Counter(name for node in network.nodes for name in node.inputs)
    left.update(network.outputs.values())
    for node in network.nodes:
        inputs = [values[name] for name in node.inputs]
        values[node.name] = tf.constant(x) if node.kind == "input" else RUN[node.kind](node, *inputs)
        left.subtract(node.inputs)
        for name in set(node.inputs):
            if not left[name]:
                # All tensors of a large network would not fit into memory at once.
                del values[name]
    return {output: np.asarray(values[name]) for output, name in network.outputs.items()}


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
    return _activate(node, x + node.weights["bias"] if "bias" in node.weights else x)


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
    shape = (x.shape[0], *node.shape)
    kernel = node.weights["kernel"]
    return _finish(node, tf.nn.conv2d_transpose(x, kernel, shape, node.config["strides"], _padding(node)))


def _layer_norm(node: Node, x: Any) -> Any:
    mean, variance = tf.nn.moments(x, [-1], keepdims=True)
    normal = (x - mean) / tf.sqrt(variance + node.config["epsilon"])
    return normal * node.weights.get("gamma", 1.0) + node.weights.get("beta", 0.0)


def _spatial(pairs: Any) -> list[tuple[int, int]]:
    return [(0, 0), *(tuple(pair) for pair in pairs), (0, 0)]


def _crop(node: Node, x: Any) -> Any:
    (top, bottom), (left, right) = node.config["crop"]
    return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right, :]


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
    "dense": lambda node, x: _finish(node, tf.tensordot(x, tf.constant(node.weights["kernel"]), 1)),
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
