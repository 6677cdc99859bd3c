"""Every supported layer gives Keras's numbers in TensorFlow.js."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shared import LABELS, random_frame, shake

from pytrain.errors import ExportError
from pytrain.export import export, node
from pytrain.export.fold import read_network, simplify
from pytrain.export.layers_model import SUPPORTED
from pytrain.image import SIZE, to_input

Block = Callable[[Any, Any], Any]
"""Takes keras.layers and a [batch, 14, 14, 3] tensor, gives a tensor."""

BLOCKS: dict[str, Block] = {
    "Activation elu": lambda k, x: k.Activation("elu")(x),
    "Activation sigmoid": lambda k, x: k.Activation("sigmoid")(x),
    "Activation softmax": lambda k, x: k.Activation("softmax")(x),
    "Activation softplus": lambda k, x: k.Activation("softplus")(x),
    "Activation tanh": lambda k, x: k.Activation("tanh")(x),
    "Add": lambda k, x: k.Add()([x, k.MaxPooling2D(2, strides=1, padding="same")(x)]),
    "AveragePooling2D": lambda k, x: k.AveragePooling2D(3, strides=2, padding="same")(x),
    "BatchNormalization alone": lambda k, x: k.BatchNormalization()(x),
    "BatchNormalization folded": lambda k, x: k.BatchNormalization()(k.Conv2D(4, 3)(x)),
    "BatchNormalization behind an activation": lambda k, x: k.BatchNormalization()(
        k.Conv2D(4, 3, activation="relu")(x)
    ),
    "BatchNormalization with two readers before it": lambda k, x: _two_readers(k, x),
    "Concatenate": lambda k, x: k.Concatenate()([x, k.Conv2D(2, 1)(x)]),
    "Conv2D": lambda k, x: k.Conv2D(5, 3)(x),
    "Conv2D dilated": lambda k, x: k.Conv2D(5, 3, dilation_rate=2, padding="same", activation="relu6")(x),
    "Conv2D strided, odd": lambda k, x: k.Conv2D(5, (3, 2), strides=2, padding="same")(k.Conv2D(3, 2)(x)),
    "Dense": lambda k, x: k.Dense(6, activation="relu")(k.Flatten()(x)),
    "Dense normalised": lambda k, x: k.ReLU()(k.BatchNormalization()(k.Dense(6)(k.Flatten()(x)))),
    "DepthwiseConv2D": lambda k, x: k.ReLU(6.0)(k.DepthwiseConv2D(3, strides=2, padding="same")(x)),
    "DepthwiseConv2D with a multiplier": lambda k, x: k.BatchNormalization()(
        k.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False)(x)
    ),
    "Dropout": lambda k, x: k.SpatialDropout2D(0.5)(k.Dropout(0.5)(k.GaussianNoise(1.0)(x))),
    "Flatten": lambda k, x: k.Flatten()(x),
    "GlobalAveragePooling2D": lambda k, x: k.GlobalAveragePooling2D()(x),
    "GlobalMaxPooling2D": lambda k, x: k.GlobalMaxPooling2D()(x),
    "InputLayer": lambda k, x: x,
    "MaxPooling2D": lambda k, x: k.MaxPooling2D(3, strides=2)(x),
    "ReLU": lambda k, x: k.ReLU()(x),
    "ReLU to six": lambda k, x: k.ReLU(max_value=6)(k.Conv2D(4, 1)(x)),
    "Reshape": lambda k, x: k.Reshape((7, 28, 3))(x),
    "SeparableConv2D": lambda k, x: k.BatchNormalization()(k.SeparableConv2D(5, 3, padding="same")(x)),
    "Softmax": lambda k, x: k.Softmax()(x),
    "ZeroPadding2D": lambda k, x: k.Conv2D(4, 3, strides=2)(k.ZeroPadding2D(((0, 1), (1, 0)))(x)),
    "model in a model": lambda k, x: _nested(k, x),
}


def _two_readers(k: Any, x: Any) -> Any:
    convolved = k.Conv2D(4, 3, padding="same")(x)
    return k.Add()([convolved, k.BatchNormalization()(convolved)])


def _nested(k: Any, x: Any) -> Any:
    import keras

    entry = keras.Input((14, 14, 3))
    inner = keras.Model(entry, k.BatchNormalization()(k.Conv2D(4, 3)(entry)))
    sequential = keras.Sequential([keras.Input((12, 12, 4)), k.Conv2D(3, 1), k.ReLU()])
    return sequential(inner(x))


def build(block: Block) -> Any:
    """A model of the contract around one block, with an open output so that no softmax hides a difference."""
    import keras

    keras.utils.set_random_seed(11)
    entry = keras.Input((SIZE, SIZE, 3))
    x = block(keras.layers, keras.layers.AveragePooling2D(16)(entry))
    if len(x.shape) == 4:
        x = keras.layers.Flatten()(x)
    model = keras.Model(entry, keras.layers.Dense(len(LABELS))(x))
    shake(model)
    return model


def test_every_supported_layer_has_a_parity_test() -> None:
    tested = {name.split()[0] for name in BLOCKS}
    assert set(SUPPORTED) <= tested


@pytest.mark.parametrize("name", BLOCKS)
def test_tensorflow_js_gives_kerass_numbers(name: str, tmp_path: Path) -> None:
    program = node.find()
    assert program is not None, "Node.js is needed to develop pytrain"
    model = build(BLOCKS[name])
    frames = [random_frame(seed, 224, 224) for seed in range(2)]
    expected = np.asarray(model(np.stack([to_input(frame) for frame in frames]), training=False))
    export(model, tmp_path / "bundle", labels=LABELS, check=False)

    _, answer = node.run(program, tmp_path / "bundle", frames, ["cpu", "wasm"])

    assert [result["backend"] for result in answer["results"]] == ["cpu", "wasm"]
    for result in answer["results"]:
        assert "error" not in result, result
        assert np.abs(np.array(result["probabilities"]) - expected).max() < 1e-4 * max(
            1, np.abs(expected).max()
        )


def test_folding_leaves_no_normalisation_or_dropout(small_model: Any) -> None:
    kinds = [layer.kind for layer in simplify(read_network(small_model)).layers]
    assert kinds == [
        "InputLayer",
        "AveragePooling2D",
        "Conv2D",
        "GlobalAveragePooling2D",
        "Dense",
        "Activation",
    ]


def test_shards_are_cut_at_4_mib_and_named_after_their_content(tmp_path: Path) -> None:
    from pytrain.export.weights import SHARD_BYTES, write_shards

    values = np.arange(SHARD_BYTES // 4 + 10, dtype=np.float32)
    (group,) = write_shards(tmp_path, {"layer/kernel": values})
    sizes = [(tmp_path / path).stat().st_size for path in group["paths"]]
    assert sizes == [SHARD_BYTES, 40]
    joined = b"".join((tmp_path / path).read_bytes() for path in group["paths"])
    assert np.array_equal(np.frombuffer(joined, "<f4"), values)


def test_the_keras_file_goes_on_training_with_the_same_answers(small_model: Any, small_bundle: Path) -> None:
    import keras

    loaded = keras.models.load_model(small_bundle / "model.keras")
    batch = np.stack([to_input(random_frame(1))])
    assert np.array_equal(np.asarray(loaded(batch)), np.asarray(small_model(batch)))


def test_metadata_has_teachable_machines_keys_and_ours(small_bundle: Path) -> None:
    metadata = json.loads((small_bundle / "metadata.json").read_text(encoding="utf-8"))
    assert {"labels", "imageSize", "tfjsVersion", "packageName", "packageVersion", "timeStamp"} <= set(
        metadata
    )
    assert metadata["imageSize"] == 224
    assert metadata["pytrain"]["schema"] == 1
    assert metadata["pytrain"]["input"]["range"] == [-1, 1]


def refuse(model: Any, tmp_path: Path, labels: list[str] | None = None) -> ExportError:
    with pytest.raises(ExportError) as caught:
        export(model, tmp_path / "bundle", labels=labels or LABELS, check=False)
    assert list(tmp_path.iterdir()) == []
    return caught.value


def test_an_unsupported_layer_is_named(tmp_path: Path) -> None:
    error = refuse(build(lambda k, x: k.LayerNormalization(name="odd_one")(x)), tmp_path)
    assert "odd_one" in error.what
    assert "LayerNormalization" in error.what


def test_channels_first_is_refused(tmp_path: Path) -> None:
    error = refuse(build(lambda k, x: k.AveragePooling2D(2, data_format="channels_first")(x)), tmp_path)
    assert "channels first" in error.what


def test_an_activation_that_means_something_else_is_refused(tmp_path: Path) -> None:
    assert "hard_sigmoid" in refuse(build(lambda k, x: k.Activation("hard_sigmoid")(x)), tmp_path).what


def test_a_layer_used_twice_is_refused(tmp_path: Path) -> None:
    def twice(k: Any, x: Any) -> Any:
        shared = k.Conv2D(3, 1, name="shared")
        return shared(shared(x))

    assert "shared is used 2 times" in refuse(build(twice), tmp_path).what


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    model = build(lambda k, x: k.Conv2D(3, 1, name="exploded")(x))
    model.get_layer("exploded").bias.assign([np.nan, 0, 0])
    assert "exploded" in refuse(model, tmp_path).what


def test_another_input_is_refused(tmp_path: Path) -> None:
    import keras

    model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(4)])
    error = refuse(model, tmp_path)
    assert "32" in error.what
    assert "224" in str(error.expected)


@pytest.mark.parametrize(
    ("labels", "message"), [(["a", "b"], "2 labels"), (["a", "b", "c", "a"], "came twice")]
)
def test_wrong_labels_are_refused(labels: list[str], message: str, small_model: Any, tmp_path: Path) -> None:
    assert message in refuse(small_model, tmp_path, labels).what
