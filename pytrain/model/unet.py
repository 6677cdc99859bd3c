"""A small U-Net that says what a picture shows and which of its pixels belong to it.

    image      224 x 224 x  3
    lens       112 x 112 x  3    mean of each 2 x 2 square
    down0       56 x  56 x 16    5 x 5 with stride 2, then 3 x 3      3,632 parameters
    down1       28 x  28 x 24    largest of each 2 x 2, 3 x 3 twice   8,832
    down2       14 x  14 x 40    the same                            23,360
    bottom       7 x   7 x 64    the same, the second with gaps      60,416
    up2         14 x  14 x 40    1 x 1, twice as large, beside down2, 3 x 3    31,680
    up1         28 x  28 x 24    the same beside down1               11,520
    up0         56 x  56 x 16    the same beside down0, 3 x 3 twice   7,488
    mask        56 x  56 x  5    1 x 1: the background and each class    85
    logits       4               mean and peak of each feature of the bottom     516

147,529 parameters with four classes. The way down asks what there is, ever more coarsely; the way up asks
where, and is handed the fine maps from the way down (Ronneberger, Fischer & Brox, U-Net: Convolutional
networks for biomedical image segmentation, 2015). Unlike theirs, the maps keep their size at the borders,
grow by doubling instead of a transposed convolution (Odena, Dumoulin & Olah, Deconvolution and checkerboard
artifacts, 2016), and are normalised by batch.

The classes come from the bottom alone: a classifier that has the same network as its mask, for comparison.
"""

from __future__ import annotations

from typing import Any

from pytrain.bundle import MASK
from pytrain.model.backend import keras
from pytrain.model.cnn import block
from pytrain.model.lens import LENS, LOGITS, PROBABILITIES, new_input, through_lens

LENS_POOL = 2
INPUT_SIDE = 112
"""What the lens gives."""

MASK_SIDE = 56
MASK_LOGITS = "mask_logits"
WIDTHS = (16, 24, 40, 64)
"""Maps at 56, 28, 14 and 7 pixels."""


def build(num_classes: int) -> Any:
    """A new, untrained network.

    Returns:
        From float32 [batch, 224, 224, 3] in [-1, 1] to {"probabilities": [batch, classes], "mask": [batch,
        56, 56, 1 + classes]}; a place's shares of the background and the classes add up to 1.
    """
    inputs = new_input()
    x = through_lens(inputs, LENS_POOL)
    x = block(x, WIDTHS[0], "down0a", size=5, stride=2)
    x = block(x, WIDTHS[0], "down0b")
    fine = [x]
    for depth, width in enumerate(WIDTHS[1:], start=1):
        name = f"down{depth}" if width != WIDTHS[-1] else "bottom"
        x = keras.layers.MaxPooling2D(2, name=f"{name}_pool")(x)
        x = block(x, width, f"{name}a")
        # With gaps, so that a place at the bottom sees all of the picture.
        x = block(x, width, f"{name}b", dilation=2 if name == "bottom" else 1)
        fine.append(x)
    bottom = fine.pop()
    x = bottom
    for depth, width in reversed(list(enumerate(WIDTHS[:-1]))):
        name = f"up{depth}"
        x = block(x, width, f"{name}_narrow", size=1)
        x = keras.layers.UpSampling2D(2, name=f"{name}_larger")(x)
        x = keras.layers.Concatenate(name=f"{name}_beside")([x, fine[depth]])
        x = block(x, width, f"{name}a")
    x = block(x, WIDTHS[0], "up0b")
    scores = keras.layers.Conv2D(1 + num_classes, 1, name=MASK_LOGITS)(x)
    mask = keras.layers.Softmax(name=MASK)(scores)
    mean = keras.layers.GlobalAveragePooling2D(name="mean")(bottom)
    peak = keras.layers.GlobalMaxPooling2D(name="peak")(bottom)
    embedding = keras.layers.Concatenate(name="embedding")([mean, peak])
    logits = keras.layers.Dense(num_classes, name=LOGITS)(embedding)
    probabilities = keras.layers.Activation("softmax", name=PROBABILITIES)(logits)
    return keras.Model(inputs, {PROBABILITIES: probabilities, MASK: mask}, name="unet")


def core(model: Any) -> Any:
    """The part between the lens and the two softmaxes, for every size; it shares its weights with the model.

    Returns:
        From float32 [batch, s, s, 3] in [-1, 1], s a multiple of 16, which the lens makes 112, to {"logits":
        [batch, classes], "mask_logits": [batch, s / 2, s / 2, 1 + classes]}.
    """
    outputs = {name: model.get_layer(name).output for name in (LOGITS, MASK_LOGITS)}
    part = keras.Model(model.get_layer(LENS).output, outputs, name=f"{model.name}_core")
    return keras.models.clone_model(
        part, input_tensors=keras.Input((None, None, 3)), clone_function=lambda layer: layer
    )
