"""How both formats store the weights of a network: the same names and shapes, each once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pytrain.export.network import Array, Network, Node
from pytrain.export.shapes import Shape

RESIZE = ("rows", "columns")
"""The two matrices of a resize."""


@dataclass(frozen=True)
class Stored:
    """What a node keeps in the shared shards.

    Attributes:
        owner: the node whose name the weights bear: itself, or the first one of those that share them.
        weights: arrays by TensorFlow.js's name (`kernel`), in its order and shapes.
    """

    owner: str
    weights: dict[str, Array]

    def full_name(self, weight: str) -> str:
        # A resize is written to the layers format as a Dense layer for each axis.
        return f"{self.owner}/{weight}/kernel" if weight in RESIZE else f"{self.owner}/{weight}"


def stored_weights(network: Network) -> dict[str, Stored]:
    """What each node keeps, by node name.

    Nodes of one kind and the same settings that hold the same arrays share what the first of them keeps; such
    nodes are one layer in the layers format. The activation may differ, for it can be written apart.
    """
    owners: dict[object, Stored] = {}
    stored: dict[str, Stored] = {}
    for node in network.nodes:
        weights = _weights(node)
        if not node.weights:
            stored[node.name] = Stored(node.name, {})
            continue
        settings = dict(node.config)
        if node.kind != "activation":
            settings.pop("activation", None)
        arrays = tuple(sorted((name, id(array)) for name, array in node.weights.items()))
        key = (node.kind, repr(sorted(settings.items())), arrays)
        stored[node.name] = owners.setdefault(key, Stored(node.name, weights))
    return stored


def shared_weights(stored: Mapping[str, Stored]) -> dict[str, Array]:
    """Full name to array, of everything that is stored, in the network's order."""
    return {
        entry.full_name(name): values for entry in stored.values() for name, values in entry.weights.items()
    }


def _weights(node: Node) -> dict[str, Array]:
    if node.kind == "scale":
        return _scale(node)
    if node.kind == "activation" and node.config["activation"] == "prelu":
        return {"alpha": _alpha(node)}
    if node.kind == "resize":
        # TensorFlow.js's own resize needs no matrices; they are the layers format's alone then.
        return resize_matrices(node) if node.config["interpolation"] == "other" else {}
    order = ("kernel", "depthwise_kernel", "gamma", "beta", "bias")
    kept = {name: node.weights[name] for name in order if name in node.weights}
    if is_spread(node):
        del kept["depthwise_kernel"]
    return kept


def _scale(node: Node) -> dict[str, Array]:
    """A depthwise convolution of 1 x 1: on every backend the fastest multiplication per channel."""
    scale, offset = node.weights["scale"], node.weights["offset"]
    weights = {"depthwise_kernel": scale.reshape(1, 1, -1, 1)}
    if offset.any():
        weights["bias"] = offset
    return weights


def _alpha(node: Node) -> Array:
    """Alpha, written out behind its first axis that is not shared.

    TensorFlow.js's wasm backend walks through alpha again and again, which is right only where the shared
    axes come first.
    """
    alpha = node.weights["alpha"]
    first = next((axis for axis, size in enumerate(alpha.shape) if size > 1), alpha.ndim)
    full = np.broadcast_to(alpha, (*alpha.shape[:first], *node.shape[first:]))
    return np.ascontiguousarray(full)


def resize_matrices(node: Node) -> dict[str, Array]:
    """The matrices of the axes whose size changes."""
    return {name: node.weights[name] for name in RESIZE if not _is_identity(node.weights[name])}


def _is_identity(matrix: Array) -> bool:
    return matrix.shape[0] == matrix.shape[1] and bool((matrix == np.eye(len(matrix))).all())


def is_spread(node: Node) -> bool:
    """Whether each format keeps this depthwise kernel itself: TensorFlow.js's layer forgets its dilation."""
    return node.kind == "depthwise_conv2d" and tuple(node.config["dilation"]) != (1, 1)


def spread_kernel(node: Node) -> Array:
    """A dilated depthwise kernel with its holes written out as zeros."""
    kernel = node.weights["depthwise_kernel"]
    rows, columns = node.config["dilation"]
    height, width = ((size - 1) * step + 1 for size, step in zip(kernel.shape, (rows, columns), strict=False))
    spread = np.zeros((height, width, *kernel.shape[2:]), np.float32)
    spread[::rows, ::columns] = kernel
    return spread


def as_picture(shape: Shape) -> Shape:
    """A shape as height, width and channels, the channels as they are."""
    return shape if len(shape) == 3 else (1, math.prod(shape[:-1]), shape[-1])
