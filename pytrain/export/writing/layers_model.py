"""Writes a network as a TensorFlow.js layers model (model.json): what ml5, Teachable Machine and
tf.loadLayersModel open.

TensorFlow.js reads the Keras 2 form: `batch_input_shape`, plain dtype strings, inbound nodes as
`[[[layer, node, tensor, {}]]]`, and a layer's weights as `<layer>/<weight>`. It has fewer layers than Keras,
and some are wrong: Rescaling, Resizing and CenterCrop give other shapes than they say, DepthwiseConv2D
forgets its dilation, `gelu_new` gets lost when a file is read. Others are slow on wasm: relu6,
BatchNormalization, the pooling of whole pictures. A node is written with those that are right and fast; where
there is none, only a graph can carry the network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pytrain.errors import ExportError
from pytrain.export.network import Array, Network, Node
from pytrain.export.writing.graph_activations import GELU_CUBE, GELU_SLOPE
from pytrain.export.writing.layer_list import Layers, Ref
from pytrain.export.writing.padding import written_padding
from pytrain.export.writing.pooling import pooling_steps
from pytrain.export.writing.stored import (
    Stored,
    as_picture,
    resize_matrices,
    shared_weights,
    spread_kernel,
    stored_weights,
)

__all__ = [
    "TFJS_VERSION",
    "LayersTopology",
    "OnlyGraph",
    "layers_model",
]

TFJS_VERSION = "4.22.0"
"""The TensorFlow.js that this topology is written for and tested with."""


class OnlyGraph(ExportError):  # noqa: N818 - what it says, not what went wrong
    """The layers format has nothing for a layer; graph.json can carry it."""


@dataclass(frozen=True)
class LayersTopology:
    """A layers model without its weights manifest.

    Attributes:
        json: what model.json holds beside `weightsManifest`.
        weights: full name (`conv1/kernel`) to float32 array; those of the graph model, named the same.
        own: weights that only this format needs, float32.
    """

    json: dict[str, Any]
    weights: dict[str, Array]
    own: dict[str, Array]


def layers_model(network: Network) -> LayersTopology:
    """Writes a network as `simplify` leaves it.

    Raises:
        OnlyGraph: the layers format lacks something, naming the layer.
    """
    writer = _Writer(network)
    for node in network.nodes:
        writer.write(node)
    outputs = [writer.refs[name] for name in network.outputs.values()]
    entries = writer.layers.needed(outputs)
    inputs = [node.name for node in network.nodes if node.kind == "input"]
    config = {
        "name": "model",
        "layers": entries,
        "input_layers": [[name, 0, 0] for name in inputs],
        "output_layers": [[ref.layer, ref.node, 0] for ref in outputs],
    }
    topology = {"class_name": "Model", "config": config}
    return LayersTopology(
        {
            "format": "layers-model",
            "generatedBy": "keras",
            "convertedBy": "pytrain",
            "modelTopology": {"keras_version": "2.15.0", "backend": "tensorflow", "model_config": topology},
        },
        shared_weights(writer.stored),
        writer.layers.own,
    )


class _Writer:
    """Turns nodes into layers.

    Attributes:
        refs: the tensor that each node of the network gives.
    """

    def __init__(self, network: Network) -> None:
        self.layers = Layers()
        self.refs: dict[str, Ref] = {}
        self.stored: dict[str, Stored] = stored_weights(network)
        self._nodes = {node.name: node for node in network.nodes}
        activations: dict[str, set[str]] = {}
        for node in network.nodes:
            owner = self.stored[node.name].owner
            activations.setdefault(owner, set()).add(str(node.config.get("activation")))
        self._differing = {owner for owner, kinds in activations.items() if len(kinds) > 1}

    def write(self, node: Node) -> None:
        inputs = [self.refs[name] for name in node.inputs]
        self.refs[node.name] = KINDS[node.kind](self, node, inputs)

    def weighted(
        self, node: Node, kind: str, inputs: Sequence[Ref], config: Mapping[str, Any], shape: tuple[int, ...]
    ) -> Ref:
        """A layer with stored weights; nodes that share them are one layer, called several times."""
        return self.layers.call(self.stored[node.name].owner, kind, inputs, shape, config)

    def plain(self, kind: str, node: Node, inputs: Sequence[Ref], **config: Any) -> Ref:
        return self.layers.add(node.name, kind, inputs, node.shape, **config)

    def only_graph(self, node: Node, what: str) -> OnlyGraph:
        return OnlyGraph(
            f"The layer {node.name} {what}, for which TensorFlow.js's layers format has nothing.",
            expected="a network that both formats can carry",
            fix="Open graph.json instead of model.json: pytrain's page and tf.loadGraphModel do.",
        )

    # Convolution and Dense.

    def _layer_then_activation(
        self, node: Node, kind: str, inputs: Sequence[Ref], config: dict[str, Any]
    ) -> Ref:
        """A layer with its relu in it, where all that share it want one; relu6 is a layer behind it."""
        owner, activation = self.stored[node.name].owner, node.config["activation"]
        config["use_bias"] = "bias" in node.weights
        inside = activation == "relu" and owner not in self._differing
        config["activation"] = "relu" if inside else "linear"
        ref = self.layers.call(owner, kind, inputs, node.shape, config)
        if inside or activation == "linear":
            return ref
        return self.layers.add(f"{node.name}/{activation}", "ReLU", [ref], node.shape, **RELU[activation])

    def _window(self, node: Node, weight: str, inputs: Sequence[Ref]) -> tuple[dict[str, Any], list[Ref]]:
        """Settings of a convolution; padding that the format cannot say becomes a layer in front."""
        shape = self._nodes[node.inputs[0]].shape
        padding = (
            node.config["padding"] if "dilation" not in node.config else written_padding(node, weight, shape)
        )
        sources = list(inputs)
        if not isinstance(padding, str):
            (top, bottom), (left, right) = padding
            height, width, channels = shape
            shape = (height + top + bottom, width + left + right, channels)
            edges = [[top, bottom], [left, right]]
            sources = [
                self.layers.add(f"{node.name}/padding", "ZeroPadding2D", sources, shape, padding=edges)
            ]
            padding = "valid"
        config = {
            "kernel_size": list(node.weights[weight].shape[:2]),
            "strides": list(node.config["strides"]),
            "padding": padding,
            "dilation_rate": list(node.config.get("dilation", (1, 1))),
        }
        return config, sources

    def conv2d(self, node: Node, inputs: Sequence[Ref]) -> Ref:
        config, sources = self._window(node, "kernel", inputs)
        config["filters"] = node.shape[-1]
        return self._layer_then_activation(node, "Conv2D", sources, config)

    def depthwise_conv2d(self, node: Node, inputs: Sequence[Ref]) -> Ref:
        config, sources = self._window(node, "depthwise_kernel", inputs)
        config["depth_multiplier"] = node.weights["depthwise_kernel"].shape[3]
        if config["dilation_rate"] != [1, 1]:
            # TensorFlow.js's DepthwiseConv2D forgets its dilation: a kernel with holes does the same.
            spread = spread_kernel(node)
            config.update(kernel_size=list(spread.shape[:2]), dilation_rate=[1, 1])
            self.layers.own[self.stored[node.name].full_name("depthwise_kernel")] = spread
        return self._layer_then_activation(node, "DepthwiseConv2D", sources, config)

    def conv2d_transpose(self, node: Node, inputs: Sequence[Ref]) -> Ref:
        config, sources = self._window(node, "kernel", inputs)
        config["filters"] = node.shape[-1]
        return self._layer_then_activation(node, "Conv2DTranspose", sources, config)

    def dense(self, node: Node, inputs: Sequence[Ref]) -> Ref:
        return self._layer_then_activation(node, "Dense", inputs, {"units": node.shape[-1]})

    def scale(self, node: Node, inputs: Sequence[Ref]) -> Ref:
        """A depthwise convolution of 1 x 1, which wasm does faster than BatchNormalization."""
        picture = self.layers.reshape(f"{node.name}/picture", inputs[0], as_picture(node.shape))
        stored = self.stored[node.name]
        config = {"kernel_size": [1, 1], "depth_multiplier": 1, "use_bias": "bias" in stored.weights}
        ref = self.layers.call(stored.owner, "DepthwiseConv2D", [picture], as_picture(node.shape), config)
        return self.layers.reshape(f"{node.name}/shape", ref, node.shape)

    def _scaled(self, name: str, ref: Ref, scale: float, offset: float = 0.0) -> Ref:
        """x * scale + offset, with weights that only this format needs."""
        shape = self.layers.shape(ref)
        picture = self.layers.reshape(f"{name}/picture", ref, as_picture(shape))
        config = {"kernel_size": [1, 1], "depth_multiplier": 1, "use_bias": bool(offset)}
        channels = shape[-1]
        self.layers.own[f"{name}/depthwise_kernel"] = np.full((1, 1, channels, 1), scale, np.float32)
        if offset:
            self.layers.own[f"{name}/bias"] = np.full(channels, offset, np.float32)
        scaled = self.layers.call(name, "DepthwiseConv2D", [picture], as_picture(shape), config)
        return self.layers.reshape(f"{name}/shape", scaled, shape)

    # Normalisation and activation.

    def layer_norm(self, node: Node, inputs: Sequence[Ref]) -> Ref:
        if len(node.shape) > 3:
            raise self.only_graph(node, f"normalises {len(node.shape)} axes")
        config = {
            "axis": [len(node.shape)],
            "epsilon": node.config["epsilon"],
            "scale": "gamma" in node.weights,
            "center": "beta" in node.weights,
        }
        return self.weighted(node, "LayerNormalization", inputs, config, node.shape)

    def activation(self, node: Node, inputs: Sequence[Ref]) -> Ref:
        name = node.config["activation"]
        if name in RELU:
            return self.plain("ReLU", node, inputs, **RELU[name])
        if name in NAMED:
            return self.plain("Activation", node, inputs, activation=NAMED[name])
        if name == "leaky_relu":
            return self.plain("LeakyReLU", node, inputs, alpha=float(node.config["negative_slope"]))
        if name == "thresholded_relu":
            return self.plain("ThresholdedReLU", node, inputs, theta=float(node.config["threshold"]))
        if name == "prelu":
            alpha = self.stored[node.name].weights["alpha"]
            shared = [axis for axis, size in enumerate(alpha.shape, 1) if size == 1]
            return self.weighted(node, "PReLU", inputs, {"shared_axes": shared}, node.shape)
        if name == "gelu_tanh":
            return self._gelu_tanh(node, inputs[0])
        raise self.only_graph(node, f"is the activation {name}")

    def _gelu_tanh(self, node: Node, x: Ref) -> Ref:
        add, shape = self.layers.add, node.shape
        square = add(f"{node.name}/square", "Multiply", [x, x], shape)
        slope = self._scaled(f"{node.name}/slope", square, GELU_SLOPE * GELU_CUBE, GELU_SLOPE)
        inner = add(f"{node.name}/inner", "Multiply", [x, slope], shape)
        gate = add(f"{node.name}/gate", "Activation", [inner], shape, activation="sigmoid")
        return add(node.name, "Multiply", [x, gate], shape)

    # Pooling.

    def pool(self, node: Node, inputs: Sequence[Ref]) -> Ref:
        strides = list(node.config["strides"])
        if tuple(node.config["pool"]) == (1, 1):
            # wasm's pooling refuses a window of one pixel.
            self.layers.own[f"{node.name}/depthwise_kernel"] = np.ones((1, 1, node.shape[-1], 1), np.float32)
            config = {"kernel_size": [1, 1], "depth_multiplier": 1, "use_bias": False, "strides": strides}
            return self.layers.call(node.name, "DepthwiseConv2D", inputs, node.shape, config)
        kind = "MaxPooling2D" if node.kind == "max_pool" else "AveragePooling2D"
        padding = node.config["padding"]
        return self.plain(
            kind, node, inputs, pool_size=list(node.config["pool"]), strides=strides, padding=padding
        )

    def global_pool(self, node: Node, inputs: Sequence[Ref]) -> Ref:
        kind = "MaxPooling2D" if node.kind == "global_max" else "AveragePooling2D"
        ref = inputs[0]
        height, width, channels = self.layers.shape(ref)
        for number, window in enumerate(pooling_steps((height, width, channels))):
            height, width = height // window[0], width // window[1]
            name = node.name if (height, width) == (1, 1) else f"{node.name}/step{number}"
            shape = (height, width, channels)
            ref = self.layers.add(
                name, kind, [ref], shape, pool_size=list(window), strides=list(window), padding="valid"
            )
        return self.layers.reshape(f"{node.name}/flat", ref, node.shape)

    # Several inputs.

    def merge(self, node: Node, inputs: Sequence[Ref]) -> Ref:
        return self.plain(node.kind.capitalize(), node, inputs)

    def subtract(self, node: Node, inputs: Sequence[Ref]) -> Ref:
        minus = self._scaled(f"{node.name}/minus", inputs[1], -1.0)
        return self.plain("Add", node, [inputs[0], minus])

    def concatenate(self, node: Node, inputs: Sequence[Ref]) -> Ref:
        return self.plain("Concatenate", node, inputs, axis=node.config["axis"])

    # Shape and size.

    def reshape(self, node: Node, inputs: Sequence[Ref]) -> Ref:
        return self.layers.reshape(node.name, inputs[0], node.shape)

    def resize(self, node: Node, inputs: Sequence[Ref]) -> Ref:
        """A Dense layer along each axis, which goes last for it; all of Keras's resizes are linear."""
        ref = inputs[0]
        shared = self.stored[node.name].weights
        for weight, matrix in resize_matrices(node).items():
            order = [3, 2, 1] if weight == "rows" else [1, 3, 2]
            name = f"{node.name}/{weight}"
            turned = self._permuted(f"{name}/turned", ref, order)
            shape = (*self.layers.shape(turned)[:2], matrix.shape[1])
            config = {"units": matrix.shape[1], "use_bias": False, "activation": "linear"}
            owner = f"{self.stored[node.name].owner}/{weight}" if shared else name
            if not shared:
                self.layers.own[f"{owner}/kernel"] = matrix
            ref = self._permuted(
                f"{name}/done", self.layers.call(owner, "Dense", [turned], shape, config), order
            )
        return ref

    def _permuted(self, name: str, ref: Ref, order: Sequence[int]) -> Ref:
        shape = tuple(self.layers.shape(ref)[axis - 1] for axis in order)
        return self.layers.add(name, "Permute", [ref], shape, dims=list(order))


