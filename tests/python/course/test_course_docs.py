"""docs/course.md works as it is written: its commands run in their order, on small files in real formats."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path

import click
import pytest
from course_data import publish, toys

from pytrain.cli import cli, main
from pytrain.course.names import RECIPES
from pytrain.course.results import FILES
from pytrain.dataset.catalogue import STORE, Part
from pytrain.errors import BrowserError
from pytrain.pipeline import learned, shape_masks

PAGE = Path(__file__).resolve().parents[3] / "docs" / "course.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]
MENTIONED = [" ".join(found.split()) for found in re.findall(r"`(pytrain [^`]+)`", TEXT)]

QUICK = {
    "train": ["--epochs", "1"],
    "transfer": ["--fine-tune", "never"],
    "export": ["--limit", "20"],
    "unet": ["--epochs", "1", "--quick"],
    "dream": ["--steps", "1"],
    "serve": ["--help"],
}
"""What is put after a command, so that it takes seconds; of an option given twice, the last one counts."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all three data sets as they are published; the first test picture is an ankle boot."""
    for name in ("mnist", "fashion-mnist", "cifar-10"):
        found = toys(name, 60, 20)
        last_first = Part(found.test.images[::-1], found.test.truth[::-1])
        publish(replace(found, test=last_first), tmp_path / "datasets" / STORE / name)
    monkeypatch.chdir(tmp_path)
    for setting, value in {"scenes": 16, "validation": 8}.items():
        monkeypatch.setitem(shape_masks.QUICK, setting, value)
    monkeypatch.setattr(learned, "TAUGHT", replace(learned.TAUGHT, count=24))
    monkeypatch.setattr(shape_masks, "QUICK_TESTED", 8)
    monkeypatch.setattr(shape_masks, "CHECKED", 24)
    return tmp_path


def no_browser(*_: object) -> None:
    raise BrowserError("no browser for every training of this test")


def run(command: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Runs a line of the page; only `pytrain verify` starts a browser."""
    program, *arguments = shlex.split(command)
    assert program == "pytrain"
    first, second, *_ = arguments
    other = {("train", "clothes"): "transfer", ("train", "four-shapes"): "unet", ("data", "export"): "export"}
    kind = other.get((first, second), first)
    with monkeypatch.context() as patched:
        if first != "verify":
            patched.setattr("pytrain.export.chromium.find", lambda: None)
            patched.setattr("pytrain.export.verify.verify", no_browser)
        with pytest.raises(SystemExit) as ended:
            main([*arguments, *QUICK.get(kind, [])])
    return int(ended.value.code or 0)


def test_the_commands_run_in_their_order(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in COMMANDS:
        assert run(command, monkeypatch) == 0, f"{command}\n{''.join(capsys.readouterr())}"
    assert "noise" in capsys.readouterr().out
    for place in re.findall(r"`((?:results|exported_models)/[^`\s]+)`", TEXT):
        assert (here / place).is_file(), place
    assert {path.name for path in (here / "explained").iterdir()} == {
        "fashion-mnist-cnn-00000",
        "fashion-mnist-cnn-dream",
    }
    assert (here / "DoeJane.zip").is_file()
    for block in (block for kind, block in BLOCKS if kind == "python"):
        with monkeypatch.context() as patched:
            patched.setattr("pytrain.export.chromium.find", lambda: None)
            patched.setattr("pytrain.export.verify.verify", no_browser)
            exec(compile(block, str(PAGE), "exec"), {})
    assert (here / "results" / "fashion-mnist-mine-seed0").is_dir()


@pytest.mark.parametrize("command", sorted({*COMMANDS, *MENTIONED}))
def test_every_command_that_is_mentioned_is_one(command: str) -> None:
    group: click.Command = cli
    # A command keeps the names of its help option from its first context, which other tests ask for.
    top = click.Context(cli, **cli.context_settings)
    _, *arguments = shlex.split(command)
    while isinstance(group, click.Group):
        found = group.get_command(top, arguments[0])
        assert found is not None, command
        group, arguments = found, arguments[1:]
    assert group.make_context(command, arguments, parent=top) is not None


def test_every_recipe_is_an_exercise() -> None:
    for recipe in [*RECIPES, "unet"]:
        assert re.search(rf"^pytrain train \S+ --recipe {recipe}\b", TEXT, re.MULTILINE), recipe


def test_every_file_of_a_results_folder_is_in_the_table() -> None:
    rows = re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`([\w.-]+\.\w+)`", row)} >= set(FILES)
