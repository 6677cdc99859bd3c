"""The layers model: layers that TensorFlow.js has and gets right, shared ones once, TensorFlow's numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from python.export.topologies import PICTURE, Make, Run, Sketch, difference, network, run

from pytrain.export.evaluate import evaluate
from pytrain.export.fold import simplify
from pytrain.export.network import ACTIVATIONS
from pytrain.export.reading.read import read_network
from pytrain.export.writing.layers_model import LayersTopology, OnlyGraph, layers_model

TOLERANCE = 1e-5

ONLY_GRAPH = ("exponential", "log", "sqrt", "reciprocal")

SETTINGS = {"leaky_relu": {"negative_slope": 0.3}, "thresholded_relu": {"threshold": 0.7}}


def layers(topology: LayersTopology) -> dict[str, dict[str, Any]]:
    entries = topology.json["modelTopology"]["model_config"]["config"]["layers"]
    return {entry["name"]: entry for entry in entries}


def classes(topology: LayersTopology) -> list[str]:
    return [entry["class_name"] for entry in layers(topology).values()]


def test_our_cnn_is_one_layer_for_each_block() -> None:
    from pytrain.model import cnn

    assert classes(layers_model(simplify(read_network(cnn.build(4))))) == [
        *("InputLayer", "AveragePooling2D"),
        *("Conv2D", "Conv2D", "MaxPooling2D", "Conv2D", "MaxPooling2D", "Conv2D", "Conv2D"),
        *("AveragePooling2D", "Reshape", "MaxPooling2D", "Reshape", "Concatenate", "Dense", "Activation"),
    ]


def test_weights_are_named_as_tensorflow_js_wants_them() -> None:
    def make(k: Sketch, x: str) -> str:
        x = k.conv(k.depthwise(x), 2)
        x = k.add("scale", x, "scale", {"scale": k.values(2), "offset": k.values(2)})
        x = k.add("layer_norm", x, "norm", {"beta": k.values(2), "gamma": k.values(2)}, epsilon=1e-3)
        return k.classify(k.add("global_mean", x, keepdims=False))

    assert list(layers_model(network(make)).weights) == [
        "depthwise/depthwise_kernel",
        *("conv/kernel", "conv/bias"),
        *("scale/depthwise_kernel", "scale/bias"),
        *("norm/gamma", "norm/beta"),
        *("logits/kernel", "logits/bias"),
    ]


def called_twice(k: Sketch, x: str) -> str:
    """A convolution that is shared, one of its two calls with an activation."""
    weights = {"kernel": k.values(3, 3, 3, 3), "bias": k.values(3)}
    settings = {"strides": (1, 1), "padding": "same", "dilation": (1, 1)}
    first = k.add("conv2d", x, "conv", weights, **settings, activation="relu")
    second = k.add("conv2d", first, "again", weights, **settings, activation="linear")
    return k.add("add", [first, second])


def test_a_shared_layer_is_one_layer_with_two_calls() -> None:
    topology = layers_model(network(called_twice))
    assert list(topology.weights) == ["conv/kernel", "conv/bias"]
    assert topology.own == {}
    assert layers(topology)["conv"]["inbound_nodes"] == [
        [["image", 0, 0, {}]],
        [["conv/relu", 0, 0, {}]],
    ]
    assert "again" not in layers(topology)


@pytest.mark.parametrize("activation", ONLY_GRAPH)
def test_what_only_a_graph_can_carry_is_named(activation: str) -> None:
    with pytest.raises(OnlyGraph, match=f"odd_one is the activation {activation}"):
        layers_model(network(lambda k, x: k.act(x, activation, "odd_one")))


def activation(name: str) -> Make:
    def make(k: Sketch, x: str) -> str:
        if name == "prelu":
            return k.add("activation", x, name, {"alpha": k.values(1, *PICTURE[1:])}, activation=name)
        return k.act(x, name, **SETTINGS.get(name, {}))

    return make


def merge(kind: str) -> Make:
    return lambda k, x: k.add(kind, [x, k.add("global_max", x, keepdims=True), k.act(x, "tanh")])


def two_outputs(k: Sketch, x: str) -> dict[str, str]:
    mean = k.add("global_mean", x, keepdims=False)
    return {"classes": k.classify(mean), "mean": mean}


NETWORKS: dict[str, Make] = {
    **{name: activation(name) for name in ACTIVATIONS if name not in ONLY_GRAPH},
    **{kind: merge(kind) for kind in ("add", "multiply", "average", "maximum", "minimum")},
    "subtract": lambda k, x: k.add("subtract", [x, k.act(x, "tanh")]),
    "shared": called_twice,
    "outputs": two_outputs,
    "rows": lambda k, x: k.add("log_softmax", k.add("reshape", x, shape=(15, 6))),
    "scaled rows": lambda k, x: k.add(
        "scale",
        k.add("reshape", x, shape=(15, 6)),
        "scale",
        {"scale": k.values(6), "offset": k.values(6)},
    ),
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What TensorFlow and TensorFlow.js give for every network: (expected, got by backend)."""
    inputs = np.random.default_rng(3).normal(0, 2, size=(2, *PICTURE)).astype(np.float32)
    made = {name: network(make) for name, make in NETWORKS.items()}
    runs = [Run(layers_model(one), inputs) for one in made.values()]
    given = run(runs, tmp_path_factory.mktemp("layers"))
    expected = [list(evaluate(one, inputs).values()) for one in made.values()]
    return {
        name: (expected[number], [outputs[number] for outputs in given.values()])
        for number, name in enumerate(made)
    }


@pytest.mark.parametrize("name", NETWORKS)
def test_tensorflow_js_gives_tensorflows_numbers(name: str, answers: dict[str, Any]) -> None:
    expected, given = answers[name]
    for outputs in given:
        assert len(outputs) == len(expected)
        for got, wanted in zip(outputs, expected, strict=True):
            assert difference(got, wanted) < TOLERANCE


@pytest.mark.parametrize("batch", [1, 3])
def test_any_batch_goes_through(batch: int, tmp_path: Path) -> None:
    made = network(two_outputs)
    inputs = np.random.default_rng(4).normal(size=(batch, *PICTURE)).astype(np.float32)
    expected = list(evaluate(made, inputs).values())
    for (outputs,) in run([Run(layers_model(made), inputs)], tmp_path).values():
        for got, wanted in zip(outputs, expected, strict=True):
            assert difference(got, wanted) < TOLERANCE
