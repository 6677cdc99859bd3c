"""Blocks of three well-known networks, sized for pictures of 28 to 32 pixels.

Each takes maps, [batch, h, w, channels], and gives maps; a network is an input, a few of them, and a head.
The published networks were made for 224 pixels; what is kept here is what made each of them new.
"""

from __future__ import annotations

from typing import Any

from pytrain.model.backend import keras

MOMENTUM = 0.9
"""Of batch normalisation's statistics: Keras's 0.99 looks back over hundreds of batches, too long for a
training of a few thousand."""


def alexnet_block(x: Any, filters: int, name: str, *, size: int = 5, pool: bool = True) -> Any:
    """One large convolution, ReLU, and overlapping maximum pooling: [b, h, w, c] to [b, h/2, w/2, filters].

    Krizhevsky, Sutskever & Hinton, ImageNet classification with deep convolutional neural networks, 2012:
    ReLU instead of tanh, and pooling squares of 3 that lie 2 apart. Their 11 x 11 with stride 4 is for 224
    pixels; 5 x 5 without a stride sees as large a part of a small picture.

    Args:
        x: maps.
        filters: how many the convolution has.
        name: what its layers' names begin with.
        size: of the convolution's square, in pixels.
        pool: whether the pooling comes behind it; not so in the network's middle.
    """
    x = keras.layers.Conv2D(
        filters, size, padding="same", kernel_initializer="he_normal", activation="relu", name=f"{name}_conv"
    )(x)
    return keras.layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}_pool")(x) if pool else x


def vgg_block(x: Any, filters: int, name: str, *, convolutions: int = 2, normalised: bool = True) -> Any:
    """Several 3 x 3 convolutions, then maximum pooling: [b, h, w, c] to [b, h/2, w/2, filters].

    Simonyan & Zisserman, Very deep convolutional networks for large-scale image recognition, 2015: two 3 x 3
    convolutions see as much as one of 5 x 5, with fewer weights and one more ReLU. Batch normalisation (Ioffe
    & Szegedy, 2015) came later and lets it learn several times quicker.

    Args:
        x: maps.
        filters: of each convolution.
        name: what its layers' names begin with.
        convolutions: how many.
        normalised: with batch normalisation.
    """
    for number in range(1, convolutions + 1):
        x = conv(x, filters, f"{name}_{number}", normalised=normalised)
    return keras.layers.MaxPooling2D(2, name=f"{name}_pool")(x)


def residual_block(x: Any, filters: int, name: str, *, stride: int = 1) -> Any:
    """Two convolutions, whose outcome is added to what came in: [b, h, w, c] to [b, h/s, w/s, filters].

    He, Zhang, Ren & Sun, Deep residual learning for image recognition, 2016: a block that has nothing to add
    leaves its input as it is, so a deeper network cannot be worse, and gradients pass by. Where the size or
    the number of maps changes, a 1 x 1 convolution carries the input over.

    Args:
        x: maps.
        filters: of each convolution.
        name: what its layers' names begin with.
        stride: s, of the first convolution; 2 halves the maps.
    """
    carried = x
    if stride > 1 or x.shape[-1] != filters:
        carried = conv(x, filters, f"{name}_carry", size=1, stride=stride, relu=False)
    x = conv(x, filters, f"{name}_1", stride=stride)
    x = conv(x, filters, f"{name}_2", relu=False)
    return keras.layers.ReLU(name=f"{name}_relu")(keras.layers.Add(name=f"{name}_add")([carried, x]))


def separable_block(x: Any, filters: int, name: str, *, stride: int = 1) -> Any:
    """A convolution in two steps, each with its ReLU: [b, h, w, c] to [b, h/stride, w/stride, filters].

    Howard et al., MobileNets, 2017: first 3 x 3 within each map, then 1 x 1 across the maps. With c maps in
    and out that is 9 c + c c weights instead of 9 c c.

    Args:
        x: maps.
        filters: of the 1 x 1 convolution.
        name: what its layers' names begin with.
        stride: of the 3 x 3 convolution; 2 halves the maps.
    """
    x = keras.layers.DepthwiseConv2D(
        3, strides=stride, padding="same", use_bias=False, name=f"{name}_depthwise"
    )(x)
    x = keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_depthwise_norm")(x)
    x = keras.layers.ReLU(name=f"{name}_depthwise_relu")(x)
    return conv(x, filters, f"{name}_pointwise", size=1)


def conv(
    x: Any,
    filters: int,
    name: str,
    *,
    size: int = 3,
    stride: int = 1,
    normalised: bool = True,
    relu: bool = True,
) -> Any:
    """Convolution, batch normalisation, ReLU; export folds all three into one operation."""
    x = keras.layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding="same",
        use_bias=not normalised,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    if normalised:
        x = keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x) if relu else x
