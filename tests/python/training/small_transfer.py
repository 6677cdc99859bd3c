"""A small network and easy pictures, for tests of fine-tuning; worker processes import it too."""

import numpy as np

from pytrain.model.backend import keras
from pytrain.training.stage_maps import Pictures

CLASSES = 3


def small_model(seed=0):
    """Three blocks whose BatchNormalization has seen something, and the layers every transfer model has."""
    keras.utils.set_random_seed(seed)
    image = keras.Input((224, 224, 3), name="image")
    x = keras.layers.AveragePooling2D(28, name="lens")(image)
    for number in range(3):
        x = keras.layers.Conv2D(8, 3, padding="same", use_bias=False, name=f"conv{number}")(x)
        x = keras.layers.BatchNormalization(name=f"norm{number}")(x)
        x = keras.layers.ReLU(6.0, name=f"block{number}")(x)
    x = keras.layers.GlobalAveragePooling2D(name="embedding")(x)
    x = keras.layers.Dropout(0.5, name="dropout")(x)
    x = keras.layers.Dense(CLASSES, name="logits")(x)
    model = keras.Model(image, keras.layers.Activation("softmax", name="probabilities")(x))
    draw = np.random.default_rng(seed)
    for number in range(3):
        norm = model.get_layer(f"norm{number}")
        norm.set_weights([draw.uniform(0.5, 1.5, 8).astype(np.float32) for _ in range(4)])
    return model


def pictures(count, seed=0, views=1, key="pictures", weights=None):
    """Noise in one of three colours; every third is of the same class."""
    labels = np.arange(count) % CLASSES

    def frames(row):
        draw = np.random.default_rng((seed, row))
        shown = draw.integers(0, 120, (views, 224, 224, 3), dtype=np.uint8)
        shown[..., labels[row]] += 40
        return shown

    targets = np.eye(CLASSES, dtype=np.float32)[labels]
    return Pictures(f"{key}-{count}-{seed}-{views}", targets, frames, views, weights)
