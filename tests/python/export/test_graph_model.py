"""The graph: few fused operations, named outputs that cost nothing unless asked for, TensorFlow's numbers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from python.export.topologies import PICTURE, Run, Sketch, difference, network, run

from pytrain.errors import ExportError
from pytrain.export.evaluate import evaluate
from pytrain.export.fold import simplify
from pytrain.export.network import Network
from pytrain.export.reading.read import read_network
from pytrain.export.writing.graph_model import GraphTopology, graph_model
from pytrain.export.writing.layers_model import layers_model

TOLERANCE = 1e-5


def operations(topology: GraphTopology, output: str = "probabilities") -> Counter[str]:
    """What runs when that output is asked for."""
    nodes = {node["name"]: node for node in topology.json["modelTopology"]["node"]}
    waiting = [topology.json["signature"]["outputs"][output]["name"].removesuffix(":0")]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(nodes[name]["input"])
    kinds = (nodes[name]["op"] for name in found)
    return Counter(kind for kind in kinds if kind not in ("Const", "Placeholder"))


def written(model: Any) -> GraphTopology:
    return graph_model(simplify(read_network(model)))


def test_a_block_of_our_networks_is_one_operation() -> None:
    from pytrain.model import cnn, mlp

    assert operations(written(cnn.build(4))) == {
        "_FusedConv2D": 5,
        "MaxPool": 3,
        "AvgPool": 2,
        "Reshape": 2,
        "ConcatV2": 1,
        "_FusedMatMul": 1,
        "Softmax": 1,
    }
    assert operations(written(mlp.build(4))) == {
        "AvgPool": 2,
        "Conv2D": 1,
        "Reshape": 1,
        "_FusedMatMul": 3,
        "Softmax": 1,
    }


def test_efficientnet_lite0_is_62_operations() -> None:
    from pytrain.model import efficientnet_lite0

    assert operations(written(efficientnet_lite0.build(10))) == {
        "_FusedConv2D": 33,
        "FusedDepthwiseConv2dNative": 16,
        "AddV2": 9,
        "AvgPool": 1,
        "Reshape": 1,
        "_FusedMatMul": 1,
        "Softmax": 1,
    }


def test_an_activation_that_every_backend_fuses_is_a_part_of_its_layer() -> None:
    def chain(k: Sketch, x: str) -> str:
        for activation in ("relu", "relu6", "elu", "sigmoid"):
            x = k.act(k.conv(x, 3, f"conv_{activation}"), activation)
        x = k.act(k.conv(x, 3, "conv_leaky"), "leaky_relu", negative_slope=0.1)
        return k.act(k.conv(x, 3, "conv_tanh"), "tanh")

    assert operations(graph_model(network(chain))) == {"_FusedConv2D": 6, "Tanh": 1}


def test_an_activation_stays_apart_where_somebody_reads_what_is_before_it() -> None:
    def fork(k: Sketch, x: str) -> str:
        convolved = k.conv(x, 3)
        return k.add("add", [convolved, k.act(convolved, "elu")])

    assert operations(graph_model(network(fork))) == {"_FusedConv2D": 1, "Elu": 1, "AddV2": 1}


def test_padding_in_front_of_convolutions_is_theirs() -> None:
    def padded(k: Sketch, x: str) -> str:
        padding = k.add("pad", x, padding=((2, 0), (1, 3)))
        both = [k.conv(padding, 3, "a", padding="valid"), k.conv(padding, 3, "b", padding="valid")]
        return k.add("add", both)

    assert operations(graph_model(network(padded))) == {"_FusedConv2D": 2, "AddV2": 1}


GRIDS: dict[str, dict[str, Any]] = {
    "overlapping cells": {"pool": (4, 3), "strides": (2, 2), "padding": "valid"},
    "cells with a rest": {"pool": (2, 2), "strides": (2, 2), "padding": "valid"},
    "cells with gaps": {"pool": (1, 2), "strides": (3, 3), "padding": "valid"},
    "one cell with a rest": {"pool": (5, 4), "strides": (5, 4), "padding": "valid"},
    "padded cells": {"pool": (3, 4), "strides": (2, 2), "padding": "same"},
}


def grid(k: Sketch, x: str, kind: str) -> str:
    """Means over cells of the picture, flattened."""
    cells = k.add("average_pool", x, "cells", **GRIDS[kind])
    return k.add("reshape", cells, "flat", shape=(int(np.prod(k.net.shape(cells))),))


def placeless(k: Sketch, x: str) -> str:
    """What is concatenated to poolings and is none."""
    return k.act(k.dense(k.add("global_mean", x, keepdims=False), 5, "groups"), "softsign")


def pooled(kind: str) -> Any:
    """A network that ends in pooling and Dense."""

    def make(k: Sketch, x: str) -> str:
        x = k.conv(x, 7, activation="relu")
        if kind in GRIDS:
            return k.classify(grid(k, x, kind))
        if kind == "cells and peak":
            peak = k.add("global_max", x, "peak", keepdims=False)
            parts = [grid(k, x, "overlapping cells"), peak]
            return k.classify(k.add("concatenate", parts, axis=1))
        if kind == "cells and what has no place":
            return k.classify(
                k.add("concatenate", [grid(k, x, "overlapping cells"), placeless(k, x)], axis=1)
            )
        if kind == "whole window":
            pool = k.add("average_pool", x, "pool", pool=PICTURE[:2], strides=PICTURE[:2], padding="valid")
            return k.classify(k.add("reshape", pool, shape=(7,)))
        if kind == "convolution of one pixel":
            mean = k.add("global_mean", x, "mean", keepdims=True)
            logits = k.conv(mean, 4, "logits", size=1, padding="valid")
            return k.add("softmax", k.add("reshape", logits, shape=(4,)), "softmax")
        mean = k.add("global_mean", x, "mean", keepdims=False)
        peak = k.add("global_max", x, "peak", keepdims=False)
        joined = {
            "mean": [mean],
            "peak": [peak],
            "both": [peak, mean],
            "three": [mean, peak, mean],
            "both and what has no place": [peak, mean, placeless(k, x)],
        }[kind]
        return k.classify(k.add("concatenate", joined, "joined", axis=1) if len(joined) > 1 else joined[0])

    return make


WHOLE = ("mean", "peak", "both", "three", "whole window", "convolution of one pixel")
POOLED = (*WHOLE, *GRIDS, "cells and peak")


def logits(made: Network, x: Any) -> Any:
    """What comes out of the last Dense or convolution, without its bias."""
    (last,) = [node for node in made.nodes if node.name == "logits"]
    given = evaluate(Network(made.nodes, {"logits": "logits"}), x)["logits"].reshape(len(x), -1)
    return given - last.weights["bias"]


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every pooled network's outputs, on random pictures and on one in which all places are alike."""
    generator = np.random.default_rng(1)
    inputs = generator.normal(size=(3, *PICTURE)).astype(np.float32)
    inputs[2] = 0.5
    made = {kind: network(pooled(kind)) for kind in POOLED}
    asked = ("probabilities", "embedding", "class_activation")
    runs = [Run(graph_model(one), inputs, asked) for one in made.values()]
    answers = run(runs, tmp_path_factory.mktemp("maps"))
    return {
        "inputs": inputs,
        "networks": made,
        "answers": {name: dict(zip(made, given, strict=True)) for name, given in answers.items()},
    }


