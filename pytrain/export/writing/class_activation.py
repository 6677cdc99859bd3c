"""The outputs beside the probabilities: what goes into the last Dense, and where in the picture a class is.

Where pooling of the whole picture feeds the last Dense, a logit is a sum over the picture, and the class
activation map is that sum before it is summed up (Zhou et al., Learning deep features for discriminative
localization, 2016): summed over height and width, it gives the logit without its bias. A mean's share of a
place is its feature / (height x width); a maximum's share is the maximum itself at its place, divided among
the places where several hold the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pytrain.export.network import Network, Node
from pytrain.export.writing.graph_ops import DType, Graph
from pytrain.export.writing.graph_writer import Writer

EMBEDDING = "embedding"
CLASS_ACTIVATION = "class_activation"

BEHIND_LOGITS = ("softmax", "log_softmax", "activation", "reshape")
POOLED = ("global_mean", "global_max", "average_pool", "max_pool")


@dataclass(frozen=True)
class Part:
    """A run of the last Dense's inputs: one pooling of one picture.

    Attributes:
        pool: the pooling node.
        maximum: it takes the largest value, else the mean.
        picture: the node that it pools, [h, w, c].
        first: which of the Dense's inputs its first channel is.
    """

    pool: Node
    maximum: bool
    picture: Node
    first: int


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


def pooled_parts(network: Network, dense: Node) -> list[Part]:
    """The poolings that make up a Dense's whole input; none where something else does too."""
    parts: list[Part] = []
    first = 0

    def collect(node: Node) -> bool:
        nonlocal first
        while node.kind == "reshape" and _is_vector(node) and _is_vector(network[node.inputs[0]]):
            node = network[node.inputs[0]]
        if not _is_vector(node):
            return False
        if node.kind == "concatenate":
            return all(collect(network[name]) for name in node.inputs)
        if node.kind not in POOLED:
            return False
        picture = network[node.inputs[0]]
        whole = tuple(node.config.get("pool", picture.shape[:2])) == tuple(picture.shape[:2])
        if not whole or node.config.get("padding", "valid") != "valid":
            return False
        parts.append(Part(node, node.kind in ("global_max", "max_pool"), picture, first))
        first += picture.shape[-1]
        return True

    complete = collect(network[dense.inputs[0]])
    same_size = len({part.picture.shape[:2] for part in parts}) == 1
    return parts if complete and same_size else []


def _is_vector(node: Node) -> bool:
    return all(size == 1 for size in node.shape[:-1])


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
    graph, tensors = writer.graph, writer.tensors
    kernel = dense.weights["kernel"]
    channels, classes = kernel.shape[-2:]
    matrix = writer.weight(dense, "kernel")
    if kernel.ndim == 4:
        shape = graph.constant((channels, classes))
        matrix = graph.op(f"{CLASS_ACTIVATION}/matrix", "Reshape", [matrix, shape], (classes,))
    total = ""
    for number, part in enumerate(parts):
        name = f"{CLASS_ACTIVATION}/{number}"
        height, width, depth = part.picture.shape
        share = tensors[part.picture.name]
        if part.maximum:
            share = _at_maximum(graph, name, part, share, tensors[part.pool.name])
        rows = matrix
        if len(parts) > 1:
            begin, size = graph.constant([part.first, 0]), graph.constant([depth, classes])
            rows = graph.op(f"{name}/kernel", "Slice", [matrix, begin, size], (classes,))
        flat = graph.op(f"{name}/flat", "Reshape", [share, graph.constant((-1, depth))], (depth,))
        product = graph.op(
            f"{name}/product", "MatMul", [flat, rows], (classes,), transpose_a=False, transpose_b=False
        )
        if not part.maximum:
            factor = graph.number(1 / (height * width))
            product = graph.op(f"{name}/mean", "Mul", [product, factor], (classes,))
        total = graph.op(f"{name}/sum", "AddV2", [total, product], (classes,)) if total else product
    height, width, _ = parts[0].picture.shape
    return graph.reshape(f"{CLASS_ACTIVATION}/map", total, (height, width, classes))


def _at_maximum(graph: Graph, name: str, part: Part, picture: str, peak: str) -> str:
    """The picture where it is largest, shared among equals, and 0 elsewhere."""
    shape = part.picture.shape
    single = (1, 1, shape[-1])
    peak = graph.reshape(f"{name}/peak", peak, single)
    equal = graph.op(f"{name}/equal", "Equal", [picture, peak], shape)
    mask = graph.op(f"{name}/mask", "Cast", [equal], shape, SrcT={"type": "DT_BOOL"}, DstT=DType("float32"))
    count = graph.op(f"{name}/count", "Sum", [mask, graph.constant([1, 2])], single, keep_dims=True)
    share = graph.op(f"{name}/share", "RealDiv", [peak, count], single)
    return graph.op(f"{name}/places", "Mul", [mask, share], shape)
