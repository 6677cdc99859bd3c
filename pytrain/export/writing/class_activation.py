"""The outputs beside the probabilities: what goes into the last Dense, and where in the picture a class is.

Where pooling feeds the last Dense, a logit is a sum over the picture, and the class activation map is that
sum before it is summed up (Zhou et al., Learning deep features for discriminative localization, 2016): summed
over height and width, it gives the logit without its bias. A mean's share of a place is its feature / the
number of places in the mean. Means over several cells, flattened, have weights for each cell: a place adds
its share to every cell that it lies in, with that cell's weights. A maximum's share is the maximum itself at
its place, divided among the places where several hold the same. What else is concatenated to the poolings has
no place: the map's sum is the logit without the bias and without that.
"""

from __future__ import annotations

import math

import numpy as np

from pytrain.export.network import Network, Node
from pytrain.export.writing.graph_ops import Graph
from pytrain.export.writing.graph_writer import Writer
from pytrain.export.writing.pooled_parts import Part, pooled_parts

EMBEDDING = "embedding"
CLASS_ACTIVATION = "class_activation"

BEHIND_LOGITS = ("softmax", "log_softmax", "activation", "reshape")


def last_dense(network: Network, output: str) -> Node | None:
    """The Dense layer (or convolution of a single pixel, which is one) that an output comes from."""
    node = network[output]
    while node.kind in BEHIND_LOGITS:
        node = network[node.inputs[0]]
    if node.kind == "dense" and len(node.shape) == 1:
        return node
    one_pixel = node.kind == "conv2d" and network[node.inputs[0]].shape[:2] == (1, 1)
    return node if one_pixel and node.weights["kernel"].shape[:2] == (1, 1) else None


def gives_logits(network: Network, dense: Node, output: str) -> bool:
    """Whether the last Dense's values are an output's logits: nothing but a softmax follows."""
    node = network[output]
    while node is not dense and node.kind != "activation":
        node = network[node.inputs[0]]
    return node is dense and dense.config["activation"] == "linear"


def add_head(writer: Writer, network: Network, output: str) -> dict[str, str]:
    """Adds the operations of `embedding` and `class_activation`; none of them runs unless it is asked for.

    Args:
        writer: where they go.
        network: what is written.
        output: the node that gives the probabilities.

    Returns:
        The tensors of those that the network has, by the outputs' names.
    """
    dense = last_dense(network, output)
    if dense is None:
        return {}
    inputs = network[dense.inputs[0]]
    size = math.prod(inputs.shape)
    outputs = {EMBEDDING: writer.graph.reshape(f"{EMBEDDING}/flat", writer.tensors[inputs.name], (size,))}
    parts = pooled_parts(network, dense)
    if parts and gives_logits(network, dense, output):
        outputs[CLASS_ACTIVATION] = _class_activation(writer, dense, parts)
    return outputs


