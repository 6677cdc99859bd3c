"""Exporting: from a model to a bundle, whole or not at all, and with one plain error for each mistake."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shared import LABELS, random_frame

import pytrain
from pytrain import bundle
from pytrain.errors import ExportError, PytrainError
from pytrain.export import chromium, contents, export, fallback, golden
from pytrain.export.answers import answers_of
from pytrain.export.verify import BackendResult, Verification
from pytrain.export.writing import weights
from pytrain.image import to_input


def small(entry: Any = None, classes: int = 4, **last: Any) -> Any:
    """A network of two layers for any picture."""
    import keras

    layers = keras.layers
    entry = keras.Input((28, 28, 3)) if entry is None else entry
    x = layers.Conv2D(8, 3, strides=2, activation="relu", name="conv")(entry)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    x = layers.Dense(classes, name="last", **{"activation": "softmax", **last})(x)
    return keras.Model(entry, x)


def content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def metadata(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
    return found


def refuse(model: Any, tmp_path: Path, **options: Any) -> PytrainError:
    """The error of an export that must leave nothing behind."""
    given = {"labels": LABELS, "input_range": "0..1", "verify": False, **options}
    with pytest.raises(PytrainError) as caught:
        export(model, tmp_path / "models" / "refused", **given)
    assert not (tmp_path / "models").exists()
    return caught.value


def test_a_bundle_has_both_topologies_on_one_set_of_weights(small_bundle: Path) -> None:
    groups = {
        file: json.loads((small_bundle / file).read_text(encoding="utf-8"))["weightsManifest"]
        for file in ("model.json", "graph.json")
    }
    shared = next(group for group in groups["model.json"] if group["paths"][0].startswith("weights-"))
    assert shared in groups["graph.json"]
    read = bundle.read(small_bundle)
    assert read.topologies == ("model.json", "graph.json")
    assert {file.name for file in small_bundle.glob("*.bin")} == set(read.shards)


def test_metadata_has_teachable_machines_keys_and_ours(small_bundle: Path) -> None:
    found = metadata(small_bundle)
    assert {"labels", "imageSize", "tfjsVersion", "packageName", "packageVersion", "timeStamp"} <= set(found)
    assert found["imageSize"] == 224
    block = found["pytrain"]
    assert block["schema"] == 1
    assert block["input"]["range"] == [-1, 1]
    assert block["formats"] == {"layers": True, "graph": True}
    assert block["outputs"] == {
        "probabilities": "softmax, one for each label",
        "embedding": 6,
        "class_activation": [28, 28],
    }
    assert block["weights"]["dtype"] == "float32"
    assert block["weights"]["bytes"] == sum(file.stat().st_size for file in small_bundle.glob("*.bin"))
    assert block["source"]["input_range"] == "-1..1"


def test_the_keras_file_goes_on_training_with_the_same_answers(small_model: Any, small_bundle: Path) -> None:
    import keras

    loaded = keras.models.load_model(small_bundle / "model.keras")
    batch = np.stack([to_input(random_frame(1))])
    assert np.array_equal(np.asarray(loaded(batch)), np.asarray(small_model(batch)))


def test_the_keras_file_of_a_foreign_model_takes_the_contracts_frames(tmp_path: Path) -> None:
    import keras

    model = small()
    made = export(model, tmp_path / "mine", labels=LABELS, input_range="0..255", verify=False)
    batch = np.stack([to_input(random_frame(1))])
    pooled = np.asarray(keras.layers.AveragePooling2D(8)(batch * 127.5 + 127.5))
    loaded = keras.models.load_model(made.path / "model.keras")
    assert np.allclose(np.asarray(loaded(batch)), np.asarray(model(pooled)), atol=1e-6)


def test_an_optimizer_does_not_triple_the_keras_file(tmp_path: Path) -> None:
    model = small()
    plain = export(model, tmp_path / "plain", labels=LABELS, input_range="0..1", verify=False)
    model.compile("adam", "categorical_crossentropy")
    model.fit(np.zeros((4, 28, 28, 3)), np.eye(4), verbose=0)
    trained = export(model, tmp_path / "trained", labels=LABELS, input_range="0..1", verify=False)
    sizes = [(made.path / "model.keras").stat().st_size for made in (plain, trained)]
    assert sizes[1] < 1.2 * sizes[0]
    assert model.optimizer is not None


def test_golden_frames_are_drawn_where_none_were_given(tmp_path: Path) -> None:
    made = export(small(), tmp_path / "mine", labels=LABELS, input_range="0..1", verify=False)
    frames = json.loads((made.path / "golden" / "golden.json").read_text(encoding="utf-8"))["frames"]
    assert len(frames) == len(golden.DRAWN)
    for frame in frames:
        assert (made.path / "golden" / frame["file"]).is_file()
        assert sum(frame["probabilities"]) == pytest.approx(1, abs=1e-5)


def test_lossy_weights_keep_both_answers_and_say_what_they_cost(tmp_path: Path) -> None:
    import keras

    keras.utils.set_random_seed(5)
    entry = keras.Input((28, 28, 3))
    wide = keras.layers.Conv2D(64, 3, activation="relu")(entry)
    model = small(keras.Input((28, 28, 3)))
    model = keras.Model(
        entry,
        keras.layers.Dense(4, activation="softmax")(
            keras.layers.Flatten()(keras.layers.MaxPooling2D(4)(wide))
        ),
    )
    said: list[str] = []
    frames = [random_frame(seed) for seed in range(24)]
    made = export(
        model, tmp_path / "m", labels=LABELS, input_range="0..1", check=frames, verify=False, say=said.append
    )
    block = made.metadata["pytrain"]["weights"]
    assert block["dtype"] == "uint8"
    assert block["agreement"]["images"] == 24
    assert block["agreement"]["top1"] >= 0.995
    assert block["agreement"]["against"] == "float32"
    assert block["bytes"] < 0.4 * 4 * block["parameters"]
    assert any("24 of 24 images" in line for line in said)
    entries = json.loads((made.path / "golden" / "golden.json").read_text(encoding="utf-8"))["frames"]
    difference = np.abs(np.subtract([e["probabilities"] for e in entries], [e["float32"] for e in entries]))
    assert 0 < difference.max() < 0.1


def test_a_large_model_sees_fewer_check_images(
    small_model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pytrain.export, "LARGE_PARAMETERS", 1)
    monkeypatch.setattr(pytrain.export, "LARGE_IMAGES", 20)
    monkeypatch.setattr("pytrain.export.precision.SMALL", 1)
    frames = [random_frame(seed) for seed in range(24)]
    given = {"labels": LABELS, "input_range": "-1..1", "check": frames, "verify": False}
    made = export(small_model, tmp_path / "m", weights="float16", **given)
    assert made.metadata["pytrain"]["weights"]["agreement"]["images"] == 20


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a", "b"], "2 labels"),
        (["a", "b", "c", "a"], "came twice"),
        (["a", "b", "", "d"], "number 3 is empty"),
        ("a,b,c", "3 labels"),
        (None, "No labels"),
    ],
)
def test_wrong_labels_are_refused(labels: Any, message: str, tmp_path: Path) -> None:
    assert message in refuse(small(), tmp_path, labels=labels).what


def test_an_unsupported_layer_is_named_with_both_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    monkeypatch.setattr(fallback, "find", lambda: None)
    entry = keras.Input((28, 28, 3))
    rows = keras.layers.Reshape((28, 84))(entry)
    odd = keras.layers.SimpleRNN(4, activation="softmax", name="odd_one")(rows)
    error = refuse(keras.Model(entry, odd), tmp_path)
    assert "odd_one" in error.what
    assert "SimpleRNN" in error.what
    assert fallback.INSTALL in str(error.fix)


def test_weights_that_are_not_finite_are_refused_even_by_the_fallback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fallback, "find", lambda: Path(sys.executable))
    model = small()
    model.get_layer("conv").bias.assign([np.nan] * 8)
    assert "conv" in refuse(model, tmp_path).what


def test_the_official_converter_writes_what_we_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    monkeypatch.setattr(fallback, "find", lambda: Path(sys.executable))
    asked: list[str] = []

    def convert(model: Any, *, why: str, say: Callable[[str], None]) -> fallback.Converted:
        asked.append(why)
        shape = {"dim": [{"size": "-1"}, {"size": "4"}]}
        signature = {"inputs": {}, "outputs": {"probabilities": {"name": "x:0", "tensorShape": shape}}}
        kernel = np.ones((3, 3), np.float32)
        return fallback.Converted({"format": "graph-model", "signature": signature}, {"kernel": kernel}, {})

    monkeypatch.setattr(fallback, "convert_model", convert)
    entry = keras.Input((28, 28, 3))
    odd = keras.layers.SimpleRNN(4, activation="softmax", name="odd_one")(
        keras.layers.Reshape((28, 84))(entry)
    )
    model = keras.Model(entry, odd)
    made = export(model, tmp_path / "odd", labels=LABELS, input_range="0..1", verify=False)
    assert "odd_one" in asked[0]
    assert made.topologies == ("graph.json",)
    assert "official converter" in made.metadata["pytrain"]["formats"]["why"]
    assert "float32" in str(refuse(model, tmp_path / "again", weights="uint8", accept_loss=True).expected)


def test_what_gives_no_probabilities_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ExportError, match="no probabilities") as caught:
        answers_of(lambda batch, training: batch[:, 0, 0], np.full((2, 1, 1, 3), 2, np.float32), ["p"])
    assert "--logits" in str(caught.value.fix)
    with pytest.raises(ExportError, match="NaN"):
        answers_of(lambda batch, training: batch[:, 0, 0], np.full((2, 1, 1, 3), np.nan, np.float32), ["p"])


def test_a_folder_with_somebody_elses_metadata_is_never_replaced(small_model: Any, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "metadata.json").write_text('{"dataset": "birds"}', encoding="utf-8")
    (tmp_path / "mine" / "notes.txt").write_text("kept", encoding="utf-8")
    with pytest.raises(PytrainError, match="no model's folder"):
        export(small_model, tmp_path / "mine", labels=LABELS, input_range="-1..1", verify=False)
    assert (tmp_path / "mine" / "notes.txt").read_text(encoding="utf-8") == "kept"


def test_a_bundle_gets_no_second_lens(small_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="takes the contract's pictures already"):
        export(small_bundle, tmp_path / "again", input_range="0..1", verify=False)


def test_a_bare_keras_file_is_kept_byte_for_byte(small_model: Any, tmp_path: Path) -> None:
    file = tmp_path / "mine.keras"
    small_model.save(file)
    made = export(file, tmp_path / "mine", labels=LABELS, input_range="-1..1", verify=False)
    assert (made.path / "model.keras").read_bytes() == file.read_bytes()


def test_a_bundles_keras_model_computes_as_the_browser_does(tmp_path: Path) -> None:
    import keras

    file = tmp_path / "mixed.keras"
    keras.config.set_dtype_policy("mixed_float16")
    try:
        small(keras.Input((224, 224, 3))).save(file)
    finally:
        keras.config.set_dtype_policy("float32")
    made = export(file, tmp_path / "mixed", labels=LABELS, input_range="-1..1", verify=False)
    kept = keras.models.load_model(made.path / "model.keras", compile=False)
    assert {layer.compute_dtype for layer in kept.layers} == {"float32"}


def test_an_optimizer_is_left_out_of_the_bundle(small_model: Any, tmp_path: Path) -> None:
    import keras

    file = tmp_path / "mine.keras"
    copy = keras.models.clone_model(small_model)
    copy.compile("adam", "categorical_crossentropy")
    copy.optimizer.build(copy.trainable_variables)
    copy.save(file)
    made = export(file, tmp_path / "mine", labels=LABELS, input_range="-1..1", verify=False)
    with zipfile.ZipFile(made.path / "model.keras") as archive:
        assert not json.loads(archive.read("config.json"))["compile_config"]


@pytest.mark.parametrize(("large", "backends"), [(10**9, None), (1, ("wasm",))])
def test_a_large_model_is_proven_on_one_backend_and_says_so(
    large: int, backends: Any, small_model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Any] = []

    def verified(folder: Path, wanted: Any, browser: Any) -> Verification:
        tried.append(wanted)
        results = [BackendResult("wasm", 0.0, 1.0, format=form) for form in ("graph", "layers")]
        return Verification("mine", "a browser", "4.22.0", 1, tuple(results))

    monkeypatch.setattr("pytrain.export.verify.verify", verified)
    monkeypatch.setattr(pytrain.export, "LARGE_PARAMETERS", large)
    said: list[str] = []
    export(small_model, tmp_path / "mine", labels=LABELS, input_range="-1..1", say=said.append)
    assert tried == [backends]
    assert any("pytrain verify" in line for line in said) == (backends is not None)


@pytest.mark.parametrize(
    ("module", "stage"),
    [
        (weights, "write_manifests"),
        (contents, "write_frames"),
        (contents, "write_answers"),
        (pytrain.export, "keep_keras"),
        (pytrain.export, "write_metadata"),
    ],
)
def test_an_interrupted_export_leaves_the_former_bundle_whole(
    module: Any, stage: str, small_model: Any, small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(small_bundle)
    real = getattr(module, stage)

    def interrupted(*arguments: Any, **options: Any) -> None:
        real(*arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, stage, interrupted)
    with pytest.raises(KeyboardInterrupt):
        export(small_model, small_bundle, labels=["a", "b", "c", "d"], input_range="-1..1", verify=False)
    assert content(small_bundle) == before
    assert [path.name for path in small_bundle.parent.iterdir()] == ["small"]


def test_a_bundle_is_exported_again_with_all_that_belongs_to_it(small_bundle: Path, tmp_path: Path) -> None:
    (small_bundle / "report").mkdir()
    (small_bundle / "report" / "index.html").write_text("figures", encoding="utf-8")
    block = metadata(small_bundle)
    block["pytrain"]["calibration"] = {"unknown_threshold": 0.5}
    bundle.write_json(small_bundle / "metadata.json", block)

    made = export(small_bundle, tmp_path / "again", verify=False)

    assert list(made.labels) == LABELS
    assert made.unknown_threshold == 0.5
    assert (made.path / "report" / "index.html").read_text(encoding="utf-8") == "figures"
    former, again = (
        json.loads((path / "golden" / "golden.json").read_text(encoding="utf-8"))["frames"]
        for path in (small_bundle, made.path)
    )
    assert former == again


def test_further_outputs_are_in_the_graph_alone(tmp_path: Path) -> None:
    import keras

    entry = keras.Input((28, 28, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(8, 3)(entry))
    size = keras.layers.Dense(2, name="size")(x)
    kind = keras.layers.Dense(4, activation="softmax", name="kind")(x)
    model = keras.Model(entry, [size, kind])
    error = refuse(model, tmp_path)
    assert "2 outputs" in error.what
    assert "size, kind" in str(error.expected)

    made = export(model, tmp_path / "m", labels=LABELS, input_range="0..1", output="kind", verify=False)

    graph = json.loads((made.path / "graph.json").read_text(encoding="utf-8"))
    assert {"probabilities", "size"} <= set(graph["signature"]["outputs"])
    layers = json.loads((made.path / "model.json").read_text(encoding="utf-8"))
    assert len(layers["modelTopology"]["model_config"]["config"]["output_layers"]) == 1


def test_the_module_is_the_function_whatever_was_imported_first(tmp_path: Path) -> None:
    code = (
        "import sys, pytrain\n"
        "assert callable(pytrain.export)\n"
        "assert 'tensorflow' not in sys.modules\n"
        "import pytrain.export.source.labels\n"
        "from pytrain.export import export\n"
        "assert callable(pytrain.export) and pytrain.export.export is export\n"
        "assert pytrain.export.source.labels.parse_labels('a, b') == ['a', 'b']\n"
        "try: pytrain.export(3, 'nowhere/model', labels=['a', 'b'])\n"
        "except pytrain.PytrainError as error: assert 'builtins.int' in error.what\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def python_in(page: str) -> list[str]:
    text = (Path(__file__).resolve().parents[3] / page).read_text(encoding="utf-8")
    return re.findall(r"```python\n(.+?)```", text, re.DOTALL)


def test_the_example_of_the_documentation_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    # Node.js answers faster; the end-to-end tests do the same in Chromium.
    monkeypatch.setattr(chromium, "find", lambda: None)
    (example,) = python_in("docs/export.md")
    exec(compile(example, "docs/export.md", "exec"), {})
    assert "0..255" in capsys.readouterr().out
    assert bundle.read(tmp_path / "exported_models" / "mine").labels == ("daisy", "rose", "tulip")


def test_the_documentation_and_the_command_know_every_range() -> None:
    from pytrain.cli import cli
    from pytrain.export.source.adapt import RANGES

    page = (Path(__file__).resolve().parents[3] / "docs" / "export.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in page for name in RANGES)
    (option,) = [option for option in cli.commands["export"].params if option.name == "input_range"]
    assert list(option.type.choices) == list(RANGES)


def test_a_saved_model_gets_its_lens_and_goes_to_the_official_converter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small().export(tmp_path / "saved", verbose=False)
    monkeypatch.setattr(fallback, "find", lambda: Path(sys.executable))
    asked: list[Any] = []

    def convert(model: Any, *, why: str, say: Callable[[str], None]) -> fallback.Converted:
        asked.append((model.input_shape, why))
        shape = {"dim": [{"size": "-1"}, {"size": "4"}]}
        signature = {"inputs": {}, "outputs": {"probabilities": {"name": "x:0", "tensorShape": shape}}}
        return fallback.Converted({"format": "graph-model", "signature": signature}, {}, {})

    monkeypatch.setattr(fallback, "convert_model", convert)
    made = export(tmp_path / "saved", tmp_path / "out", labels=LABELS, input_range="0..1", verify=False)
    assert asked == [((None, 224, 224, 3), "A SavedModel has no layers to read.")]
    assert made.topologies == ("graph.json",)
    # Keras could not read it back without running what lies in the folder.
    assert not (made.path / "model.keras").exists()
    assert json.loads((made.path / "golden" / "golden.json").read_text(encoding="utf-8"))["frames"]
