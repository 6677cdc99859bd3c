"""The lens in front of foreign models and the softmax behind them: what the model sees, and what it gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pytrain.errors import ExportError
from pytrain.export.source.adapt import RANGES, with_lens
from pytrain.export.source.head import with_probabilities
from pytrain.image import to_input

PIXELS = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
FRAMES = np.stack([to_input(PIXELS)])
COLOURS = PIXELS.astype(np.float64)


def seeing(shape: tuple[int | None, ...], **options: Any) -> Any:
    """A model that gives its input as it came."""
    import keras

    entry = keras.Input(shape, **options)
    return keras.Model(entry, keras.layers.Activation("linear")(entry))


def seen(shape: tuple[int | None, ...], given: str) -> Any:
    """What a model of that input shape gets for FRAMES[0]."""
    model, _ = with_lens(seeing(shape), given)
    assert [tuple(entry.shape) for entry in model.inputs] == [(None, 224, 224, 3)]
    return np.asarray(model(FRAMES), np.float64)[0]


EXPECTED: dict[str, Callable[[Any], Any]] = {
    "-1..1": lambda x: x / 127.5 - 1,
    "0..1": lambda x: x / 255,
    "0..255": lambda x: x,
    "imagenet": lambda x: (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225],
    "caffe": lambda x: x[..., ::-1] - [103.939, 116.779, 123.68],
}


def test_every_range_is_tested() -> None:
    assert set(EXPECTED) == set(RANGES)


@pytest.mark.parametrize("given", EXPECTED)
def test_a_model_gets_the_values_that_it_was_trained_on(given: str) -> None:
    expected = EXPECTED[given](COLOURS)
    assert np.abs(seen((224, 224, 3), given) - expected).max() < 1e-6 * np.abs(expected).max()


@pytest.mark.parametrize("given", ["imagenet", "caffe"])
def test_the_ranges_of_imagenet_are_those_of_keras(given: str) -> None:
    import keras

    mode = {"imagenet": "torch", "caffe": "caffe"}[given]
    utilities = keras.applications.imagenet_utils
    expected = utilities.preprocess_input(PIXELS.astype(np.float32), data_format="channels_last", mode=mode)
    assert np.abs(seen((224, 224, 3), given) - expected).max() < 1e-4


@pytest.mark.parametrize("side", [112, 56, 32, 28])
def test_a_size_that_divides_224_is_the_mean_of_squares(side: int) -> None:
    step = 224 // side
    expected = COLOURS.reshape(side, step, side, step, 3).mean(axis=(1, 3))
    assert np.abs(seen((side, side, 3), "0..255") - expected).max() < 1e-3


@pytest.mark.parametrize("shape", [(96, 96, 3), (64, 64, 3), (299, 299, 3), (100, 50, 3)])
def test_any_other_size_keeps_a_slope_a_slope(shape: tuple[int, int, int]) -> None:
    slope = np.broadcast_to(np.linspace(-1, 1, 224, dtype=np.float32)[None, :, None], (224, 224, 3))
    model, _ = with_lens(seeing(shape), "-1..1")
    found = np.asarray(model(slope[None]))[0]
    assert found.shape == shape
    places = (np.arange(shape[1]) + 0.5) / shape[1] * 224 - 0.5
    expected = np.clip(places / 223 * 2 - 1, -1, 1)
    inside = slice(2, -2)
    assert np.abs(found - expected[None, :, None])[:, inside].max() < 5e-3


@pytest.mark.parametrize("shape", [(28, 28, 1), (28, 28)])
def test_a_grey_model_gets_luminance(shape: tuple[int, ...]) -> None:
    expected = (COLOURS.reshape(28, 8, 28, 8, 3).mean(axis=(1, 3)) @ [0.299, 0.587, 0.114]) / 255
    assert np.abs(seen(shape, "0..1") - expected.reshape(shape)).max() < 1e-5


def test_a_model_of_any_size_gets_224() -> None:
    assert seen((None, None, 3), "0..1").shape == (224, 224, 3)


def test_a_model_that_fits_is_left_alone() -> None:
    model = seeing((224, 224, 3))
    assert with_lens(model, "-1..1")[0] is model


def test_a_fixed_batch_and_whole_numbers_are_freed() -> None:
    import keras

    entry = keras.Input(batch_shape=(1, 32, 32, 3), dtype="uint8")
    model = keras.Model(entry, keras.layers.Rescaling(1.0)(entry))
    free, _ = with_lens(model, "0..255")
    result = np.asarray(free(np.repeat(FRAMES, 3, axis=0)))
    assert result.shape == (3, 32, 32, 3)
    assert np.abs(result[0] - COLOURS.reshape(32, 7, 32, 7, 3).mean(axis=(1, 3))).max() < 1e-3


def first(*layers: Any) -> Any:
    import keras

    entry = keras.Input((32, 32, 3))
    x = entry
    for layer in layers:
        x = layer(x)
    return keras.Model(entry, keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(2, 3)(x)))


def test_a_model_that_scales_pixels_itself_needs_no_range() -> None:
    import keras

    layers = keras.layers
    inner = keras.Sequential(
        [layers.RandomFlip(), layers.RandomRotation(0.1), layers.Rescaling(1 / 127.5, offset=-1)]
    )
    pixels = layers.Normalization(mean=[120.0, 115, 100], variance=[3500.0, 3300, 3400])
    for model in (
        first(layers.Rescaling(1 / 255)),
        first(inner),
        first(pixels),
        first(keras.applications.mobilenet_v2.preprocess_input),
        keras.applications.EfficientNetB0(weights=None, input_shape=(32, 32, 3)),
    ):
        _, lens = with_lens(model)
        assert (lens.input_range, lens.how) == ("0..255", "found")


def test_a_scaling_behind_a_model_of_augmentation_is_found() -> None:
    import keras

    layers = keras.layers
    augmentation = keras.Sequential([layers.RandomFlip(), layers.RandomRotation(0.1)])
    model = keras.Sequential([keras.Input((32, 32, 3)), augmentation, layers.Rescaling(1 / 255)])
    assert with_lens(model)[1].input_range == "0..255"


def test_what_nobody_knows_is_asked_for_with_all_choices() -> None:
    import keras

    unit = keras.layers.Normalization(mean=[0.5, 0.5, 0.5], variance=[0.1, 0.1, 0.1])
    for model in (first(), first(keras.layers.Rescaling(2.0, offset=-1)), first(unit)):
        with pytest.raises(ExportError, match="what it was trained on") as caught:
            with_lens(model)
        assert all(name in str(caught.value) for name in RANGES)
        assert "--input-range=0..1" in str(caught.value.fix)


def test_the_users_word_counts_more_than_what_is_found() -> None:
    import keras

    _, lens = with_lens(first(keras.layers.Rescaling(1 / 255)), "0..1", "-1..1")
    assert (lens.input_range, lens.how) == ("0..1", "given")
    _, lens = with_lens(first(), None, "-1..1")
    assert (lens.input_range, lens.how) == ("-1..1", "known")


def not_a_picture() -> list[tuple[Callable[[], Any], str]]:
    import keras

    layers = keras.layers

    class Own(keras.Model):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x

    def text() -> Any:
        entry = keras.Input((40,), dtype="int32")
        return keras.Model(entry, layers.Embedding(100, 3)(entry))

    def two() -> Any:
        entries = [keras.Input((8, 8, 3), name="photo"), keras.Input((3,), name="extra")]
        return keras.Model(entries, layers.Concatenate()([layers.Flatten()(entries[0]), entries[1]]))

    return [
        (text, "text, no picture"),
        (lambda: seeing((12,)), "a row of numbers"),
        (lambda: seeing((4, 8, 8, 3)), "[batch, 4, 8, 8, 3]"),
        (lambda: seeing((3, 32, 32)), "channels first"),
        (lambda: seeing((32, 32, 4)), "4 channels"),
        (two, "2 inputs: photo [batch, 8, 8, 3], extra [batch, 3]"),
        (Own, "Own, a class with a call method"),
        (lambda: keras.Sequential([layers.Dense(3)]), "no input shape yet"),
        (lambda: 3, "builtins.int"),
    ]


def test_what_takes_no_picture_is_refused() -> None:
    for build, message in not_a_picture():
        with pytest.raises(ExportError) as caught:
            with_lens(build(), "0..1")
        assert message in caught.value.what
        assert caught.value.fix


def test_a_range_of_three_colours_is_not_for_grey() -> None:
    with pytest.raises(ExportError, match="three colours"):
        with_lens(seeing((28, 28, 1)), "imagenet")


@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method:UserWarning")
def test_what_keras_quantised_is_refused() -> None:
    import keras

    entry = keras.Input((32, 32, 3))
    x = keras.layers.Dense(3, name="squeezed")(keras.layers.Flatten()(entry))
    model = keras.Model(entry, x)
    model.quantize("int8")
    with pytest.raises(ExportError, match="squeezed is quantised"):
        with_lens(model, "0..1")


def ending(*layers: Any) -> Any:
    import keras

    keras.utils.set_random_seed(2)
    entry = keras.Input((16, 16, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(5, 3)(entry))
    for layer in layers:
        x = layer(x)
    return keras.Model(entry, x)


PICTURES = np.random.default_rng(3).random((3, 16, 16, 3), dtype=np.float32)


def test_a_softmax_is_found_wherever_it_is() -> None:
    import keras

    layers = keras.layers
    flat = keras.Sequential([keras.Input((5,)), layers.Dense(4), layers.Softmax()])
    for model in (
        ending(layers.Dense(4, activation="softmax")),
        ending(layers.Dense(4), layers.Activation("softmax")),
        ending(layers.Dense(4), layers.Softmax(), layers.Dropout(0.1)),
        ending(flat),
        ending(layers.Dense(4), keras.ops.softmax),
    ):
        found, names = with_probabilities(model)
        assert found is model
        assert names == ["probabilities"]


def test_logits_get_a_softmax() -> None:
    import keras

    model = ending(keras.layers.Dense(4))
    found, _ = with_probabilities(model, logits=True)
    expected = np.asarray(keras.ops.softmax(model(PICTURES)))
    assert np.allclose(np.asarray(found(PICTURES)), expected, atol=1e-6)


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_one_sigmoid_becomes_two_probabilities(nested: bool, bias: bool) -> None:
    import keras

    last = [keras.layers.Dense(1, use_bias=bias), keras.layers.Activation("sigmoid")]
    model = ending(keras.Sequential([keras.Input((5,)), *last])) if nested else ending(*last)
    p = np.asarray(model(PICTURES))
    found, _ = with_probabilities(model)
    assert np.allclose(np.asarray(found(PICTURES)), np.concatenate([1 - p, p], axis=1), atol=1e-6)


def assert_two_probabilities(model: Any, **options: Any) -> None:
    """The exported first output is [1 - p, p]; p is the model's own, a sigmoid behind it with `logits`."""
    import keras

    given = keras.ops.sigmoid(model(PICTURES)) if options.get("logits") else model(PICTURES)
    p = np.asarray(given).reshape(-1, 1)
    found, _ = with_probabilities(model, **options)
    assert np.allclose(np.asarray(found(PICTURES)), np.concatenate([1 - p, p], axis=1), atol=1e-6)


