"""`pytrain evaluate`: the figures are those of the answers, and it says what they are worth."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shared import LABELS, random_frame

from pytrain.cli import main
from pytrain.dataset.image_folder import open_dataset
from pytrain.errors import DataError
from pytrain.evaluation.evaluate_files import evaluate_files
from pytrain.image import read_image, to_input


@pytest.fixture
def pictures(tmp_path):
    """Noise in folders of the small model's labels, and some that shows nothing."""
    folder = tmp_path / "test-pictures"
    for seed, label in enumerate([*LABELS, *LABELS, *LABELS, "unknown", "unknown"]):
        (folder / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(random_frame(seed)).save(folder / label / f"{seed}.png")
    return folder


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def change_metadata(bundle, **values):
    path = bundle / "metadata.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["pytrain"].update(values)
    path.write_text(json.dumps(content), encoding="utf-8")


def answers_of(model, folder, labels):
    paths = [path for label in labels for path in sorted((folder / label).iterdir())]
    frames = np.stack([to_input(read_image(path)) for path in paths])
    return model(frames).numpy(), [path.parent.name for path in paths]


def test_the_figures_are_those_of_the_answers(small_model, small_bundle, pictures):
    probabilities, truth = answers_of(small_model, pictures, LABELS)
    best = [LABELS[number] for number in probabilities.argmax(axis=1)]
    right = sum(one == other for one, other in zip(best, truth, strict=True))
    threshold = float(np.median(probabilities.max(axis=1)))
    change_metadata(small_bundle, calibration={"temperature": 1.0, "unknown_threshold": threshold})

    measured = evaluate_files(small_bundle, pictures)
    accuracy = measured.judged.accuracy()
    assert (accuracy.count, accuracy.total) == (right, 12)
    assert accuracy.interval[0] <= right / 12 <= accuracy.interval[1]
    rejected = measured.judged.rejected(threshold)
    assert rejected.count == (probabilities.max(axis=1) < threshold).sum()
    for figures in measured.judged.classes(threshold):
        hits = sum(one == other == figures.label for one, other in zip(best, truth, strict=True))
        assert (figures.recall.count, figures.recall.total) == (hits, 3)

    outsiders, _ = answers_of(small_model, pictures, ["unknown"])
    (group,) = measured.judged.outsiders
    assert group.accepted(threshold).count == (outsiders.max(axis=1) >= threshold).sum()
    assert not measured.trained_on
    assert measured.missing == ()


def test_the_command_prints_them_and_saves_them(small_bundle, pictures, tmp_path, capsys):
    change_metadata(small_bundle, calibration={"temperature": 1.0, "unknown_threshold": 0.3})
    target = tmp_path / "figures.json"
    assert run("evaluate", small_bundle, pictures, "--json", target) == 0
    figures = json.loads(target.read_text(encoding="utf-8"))
    printed = capsys.readouterr().out
    assert f"small on {pictures}: 12 pictures\n" in printed
    assert f"{figures['accuracy']['value'] * 100:.1f} % (95 %: " in printed
    assert f"AUROC of unknown          {figures['outsiders'][0]['auroc']:.3f}" in printed
    assert sum(cell["pictures"] for cell in figures["confusion"]) == 12
    assert {figure["label"] for figure in figures["classes"]} == set(LABELS)
    row = next(line for line in printed.splitlines() if line.startswith("star") and "%" not in line)
    assert sum(int(cell) for cell in row.split()[1:] if cell != ".") == 3


def test_a_model_that_is_never_unsure_has_no_figures_of_unknown(small_bundle, pictures, capsys):
    change_metadata(small_bundle, calibration={})
    assert run("evaluate", small_bundle, pictures) == 0
    assert "unknown" not in capsys.readouterr().out


def test_pictures_of_the_training_are_no_test(small_bundle, pictures, capsys):
    part = {"name": "mine", "fingerprint": open_dataset(pictures).fingerprint}
    change_metadata(small_bundle, dataset={"name": "mine", "parts": [part]})
    assert run("evaluate", small_bundle, pictures) == 0
    assert "the model was trained on this very data set" in capsys.readouterr().err
    (pictures / "star" / "2.png").unlink()
    assert run("evaluate", small_bundle, pictures) == 0
    assert "trained on" not in capsys.readouterr().err


def test_labels_that_the_model_does_not_know_are_named(small_bundle, pictures, capsys):
    (pictures / "star").rename(pictures / "moon")
    assert run("evaluate", small_bundle, pictures) == 2
    said = capsys.readouterr().err
    assert "does not know the labels 'moon'" in said
    assert "circle, square, star, triangle" in said


def test_classes_without_a_picture_are_named_and_not_measured(small_bundle, pictures, capsys):
    for file in (pictures / "star").iterdir():
        file.unlink()
    (pictures / "star").rmdir()
    assert run("evaluate", small_bundle, pictures) == 0
    said = capsys.readouterr()
    assert "No picture here shows: star" in said.err
    assert not [line for line in said.out.splitlines() if line.startswith("star")]


def test_bad_files_are_set_aside_by_name(small_bundle, pictures, capsys):
    (pictures / "star" / "bad.png").write_bytes(b"x")
    cut = pictures / "star" / "2.png"
    cut.write_bytes(cut.read_bytes()[:-5000])
    assert run("evaluate", small_bundle, pictures) == 0
    said = capsys.readouterr()
    assert "11 pictures" in said.out
    assert f"Set aside {pictures / 'star' / 'bad.png'}: is not a picture that can be read" in said.err
    assert f"Set aside {cut}: is damaged" in said.err


def test_copies_do_not_make_the_figures_look_surer(small_bundle, pictures):
    def figures():
        judged = evaluate_files(small_bundle, pictures).judged
        return judged.accuracy(), judged.outsiders[0].accepted(0.5)

    once = figures()
    for label in [*LABELS, "unknown"]:
        for file in list((pictures / label).iterdir()):
            for copy in range(4):
                (pictures / label / f"{file.stem}-{copy}.png").write_bytes(file.read_bytes())
    often = figures()
    assert [share.total for share in often] == [60, 10]
    assert [share.groups for share in often] == [share.groups for share in once]
    for before, after in zip(once, often, strict=True):
        assert after.interval == pytest.approx(before.interval)


def test_pictures_of_one_class_tell_how_often_it_is_found(small_model, small_bundle, pictures, capsys):
    for label in (*LABELS[1:], "unknown"):
        shutil.rmtree(pictures / label)
    probabilities, _ = answers_of(small_model, pictures, LABELS[:1])
    right = int((probabilities.argmax(axis=1) == 0).sum())
    assert run("evaluate", small_bundle, pictures) == 0
    assert f"No picture here shows: {', '.join(LABELS[1:])}" in capsys.readouterr().err
    (found,) = [
        figures
        for figures in evaluate_files(small_bundle, pictures).judged.classes(0)
        if figures.recall.total
    ]
    assert (found.label, found.recall.count, found.recall.total) == (LABELS[0], right, 3)


def test_a_missing_folder_or_model_is_said(small_bundle, pictures, capsys):
    assert run("evaluate", small_bundle, "no-such-folder") == 2
    assert "There is no folder no-such-folder" in capsys.readouterr().err
    assert run("evaluate", "no-such-model", pictures) == 2
    assert "There is no model no-such-model" in capsys.readouterr().err


def test_a_folder_of_unknown_pictures_alone_measures_nothing(small_bundle, tmp_path):
    (tmp_path / "some" / "unknown").mkdir(parents=True)
    Image.fromarray(random_frame(1)).save(tmp_path / "some" / "unknown" / "1.png")
    with pytest.raises(DataError, match="only the reserved folder 'unknown'"):
        evaluate_files(small_bundle, tmp_path / "some")


def test_of_many_classes_the_greatest_confusions_are_listed(small_bundle, pictures):
    from dataclasses import replace

    from pytrain.evaluation.show_evaluation import lines

    measured = evaluate_files(small_bundle, pictures)
    labels = (*LABELS, *(f"more-{number}" for number in range(20)))
    judged = replace(
        measured.judged,
        labels=labels,
        probabilities=np.eye(24, dtype=np.float32)[[5] * 5 + [6] * 7],
        truth=np.array([1] * 12),
    )
    printed = "\n".join(lines(replace(measured, judged=judged, threshold=0.0, data=Path("d"))))
    first, second = printed.splitlines()[-2:]
    assert first.split(maxsplit=1) == ["7", "square called more-2"]
    assert second.split(maxsplit=1) == ["5", "square called more-1"]
