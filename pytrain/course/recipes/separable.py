"""A small network of separable convolutions: what MobileNet did for telephones, on 28 or 32 pixels.

    pixels     28 x 28 x   1
    normalise                   mean 0, variance 1, as in mlp.py
    stem       28 x 28 x  24    3 x 3              312 parameters
    block1     14 x 14 x  48    separable        1,656, its 3 x 3 with stride 2
    block2     14 x 14 x  48    separable        3,120
    block3      7 x  7 x  96    separable        5,616, its 3 x 3 with stride 2
    block4      7 x  7 x  96    separable       10,848
    mean       96               mean of each map
    logits     10                                  970

22,522 parameters (432 more with three colours), 1.7 million multiplications a picture: a tenth and a third
of what `cnn` takes. A separable convolution (Howard et al., MobileNets, 2017) looks at places first, 3 x 3
within each map, and mixes the maps in a second step, 1 x 1. That saves most of the weights. What it costs:

    pytrain compare fashion-mnist-cnn-seed0 fashion-mnist-separable-seed0
"""

from __future__ import annotations

from typing import Any

from pytrain.course.augment import Augment
from pytrain.course.recipe import Pictures, Recipe
from pytrain.model.backend import keras
from pytrain.model.blocks import conv, separable_block
from pytrain.model.lens import LOGITS


def build(pictures: Pictures, classes: int) -> Any:
    """float32 [batch, side, side, channels] in [-1, 1] to logits [batch, classes]."""
    pixels = keras.Input((pictures.side, pictures.side, pictures.channels), name="pixels")
    x = keras.layers.Normalization(mean=pictures.mean, variance=pictures.variance, name="normalise")(pixels)
    x = conv(x, 24, "stem")
    x = separable_block(x, 48, "block1", stride=2)
    x = separable_block(x, 48, "block2")
    x = separable_block(x, 96, "block3", stride=2)
    x = separable_block(x, 96, "block4")
    x = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(pixels, keras.layers.Dense(classes, name=LOGITS)(x), name="separable")


RECIPE = Recipe(
    name="separable",
    about="separable convolutions: 23 thousand parameters",
    collections=("mnist", "fashion-mnist", "cifar-10"),
    build=build,
    epochs=16,
    learning_rate=8e-3,
    weight_decay=1e-2,
    augment=Augment(shift=1, flip=True),
)