def test_layers_that_do_nothing_may_stand_around_the_sigmoid() -> None:
    import keras

    layers = keras.layers
    sigmoid, linear = layers.Activation("sigmoid"), layers.Activation("linear")
    pixel = layers.Reshape((1, 1, 5))
    assert_two_probabilities(ending(layers.Dense(1, activation="sigmoid"), linear))
    assert_two_probabilities(ending(layers.Dense(1), layers.Dropout(0.1), linear, sigmoid, layers.Identity()))
    assert_two_probabilities(ending(layers.Dense(1), keras.ops.sigmoid))
    assert_two_probabilities(ending(pixel, layers.Dense(1, activation="sigmoid")))
    assert_two_probabilities(ending(pixel, layers.Dense(1), layers.Flatten(), sigmoid))
    assert_two_probabilities(ending(layers.Dense(1), linear), logits=True)


def test_the_output_of_an_inner_model_is_the_one_that_is_used() -> None:
    import keras

    entry = keras.Input((5,))
    outputs = [keras.layers.Dense(1, activation="sigmoid")(entry) for _ in range(2)]
    inner = keras.Model(entry, outputs)
    for index in range(2):
        assert_two_probabilities(ending(lambda x, index=index: inner(x)[index]))


def test_any_other_end_in_one_number_is_refused() -> None:
    import keras

    layers = keras.layers
    sigmoid = layers.Activation("sigmoid")
    inner = keras.Sequential([keras.Input((5,)), layers.Dense(1, activation="tanh")])
    for model, message in (
        (ending(layers.Dense(1, activation="tanh"), sigmoid), "tanh, then sigmoid"),
        (ending(layers.Dense(1), layers.Activation("relu"), sigmoid), "relu, then sigmoid"),
        (ending(layers.Dense(1, activation="sigmoid"), sigmoid), "sigmoid, then sigmoid"),
        (ending(inner, sigmoid), "tanh, then sigmoid"),
        (ending(layers.Dense(1), layers.ReLU(name="cut"), sigmoid), "the layer cut, a ReLU"),
        (ending(layers.Dense(1), layers.BatchNormalization(name="norm"), sigmoid), "the layer norm"),
    ):
        with pytest.raises(ExportError) as caught:
            with_probabilities(model)
        assert message in caught.value.what
        assert caught.value.fix


