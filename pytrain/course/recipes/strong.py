"""The strong recipe for Fashion-MNIST: a residual network, and every means that a course teaches, together.

    pixels     28 x 28 x   1
    normalise                   mean 0, variance 1, as in mlp.py
    stem       28 x 28 x  16    3 x 3              208 parameters
    block1     14 x 14 x  64    residual        47,872, stride 2
    block2     14 x 14 x  64    residual        74,240
    block3      7 x  7 x 128    residual       230,912, stride 2
    mean      128               mean of each map
    logits     10                                1,290

354,522 parameters, 35 million multiplications a view. What is done for each percent beyond `cnn`:

- residual blocks (He et al., 2016): seven convolutions one behind the other still learn;
- pictures are moved by up to two pixels, mirrored, and every fourth one has a rectangle of noise in it
  (Zhong et al., Random erasing, 2020), so that no single part of a thing is relied on;
- label smoothing (Szegedy et al., 2016): no answer is pushed to 100 %, for some labels are wrong;
- one cycle of the learning rate (Smith & Topin, Super-convergence, 2019): high in the middle, 0 at the end;
- the running average of the weights is kept in place of the last ones (training/average.py);
- the exported model asks its network four times, of the picture moved by a pixel in four ways, twice
  mirrored, and takes the mean: what was learned of moved pictures is made use of.
"""

from __future__ import annotations

from typing import Any

from pytrain.course.augment import Augment
from pytrain.course.recipe import Pictures, Recipe, View
from pytrain.model.backend import keras
from pytrain.model.blocks import conv, residual_block
from pytrain.model.lens import LOGITS


def build(pictures: Pictures, classes: int) -> Any:
    """float32 [batch, side, side, channels] in [-1, 1] to logits [batch, classes]."""
    pixels = keras.Input((pictures.side, pictures.side, pictures.channels), name="pixels")
    x = keras.layers.Normalization(mean=pictures.mean, variance=pictures.variance, name="normalise")(pixels)
    x = conv(x, 16, "stem")
    x = residual_block(x, 64, "block1", stride=2)
    x = residual_block(x, 64, "block2")
    x = residual_block(x, 128, "block3", stride=2)
    x = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(pixels, keras.layers.Dense(classes, name=LOGITS)(x), name="strong")


RECIPE = Recipe(
    name="strong",
    about="a residual network with all that helps: augmentation, smoothing, averaged weights, four views",
    collections=("fashion-mnist",),
    build=build,
    epochs=36,
    batch_size=128,
    optimizer="sgd",
    learning_rate=0.2,
    weight_decay=5e-4,
    label_smoothing=0.05,
    augment=Augment(shift=2, flip=True, erase=0.25, erase_side=0.5),
    average=0.998,
    bfloat16=True,
    views=(View(right=1), View(down=1), View(right=1, mirrored=True), View(down=-1, mirrored=True)),
)