@pytest.mark.parametrize("kind", POOLED)
def test_class_activation_sums_to_the_logits(kind: str, maps: dict[str, Any]) -> None:
    expected = logits(maps["networks"][kind], maps["inputs"])
    for answers in maps["answers"].values():
        _, _, found = answers[kind]
        assert found.shape == (3, *PICTURE[:2], 4)
        assert difference(found.sum(axis=(1, 2)), expected) < TOLERANCE


@pytest.mark.parametrize("kind", ["cells and what has no place", "both and what has no place"])
def test_what_has_no_place_is_left_out_of_the_class_activation(kind: str, tmp_path: Path) -> None:
    made = network(pooled(kind))
    x = np.random.default_rng(3).normal(size=(3, *PICTURE)).astype(np.float32)
    read = evaluate(Network(made.nodes, {"x": made["logits"].inputs[0]}), x)["x"].reshape(3, -1)
    expected = logits(made, x) - read[:, -5:] @ made["logits"].weights["kernel"][-5:]
    for answers in run([Run(graph_model(made), x, ["class_activation"])], tmp_path).values():
        assert difference(answers[0][0].sum(axis=(1, 2)), expected) < TOLERANCE
    assert np.abs(expected - logits(made, x)).max() > 0.1


def in_words(picture: Any, kernel: Any, bounds: list[tuple[slice, slice]]) -> Any:
    """The class activation map [h, w, classes] by its definition, cell by cell."""
    expected = np.zeros((*picture.shape[:2], kernel.shape[-1]))
    for cell, weights in zip(bounds, kernel.reshape(len(bounds), picture.shape[-1], -1), strict=True):
        expected[cell] += picture[cell] @ weights / (picture[cell].size / picture.shape[-1])
    return expected


