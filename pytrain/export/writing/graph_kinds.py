"""Writes each kind of the plain network as operations of a TensorFlow.js graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pytrain.errors import ExportError
from pytrain.export.network import Array, Node
from pytrain.export.writing import graph_convolution as convolution
from pytrain.export.writing.graph_activations import ACTIVATIONS
from pytrain.export.writing.graph_writer import Writer
from pytrain.export.writing.pooling import pooling_steps
from pytrain.export.writing.stored import is_spread, resize_matrices


def layer_norm(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    graph, name, shape = writer.graph, node.name, node.shape
    one = (*shape[:-1], 1)
    last = graph.constant([len(shape)])
    mean = graph.op(f"{name}/mean", "Mean", [inputs[0], last], one, keep_dims=True)
    centred = graph.op(f"{name}/centred", "Sub", [inputs[0], mean], shape)
    square = graph.op(f"{name}/square", "Square", [centred], shape)
    variance = graph.op(f"{name}/variance", "Mean", [square, last], one, keep_dims=True)
    safe = graph.op(f"{name}/safe", "AddV2", [variance, graph.number(node.config["epsilon"])], one)
    factor = graph.op(f"{name}/factor", "Rsqrt", [safe], one)
    weights = [weight for weight in ("gamma", "beta") if weight in node.weights]
    tensor = graph.op(f"{name}/unit" if weights else name, "Mul", [centred, factor], shape)
    for weight in weights:
        kind = "Mul" if weight == "gamma" else "AddV2"
        step = name if weight == weights[-1] else f"{name}/scaled"
        tensor = graph.op(step, kind, [tensor, writer.weight(node, weight)], shape)
    return tensor


def activation(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    if node.config["activation"] not in ACTIVATIONS:
        raise refusal(node, f"is the activation {node.config['activation']}")
    alpha = writer.weight(node, "alpha") if node.config["activation"] == "prelu" else None
    return ACTIVATIONS[node.config["activation"]](writer.graph, node, inputs[0], alpha)


def pool(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    (rows, columns), (height, width) = node.config["strides"], writer.input_shape(node)[:2]
    if tuple(node.config["pool"]) == (1, 1):
        # wasm's pooling refuses a window of one pixel.
        begin = writer.graph.constant([0, 0, 0, 0])
        end = writer.graph.constant([0, height, width, 0])
        steps = writer.graph.constant([1, rows, columns, 1])
        masks = {"begin_mask": 9, "end_mask": 9, "ellipsis_mask": 0, "new_axis_mask": 0}
        return writer.graph.op(
            node.name,
            "StridedSlice",
            [inputs[0], begin, end, steps],
            node.shape,
            shrink_axis_mask=0,
            **masks,
        )
    kind = "MaxPool" if node.kind == "max_pool" else "AvgPool"
    if not isinstance(node.config["padding"], str):
        raise refusal(node, f"pools with the padding {node.config['padding']}")
    return writer.graph.op(
        node.name,
        kind,
        inputs,
        node.shape,
        ksize=[1, *node.config["pool"], 1],
        strides=[1, rows, columns, 1],
        padding=node.config["padding"].upper(),
        data_format="NHWC",
    )


def global_pool(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    kind = "MaxPool" if node.kind == "global_max" else "AvgPool"
    tensor = inputs[0]
    height, width, channels = writer.input_shape(node)
    steps = pooling_steps((height, width, channels))
    for number, (rows, columns) in enumerate(steps):
        height, width = height // rows, width // columns
        last = number == len(steps) - 1 and node.config["keepdims"]
        tensor = writer.graph.op(
            node.name if last else f"{node.name}/step{number}",
            kind,
            [tensor],
            (height, width, channels),
            ksize=[1, rows, columns, 1],
            strides=[1, rows, columns, 1],
            padding="VALID",
            data_format="NHWC",
        )
    return writer.graph.reshape(node.name, tensor, node.shape)


def add(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    return _sum(writer, node, inputs, node.name)


def _sum(writer: Writer, node: Node, inputs: Sequence[str], name: str) -> str:
    alike = all(writer.graph.shape(tensor) == node.shape for tensor in inputs)
    if len(inputs) > 2 and alike:
        return writer.graph.op(name, "AddN", inputs, node.shape)
    return _chain(writer, "AddV2", node, inputs, name)


def average(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    total = _sum(writer, node, inputs, f"{node.name}/sum")
    return writer.graph.op(node.name, "Mul", [total, writer.graph.number(1 / len(inputs))], node.shape)


def merge(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    return _chain(writer, MERGES[node.kind], node, inputs, node.name)


def _chain(writer: Writer, kind: str, node: Node, inputs: Sequence[str], name: str) -> str:
    tensor = inputs[0]
    for number, other in enumerate(inputs[1:], 1):
        last = number == len(inputs) - 1
        shape = np.broadcast_shapes(writer.graph.shape(tensor), writer.graph.shape(other))
        tensor = writer.graph.op(name if last else f"{name}/{number}", kind, [tensor, other], shape)
    return tensor


def concatenate(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    axis = writer.graph.constant(node.config["axis"])
    return writer.graph.op(node.name, "ConcatV2", [*inputs, axis], node.shape, N=len(inputs))


def reshape(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    return writer.graph.reshape(node.name, inputs[0], node.shape)


def permute(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    order = writer.graph.constant([0, *node.config["order"]])
    return writer.graph.op(node.name, "Transpose", [inputs[0], order], node.shape)


def pad(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    readers = writer.readers[node.name]
    takes_it = all(
        reader.kind in ("conv2d", "depthwise_conv2d") and reader.config["padding"] == "valid"
        for reader in readers
    )
    if readers and takes_it and node.name not in writer.outputs:
        for reader in readers:
            writer.padding[reader.name] = node.config["padding"]
        return inputs[0]
    paddings = writer.graph.constant([(0, 0), *node.config["padding"], (0, 0)])
    return writer.graph.op(node.name, "PadV2", [inputs[0], paddings, writer.graph.number(0)], node.shape)


def crop(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    (top, _), (left, _) = node.config["crop"]
    begin = writer.graph.constant([0, top, left, 0])
    size = writer.graph.constant([-1, *node.shape[:2], -1])
    return writer.graph.op(node.name, "Slice", [inputs[0], begin, size], node.shape)


def upsample(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    return _resize(writer, "ResizeNearestNeighbor", node, inputs)


def _resize(writer: Writer, kind: str, node: Node, inputs: Sequence[str]) -> str:
    # Half-pixel centres keep away from the edges between pixels, where backends round differently.
    return writer.graph.op(
        node.name,
        kind,
        [inputs[0], writer.graph.constant(node.shape[:2])],
        node.shape,
        align_corners=False,
        half_pixel_centers=True,
    )


def resize(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    operations = {"bilinear": "ResizeBilinear", "nearest": "ResizeNearestNeighbor"}
    if node.config["interpolation"] in operations:
        return _resize(writer, operations[node.config["interpolation"]], node, inputs)
    tensor = inputs[0]
    matrices = resize_matrices(node)
    for number, (weight, matrix) in enumerate(matrices.items()):
        name = node.name if number == len(matrices) - 1 else f"{node.name}/{weight}/done"
        tensor = _along(
            writer, name, tensor, 1 if weight == "rows" else 2, writer.weight(node, weight), matrix
        )
    return tensor


def _along(writer: Writer, name: str, tensor: str, axis: int, constant: str, matrix: Array) -> str:
    """A matrix product along an axis of a picture: that axis goes last, is multiplied, and comes back."""
    order = (0, 3, 2, 1) if axis == 1 else (0, 1, 3, 2)
    graph, shape = writer.graph, writer.graph.shape(tensor)
    turned = tuple(shape[entry - 1] for entry in order[1:])
    last = graph.op(f"{name}/turned", "Transpose", [tensor, graph.constant(order)], turned)
    rows = writer.flat_rows(f"{name}/flat", last)
    product = graph.op(
        f"{name}/product",
        "MatMul",
        [rows, constant],
        matrix.shape[1:],
        transpose_a=False,
        transpose_b=False,
    )
    product = graph.reshape(f"{name}/resized", product, (*turned[:-1], matrix.shape[1]))
    back = graph.shape(product)
    shape = tuple(back[entry - 1] for entry in order[1:])
    return graph.op(name, "Transpose", [product, graph.constant(order)], shape)


MERGES = {"subtract": "Sub", "multiply": "Mul", "maximum": "Maximum", "minimum": "Minimum"}

KINDS: dict[str, Callable[[Writer, Node, Sequence[str]], str]] = {
    "input": lambda writer, node, inputs: writer.graph.input(node.name, node.shape),
    "conv2d": convolution.conv2d,
    "depthwise_conv2d": convolution.depthwise_conv2d,
    "conv2d_transpose": convolution.conv2d_transpose,
    "dense": convolution.dense,
    "scale": convolution.scale,
    "layer_norm": layer_norm,
    "activation": activation,
    "softmax": lambda writer, node, inputs: writer.graph.op(node.name, "Softmax", inputs, node.shape),
    "log_softmax": lambda writer, node, inputs: writer.graph.op(node.name, "LogSoftmax", inputs, node.shape),
    "max_pool": pool,
    "average_pool": pool,
    "global_max": global_pool,
    "global_mean": global_pool,
    "add": add,
    "average": average,
    **dict.fromkeys(MERGES, merge),
    "concatenate": concatenate,
    "reshape": reshape,
    "permute": permute,
    "pad": pad,
    "crop": crop,
    "upsample": upsample,
    "resize": resize,
}


def write(writer: Writer, node: Node) -> None:
    """Adds what a node needs, unless an operation before it does its work too.

    Raises:
        ExportError: no graph can carry it; names the node.
    """
    if node.name in writer.tensors:
        return
    stored = writer.stored[node.name]
    for weight, values in stored.weights.items():
        writer.graph.weight(stored.full_name(weight), values)
    if is_spread(node):
        name = stored.full_name("depthwise_kernel")
        writer.graph.own_weight(name, node.weights["depthwise_kernel"])
    if node.kind not in KINDS:
        raise refusal(node, f"is of the kind {node.kind}")
    inputs = [writer.tensors[name] for name in node.inputs]
    writer.tensors[node.name] = KINDS[node.kind](writer, node, inputs)


def refusal(node: Node, what: str) -> ExportError:
    return ExportError(
        f"The layer {node.name} {what}, for which TensorFlow.js has no operation.",
        fix="Replace it with layers of the table in docs/layers.md.",
    )