def _class_activation(writer: Writer, dense: Node, parts: list[Part]) -> str:
    graph = writer.graph
    kernel = dense.weights["kernel"]
    channels, classes = kernel.shape[-2:]
    matrix = writer.weight(dense, "kernel")
    if kernel.ndim == 4:
        shape = graph.constant((channels, classes))
        matrix = graph.op(f"{CLASS_ACTIVATION}/matrix", "Reshape", [matrix, shape], (classes,))
    height, width, _ = parts[0].picture.shape
    if len(parts) > 1 and _fill(parts, kernel.size // classes):
        total = _joined(writer, parts, matrix, classes)
        return graph.reshape(f"{CLASS_ACTIVATION}/map", total, (height, width, classes))
    total = ""
    for number, part in enumerate(parts):
        name = f"{CLASS_ACTIVATION}/{number}"
        product = _added(writer, name, part, _rows(graph, name, part, matrix, channels), classes)
        total = graph.op(f"{name}/sum", "AddV2", [total, product], (classes,)) if total else product
    return graph.reshape(f"{CLASS_ACTIVATION}/map", total, (height, width, classes))


def _fill(parts: list[Part], rows: int) -> bool:
    """Whether the parts are all of the Dense's inputs, in order, and each is of the whole picture."""
    depths = [part.picture.shape[-1] for part in parts]
    firsts = [sum(depths[:number]) for number in range(len(parts))]
    whole = all(part.cells == 1 and _is_even(part) for part in parts)
    return whole and [part.first for part in parts] == firsts and sum(depths) == rows


def _is_even(part: Part) -> bool:
    """Whether no place counts more than another, or only the maximum counts."""
    return part.shares is None or bool((part.shares == part.shares[0, 0]).all())


def _joined(writer: Writer, parts: list[Part], matrix: str, classes: int) -> str:
    """What each place adds to the logits, [batch * h * w, classes], by one matrix product for all parts."""
    graph = writer.graph
    shared: list[str] = []
    for number, part in enumerate(parts):
        name = f"{CLASS_ACTIVATION}/{number}"
        picture = writer.tensors[part.picture.name]
        if part.shares is None:
            shared.append(_at_maximum(graph, name, part, picture, writer.tensors[part.pool.name]))
        else:
            share = graph.number(part.shares[0, 0])
            shared.append(graph.op(f"{name}/mean", "Mul", [picture, share], part.picture.shape))
    height, width, _ = parts[0].picture.shape
    depth = sum(part.picture.shape[-1] for part in parts)
    name = f"{CLASS_ACTIVATION}/together"
    axis = graph.constant(3)
    together = graph.op(name, "ConcatV2", [*shared, axis], (height, width, depth), N=len(shared))
    flat = graph.op(f"{name}/flat", "Reshape", [together, graph.constant((-1, depth))], (depth,))
    return graph.op(
        f"{name}/product", "MatMul", [flat, matrix], (classes,), transpose_a=False, transpose_b=False
    )


def _rows(graph: Graph, name: str, part: Part, matrix: str, width: int) -> str:
    """The weights of one part, [depth, cells * classes]; made of the `width` stored ones, when asked for."""
    depth, cells, classes = part.picture.shape[-1], part.cells, graph.shape(matrix)[-1]
    if cells * depth < width:
        begin, size = graph.constant([part.first, 0]), graph.constant([cells * depth, classes])
        matrix = graph.op(f"{name}/kernel", "Slice", [matrix, begin, size], (classes,))
    if cells == 1:
        return matrix
    apart = graph.constant((cells, depth, classes))
    matrix = graph.op(f"{name}/cells", "Reshape", [matrix, apart], (depth, classes))
    turned = graph.op(f"{name}/turned", "Transpose", [matrix, graph.constant((1, 0, 2))], (cells, classes))
    together = graph.constant((depth, cells * classes))
    return graph.op(f"{name}/together", "Reshape", [turned, together], (cells * classes,))


def _added(writer: Writer, name: str, part: Part, rows: str, classes: int) -> str:
    """What each place adds to the logits by one part, [batch * h * w, classes].

    Every place is multiplied by the weights of every cell, in one matrix product, and what it has no share in
    is masked: on wasm that is several times faster than products of the cells alone.
    """
    graph = writer.graph
    height, width, depth = part.picture.shape
    places, wide = height * width, part.cells * classes
    picture = writer.tensors[part.picture.name]
    if part.shares is None:
        picture = _at_maximum(graph, name, part, picture, writer.tensors[part.pool.name])
    flat = graph.op(f"{name}/flat", "Reshape", [picture, graph.constant((-1, depth))], (depth,))
    product = graph.op(
        f"{name}/product", "MatMul", [flat, rows], (wide,), transpose_a=False, transpose_b=False
    )
    if part.shares is None:
        return product
    if _is_even(part) and part.cells == 1:
        return graph.op(f"{name}/mean", "Mul", [product, graph.number(part.shares[0, 0])], (wide,))
    shape = (places, part.cells, classes)
    product = graph.op(f"{name}/apart", "Reshape", [product, graph.constant((-1, *shape))], shape)
    shares = graph.constant(part.shares[..., None], np.float32)
    product = graph.op(f"{name}/shares", "Mul", [product, shares], shape)
    product = graph.op(f"{name}/all", "Sum", [product, graph.constant([2])], shape[::2], keep_dims=False)
    return graph.op(f"{name}/places", "Reshape", [product, graph.constant((-1, classes))], (classes,))


def _at_maximum(graph: Graph, name: str, part: Part, picture: str, peak: str) -> str:
    """The picture where it is largest, shared among equals, and 0 elsewhere.

    Nothing lies above the maximum, so the sign of the difference tells equals; on wasm that is ten times
    faster than Equal.
    """
    shape = part.picture.shape
    single = (1, 1, shape[-1])
    peak = graph.reshape(f"{name}/peak", peak, single)
    below = graph.op(f"{name}/below", "Sub", [picture, peak], shape)
    sign = graph.op(f"{name}/sign", "Sign", [below], shape)
    mask = graph.op(f"{name}/mask", "AddV2", [sign, graph.number(1)], shape)
    count = graph.op(f"{name}/count", "Sum", [mask, graph.constant([1, 2])], single, keep_dims=True)
    share = graph.op(f"{name}/share", "RealDiv", [peak, count], single)
    return graph.op(f"{name}/peaks", "Mul", [mask, share], shape)
