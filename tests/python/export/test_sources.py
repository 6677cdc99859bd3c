"""What can be exported: files of any age are opened by their content, and none is ever run."""

from __future__ import annotations

import hashlib
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras2 import change_config, save_as_keras_2

from pytrain.errors import ExportError, PytrainError
from pytrain.export import fallback
from pytrain.export.source.labels import check_labels
from pytrain.export.source.load import load_source


def convolutional() -> Any:
    """Some of each layer that Keras 2 wrote in another way."""
    import keras

    keras.utils.set_random_seed(3)
    layers = keras.layers
    entry = keras.Input((32, 32, 3))
    x = layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False)(entry)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU(6.0)(x)
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
    x = layers.LeakyReLU(0.1)(layers.SeparableConv2D(6, 3)(x))
    x = layers.Add()([x, layers.Conv2D(6, 1)(x)])
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(entry, layers.Dense(3, activation="softmax")(layers.Dropout(0.2)(x)))


def teachable_machine() -> Any:
    """The shape of Teachable Machine's Keras download: a MobileNet and a head, each a Sequential."""
    import keras

    keras.utils.set_random_seed(4)
    layers = keras.layers
    entry = keras.Input((224, 224, 3))
    x = layers.ReLU(6.0)(layers.BatchNormalization()(layers.Conv2D(4, 3, strides=8, use_bias=False)(entry)))
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
    body = keras.Sequential(
        [keras.Input((224, 224, 3)), keras.Model(entry, x, name="model1"), layers.GlobalAveragePooling2D()]
    )
    head = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(5, activation="relu"),
            layers.Dense(2, activation="softmax", use_bias=False),
        ]
    )
    return keras.Sequential([keras.Input((224, 224, 3)), body, head])


def sequential() -> Any:
    import keras

    keras.utils.set_random_seed(5)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def same(found: Any, model: Any) -> bool:
    batch = np.random.default_rng(1).random((2, *model.input_shape[1:]), dtype=np.float32)
    return bool(np.array_equal(np.asarray(found(batch)), np.asarray(model(batch))))


def refused(path: Path) -> ExportError:
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(ExportError) as caught:
        load_source(path)
    assert not path.is_file() or path.read_bytes() == before
    return caught.value


@pytest.mark.parametrize("build", [convolutional, teachable_machine, sequential])
def test_a_file_of_keras_2_gives_the_same_answers_and_is_not_changed(
    build: Callable[[], Any], tmp_path: Path
) -> None:
    model = build()
    path = save_as_keras_2(model, tmp_path / "model.h5")
    before = hashlib.sha256(path.read_bytes()).digest()
    assert same(load_source(path).model, model)
    assert hashlib.sha256(path.read_bytes()).digest() == before


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "model.hdf5"])
def test_a_file_of_this_keras_gives_the_same_answers(name: str, tmp_path: Path) -> None:
    model = convolutional()
    model.save(tmp_path / name)
    assert same(load_source(tmp_path / name).model, model)


def test_the_content_counts_and_not_the_name(tmp_path: Path) -> None:
    model = sequential()
    model.save(tmp_path / "a.keras")
    (tmp_path / "a.keras").rename(tmp_path / "download")
    model.save(tmp_path / "b.h5")
    (tmp_path / "b.h5").rename(tmp_path / "b.keras")
    assert same(load_source(tmp_path / "download").model, model)
    assert same(load_source(tmp_path / "b.keras").model, model)


def test_teachable_machines_download_brings_labels_and_range(tmp_path: Path) -> None:
    model = teachable_machine()
    save_as_keras_2(model, tmp_path / "keras_model.h5")
    (tmp_path / "labels.txt").write_text("0 a cat\n1 nothing\n", encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "converted_keras.zip", "w") as archive:
        for name in ("keras_model.h5", "labels.txt"):
            archive.write(tmp_path / name, name)
    for path in (tmp_path / "keras_model.h5", tmp_path / "converted_keras.zip"):
        found = load_source(path)
        assert same(found.model, model)
        assert found.labels == ["a cat", "nothing"]
        assert found.input_range == "-1..1"


