"""Predicting files: what the model says of each, in order, whatever lies between them."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage
from known_heads import two_outputs, with_none_class
from PIL import Image
from shared import LABELS, random_frame

import pytrain
from pytrain.cli import main
from pytrain.errors import BundleError, DataError, ModelError
from pytrain.evaluation import show_predictions
from pytrain.evaluation.predict import BATCH, stream
from pytrain.evaluation.predict_files import Guess, Prediction
from pytrain.export import Facts, export
from pytrain.image import read_image, to_input

PHOTOS = Path(skimage.__file__).parent / "data"


@pytest.fixture
def photos(tmp_path):
    """Some pictures, one of them in a nested folder, and things that are none."""
    folder = tmp_path / "photos"
    (folder / "nested" / "été").mkdir(parents=True)
    for seed, name in enumerate(["b.png", "a.jpg", "nested/c.png", "nested/été/星.png"]):
        Image.fromarray(random_frame(seed)).save(folder / name)
    (folder / "notes.txt").write_text("no picture", encoding="utf-8")
    (folder / ".hidden.png").write_bytes(b"")
    return folder


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def set_calibration(bundle, **values):
    path = bundle / "metadata.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["pytrain"]["calibration"] = values
    path.write_text(json.dumps(content), encoding="utf-8")


def expected_of(model, path):
    return model(to_input(read_image(path))[None]).numpy()[0]


def test_every_picture_gets_what_the_model_gives(small_model, small_bundle, photos):
    with pytest.warns(UserWarning, match=r"Passed over .*notes\.txt: no pictures by their names"):
        found = pytrain.predict(small_bundle, photos, top=2)
    names = ["a.jpg", "b.png", "nested/c.png", "nested/été/星.png"]
    assert [prediction.path for prediction in found] == [photos / name for name in names]
    for prediction in found:
        probabilities = expected_of(small_model, prediction.path)
        best = probabilities.argsort()[::-1][:2]
        assert [guess.label for guess in prediction.guesses] == [LABELS[number] for number in best]
        assert prediction.confidence == pytest.approx(probabilities[best[0]], abs=1e-5)
        assert (prediction.label, prediction.known) == (LABELS[best[0]], None)


def test_files_patterns_and_frames_mix(small_bundle, photos):
    frame = random_frame(0)
    found = pytrain.predict(str(small_bundle), [frame, photos / "b.png", str(photos / "**" / "c*.png")])
    assert [prediction.path for prediction in found] == [None, photos / "b.png", photos / "nested" / "c.png"]
    assert found[0].guesses == found[1].guesses
    assert len(found[0].guesses) == len(LABELS)
    assert pytrain.predict(small_bundle, frame)[0].guesses == found[0].guesses


def test_a_name_like_a_pattern_is_the_file_of_that_name(small_bundle, tmp_path):
    path = tmp_path / "cat[1].png"
    Image.fromarray(random_frame(1)).save(path)
    assert [prediction.path for prediction in pytrain.predict(small_bundle, path)] == [path]


def test_more_than_one_batch_keeps_its_order_and_passes_over_bad_files(small_bundle, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    count, cut = BATCH + 5, BATCH + 1
    for number in range(count):
        Image.fromarray(random_frame(number, 8, 8)).save(folder / f"{number:03}.png")
    (folder / "003.png").write_bytes(b"")
    (folder / f"{cut:03}.png").write_bytes((folder / f"{cut:03}.png").read_bytes()[:50])
    said = []
    found = pytrain.predict(small_bundle, folder, say=said.append)
    numbers = [int(prediction.path.stem) for prediction in found]
    assert numbers == [number for number in range(count) if number not in (3, cut)]
    assert [line.split(": ")[0] for line in said] == [
        f"Passed over {folder / name}" for name in ("003.png", f"{cut:03}.png")
    ]
    assert "is empty (0 bytes)" in said[0]


def test_a_file_that_vanishes_is_passed_over(small_bundle, photos, monkeypatch):
    from pytrain.evaluation import predict_files

    find = predict_files.find_pictures

    def find_and_lose(*given):
        found = find(*given)
        (photos / "b.png").unlink()
        return found

    monkeypatch.setattr(predict_files, "find_pictures", find_and_lose)
    said = []
    found = pytrain.predict(small_bundle, [photos / "a.jpg", photos / "b.png"], say=said.append)
    assert [prediction.path.name for prediction in found] == ["a.jpg"]
    assert "does not exist" in said[0]


def test_pictures_are_read_only_a_batch_ahead(small_model):
    """Memory stays flat: of a hundred thousand pictures no more than two batches are ever held."""
    asked, done = [], 0

    def read(number):
        asked.append(number)
        assert max(asked) < done + 2 * BATCH
        return np.zeros((224, 224, 3), np.float32)

    for batch in stream(small_model, range(5 * BATCH + 1), read):
        done += len(batch.items)
    assert done == 5 * BATCH + 1


def test_below_the_threshold_the_answer_is_unknown_and_the_best_guess_is_kept(small_bundle, photos):
    [sure] = pytrain.predict(small_bundle, photos / "b.png")
    set_calibration(small_bundle, temperature=1.0, unknown_threshold=sure.confidence + 0.01)
    [unsure] = pytrain.predict(small_bundle, photos / "b.png")
    assert (sure.unknown, sure.answer) == (False, sure.label)
    assert (unsure.unknown, unsure.answer) == (True, "unknown")
    assert unsure.guesses == sure.guesses


@pytest.mark.parametrize("side", [-0.01, 0.01])
def test_where_the_model_has_a_score_known_that_decides(side, tmp_path, photos):
    model = two_outputs(with_none_class)
    known = float(model(to_input(read_image(photos / "b.png"))[None])["known"][0, 0])
    facts = Facts(calibration={"score": "known", "unknown_threshold": known + side, "temperature": 1.0})
    golden = [(random_frame(seed), None) for seed in range(4)]
    made = tmp_path / "models" / "knowing"
    export(model, made, labels=LABELS, input_range="-1..1", golden=golden, facts=facts, verify=False)
    [prediction] = pytrain.predict(made, photos / "b.png")
    assert prediction.known == pytest.approx(known, abs=1e-5)
    assert prediction.unknown == (side > 0)
    assert len(prediction.guesses) == len(LABELS)


def test_a_score_that_the_network_does_not_give_is_missed_before_anything_runs(tmp_path, photos, small_model):
    from pytrain.model.files import save_model

    facts = Facts(calibration={"score": "known", "unknown_threshold": 0.5, "temperature": 1.0})
    golden = [(random_frame(seed), None) for seed in range(4)]
    made = tmp_path / "models" / "knowing"
    model = two_outputs(with_none_class)
    export(model, made, labels=LABELS, input_range="-1..1", golden=golden, facts=facts, verify=False)
    save_model(small_model, made / "model.keras")
    with pytest.raises(ModelError, match="has no output 'known'"):
        pytrain.predict(made, photos / "b.png")


def test_a_model_is_found_by_folder_name_or_keras_file(small_bundle, photos, monkeypatch):
    monkeypatch.chdir(small_bundle.parent.parent)
    answers = [
        pytrain.predict(model, photos / "b.png")[0].guesses
        for model in (small_bundle, "small", "exported_models/small", small_bundle / "model.keras")
    ]
    assert answers.count(answers[0]) == 4


def test_a_folder_of_pictures_does_not_hide_the_model_of_its_name(small_bundle, photos, monkeypatch):
    monkeypatch.chdir(small_bundle.parent.parent)
    Path("small", "circle").mkdir(parents=True)
    by_path = pytrain.predict(small_bundle, photos / "b.png")
    assert pytrain.predict("small", photos / "b.png")[0].guesses == by_path[0].guesses


def test_a_model_that_is_not_there_is_answered_with_those_that_are(small_bundle, photos, monkeypatch):
    monkeypatch.chdir(small_bundle.parent.parent)
    with pytest.raises(ModelError, match=r"There is no model large\.") as error:
        pytrain.predict("large", photos / "b.png")
    assert "small" in str(error.value)


def test_a_keras_file_alone_lacks_its_labels(small_bundle, photos, tmp_path):
    alone = shutil.copy(small_bundle / "model.keras", tmp_path / "flowers.keras")
    with pytest.raises(ModelError, match="does not tell the names of its classes") as error:
        pytrain.predict(alone, photos / "b.png")
    assert f"pytrain export {alone} --labels" in str(error.value)


@pytest.mark.parametrize(
    ("file", "content", "kind", "message"),
    [
        ("model.keras", None, ModelError, "has no model.keras"),
        ("model.keras", b"broken", ModelError, "cannot be loaded by Keras"),
        ("metadata.json", b"{}", BundleError, "schema version None"),
    ],
)
def test_a_damaged_model_is_named(small_bundle, photos, file, content, kind, message):
    (small_bundle / file).unlink()
    if content is not None:
        (small_bundle / file).write_bytes(content)
    with pytest.raises(kind, match=message):
        pytrain.predict(small_bundle, photos / "b.png")


def test_labels_that_do_not_fit_the_network_are_refused(small_bundle, photos):
    path = small_bundle / "metadata.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["labels"].append("one more")
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ModelError, match="names 5 labels"):
        pytrain.predict(small_bundle, photos / "b.png")


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ("no-such-folder", "There is no no-such-folder"),
        ("*.webp", r"Nothing matches \*\.webp"),
        ([], "There is no picture in an empty list"),
        ("empty", "There is no picture in empty"),
    ],
)
def test_nothing_to_look_at_is_said(small_bundle, tmp_path, monkeypatch, images, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=message):
        pytrain.predict(small_bundle, images)


def test_csv_has_the_columns_that_were_promised(small_bundle, photos, tmp_path, capsys):
    target = tmp_path / "out" / "answers.csv"
    assert run("predict", small_bundle, photos, "--csv", target, "--top", 3) == 0
    head, *rows = rows_of(target)
    assert head == ["path", "label", "confidence", "label_2", "confidence_2", "label_3", "confidence_3"]
    expected = pytrain.predict(small_bundle, photos, top=3, say=lambda _: None)
    assert [row[0] for row in rows] == [str(prediction.path) for prediction in expected]
    for row, prediction in zip(rows, expected, strict=True):
        assert row[1::2] == [guess.label for guess in prediction.guesses]
        assert [float(cell) for cell in row[2::2]] == pytest.approx(
            [guess.confidence for guess in prediction.guesses], abs=1e-6
        )
    said = capsys.readouterr()
    assert said.out == ""
    assert f"Saved {target}: 4 pictures" in said.err


def test_csv_has_no_more_labels_than_the_model(small_bundle, photos, tmp_path):
    target = tmp_path / "answers.csv"
    assert run("predict", small_bundle, photos / "b.png", "--csv", target, "--top", 9) == 0
    assert len(rows_of(target)[0]) == 1 + 2 * len(LABELS)


def test_csv_says_how_many_were_unknown(small_bundle, photos, tmp_path, capsys):
    set_calibration(small_bundle, temperature=1.0, unknown_threshold=1.0)
    assert run("predict", small_bundle, photos, "--csv", tmp_path / "answers.csv") == 0
    assert "4 of them are unknown to the model" in capsys.readouterr().err
    assert {row[1] for row in rows_of(tmp_path / "answers.csv")[1:]} <= set(LABELS)


def test_json_is_one_list_on_the_standard_output(small_bundle, photos, capsys):
    assert run("predict", small_bundle, photos / "b.png", photos / "a.jpg", "--json", "--top", 2) == 0
    found = json.loads(capsys.readouterr().out)
    again = [one.as_json() for one in pytrain.predict(small_bundle, [photos / "b.png", photos / "a.jpg"], 2)]
    for one, other in zip(found, again, strict=True):
        assert one == {**other, "confidence": one["confidence"], "guesses": one["guesses"]}
        assert one["confidence"] == pytest.approx(other["confidence"], abs=1e-6)
    assert set(found[0]) == {"path", "answer", "unknown", "known", "label", "confidence", "guesses"}


def test_lines_for_people_show_what_an_unknown_picture_might_be():
    guesses = (Guess("cat", 0.43), Guess("dog", 0.31))
    sure = Prediction(Path("1.jpg"), guesses, False, None)
    unsure = Prediction(Path("1.jpg"), guesses, True, 0.1)
    assert show_predictions.line(sure, 7) == "1.jpg    cat 43.0 %, dog 31.0 %"
    assert show_predictions.line(unsure) == "1.jpg  unknown (cat 43.0 %, dog 31.0 %)"


def test_bad_files_are_named_and_the_rest_goes_on(small_bundle, photos, capsys):
    (photos / "b.png").write_bytes(b"x")
    assert run("predict", small_bundle, photos) == 0
    said = capsys.readouterr()
    assert f"Passed over {photos / 'b.png'}: is not a picture that can be read" in said.err
    assert said.out.count("\n") == 3


def test_no_readable_picture_ends_with_code_2_and_no_file(small_bundle, photos, tmp_path, capsys):
    (photos / "b.png").write_bytes(b"x")
    target = tmp_path / "answers.csv"
    target.write_text("from before", encoding="utf-8")
    assert run("predict", small_bundle, photos / "b.png", "--csv", target) == 2
    assert "The picture cannot be read" in capsys.readouterr().err
    assert target.read_text(encoding="utf-8") == "from before"
    assert not list(tmp_path.glob("*.part"))


def test_ctrl_c_keeps_what_is_done_and_what_was_there(small_bundle, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(2 * BATCH):
        Image.fromarray(random_frame(number, 8, 8)).save(folder / f"{number:03}.png")
    target = tmp_path / "answers.csv"
    target.write_text("from before", encoding="utf-8")
    row, done = show_predictions.row, []

    def interrupted(prediction):
        done.append(prediction)
        if len(done) > BATCH:
            raise KeyboardInterrupt
        return row(prediction)

    monkeypatch.setattr(show_predictions, "row", interrupted)
    assert run("predict", small_bundle, folder, "--csv", target) == 130
    assert target.read_text(encoding="utf-8") == "from before"
    part = tmp_path / "answers.csv.part"
    assert len(rows_of(part)) == 1 + BATCH
    assert f"What is done so far is in {part}" in capsys.readouterr().err


def test_json_and_csv_together_are_a_mistake(small_bundle, photos, tmp_path, capsys):
    assert run("predict", small_bundle, photos, "--json", "--csv", tmp_path / "a.csv") == 2
    assert "--json and --csv came together" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="no such files there")
def test_pipes_and_links_in_a_loop_hold_nothing_up(small_bundle, photos):
    os.mkfifo(photos / "pipe.png")
    (photos / "nested" / "round").symlink_to(photos)
    (photos / "gone.png").symlink_to(photos / "nowhere.png")
    said = []
    assert len(pytrain.predict(small_bundle, photos, say=said.append)) == 4
    text = "\n".join(said)
    assert "pipe.png: is a device or a pipe" in text
    assert "round: is a link to a folder that is read already" in text
    assert "gone.png: does not exist" in text


@pytest.mark.skipif(sys.platform != "linux", reason="only here may a name be any bytes")
def test_a_name_of_any_bytes_goes_through(small_bundle, tmp_path, capsys):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png"))
    Image.fromarray(random_frame(1)).save(tmp_path / "plain.png")
    (tmp_path / "plain.png").rename(path)
    assert run("predict", small_bundle, path) == 0
    assert run("predict", small_bundle, path, "--csv", tmp_path / "answers.csv") == 0
    assert b"/caf\xe9.png," in (tmp_path / "answers.csv").read_bytes()
    capsys.readouterr()
    assert run("predict", small_bundle, path, "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["path"] == str(path)


def test_imagenet_names_photographs_and_saves_them(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    photos = [PHOTOS / name for name in ("coffee.png", "camera.png", "chelsea.png")]
    assert run("predict", "imagenet", *photos) == 0
    head, *rows = rows_of(tmp_path / "imagenet-efficientnet-lite0.csv")
    assert head == ["path", *(f"{name}{end}" for end in ENDS for name in ("label", "confidence"))]
    assert [row[1] for row in rows][:2] == ["espresso", "tripod"]
    assert {"tabby cat", "tiger cat", "Egyptian Mau"} <= set(rows[2][1::2])
    said = capsys.readouterr()
    assert "Saved imagenet-efficientnet-lite0.csv: 3 pictures" in said.err
    assert "coffee.png  espresso 94." in said.out


ENDS = ["", "_2", "_3", "_4", "_5"]


def test_imagenet_from_python():
    [coffee] = pytrain.predict("imagenet", PHOTOS / "coffee.png", top=1)
    assert (coffee.answer, coffee.unknown) == ("espresso", False)


def test_a_backbone_belongs_to_imagenet_alone(small_bundle, photos, capsys):
    assert run("predict", small_bundle, photos, "--backbone", "resnet50") == 2
    assert "--backbone resnet50 came with the model" in capsys.readouterr().err


def test_an_unknown_backbone_is_answered_with_those_that_are_there(photos, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run("predict", "imagenet", photos, "--backbone", "resnet51") == 2
    said = capsys.readouterr().err
    assert "There is no backbone 'resnet51'" in said
    assert "resnet50" in said
    assert not list(tmp_path.glob("*.csv*"))


def test_the_command_runs_on_its_own_with_answers_and_notes_apart(small_bundle, photos):
    command = [sys.executable, "-m", "pytrain", "predict", str(small_bundle), str(photos), "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert len(json.loads(done.stdout)) == 4
    assert done.stderr.splitlines() == [f"Passed over {photos / 'notes.txt'}: no pictures by their names"]


def test_mistakes_in_names_come_out_before_tensorflow_is_there(small_bundle, tmp_path):
    code = (
        "import sys\nfrom pytrain.cli import main\n"
        f"for arguments in (['predict', 'none', {str(small_bundle)!r}], ['predict', 'x', 'none']):\n"
        "    try: main(arguments)\n    except SystemExit as end: assert end.code == 2\n"
        "sys.exit('tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stderr
