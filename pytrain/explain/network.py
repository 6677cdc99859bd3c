"""A trained network opened for looking inside: its maps by layer, and its logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.bundle import MASK
from pytrain.errors import ModelError
from pytrain.evaluation.classifier import imagenet_classifier, open_classifier
from pytrain.evaluation.predict_files import IMAGENET
from pytrain.image import Frame, to_input
from pytrain.model.backbones import DEFAULT
from pytrain.model.backend import keras, tf
from pytrain.model.lens import GREY

Floats = npt.NDArray[np.float32]

PROBABILITIES = "probabilities"
LOGITS = "logits"
SUGGESTED = 8
"""Layer names that an error lists at most."""

TINY = 1e-7


@dataclass(frozen=True)
class Network:
    """A classifier whose inside can be asked.

    Attributes:
        name: for people.
        model: Keras model, float32 [batch, 224, 224, 3] in [-1, 1] to probabilities, or to a dict with them.
        labels: of its classes, in the order of its outputs.
    """

    name: str
    model: Any
    labels: tuple[str, ...]

    @cached_property
    def map_layers(self) -> tuple[str, ...]:
        """Names of the layers that give a stack of maps, [batch, h, w, channels], from first to last."""
        return tuple(
            layer.name
            for layer in self.model.layers
            if not isinstance(layer, keras.layers.InputLayer) and _is_map(layer)
        )

    @cached_property
    def convolutions(self) -> tuple[str, ...]:
        """Names of the convolutions, frozen ones too, from first to last; the lens's grey is none of them."""
        return tuple(
            layer.name
            for layer in self.model.layers
            if "Conv" in type(layer).__name__ and layer.weights and layer.name != GREY and _is_map(layer)
        )

    def layer(self, name: str) -> Any:
        """The layer of this name.

        Raises:
            ModelError: there is none, or it gives no maps.
        """
        if name in self.map_layers:
            return self.model.get_layer(name)
        there = name in {layer.name for layer in self.model.layers}
        near = get_close_matches(name, self.map_layers, n=3, cutoff=0.5)
        some = near or [*self.map_layers[: SUGGESTED - 2], *self.map_layers[-2:]]
        raise ModelError(
            f"The layer {name} of {self.name} gives no maps."
            if there
            else f"{self.name} has no layer {name}.",
            expected=f"for example {', '.join(dict.fromkeys(some))}",
            fix=f"Did you mean {near[0]}?" if near else "Give one of them.",
        )

    def last_maps(self) -> str:
        """The last layer that gives maps larger than one pixel: where class activation is read off.

        Raises:
            ModelError: the network has no convolution.
        """
        self.require_convolution()
        sizes = {name: self.model.get_layer(name).output.shape[1:3] for name in self.map_layers}
        return [name for name, size in sizes.items() if min(size) > 1][-1]

    def require_convolution(self) -> None:
        """Raises ModelError where there is none: then there are no maps to look at."""
        if not self.convolutions:
            raise ModelError(
                f"{self.name} has no convolution, so it has no maps and no filters.",
                expected="a convolutional network",
                fix="Train one, for example: pytrain train four-shapes --recipe cnn",
            )

    def class_number(self, label: str) -> int:
        """Raises ModelError where no class has this name."""
        if label in self.labels:
            return self.labels.index(label)
        near = get_close_matches(label, self.labels, n=1, cutoff=0.5)
        raise ModelError(
            f"{self.name} has no class {label}.",
            expected=f"one of {', '.join(self.labels[:12])}{', ...' if len(self.labels) > 12 else ''}",
            fix=f"Did you mean {near[0]}?" if near else None,
        )

    def chosen(self, frame: Frame, label: str | None) -> int:
        """The number of the label, or of the most probable class."""
        if label is not None:
            return self.class_number(label)
        return int(self.probabilities(to_input(frame)[None])[0].argmax())

    def probabilities(self, inputs: Floats) -> Floats:
        """[batch, 224, 224, 3] in [-1, 1] to [batch, classes]."""
        output = self.model(inputs, training=False)
        found = output[PROBABILITIES] if isinstance(output, dict) else output
        return np.asarray(found[0] if isinstance(found, list) else found)

    def with_maps(self, names: Sequence[str]) -> Any:
        """A model that gives [the maps of each named layer..., the class scores]."""
        maps = [self.layer(name).output for name in names]
        return keras.Model(self.model.inputs[0], [*maps, self._scores()])

    def _scores(self) -> Any:
        """Logits, where a layer gives them; else the logarithm of the probabilities, which differs from
        them by a number that is the same for all classes."""
        if any(layer.name == LOGITS for layer in self.model.layers):
            return self.model.get_layer(LOGITS).output
        output = self.model.output
        found = output[PROBABILITIES] if isinstance(output, dict) else output
        return keras.ops.log(keras.ops.maximum(found[0] if isinstance(found, list) else found, TINY))


def open_network(source: Path | str) -> Network:
    """Opens an exported model for looking inside.

    Args:
        source: its folder, its name below `exported_models`, or "imagenet" for EfficientNet-Lite0 with
            ImageNet's 1,000 classes.

    Raises:
        BundleError, ModelError: there is no such model, or it cannot be loaded.
    """
    found = imagenet_classifier(DEFAULT) if str(source) == IMAGENET else open_classifier(source)
    return Network(found.name, _without_mask(found.model), found.labels)


def _without_mask(model: Any) -> Any:
    """The part of a network that its answer comes from: nothing else can explain it."""
    if not isinstance(model.output, dict) or MASK not in model.output:
        return model
    outputs = {name: output for name, output in model.output.items() if name != MASK}
    return keras.Model(model.input, outputs, name=model.name)


def randomised(network: Network, seed: int = 0) -> Network:
    """The same network with weights drawn at random, which has learned nothing.

    A map that stays the same for it tells nothing of what was learned (Adebayo and others, Sanity checks for
    saliency maps, 2018).
    """
    copy = keras.models.clone_model(network.model)
    draw = np.random.default_rng(seed)
    weights = [
        draw.normal(0, np.sqrt(2 / max(np.prod(w.shape[:-1]), 1)), w.shape) if w.ndim > 1 else w
        for w in network.model.get_weights()
    ]
    copy.set_weights(weights)
    return Network(f"{network.name}, randomised", copy, network.labels)


def gradient_of(score: Any, inputs: Any) -> tuple[Any, Any]:
    """(value, its gradient by the inputs); score is a function of a tensor."""
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = score(inputs)
    return value, tape.gradient(value, inputs)


def _is_map(layer: Any) -> bool:
    try:
        shape = layer.output.shape
    except AttributeError:
        return False
    return len(shape) == 4