RELU: dict[str, dict[str, Any]] = {"relu": {}, "relu6": {"max_value": 6}}

NAMED = {
    "elu": "elu",
    "selu": "selu",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "softplus": "softplus",
    "softsign": "softsign",
    "silu": "swish",
    "mish": "mish",
    "gelu": "gelu",
}
"""Activations that TensorFlow.js's layers have, and what they call them."""

KINDS: dict[str, Callable[[_Writer, Node, Sequence[Ref]], Ref]] = {
    "input": lambda writer, node, inputs: writer.layers.input(node.name, node.shape),
    "conv2d": _Writer.conv2d,
    "depthwise_conv2d": _Writer.depthwise_conv2d,
    "conv2d_transpose": _Writer.conv2d_transpose,
    "dense": _Writer.dense,
    "scale": _Writer.scale,
    "layer_norm": _Writer.layer_norm,
    "activation": _Writer.activation,
    "softmax": lambda writer, node, inputs: writer.plain("Activation", node, inputs, activation="softmax"),
    "log_softmax": lambda writer, node, inputs: writer.plain(
        "Activation", node, inputs, activation="logSoftmax"
    ),
    "max_pool": _Writer.pool,
    "average_pool": _Writer.pool,
    "global_max": _Writer.global_pool,
    "global_mean": _Writer.global_pool,
    "add": _Writer.merge,
    "subtract": _Writer.subtract,
    "multiply": _Writer.merge,
    "average": _Writer.merge,
    "maximum": _Writer.merge,
    "minimum": _Writer.merge,
    "concatenate": _Writer.concatenate,
    "reshape": _Writer.reshape,
    "permute": lambda writer, node, inputs: writer.plain(
        "Permute", node, inputs, dims=list(node.config["order"])
    ),
    "pad": lambda writer, node, inputs: writer.plain(
        "ZeroPadding2D", node, inputs, padding=[list(pair) for pair in node.config["padding"]]
    ),
    "crop": lambda writer, node, inputs: writer.plain(
        "Cropping2D", node, inputs, cropping=[list(pair) for pair in node.config["crop"]]
    ),
    "upsample": lambda writer, node, inputs: writer.plain(
        "UpSampling2D", node, inputs, size=list(node.config["factors"]), interpolation="nearest"
    ),
    "resize": _Writer.resize,
}
