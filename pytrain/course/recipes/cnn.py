"""A small convolutional network for MNIST and Fashion-MNIST.

    pixels     28 x 28 x  1
    normalise                  mean 0, variance 1, as in mlp.py
    block1     28 x 28 x 32    3 x 3        416 parameters
               14 x 14         largest of each 2 x 2
    block2     14 x 14 x 48    3 x 3     14,016
                7 x  7         largest of each 2 x 2
    block3      7 x  7 x 64    3 x 3     27,904
    flatten  3,136
    hidden      64, ReLU                200,768
    logits     10                           650

243,754 parameters, as many as the `mlp` has, and 4.5 million multiplications a picture. The 3 x 3 weights of
a convolution are used at every place of the picture, so an edge learned at the left is known at the right.
Each pooling halves the maps, so that the next 3 x 3 sees twice as far. What the maps found, and where, goes
into the same kind of dense layers that `mlp` has: they start from edges and corners instead of pixels.

Each convolution is followed by batch normalisation (Ioffe & Szegedy, 2015) and ReLU. The training pictures
are moved by up to a pixel and mirrored, digits instead moved, turned and scaled a little; dropout (Srivastava
et al., 2014) keeps the dense layers from learning them by heart.
"""

from __future__ import annotations

from typing import Any

from pytrain.course.augment import Augment
from pytrain.course.recipe import Pictures, Recipe
from pytrain.model.backend import keras
from pytrain.model.blocks import conv, vgg_block
from pytrain.model.lens import LOGITS


def build(pictures: Pictures, classes: int) -> Any:
    """float32 [batch, side, side, channels] in [-1, 1] to logits [batch, classes]."""
    pixels = keras.Input((pictures.side, pictures.side, pictures.channels), name="pixels")
    x = keras.layers.Normalization(mean=pictures.mean, variance=pictures.variance, name="normalise")(pixels)
    x = vgg_block(x, 32, "block1", convolutions=1)
    x = vgg_block(x, 48, "block2", convolutions=1)
    x = conv(x, 64, "block3")
    x = keras.layers.Flatten(name="flatten")(x)
    x = keras.layers.Dropout(0.2, name="dropout1")(x)
    x = keras.layers.Dense(64, activation="relu", name="hidden")(x)
    x = keras.layers.Dropout(0.2, name="dropout2")(x)
    return keras.Model(pixels, keras.layers.Dense(classes, name=LOGITS)(x), name="cnn")


RECIPE = Recipe(
    name="cnn",
    about="a small convolutional network: three convolutions, two dense layers",
    collections=("mnist", "fashion-mnist"),
    build=build,
    epochs=14,
    batch_size=128,
    learning_rate=3e-3,
    weight_decay=1e-2,
    augment=Augment(shift=1, flip=True),
    # Digits are written at a slant, and a tenth of them is often all there is.
    varied={"mnist": {"epochs": 24, "augment": Augment(shift=2, turn=10.0, zoom=0.1)}},
)
