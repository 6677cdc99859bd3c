"""Reading a Keras model: names, shared weights and outputs are kept, and what cannot be carried is named."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from python.export.cases import CASES

from pytrain.errors import ExportError
from pytrain.export.network import ACTIVATIONS, Network
from pytrain.export.reading.read import read_network
from pytrain.model.backend import keras

layers = keras.layers

Block = Callable[[Any], Any]


def model_of(block: Block, shape: tuple[int | None, ...] = (8, 8, 3), **options: Any) -> Any:
    entry = keras.Input(shape, **options)
    return keras.Model(entry, block(entry))


def kinds(network: Network) -> list[str]:
    return [node.kind for node in network.nodes]


def case_named(name: str) -> Any:
    return next(case for case in CASES if case.id == name).build()


def test_nodes_are_called_after_keras_layers() -> None:
    network = read_network(
        model_of(lambda x: layers.ReLU(name="rectified")(layers.Conv2D(4, 3, name="stem")(x)))
    )
    assert [node.name for node in network.nodes[1:]] == ["stem", "rectified"]
    assert network["rectified"].inputs == ["stem"]


def test_an_activation_inside_a_layer_is_a_node_behind_it() -> None:
    network = read_network(model_of(lambda x: layers.Dense(4, activation="softmax", name="probabilities")(x)))
    assert [node.name for node in network.nodes[1:]] == ["probabilities", "probabilities_softmax"]
    assert network.outputs == {"probabilities": "probabilities_softmax"}


@pytest.mark.parametrize("case", ["Functional names with other signs", "Functional a model in a model"])
def test_names_are_unique_and_valid_in_both_formats(case: str) -> None:
    names = [node.name for node in read_network(case_named(case)).nodes]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name) for name in names)


def test_a_layer_called_twice_keeps_one_set_of_weights() -> None:
    network = read_network(case_named("Functional a layer called twice"))
    calls = [node for node in network.nodes if node.kind == "conv2d"]
    assert [node.name for node in calls] == ["shared", "shared_1", "shared_2", "shared_3"]
    assert all(node.weights["kernel"] is calls[0].weights["kernel"] for node in calls)
    scales = [node for node in network.nodes if node.kind == "scale"]
    assert scales[0].weights["scale"] is scales[1].weights["scale"]


def test_several_outputs_keep_keras_names() -> None:
    network = read_network(case_named("Functional several outputs"))
    assert network.outputs == {"what": "what_softmax", "where": "where"}


def test_layers_that_the_outputs_do_not_need_are_left_out() -> None:
    def two(x: Any) -> Any:
        layers.Conv2D(9, 3, name="unused")(x)
        return layers.ReLU()(x)

    assert kinds(read_network(model_of(two))) == ["input", "activation"]


def test_layers_that_only_train_are_left_out() -> None:
    network = read_network(
        model_of(
            lambda x: layers.ReLU()(layers.Dropout(0.5)(layers.RandomFlip()(layers.GaussianNoise(1.0)(x))))
        )
    )
    assert kinds(network) == ["input", "activation"]


def test_every_activation_is_one_of_the_plain_networks_own() -> None:
    used = {
        node.config["activation"]
        for case in CASES
        if case.layer in ("Activation", "ReLU", "PReLU", "ops.Log", "ops.Rsqrt", "ops.Gelu")
        for node in read_network(case.build()).nodes
        if node.kind == "activation"
    }
    assert used == set(ACTIVATIONS)


def test_half_precision_weights_are_read_as_float32() -> None:
    for node in read_network(case_named("Functional float16")).nodes:
        assert all(values.dtype == np.float32 for values in node.weights.values())


def test_a_whole_number_input_is_read_where_the_model_rescales_it() -> None:
    network = read_network(
        model_of(lambda x: layers.Conv2D(4, 3)(layers.Rescaling(1 / 127.5, -1.0)(x)), dtype="uint8")
    )
    assert kinds(network) == ["input", "scale", "conv2d"]


def refusal(model: Any) -> ExportError:
    with pytest.raises(ExportError) as caught:
        read_network(model)
    return caught.value


def test_a_subclassed_model_is_refused() -> None:
    class Own(keras.Model):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x

    error = refusal(Own())
    assert "Own" in error.what
    assert "keras.Model(inputs, outputs)" in str(error.fix)


def test_a_functional_model_with_a_call_of_its_own_is_refused() -> None:
    class Own(keras.Model):  # type: ignore[misc]
        def call(self, x: Any, training: bool | None = None) -> Any:
            return super().call(x, training=training) * 2

    entry = keras.Input((8, 8, 3))
    assert "Own" in refusal(Own(entry, layers.Conv2D(4, 3)(entry))).what


def test_a_sequential_model_without_a_shape_is_refused() -> None:
    assert "never built" in refusal(keras.Sequential([layers.Conv2D(4, 3)])).what


def test_something_else_is_refused() -> None:
    assert "str" in refusal("model.keras").what


def test_several_inputs_are_refused_by_name() -> None:
    first, second = keras.Input((8, 8, 3), name="left"), keras.Input((8, 8, 3), name="right")
    error = refusal(keras.Model([first, second], layers.Add()([first, second])))
    assert "2 inputs: left, right" in error.what


def test_one_picture_may_feed_an_inner_model_with_two_inputs() -> None:
    first, second = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    inner = keras.Model([first, second], layers.Subtract()([first, layers.ReLU()(second)]))
    network = read_network(model_of(lambda x: inner([x, layers.MaxPooling2D(3, 1, "same")(x)])))
    assert network.nodes[-1].inputs == [network.nodes[0].name, network.nodes[2].name]
    assert kinds(network) == ["input", "max_pool", "activation", "subtract"]


def test_a_text_model_is_refused() -> None:
    entry = keras.Input((20,), dtype="int32", name="words")
    model = keras.Model(entry, layers.GlobalAveragePooling1D()(layers.Embedding(50, 8)(entry)))
    assert "only pictures" in str(refusal(model).expected)


def test_a_picture_of_any_size_is_refused() -> None:
    error = refusal(model_of(lambda x: layers.GlobalAveragePooling2D()(x), (None, None, 3)))
    assert "any size" in error.what
    assert "keras.Input((224, 224, 3))" in str(error.fix)


def test_a_model_that_does_nothing_is_refused() -> None:
    assert "does nothing" in refusal(model_of(lambda x: layers.Dropout(0.5)(x))).what


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(value: float) -> None:
    model = model_of(lambda x: layers.Conv2D(3, 1, name="exploded")(x))
    model.get_layer("exploded").bias.assign([value, 0, 0])
    error = refusal(model)
    assert "exploded" in error.what
    assert "bias" in error.what


def test_an_inner_model_of_a_class_of_its_own_is_named() -> None:
    class Own(keras.Model):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x * 2

    error = refusal(model_of(lambda x: Own(name="strange")(x)))
    assert "strange" in error.what
    assert "Own" in error.what


class Custom(layers.Layer):  # type: ignore[misc]
    def call(self, x: Any) -> Any:
        return x * 2


class Dense(layers.Dense):  # type: ignore[misc]
    """Called as Keras's own, and doing something else."""

    def call(self, x: Any, training: bool | None = None) -> Any:
        return super().call(x) * 2


