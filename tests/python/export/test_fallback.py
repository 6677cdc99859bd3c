"""What the fallback refuses before it asks the official converter; what that writes is in tests/e2e."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytrain.errors import ExportError
from pytrain.export import export, fallback
from pytrain.model.backend import keras, tf


@pytest.fixture(autouse=True)
def no_converter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(fallback.VARIABLE, raising=False)
    monkeypatch.setattr(fallback, "find_spec", lambda name: None)


def save(folder: Path, signature: str, outputs: int = 1) -> Path:
    class Small(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec([None, 4])])
        def __call__(self, x):
            return {f"out{number}": tf.nn.softmax(x) for number in range(outputs)}

    module = Small()
    tf.saved_model.save(module, str(folder), signatures={signature: module.__call__})
    return folder


def tiny() -> Any:
    entry = keras.Input((4,))
    return keras.Model(entry, keras.layers.Softmax()(entry))


def test_without_the_extra_the_error_says_how_to_install_it(tmp_path: Path) -> None:
    folder = save(tmp_path / "model", "serving_default")
    with pytest.raises(ExportError, match="SavedModel") as caught:
        export(folder, tmp_path / "out", labels="a,b,c,d", input_range="0..1")
    assert "pip install 'pytrain[tensorflowjs]'" in str(caught.value.fix)


def test_a_model_outside_the_table_repeats_why(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="The layer swirl is not supported") as caught:
        fallback.convert_model(None, why="The layer swirl is not supported.")
    assert "pytrain[tensorflowjs]" in (caught.value.fix or "")


def test_a_named_python_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fallback.VARIABLE, "/nowhere/python")
    with pytest.raises(ExportError, match="/nowhere/python"):
        fallback.find()


def test_a_python_without_the_converter_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fallback.VARIABLE, sys.executable)
    monkeypatch.setattr(fallback, "PROGRAM", "import converter_that_is_missing")
    with pytest.raises(ExportError, match="cannot be imported: No module named 'converter_that_is_missing'"):
        fallback.convert_model(tiny(), why="The layer swirl is not supported.")


@pytest.mark.parametrize("content", [None, b"no protocol buffer" * 20])
def test_a_folder_that_is_no_saved_model_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "saved_model.pb").write_bytes(content)
    with pytest.raises(ExportError, match=r"is no SavedModel|cannot be read"):
        fallback.check_signature(tmp_path)


def test_another_signature_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"has these signatures: classify\."):
        fallback.check_signature(save(tmp_path / "model", "classify"))


def test_two_outputs_are_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="has 2 outputs: out0, out1"):
        fallback.check_signature(save(tmp_path / "model", "serving_default", outputs=2))


def test_a_graph_model_is_read_with_all_its_numbers(tmp_path: Path) -> None:
    weights = {
        "kernel": np.arange(6, dtype="<f4").reshape(2, 3),
        "axis": np.array(1, "<i4"),
        "mask": np.array([True, False]),
    }
    (tmp_path / "a.bin").write_bytes(b"".join(values.tobytes() for values in weights.values()))
    entries = [
        {"name": name, "shape": list(values.shape), "dtype": dtype}
        for (name, values), dtype in zip(weights.items(), ("float32", "int32", "bool"), strict=True)
    ]
    content = {
        "format": "graph-model",
        "signature": {"inputs": {"x": {"name": "x:0"}}, "outputs": {"output_0": {"name": "Identity:0"}}},
        "weightsManifest": [{"paths": ["a.bin"], "weights": entries}],
    }
    (tmp_path / "model.json").write_text(json.dumps(content), encoding="utf-8")
    converted = fallback.read_graph_model(tmp_path / "model.json")
    assert converted.json["signature"] == {
        "inputs": {"image": {"name": "x:0"}},
        "outputs": {"probabilities": {"name": "Identity:0"}},
    }
    assert "weightsManifest" not in converted.json
    assert set(converted.weights) == {"kernel"}
    for name, values in weights.items():
        np.testing.assert_array_equal({**converted.weights, **converted.own}[name], values)


def test_text_in_a_model_is_refused(tmp_path: Path) -> None:
    content = {
        "signature": {"inputs": {}, "outputs": {}},
        "weightsManifest": [{"paths": [], "weights": [{"name": "words", "shape": [2], "dtype": "string"}]}],
    }
    (tmp_path / "model.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ExportError, match="words"):
        fallback.read_graph_model(tmp_path / "model.json")
