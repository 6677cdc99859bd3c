"""Models with a score `known`: one bundle, the same answer `unknown` on both sides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from known_heads import HEADS, two_outputs, with_none_class
from python.export.topologies import Run, run
from shared import LABELS, random_frame

from pytrain import bundle
from pytrain.errors import BundleError, ExportError
from pytrain.export import Facts, chromium, export, precision
from pytrain.export.fold import simplify
from pytrain.export.reading.read import read_network
from pytrain.export.verify import BackendResult, verify
from pytrain.export.writing.graph_model import graph_model
from pytrain.image import read_image, to_input

FACTS = Facts(calibration={"score": "known", "unknown_threshold": 0.4, "temperature": 1.5})


@pytest.fixture(autouse=True)
def in_node(monkeypatch: pytest.MonkeyPatch) -> None:
    """Node.js answers faster; the end-to-end tests do the same in Chromium."""
    monkeypatch.setattr(chromium, "find", lambda: None)


@pytest.fixture(scope="module")
def model() -> Any:
    return two_outputs(with_none_class)


@pytest.fixture
def made(model: Any, tmp_path: Path) -> bundle.Bundle:
    return exported(model, tmp_path / "models" / "knowing")


def exported(model: Any, out: Path, **options: Any) -> bundle.Bundle:
    frames = [(random_frame(seed), None) for seed in range(4)]
    given = {"labels": LABELS, "input_range": "-1..1", "golden": frames, "facts": FACTS, "verify": False}
    return export(model, out, **{**given, **options})


def golden(made: bundle.Bundle) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((made.path / bundle.GOLDEN).read_text(encoding="utf-8"))[
        "frames"
    ]
    return entries


def keras_says(model: Any, made: bundle.Bundle) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Probabilities and `known` of a bundle's golden frames."""
    entries = golden(made)
    frames = [read_image(made.path / "golden" / entry["file"]) for entry in entries]
    answers = model(np.stack([to_input(frame) for frame in frames]), training=False)
    return np.asarray(answers["probabilities"]), np.asarray(answers["known"])[:, 0]


def test_the_bundle_says_by_what_unknown_is_told(made: bundle.Bundle) -> None:
    assert (made.score, made.unknown_threshold) == ("known", 0.4)
    assert {"probabilities", "known", "embedding", "class_activation"} == set(
        made.metadata["pytrain"]["outputs"]
    )


def test_a_bundle_that_says_nothing_of_it_goes_by_the_greatest_probability(small_bundle: Path) -> None:
    assert bundle.read(small_bundle).score == "max_probability"


@pytest.mark.parametrize("head", HEADS)
def test_golden_frames_hold_what_keras_says_and_tensorflow_js_gives_it(head: str, tmp_path: Path) -> None:
    model = two_outputs(HEADS[head])
    made = exported(model, tmp_path / "models" / "knowing")
    probabilities, known = keras_says(model, made)
    assert np.ptp(known) > 1e-3, "a score that is always the same proves nothing"
    assert np.allclose([entry["known"] for entry in golden(made)], known, atol=1e-6)
    assert np.allclose([entry["probabilities"] for entry in golden(made)], probabilities, atol=1e-6)
    result = verify(made.path)
    result.require()
    compared = {(one.format, one.known_difference is not None) for one in result.results}
    assert compared == {("graph", True), ("layers", False)}
    assert result.as_json()["formats"]["graph"]["wasm"]["known_difference"] <= 1e-4


def test_class_activation_and_embedding_stay_those_of_the_logits(model: Any, tmp_path: Path) -> None:
    import keras

    network = simplify(read_network(model))
    network.outputs = dict(zip(("known", "probabilities"), network.outputs.values(), strict=True))
    graph = graph_model(network, probabilities="probabilities")
    inputs = np.stack([to_input(random_frame(seed)) for seed in range(2)])
    names = ["class_activation", "embedding", "known"]
    for outputs in run([Run(graph, inputs, names)], tmp_path).values():
        ((activation, embedding, known),) = outputs
        parts = [model.get_layer("logits").output, model.get_layer("embedding").output]
        logits, expected = (np.asarray(one) for one in keras.Model(model.input, parts)(inputs))
        bias = np.asarray(model.get_layer("logits").bias)
        assert np.allclose(activation.sum(axis=(1, 2)) + bias, logits, atol=1e-4)
        assert np.allclose(embedding, expected, atol=1e-5)
        assert np.allclose(known, np.asarray(model(inputs)["known"]), atol=1e-5)