UNSUPPORTED: dict[str, Block] = {
    "Custom": lambda x: Custom(name="culprit")(x),
    "Dense": lambda x: Dense(4, name="culprit")(x),
    "Lambda": lambda x: layers.Lambda(lambda y: y * 2, name="culprit")(x),
    "Attention": lambda x: layers.Attention(name="culprit")([layers.Reshape((64, 3))(x)] * 2),
    "TimeDistributed": lambda x: layers.TimeDistributed(layers.Dense(4), name="culprit")(x),
    "Conv1D": lambda x: layers.Conv1D(4, 3, name="culprit")(layers.Reshape((64, 3))(x)),
    "LSTM": lambda x: layers.LSTM(4, name="culprit")(layers.Reshape((64, 3))(x)),
    "EinsumDense": lambda x: layers.EinsumDense("abcd,de->abce", (8, 8, 4), name="culprit")(x),
    "Dot": lambda x: layers.Dot(1, name="culprit")([layers.Flatten()(x)] * 2),
    "AutoContrast": lambda x: layers.AutoContrast(name="culprit")(x),
}


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_a_layer_outside_the_table_is_named(kind: str) -> None:
    error = refusal(model_of(UNSUPPORTED[kind]))
    assert f"culprit ({kind}) is not supported" in error.what
    assert error.fix


