"""A backbone with a head for new classes, and a second output that tells whether a picture shows any of them.

    image -> backbone -> features [7, 7, c] -> embedding [c] -> logits [classes] -> probabilities
                                                        \\-> known_scores [classes + 1] -> known

The features are the backbone's last ones and, where it has them at the same resolution, those of an earlier
stage: the last ones are made for ImageNet's 1,000 classes, the earlier ones know more of other worlds. The
mean over the picture and a Dense layer follow, so the class activation map is exact, and every client that
knows Dense and softmax can run it. `known` comes of a softmax over the classes and one more, "none of them".
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
EMBEDDING = "embedding"
KNOWN_SCORES = "known_scores"
KNOWN = "known"


def levels(backbone: Backbone) -> tuple[str, ...]:
    """Names of the layers that make the features: the last, and the first stage of its resolution."""
    last = backbone.model.output
    for name in backbone.stages[:-1]:
        if backbone.model.get_layer(name).output.shape[1:3] == last.shape[1:3]:
            return (backbone.stages[-1], name)
    return (backbone.stages[-1],)


def widths(backbone: Backbone) -> tuple[int, ...]:
    """Channels of each level; together the length of the embedding."""
    return tuple(int(backbone.model.get_layer(name).output.shape[-1]) for name in levels(backbone))


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


def _embedding(backbone: Backbone) -> Any:
    maps = [backbone.model.get_layer(name).output for name in levels(backbone)]
    features = keras.layers.Concatenate(name=FEATURES)(maps) if len(maps) > 1 else maps[0]
    return keras.layers.GlobalAveragePooling2D(name=EMBEDDING)(features)
