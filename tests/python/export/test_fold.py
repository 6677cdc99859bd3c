"""Simplifying: fewer operations, the same numbers, and nobody else's weights changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from python.export.cases import SHAPE, of, randomise

from pytrain.export.evaluate import evaluate
from pytrain.export.fold import simplify
from pytrain.export.network import Network
from pytrain.export.reading.read import read_network
from pytrain.model.backend import keras

Block = Callable[[Any, Any], Any]


def read(block: Block, shape: tuple[int, int, int] = SHAPE) -> Network:
    model = of(block, shape)()
    randomise(model, "fold")
    return read_network(model)


def simplified(block: Block, shape: tuple[int, int, int] = SHAPE) -> Network:
    network = read(block, shape)
    x = np.random.default_rng(2).normal(size=(2, *shape)).astype(np.float32)
    before = evaluate(network, x)
    after = evaluate(simplify(network), x)
    assert before.keys() == after.keys()
    for name, values in before.items():
        assert np.abs(values - after[name]).max() < 1e-5 * max(1, np.abs(values).max())
    return network


def kinds(network: Network) -> list[str]:
    return [node.kind for node in network.nodes if node.kind != "input"]


SIMPLIFIED: dict[str, tuple[Block, list[str]]] = {
    "normalisation behind a convolution": (
        lambda k, x: k.ReLU(6.0)(k.BatchNormalization()(k.Conv2D(4, 3, use_bias=False)(x))),
        ["conv2d"],
    ),
    "normalisation in front of a convolution without padding": (
        lambda k, x: k.Conv2D(4, 3)(k.BatchNormalization()(x)),
        ["conv2d"],
    ),
    "normalisation in front of a padded convolution": (
        lambda k, x: k.Conv2D(4, 3, padding="same")(k.BatchNormalization()(x)),
        ["scale", "conv2d"],
    ),
    "a factor in front of a padded convolution": (
        lambda k, x: k.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(k.Rescaling(1 / 255)(x)),
        ["depthwise_conv2d"],
    ),
    "several scales": (
        lambda k, x: k.ReLU()(k.BatchNormalization()(k.Rescaling(2.0, 1.0)(k.Rescaling(0.5)(x)))),
        ["scale", "activation"],
    ),
    "normalisation behind an activation": (
        lambda k, x: k.BatchNormalization()(k.Conv2D(4, 3, activation="relu")(x)),
        ["conv2d", "scale"],
    ),
    "normalisation that another layer reads around": (
        lambda k, x: _around(k, k.Conv2D(3, 1)(x)),
        ["conv2d", "scale", "add"],
    ),
    "other activations stay": (
        lambda k, x: k.Conv2D(4, 3, activation="sigmoid")(x),
        ["conv2d", "activation"],
    ),
    "reshapes in a row": (
        lambda k, x: k.Dense(4)(k.Flatten()(k.Reshape((8, 27))(k.Reshape((9, 24))(x)))),
        ["reshape", "dense"],
    ),
    "pooling and its shape": (
        lambda k, x: k.Conv2D(2, 1)(k.Reshape((1, 1, 3))(k.GlobalAveragePooling2D()(x))),
        ["global_mean", "conv2d"],
    ),
    "what does nothing": (
        lambda k, x: k.ReLU()(
            k.ZeroPadding2D(0)(k.Cropping2D(0)(k.Permute((1, 2, 3))(k.UpSampling2D(1)(k.Rescaling(1.0)(x)))))
        ),
        ["activation"],
    ),
    "the same done twice": (lambda k, x: k.Add()([k.ReLU()(x), k.ReLU()(x)]), ["activation", "add"]),
    "channels in another order": (
        lambda k, x: keras.applications.resnet50.preprocess_input(x),
        ["dense"],
    ),
    "hard swish in front of a convolution": (
        lambda k, x: k.Conv2D(4, 3, padding="same")(k.Activation("hard_silu")(x)),
        ["scale", "activation", "multiply", "conv2d"],
    ),
}


def _around(k: Any, x: Any) -> Any:
    return k.Add()([x, k.BatchNormalization()(x)])


@pytest.mark.parametrize("name", SIMPLIFIED)
def test_a_network_is_simplified(name: str) -> None:
    block, expected = SIMPLIFIED[name]
    assert kinds(simplified(block)) == expected


@pytest.mark.parametrize(
    ("padding", "kernel", "strides", "shape", "merged"),
    [
        (((0, 1), (0, 1)), 3, 2, (8, 8, 3), True),
        (((0, 1), (0, 1)), 3, 2, (9, 9, 3), False),
        (1, 3, 1, (9, 8, 3), True),
        (2, 5, 1, (9, 8, 3), True),
        (3, 7, 2, (8, 8, 3), False),
        (1, 3, 2, (8, 8, 3), False),
        (1, 3, 2, (9, 9, 3), True),
    ],
)
@pytest.mark.parametrize("layer", ["Conv2D", "DepthwiseConv2D"])
def test_padding_that_tensorflow_adds_itself_becomes_same(
    layer: str, padding: Any, kernel: int, strides: int, shape: tuple[int, int, int], merged: bool
) -> None:
    def block(k: Any, x: Any) -> Any:
        padded = k.ZeroPadding2D(padding)(x)
        if layer == "Conv2D":
            return k.Conv2D(4, kernel, strides=strides)(padded)
        return k.DepthwiseConv2D(kernel, strides=strides)(padded)

    network = simplified(block, shape)
    assert ("pad" not in kinds(network)) == merged
    assert network.nodes[-1].config["padding"] == ("same" if merged else "valid")


def test_weights_that_another_call_shares_are_left_alone() -> None:
    def block(k: Any, x: Any) -> Any:
        shared = k.Conv2D(3, 3, padding="same", name="shared")
        return k.Concatenate()([shared(x), k.BatchNormalization()(shared(k.ReLU()(x)))])

    network = read(block)
    kernel = network["shared"].weights["kernel"]
    before = kernel.copy()
    simplify(network)
    assert network["shared"].weights["kernel"] is kernel
    assert np.array_equal(kernel, before)
    assert network["shared_1"].weights["kernel"] is not kernel


def test_what_a_model_gives_out_is_not_folded_away() -> None:
    k = keras.layers
    entry = keras.Input(SHAPE)
    convolved = k.Conv2D(4, 3, name="convolved")(entry)
    model = keras.Model(entry, [convolved, k.ReLU(name="rectified")(k.BatchNormalization()(convolved))])
    network = simplify(read_network(model))
    assert list(network.outputs) == ["convolved", "rectified"]
    assert kinds(network) == ["conv2d", "scale", "activation"]


def test_an_output_keeps_its_name_when_its_node_is_folded() -> None:
    k = keras.layers
    entry = keras.Input(SHAPE)
    model = keras.Model(entry, k.BatchNormalization(name="last")(k.Conv2D(4, 3, name="conv")(entry)))
    assert simplify(read_network(model)).outputs == {"last": "conv"}


def test_folding_costs_no_precision() -> None:
    k = keras.layers
    entry = keras.Input(SHAPE)
    model = keras.Model(entry, k.BatchNormalization()(k.Conv2D(4, 3, use_bias=False, name="conv")(entry)))
    randomise(model, "precision")
    layer = model.layers[-1]
    kernel, gamma, variance = (
        np.asarray(value, np.float64)
        for value in (model.get_layer("conv").kernel, layer.gamma, layer.moving_variance)
    )
    exact = kernel * gamma / np.sqrt(variance + layer.epsilon)
    folded = simplify(read_network(model))["conv"].weights["kernel"]
    assert np.abs(folded / exact - 1).max() < 2e-7
