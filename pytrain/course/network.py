"""Makes of a trained network what is handed in and what the browser gets: probabilities, views, lens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.course.recipe import View
from pytrain.image import SIZE
from pytrain.model.backend import keras
from pytrain.model.lens import LOGITS, PROBABILITIES, new_input, through_lens, to_grey

BLACK = -1.0
BATCH = 256


def finished(network: Any, views: Sequence[View]) -> Any:
    """A trained network with its softmax; of several views of each picture if wanted.

    The last layer is linear, so the mean of the views' logits is the logits of the mean of what goes into it:
    the network runs once for each view up to there, and once from there.

    Args:
        network: float32 [batch, side, side, channels] in [-1, 1] to logits [batch, classes].
        views: whose logits are averaged; none for the picture as it is.

    Returns:
        A model of its own layers from the same pixels to probabilities [batch, classes]; its layer "logits"
        gives the logits.
    """
    pixels = keras.Input(network.input_shape[1:], name="pixels")
    return _detached(_headed(pixels, pixels, network, views))


def whole(small: Any, network: Any, views: Sequence[View]) -> Any:
    """The model for the browser: the lens in front of a finished network.

    Args:
        small: what `finished` gave, with its temperature, if it got one.
        network: what it was made of.
        views: as it was made.

    Returns:
        A model of its own layers: float32 [batch, 224, 224, 3] in [-1, 1] to probabilities [batch, classes].
    """
    side, channels = network.input_shape[1], network.input_shape[3]
    image = new_input()
    seen = through_lens(image, SIZE // side)
    model = _detached(_headed(image, to_grey(seen) if channels == 1 else seen, network, views))
    for layer in small.layers:
        if layer.weights:
            model.get_layer(layer.name).set_weights(layer.get_weights())
    return model


def logits_of(model: Any, pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What a model gives before its softmax: float32 [n, side, side, channels] to [n, classes]."""
    part = keras.Model(model.input, model.get_layer(LOGITS).output)
    return np.asarray(part.predict(pixels, batch_size=BATCH, verbose=0), np.float32)


def _headed(entry: Any, pixels: Any, network: Any, views: Sequence[View]) -> Any:
    """A model from `entry`, which shares the network's layers."""
    last = network.get_layer(LOGITS)
    # A Sequential has `inputs` too, but no `input` before it is called.
    body = keras.Function(network.inputs[0], last.input)

    # `call` runs layer by layer, so that none is nested in another, which explaining a model would meet.
    seen = [body.call(_seen(pixels, view, f"view{number}")) for number, view in enumerate(views, 1)]
    embedding = keras.layers.Average(name="mean_of_views")(seen) if seen else body.call(pixels)
    return keras.Model(
        entry, keras.layers.Activation("softmax", name=PROBABILITIES)(last(embedding)), name=network.name
    )


def _seen(pixels: Any, view: View, name: str) -> Any:
    """[batch, h, w, c] as a view shows it, by layers that every browser library has."""
    columns_last = keras.layers.Permute((1, 3, 2), name=f"{name}_columns_last")(pixels)
    moved = _moved(columns_last, view.right, view.mirrored, f"{name}_columns")
    rows_last = keras.layers.Permute((3, 2, 1), name=f"{name}_rows_last")(moved)
    moved = _moved(rows_last, view.down, False, f"{name}_rows")
    return keras.layers.Permute((3, 1, 2), name=f"{name}_channels_last")(moved)


def _moved(lines: Any, by: int, mirrored: bool, name: str) -> Any:
    """[batch, a, b, pixels], its last axis in reverse order if `mirrored`, and then moved; black comes in.

    A product with a matrix of zeros and ones; sums of one term are exact.
    """
    length = lines.shape[3]
    layer = keras.layers.Dense(length, trainable=False, name=name)
    moved = layer(lines)
    matrix = np.eye(length, k=by, dtype=np.float32)
    layer.set_weights([matrix[::-1] if mirrored else matrix, BLACK * (matrix.sum(0) == 0)])
    return moved


def _detached(model: Any) -> Any:
    """The same model of layers that belong to no other one."""
    copy = keras.Model.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    return copy
