"""Our convolutions in the webgl backend give Keras's numbers; what they leave out goes on as it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pytest
from live import CHECKOUT
from networks import NETWORKS
from parity import Job, Parity, open_parity, write_models
from playwright.sync_api import Playwright

from pytrain.model.backend import keras

PAGE = CHECKOUT / "tests" / "web" / "parity" / "our-webgl.js"
SIZES = ((8, 8), (9, 7), (7, 10))
ACTIVATIONS = ("linear", "relu", "relu6")


@dataclass(frozen=True)
class Case:
    """A convolution behind another one, which is of three channels as a picture is.

    Attributes:
        deep: depthwise.
        ours: how many of the two convolutions ours do.
    """

    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: int
    padding: str
    deep: bool = False
    channels: int = 6
    filters: int = 8
    activation: str = "relu6"
    bias: bool = True
    dilation: int = 1
    ours: int = 2

    def build(self) -> Any:
        layers = keras.layers
        entry = keras.Input((*self.size, 3))
        options: dict[str, Any] = {
            "kernel_size": self.kernel,
            "strides": self.stride,
            "padding": self.padding,
            "activation": self.activation,
            "use_bias": self.bias,
            "dilation_rate": self.dilation,
            "bias_initializer": "random_normal",
        }
        x = layers.Conv2D(self.channels, 3, padding="same", bias_initializer="random_normal")(entry)
        x = layers.DepthwiseConv2D(**options)(x) if self.deep else layers.Conv2D(self.filters, **options)(x)
        return keras.Model(entry, x)


def cases() -> Iterator[Case]:
    strides = ((1, "same"), (1, "valid"), (2, "same"), (2, "valid"))
    for size, side, (stride, padding), deep in product(SIZES, (1, 2, 3, 5), strides, (False, True)):
        yield Case(size, (side, side), stride, padding, deep)
    for activation, deep in product(ACTIVATIONS, (False, True)):
        yield Case((9, 7), (3, 3), 1, "same", deep, activation=activation)
        yield Case((9, 7), (3, 3), 1, "same", deep, activation=activation, bias=False)
    for kernel, deep in product(((1, 3), (5, 1), (2, 3)), (False, True)):
        yield Case((9, 7), kernel, 1, "same", deep)
    for filters in (2, 4, 16):
        yield Case((8, 8), (1, 1), 1, "same", filters=filters, channels=16)
    yield Case((1, 1), (1, 1), 1, "same", channels=4, filters=4)
    # What is left to TensorFlow.js's own kernels.
    yield Case((9, 7), (3, 3), 1, "same", filters=5, ours=1)
    yield Case((9, 7), (3, 3), 1, "same", deep=True, channels=5, ours=0)
    yield Case((9, 7), (3, 3), 1, "same", channels=5, ours=0)
    yield Case((9, 7), (3, 3), 1, "same", activation="sigmoid", ours=1)
    yield Case((9, 7), (3, 3), 1, "same", dilation=2, ours=1)
    yield Case((9, 9), (7, 7), 1, "same", ours=1)
    yield Case((9, 9), (3, 3), 3, "same", ours=1)


@pytest.fixture(scope="module")
def parity(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parity]:
    with open_parity(playwright, tmp_path_factory.mktemp("webgl-kernels"), PAGE) as opened:
        yield opened


def job(parity: Parity, name: str, model: Any, size: tuple[int, int], batches: tuple[int, ...]) -> Job:
    """A model in graph format, and random pictures for it."""
    folder = parity.folder / name
    folder.mkdir()
    outputs, _ = write_models(folder, model)
    inputs = np.random.default_rng(1).uniform(-1, 1, (max(batches), *size, 3)).astype(np.float32)
    expected = np.asarray(model(inputs, training=False))
    return Job(name, folder, "graph", inputs, outputs, [expected], batches)


def counted(parity: Parity) -> int:
    return int(parity.page.evaluate("Object.values(counts).reduce((sum, { ours }) => sum + ours, 0)"))


def test_every_size_stride_and_padding_gives_kerass_numbers(parity: Parity) -> None:
    keras.utils.set_random_seed(2)
    listed = list(cases())
    jobs = [job(parity, f"case{i}", one.build(), one.size, (1,)) for i, one in enumerate(listed)]
    before = counted(parity)
    answers = parity.run("webgl", jobs)
    wrong = [f"{one}: {answer}" for one, answer in zip(listed, answers, strict=True) if not answer.agrees]
    assert not wrong, "\n".join(wrong)
    assert counted(parity) - before == sum(one.ours for one in listed)


def test_several_pictures_at_a_time_are_left_to_the_kernels_that_know_them(parity: Parity) -> None:
    one = Case((8, 8), (3, 3), 1, "same")
    before = counted(parity)
    (answer,) = parity.run("webgl", [job(parity, "batch", one.build(), one.size, (3,))])
    assert answer.agrees, str(answer)
    assert counted(parity) == before


@pytest.mark.parametrize("name", ["cnn", "EfficientNet-Lite0", "MobileNetV2", "ResNet50"])
def test_whole_networks_give_kerass_numbers(parity: Parity, name: str) -> None:
    network = next(one for one in NETWORKS if one.name == name)
    before = counted(parity)
    size = (network.size, network.size)
    (answer,) = parity.run("webgl", [job(parity, name, network.build(), size, (1,))])
    assert answer.agrees, str(answer)
    assert counted(parity) > before


def test_weights_of_another_model_are_laid_out_anew(parity: Parity) -> None:
    keras.utils.set_random_seed(5)
    one = Case((8, 8), (3, 3), 2, "same", deep=True)
    jobs = [job(parity, f"model{i}", one.build(), one.size, (1,)) for i in range(3)]
    assert all(answer.agrees for answer in parity.run("webgl", jobs))
