"""A run of the course from the command to what is handed in: whole, repeatable, kept when it is stopped."""

from __future__ import annotations

import csv
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from course_data import keep, toys

import pytrain
from pytrain import bundle
from pytrain.cli import main
from pytrain.course import results
from pytrain.course.augment import Augment
from pytrain.course.fit import fit, settings_of
from pytrain.course.hand_in import check_name, zip_run
from pytrain.course.lens import through_lens
from pytrain.course.parts import parts_of
from pytrain.course.recipe import Recipe, View
from pytrain.course.results import FILES, read_run
from pytrain.course.train import train_course
from pytrain.errors import BundleError, DataError, TrainingError
from pytrain.evaluation.metrics import wilson_interval
from pytrain.model.backend import keras
from pytrain.model.files import load_model
from pytrain.training.average import Average
from pytrain.training.progress import SilentDisplay


class Stopping(SilentDisplay):
    """Presses Ctrl-C in an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.stop_in, self.lines = epoch, []

    def step(self, epoch, epochs, done, steps, loss, accuracy):
        if epoch == self.stop_in:
            raise KeyboardInterrupt

    def say(self, text):
        self.lines.append(text)


def tiny(pictures, classes):
    """Everything that has a state: dropout, normalisation, an average of both."""
    layers = keras.layers
    pixels = keras.Input((pictures.side, pictures.side, pictures.channels))
    x = layers.Normalization(mean=pictures.mean, variance=pictures.variance)(pixels)
    x = layers.Conv2D(8, 3, strides=2, use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.8)(x))
    x = layers.Dropout(0.3)(layers.Flatten()(layers.MaxPooling2D(2)(x)))
    return keras.Model(pixels, layers.Dense(classes, name="logits")(x))


TINY = Recipe(
    "tiny",
    "a network for tests",
    ("mnist", "fashion-mnist"),
    tiny,
    epochs=4,
    batch_size=32,
    learning_rate=5e-3,
    weight_decay=1e-2,
    label_smoothing=0.05,
    augment=Augment(shift=1, flip=True, erase=0.3, mixup=0.2),
    average=0.9,
    views=(View(), View(right=1, mirrored=True)),
)


def course(data, folder, recipe=TINY, collection="fashion-mnist", **options):
    options = {"export": False, "show": SilentDisplay(), "say": lambda line: None, **options}
    return train_course(
        collection, recipe, data=data, results=folder / "results", out=folder / "model", **options
    )


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    return course(data, tmp_path_factory.mktemp("run"), export=True, verify=False)


def test_it_learns_and_leaves_all_that_is_promised(run):
    assert {file.name for file in run.folder.iterdir()} == set(FILES)
    assert run.folder.name == "fashion-mnist-tiny-seed0"
    assert run.accuracy > 0.5
    for name in ("curves.png", "confusion-matrix.png", "mistakes.png"):
        assert (run.folder / name).read_bytes().startswith(b"\x89PNG")
    readme = (run.folder / "README.txt").read_text(encoding="utf-8")
    assert all(name in readme for name in FILES)
    assert 'pytrain.train("fashion-mnist", recipe=tiny, seed=0)' in readme
    assert [row["epoch"] for row in run.history] == [1, 2, 3, 4]
    assert not (run.folder.parent / ".runs" / run.name).exists()


def test_metrics_and_predictions_say_the_same(run):
    with (run.folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["index"]) for row in rows] == list(range(60))
    right = sum(row["truth"] == row["prediction"] for row in rows)
    assert run.metrics["right"] == right
    assert run.accuracy == right / 60
    assert run.metrics["accuracy_interval"] == list(wilson_interval(right, 60))
    for row in rows:
        shares = {label: float(row[label]) for label in run.labels}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
        assert shares[row["prediction"]] == float(row["confidence"]) == max(shares.values())
    confusion = np.array(run.metrics["confusion"])
    assert confusion.trace() == right
    for number, figures in enumerate(run.metrics["classes"]):
        assert figures["recall"] == pytest.approx(confusion[number, number] / 6)
    assert (
        run.metrics["parameters"]
        == TINY.build(parts_of(toys("mnist", 240, 60)).pictures(), 10).count_params()
    )


def test_the_kept_network_gives_the_predictions(run, clothes):
    model = load_model(run.folder / "model.keras")
    found = model.predict(through_lens(clothes.test.images), verbose=0)
    with (run.folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
        said = [[float(row[label]) for label in run.labels] for row in csv.DictReader(file)]
    np.testing.assert_allclose(found, said, atol=2e-5)


def test_the_bundle_answers_as_the_results_say(run):
    """The network's average, mirrored views and temperature are all in what the browser gets."""
    found = bundle.read(run.bundle.path)
    assert list(found.labels) == list(run.labels)
    assert found.metadata["pytrain"]["metrics"]["test"]["accuracy"] == run.accuracy
    assert (found.path / bundle.REPORT).is_file()
    golden = json.loads((found.path / bundle.GOLDEN).read_text(encoding="utf-8"))["frames"]
    assert len(golden) == 8
    index, truth, _ = run.answers
    with (run.folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for frame in golden:
        at = int(index[np.flatnonzero(truth == run.labels.index(frame["label"]))[0]])
        said = [float(rows[at][label]) for label in run.labels]
        np.testing.assert_allclose(frame.get("float32", frame["probabilities"]), said, atol=2e-5)


def test_a_run_is_read_back_as_it_was(run):
    again = read_run(run.folder)
    assert (again.name, again.collection, again.recipe, again.seed) == (run.name, "fashion-mnist", "tiny", 0)
    assert again.metrics == json.loads(json.dumps(run.metrics))
    assert read_run(run.name, run.folder.parent).folder == run.folder


def fitted(clothes, folder, recipe=TINY, **options):
    parts = parts_of(clothes)
    settings = settings_of(recipe, clothes, parts, 0, None)
    return fit(recipe, parts, settings, folder, **{"show": SilentDisplay(), **options})


def test_a_resumed_training_equals_an_uninterrupted_one(clothes, tmp_path):
    whole = fitted(clothes, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fitted(clothes, tmp_path / "cut", show=Stopping(3))
    resumed = fitted(clothes, tmp_path / "cut", resume=True)
    assert [row["epoch"] for row in resumed.history] == [1, 2, 3, 4]
    assert resumed.best_epoch == whole.best_epoch
    for one, other in zip(whole.network.get_weights(), resumed.network.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_a_stopped_training_keeps_its_best_network_and_the_former_results(data, tmp_path):
    former = course(data, tmp_path, replace(TINY, epochs=1))
    before = (former.folder / "metrics.json").read_bytes()
    shown = Stopping(2)
    with pytest.raises(KeyboardInterrupt):
        course(data, tmp_path, show=shown)
    kept = tmp_path / "results" / ".runs" / former.name / "model.keras"
    assert str(kept) in shown.lines[-1]
    assert "--resume" in shown.lines[-1]
    assert load_model(kept).output_shape == (None, 10)
    assert (former.folder / "metrics.json").read_bytes() == before


def test_a_run_is_replaced_only_when_the_new_one_is_whole(data, tmp_path, monkeypatch):
    former = course(data, tmp_path, replace(TINY, epochs=1))
    before = {file.name: file.read_bytes() for file in former.folder.iterdir()}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(results, "write_predictions", full)
    with pytest.raises(BundleError, match="No space left"):
        course(data, tmp_path, replace(TINY, epochs=2))
    assert {file.name: file.read_bytes() for file in former.folder.iterdir()} == before
    monkeypatch.undo()
    again = course(data, tmp_path, replace(TINY, epochs=2), resume=True)
    assert again.metrics["epochs"] == 2


def test_resuming_in_another_way_names_it(data, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        course(data, tmp_path, show=Stopping(2))
    with pytest.raises(TrainingError, match=r"learning_rate was 0\.005"):
        course(data, tmp_path, replace(TINY, learning_rate=1e-3), resume=True)


def test_another_network_of_the_same_name_is_another_recipe(clothes):
    def other(pictures, classes):
        network = tiny(pictures, classes)
        last = network.layers[-1]
        return keras.Model(network.input, last(keras.layers.Dropout(0.1)(last.input)))

    parts = parts_of(clothes)
    told = {
        settings_of(replace(TINY, build=build), clothes, parts, seed, None)["network"]
        for build, seed in ((tiny, 0), (tiny, 1), (other, 0))
    }
    assert len(told) == 2


def test_the_average_is_that_of_its_formula():
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    network.set_weights([np.zeros((2, 1))])
    average, expected = Average(network, 0.5), 0.0
    for step in range(1, 9):
        network.set_weights([np.full((2, 1), float(step))])
        average.update()
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * step
    np.testing.assert_allclose(average.weights()[0], expected, rtol=1e-5)
    average.put_in()
    np.testing.assert_allclose(network.get_weights()[0], expected, rtol=1e-5)
    average.take_out()
    np.testing.assert_allclose(network.get_weights()[0], 8)


def test_digits_tell_the_drawing_pad_how_they_were_drawn(data, tmp_path):
    run = course(data, tmp_path, replace(TINY, epochs=1), "mnist", export=True, verify=False)
    assert run.bundle.drawing == "mnist"


def test_python_trains_by_the_same_name_as_the_command(data, tmp_path):
    run = pytrain.train(
        "fashion-mnist",
        tmp_path / "model",
        recipe="mlp",
        epochs=1,
        limit=40,
        data=data,
        results=tmp_path,
        export=False,
        show=SilentDisplay(),
        say=lambda line: None,
    )
    assert isinstance(run, pytrain.Run)
    command = "pytrain train fashion-mnist --recipe mlp --seed 0 --epochs 1 --limit 40"
    assert run.settings["command"] == command
    assert run.metrics["test_pictures"] == 40


def command(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code


def test_the_command_trains_proves_in_the_browser_and_hands_in(data, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    keep(toys("mnist", 240, 60), tmp_path / "datasets")
    assert command("train", "mnist", "--epochs", 1, "--limit", 60) == 0
    said = capsys.readouterr().out
    assert "Test accuracy" in said
    assert "Results: results/mnist-cnn-seed0" in said.replace("\\", "/")
    verified = bundle.read(tmp_path / "exported_models" / "mnist-cnn").metadata["pytrain"]["verification"]
    assert set(verified["formats"]) == {"graph", "layers"}, verified
    assert command("results", "zip", "mnist-cnn-seed0", "--name", "DoeJane") == 0
    with zipfile.ZipFile(tmp_path / "DoeJane.zip") as packed:
        assert set(packed.namelist()) == {f"DoeJane/{name}" for name in FILES}
        assert packed.testzip() is None
        assert (
            packed.read("DoeJane/metrics.json")
            == (tmp_path / "results" / "mnist-cnn-seed0" / "metrics.json").read_bytes()
        )


def test_without_a_name_the_zip_is_called_after_the_run(run, tmp_path):
    assert zip_run(run, out=tmp_path).name == "fashion-mnist-tiny-seed0.zip"
    assert [file.name for file in tmp_path.iterdir()] == ["fashion-mnist-tiny-seed0.zip"]


@pytest.mark.parametrize("name", ["DoeJane", "MüllerJörg", "Smith-JonesAnna", "ÅströmEva"])
def test_names_as_people_have_them(name):
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("Doe Jane", "DoeJane"),
        ("doe_jane", "DoeJane"),
        ("doejane", "DoeJane"),
        ("../DoeJane", "DoeJane"),
        ("", "DoeJane"),
        ("Doe", "DoeJane"),
    ],
)
def test_other_names_are_told_how_to_be_written(name, better):
    with pytest.raises(DataError) as error:
        check_name(name)
    assert f"--name {better}" in str(error.value)


def test_a_run_that_lacks_a_file_is_not_handed_in(run, tmp_path):
    (run.folder / "mistakes.png").rename(tmp_path / "away.png")
    try:
        with pytest.raises(DataError, match=r"lacks mistakes\.png"):
            zip_run(run, "DoeJane", tmp_path)
    finally:
        (tmp_path / "away.png").rename(run.folder / "mistakes.png")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "mnist", "--recipe", "strong"], "The recipe strong is for fashion-mnist"),
        (["train", "mnist", "--recipe", "transfer"], "There is no recipe 'transfer' for mnist"),
        (["train", "mnist", "--limit", "3"], "The limit is 3 pictures"),
        (["train", "mnist", "--resume", "--limit", "40"], "no training to resume"),
        (["train", "mnist", "--quick"], "--quick is for four-shapes; mnist"),
        (["train", "mnist", "--backbone", "x"], "--backbone is for a folder of pictures"),
        (["train", "four-shapes", "--limit", "3"], "--limit is for mnist, fashion-mnist or cifar-10"),
        (["train", "four-shapes", "--recipe", "strong"], "strong takes fashion-mnist"),
        (["train", "pets", "--recipe", "strong"], "The recipe strong is for fashion-mnist"),
        (["train", "mnist", "--results", "notes"], "is there and is no results folder"),
        (["train", "mnist", "--out", "notes"], "is no model's folder"),
        (["results", "zip", "no-such-run"], "There is no run no-such-run"),
        (["results", "zip", "notes"], "is no whole results folder"),
        (["compare", "no-such-run", "neither"], "There is no run no-such-run"),
    ],
)
def test_bad_input_is_one_clear_error(data, tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "datasets").symlink_to(data)
    for place in ("notes", "notes/mnist-cnn-seed0"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "mine.txt").write_text("keep me", encoding="utf-8")
    assert command(*arguments) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert (tmp_path / "notes" / "mine.txt").read_text(encoding="utf-8") == "keep me"


def test_a_network_that_does_not_fit_is_told(clothes, tmp_path):
    def wrong(pictures, classes):
        pixels = keras.Input((pictures.side, pictures.side, 3))
        return keras.Model(pixels, keras.layers.Dense(classes)(keras.layers.Flatten()(pixels)))

    with pytest.raises(TrainingError, match=r"from \(None, 28, 28, 3\) to \(None, 10\)"):
        fitted(clothes, tmp_path, replace(TINY, build=wrong))


def test_a_loss_that_is_no_number_is_told(clothes, tmp_path):
    with pytest.raises(TrainingError, match="no number any more"):
        fitted(clothes, tmp_path, replace(TINY, epochs=1, optimizer="sgd", learning_rate=1e30, average=0.0))
