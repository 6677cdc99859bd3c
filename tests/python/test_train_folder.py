"""`pytrain train DIR`: from a folder of photographs to a proven bundle; a mistake is one clear message."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from photographs import ASTRONAUT, CAT, COFFEE, GRASS, GRAVEL, MOTORCYCLE, write_class
from PIL import Image

from pytrain import bundle
from pytrain.cli import main
from pytrain.dataset.four_shapes.classic import draw_classic
from pytrain.errors import BrowserError
from pytrain.pipeline import learned
from pytrain.pipeline.learned import judge
from pytrain.pipeline.looked import look_at
from pytrain.pipeline.transfer import Settings, command_again
from pytrain.training import feature_cache
from pytrain.training.fine_tune import Plan, fine_tune
from pytrain.training.progress import PlainDisplay

EACH = 8
MODELS = "exported_models"
QUICK = ("--fine-tune", "never")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytrain", *arguments]


def contents(folder: Path) -> dict[str, str]:
    """Every file in a folder and what is in it, as a hash."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def pets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder in which `pytrain train pets` ran, on eight pictures of each class, and what it said."""
    folder = tmp_path_factory.mktemp("train")
    write_class(folder / "pets" / "cat", CAT, EACH)
    write_class(folder / "pets" / "motorcycle", MOTORCYCLE, EACH)
    done = subprocess.run(
        command("train", "pets", *QUICK), cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout + done.stderr


@pytest.fixture
def here(pets: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder, to work in: features are there already, and browsers are left alone."""

    def no_browser(*_: object) -> None:
        raise BrowserError("no browser in this test")

    monkeypatch.chdir(pets[0])
    monkeypatch.setattr("pytrain.export.chromium.find", lambda: None)
    monkeypatch.setattr("pytrain.export.verify.verify", no_browser)
    return pets[0]


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures went through the network, each time that some had to."""
    counts: list[int] = []
    compute = feature_cache._compute

    def counting(model, items, missing, *others):
        counts.append(len(missing))
        return compute(model, items, missing, *others)

    monkeypatch.setattr(feature_cache, "_compute", counting)
    return counts


def train(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["train", *arguments])
    return int(ended.value.code or 0)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one message that such a training ends with; the model that was there stays as it was."""
    before = contents(Path(MODELS) / "pets")
    assert train(*arguments, "--out", f"{MODELS}/pets") == 2
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    assert said.err.count("Error: ") == 1
    assert contents(Path(MODELS) / "pets") == before
    return said.err


# What comes out


def test_a_folder_becomes_a_verified_model_with_a_report(pets: tuple[Path, str]) -> None:
    folder, said = pets
    made = bundle.read(folder / MODELS / "pets")
    assert made.labels == ("cat", "motorcycle")
    assert made.metadata["pytrain"]["verification"]["checked"]
    assert (made.path / bundle.REPORT).is_file()
    assert f"reading: {2 * EACH} pictures prepared" in said
    assert "  same" in said
    assert "DIFFERS" not in said
    assert "warning" not in said.lower()
    assert f"of {2 * EACH} = " in said
    for way in made.metadata["pytrain"]["metrics"].values():
        assert way["accuracy"] >= 0.85


def test_unknown_is_told_by_the_score_known(pets: tuple[Path, str]) -> None:
    made = bundle.read(pets[0] / MODELS / "pets")
    calibration = made.metadata["pytrain"]["calibration"]
    assert made.score == calibration["score"] == "known"
    assert 0 < calibration["unknown_threshold"] < 1
    assert calibration["temperature"] > 0
    assert calibration["chosen_on"] == "class pictures"


def test_generated_pictures_of_nothing_that_was_taught_are_told(pets: tuple[Path, str]) -> None:
    metrics = bundle.read(pets[0] / MODELS / "pets").metadata["pytrain"]["metrics"]
    (figures,) = metrics.values()
    assert figures["pictures"] == 2 * EACH
    assert figures["outsiders"]["generated patterns"]["auroc"] > 0.95
    assert figures["rejected"] <= 0.1


def test_the_keras_model_gives_the_answers_of_bundle_and_report(pets: tuple[Path, str]) -> None:
    from pytrain.image import read_image, to_input
    from pytrain.model.backend import keras

    folder, _ = pets
    made = bundle.read(folder / MODELS / "pets")
    model = keras.models.load_model(made.path / bundle.KERAS_MODEL)
    golden = made.path / "golden"
    frames = json.loads((golden / "golden.json").read_text(encoding="utf-8"))["frames"]
    inputs = np.stack([to_input(read_image(golden / frame["file"])) for frame in frames])
    said = model.predict(inputs, verbose=0)
    for number, frame in enumerate(frames):
        assert said["probabilities"][number] == pytest.approx(frame["probabilities"], abs=1e-4)
        assert said["known"][number, 0] == pytest.approx(frame["known"], abs=1e-4)
        if frame["label"] != "unknown":
            assert said["known"][number, 0] >= made.unknown_threshold
    # And of the pictures that it learned from, the label of every one.
    for at, label in enumerate(made.labels):
        pictures = sorted((folder / "pets" / label).iterdir())
        answers = model.predict(np.stack([to_input(read_image(path)) for path in pictures]), verbose=0)
        assert (answers["probabilities"].argmax(1) == at).all()


def test_what_was_trained_how_is_written_down(pets: tuple[Path, str]) -> None:
    folder, _ = pets
    settings = json.loads((folder / MODELS / ".runs" / "pets" / "settings.json").read_text(encoding="utf-8"))
    assert settings["source"] == str(folder / "pets")
    assert settings["command"][:2] == ["train", str(folder / "pets")]
    training = bundle.read(folder / MODELS / "pets").metadata["pytrain"]["training"]
    assert training["recipe"] == "transfer"
    for name, value in {
        "seed": 0,
        "strategy": None,
        "views": 3,
        "mirrored": True,
        "fine_tuned": False,
    }.items():
        assert training[name] == settings[name] == value
    assert "fine_tuning" not in training
    # People publish a bundle: nothing in it tells where it was made.
    assert str(folder) not in (folder / MODELS / "pets" / "metadata.json").read_text(encoding="utf-8")


def test_the_same_again_is_spread_over_the_same_devices() -> None:
    settings = Settings("efficientnet-lite0", "auto", 3, "mirrored")
    command = command_again(Path("/pets"), Path("/m/pets"), settings)
    assert command[-4:] == ["--seed", "3", "--strategy", "mirrored"]
    alone = command_again(Path("/pets"), Path("/m/pets"), replace(settings, strategy="multi-worker"))
    assert alone == command[:-2]


def test_a_second_run_from_python_computes_nothing_and_comes_to_the_same(
    here: Path, computed: list[int]
) -> None:
    import pytrain

    first = bundle.read(here / MODELS / "pets").metadata["pytrain"]
    said: list[str] = []
    # Left by an interrupted fine-tuning that nobody goes on with.
    maps = here / MODELS / ".runs" / ".features" / "maps-again"
    maps.mkdir()
    made = pytrain.train("pets", f"{MODELS}/again", fine_tune="never", say=said.append)
    assert computed == []
    assert not maps.exists()
    assert made is not None
    assert made.path == Path(MODELS) / "again"
    second = made.metadata["pytrain"]
    for what in ("calibration", "metrics", "dataset", "training"):
        assert second[what] == first[what]
    assert any(line.startswith("Done in") for line in said)


def test_fine_tuning_ends_in_a_model_and_leaves_nothing_behind(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it is kept or not, which so few pictures leave open."""
    monkeypatch.setattr("pytrain.pipeline.learned.fine_tune", partial(fine_tune, plan=Plan(epochs=2)))
    assert train("pets", "--out", f"{MODELS}/tuned", "--fine-tune", "always") == 0
    made = bundle.read(here / MODELS / "tuned")
    page = (made.path / bundle.REPORT).read_text(encoding="utf-8")
    assert "<h3>Fine-tuning" in page
    assert ("tried, not kept" in page) != made.metadata["pytrain"]["training"]["fine_tuned"]
    (figures,) = made.metadata["pytrain"]["metrics"].values()
    assert figures["accuracy"] >= 0.75
    tuning = made.metadata["pytrain"]["training"]["fine_tuning"]
    assert (tuning["epochs"], tuning["stage"]) == (2, "block5c_add")
    assert 0 <= tuning["best_epoch"] <= 2
    runs = here / MODELS / ".runs"
    assert not [path for path in runs.rglob("*") if "tuned" in path.name and path.parent != runs]
    assert not list(runs.rglob("*.maps"))


# What may come in


def test_a_zip_with_names_in_other_scripts_is_taken(here: Path, computed: list[int]) -> None:
    names = {"cat": "кошка", "motorcycle": "オートバイ"}
    with zipfile.ZipFile(here / "животные.zip", "w") as archive:
        for path in sorted((here / "pets").rglob("*.png")):
            archive.write(path, f"{names[path.parent.name]}/снимок № {path.name}")
    assert train("животные.zip", *QUICK) == 0
    made = bundle.read(here / MODELS / "животные")
    assert set(made.labels) == set(names.values())
    assert made.metadata["pytrain"]["dataset"]["pictures"] == dict.fromkeys(names.values(), EACH)
    # The same contents, so all was there.
    assert computed == []


def test_a_list_with_bad_files_is_taken_and_each_of_them_named(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = sorted((here / "pets").rglob("*.png"))
    cut = here / "cut.png"
    cut.write_bytes(files[1].read_bytes()[:3000])
    shutil.copy(files[0], here / "twice.png")
    with (here / "list.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label"])
        writer.writerows([path.relative_to(here), path.parent.name] for path in files)
        writer.writerows([["cut.png", "cat"], ["gone.png", "cat"], ["twice.png", "motorcycle"]])
    assert train("list.csv", *QUICK) == 0
    said = capsys.readouterr().out
    for name in ("cut.png", "gone.png", "twice.png", files[0].name):
        assert any("set aside" in line and name in line for line in said.splitlines())
    # The same picture under two labels: neither is trusted.
    counts = bundle.read(here / MODELS / "list").metadata["pytrain"]["dataset"]["pictures"]
    assert counts == {"cat": EACH - 1, "motorcycle": EACH}
    page = (here / MODELS / "list" / bundle.REPORT).read_text(encoding="utf-8")
    assert "cut.png" in page
    assert "Unreadable: 1 file." in page
    assert "The very same bytes under two labels: 1 picture." in page
    assert f"&#x27;cat&#x27; has {EACH - 1} pictures" in page


def test_a_folder_of_unknown_pictures_is_learned_from_and_is_no_class(here: Path) -> None:
    source = here / "with-unknown"
    shutil.copytree(here / "pets", source)
    write_class(source / "unknown", COFFEE, 6)
    for number in range(6):
        label = ("circle", "square", "star")[number % 3]
        Image.fromarray(draw_classic(label, number)).save(source / "unknown" / f"shape {number}.png")
    assert train(str(source), *QUICK) == 0
    made = bundle.read(here / MODELS / "with-unknown")
    assert made.labels == ("cat", "motorcycle")
    (figures,) = made.metadata["pytrain"]["metrics"].values()
    own = figures["outsiders"]["your unknown folder"]
    assert own["pictures"] == 12
    assert own["auroc"] > 0.9
    assert figures["rejected"] <= 0.13


def test_two_pictures_of_each_class_are_enough_to_begin(here: Path) -> None:
    for label in ("cat", "motorcycle"):
        (here / "four" / label).mkdir(parents=True)
        for name in ("00.png", "05.png"):
            shutil.copy(here / "pets" / label / name, here / "four" / label)
    assert train("four", *QUICK) == 0
    assert bundle.read(here / MODELS / "four").metadata["pytrain"]["dataset"]["pictures"] == {
        "cat": 2,
        "motorcycle": 2,
    }


# Pictures that go away meanwhile


def write_new(folder: Path, photograph: str, count: int) -> list[Path]:
    """Pictures that no other test has embedded: upside down."""
    paths = write_class(folder, photograph, count)
    for path in paths:
        with Image.open(path) as picture:
            picture.rotate(180).save(path)
    return paths


def test_pictures_that_vanish_before_they_are_embedded_are_set_aside_by_name(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = here / "moving"
    shutil.copytree(here / "pets" / "cat", source / "cat")
    files = write_new(source / "coffee", COFFEE, 6)
    was = hashlib.sha256(files[1].read_bytes()).hexdigest()
    copy = source / "coffee" / "copy.png"
    shutil.copy(files[0], copy)

    def meanwhile(*arguments):
        found = look_at(*arguments)
        copy.unlink()
        shutil.copy(files[2], files[1])
        return found

    monkeypatch.setattr("pytrain.pipeline.looked.look_at", meanwhile)
    assert train(str(source), *QUICK) == 0
    said = capsys.readouterr().out
    assert f"set aside: {copy}: cannot be read any more: No such file or directory" in said
    assert f"set aside: {files[1]}: was changed since it was looked at" in said
    assert said.count("set aside") == 2
    made = bundle.read(here / MODELS / "moving")
    assert made.metadata["pytrain"]["dataset"]["pictures"] == {"cat": EACH, "coffee": 5}
    page = (made.path / bundle.REPORT).read_text(encoding="utf-8")
    assert "was changed since it was looked at" in page
    cached = (here / MODELS / ".runs" / ".features").glob("*.names")
    assert not [path for path in cached if was in path.read_text(encoding="utf-8")]


def test_a_class_that_vanishes_ends_the_training_in_one_message(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = here / "going"
    shutil.copytree(here / "pets", source)
    write_new(source / "gravel", GRAVEL, 3)

    def meanwhile(*arguments):
        found = look_at(*arguments)
        shutil.rmtree(source / "gravel")
        return found

    monkeypatch.setattr("pytrain.pipeline.looked.look_at", meanwhile)
    message = refused(capsys, str(source), *QUICK)
    assert "The class 'gravel'" in message
    assert "no readable picture" in message


@pytest.mark.thorough
def test_pictures_that_vanish_later_cost_only_what_is_made_of_them(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = here / "leaving"
    shutil.copytree(here / "pets", source)

    def then_gone(data, *others):
        outcome = judge(data, *others)
        shutil.rmtree(source / "cat", ignore_errors=True)
        return outcome

    monkeypatch.setattr("pytrain.pipeline.learned.judge", then_gone)
    monkeypatch.setattr("pytrain.pipeline.learned.is_worth_tuning", lambda data: True)
    assert train(str(source)) == 0
    said = capsys.readouterr().out
    assert f"no fine-tuning: {source / 'cat'}" in said
    assert "cannot be read any more" in said
    made = bundle.read(here / MODELS / "leaving")
    golden = json.loads((made.path / "golden" / "golden.json").read_text(encoding="utf-8"))
    assert {frame["label"] for frame in golden["frames"]} == {"motorcycle", "unknown"}

    shutil.copytree(here / "pets" / "cat", source / "cat")
    message = refused(capsys, str(source), "--fine-tune", "always")
    assert "cannot be read any more" in message


# What may not


def test_no_folder(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "There is no folder nothing" in refused(capsys, "nothing")


def test_an_empty_folder(here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert "empty" in refused(capsys, str(tmp_path / "empty"))


def test_one_class(here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(here / "pets" / "cat", tmp_path / "one" / "cat")
    message = refused(capsys, str(tmp_path / "one"))
    assert "only the class 'cat'" in message
    assert "at least two classes" in message


@pytest.mark.parametrize("copies", [1, 3])
def test_a_class_with_a_single_picture(
    copies: int, here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(here / "pets", tmp_path / "few")
    paths = sorted((tmp_path / "few" / "cat").iterdir())
    for number, path in enumerate(paths[1:], start=1):
        if number < copies:
            shutil.copy(paths[0], path)
        else:
            path.unlink()
    message = refused(capsys, str(tmp_path / "few"))
    assert "'cat'" in message
    assert "1 picture" in message
    assert "Add pictures" in message


def test_nothing_but_unreadable_files(here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for label in ("cat", "dog"):
        (tmp_path / "bad" / label).mkdir(parents=True)
        for number in range(3):
            (tmp_path / "bad" / label / f"{number}.jpg").write_bytes(b"not a picture")
    message = refused(capsys, str(tmp_path / "bad"))
    assert "holds no readable picture; 6 set aside" in message
    assert "Expected: JPEG, PNG" in message


def test_pictures_that_begin_well_and_end_early(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(here / "pets", tmp_path / "torn")
    for path in (tmp_path / "torn" / "cat").iterdir():
        path.write_bytes(path.read_bytes()[:2000])
    assert "cat" in refused(capsys, str(tmp_path / "torn"))


def test_a_text_file(here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("not a data set", encoding="utf-8")
    assert "holds no data set" in refused(capsys, str(tmp_path / "notes.txt"))


def test_a_broken_zip(here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pets.zip").write_bytes(b"PK\3\4 and then nothing")
    assert "pets.zip" in refused(capsys, str(tmp_path / "pets.zip"))


def test_a_backbone_that_nobody_has(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = refused(capsys, "pets", "--backbone", "resnet5000")
    assert "There is no backbone 'resnet5000'" in message
    assert "pytrain backbones" in message


def test_the_recipe_of_drawn_shapes(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "The recipe cnn is for four-shapes" in refused(capsys, "pets", "--recipe", "cnn")


def test_a_place_that_holds_something_else(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "thesis").mkdir()
    (here / "thesis" / "chapter.txt").write_text("years of work", encoding="utf-8")
    assert train("pets", "--out", "thesis") == 2
    said = capsys.readouterr()
    assert "no model's folder" in said.err
    # Before any work is done.
    assert "prepared" not in said.out
    assert contents(here / "thesis").keys() == {"chapter.txt"}


def test_no_room_for_the_cache(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no device that is always full")
    shutil.copytree(here / "pets", here / "more")
    write_class(here / "more" / "astronaut", ASTRONAUT, 4)
    monkeypatch.setattr(feature_cache, "_new_name", lambda key: "full")
    full = here / MODELS / ".runs" / ".features" / "full.rows"
    full.symlink_to("/dev/full")
    try:
        message = refused(capsys, "more", *QUICK)
    finally:
        full.unlink()
    assert "No space left" in message
    assert "Make room on the disk" in message


# Being stopped


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process alone")
def test_ctrl_c_keeps_the_former_model_and_what_was_computed(here: Path, computed: list[int]) -> None:
    source = here / "long"
    # Photographs of no other test, so that all of it has to be computed.
    write_class(source / "grass", GRASS, 15)
    write_class(source / "gravel", GRAVEL, 15)
    before = contents(here / MODELS / "pets")
    with subprocess.Popen(
        command("train", "long", "--out", f"{MODELS}/pets", *QUICK),
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        assert running.stdout is not None
        said = ""
        while "embedding: 20 %" not in said:
            line = running.stdout.readline()
            assert line, said
            said += line
        running.send_signal(signal.SIGINT)
        said += running.communicate(timeout=60)[0]
    assert running.returncode == 130, said
    assert "Stopped." in said
    assert "Traceback" not in said
    assert contents(here / MODELS / "pets") == before

    assert train("long", "--out", f"{MODELS}/long", *QUICK) == 0
    assert len(computed) == 1
    assert 0 < computed[0] < 30


@pytest.mark.thorough
def test_ctrl_c_in_fine_tuning_keeps_the_best_so_far_and_resume_goes_on(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Of those that both networks are shown, so many as a test needs.
    monkeypatch.setattr(learned, "TAUGHT", replace(learned.TAUGHT, count=24))
    monkeypatch.setattr(learned, "MEASURED", replace(learned.MEASURED, count=12))
    source = here / "uneven"
    shutil.copytree(here / "pets", source)
    for path in sorted((source / "cat").iterdir())[6:]:
        path.unlink()
    stop_at, again, given = 2, False, []
    step, preparing = PlainDisplay.step, PlainDisplay.preparing

    def interrupted(self, epoch, *others):
        step(self, epoch, *others)
        if epoch == stop_at:
            raise KeyboardInterrupt

    def twice(self, name, *others):
        preparing(self, name, *others)
        if again and name == "embedding":
            raise KeyboardInterrupt

    def short(model, stage, training, *others, **named):
        given.append(training)
        return fine_tune(model, stage, training, *others, **named, plan=Plan(epochs=3))

    # So few pictures leave open whether an epoch is better; here each is.
    losses = iter([1.0, 0.9, 1.0, 0.8])
    monkeypatch.setattr(
        "pytrain.training.fine_tune._validated",
        lambda *arguments: {"val_loss": next(losses), "val_accuracy": 0.5},
    )
    monkeypatch.setattr(PlainDisplay, "step", interrupted)
    monkeypatch.setattr(PlainDisplay, "preparing", twice)
    monkeypatch.setattr("pytrain.pipeline.learned.fine_tune", short)
    tuned = ("uneven", "--fine-tune", "always")
    assert train(*tuned) == 0
    said = capsys.readouterr().out
    assert "stopped after epoch 1; the best so far, of epoch 1, is used where it is better" in said
    assert "It was stopped after epoch 1." in said
    page = (here / MODELS / "uneven" / bundle.REPORT).read_text(encoding="utf-8")
    assert "It was stopped after epoch 1." in page
    # Pictures of the smaller class count more, as they do for the head.
    weights = {
        int(target.argmax()): float(w) for target, w in zip(given[0].targets, given[0].weights, strict=True)
    }
    assert weights[0] > 1 > weights[1]

    stop_at, again = 3, True
    assert train(*tuned, "--resume") == 0
    said = capsys.readouterr().out
    assert "epoch   1/3" not in said
    assert "epoch   2/3" in said
    assert "the model is written without it. To go on: --resume" in said
    training = bundle.read(here / MODELS / "uneven").metadata["pytrain"]["training"]
    assert not training["fine_tuned"]
