"""Whole networks that the exporter is held against: our own, and those of keras.applications."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pytrain.model import cnn, efficientnet_lite0, mlp
from pytrain.model.backend import keras

CLASSES = 10


@dataclass(frozen=True)
class Network:
    """One network.

    Attributes:
        name: as its authors call it.
        size: height and width of the pictures it is tested on. A small picture goes through the same layers
            as a large one, in a fraction of the time that the cpu backend would take.
        build: makes it, with random weights and 10 classes.
        low, high: the range of the pixels that it takes.
        usual: every run of the tests has it; the others, made of the same kinds of layers, are for
            `make parity`.
    """

    name: str
    size: int
    build: Callable[[], Any]
    low: float = -1.0
    high: float = 1.0
    usual: bool = False


def _application(
    name: str, size: int, low: float = -1.0, high: float = 1.0, *, usual: bool = False
) -> Network:
    def build() -> Any:
        make = getattr(keras.applications, name)
        return make(weights=None, classes=CLASSES, input_shape=(size, size, 3))

    return Network(name, size, build, low, high, usual)


NETWORKS = (
    Network("mlp", 224, lambda: mlp.build(CLASSES), usual=True),
    Network("cnn", 224, lambda: cnn.build(CLASSES), usual=True),
    Network("EfficientNet-Lite0", 224, lambda: efficientnet_lite0.build(CLASSES), usual=True),
    _application("MobileNet", 128),
    _application("MobileNetV2", 128, usual=True),
    # These four carry their own preprocessing and take 0 to 255.
    _application("MobileNetV3Small", 128, 0, 255),
    _application("MobileNetV3Large", 128, 0, 255),
    _application("EfficientNetB0", 96, 0, 255),
    _application("EfficientNetV2B0", 96, 0, 255),
    _application("ConvNeXtTiny", 32, 0, 255),
    _application("ResNet50", 64),
    _application("ResNet50V2", 64),
    _application("DenseNet121", 64),
    _application("VGG16", 32),
    _application("Xception", 72),
    _application("InceptionV3", 75),
    _application("NASNetMobile", 64),
)
