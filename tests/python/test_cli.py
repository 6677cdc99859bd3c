"""The command line: one plain message and exit code 2 for a user's mistake."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from pytrain.cli import cli, main


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    "command",
    [[], ["data"], ["data", "four-shapes"], *([name] for name in cli.commands if name != "data")],
    ids=" ".join,
)
def test_every_command_has_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*command, "--help") == 0
    assert "Usage: pytrain" in capsys.readouterr().out


def test_help_imports_no_heavy_library() -> None:
    code = (
        "import sys\nfrom pytrain.cli import cli, main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "sys.exit(sum(name in sys.modules for name in ('tensorflow', 'keras', 'numpy', 'PIL', 'flask')))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, stdout=subprocess.DEVNULL)
    assert done.returncode == 0


def test_backbones_are_listed_with_what_they_cost_and_whether_they_are_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mobilenet_1_0_224_tf.h5").touch()
    assert run("backbones") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "parameters", "size", "ImageNet", "features", "weights"]
    rows = {line.split()[0]: line for line in lines[1 : lines.index("")]}
    assert len(rows) == 10
    assert " ".join(rows["efficientnet-lite0"].split()) == "efficientnet-lite0 3.4 M 14 MB 75.1 % 1,280 here"
    assert rows["mobilenet"].endswith(" here")
    assert rows["resnet50"].endswith(" downloads 103 MB")
    assert lines[-1].endswith("there is none for mobilenet-v2, mobilenet.")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["verify", "no-such-model"], "There is no model at no-such-model"),
        (["export", "no-such.keras"], "There is no model at no-such.keras"),
        (["export", "m.h5", "--input-range", "0..2"], "'0..2' is not one of"),
        (["export", "m.h5", "--weights", "int4"], "'int4' is not one of"),
        (["train"], "Missing argument 'DIR'"),
        (["train", "five-shapes"], "There is no folder five-shapes"),
        (["train", "four-shapes", "--recipe", "rnn"], "'rnn' is not one of 'transfer', 'cnn', 'mlp'"),
        (["train", "four-shapes", "--recipe", "transfer"], "four-shapes takes the recipes cnn, mlp and unet"),
        (["train", "pets", "--recipe", "cnn"], "The recipe cnn is for four-shapes"),
        (["train", "pets", "--recipe", "mlp"], "A folder takes: transfer"),
        (["train", "pets", "--epochs", "3"], "--epochs is for four-shapes or mnist, f"),
        (["train", "pets", "--quick", "--data", "d"], "--data, --quick are for four-shapes"),
        (["train", "four-shapes", "--fine-tune", "auto"], "--fine-tune is for a folder of pictures; four"),
        (
            ["train", "four-shapes", "--recipe", "unet", "--data", "d"],
            "--data is for the recipes cnn and mlp",
        ),
        (["train", "pets", "--recipe", "unet"], "The recipe unet is for four-shapes"),
        (["train", "pets", "--fine-tune", "maybe"], "'maybe' is not one of 'auto', 'never', 'always'"),
        (["serve", "--models", "no-such-folder"], "'no-such-folder' does not exist"),
        (["serve", "--port", "70000"], "70000 is not in the range"),
        (["data", "four-shapes", "--from", "no-such.zip"], "'no-such.zip' does not exist"),
    ],
)
def test_a_mistake_ends_with_one_message_and_code_2(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pytrain.export.verify.verify", full)
    assert run("verify", "any") == 2
    assert "The disk is full" in capsys.readouterr().err


def test_ctrl_c_is_no_traceback(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pytrain.export.verify.verify", interrupted)
    assert run("verify", "any") == 130
    assert "Stopped." in capsys.readouterr().err


def test_a_damaged_model_is_named(small_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shard = next(small_bundle.glob("weights-*.bin"))
    shard.write_bytes(b"")
    assert run("verify", str(small_bundle)) == 2
    assert shard.name in capsys.readouterr().err