def test_preprocessing_that_tensorflow_left_in_a_model_becomes_a_layer(tmp_path: Path) -> None:
    import keras

    entry = keras.Input((32, 32, 3))
    x = keras.layers.Rescaling(1 / 127.5, name="divide")(entry)
    x = keras.layers.Rescaling(1.0, offset=-1.0, name="subtract")(x)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(3, 3)(x))
    model = keras.Model(entry, keras.layers.Softmax()(x))
    path = save_as_keras_2(model, tmp_path / "model.h5")

    def as_operation(layer: dict[str, Any]) -> None:
        if layer["class_name"] == "Rescaling":
            name = layer["config"]["name"]
            function, number = {"divide": ("math.truediv", 127.5), "subtract": ("math.subtract", 1.0)}[name]
            layer["class_name"] = "TFOpLambda"
            layer["config"] = {"name": name, "trainable": True, "dtype": "float32", "function": function}
            ((reference,),) = layer["inbound_nodes"]
            layer["inbound_nodes"] = [[*reference[:3], {"y": number, "name": None}]]

    change_config(path, as_operation)
    batch = np.random.default_rng(1).random((2, 32, 32, 3), dtype=np.float32) * 255
    assert np.allclose(np.asarray(load_source(path).model(batch)), np.asarray(model(batch)), atol=1e-6)


def test_a_model_trained_in_mixed_precision_is_read_as_float32(tmp_path: Path) -> None:
    import keras

    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        sequential().save(tmp_path / "mixed.keras")
    finally:
        keras.mixed_precision.set_global_policy("float32")
    found = load_source(tmp_path / "mixed.keras").model
    assert {layer.compute_dtype for layer in found.layers} == {"float32"}


def test_a_bundle_brings_its_labels_and_range(small_bundle: Path, small_model: Any) -> None:
    found = load_source(small_bundle)
    assert same(found.model, small_model)
    assert found.labels == ("circle", "square", "star", "triangle")
    assert found.input_range == "-1..1"
    assert load_source(small_bundle / "model.keras").input_range == "-1..1"