def test_a_place_counts_in_every_cell_that_it_lies_in(tmp_path: Path) -> None:
    made = network(lambda k, x: k.classify(grid(k, x, "overlapping cells")))
    # One feature in a corner, one where cells overlap, one in the last column of the picture.
    inputs = np.zeros((3, *PICTURE), np.float32)
    for number, (row, column, channel) in enumerate([(0, 0, 1), (2, 2, 0), (5, 4, 2)]):
        inputs[number, row, column, channel] = 3.0
    bounds = [np.s_[row : row + 4, column : column + 3] for row in (0, 2) for column in (0, 2)]
    expected = np.stack([in_words(one, made["logits"].weights["kernel"], bounds) for one in inputs])
    assert [np.argwhere(one.any(axis=-1)).tolist() for one in expected] == [[[0, 0]], [[2, 2]], [[5, 4]]]
    for answers in run([Run(graph_model(made), inputs, ["class_activation"])], tmp_path).values():
        assert difference(answers[0][0], expected) < TOLERANCE


def test_a_place_between_the_cells_counts_nowhere(tmp_path: Path) -> None:
    made = network(lambda k, x: k.classify(grid(k, x, "cells with gaps")))
    inputs = np.ones((1, *PICTURE), np.float32)
    bounds = [np.s_[row : row + 1, column : column + 2] for row in (0, 3) for column in (0, 3)]
    expected = in_words(inputs[0], made["logits"].weights["kernel"], bounds)[None]
    assert not expected[0, 1].any()
    assert not expected[0, :, 2].any()
    for answers in run([Run(graph_model(made), inputs, ["class_activation"])], tmp_path).values():
        assert difference(answers[0][0], expected) < TOLERANCE


@pytest.mark.parametrize("kind", POOLED)
def test_the_embedding_is_what_goes_into_the_last_dense(kind: str, maps: dict[str, Any]) -> None:
    made = maps["networks"][kind]
    source = made["logits"].inputs[0]
    expected = evaluate(Network(made.nodes, {"x": source}), maps["inputs"])["x"].reshape(3, -1)
    for answers in maps["answers"].values():
        assert difference(answers[kind][1], expected) < TOLERANCE


def test_the_other_outputs_cost_nothing_and_store_no_second_kernel() -> None:
    topology = graph_model(network(pooled("both")))
    assert operations(topology) == {
        "_FusedConv2D": 1,
        "AvgPool": 1,
        "MaxPool": 1,
        "Reshape": 2,
        "ConcatV2": 1,
        "_FusedMatMul": 1,
        "Softmax": 1,
    }
    assert list(topology.weights) == ["conv/kernel", "conv/bias", "logits/kernel", "logits/bias"]
    assert all(values.size <= 8 for values in topology.own.values())


def test_means_over_cells_store_no_second_kernel_either() -> None:
    topology = graph_model(network(pooled("overlapping cells")))
    assert operations(topology) == {
        "_FusedConv2D": 1,
        "AvgPool": 1,
        "Reshape": 1,
        "_FusedMatMul": 1,
        "Softmax": 1,
    }
    assert list(topology.weights) == ["conv/kernel", "conv/bias", "logits/kernel", "logits/bias"]
    # The largest of its own is how much each of the 6 x 5 places has in each of the 2 x 2 cells.
    sizes = sorted(values.size for values in topology.own.values())
    assert sizes[-1] == 6 * 5 * 4
    assert sizes[-2] <= 8