def test_a_picture_of_one_pixel_at_the_end_is_flattened() -> None:
    import keras

    entry = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 16, activation="softmax")(entry)
    found, _ = with_probabilities(keras.Model(entry, x))
    assert tuple(found.outputs[0].shape) == (None, 4)


def test_what_gives_no_probabilities_is_refused() -> None:
    import keras

    layers = keras.layers
    entry = keras.Input((16, 16, 3))
    for model, options, message in (
        (ending(layers.Dense(4)), {}, "does not end in a softmax"),
        (ending(layers.Dense(4, activation="softmax")), {"logits": True}, "already ends in a softmax"),
        (ending(layers.Dense(1, activation="sigmoid")), {"logits": True}, "already ends in a sigmoid"),
        (ending(layers.Dense(4, activation="sigmoid")), {}, "sigmoid with 4 outputs"),
        (ending(layers.Dense(4, activation="relu")), {}, "activation relu"),
        (ending(layers.Dense(1)), {}, "gives one number"),
        (keras.Model(entry, layers.Conv2D(2, 3)(entry)), {}, "[batch, 14, 14, 2]"),
        (ending(layers.Dense(4, activation="softmax")), {"output": "x"}, "no output x"),
    ):
        with pytest.raises(ExportError) as caught:
            with_probabilities(model, **options)
        assert message in caught.value.what
        assert caught.value.fix


