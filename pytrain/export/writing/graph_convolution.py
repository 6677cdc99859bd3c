"""Writes what multiplies by weights as one operation of a graph each, its bias and activation inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytrain.export.network import Node
from pytrain.export.shapes import Shape
from pytrain.export.writing.graph_activations import FUSED
from pytrain.export.writing.graph_writer import Writer
from pytrain.export.writing.padding import written_padding
from pytrain.export.writing.stored import as_picture

CONV2D = ("Conv2D", "_FusedConv2D")
DEPTHWISE = ("DepthwiseConv2dNative", "FusedDepthwiseConv2dNative")
MATMUL = ("MatMul", "_FusedMatMul")
"""An operation, and the one that carries a bias and an activation too."""


@dataclass(frozen=True)
class _Act:
    """The activation that an operation does itself.

    Attributes:
        node: the node whose tensor comes out: the operation's own, or the activation's behind it.
        kind: "linear", or one of FUSED.
        settings: of the activation.
    """

    node: Node
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)


def _act(writer: Writer, node: Node) -> _Act:
    own = node.config.get("activation", "linear")
    reader = writer.only_reader(node)
    if own != "linear" or reader is None or reader.kind != "activation":
        return _Act(node, own)
    kind = reader.config["activation"]
    # TensorFlow.js's depthwise convolution does not take a slope.
    if kind not in FUSED or (kind == "leaky_relu" and node.kind in ("depthwise_conv2d", "scale")):
        return _Act(node, own)
    settings = {"leakyrelu_alpha": float(reader.config["negative_slope"])} if kind == "leaky_relu" else {}
    return _Act(reader, kind, settings)


def _multiply(
    writer: Writer,
    node: Node,
    kinds: tuple[str, str],
    inputs: Sequence[str],
    shape: Shape,
    **attributes: Any,
) -> str:
    """The operation, in the shape that it works in; then in the node's own shape."""
    act = _act(writer, node)
    bias = [writer.weight(node, "bias")] if "bias" in writer.stored[node.name].weights else []
    plain, fused = kinds
    name = act.node.name if shape == node.shape else f"{act.node.name}/product"
    if not bias and act.kind == "linear":
        tensor = writer.graph.op(name, plain, inputs, shape, **attributes)
    else:
        done = [*(["BiasAdd"] if bias else ["NoOp"]), *([] if act.kind == "linear" else [FUSED[act.kind]])]
        settings = {"fused_ops": done, "num_args": len(bias), **act.settings}
        tensor = writer.graph.op(name, fused, [*inputs, *bias], shape, **settings, **attributes)
    tensor = writer.graph.reshape(act.node.name, tensor, node.shape)
    writer.tensors[act.node.name] = tensor
    return tensor


def _window(writer: Writer, node: Node, weight: str) -> dict[str, Any]:
    """Strides, padding and dilation of a convolution."""
    padding = writer.padding.get(node.name) or written_padding(node, weight, writer.input_shape(node))
    attributes = {
        "strides": [1, *node.config["strides"], 1],
        "dilations": [1, *node.config["dilation"], 1],
        "data_format": "NHWC",
    }
    if isinstance(padding, str):
        return {**attributes, "padding": padding.upper()}
    explicit = [0, 0, *(edge for pair in padding for edge in pair), 0, 0]
    return {**attributes, "padding": "EXPLICIT", "explicit_paddings": explicit}


def conv2d(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    sources = [inputs[0], writer.weight(node, "kernel")]
    return _multiply(writer, node, CONV2D, sources, node.shape, **_window(writer, node, "kernel"))


def depthwise_conv2d(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    sources = [inputs[0], writer.weight(node, "depthwise_kernel")]
    window = _window(writer, node, "depthwise_kernel")
    return _multiply(writer, node, DEPTHWISE, sources, node.shape, **window)


def dense(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    rows = writer.flat_rows(f"{node.name}/rows", inputs[0])
    sources = [rows, writer.weight(node, "kernel")]
    attributes = {"transpose_a": False, "transpose_b": False}
    return _multiply(writer, node, MATMUL, sources, node.shape[-1:], **attributes)


def scale(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """An addition where that is all; else a depthwise convolution of 1 x 1, which also has an activation."""
    alone = _act(writer, node).kind == "linear"
    if alone and (node.weights["scale"] == 1).all() and "bias" in writer.stored[node.name].weights:
        return writer.graph.op(node.name, "AddV2", [inputs[0], writer.weight(node, "bias")], node.shape)
    shape = as_picture(node.shape)
    picture = writer.graph.reshape(f"{node.name}/picture", inputs[0], shape)
    ones = [1, 1, 1, 1]
    return _multiply(
        writer,
        node,
        DEPTHWISE,
        [picture, writer.weight(node, "depthwise_kernel")],
        shape,
        strides=ones,
        dilations=ones,
        padding="VALID",
        data_format="NHWC",
    )


def conv2d_transpose(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    graph, name, activation = writer.graph, node.name, node.config["activation"]
    # The batch is only known when the graph runs.
    given = graph.op(f"{name}/given", "Shape", inputs, ())
    batch = graph.op(f"{name}/batch", "Slice", [given, graph.constant([0]), graph.constant([1])], ())
    parts = [batch, graph.constant(node.shape), graph.constant(0)]
    sizes = graph.op(f"{name}/sizes", "ConcatV2", parts, (), N=2)
    biased, active = "bias" in node.weights, activation != "linear"
    tensor = graph.op(
        f"{name}/product" if biased or active else name,
        "Conv2DBackpropInput",
        [sizes, writer.weight(node, "kernel"), inputs[0]],
        node.shape,
        strides=[1, *node.config["strides"], 1],
        padding=node.config["padding"].upper(),
        data_format="NHWC",
    )
    if biased:
        step = f"{name}/sum" if active else name
        tensor = graph.op(step, "AddV2", [tensor, writer.weight(node, "bias")], node.shape)
    return graph.op(name, FUSED[activation], [tensor], node.shape) if active else tensor