@pytest.mark.parametrize(("size", "there"), [(16, True), (32, False)])
def test_no_class_activation_where_the_cells_are_too_many(size: int, there: bool) -> None:
    def fine(k: Sketch, x: str) -> str:
        cells = k.add("average_pool", x, pool=(2, 2), strides=(2, 2), padding="valid")
        return k.classify(k.add("reshape", cells, shape=(3 * (size // 2) ** 2,)))

    outputs = graph_model(network(fine, (size, size, 3))).json["signature"]["outputs"]
    assert ("class_activation" in outputs) == there


def test_no_class_activation_where_cells_are_turned_before_the_last_dense() -> None:
    def turned(k: Sketch, x: str) -> str:
        cells = k.add("average_pool", x, pool=(3, 2), strides=(3, 2), padding="valid")
        return k.classify(k.add("reshape", k.add("permute", cells, order=(3, 1, 2)), shape=(12,)))

    assert list(graph_model(network(turned)).json["signature"]["outputs"]) == ["probabilities", "embedding"]


def test_no_class_activation_where_something_else_feeds_the_last_dense() -> None:
    def flat(k: Sketch, x: str) -> str:
        return k.classify(k.add("reshape", k.conv(x, 2), shape=(60,)))

    assert list(graph_model(network(flat)).json["signature"]["outputs"]) == ["probabilities", "embedding"]


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_no_class_activation_where_an_activation_follows_the_last_dense(activation: str) -> None:
    def bent(k: Sketch, x: str) -> str:
        mean = k.add("global_mean", x, keepdims=False)
        weights = {"kernel": k.values(3, 4), "bias": k.values(4)}
        dense = k.add("dense", mean, "logits", weights=weights, activation="linear")
        return k.add("softmax", k.act(dense, activation), "softmax")

    assert list(graph_model(network(bent)).json["signature"]["outputs"]) == ["probabilities", "embedding"]


def test_outputs_bear_kerass_names() -> None:
    def two(k: Sketch, x: str) -> dict[str, str]:
        mean = k.add("global_mean", x, keepdims=False)
        return {"features": mean, "classes": k.classify(mean)}

    made = network(two)
    assert list(graph_model(made).json["signature"]["outputs"]) == ["features", "classes"]
    outputs = graph_model(made, probabilities="classes").json["signature"]["outputs"]
    assert list(outputs) == ["probabilities", "embedding", "class_activation", "features"]
    # TensorFlow.js tells outputs apart by their nodes.
    assert len({output["name"] for output in outputs.values()}) == len(outputs)
    with pytest.raises(ExportError, match="no output other"):
        graph_model(made, probabilities="other")


def test_equal_constants_are_stored_once() -> None:
    def crops(k: Sketch, x: str) -> str:
        both = [k.add("crop", x, name, crop=((1, 1), (0, 2))) for name in ("a", "b")]
        return k.add("add", both)

    own = graph_model(network(crops)).own
    assert sorted(values.tolist() for values in own.values()) == [[-1, 4, 3, -1], [0, 1, 0, 0]]


def test_what_no_graph_can_carry_is_named() -> None:
    def strange(k: Sketch, x: str) -> str:
        return k.add("max_pool", x, "odd_one", pool=(2, 2), strides=(2, 2), padding=((1, 0), (1, 0)))

    with pytest.raises(ExportError, match="odd_one"):
        graph_model(network(strange))


def every_trap(k: Sketch, x: str) -> str:
    """What a backend or a layer of TensorFlow.js gets wrong when it is written in the plain way."""
    x = k.conv(x, 4, "short_strides", size=2, strides=(4, 4))
    x = k.add("upsample", x, factors=(3, 4))
    x = k.conv(x, 4, "uneven", padding=((3, 0), (1, 2)))
    x = k.depthwise(x, "dilated", dilation=(2, 2))
    x = k.add("max_pool", x, "single", pool=(1, 1), strides=(2, 1), padding="valid")
    alpha = k.values(k.net.shape(x)[0], 1, 4)
    x = k.add("activation", x, "prelu", {"alpha": alpha}, activation="prelu")
    x = k.act(x, "gelu_tanh")
    x = k.add("subtract", [x, k.add("global_max", x, keepdims=True)])
    rows, columns, _ = k.net.shape(x)
    matrices = {"rows": k.values(rows, 3), "columns": k.values(columns, 5)}
    x = k.add("resize", x, "shrink", matrices, size=(3, 5), interpolation="other")
    x = k.add("layer_norm", x, "norm", {"gamma": k.values(4)}, epsilon=1e-3)
    x = k.dense(x, 6, "wide", "relu")
    return k.classify(k.add("reshape", x, shape=(90,)))


@pytest.mark.parametrize("batch", [1, 3])
def test_both_formats_give_tensorflows_numbers(batch: int, tmp_path: Path) -> None:
    made = network(every_trap)
    x = np.random.default_rng(2).normal(size=(batch, *PICTURE)).astype(np.float32)
    (expected,) = evaluate(made, x).values()
    runs = [Run(graph_model(made), x, ["probabilities"]), Run(layers_model(made), x)]
    for answers in run(runs, tmp_path).values():
        for (got,) in answers:
            assert difference(got, expected) < TOLERANCE


def test_both_formats_name_the_same_weights() -> None:
    made = network(every_trap)
    graph, layers = graph_model(made).weights, layers_model(made).weights
    assert list(graph) == list(layers)
    assert all(np.array_equal(graph[name], layers[name]) for name in graph)