def test_further_outputs_stay_behind_the_chosen_one() -> None:
    import keras

    entry = keras.Input((16, 16, 3))
    x = keras.layers.GlobalAveragePooling2D(name="mean")(entry)
    logits = keras.layers.Dense(4, name="logits")(x)
    model = keras.Model(entry, {"features": x, "kind": logits})
    found, names = with_probabilities(model, logits=True, output="logits")
    assert names == ["probabilities", "features"]
    assert with_probabilities(model, logits=True, output="kind")[1] == names
    probabilities, features = found(PICTURES)
    assert np.allclose(np.asarray(probabilities).sum(axis=1), 1, atol=1e-6)
    assert np.allclose(np.asarray(features), PICTURES.mean(axis=(1, 2)), atol=1e-6)


def test_labelled_check_images_find_a_wrong_range_out() -> None:
    import keras

    from pytrain.export.prepare import adapted
    from pytrain.export.source.check_images import CheckImage
    from pytrain.export.source.load import Source
    from pytrain.export.source.right_range import check_range

    # Dark and bright pictures, told apart at 0.5 of 1.
    entry = keras.Input((32, 32, 1))
    dense = keras.layers.Dense(2, activation="softmax")
    model = keras.Model(entry, dense(keras.layers.GlobalAveragePooling2D()(entry)))
    dense.set_weights([np.array([[-40.0, 40.0]]), np.array([20.0, -20.0])])
    generator = np.random.default_rng(0)
    images = [
        CheckImage(generator.integers(low, low + 60, (224, 224, 3), dtype=np.uint8), label)
        for label, low in (("dark", 20), ("bright", 140))
        for _ in range(12)
    ]
    said: list[str] = []
    check_range(adapted(Source(None, model), "0..1", False, None), images, ["dark", "bright"], said.append)
    assert said == ["  100% of 24 check images get the name of their folder"]
    wrong = adapted(Source(None, model), "0..255", False, None)
    with pytest.raises(ExportError, match="right on 50%") as caught:
        check_range(wrong, images, ["dark", "bright"], said.append)
    assert "--input-range=0..1" in str(caught.value.fix)
    check_range(wrong, images[:10], ["dark", "bright"], said.append)
    check_range(wrong, images, ["a", "b"], said.append)
