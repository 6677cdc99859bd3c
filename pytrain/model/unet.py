"""A small U-Net that says what a picture shows and which of its pixels belong to it.

    image      224 x 224 x  3
    lens       112 x 112 x  3    mean of each 2 x 2 square
    fine        56 x  56 x 16    5 x 5 with stride 2              1,264 parameters
    half        56 x  56 x  3    mean of each 2 x 2 square of the lens
    stem        28 x  28 x 24    the network `cnn` of cnn.py      1,896
    block1      28 x  28 x 32                                     7,040
    block2      14 x  14 x 48                                    14,016
    block3       7 x   7 x 64                                    27,904
    block4       7 x   7 x 64                                    37,120
    bottom1      7 x   7 x 96    3 x 3                           55,680
    bottom2      7 x   7 x 96    3 x 3                           83,328
    up2         14 x  14 x 64    1 x 1, twice as large, beside block2, 3 x 3 twice   108,288
    up1         28 x  28 x 32    the same beside block1          30,080
    up0         56 x  56 x 16    the same beside fine             7,616
    mask        56 x  56 x  5    1 x 1: the background and each class    85
    logits       4               mean and peak of each feature of block4        516

374,833 parameters with four classes. The way down asks what there is, ever more coarsely; the way up asks
where, and is handed the fine maps from the way down (Ronneberger, Fischer & Brox, U-Net: Convolutional
networks for biomedical image segmentation, 2015). Unlike theirs, the maps keep their size at the borders,
grow by doubling instead of a transposed convolution (Odena, Dumoulin & Olah, Deconvolution and checkerboard
artifacts, 2016), and are normalised by batch.

The way down is the classifier `cnn` and may begin with its weights (Iglovikov & Shvets, TernausNet, 2018):
what a star is has been learned once. Its classes come from there alone, so that classification and
segmentation can be seen side by side.
"""

from __future__ import annotations

from typing import Any

from pytrain.bundle import MASK
from pytrain.errors import TrainingError
from pytrain.model import cnn
from pytrain.model.backend import keras
from pytrain.model.cnn import block
from pytrain.model.lens import LENS, LOGITS, PROBABILITIES, new_input, through_lens

LENS_POOL = 2
INPUT_SIDE = 112
"""What the lens gives."""

MASK_SIDE = 56
MASK_LOGITS = "mask_logits"
FINE = 16
"""Maps at 56 pixels, where the mask is drawn."""
BOTTOM = 96
"""Maps at 7 pixels: from here the whole picture is seen, and the way up is told what is where."""


def build(num_classes: int) -> Any:
    """A new, untrained network.

    Returns:
        From float32 [batch, 224, 224, 3] in [-1, 1] to {"probabilities": [batch, classes], "mask": [batch,
        56, 56, 1 + classes]}; a place's shares of the background and the classes add up to 1.
    """
    inputs = new_input()
    x = through_lens(inputs, LENS_POOL)
    fine = block(x, FINE, "fine", size=5, stride=2)
    x = keras.layers.AveragePooling2D(cnn.LENS_POOL // LENS_POOL, name="half")(x)
    block1, block2, last = cnn.maps(x)
    x = block(last, BOTTOM, "bottom1")
    x = block(x, BOTTOM, "bottom2")
    for name, beside, width in (("up2", block2, 64), ("up1", block1, 32), ("up0", fine, FINE)):
        x = block(x, width, f"{name}_narrow", size=1)
        x = keras.layers.UpSampling2D(2, name=f"{name}_larger")(x)
        x = keras.layers.Concatenate(name=f"{name}_beside")([x, beside])
        x = block(x, width, f"{name}a")
        x = block(x, width, f"{name}b")
    scores = keras.layers.Conv2D(1 + num_classes, 1, name=MASK_LOGITS)(x)
    mask = keras.layers.Softmax(name=MASK)(scores)
    logits = keras.layers.Dense(num_classes, name=LOGITS)(cnn.embedding(last))
    probabilities = keras.layers.Activation("softmax", name=PROBABILITIES)(logits)
    return keras.Model(inputs, {PROBABILITIES: probabilities, MASK: mask}, name="unet")


def core(model: Any) -> Any:
    """The part between the lens and the two softmaxes; it shares its weights with the model.

    Returns:
        From float32 [batch, 112, 112, 3] in [-1, 1] to {"logits": [batch, classes], "mask_logits": [batch,
        56, 56, 1 + classes]}.
    """
    outputs = {name: model.get_layer(name).output for name in (LOGITS, MASK_LOGITS)}
    return keras.Model(model.get_layer(LENS).output, outputs, name=f"{model.name}_core")


def begin_with(model: Any, classifier: Any) -> None:
    """Gives the way down and its classes the weights of a trained `cnn`.

    Raises:
        TrainingError: `classifier` is another network.
    """
    own = {layer.name: layer for layer in model.layers}
    trained = {layer.name: layer.get_weights() for layer in classifier.layers if layer.weights}
    for name, weights in trained.items():
        shapes = [each.shape for each in weights]
        if name not in own or [each.shape for each in own[name].get_weights()] != shapes:
            raise TrainingError(
                f"The classifier's layer {name} is none of the U-Net's.",
                expected="the network cnn with the same labels",
            )
    for name, weights in trained.items():
        own[name].set_weights(weights)