def test_a_saved_model_is_left_to_the_fallback(tmp_path: Path) -> None:
    sequential().export(tmp_path / "saved", verbose=False)
    found = load_source(tmp_path / "saved")
    assert found.model is None
    assert found.saved_model == tmp_path / "saved"


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    assert "no model at" in refused(tmp_path / "nothing.keras").what


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("notes.keras", b"just some notes", "no model that is known"),
        ("empty.h5", b"", "empty (0 bytes)"),
        ("photo.keras", b"\x89PNG\r\n\x1a\n" + bytes(20), "a PNG picture"),
        ("model.tflite", bytes(4) + b"TFL3" + bytes(20), "a TensorFlow Lite model"),
        ("model.json", b'{"format": "layers-model"}', "a JSON file"),
        ("model.h5", b"\x89HDF\r\n\x1a\n" + bytes(200), "is damaged"),
        ("model.keras", b"PK\x03\x04" + bytes(200), "is damaged"),
    ],
)
def test_a_file_that_is_no_model_is_named(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    error = refused(tmp_path / name)
    assert name in error.what
    assert message in error.what
    assert error.fix


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_a_file_that_was_cut_off_is_called_damaged(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    convolutional().save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    assert name in refused(path).what


def test_weights_alone_are_no_model(tmp_path: Path) -> None:
    sequential().save_weights(tmp_path / "only.weights.h5")
    error = refused(tmp_path / "only.weights.h5")
    assert "only weights" in error.what
    assert "load_weights" in str(error.fix)


def test_folders_that_hold_no_model_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no SavedModel" in refused(tmp_path / "empty").what
    (tmp_path / "empty" / "model.keras").write_bytes(b"")
    assert "model.keras" in str(refused(tmp_path / "empty").fix)


def test_an_archive_with_something_else_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("photo.png", b"picture")
    assert "no Keras model" in refused(tmp_path / "photos.zip").what


class Trap:
    """Unpickling one makes a file, so that a test sees it."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.witness,)


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Trap(witness)))
    assert "pickle" in refused(tmp_path / "model.pkl").what
    assert not witness.exists()


def test_weights_that_may_be_pickles_are_never_opened(tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    sequential().save(tmp_path / "good.keras")
    np.savez(tmp_path / "model.weights.npz", trap=np.array([Trap(witness)], dtype=object))
    with (
        zipfile.ZipFile(tmp_path / "good.keras") as good,
        zipfile.ZipFile(tmp_path / "bad.keras", "w") as bad,
    ):
        bad.writestr("config.json", good.read("config.json"))
        bad.writestr("metadata.json", good.read("metadata.json"))
        bad.write(tmp_path / "model.weights.npz", "model.weights.npz")
    assert "model.weights.h5" in refused(tmp_path / "bad.keras").what
    assert not witness.exists()


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_a_lambda_layer_is_named_and_never_run(name: str, tmp_path: Path) -> None:
    import keras

    entry = keras.Input((8, 8, 3))
    x = keras.layers.Lambda(lambda x: x * 2, name="my_own_code")(entry)
    keras.Model(entry, keras.layers.Flatten()(x)).save(tmp_path / name)
    error = refused(tmp_path / name)
    assert "my_own_code" in error.what
    assert "Lambda" in error.what
    assert "not run" in error.what


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_a_custom_layer_is_named_with_its_class(name: str, tmp_path: Path) -> None:
    import keras

    class Swirl(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x * 2

    entry = keras.Input((8, 8, 3))
    keras.Model(entry, keras.layers.Flatten()(Swirl(name="my_swirl")(entry))).save(tmp_path / name)
    error = refused(tmp_path / name)
    assert "Swirl" in error.what
    assert "pytrain.export(model" in str(error.fix)


def test_another_library_in_the_settings_is_never_imported(tmp_path: Path) -> None:
    sequential().save(tmp_path / "good.keras")
    with (
        zipfile.ZipFile(tmp_path / "good.keras") as good,
        zipfile.ZipFile(tmp_path / "bad.keras", "w") as bad,
    ):
        config = json.loads(good.read("config.json"))
        config["config"]["layers"][1].update(module="os", class_name="system", registered_name=None)
        bad.writestr("config.json", json.dumps(config))
        bad.writestr("model.weights.h5", good.read("model.weights.h5"))
    assert "system" in refused(tmp_path / "bad.keras").what


def test_a_damaged_bundle_is_refused(small_bundle: Path) -> None:
    (small_bundle / "graph.json").unlink()
    with pytest.raises(PytrainError, match=r"graph\.json"):
        load_source(small_bundle)


def test_a_saved_model_without_the_converter_says_both_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pytrain.export import export

    monkeypatch.setattr(fallback, "find", lambda: None)
    sequential().export(tmp_path / "saved", verbose=False)
    with pytest.raises(ExportError, match="SavedModel") as caught:
        export(tmp_path / "saved", tmp_path / "out", labels=["a", "b", "c"], input_range="0..1")
    assert fallback.INSTALL in str(caught.value.fix)
    assert ".keras" in str(caught.value.fix)


def with_settings(path: Path, change: Callable[[Any], Any]) -> Path:
    """A .keras file whose settings are what `change` makes of good ones."""
    sequential().save(path.with_name("good.keras"))
    with zipfile.ZipFile(path.with_name("good.keras")) as good, zipfile.ZipFile(path, "w") as odd:
        odd.writestr("config.json", json.dumps(change(json.loads(good.read("config.json")))))
        odd.writestr("metadata.json", good.read("metadata.json"))
        odd.writestr("model.weights.h5", good.read("model.weights.h5"))
    return path


def spoil(path: Path, name: str) -> None:
    """Overwrites the start of an entry's compressed bytes."""
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo(name)
    content = bytearray(path.read_bytes())
    start = entry.header_offset + 30 + len(name)
    content[start : start + 8] = b"\xff" * 8
    path.write_bytes(content)


def lock(path: Path) -> None:
    """Marks every entry as encrypted, in both places that say so."""
    content = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(mark, at + 4)
    path.write_bytes(content)


@pytest.mark.parametrize(
    "settings",
    [
        [],
        3,
        {"class_name": "Sequential", "config": {"name": "s", "layers": [3]}},
        {"class_name": "Sequential", "config": {"name": "s", "dtype": {"class_name": "DTypePolicy"}}},
    ],
)
def test_settings_that_describe_no_model_are_called_damaged(settings: Any, tmp_path: Path) -> None:
    error = refused(with_settings(tmp_path / "odd.keras", lambda _: settings))
    assert "odd.keras is damaged" in error.what
    assert "settings" in error.what


def test_a_keras_file_whose_settings_cannot_be_unpacked_is_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "odd.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps({"class_name": "Sequential", "config": {}}))
    spoil(path, "config.json")
    assert "odd.keras is damaged" in refused(path).what
    lock(path)
    error = refused(path)
    assert error.what == f"{path} is locked with a password."
    assert "model.save" in str(error.fix)


def test_a_zip_that_cannot_be_unpacked_is_named(tmp_path: Path) -> None:
    path = tmp_path / "converted_keras.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("keras_model.h5", b"\x89HDF\r\n\x1a\n" + bytes(200))
    spoil(path, "keras_model.h5")
    assert f"{path} is damaged" in refused(path).what
    lock(path)
    assert f"{path} is locked with a password" in refused(path).what


def test_a_fault_inside_a_zip_names_the_zip(tmp_path: Path) -> None:
    path = tmp_path / "converted_keras.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("keras_model.h5", b"\x89HDF\r\n\x1a\n" + bytes(200))
    error = refused(path)
    assert error.what.startswith(f"{path}: keras_model.h5 is damaged")
    assert "pytrain-" not in str(error).replace(str(tmp_path), "")


def test_a_layer_that_names_a_saved_model_is_refused(tmp_path: Path) -> None:
    def change(config: Any) -> Any:
        config["config"]["layers"][1].update(
            class_name="TFSMLayer", config={"name": "other", "filepath": "somewhere"}
        )
        return config

    error = refused(with_settings(tmp_path / "odd.keras", change))
    assert "other is a TFSMLayer" in error.what
    assert "safe" not in str(error)


def test_a_fault_in_a_class_of_keras_is_not_called_foreign(tmp_path: Path) -> None:
    def moved(config: Any) -> Any:
        return {**config, "module": "builtins"}

    def negative(config: Any) -> Any:
        config["config"]["layers"][-1]["config"]["units"] = -3
        return config

    error = refused(with_settings(tmp_path / "moved.keras", moved))
    assert "moved.keras is damaged: Keras cannot rebuild Sequential" in error.what
    assert "units" in refused(with_settings(tmp_path / "negative.keras", negative)).what


def test_a_label_is_the_same_however_its_accents_are_stored() -> None:
    assert check_labels(["caf\N{LATIN SMALL LETTER E}\N{COMBINING ACUTE ACCENT}"], 1) == ["café"]


def test_labels_come_as_a_list_or_a_path(tmp_path: Path) -> None:
    (tmp_path / "lab.txt").write_text("a\nb\n", encoding="utf-8")
    assert check_labels(tmp_path / "lab.txt", 2) == ["a", "b"]
    assert check_labels([" a", "b "], 2) == ["a", "b"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (Path("nowhere.txt"), "nowhere.txt cannot be read"),
        (5, "5 (int)"),
        ({"a"}, "(set)"),
        ([" a", "a", "b"], "'a' came twice"),
    ],
)
def test_labels_that_cannot_be_used_are_refused(labels: Any, message: str) -> None:
    with pytest.raises(ExportError) as caught:
        check_labels(labels, 3)
    assert message in caught.value.what
