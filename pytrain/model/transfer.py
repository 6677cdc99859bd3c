"""A backbone with a head for new classes, and a second output that tells whether a picture shows any of them.

  image -> backbone -> features [7, 7, c] -> cells [2, 2, c] -> embedding [4 c + g] -> logits -> probabilities
                 \\-> ImageNet's classes -> groups [g] -----/                    \\-> known_scores -> known

The features are the backbone's last ones and, where it has them at the same resolution, those of an earlier
stage: the last ones are made for ImageNet's 1,000 classes, the earlier ones know more of other worlds. Their
means over four overlapping quarters of the picture, instead of one mean over all of it, still tell what is
above from what is below (Lazebnik, Schmid & Ponce, Beyond bags of features: spatial pyramid matching, 2006).

Where the backbone brings its classifier, the embedding also has how surely the picture shows each group of
alike classes of ImageNet (imagenet_groups.py): a bird of no kind that ImageNet has is among its birds all the
same. It is the sum of their softened probabilities, times STEEPNESS, put through x / (1 + x): that something
may be of a group says much, how surely it is says little.

What comes of the cells is linear, so the class activation map is exact for them; the groups have no place in
the picture. Every client that knows pooling, Dense, softmax and softsign can run it. `known` comes of a
softmax over the classes and one more, "none of them".
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.model.backbones import Backbone
from pytrain.model.backend import keras
from pytrain.model.imagenet_groups import GROUP_LEVEL, groups_of
from pytrain.model.lens import LOGITS, PROBABILITIES

Floats = npt.NDArray[np.float32]
Head = tuple[Floats, Floats]
"""Kernel [features, outputs] and bias [outputs] of a Dense layer."""

FEATURES = "features"
CELLS = "cells"
EMBEDDING = "embedding"

ACROSS = 2
"""Cells across and down."""

IMAGENET = "imagenet"
GROUPS = "groups"

SOFTENING = 2.0
"""The temperature of ImageNet's classes: of 1.5 to 3, all do about as well."""

STEEPNESS = 10.0
"""5 to 20 do about as well."""

KNOWN_SCORES = "known_scores"
KNOWN = "known"


def levels(backbone: Backbone) -> tuple[str, ...]:
    """Names of the layers that make the features: the last, and the first stage of its resolution."""
    last = backbone.model.output
    for name in backbone.stages[:-1]:
        if backbone.model.get_layer(name).output.shape[1:3] == last.shape[1:3]:
            return (backbone.stages[-1], name)
    return (backbone.stages[-1],)


def level_of(backbone: Backbone) -> npt.NDArray[np.int64]:
    """For each number of the embedding, which level it comes from, or GROUP_LEVEL: int64 [4 c + g]."""
    channels = [int(backbone.model.get_layer(name).output.shape[-1]) for name in levels(backbone)]
    cells = np.tile(np.repeat(np.arange(len(channels)), channels), ACROSS * ACROSS)
    groups = 0 if backbone.classifier is None else groups_of(backbone.classifier[0]).shape[1]
    return np.concatenate([cells, np.full(groups, GROUP_LEVEL)])


def embedder(backbone: Backbone) -> Any:
    """float32 [batch, 224, 224, 3] in [-1, 1] to the embedding, float32 [batch, 4 c + g]."""
    return keras.Model(backbone.model.input, _embedding(backbone), name="embedder")


def build(backbone: Backbone, classes: int) -> Any:
    """The whole network, its head still at random.

    Returns:
        A flat functional Keras model, float32 [batch, 224, 224, 3] in [-1, 1] to the dictionary
        {"probabilities": float32 [batch, classes], "known": float32 [batch, 1], values 0 to 1}.
    """
    embedding = _embedding(backbone)
    logits = keras.layers.Dense(classes, name=LOGITS)(embedding)
    scores = keras.layers.Dense(classes + 1, activation="softmax", name=KNOWN_SCORES)(embedding)
    any_class = np.r_[np.ones(classes), 0.0][:, None]
    known = keras.layers.Dense(
        1,
        use_bias=False,
        trainable=False,
        kernel_initializer=keras.initializers.Constant(any_class.tolist()),
        name=KNOWN,
    )
    outputs = {
        PROBABILITIES: keras.layers.Activation("softmax", name=PROBABILITIES)(logits),
        KNOWN: known(scores),
    }
    return keras.Model(backbone.model.input, outputs, name="transfer")


def set_heads(model: Any, logits: Head, known: Head) -> None:
    """Puts fitted heads into a model of `build`: `logits` [width, classes], `known` [width, classes + 1]."""
    model.get_layer(LOGITS).set_weights(list(logits))
    model.get_layer(KNOWN_SCORES).set_weights(list(known))


def activation_map(features: Floats, kernel: Floats) -> Floats:
    """How much each place speaks for a class; the sum over all places is its logit without bias and groups.

    Args:
        features: float32 [h, w, c].
        kernel: float32 [4 c + g], the class's weights.

    Returns:
        float32 [h, w].
    """
    side, step = _pooling(features.shape[0])
    channels = features.shape[-1]
    cells = kernel[: ACROSS * ACROSS * channels].reshape(ACROSS, ACROSS, channels)
    activation = np.zeros(features.shape[:2], np.float32)
    for row in range(ACROSS):
        for column in range(ACROSS):
            here = np.s_[row * step : row * step + side, column * step : column * step + side]
            activation[here] += features[here] @ cells[row, column] / np.float32(side * side)
    return activation


def _pooling(size: int) -> tuple[int, int]:
    """Width of the cells and distance between them: of 7, 4 and 3."""
    side = -(-size // ACROSS)
    return side, size - side


def _embedding(backbone: Backbone) -> Any:
    maps = [backbone.model.get_layer(name).output for name in levels(backbone)]
    features = keras.layers.Concatenate(name=FEATURES)(maps) if len(maps) > 1 else maps[0]
    side, step = _pooling(int(features.shape[1]))
    cells = keras.layers.AveragePooling2D(side, strides=step, name=CELLS)(features)
    if backbone.classifier is None:
        return keras.layers.Flatten(name=EMBEDDING)(cells)
    flat = keras.layers.Flatten(name="flat_cells")(cells)
    return keras.layers.Concatenate(name=EMBEDDING)(
        [flat, _groups(backbone.model.output, *backbone.classifier)]
    )


def _groups(features: Any, kernel: Floats, bias: Floats) -> Any:
    mean = keras.layers.GlobalAveragePooling2D(name="mean_features")(features)
    classes = _fixed(IMAGENET, "softmax", mean, kernel / SOFTENING, bias / SOFTENING)
    return _fixed(GROUPS, "softsign", classes, groups_of(kernel) * np.float32(STEEPNESS))


def _fixed(name: str, activation: str, inputs: Any, kernel: Floats, bias: Floats | None = None) -> Any:
    """Through a Dense layer that never learns."""
    layer = keras.layers.Dense(
        kernel.shape[1], activation=activation, use_bias=bias is not None, trainable=False, name=name
    )
    outputs = layer(inputs)
    layer.set_weights([kernel] if bias is None else [kernel, bias])
    return outputs
