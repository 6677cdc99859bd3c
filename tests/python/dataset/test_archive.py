"""The Kaggle archive: zipped or not, with broken files, and with ill intent."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from pytrain.dataset.four_shapes import LABELS, archive, draw_classic, load_archive
from pytrain.dataset.image_folder import scan
from pytrain.errors import DataError


def png(label, seed):
    target = io.BytesIO()
    Image.fromarray(draw_classic(label, seed)).save(target, "PNG")
    return target.getvalue()


@pytest.fixture
def pictures():
    """As in the original: shapes/<label>/<number>.png."""
    return {f"shapes/{label}/{i}.png": png(label, i) for label in LABELS for i in (0, 2, 10)}


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return path


def test_zip_loads_as_a_data_set(tmp_path, pictures):
    loaded = load_archive(zipped(tmp_path / "shapes.zip", pictures), tmp_path / "datasets")
    assert loaded.counts == dict.fromkeys(LABELS, 3)
    assert loaded.problems == ()
    folder = scan(loaded.folder)
    assert folder.labels == LABELS
    # In the order of the numbers: 0, 2, 10.
    assert (loaded.folder / "star" / "0002.png").read_bytes() == pictures["shapes/star/10.png"]


def test_folder_loads_like_the_zip(tmp_path, pictures):
    for name, content in pictures.items():
        path = tmp_path / "unpacked" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    from_zip = load_archive(zipped(tmp_path / "shapes.zip", pictures), tmp_path / "a")
    for source in (tmp_path / "unpacked", tmp_path / "unpacked" / "shapes"):
        from_folder = load_archive(source, tmp_path / "b")
        assert from_folder.counts == from_zip.counts
        assert scan(from_folder.folder).fingerprint == scan(from_zip.folder).fingerprint


def test_broken_files_are_named_and_left_out(tmp_path, pictures):
    pictures["shapes/star/2.png"] = pictures["shapes/star/2.png"][:-40]
    pictures["shapes/star/11.png"] = b""
    pictures["shapes/circle/2.png"] = b"GIF87a no"
    loaded = load_archive(zipped(tmp_path / "shapes.zip", pictures), tmp_path / "datasets")
    assert {problem.path.as_posix() for problem in loaded.problems} == {
        "shapes/star/2.png", "shapes/star/11.png", "shapes/circle/2.png",
    }  # fmt: skip
    assert all(problem.why for problem in loaded.problems)
    assert loaded.counts == {"circle": 2, "square": 3, "star": 2, "triangle": 3}


def test_entry_with_wrong_checksum_is_named(tmp_path, pictures):
    path = zipped(tmp_path / "shapes.zip", pictures)
    with zipfile.ZipFile(path) as whole:
        start = whole.getinfo("shapes/square/2.png").header_offset + 30 + len("shapes/square/2.png")
    content = bytearray(path.read_bytes())
    content[start + 20] ^= 0xFF
    path.write_bytes(content)
    loaded = load_archive(path, tmp_path / "datasets")
    assert [problem.path.as_posix() for problem in loaded.problems] == ["shapes/square/2.png"]


def test_names_that_point_outside_write_nothing_there(tmp_path, pictures):
    evil = {
        "../../star/evil.png": png("star", 1),
        "/star/evil.png": png("star", 2),
        "shapes/star/../../x.png": b"x",
    }
    out = tmp_path / "deep" / "datasets"
    loaded = load_archive(zipped(tmp_path / "shapes.zip", {**pictures, **evil}), out)
    written = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {"shapes.zip", "deep"}
    assert all(path.is_relative_to(loaded.folder) for path in out.rglob("*.png"))
    assert {path.stem.isdigit() for path in loaded.folder.rglob("*.png")} == {True}


def test_bomb_is_stopped_at_the_limit(tmp_path, pictures, monkeypatch):
    monkeypatch.setattr(archive, "MAX_FILE_BYTES", 100_000)
    pictures["shapes/star/99.png"] = bytes(5_000_000)
    loaded = load_archive(zipped(tmp_path / "shapes.zip", pictures), tmp_path / "datasets")
    assert [(problem.path.name, problem.why) for problem in loaded.problems] == [
        ("99.png", "unpacks to more than 100,000 bytes")
    ]
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 1_000_000)
    with pytest.raises(DataError, match="would unpack to"):
        load_archive(tmp_path / "shapes.zip", tmp_path / "datasets")


def test_a_missing_class_keeps_the_former_result(tmp_path, pictures):
    good = load_archive(zipped(tmp_path / "good.zip", pictures), tmp_path / "datasets")
    some = {name: content for name, content in pictures.items() if "star" not in name}
    with pytest.raises(DataError, match="no readable picture of: star"):
        load_archive(zipped(tmp_path / "bad.zip", some), tmp_path / "datasets")
    assert scan(good.folder).counts() == dict.fromkeys(LABELS, 3)
    assert [path.name for path in (tmp_path / "datasets").iterdir()] == [good.folder.name]


def test_not_an_archive(tmp_path):
    with pytest.raises(DataError, match="There is no file or folder"):
        load_archive(tmp_path / "nowhere.zip", tmp_path / "datasets")
    (cut := tmp_path / "cut.zip").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(DataError, match="not a whole zip file"):
        load_archive(cut, tmp_path / "datasets")


def test_a_strangers_folder_is_not_replaced(tmp_path, pictures):
    mine = tmp_path / "datasets" / archive.NAME / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match="did not write"):
        load_archive(zipped(tmp_path / "shapes.zip", pictures), tmp_path / "datasets")
    assert mine.is_file()


def test_originals_can_be_told_from_ours_by_the_manifest(tmp_path, pictures):
    loaded = load_archive(zipped(tmp_path / "shapes.zip", pictures), tmp_path)
    assert (loaded.folder / "dataset.json").is_file()
    assert np.asarray(Image.open(loaded.folder / "circle" / "0000.png")).shape == (200, 200, 3)
