"""Reads a Keras 3 model into a plain network and simplifies it, without changing what it computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.errors import ExportError
from pytrain.model.backend import keras

Array = npt.NDArray[np.float32]

DROPPED = {
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "SpatialDropout2D",
}
"""Layers that do nothing when a model predicts."""

FOLDS_SCALE: dict[str, Callable[[Layer, Array], Mapping[str, Array]]] = {}
"""How a layer's kernel takes up a factor per output channel; filled below."""

FUSED_ACTIVATIONS = {"relu", "relu6"}
"""Activations that a convolution or Dense layer can carry itself."""


@dataclass
class Layer:
    """One operation: a Keras class name, its settings, its weights, and the layers it reads from.

    `weights` has TensorFlow.js's names (`kernel`, `depthwise_kernel`, `bias`, ...), float32.
    """

    name: str
    kind: str
    config: dict[str, Any]
    weights: dict[str, Array]
    inputs: list[str]


@dataclass
class Network:
    """Layers in an order in which each comes after those it reads from."""

    layers: list[Layer]
    outputs: list[str]
    input_shape: tuple[int | None, ...]
    by_name: dict[str, Layer] = field(init=False)

    def __post_init__(self) -> None:
        self.by_name = {layer.name: layer for layer in self.layers}

    def readers(self, name: str) -> list[Layer]:
        return [layer for layer in self.layers if name in layer.inputs]

    def remove(self, layer: Layer) -> None:
        """Takes a layer with one input out; whoever read from it reads from that input."""
        (source,) = layer.inputs
        for reader in self.readers(layer.name):
            reader.inputs = [source if name == layer.name else name for name in reader.inputs]
        self.outputs = [source if name == layer.name else name for name in self.outputs]
        self.layers.remove(layer)
        del self.by_name[layer.name]


def read_network(model: Any) -> Network:
    """Reads a built functional or Sequential model with one input.

    Raises:
        ExportError: a subclassed model, several inputs, a layer used twice, or weights that are not finite.
    """
    if isinstance(model, keras.Sequential):
        model = _functional(model)
    if type(model).__name__ not in {"Functional", "Model"} or not hasattr(model, "operations"):
        raise ExportError(
            f"The model is a {type(model).__name__}.",
            expected="a functional or Sequential Keras model",
            fix="Rebuild it with keras.Input and keras.Model(inputs, outputs).",
        )
    layers: list[Layer] = []
    outputs = _walk(model, layers, inputs=None)
    entries = [layer for layer in layers if layer.kind == "InputLayer"]
    if len(entries) != 1:
        raise ExportError(f"The model has {len(entries)} inputs.", expected="one picture as the only input")
    return Network(layers, outputs, tuple(entries[0].config["batch_shape"]))


def simplify(network: Network) -> Network:
    """Drops layers that only train, folds BatchNormalization, and lets layers carry their activation."""
    for layer in list(network.layers):
        if layer.kind in DROPPED:
            network.remove(layer)
    for layer in list(network.layers):
        if layer.kind == "BatchNormalization":
            _fold_batch_normalization(network, layer)
    for layer in list(network.layers):
        if layer.kind in {"ReLU", "Activation"}:
            _fuse_activation(network, layer)
    return network


def _functional(model: Any) -> Any:
    if not model.built:
        raise ExportError(
            "The Sequential model has no input shape yet.",
            fix="Start it with keras.Input((224, 224, 3)) or call model.build.",
        )
    return keras.Model(model.inputs, model.outputs)


def _walk(model: Any, layers: list[Layer], inputs: list[str] | None) -> list[str]:
    """Appends a model's layers; a model inside a model is written out in its place.

    Returns the names of the layers that give the model's outputs.
    """
    config = model.get_config()
    given: dict[str, str] = {}
    if inputs is not None:
        entry_names = [reference[0] for reference in _references(config["input_layers"])]
        given = dict(zip(entry_names, inputs, strict=True))
    known = {layer.name for layer in layers}
    for entry in config["layers"]:
        name = entry["name"]
        if name in given:
            continue
        nodes = entry["inbound_nodes"]
        if len(nodes) > 1:
            raise ExportError(
                f"The layer {name} is used {len(nodes)} times.",
                expected="every layer used once",
                fix="Make one layer for each use, with copied weights.",
            )
        sources = [given.get(source, source) for source in _sources(nodes)]
        layer = model.get_layer(name)
        if isinstance(layer, keras.Model):
            inner = _functional(layer) if isinstance(layer, keras.Sequential) else layer
            (given[name],) = _walk(inner, layers, sources)
            continue
        if name in known:
            raise ExportError(
                f"Two layers are called {name}.", fix="Give the layers of the inner model other names."
            )
        known.add(name)
        layers.append(Layer(name, entry["class_name"], dict(entry["config"]), _weights(layer), sources))
    return [given.get(name, name) for name, *_ in _references(config["output_layers"])]


