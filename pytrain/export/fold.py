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

TAKES_SCALE = ("conv2d", "depthwise_conv2d", "dense")
"""Kinds whose kernel can take up a scale in front of them."""

IDLE: dict[str, Callable[[Node], bool]] = {
    "permute": lambda node: list(node.config["order"]) == sorted(node.config["order"]),
    "scale": lambda node: bool(np.all(node.weights["scale"] == 1) and not np.any(node.weights["offset"])),
    "pad": lambda node: not np.any(node.config["padding"]),
    "crop": lambda node: not np.any(node.config["crop"]),
    "upsample": lambda node: tuple(node.config["factors"]) == (1, 1),
}
"""When a node of each kind does nothing."""


def simplify(network: Network) -> Network:
    """Folds scales, merges padding, lets convolutions carry their activation; in place, and returned.

    A weight that is shared stays as it was for its other owners: what changes is a new array.
    """
    _merge_twins(network)
    rules: tuple[Callable[[Network, Node], bool], ...] = (
        _drop_what_does_nothing,
        _join_reshapes,
        _join_scales,
        _join_dense,
        _fold_into_source,
        _fold_into_reader,
        _fold_through_multiply,
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


def _merge_twins(network: Network) -> None:
    """Of nodes that do the same with the same inputs one is enough: NASNet rectifies a tensor many times."""
    first: dict[Any, str] = {}
    merged: dict[str, str] = {}
    for node in list(network.nodes):
        node.inputs = [merged.get(name, name) for name in node.inputs]
        weights = tuple((name, id(values)) for name, values in sorted(node.weights.items()))
        key = (node.kind, tuple(node.inputs), repr(sorted(node.config.items())), weights)
        if first.setdefault(key, node.name) != node.name:
            merged[node.name] = first[key]
            network.nodes.remove(node)
    network.outputs = {key: merged.get(name, name) for key, name in network.outputs.items()}


def _source(network: Network, node: Node, *kinds: str) -> Node | None:
    """The only node that this one reads, where it is of these kinds and nobody else sees what it gives."""
    if len(node.inputs) != 1:
        return None
    source = network[node.inputs[0]]
    return source if source.kind in kinds and network.only_read_by(source.name, node) else None


def _drop_what_does_nothing(network: Network, node: Node) -> bool:
    if node.kind == "reshape":
        idle = node.shape == network[node.inputs[0]].shape
    else:
        idle = node.kind in IDLE and IDLE[node.kind](node)
    # The model's input stays apart from its outputs: a graph needs a node for each.
    if not idle or (network[node.inputs[0]].kind == "input" and node.name in network.outputs.values()):
        return False
    network.remove(node)
    return True


def _join_reshapes(network: Network, node: Node) -> bool:
    """Of two reshapes in a row the last one says it all; a global pooling can give either shape itself."""
    if node.kind != "reshape":
        return False
    source = _source(network, node, "reshape", "global_mean", "global_max")
    if source is None:
        return False
    if source.kind == "reshape":
        network.remove(source)
        return True
    channels = source.shape[-1]
    if node.shape not in ((channels,), (1, 1, channels)):
        return False
    source.config["keepdims"] = len(node.shape) == 3
    source.shape = node.shape
    network.remove(node)
    return True


def _join_scales(network: Network, node: Node) -> bool:
    source = _source(network, node, "scale") if node.kind == "scale" else None
    if source is None:
        return False
    scale, offset = _exact(node.weights["scale"]), _exact(node.weights["offset"])
    node.weights = {
        "scale": _single(_exact(source.weights["scale"]) * scale),
        "offset": _single(_exact(source.weights["offset"]) * scale + offset),
    }
    network.remove(source)
    return True


def _join_dense(network: Network, node: Node) -> bool:
    """Channels that were taken out one by one and put together in another order, as preprocess_input does."""
    if node.kind != "concatenate" or node.config["axis"] != len(node.shape):
        return False
    parts = [network[name] for name in node.inputs]
    first = parts[0]
    if not all(
        part.kind == "dense"
        and part.inputs == first.inputs
        and part.config["activation"] == "linear"
        and part.weights.keys() == first.weights.keys()
        and network.only_read_by(part.name, node)
        for part in parts
    ):
        return False
    node.kind, node.config, node.inputs = "dense", {"activation": "linear"}, list(first.inputs)
    node.weights = {
        name: np.concatenate([part.weights[name] for part in parts], axis=-1) for name in first.weights
    }
    for part in {part.name: part for part in parts}.values():
        network.nodes.remove(part)
    return True


def _fold_through_multiply(network: Network, node: Node) -> bool:
    """A factor in front of a product, as hard_silu has it: the convolution behind the product takes it up."""
    product = _source(network, node, "multiply") if node.kind in TAKES_SCALE else None
    if product is None:
        return False
    for name in product.inputs:
        scale = network[name]
        alone = (
            scale.kind == "scale" and network.only_read_by(name, product) and product.inputs.count(name) == 1
        )
        if alone and not np.any(scale.weights["offset"]) and scale.shape[-1] == product.shape[-1]:
            _take_input_scale(node, scale)
            network.remove(scale)
            return True
    return False


def _fold_into_source(network: Network, node: Node) -> bool:
    """A scale behind a convolution or Dense: each output channel's weights take it up."""
    source = _source(network, node, *FUSING) if node.kind == "scale" else None
    if source is None or source.config["activation"] != "linear":
        return False
    scale, offset = _exact(node.weights["scale"]), _exact(node.weights["offset"])
    kernel = source.weights[KERNEL[source.kind]]
    bias = _exact(source.weights["bias"]) * scale if "bias" in source.weights else 0.0
    if source.kind == "conv2d_transpose":
        scale = scale[:, None]
    elif source.kind == "depthwise_conv2d":
        # Output channel = input channel * multiplier + m.
        scale = scale.reshape(kernel.shape[2:])
    _set(source, _times(kernel, scale), bias + offset)
    network.remove(node)
    return True


def _fold_into_reader(network: Network, node: Node) -> bool:
    """A scale in front of a convolution or Dense: each input channel's weights take it up.

    Its offset only where no zeros are put around the picture after it.
    """
    source = _source(network, node, "scale") if node.kind in TAKES_SCALE else None
    if source is None:
        return False
    if np.any(source.weights["offset"]) and node.config.get("padding", "valid") != "valid":
        return False
    _take_input_scale(node, source)
    network.remove(source)
    return True


def _take_input_scale(node: Node, source: Node) -> None:
    scale, offset = _exact(source.weights["scale"]), _exact(source.weights["offset"])
    kernel = node.weights[KERNEL[node.kind]]
    bias = _exact(node.weights["bias"]) if "bias" in node.weights else None
    # In all three kernels the input's channels are the last axis but one.
    if np.any(offset):
        shift = (kernel * offset[:, None]).sum(axis=tuple(range(kernel.ndim - 2)))
        shift = shift.reshape(-1) if node.kind == "depthwise_conv2d" else shift.sum(axis=0)
        bias = shift if bias is None else bias + shift
    _set(node, _times(kernel, scale[:, None]), bias)


def _merge_padding(network: Network, node: Node) -> bool:
    """Padding in front of a "valid" convolution that TensorFlow's "same" would have put there itself."""
    if node.kind not in ("conv2d", "depthwise_conv2d") or node.config["padding"] != "valid":
        return False
    source = _source(network, node, "pad")
    if source is None:
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
    if node.kind != "activation" or node.config["activation"] not in ("relu", "relu6"):
        return False
    source = _source(network, node, *FUSING)
    if source is None or source.config["activation"] != "linear":
        return False
    source.config["activation"] = node.config["activation"]
    network.remove(node)
    return True


def _exact(values: Array) -> Exact:
    """In double precision, so that folding costs no more than the last bit."""
    return values.astype(np.float64)


def _times(kernel: Array, scale: Exact) -> Array:
    """A kernel scaled in double precision, without a copy of it in double precision."""
    product = np.empty_like(kernel)
    np.multiply(kernel, scale, out=product, dtype=np.float64, casting="same_kind")
    return product


def _single(values: Any) -> Array:
    return np.ascontiguousarray(values, dtype=np.float32)


def _set(node: Node, kernel: Array, bias: Any) -> None:
    """Gives a node weights of its own; its former arrays may belong to others too."""
    node.weights = {KERNEL[node.kind]: kernel}
    if bias is not None:
        node.weights["bias"] = _single(bias)
