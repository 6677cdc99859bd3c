"""The toy network that a course starts with: a multilayer perceptron on 28 x 28 grey pixels.

    image   224 x 224 x 3
    lens     56 x  56 x 3      mean of each 4 x 4 square
    grey     56 x  56 x 1      luminance
    shrink   28 x  28 x 1      mean of each 2 x 2 square
    flatten 784
    hidden   64, ReLU          50,240 parameters
    hidden   64, ReLU           4,160 parameters
    logits    4                   260 parameters

54,663 parameters with four classes, three of them fixed. The size is that of the first networks on MNIST
(LeCun et al., Gradient-based learning applied to document recognition, 1998). It knows nothing about
pictures: a star moved by five pixels is a new thing to it. That is the lesson, and the CNN is the answer.
"""

from __future__ import annotations

from typing import Any

from pytrain.model.backend import keras
from pytrain.model.lens import new_input, through_lens, to_grey, with_head

LENS_POOL = 4
HIDDEN = 64


def build(num_classes: int) -> Any:
    """A new, untrained network: float32 [batch, 224, 224, 3] in [-1, 1] to probabilities [batch, classes]."""
    inputs = new_input()
    x = to_grey(through_lens(inputs, LENS_POOL))
    x = keras.layers.AveragePooling2D(2, name="shrink")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    for index in (1, 2):
        x = keras.layers.Dense(HIDDEN, activation="relu", name=f"hidden{index}")(x)
    return with_head(inputs, x, num_classes, "mlp")
