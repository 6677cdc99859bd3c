import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pytrain.dataset.image_folder import Picture
from pytrain.evaluation.calibration import calibrate
from pytrain.evaluation.evaluate import evaluate, from_json
from pytrain.evaluation.predict import predict
from pytrain.evaluation.report import write_report
from pytrain.image import read_image, to_input
from pytrain.model import mlp

LABELS = ("<b>cat</b>", "dog & co")
HISTORY = [
    {"epoch": 1, "loss": 1.1, "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.6, "seconds": 1.0},
    {"epoch": 2, "loss": 0.7, "accuracy": 0.7, "val_loss": 0.6, "val_accuracy": 0.8, "seconds": 1.0},
]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    made = []
    for number in range(60):
        path = folder / f"{number}.png"
        Image.fromarray(random.integers(0, 256, (60, 80, 3), dtype=np.uint8)).save(path)
        made.append(Picture(path, (*LABELS, "unknown")[number % 3], str(number)))
    return made


@pytest.fixture(scope="module")
def evaluation(pictures):
    model = mlp.build(2)
    calibration = calibrate(model, pictures, LABELS)
    return evaluate(model, {"scenes": pictures, "classic": pictures[:20]}, LABELS, calibration, name="mlp")


def test_prediction_goes_through_the_image_contract(pictures):
    model = mlp.build(2)
    expected = np.concatenate([model(to_input(read_image(p.path))[None]).numpy() for p in pictures[:3]])
    probabilities, kept = predict(model, pictures[:3])
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    assert kept == pictures[:3]


def test_damaged_picture_does_not_stop_an_evaluation(tmp_path, pictures):
    bad = Picture(tmp_path / "bad.png", LABELS[0], "0")
    bad.path.write_bytes(b"no picture")
    probabilities, kept = predict(mlp.build(2), [bad, pictures[0]])
    assert kept == [pictures[0]]
    assert len(probabilities) == 1


def test_report_and_json_hold_the_same_figures(tmp_path, evaluation):
    page = write_report(tmp_path / "report", evaluation, HISTORY, [evaluation], "shapes").read_text("utf-8")
    figures = json.loads((tmp_path / "report" / "evaluation.json").read_text("utf-8"))
    for name in ("scenes", "classic"):
        accuracy = evaluation.sets[name].accuracy
        assert figures["sets"][name]["accuracy"] == accuracy
        assert f"{accuracy * 100:.1f} %" in page
    assert f"{evaluation.parameters:,}" in page
    assert figures["history"] == HISTORY


def test_report_escapes_labels_and_needs_no_other_file(tmp_path, evaluation):
    path = write_report(tmp_path, evaluation, HISTORY, title="<script>alert(1)</script>")
    page = path.read_text("utf-8")
    assert "<b>cat</b>" not in page
    assert "&lt;b&gt;cat" in page
    assert "<script" not in page
    assert "dog &amp; co" in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert path.stat().st_size < 250_000


def test_mistakes_are_real_mistakes_and_the_surest_come_first(evaluation):
    assert 0 < len(evaluation.mistakes) <= 24
    confidences = [mistake.confidence for mistake in evaluation.mistakes]
    assert confidences == sorted(confidences, reverse=True)
    assert all(mistake.truth != mistake.answer for mistake in evaluation.mistakes)


def test_calibration_promises_hold_on_its_own_pictures(evaluation):
    calibration = evaluation.calibration
    assert calibration.loss_after <= calibration.loss_before + 1e-9
    assert calibration.accepted_unknown <= 0.04


def test_an_evaluation_comes_back_from_its_file_without_its_mistakes(evaluation):
    read = from_json(json.loads(json.dumps(evaluation.as_json())))
    assert read == replace(evaluation, mistakes=())
