"""docs/serving.md and docs/publishing.md say what the server does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from serving import picture

from pytrain.serve import create_app, datasets, events, jobs, pictures, uploads

from .conftest import SECONDS, Start

DOCS = Path(__file__).resolve().parents[3] / "docs"
SERVING = (DOCS / "serving.md").read_text(encoding="utf-8")
PUBLISHING = (DOCS / "publishing.md").read_text(encoding="utf-8")


def test_every_call_is_documented_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    app = create_app([tmp_path], tmp_path / "page")
    there = {
        f"{method} {rule.rule.replace('path:', '').replace('<identity>', '<id>')}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule not in ("/", "/<path:file>")
    }
    written = set(re.findall(r"^\| `([A-Z]+ /\S+)` \|", SERVING, re.MULTILINE))
    assert written == there


def test_the_limits_are_those_of_the_server() -> None:
    for text in [
        f"| {pictures.MOST_BYTES // 10**6} MB and {pictures.MOST_PIXELS // 10**6} megapixels | a picture |",
        f"| {datasets.MOST_DATASETS:,} | data sets |",
        f"| {datasets.MOST_BYTES // 10**9} GB | all data sets",
        f"| {datasets.MOST_LABELS:,} | classes",
        f"| {datasets.MOST_PICTURES:,} | pictures",
        f"| {uploads.MOST_ZIP_BYTES // 10**6} MB, unpacked {uploads.MOST_BYTES // 10**6} MB "
        f"and {uploads.MOST_FILES:,} files |",
        f"| {uploads.MOST_MODELS} models, {uploads.MOST_BYTES_OF_ALL // 10**9} GB | the folder",
        f"| {jobs.MOST_WAITING} | trainings",
        f"| {events.MOST_STREAMS} | open streams",
        f"last {jobs.KEPT_LINES}",
        f"the last {jobs.KEPT_JOBS}",
    ]:
        assert text in SERVING.replace("\n  ", " "), text


def code(text: str) -> str:
    (found,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    return str(found)


def test_the_example_of_a_program_runs_as_it_stands(start: Start, tmp_path: Path) -> None:
    server = start()
    (tmp_path / "photo.jpg").write_bytes(picture())
    program = code(SERVING).replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "'id': 'photo-1'" in done.stdout
    assert "'name': 'rock'" in done.stdout
    assert (tmp_path / "datasets" / "gestures" / "rock" / "photo-1.jpg").is_file()


def test_the_example_of_publishing_runs_as_it_stands(
    small_bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small_bundle.rename(small_bundle.with_name("flowers"))
    monkeypatch.chdir(small_bundle.parents[1])
    exec(compile(code(PUBLISHING), "publishing.md", "exec"), {})
    assert (small_bundle.parents[1] / "site" / "index.html").is_file()
    assert "site" in capsys.readouterr().out
