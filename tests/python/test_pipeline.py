"""The commands a user types, on few pictures: data, demo, interruption, resuming."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from shared import LABELS

from pytrain import bundle
from pytrain.cli import main
from pytrain.errors import BrowserError
from pytrain.pipeline import four_shapes

FEW = {
    "classic_per_class": 40,
    "scenes_per_class": 50,
    "unknown": 60,
    "glyphs_per_class": 10,
    "glyphs_unknown": 10,
}
"""What --quick draws in these tests."""

ENTRY = f"""
from pytrain.cli import main
from pytrain.errors import BrowserError
from pytrain.pipeline.four_shapes import QUICK
QUICK.update({FEW})
main()
"""


def command(*arguments: str) -> list[str]:
    """`pytrain` in a process of its own, but for FEW."""
    return [sys.executable, "-c", ENTRY, *arguments]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), cwd=folder, check=False, capture_output=True, text=True)


Train = Callable[..., tuple[int, str, str]]


@pytest.fixture
def train(
    demo: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Train:
    """`pytrain train four-shapes --quick` in the demo's folder and in this process, where TensorFlow is.

    Without a browser, for the demo's models are proven in one. Gives its exit code, and what it wrote to both
    streams.
    """

    def no_browser(*_: object) -> None:
        raise BrowserError("no browser in this test")

    monkeypatch.chdir(demo[0])
    monkeypatch.setattr(four_shapes, "QUICK", FEW)
    monkeypatch.setattr("pytrain.export.chromium.find", lambda: None)
    monkeypatch.setattr("pytrain.export.verify.verify", no_browser)

    def trained(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["train", "four-shapes", "--quick", *arguments])
        return int(ended.value.code or 0), *capfd.readouterr()

    return trained


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder in which `pytrain demo --quick --no-serve` ran, and what it said."""
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        command("demo", "--quick", "--epochs", "4", "--no-serve"),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout + done.stderr


def test_the_demo_makes_two_verified_models(demo: tuple[Path, str]) -> None:
    folder, said = demo
    for name in ("demo-mlp", "demo-cnn"):
        found = bundle.read(folder / "exported_models" / name)
        assert list(found.labels) == LABELS
        assert set(found.metadata["pytrain"]["verification"]["formats"]) == {"graph", "layers"}
        assert found.metadata["pytrain"]["weights"].get("agreement", {"top1": 1})["top1"] >= 0.995
        assert 0 < found.unknown_threshold < 1
    assert "  same" in said
    assert "DIFFERS" not in said
    assert "warning" not in said.lower()
    assert "Traceback" not in said


def test_the_report_sets_both_networks_side_by_side(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    report = folder / "exported_models" / "demo-cnn" / "report"
    figures = json.loads((report / "evaluation.json").read_text(encoding="utf-8"))
    assert [other["name"] for other in figures["others"]] == ["mlp"]
    assert set(figures["sets"]) == {"classic", "scenes", "glyphs"}
    page = (report / "index.html").read_text(encoding="utf-8")
    assert "MLP" in page
    assert "CNN" in page
    # But for the name space of SVG, in the icon written otherwise.
    assert "http" not in page.replace("http://www.w3.org", "").replace("http%3A//www.w3.org", "")


@pytest.mark.thorough
def test_quick_training_beats_chance_on_pictures_it_never_saw(tmp_path: Path) -> None:
    how = ("train", "four-shapes", "--quick", "--epochs", "14", "--out", "quick")
    entry = [sys.executable, "-m", "pytrain"]
    done = subprocess.run([*entry, *how], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    metadata = bundle.read(tmp_path / "quick").metadata
    assert metadata["pytrain"]["metrics"]["classic"]["accuracy"] > 0.5


def test_data_that_is_there_is_not_drawn_again(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    picture = next((folder / "datasets" / "four-shapes-scenes" / "star").iterdir())
    before = picture.stat().st_mtime_ns
    done = run(folder, "data", "four-shapes", "--quick")
    assert done.returncode == 0, done.stderr
    assert "Drawing" not in done.stdout
    assert picture.stat().st_mtime_ns == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process alone")
def test_ctrl_c_keeps_the_former_model_and_resume_goes_on(demo: tuple[Path, str], train: Train) -> None:
    folder, _ = demo
    out = folder / "exported_models" / "stopped"
    shutil.copytree(folder / "exported_models" / "demo-mlp", out)
    mlp = ("--recipe", "mlp", "--out", str(out))
    before = (out / "model.json").read_bytes()

    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command("train", "four-shapes", "--quick", *mlp, "--epochs", "5"),
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        assert running.stdout is not None
        said = ""
        while "epoch   2/5" not in said:
            line = running.stdout.readline()
            assert line, said
            said += line
        running.send_signal(signal.SIGINT)
        said += running.communicate(timeout=60)[0]
    assert running.returncode == 130, said
    assert "Traceback" not in said
    assert "--resume" in said
    assert (out / "model.json").read_bytes() == before

    code, said, wrong = train(*mlp, "--epochs", "5", "--resume")
    assert code == 0, said + wrong
    assert "epoch   1/5" not in said
    assert "epoch   3/5" in said
    assert (out / "model.json").read_bytes() != before

    code, _, wrong = train(*mlp, "--epochs", "3", "--resume")
    assert code == 2
    assert "started in another way" in wrong


def test_a_deleted_class_is_drawn_again_and_own_pictures_are_never_thrown_away(
    demo: tuple[Path, str], tmp_path: Path
) -> None:
    shutil.copytree(demo[0] / "datasets", tmp_path / "datasets")
    star = tmp_path / "datasets" / "four-shapes-classic" / "star"
    shutil.rmtree(star)
    again = run(tmp_path, "data", "four-shapes", "--quick")
    assert again.returncode == 0, again.stderr
    assert len(list(star.iterdir())) == FEW["classic_per_class"]

    own = star / "my-own-photograph.png"
    own.write_bytes((star / "0000.png").read_bytes())
    refused = run(tmp_path, "data", "four-shapes", "--quick", "--seed", "1")
    assert refused.returncode == 2
    assert "did not draw" in refused.stderr
    assert "--data" in refused.stderr
    assert own.is_file()


def test_damaged_pictures_are_named_and_set_aside(demo: tuple[Path, str], train: Train) -> None:
    folder, _ = demo
    star = folder / "datasets" / "four-shapes-scenes" / "star"
    whole = {path: path.read_bytes() for path in sorted(star.iterdir())[:3]}
    cut, empty, text = whole
    cut.write_bytes(whole[cut][: len(whole[cut]) // 2])
    empty.write_bytes(b"")
    text.write_bytes(b"not a picture")
    try:
        code, said, wrong = train("--recipe", "mlp", "--epochs", "1", "--out", "models/x")
    finally:
        for path, content in whole.items():
            path.write_bytes(content)
    assert code == 0, wrong
    for path in whole:
        assert path.name in said


def test_a_folder_that_is_no_model_is_refused_before_any_training(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    (folder / "thesis").mkdir()
    (folder / "thesis" / "chapter.txt").write_text("years of work", encoding="utf-8")
    done = run(folder, "train", "four-shapes", "--quick", "--out", "thesis")
    assert done.returncode == 2
    assert "no model's folder" in done.stderr
    assert "Training" not in done.stdout


def test_resume_without_a_training_says_so(demo: tuple[Path, str], train: Train) -> None:
    code, _, wrong = train("--out", "exported_models/never", "--resume")
    assert code == 2
    assert "resume" in wrong
    assert not (demo[0] / "exported_models" / "never").exists()
