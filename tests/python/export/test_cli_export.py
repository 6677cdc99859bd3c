"""`pytrain export`: one command from a .keras file to an address for ml5; one message for a mistake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from shared import random_frame

from pytrain import bundle
from pytrain.cli import _name_of, main
from pytrain.export import chromium, node


@pytest.fixture
def model_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """flowers.keras in the current folder: 32 x 32 pixels, three classes."""
    import keras

    monkeypatch.chdir(tmp_path)
    keras.utils.set_random_seed(8)
    layers = keras.layers
    keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(32, 3, strides=2, activation="relu"),
            layers.Conv2D(48, 3, strides=2, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    ).save("flowers.keras")
    return "flowers.keras"


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["export", *arguments])
    return int(ended.value.code or 0)


def test_one_command_leads_to_an_address_for_ml5(
    model_file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Node.js answers faster; the end-to-end tests do the same in Chromium.
    monkeypatch.setattr(chromium, "find", lambda: None)
    assert run(model_file, "--labels", "daisy,rose,tulip", "--input-range=0..1") == 0
    said = capsys.readouterr().out
    assert "same" in said
    assert "pytrain serve\n" in said
    assert "ml5.imageClassifier('http://127.0.0.1:8000/models/flowers/model.json')" in said
    made = bundle.read(Path("exported_models") / "flowers")
    assert list(made.labels) == ["daisy", "rose", "tulip"]
    verification = made.metadata["pytrain"]["verification"]
    assert set(verification["formats"]) == {"graph", "layers"}


def test_a_folder_with_a_dot_in_its_name_keeps_it(small_bundle: Path) -> None:
    dotted = small_bundle.rename(small_bundle.with_name("flowers-v1.2"))
    assert _name_of(dotted) == "flowers-v1.2"
    assert _name_of(Path("flowers-v1.2.keras")) == "flowers-v1.2"


def test_labels_come_from_a_file_too(model_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    # As Windows editors write it: a mark first, and an empty line at the end.
    Path("names.txt").write_text("\ufeffgänseblümchen\nrose, red\n\ntulip\n\n", encoding="utf-8")
    assert run(model_file, "--labels", "names.txt", "--input-range=0..1", "--no-verify") == 0
    made = bundle.read(Path("exported_models") / "flowers")
    assert list(made.labels) == ["gänseblümchen", "rose, red", "tulip"]


def test_smaller_weights_are_measured_on_a_folder(
    model_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(21):
        folder = Path("photos") / ("rose" if number % 2 else "tulip")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random_frame(number)).save(folder / f"{number}.png")
    common = (model_file, "--labels", "daisy,rose,tulip", "--input-range=0..1", "--no-verify")
    assert run(*common, "--check", "photos", "--weights", "float16") == 0
    assert "float16  same answer for 21 of 21 images" in capsys.readouterr().out
    weights = bundle.read(Path("exported_models") / "flowers").metadata["pytrain"]["weights"]
    assert weights["dtype"] == "float16"
    assert weights["agreement"]["images"] == 21
    golden = json.loads(Path("exported_models/flowers/golden/golden.json").read_text(encoding="utf-8"))
    assert {frame["label"] for frame in golden["frames"]} == {"rose", "tulip"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--labels", "a,b,c"], "--input-range=0..1"),
        (["--labels", "a,b", "--input-range=0..1"], "2 labels came"),
        (["--labels", "nowhere.txt", "--input-range=0..1"], "no file of labels at nowhere.txt"),
        (["--input-range=0..1"], "No labels came"),
        (["--labels", "a,b,c", "--input-range=0..1", "--logits"], "already ends in a softmax"),
        (["--labels", "a,b,c", "--input-range=0..1", "--check", "nowhere"], "nowhere"),
        (["--labels", "a,b,c", "--input-range=0..1", "--weights", "uint8"], "--check"),
        (["--labels", "a,b,c", "--input-range=0..1", "--output", "x"], "no output x"),
        (["--labels", "a,b,c", "--input-range=0..1", "--out", "thesis"], "no model's folder"),
    ],
)
def test_a_mistake_ends_with_one_message_and_code_2(
    arguments: list[str], message: str, model_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("thesis").mkdir()
    Path("thesis/chapter.txt").write_text("years of work", encoding="utf-8")
    assert run(model_file, *arguments, "--no-verify") == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("Error:") == 1
    assert "Traceback" not in said
    assert not Path("exported_models").exists()
    assert Path("thesis/chapter.txt").is_file()


def test_without_browser_and_node_the_export_is_made_and_says_so(
    model_file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chromium, "find", lambda: None)
    monkeypatch.setattr(node, "find", lambda: None)
    assert run(model_file, "--labels", "a,b,c", "--input-range=0..1") == 0
    assert "Not compared with TensorFlow.js" in capsys.readouterr().out
    made = bundle.read(Path("exported_models") / "flowers")
    assert not made.metadata["pytrain"]["verification"]["checked"]


def test_what_ml5_cannot_open_is_said(small_bundle: Path) -> None:
    from pytrain.export.next_steps import next_steps

    block: dict[str, Any] = json.loads((small_bundle / "metadata.json").read_text(encoding="utf-8"))
    block["pytrain"]["formats"] = {"layers": False, "graph": True, "why": "The layer odd is odd."}
    bundle.write_json(small_bundle / "metadata.json", block)
    said = "\n".join(next_steps(bundle.read(small_bundle)))
    assert "The layer odd is odd." in said
    assert "tf.loadGraphModel('http://127.0.0.1:8000/models/small/graph.json')" in said
    assert f"--models {small_bundle.resolve().parent}" in said
