"""A backbone with a head for new classes, and a second output that tells whether a picture shows any of them.

    image -> backbone -> features [7, 7, c] -> cells [2, 2, c] -> embedding [4 c] -> logits -> probabilities
                                                                                  \\-> known_scores -> known

The features are the backbone's last ones and, where it has them at the same resolution, those of an earlier
stage: the last ones are made for ImageNet's 1,000 classes, the earlier ones know more of other worlds. Their
means over four overlapping quarters of the picture, instead of one mean over all of it, still tell what is
above from what is below (Lazebnik, Schmid & Ponce, Beyond bags of features: spatial pyramid matching, 2006).
All behind the features is linear, so the class activation map is exact, and every client that knows pooling,
Dense and softmax can run it. `known` comes of a softmax over the classes and one more, "none of them".
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.model.backbones import Backbone
from pytrain.model.backend import keras
from pytrain.model.lens import LOGITS, PROBABILITIES

Floats = npt.NDArray[np.float32]
Head = tuple[Floats, Floats]
"""Kernel [features, outputs] and bias [outputs] of a Dense layer."""

FEATURES = "features"
CELLS = "cells"
EMBEDDING = "embedding"

ACROSS = 2
"""Cells across and down."""

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
    """For each number of the embedding, which level it comes from: int64 [4 c]."""
    channels = [int(backbone.model.get_layer(name).output.shape[-1]) for name in levels(backbone)]
    return np.tile(np.repeat(np.arange(len(channels)), channels), ACROSS * ACROSS)


def embedder(backbone: Backbone) -> Any:
    """float32 [batch, 224, 224, 3] in [-1, 1] to the embedding, float32 [batch, c]."""
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
    """Puts fitted heads into a model of `build`: `logits` [c, classes], `known` [c, classes + 1]."""
    model.get_layer(LOGITS).set_weights(list(logits))
    model.get_layer(KNOWN_SCORES).set_weights(list(known))


def activation_map(features: Floats, kernel: Floats) -> Floats:
    """How much each place speaks for a class; the sum over all places is its logit without the bias.

    Args:
        features: float32 [h, w, c].
        kernel: float32 [4 c], the class's weights.

    Returns:
        float32 [h, w].
    """
    side, step = _pooling(features.shape[0])
    cells = kernel.reshape(ACROSS, ACROSS, -1)
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
    return keras.layers.Flatten(name=EMBEDDING)(cells)
