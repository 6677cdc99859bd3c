"""Makes of a trained network what is handed in and what the browser gets: probabilities, mirror, lens."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.image import SIZE
from pytrain.model.backend import keras
from pytrain.model.lens import LOGITS, PROBABILITIES, new_input, through_lens, to_grey

MIRROR = "mirror"
BATCH = 256


def finished(network: Any, flipped: bool) -> Any:
    """A trained network with its softmax, and with the mirrored picture's logits averaged in if wanted.

    The last layer is linear, so the mean of both logits is the logits of the mean of what goes into it: the
    network runs twice up to there, and once from there.

    Args:
        network: float32 [batch, side, side, channels] in [-1, 1] to logits [batch, classes].
        flipped: average with the mirror image.

    Returns:
        A model of its own layers from the same pixels to probabilities [batch, classes]; its layer "logits"
        gives the logits.
    """
    pixels = keras.Input(network.input_shape[1:], name="pixels")
    return _detached(_headed(pixels, pixels, network, flipped))


def whole(small: Any, network: Any, flipped: bool) -> Any:
    """The model for the browser: the lens in front of a finished network.

    Args:
        small: what `finished` gave, with its temperature, if it got one.
        network: what it was made of.
        flipped: as it was made.

    Returns:
        A model of its own layers: float32 [batch, 224, 224, 3] in [-1, 1] to probabilities [batch, classes].
    """
    side, channels = network.input_shape[1], network.input_shape[3]
    image = new_input()
    seen = through_lens(image, SIZE // side)
    model = _detached(_headed(image, to_grey(seen) if channels == 1 else seen, network, flipped))
    for layer in small.layers:
        if layer.weights:
            model.get_layer(layer.name).set_weights(layer.get_weights())
    return model


def logits_of(model: Any, pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What a model gives before its softmax: float32 [n, side, side, channels] to [n, classes]."""
    part = keras.Model(model.input, model.get_layer(LOGITS).output)
    return np.asarray(part.predict(pixels, batch_size=BATCH, verbose=0), np.float32)


def _headed(entry: Any, pixels: Any, network: Any, flipped: bool) -> Any:
    """A model from `entry`, which shares the network's layers."""
    last = network.get_layer(LOGITS)
    # A Sequential has `inputs` too, but no `input` before it is called.
    body = keras.Function(network.inputs[0], last.input)

    # `call` runs layer by layer, so that none is nested in another, which explaining a model would meet.
    embedding = body.call(pixels)
    if flipped:
        embedding = keras.layers.Average(name="both")([embedding, body.call(_mirrored(pixels))])
    return keras.Model(
        entry, keras.layers.Activation("softmax", name=PROBABILITIES)(last(embedding)), name=network.name
    )


def _mirrored(pixels: Any) -> Any:
    """[batch, h, w, c] with left and right exchanged, by layers that every browser library has.

    Rows times the matrix with ones on its other diagonal; sums of one term are exact.
    """
    width = pixels.shape[2]
    columns_last = keras.layers.Permute((1, 3, 2), name=f"{MIRROR}_columns_last")(pixels)
    exchange = keras.layers.Dense(width, use_bias=False, trainable=False, name=MIRROR)
    mirrored = exchange(columns_last)
    exchange.set_weights([np.eye(width, dtype=np.float32)[::-1]])
    return keras.layers.Permute((1, 3, 2), name=f"{MIRROR}_channels_last")(mirrored)


def _detached(model: Any) -> Any:
    """The same model of layers that belong to no other one."""
    copy = keras.Model.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    return copy
