"""A convolutional network for CIFAR-10 without any regularisation: what it looks like to learn by heart.

    pixels     32 x 32 x  3
    normalise                  mean 0, variance 1 for each colour, as in mlp.py
    block1     32 x 32 x 32    two 3 x 3     10,144 parameters
               16 x 16         largest of each 2 x 2
    block2     16 x 16 x 64    two 3 x 3     55,424
                8 x  8         largest of each 2 x 2
    hidden    128              dense        524,416
    logits     10                             1,290

591,274 parameters. Look at curves.png: the training loss falls to nearly nothing while the validation loss
turns and rises, for half a million weights in `hidden` are enough to remember single pictures. Published
networks of this kind reach about 75 %. `cnn-regularised` is the same network with dropout and augmentation.
"""

from __future__ import annotations

from typing import Any

from pytrain.course.recipe import Pictures, Recipe
from pytrain.model.backend import keras
from pytrain.model.blocks import vgg_block
from pytrain.model.lens import LOGITS


def build(pictures: Pictures, classes: int) -> Any:
    """float32 [batch, side, side, channels] in [-1, 1] to logits [batch, classes]."""
    pixels = keras.Input((pictures.side, pictures.side, pictures.channels), name="pixels")
    x = keras.layers.Normalization(mean=pictures.mean, variance=pictures.variance, name="normalise")(pixels)
    x = vgg_block(x, 32, "block1", normalised=False)
    x = vgg_block(x, 64, "block2", normalised=False)
    x = keras.layers.Flatten(name="flatten")(x)
    x = keras.layers.Dense(128, activation="relu", name="hidden")(x)
    return keras.Model(pixels, keras.layers.Dense(classes, name=LOGITS)(x), name="cnn_plain")


RECIPE = Recipe(
    name="cnn-plain",
    about="a convolutional network that nothing keeps from learning by heart",
    collections=("cifar-10",),
    build=build,
    epochs=20,
    learning_rate=1e-3,
)
