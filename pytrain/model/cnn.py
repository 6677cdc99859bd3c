"""The answer to the MLP: a small convolutional network on 56 x 56 colour pixels.

    image    224 x 224 x  3
    lens      56 x  56 x  3    mean of each 4 x 4 square
    stem      28 x  28 x 24    5 x 5, stride 2         1,896 parameters
    block1    28 x  28 x 32    3 x 3                   7,040
              14 x  14         largest of each 2 x 2
    block2    14 x  14 x 48    3 x 3                  14,016
               7 x   7         largest of each 2 x 2
    block3     7 x   7 x 64    3 x 3                  27,904
    block4     7 x   7 x 64    3 x 3                  37,120
    embedding 128              mean and peak of each feature over the picture
    logits      4                                        516

88,492 parameters with four classes, 12.7 million multiplications a frame. Each block is a convolution,
batch normalisation (Ioffe & Szegedy, 2015) and ReLU. Global pooling instead of a large Dense layer (Lin, Chen
& Yan, Network in network, 2014) makes it blind to where the thing is; that is what the MLP cannot do.
"""

from __future__ import annotations

from typing import Any

from pytrain.model.backend import keras
from pytrain.model.lens import new_input, through_lens, with_head

LENS_POOL = 4


def build(num_classes: int) -> Any:
    """A new, untrained network: float32 [batch, 224, 224, 3] in [-1, 1] to probabilities [batch, classes]."""
    inputs = new_input()
    *_, last = maps(through_lens(inputs, LENS_POOL))
    return with_head(inputs, embedding(last), num_classes, "cnn")


def maps(x: Any) -> tuple[Any, Any, Any]:
    """The maps of block1, block2 and block4, before the pooling that follows, of what the lens gives."""
    x = block(x, 24, "stem", size=5, stride=2)
    block1 = block(x, 32, "block1")
    x = keras.layers.MaxPooling2D(2, name="block1_pool")(block1)
    block2 = block(x, 48, "block2")
    x = keras.layers.MaxPooling2D(2, name="block2_pool")(block2)
    x = block(x, 64, "block3")
    return block1, block2, block(x, 64, "block4")


def embedding(x: Any) -> Any:
    """Mean and peak of each feature over the picture."""
    mean = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    peak = keras.layers.GlobalMaxPooling2D(name="peak")(x)
    return keras.layers.Concatenate(name="embedding")([mean, peak])


def block(x: Any, filters: int, name: str, size: int = 3, stride: int = 1) -> Any:
    """Convolution, batch normalisation, ReLU; export folds all three into one operation."""
    x = keras.layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding="same",
        use_bias=False,
        name=f"{name}_conv",
    )(x)
    # Keras's 0.99 looks back over 100 batches or more, too long for a training of a few thousand.
    x = keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)