def test_the_proof_fails_where_only_known_differs(made: bundle.Bundle) -> None:
    path = made.path / bundle.GOLDEN
    content = json.loads(path.read_text(encoding="utf-8"))
    content["frames"][0]["known"] += 1e-3
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ExportError, match=r"an answer of graph\.json is 0\.001 off"):
        verify(made.path, ["cpu"]).require()
    assert not BackendResult("cpu", 0.0, 1.0, known_difference=float("nan")).agrees


def test_golden_frames_without_known_prove_nothing(made: bundle.Bundle) -> None:
    path = made.path / bundle.GOLDEN
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["frames"][0]["known"]
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(BundleError, match="known"):
        verify(made.path, ["cpu"])


def test_the_layers_model_has_the_probabilities_alone(made: bundle.Bundle) -> None:
    content = json.loads((made.path / "model.json").read_text(encoding="utf-8"))
    config = content["modelTopology"]["model_config"]["config"]
    assert len(config["output_layers"]) == 1
    assert "none" not in {layer["name"] for layer in config["layers"]}


def test_the_keras_file_keeps_both_outputs_and_is_exported_again_as_it_was(
    model: Any, made: bundle.Bundle, tmp_path: Path
) -> None:
    import keras

    kept = keras.models.load_model(made.path / "model.keras", compile=False)
    for got, wanted in zip(keras_says(kept, made), keras_says(model, made), strict=True):
        assert np.allclose(got, wanted, atol=1e-6)

    again = export(made.path, tmp_path / "again", verify=False)

    assert (again.score, again.unknown_threshold) == ("known", 0.4)
    assert golden(again) == golden(made)
    assert (again.path / "model.keras").read_bytes() == (made.path / "model.keras").read_bytes()
    assert (again.path / "graph.json").read_bytes() == (made.path / "graph.json").read_bytes()


def test_outputs_in_a_list_go_by_the_names_of_their_layers(tmp_path: Path) -> None:
    made = exported(two_outputs(with_none_class, as_list=True), tmp_path / "listed")
    assert made.score == "known"
    assert all("known" in entry for entry in golden(made))


def test_a_model_of_another_input_keeps_both_outputs_behind_its_lens(tmp_path: Path) -> None:
    import keras

    made = exported(two_outputs(with_none_class, size=112), tmp_path / "small", input_range="0..1")
    kept = keras.models.load_model(made.path / "model.keras", compile=False)
    _, known = keras_says(kept, made)
    assert np.allclose([entry["known"] for entry in golden(made)], known, atol=1e-6)
    verify(made.path, ["cpu"]).require()


def test_smaller_weights_come_with_both_scores(
    model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "SMALL", 1)
    frames = [random_frame(seed) for seed in range(24)]
    made = exported(model, tmp_path / "m", weights="float16", check=frames)
    assert made.metadata["pytrain"]["weights"]["agreement"]["known_change"] > 0
    for entry in golden(made):
        assert 0 < abs(entry["known"] - entry["known_float32"]) < 1e-2
        assert len(entry["float32"]) == len(LABELS)


def test_the_score_must_be_there_and_be_one(model: Any, small_model: Any, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no output known") as caught:
        exported(small_model, tmp_path / "m")
    assert "probabilities" in str(caught.value.expected)
    with pytest.raises(ExportError, match="'mood'"):
        exported(model, tmp_path / "m", facts=Facts(calibration={"score": "mood"}))


def test_a_known_of_the_wrong_kind_is_refused(tmp_path: Path) -> None:
    import keras

    wide = two_outputs(lambda embedding, logits: keras.layers.Dense(3, name="known")(embedding))
    with pytest.raises(ExportError, match=r"gives \[batch, 3\]"):
        exported(wide, tmp_path / "m")
    loose = two_outputs(
        lambda embedding, logits: keras.layers.Rescaling(100.0, name="known")(embedding[:, :1])
    )
    with pytest.raises(ExportError, match="The output known gives") as caught:
        exported(loose, tmp_path / "m")
    assert "sigmoid" in str(caught.value.fix)


@pytest.mark.parametrize("damage", ["score", "output"])
def test_a_bundle_whose_score_cannot_be_worked_out_is_refused(damage: str, made: bundle.Bundle) -> None:
    file = made.path / ("metadata.json" if damage == "score" else "graph.json")
    content = json.loads(file.read_text(encoding="utf-8"))
    if damage == "score":
        content["pytrain"]["calibration"]["score"] = "mood"
    else:
        del content["signature"]["outputs"]["known"]
    file.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(BundleError, match="'mood'" if damage == "score" else "which graph.json has not"):
        bundle.read(made.path)
