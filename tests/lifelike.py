"""Gives an untrained network weights with which it answers as if trained: sure of some, unsure of others.

As it starts, a deep network says nearly the same of everything; a comparison of such answers shows nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float32]]

LOGIT_SPREAD = 2.0
"""Standard deviation of the logits afterwards."""


def pictures(count: int, size: int, low: float = -1.0, high: float = 1.0, seed: int = 0) -> Array:
    """float32 [count, size, size, 3] in [low, high]: patches of colour of many sizes.

    They differ as photographs do. Noise would not: the mean of a picture of noise is always nearly the same.
    """
    generator = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        picture = np.zeros((size, size, 3))
        for cells in (2, 5, 13, size):
            rows = np.minimum(np.arange(size) * cells // size, cells - 1)
            patches = generator.uniform(-1, 1, (cells, cells, 3)) * generator.uniform(0, 1)
            picture += patches[rows][:, rows]
        made.append(np.clip(picture, -1, 1))
    return (low + (np.stack(made) + 1) / 2 * (high - low)).astype(np.float32)


def lifelike(model: Any, seen: Array, seed: int = 0) -> None:
    """Sets a model's weights in place.

    Normalisations get random scales and offsets, and the statistics that `seen` really have in front of
    them, so that activations neither vanish nor grow from layer to layer; the last Dense is scaled to logits
    of a fixed spread. With few pictures that holds for these alone; of others the network may be too sure.

    Args:
        model: ends in a Dense or a 1 x 1 Conv2D, with softmax.
        seen: float32 [n, height, width, 3] in the range that the model takes.
        seed: of the random numbers.
    """
    generator = np.random.default_rng(seed)
    norms = []
    for layer in model._flatten_layers():
        kind = type(layer).__name__
        if kind in ("BatchNormalization", "LayerNormalization"):
            layer.gamma is not None and layer.gamma.assign(generator.uniform(0.5, 1.5, layer.gamma.shape))
            # Below 0, ReLU would cut half of everything, and a deep network blow rounding up a thousandfold.
            layer.beta is not None and layer.beta.assign(generator.uniform(0, 1, layer.beta.shape))
        elif kind == "LayerScale":
            layer.gamma.assign(generator.uniform(0.1, 0.5, layer.gamma.shape))
        if kind == "BatchNormalization":
            norms.append((layer, layer.momentum))
            layer.momentum = 0.0
        elif getattr(layer, "bias", None) is not None:
            layer.bias.assign(generator.uniform(-0.1, 0.1, layer.bias.shape))
    if norms:
        model(seen, training=True)
    else:
        _keep_spread(model)
    for layer, momentum in norms:
        layer.momentum = momentum
    _spread_logits(model, seen)


def _keep_spread(model: Any) -> None:
    """Makes up for what ReLU halves (He et al., 2015), where no normalisation does."""
    for layer in model._flatten_layers():
        if hasattr(layer, "kernel"):
            layer.kernel.assign(layer.kernel * np.sqrt(2))


def _spread_logits(model: Any, seen: Array) -> None:
    import keras

    # MobileNet's classifier is a 1 x 1 convolution of a picture of one pixel.
    kinds = (keras.layers.Dense, keras.layers.Conv2D)
    last = next(layer for layer in reversed(model.layers) if isinstance(layer, kinds))
    features = np.asarray(keras.Model(model.input, last.input)(seen, training=False)).reshape(len(seen), -1)
    kernel = np.asarray(last.kernel).reshape(features.shape[1], -1)
    # Features that are all positive push each class the same way for every picture; take that part away.
    mean = features.mean(axis=0)
    kernel = kernel - np.outer(mean, mean @ kernel) / (mean @ mean)
    logits = features @ kernel
    last.kernel.assign((kernel * LOGIT_SPREAD / logits.std()).reshape(last.kernel.shape))
