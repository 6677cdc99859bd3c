"""Simplifies a plain network without changing what it computes: fewer operations, no more weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.export.network import FUSING, Array, Network, Node
from pytrain.export.shapes import same_padding

Exact = npt.NDArray[np.float64]

KERNEL = {
    "conv2d": "kernel",
    "conv2d_transpose": "kernel",
    "dense": "kernel",
    "depthwise_conv2d": "depthwise_kernel",
}
"""What the kernel of each kind that can carry a bias is called."""


def simplify(network: Network) -> Network:
    """Folds scales, merges padding, lets convolutions carry their activation; in place, and returned.

    A weight that is shared stays as it was for its other owners: what changes is a new array.
    """
    rules: tuple[Callable[[Network, Node], bool], ...] = (
        _drop_what_does_nothing,
        _join_reshapes,
        _join_scales,
        _fold_into_source,
        _fold_into_reader,
        _merge_padding,
        _fuse_activation,
    )
    changed = True
    while changed:
        changed = False
        for node in list(network.nodes):
            # One rule may have taken away what the next one would look at.
            if any(rule(network, node) for rule in rules):
                changed = True
    return network


def _source(network: Network, node: Node) -> Node | None:
    """The only node that this one reads, where nobody else sees what that one gives."""
    if len(node.inputs) != 1:
        return None
    source = network[node.inputs[0]]
    return source if network.only_read_by(source.name, node) else None


def _drop_what_does_nothing(network: Network, node: Node) -> bool:
    idle = (
        (node.kind == "reshape" and node.shape == network[node.inputs[0]].shape)
        or (node.kind == "permute" and list(node.config["order"]) == sorted(node.config["order"]))
        or (
            node.kind == "scale" and np.all(node.weights["scale"] == 1) and not np.any(node.weights["offset"])
        )
        or (node.kind == "pad" and not np.any(node.config["padding"]))
        or (node.kind == "crop" and not np.any(node.config["crop"]))
        or (node.kind == "upsample" and tuple(node.config["factors"]) == (1, 1))
    )
    # The model's input stays apart from its outputs: a graph needs a node for each.
    if not idle or (network[node.inputs[0]].kind == "input" and node.name in network.outputs.values()):
        return False
    network.remove(node)
    return True


def _join_reshapes(network: Network, node: Node) -> bool:
    """Of two reshapes in a row the last one says it all."""
    source = _source(network, node)
    if source is None or not node.kind == source.kind == "reshape":
        return False
    network.remove(source)
    return True


def _join_scales(network: Network, node: Node) -> bool:
    source = _source(network, node)
    if source is None or not node.kind == source.kind == "scale":
        return False
    scale, offset = _exact(node.weights["scale"]), _exact(node.weights["offset"])
    node.weights = {
        "scale": _single(_exact(source.weights["scale"]) * scale),
        "offset": _single(_exact(source.weights["offset"]) * scale + offset),
    }
    network.remove(source)
    return True


def _fold_into_source(network: Network, node: Node) -> bool:
    """A scale behind a convolution or Dense: each output channel's weights take it up."""
    source = _source(network, node)
    if node.kind != "scale" or source is None or source.kind not in FUSING:
        return False
    if source.config["activation"] != "linear":
        return False
    scale, offset = _exact(node.weights["scale"]), _exact(node.weights["offset"])
    kernel = _exact(source.weights[KERNEL[source.kind]])
    if source.kind == "conv2d_transpose":
        kernel = kernel * scale[:, None]
    elif source.kind == "depthwise_conv2d":
        # Output channel = input channel * multiplier + m.
        kernel = kernel * scale.reshape(kernel.shape[2:])
    else:
        kernel = kernel * scale
    bias = _exact(source.weights["bias"]) * scale if "bias" in source.weights else 0.0
    _set(source, kernel, bias + offset)
    network.remove(node)
    return True


def _fold_into_reader(network: Network, node: Node) -> bool:
    """A scale in front of a convolution or Dense: each input channel's weights take it up.

    Its offset only where no zeros are put around the picture after it.
    """
    source = _source(network, node)
    if source is None or source.kind != "scale" or node.kind not in ("conv2d", "depthwise_conv2d", "dense"):
        return False
    scale, offset = _exact(source.weights["scale"]), _exact(source.weights["offset"])
    unpadded = node.config.get("padding", "valid") == "valid"
    if np.any(offset) and not unpadded:
        return False
    kernel = _exact(node.weights[KERNEL[node.kind]])
    bias = _exact(node.weights["bias"]) if "bias" in node.weights else 0.0
    if node.kind == "dense":
        shift = offset @ kernel
        kernel = kernel * scale[:, None]
    elif node.kind == "conv2d":
        shift = np.einsum("hwio,i->o", kernel, offset)
        kernel = kernel * scale[:, None]
    else:
        shift = np.einsum("hwim,i->im", kernel, offset).reshape(-1)
        kernel = kernel * scale[:, None]
    has_bias = "bias" in node.weights or np.any(shift)
    _set(node, kernel, bias + shift if has_bias else None)
    network.remove(source)
    return True


def _merge_padding(network: Network, node: Node) -> bool:
    """Padding in front of a "valid" convolution that TensorFlow's "same" would have put there itself."""
    source = _source(network, node)
    if source is None or source.kind != "pad" or node.kind not in ("conv2d", "depthwise_conv2d"):
        return False
    if node.config["padding"] != "valid":
        return False
    size = network[source.inputs[0]].shape[:2]
    kernel = node.weights[KERNEL[node.kind]].shape[:2]
    same = tuple(
        same_padding(*axis)
        for axis in zip(size, kernel, node.config["strides"], node.config["dilation"], strict=True)
    )
    if same != tuple(tuple(pair) for pair in source.config["padding"]):
        return False
    node.config["padding"] = "same"
    network.remove(source)
    return True


def _fuse_activation(network: Network, node: Node) -> bool:
    source = _source(network, node)
    fusable = (
        node.kind == "activation"
        and node.config["activation"] in ("relu", "relu6")
        and source is not None
        and source.kind in FUSING
        and source.config["activation"] == "linear"
    )
    if not fusable or source is None:
        return False
    source.config["activation"] = node.config["activation"]
    network.remove(node)
    return True


def _exact(values: Array) -> Exact:
    """In double precision, so that folding costs no more than the last bit."""
    return values.astype(np.float64)


def _single(values: Any) -> Array:
    return np.ascontiguousarray(values, dtype=np.float32)


def _set(node: Node, kernel: Exact, bias: Any) -> None:
    """Gives a node weights of its own; its former arrays may belong to others too."""
    node.weights = {KERNEL[node.kind]: _single(kernel)}
    if bias is not None:
        node.weights["bias"] = _single(bias)
