"""Small networks with the two outputs of a transfer-learned one: probabilities, and a score `known`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pytrain.model.backend import keras

CLASSES = 4
PROJECTED = 16

Head = Callable[[Any, Any], Any]
"""Makes `known` [batch, 1] of the embedding and the logits."""


def with_none_class(embedding: Any, logits: Any) -> Any:
    """A softmax over the logits and one more for none of the classes: 1 - its part."""
    layers = keras.layers
    none = layers.Dense(1, name="none")(embedding)
    shares = layers.Softmax(name="with_none")(layers.Concatenate(name="all")([logits, none]))
    return layers.Rescaling(-1.0, 1.0, name="known")(_column(shares, CLASSES, "none_share"))


def near_prototypes(embedding: Any, logits: Any) -> Any:
    """The least squared distance to a prototype of any class, in a projected space, through a sigmoid."""
    layers = keras.layers
    z = layers.Dense(PROJECTED, use_bias=False, name="projected")(
        layers.UnitNormalization(name="unit")(embedding)
    )
    square = _sum(layers.Multiply(name="squares")([z, z]), "length")
    # -|z - p|^2 = 2 z.p - |p|^2 - |z|^2
    products = layers.Dense(CLASSES, name="prototypes")(z)
    distances = layers.Subtract(name="closeness")([products, square])
    best = layers.GlobalMaxPooling2D(name="best")(layers.Reshape((CLASSES, 1, 1), name="column")(distances))
    return layers.Dense(1, activation="sigmoid", name="known")(best)


def by_energy(embedding: Any, logits: Any) -> Any:
    """The logarithm of the sum of the logits' exponentials (Liu et al., 2020), through a sigmoid."""
    energy = keras.ops.logsumexp(logits, axis=-1, keepdims=True)
    return keras.layers.Dense(1, activation="sigmoid", name="known")(energy)


def by_margin(embedding: Any, logits: Any) -> Any:
    """How far the greatest logit stands out from their mean, and how long the embedding is."""
    ops = keras.ops
    margin = ops.max(logits, axis=-1, keepdims=True) - ops.mean(logits, axis=-1, keepdims=True)
    length = ops.sqrt(ops.sum(ops.square(embedding), axis=-1, keepdims=True))
    both = keras.layers.Concatenate(name="both")([margin, length])
    return keras.layers.Dense(1, activation="sigmoid", name="known")(both)


HEADS: dict[str, Head] = {
    "softmax with none": with_none_class,
    "distance to prototypes": near_prototypes,
    "energy": by_energy,
    "margin": by_margin,
}


def two_outputs(head: Head, *, size: int = 224, as_list: bool = False, seed: int = 3) -> Any:
    """A small network: [batch, size, size, 3] in [-1, 1] to its outputs `probabilities` and `known`."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    entry = keras.Input((size, size, 3), name="image")
    x = layers.AveragePooling2D(8, name="lens")(entry)
    x = layers.Conv2D(8, 3, strides=2, activation="relu", name="conv")(x)
    x = layers.Conv2D(12, 3, activation="relu", name="conv2")(x)
    embedding = layers.GlobalAveragePooling2D(name="embedding")(x)
    logits = layers.Dense(CLASSES, name="logits")(embedding)
    probabilities = layers.Activation("softmax", name="probabilities")(logits)
    known = head(embedding, logits)
    outputs = [probabilities, known] if as_list else {"probabilities": probabilities, "known": known}
    model = keras.Model(entry, outputs)
    _make_it_differ(model)
    return model


def _make_it_differ(model: Any) -> None:
    """Weights with which different pictures get different answers."""
    generator = np.random.default_rng(5)
    for layer in model.layers:
        if layer.name in ("conv", "conv2", "logits", "none", "projected", "prototypes"):
            layer.kernel.assign(
                generator.normal(0, 1.5 / np.sqrt(np.prod(layer.kernel.shape[:-1])), layer.kernel.shape)
            )
        if getattr(layer, "bias", None) is not None:
            layer.bias.assign(generator.normal(0, 0.2, layer.bias.shape))


def _column(values: Any, number: int, name: str) -> Any:
    """One of a vector's numbers, by fixed weights."""
    return _fixed(values, np.eye(values.shape[-1])[:, number : number + 1], name)


def _sum(values: Any, name: str) -> Any:
    return _fixed(values, np.ones((values.shape[-1], 1)), name)


def _fixed(values: Any, kernel: Any, name: str) -> Any:
    start = keras.initializers.Constant(kernel.tolist())
    return keras.layers.Dense(1, use_bias=False, trainable=False, kernel_initializer=start, name=name)(values)
