"""Builds a network of keras.applications and gives it the weights that Keras downloads.

Keras keeps those in ~/.keras/models (KERAS_HOME/models where that is set) and fetches what is not there. Each
network was trained on its own range of pixels; a Rescaling in front makes it from the contract's [-1, 1].
"""

from __future__ import annotations

import hashlib
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from pytrain.errors import ModelError
from pytrain.keras_home import impatient, keras_home
from pytrain.model.keras_networks import KerasNetwork
from pytrain.model.ranges import CAFFE_MEAN, IMAGENET_DEVIATION, IMAGENET_MEAN

RANGES: dict[str, tuple[Any, Any]] = {
    "-1..1": (1.0, 0.0),
    "0..255": (127.5, 127.5),
    "imagenet": (
        [0.5 / deviation for deviation in IMAGENET_DEVIATION],
        [(0.5 - mean) / deviation for mean, deviation in zip(IMAGENET_MEAN, IMAGENET_DEVIATION, strict=True)],
    ),
    "caffe": (127.5, [127.5 - mean for mean in CAFFE_MEAN[::-1]]),
}
"""Scale and offset that make a network's values from [-1, 1], for red, green and blue."""


def load(network: KerasNetwork) -> Any:
    """The whole network with its ImageNet weights; they are fetched where they are not here.

    Returns:
        A flat functional Keras model, float32 [batch, 224, 224, 3] in [-1, 1] to probabilities [batch, 1000].

    Raises:
        ModelError: the weights cannot be fetched, or the file is damaged or another one.
    """
    path = weights_file(network)
    _check(network, path)
    try:
        # Keras talks on the standard output, which is for answers.
        with impatient(), redirect_stdout(sys.stderr):
            model = build(network, "imagenet")
    except Exception as error:
        raise _broken(path, error) if path.exists() else _not_fetched(network, path, error) from None
    if network.pixels == "caffe":
        _take_rgb(model)
    return model


def build(network: KerasNetwork, weights: str | None = None) -> Any:
    """The network behind the scaling that it needs; `weights` are None (random) or "imagenet"."""
    from pytrain.model.backend import keras
    from pytrain.model.lens import new_input

    image = pixels = new_input()
    scale, offset = RANGES[network.pixels]
    if (scale, offset) != (1.0, 0.0):
        pixels = keras.layers.Rescaling(scale, offset, name="range")(image)
    options = {"include_preprocessing": False} if network.bare else {}
    make = getattr(keras.applications, network.function)
    made = make(weights=weights, input_tensor=pixels, **options)
    # Keras gives a model of a list of one input here, and warns whenever it is called with a plain tensor.
    return keras.Model(image, made.output, name=made.name)


def weights_file(network: KerasNetwork) -> Path:
    """Where Keras keeps the weights of a network, whether they are there or not."""
    return keras_home() / "models" / network.file


def before_pooling(model: Any) -> Any:
    """The tensor that the last global pooling of a network reads."""
    from pytrain.model.backend import keras

    pooling = keras.layers.GlobalAveragePooling2D
    return [layer for layer in model.layers if isinstance(layer, pooling)][-1].input


def _take_rgb(model: Any) -> None:
    """Turns the first convolution round, so that it reads red, green, blue; it learned blue, green, red."""
    first = next(layer for layer in model.layers if layer.weights)
    kernel, *bias = first.get_weights()
    first.set_weights([kernel[:, :, ::-1], *bias])


def _check(network: KerasNetwork, path: Path) -> None:
    """Raises ModelError for a file that Keras would throw away and fetch again without asking."""
    if network.md5 is None or not path.is_file():
        return
    with path.open("rb") as file:
        came = hashlib.file_digest(file, "md5").hexdigest()
    if came != network.md5:
        raise ModelError(
            f"{path} is damaged or another file: its MD5 is {came}.",
            expected=network.md5,
            fix="Delete it; the next run fetches it again.",
        )


def _broken(path: Path, error: Exception) -> ModelError:
    return ModelError(
        f"The weights {path} cannot be loaded: {error}.",
        expected="the file that Keras publishes under this name",
        fix="Delete it; the next run fetches it again.",
    )


def _not_fetched(network: KerasNetwork, path: Path, error: Exception) -> ModelError:
    # Keras says: URL fetch failure on <address>: None -- <reason>
    reason = str(error).rpartition(" -- ")[2] or type(error).__name__
    return ModelError(
        f"The weights of {network.name} are not here and could not be fetched: {reason}.",
        expected=f"{path} ({network.download_megabytes} MB)",
        fix=f"Go online once and run the same again; or get {network.origin}{network.file} elsewhere and "
        "put it there; or take efficientnet-lite0, whose weights came with pytrain.",
    )
