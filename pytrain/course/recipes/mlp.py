"""A multilayer perceptron for MNIST and Fashion-MNIST: the network that every course starts with.

    pixels     28 x 28 x 1
    normalise                 mean 0, variance 1
    flatten   784
    hidden1   256, ReLU       200,960 parameters
    hidden2   128, ReLU        32,896
    logits     10               1,290

235,146 parameters, nearly all of them in the first layer: each of its 256 units has a weight for each pixel.
To this network a picture is a list of 784 numbers. That two of them are neighbours it would have to learn,
and a digit that is moved by three pixels is a new one to it. `cnn` has as many parameters, and is better.

Normalising. Pixels come as 0 to 255, here as -1 to 1. Their mean and standard deviation over all training
pictures are computed once, and the first layer makes (pixel - mean) / deviation of each pixel: now they lie
around 0 with a spread of 1, for which the first weights are made (Glorot & Bengio, 2010), so that learning
starts at once. The layer is a part of the network, hence of the exported model: the browser gives it plain
pixels, and nobody can forget it. Both numbers come from the training pictures alone; the test pictures are
treated with them, too, for in real life nobody knows the mean of the pictures that are still to come.
"""

from __future__ import annotations

from typing import Any

from pytrain.course.recipe import Pictures, Recipe
from pytrain.model.backend import keras
from pytrain.model.lens import LOGITS


def build(pictures: Pictures, classes: int) -> Any:
    """float32 [batch, side, side, channels] in [-1, 1] to logits [batch, classes]."""
    pixels = keras.Input((pictures.side, pictures.side, pictures.channels), name="pixels")
    x = keras.layers.Normalization(mean=pictures.mean, variance=pictures.variance, name="normalise")(pixels)
    x = keras.layers.Flatten(name="flatten")(x)
    x = keras.layers.Dense(256, activation="relu", name="hidden1")(x)
    x = keras.layers.Dropout(0.2, name="dropout1")(x)
    x = keras.layers.Dense(128, activation="relu", name="hidden2")(x)
    x = keras.layers.Dropout(0.2, name="dropout2")(x)
    return keras.Model(pixels, keras.layers.Dense(classes, name=LOGITS)(x), name="mlp")


RECIPE = Recipe(
    name="mlp",
    about="a multilayer perceptron: two hidden layers, no convolution",
    collections=("mnist", "fashion-mnist"),
    build=build,
    epochs=12,
    learning_rate=2e-3,
    weight_decay=1e-2,
)
