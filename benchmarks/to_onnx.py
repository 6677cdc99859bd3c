"""Writes a plain network as an ONNX file, as far as EfficientNet-Lite0 needs, to compare onnxruntime with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pytrain.export.network import Network, Node

OPSET = 17
IR_VERSION = 8


def write_onnx(network: Network, path: Path) -> None:
    """The network with the same folded weights; takes and gives what TensorFlow.js does: channels last."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    operations: list[Any] = []
    constants: list[Any] = []
    entry = network.nodes[0]

    def constant(name: str, values: Any) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def operation(kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        operations.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def write(node: Node, inputs: list[str]) -> None:
        if node.kind in ("conv2d", "depthwise_conv2d"):
            weight = "kernel" if node.kind == "conv2d" else "depthwise_kernel"
            kernel = node.weights[weight]
            depthwise = node.kind == "depthwise_conv2d"
            # [h, w, in, out] to [out, in, h, w]; a depthwise one has a group for each channel.
            turned = kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(3, 2, 0, 1)
            arguments = [
                constant(f"{node.name}/{weight}", turned),
                constant(f"{node.name}/bias", node.weights["bias"]),
            ]
            relu6 = node.config["activation"] == "relu6"
            name = operation(
                "Conv",
                [*inputs, *arguments],
                f"{node.name}/linear" if relu6 else node.name,
                strides=list(node.config["strides"]),
                auto_pad="SAME_UPPER" if node.config["padding"] == "same" else "VALID",
                group=kernel.shape[2] if depthwise else 1,
            )
            if relu6:
                operation("Clip", [name, "zero", "six"], node.name)
        elif node.kind == "add":
            operation("Add", inputs, node.name)
        elif node.kind == "global_mean":
            operation("Flatten", [operation("GlobalAveragePool", inputs, f"{node.name}/mean")], node.name)
        elif node.kind == "dense":
            arguments = [constant(f"{node.name}/{name}", node.weights[name]) for name in ("kernel", "bias")]
            operation("Gemm", [*inputs, *arguments], node.name)
        elif node.kind == "softmax":
            operation("Softmax", inputs, node.name)
        else:
            raise NotImplementedError(f"{node.name} is a {node.kind}")

    constant("zero", np.float32(0))
    constant("six", np.float32(6))
    operation("Transpose", [entry.name], f"{entry.name}/channels_first", perm=[0, 3, 1, 2])
    for node in network.nodes[1:]:
        inputs = [f"{name}/channels_first" if name == entry.name else name for name in node.inputs]
        write(node, inputs)
    (output,) = network.outputs.values()
    graph = helper.make_graph(
        operations,
        "pytrain",
        [helper.make_tensor_value_info(entry.name, TensorProto.FLOAT, [1, *entry.shape])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, *network[output].shape])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