def _references(value: Any) -> list[list[Any]]:
    """Keras writes one output as [name, node, tensor] and several as a list of those."""
    return [value] if value and isinstance(value[0], str) else list(value)


def _sources(nodes: list[Any]) -> list[str]:
    found: list[str] = []

    def collect(value: Any) -> None:
        if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            found.append(value["config"]["keras_history"][0])
        elif isinstance(value, dict):
            for part in value.values():
                collect(part)
        elif isinstance(value, list | tuple):
            for part in value:
                collect(part)

    collect(nodes)
    return found


def _weights(layer: Any) -> dict[str, Array]:
    weights: dict[str, Array] = {}
    for variable in layer.weights:
        if "seed_generator" in variable.path:
            continue
        name = variable.name
        if name == "kernel" and type(layer).__name__ == "DepthwiseConv2D":
            name = "depthwise_kernel"
        values = keras.ops.convert_to_numpy(variable).astype(np.float32)
        if not np.isfinite(values).all():
            raise ExportError(
                f"The weight {name} of the layer {layer.name} is not finite (NaN or infinity).",
                fix="Train again with a lower learning rate; such a model answers nothing useful.",
            )
        weights[name] = values
    return weights


def _fold_batch_normalization(network: Network, layer: Layer) -> None:
    """Multiplies a normalisation into the layer before it, where nothing else reads that layer."""
    source = network.by_name[layer.inputs[0]]
    foldable = (
        source.kind in FOLDS_SCALE
        and source.config.get("activation", "linear") == "linear"
        and len(network.readers(source.name)) == 1
        and source.name not in network.outputs
        and layer.config["axis"] in (-1, 3)
    )
    if not foldable:
        return
    mean, variance = layer.weights["moving_mean"], layer.weights["moving_variance"]
    gamma = layer.weights.get("gamma", np.ones_like(mean))
    beta = layer.weights.get("beta", np.zeros_like(mean))
    # In double precision, so that folding costs no more than the last bit.
    scale = gamma.astype(np.float64) / np.sqrt(variance.astype(np.float64) + layer.config["epsilon"])
    bias = source.weights.get("bias", np.zeros_like(mean)).astype(np.float64)
    source.weights.update(FOLDS_SCALE[source.kind](source, scale))
    source.weights["bias"] = ((bias - mean) * scale + beta).astype(np.float32)
    source.config["use_bias"] = True
    network.remove(layer)


def _fuse_activation(network: Network, layer: Layer) -> None:
    source = network.by_name[layer.inputs[0]]
    activation = relu_name(layer.config) if layer.kind == "ReLU" else layer.config["activation"]
    fusable = (
        activation in FUSED_ACTIVATIONS
        and source.kind in FOLDS_SCALE
        and source.config.get("activation", "linear") == "linear"
        and len(network.readers(source.name)) == 1
        and source.name not in network.outputs
    )
    if fusable:
        source.config["activation"] = activation
        network.remove(layer)


def relu_name(config: Mapping[str, Any]) -> str | None:
    """`relu` or `relu6` where a ReLU layer's settings are those; None for any other ReLU."""
    if config.get("negative_slope") or config.get("threshold"):
        return None
    return {None: "relu", 6.0: "relu6"}.get(config.get("max_value"))


def _scale_last(layer: Layer, scale: Array) -> Mapping[str, Array]:
    """Conv2D [h, w, in, out] and Dense [in, out]: the outputs are the last axis."""
    return {"kernel": (layer.weights["kernel"] * scale).astype(np.float32)}


def _scale_depthwise(layer: Layer, scale: Array) -> Mapping[str, Array]:
    """DepthwiseConv2D [h, w, in, multiplier]: output channel = in * multiplier + m."""
    kernel = layer.weights["depthwise_kernel"]
    return {"depthwise_kernel": (kernel * scale.reshape(kernel.shape[2:])).astype(np.float32)}


def _scale_pointwise(layer: Layer, scale: Array) -> Mapping[str, Array]:
    return {"pointwise_kernel": (layer.weights["pointwise_kernel"] * scale).astype(np.float32)}


FOLDS_SCALE.update(
    Conv2D=_scale_last, Dense=_scale_last, DepthwiseConv2D=_scale_depthwise, SeparableConv2D=_scale_pointwise
)
