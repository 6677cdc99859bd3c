"""Drawing whole data sets: alike for any number of processes, never half, never over another's files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytrain.dataset.four_shapes import generate as generate_data
from pytrain.dataset.four_shapes import generator
from pytrain.dataset.four_shapes.generator import CLASSIC, GLYPHS, SCENES
from pytrain.dataset.image_folder import check, scan
from pytrain.errors import DataError

SMALL = {
    "classic_per_class": 3,
    "scenes_per_class": 2,
    "unknown": 3,
    "glyphs_per_class": 2,
    "glyphs_unknown": 2,
}


def contents(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    out = tmp_path_factory.mktemp("datasets")
    generate_data(out, seed=1, workers=1, **SMALL)
    return out


def test_layout_is_that_of_the_contract(drawn):
    assert sorted(folder.name for folder in drawn.iterdir()) == [CLASSIC, GLYPHS, SCENES]
    manifest = json.loads((drawn / SCENES / "dataset.json").read_text(encoding="utf-8"))
    assert manifest["schema"] == 1
    assert manifest["name"] == SCENES
    assert manifest["seed"] == 1
    assert manifest["counts"] == {"circle": 2, "square": 2, "star": 2, "triangle": 2, "unknown": 3}
    assert (drawn / CLASSIC / "circle" / "0002.png").is_file()
    assert (drawn / GLYPHS / "unknown" / "0001.jpg").is_file()


def test_every_file_is_whole(drawn):
    for folder in drawn.iterdir():
        found = scan(folder)
        assert found.labels == ("circle", "square", "star", "triangle")
        assert found.problems == ()
        assert check(found) == ()


def test_number_of_processes_changes_nothing(drawn, tmp_path):
    generate_data(tmp_path, seed=1, workers=2, **SMALL)
    assert contents(tmp_path) == contents(drawn)


def test_more_pictures_leave_the_first_ones_as_they_are(drawn, tmp_path):
    generate_data(tmp_path, seed=1, workers=1, **{**SMALL, "scenes_per_class": 3})
    before, after = contents(drawn), contents(tmp_path)
    assert set(before) < set(after)
    assert all(after[name] == content for name, content in before.items() if not name.endswith(".json"))


def test_another_seed_draws_other_pictures(drawn, tmp_path):
    generate_data(tmp_path, seed=2, workers=1, **SMALL)
    first, second = contents(drawn), contents(tmp_path)
    same = [name for name in first if first[name] == second[name]]
    assert same == []


def test_finished_sets_are_not_drawn_again(tmp_path):
    generate_data(tmp_path, workers=1, **SMALL)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    calls = []
    generate_data(tmp_path, workers=1, progress=lambda done, total: calls.append(done), **SMALL)
    assert calls == []
    assert times == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


def test_a_missing_picture_is_drawn_again(tmp_path):
    generate_data(tmp_path, workers=1, **SMALL)
    before = contents(tmp_path)
    (tmp_path / SCENES / "star" / "0001.jpg").unlink()
    generate_data(tmp_path, workers=1, **SMALL)
    assert contents(tmp_path) == before


def test_other_settings_replace_the_set(tmp_path):
    generate_data(tmp_path, workers=1, **SMALL)
    generate_data(tmp_path, workers=1, **{**SMALL, "classic_per_class": 1})
    assert len(list((tmp_path / CLASSIC / "star").iterdir())) == 1


def test_progress_ends_at_the_total(tmp_path):
    calls = []
    generate_data(tmp_path, workers=1, progress=lambda done, total: calls.append((done, total)), **SMALL)
    assert calls[-1] == (33, 33)


def test_interruption_leaves_the_former_set_whole(tmp_path, monkeypatch):
    generate_data(tmp_path, workers=1, **SMALL)
    before = contents(tmp_path)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setitem(generator.DRAW, SCENES, interrupted)
    with pytest.raises(KeyboardInterrupt):
        generate_data(tmp_path, seed=9, workers=1, **SMALL)
    after = contents(tmp_path)
    scenes = [name for name in before if name.startswith(SCENES)]
    assert {name: after[name] for name in scenes} == {name: before[name] for name in scenes}
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_leftovers_of_a_kill_are_redone(tmp_path):
    half = tmp_path / f".{SCENES}.new" / "star"
    half.mkdir(parents=True)
    (half / "0000.jpg").write_bytes(b"half")
    generate_data(tmp_path, workers=1, **SMALL)
    assert not half.exists()
    assert scan(tmp_path / SCENES).problems == ()


def test_full_disk_is_said_plainly(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DataError, match="No space left on device") as caught:
        generate_data(tmp_path, workers=1, **SMALL)
    assert "Free some disk space" in caught.value.fix
    assert list(tmp_path.iterdir()) == []


def test_a_strangers_folder_is_not_replaced(tmp_path):
    (tmp_path / SCENES).mkdir()
    keep = tmp_path / SCENES / "my-photos.txt"
    keep.write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match="did not draw"):
        generate_data(tmp_path, workers=1, **SMALL)
    assert keep.read_text(encoding="utf-8") == "mine"


def test_a_script_without_a_main_guard_is_told_so(tmp_path):
    script = tmp_path / "draw.py"
    script.write_text(
        "from pathlib import Path\n"
        "from pytrain.dataset.four_shapes import generate\n"
        "from pytrain.errors import DataError\n"
        "try:\n"
        "    generate(Path('out'), workers=2)\n"
        "except DataError as error:\n"
        "    print(error)\n",
        encoding="utf-8",
    )
    paths = os.pathsep.join([str(Path(generator.__file__).parents[3]), os.environ.get("PYTHONPATH", "")])
    run = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert run.returncode == 0, run.stderr
    assert "workers=1" in run.stdout
    assert list((tmp_path / "out").iterdir()) == []


def test_drawing_takes_no_tensorflow_along():
    code = (
        "import sys, pytrain.dataset.four_shapes as _; print([name in sys.modules for name in sys.argv[1:]])"
    )
    root = Path(generator.__file__).parents[3]
    run = subprocess.run(
        [sys.executable, "-c", code, "tensorflow", "matplotlib"],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env={**os.environ},
    )
    assert run.stdout.split() == ["[False,", "False]"]
