"""The lens: fixed first layers that make a small picture of the 224 x 224 input.

Unmodified ml5 and Teachable Machine feed 224 x 224 whatever the network needs, so a small network carries
its own reduction. The lens learns nothing: training computes it once per picture (training/lens_cache.py)
and trains only the `core` behind it.
"""

from __future__ import annotations

from typing import Any

from pytrain.image import SIZE
from pytrain.model.backend import keras

LENS = "lens"
GREY = "grey"
LOGITS = "logits"
PROBABILITIES = "probabilities"

LUMINANCE = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R BT.601)."""


def through_lens(inputs: Any, pool: int) -> Any:
    """[batch, 224, 224, 3] to [batch, 224 / pool, 224 / pool, 3]: the mean of each pool x pool square."""
    return keras.layers.AveragePooling2D(pool, name=LENS)(inputs)


def to_grey(pixels: Any) -> Any:
    """[batch, h, w, 3] to [batch, h, w, 1] by a fixed 1 x 1 convolution with the luminance weights."""
    grey = keras.layers.Conv2D(
        1,
        1,
        use_bias=False,
        trainable=False,
        kernel_initializer=keras.initializers.Constant([[[weight] for weight in LUMINANCE]]),
        name=GREY,
    )
    return grey(pixels)


def new_input() -> Any:
    """The input every model has: float32 [batch, 224, 224, 3], RGB, values in [-1, 1]."""
    return keras.Input((SIZE, SIZE, 3), name="image")


def with_head(inputs: Any, embedding: Any, num_classes: int, name: str) -> Any:
    """Ends a network in logits and probabilities, two layers, so that either can be had."""
    logits = keras.layers.Dense(num_classes, name=LOGITS)(embedding)
    probabilities = keras.layers.Activation("softmax", name=PROBABILITIES)(logits)
    return keras.Model(inputs, probabilities, name=name)


def core(model: Any, any_size: bool = False) -> Any:
    """The part of a model between the lens and the logits; it shares its weights with the model.

    Args:
        any_size: takes pictures of every size, not only the lens's; for networks that end in global pooling.

    Returns:
        A model from float32 [batch, s, s, 3] in [-1, 1] (what the lens gives) to logits [batch, classes].
    """
    pixels, logits = model.get_layer(LENS).output, model.get_layer(LOGITS).output
    part = keras.Model(pixels, logits, name=f"{model.name}_core")
    if not any_size:
        return part
    return keras.models.clone_model(
        part, input_tensors=keras.Input((None, None, 3)), clone_function=lambda layer: layer
    )


def logits_model(model: Any) -> Any:
    """The same model without its softmax: float32 [batch, 224, 224, 3] to logits [batch, classes]."""
    return keras.Model(model.input, model.get_layer(LOGITS).output, name=f"{model.name}_logits")
