"""The former writer of model.json, until export/__init__.py uses the network of network.py.

TensorFlow.js reads the Keras 2 form: `batch_input_shape`, plain dtype strings, inbound nodes as
`[[[layer, node, tensor, {}]]]`, and a layer's weights as `<layer>/<weight>`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pytrain.bundle import LAYERS_MODEL, write_json
from pytrain.errors import ExportError
from pytrain.export.fold import Array, Layer, Network, relu_name
from pytrain.export.weights import write_shards

TFJS_VERSION = "4.22.0"
"""The TensorFlow.js that this topology is written for and tested with."""

CONVOLUTION = ("strides", "padding", "data_format", "dilation_rate", "activation", "use_bias")
POOLING = ("pool_size", "strides", "padding", "data_format")

Config = dict[str, Any]


def write_layers_model(folder: Path, network: Network) -> None:
    """Writes model.json and its weight shards.

    Raises:
        ExportError: a layer that is not in the table of supported layers, by name.
    """
    layers = [_entry(layer) for layer in network.layers]
    weights: dict[str, Array] = {}
    for layer in network.layers:
        for name in WEIGHTS.get(layer.kind, ()):
            if name in layer.weights:
                weights[f"{layer.name}/{name}"] = layer.weights[name]
    inputs = [layer.name for layer in network.layers if layer.kind == "InputLayer"]
    topology = {
        "class_name": "Model",
        "config": {
            "name": "model",
            "layers": layers,
            "input_layers": [[name, 0, 0] for name in inputs],
            "output_layers": [[name, 0, 0] for name in network.outputs],
        },
    }
    write_json(
        folder / LAYERS_MODEL,
        {
            "format": "layers-model",
            "generatedBy": "keras",
            "convertedBy": "pytrain",
            "modelTopology": {"keras_version": "2.15.0", "backend": "tensorflow", "model_config": topology},
            "weightsManifest": write_shards(folder, weights),
        },
    )


def _entry(layer: Layer) -> dict[str, Any]:
    if layer.kind not in SUPPORTED:
        raise ExportError(
            f"The layer {layer.name} is a {layer.kind}, which cannot be written for TensorFlow.js yet.",
            expected="one of " + ", ".join(sorted(SUPPORTED)),
            fix="Build the same from those layers.",
        )
    kind, config = SUPPORTED[layer.kind](layer)
    return {
        "class_name": kind,
        "name": layer.name,
        "config": {"name": layer.name, **config},
        "inbound_nodes": [[[name, 0, 0, {}] for name in layer.inputs]] if layer.inputs else [],
    }


def _keep(*names: str) -> Callable[[Layer], tuple[str, Config]]:
    """A layer that TensorFlow.js has under the same name, with these settings."""

    def convert(layer: Layer) -> tuple[str, Config]:
        _check_data_format(layer)
        config = {name: layer.config[name] for name in names if name in layer.config}
        if "activation" in config:
            config["activation"] = _activation(layer, config["activation"])
        return layer.kind, config

    return convert


def _input(layer: Layer) -> tuple[str, Config]:
    return "InputLayer", {"batch_input_shape": list(layer.config["batch_shape"]), "dtype": "float32"}


def _depthwise(layer: Layer) -> tuple[str, Config]:
    return _keep("kernel_size", "depth_multiplier", *CONVOLUTION)(layer)


def _global_pooling(layer: Layer) -> tuple[str, Config]:
    if layer.config.get("keepdims"):
        raise ExportError(
            f"The layer {layer.name} keeps its dimensions (keepdims=True), which TensorFlow.js cannot.",
            fix="Leave keepdims out and put a Reshape behind it.",
        )
    return _keep("data_format")(layer)


def _relu(layer: Layer) -> tuple[str, Config]:
    activation = relu_name(layer.config)
    if activation is None:
        raise ExportError(
            f"The layer {layer.name} is a ReLU with the settings {_set(layer.config)}.",
            expected="a plain ReLU or one with max_value=6",
            fix="Use keras.layers.ReLU() or ReLU(max_value=6).",
        )
    return "Activation", {"activation": activation}


def _softmax(layer: Layer) -> tuple[str, Config]:
    return "Softmax", {"axis": layer.config["axis"]}


def _activation(layer: Layer, activation: Any) -> str:
    if activation not in ACTIVATIONS:
        raise ExportError(
            f"The layer {layer.name} has the activation {activation!r}, which cannot be written yet.",
            expected="one of " + ", ".join(sorted(ACTIVATIONS)),
            fix="Use one of those.",
        )
    return str(activation)


def _check_data_format(layer: Layer) -> None:
    if layer.config.get("data_format", "channels_last") != "channels_last":
        raise ExportError(
            f"The layer {layer.name} wants channels first.",
            expected="channels_last, the form of a browser's pixels",
            fix="Build the model with data_format='channels_last'.",
        )


def _set(config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: config.get(name) for name in ("max_value", "negative_slope", "threshold")}


ACTIVATIONS = {"elu", "linear", "relu", "relu6", "sigmoid", "softmax", "softplus", "tanh"}
"""Activation names that mean the same in Keras and in TensorFlow.js."""

SUPPORTED: dict[str, Callable[[Layer], tuple[str, Config]]] = {
    "Activation": _keep("activation"),
    "Add": _keep(),
    "AveragePooling2D": _keep(*POOLING),
    "BatchNormalization": _keep("axis", "momentum", "epsilon", "center", "scale"),
    "Concatenate": _keep("axis"),
    "Conv2D": _keep("filters", "kernel_size", *CONVOLUTION),
    "Dense": _keep("units", "activation", "use_bias"),
    "DepthwiseConv2D": _depthwise,
    "Flatten": _keep(),
    "GlobalAveragePooling2D": _global_pooling,
    "GlobalMaxPooling2D": _global_pooling,
    "InputLayer": _input,
    "MaxPooling2D": _keep(*POOLING),
    "ReLU": _relu,
    "Reshape": _keep("target_shape"),
    "SeparableConv2D": _keep("filters", "kernel_size", "depth_multiplier", *CONVOLUTION),
    "Softmax": _softmax,
    "ZeroPadding2D": _keep("padding", "data_format"),
}
"""How each supported Keras layer is written: its TensorFlow.js class and settings."""

WEIGHTS = {
    "BatchNormalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "Conv2D": ("kernel", "bias"),
    "Dense": ("kernel", "bias"),
    "DepthwiseConv2D": ("depthwise_kernel", "bias"),
    "SeparableConv2D": ("depthwise_kernel", "pointwise_kernel", "bias"),
}
"""The weights that TensorFlow.js expects of a layer, in its order."""
