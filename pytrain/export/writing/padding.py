"""The padding of a convolution as both formats write it: what gives the same on every backend."""

from __future__ import annotations

from pytrain.export.network import Node
from pytrain.export.shapes import Shape, same_padding

Padding = str | tuple[tuple[int, int], tuple[int, int]]


def written_padding(node: Node, weight: str, picture: Shape) -> Padding:
    """ "same", "valid" or ((top, bottom), (left, right)) for a convolution of a picture [h, w, c].

    TensorFlow.js's wasm backend gets "same" wrong where strides leave more of the picture out than the kernel
    could reach, so that nothing is added: then it is "valid", or one edge is named.
    """
    padding: Padding = node.config["padding"]
    if padding != "same":
        return padding
    kernel = node.weights[weight].shape[:2]
    added = tuple(
        same_padding(size, reach, stride, dilation)
        for size, reach, stride, dilation in zip(
            picture[:2], kernel, node.config["strides"], node.config["dilation"], strict=True
        )
    )
    if not any(any(edges) for edges in added):
        return "valid"
    return (added[0], added[1]) if not all(any(edges) for edges in added) else "same"