OPTIONS: dict[str, tuple[Block, str]] = {
    "channels first": (
        lambda x: layers.MaxPooling2D(2, data_format="channels_first", name="culprit")(x),
        "channels first",
    ),
    "dilated transposed convolution": (
        lambda x: layers.Conv2DTranspose(4, 3, dilation_rate=2, name="culprit")(x),
        "dilation",
    ),
    "normalisation over rows": (lambda x: layers.LayerNormalization(axis=1, name="culprit")(x), "axis"),
    "a function of one's own": (
        lambda x: layers.Dense(4, activation=lambda y: y * 2, name="culprit")(x),
        "activation <lambda>",
    ),
    "sparsemax": (lambda x: layers.Activation("sparsemax", name="culprit")(x), "activation sparsemax"),
    "a mask": (lambda x: layers.Softmax(name="culprit")(x, mask=layers.ReLU()(x)), "takes 2 tensors"),
    "a random crop": (lambda x: layers.RandomCrop(4, 4, name="culprit")(x), "in training alone"),
    "a scale for every row": (
        lambda x: layers.Rescaling(np.ones((8, 1, 1)).tolist(), name="culprit")(x),
        "scale of shape [8, 1, 1]",
    ),
    "overlapping adaptive maximum": (
        lambda x: layers.AdaptiveMaxPooling2D((3, 3), name="culprit")(x),
        "pools 8 x 8 to 3 x 3",
    ),
    "too many groups": (
        lambda x: layers.Conv2D(2048, 3, groups=64, name="culprit")(layers.Conv2D(2048, 1)(x)),
        "64 groups",
    ),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_that_cannot_be_carried_is_named(option: str) -> None:
    block, words = OPTIONS[option]
    error = refusal(model_of(block))
    assert "culprit (" in error.what
    assert words in error.what
    assert error.fix


OPERATIONS: dict[str, tuple[Block, str]] = {
    "unknown": (lambda x: keras.ops.sin(x), "Sin) is not supported"),
    "a mean over rows": (lambda x: keras.ops.mean(x, axis=1), "goes over axis"),
    "a maximum over channels": (lambda x: keras.ops.max(x, axis=-1), "maximum along the last axis"),
    "one number without an axis": (
        lambda x: keras.ops.sum(layers.Flatten()(x), axis=-1),
        "leaves one number without an axis",
    ),
    "a sum of exponentials over rows": (
        lambda x: keras.ops.logsumexp(x, axis=1, keepdims=True),
        "goes over axis 1",
    ),
    "a cube": (lambda x: x**3, "power of 3"),
    "another number for each row": (
        lambda x: x + np.ones((8, 1, 1), np.float32),
        "operand of shape [8, 1, 1]",
    ),
    "ranks that differ": (
        lambda x: x * layers.GlobalAveragePooling2D()(x),
        "different ranks",
    ),
    "one row": (lambda x: x[:, 0], "takes single rows"),
    "every other row": (lambda x: x[:, ::2], "every 2th row"),
    "whole numbers": (lambda x: keras.ops.cast(x, "int32"), "reads whole numbers"),
    "two halves": (lambda x: keras.ops.split(x, 2, axis=1)[0], "Split) is not supported"),
    "a batch that moves": (lambda x: keras.ops.transpose(x, (1, 0, 2, 3)), "moves the batch"),
    "padded channels": (lambda x: keras.ops.pad(x, [[0, 0], [0, 0], [0, 0], [0, 1]]), "pads by"),
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_that_cannot_be_carried_is_named(operation: str) -> None:
    block, words = OPERATIONS[operation]
    error = refusal(model_of(block))
    assert words in error.what
    assert "The " in error.what


def test_a_quantized_layer_is_refused() -> None:
    model = model_of(lambda x: layers.Dense(4, name="culprit")(x))
    model.get_layer("culprit").quantize("int8")
    assert "culprit (Dense) is quantized" in refusal(model).what
