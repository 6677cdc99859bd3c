"""The network of `cnn-plain` with dropout and augmentation: the same layers, less learned by heart.

    pixels     32 x 32 x  3
    normalise                  mean 0, variance 1 for each colour, as in mlp.py
    block1     32 x 32 x 32    two 3 x 3     10,144 parameters
               16 x 16         largest of each 2 x 2, then dropout of 1/5
    block2     16 x 16 x 64    two 3 x 3     55,424
                8 x  8         largest of each 2 x 2, then dropout of 3/10
    hidden    128              dense        524,416, then dropout of 1/2
    logits     10                             1,290

591,274 parameters. Dropout (Srivastava et al., 2014) silences a random part of the units in each training
step, so that no unit can rely on another one being there; in the finished network all of them speak.
Augmentation shows each picture mirrored and moved by up to four pixels, in every epoch another way: a picture
that is never the same twice cannot be learned by heart. Weight decay keeps weights small. Side by side:

    pytrain compare cifar-10-cnn-plain-seed0 cifar-10-cnn-regularised-seed0
"""

from __future__ import annotations

from typing import Any

from pytrain.course.augment import Augment
from pytrain.course.recipe import Pictures, Recipe
from pytrain.model.backend import keras
from pytrain.model.blocks import vgg_block
from pytrain.model.lens import LOGITS


def build(pictures: Pictures, classes: int) -> Any:
    """float32 [batch, side, side, channels] in [-1, 1] to logits [batch, classes]."""
    pixels = keras.Input((pictures.side, pictures.side, pictures.channels), name="pixels")
    x = keras.layers.Normalization(mean=pictures.mean, variance=pictures.variance, name="normalise")(pixels)
    x = vgg_block(x, 32, "block1", normalised=False)
    x = keras.layers.Dropout(0.2, name="dropout1")(x)
    x = vgg_block(x, 64, "block2", normalised=False)
    x = keras.layers.Dropout(0.3, name="dropout2")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    x = keras.layers.Dense(128, activation="relu", name="hidden")(x)
    x = keras.layers.Dropout(0.5, name="dropout3")(x)
    return keras.Model(pixels, keras.layers.Dense(classes, name=LOGITS)(x), name="cnn_regularised")


RECIPE = Recipe(
    name="cnn-regularised",
    about="the network of cnn-plain with dropout, augmentation and weight decay",
    collections=("cifar-10",),
    build=build,
    epochs=30,
    learning_rate=1e-3,
    weight_decay=1e-2,
    augment=Augment(shift=4, flip=True, edge="reflect"),
)
