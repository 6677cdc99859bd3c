"""Every bad local file ends `pytrain data fetch` with one message that names it, and exit code 2."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from course_data import planes, publish, toys
from PIL import Image

from pytrain.cli import main
from pytrain.dataset.catalogue import export_folder, fetch
from pytrain.dataset.catalogue.cifar import CIFAR_BINARY

DIGITS, THINGS = toys("mnist", 20, 10), toys("cifar-10", 20, 10)


def refused(name: str, source: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command says about files that it cannot take."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(["data", "fetch", name, "--from", str(source), "--data", str(source.parent / "data")])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said.startswith("Error: ")
    assert "\nExpected: " in said
    assert "\nWhat to do: " in said
    assert not (source.parent / "data").exists()
    return said


@pytest.fixture
def python_batches(tmp_path: Path) -> Path:
    publish(THINGS, tmp_path / "batches")
    return tmp_path / "batches"


@pytest.fixture
def binary_batches(tmp_path: Path) -> Path:
    folder = tmp_path / "batches"
    folder.mkdir()
    for names, part in zip(CIFAR_BINARY, (THINGS.training, THINGS.test), strict=True):
        for number, name in enumerate(names):
            mine = slice(number, None, len(names))
            rows = np.column_stack([part.truth[mine].astype(np.uint8), planes(part.images[mine])])
            (folder / name).write_bytes(rows.tobytes())
    return folder


def change(batch: Path, change_it: Callable[[dict[bytes, Any]], None]) -> None:
    content = pickle.loads(batch.read_bytes(), encoding="bytes")
    change_it(content)
    batch.write_bytes(pickle.dumps(content, 2))


def test_a_binary_batch_cut_between_two_pictures_is_told(
    binary_batches: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = binary_batches / "data_batch_3.bin"
    batch.write_bytes(batch.read_bytes()[: 3073 * 3])
    said = refused("cifar-10", binary_batches, capsys)
    assert f"{batch} holds 3 pictures." in said
    assert "4, as the other batches hold; of the published ones each holds 10,000" in said


def test_a_python_batch_of_fewer_pictures_is_told(
    python_batches: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = python_batches / "data_batch_1"
    change(batch, lambda content: content.update({b"data": content[b"data"][:1], b"labels": [0]}))
    assert f"{batch} holds 1 pictures." in refused("cifar-10", python_batches, capsys)


def test_a_short_test_batch_beside_published_ones_is_told(
    binary_batches: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = binary_batches / "test_batch.bin"
    batch.write_bytes(batch.read_bytes()[: 3073 * 3])
    assert len(fetch("cifar-10", binary_batches / "own", binary_batches, lambda _: None).test) == 3
    monkeypatch.setattr("pytrain.dataset.catalogue.cifar.PUBLISHED", 4)
    assert f"{batch} holds 3 pictures." in refused("cifar-10", binary_batches, capsys)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([[1], [1, 2], 1, 1], "picture 0 has the label [1]"),
        ([[1], [2], [3], [4]], "picture 0 has the label [1]"),
        ([0, "cat", 1, 1], "picture 1 has the label 'cat'"),
        ([0, 1, 2.5, 1], "picture 2 has the label 2.5"),
        ([0, 1, 2, 10**400], "picture 3 has the label 1000"),
        ([0, 1, 2, -1], "picture 3 has the label -1"),
    ],
    ids=["ragged", "nested", "text", "fraction", "huge", "negative"],
)
def test_labels_that_are_none_are_told(
    python_batches: Path, capsys: pytest.CaptureFixture[str], labels: list[Any], told: str
) -> None:
    batch = python_batches / "data_batch_2"
    change(batch, lambda content: content.update({b"labels": labels}))
    said = refused("cifar-10", python_batches, capsys)
    assert f"{batch}: {told}" in said
    assert "a whole number from 0 to 9" in said
    assert len(said) < 1000


def test_a_batch_that_asks_for_code_is_named(
    python_batches: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = python_batches / "test_batch"
    change(batch, lambda content: content.update({b"labels": Path("code")}))
    assert f"{batch} asks for pathlib." in refused("cifar-10", python_batches, capsys)


GREY = DIGITS.training.images[..., 0]
ARRAYS: dict[str, tuple[dict[str, Any], str]] = {
    "of fractions": (
        {"x_train": GREY / np.float32(255)},
        "x_train in FILE holds 20 x 28 x 28 values of the type f",
    ),
    "of another size": (
        {"x_test": GREY[:10, 1:]},
        "x_test in FILE holds 10 x 27 x 28 values of the type uint8.",
    ),
    "of one number": ({"x_test": np.uint8(3)}, "x_test in FILE holds a single uint8."),
    "without pictures": ({"x_train": GREY[:0], "y_train": []}, "x_train in FILE holds 0 x 28 x 28 values"),
    "with one-hot labels": ({"y_train": np.eye(20, 10, dtype=int)}, "y_train in FILE holds 20 x 10 values"),
    "with fractions as labels": (
        {"y_test": np.ones(10) / 2},
        "y_test in FILE holds 10 values of the type float64.",
    ),
    "with a label": ({"y_test": np.int64(3)}, "y_test in FILE holds a single int64."),
    "with objects": ({"y_test": np.array([{}] * 10)}, "FILE cannot be read: Object arrays"),
    "with fewer labels": ({"y_test": np.arange(9)}, "x_test in FILE holds 10 pictures, and y_test in FILE 9"),
    "with other labels": ({"y_test": np.arange(1, 11)}, "y_test in FILE: picture 9 has the label 10."),
    "that lacks one": ({"y_test": None}, "FILE lacks y_test."),
}


@pytest.mark.parametrize(("arrays", "told"), ARRAYS.values(), ids=list(ARRAYS))
def test_arrays_that_are_no_pictures_or_labels_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arrays: dict[str, Any], told: str
) -> None:
    right = {"x_train": GREY, "x_test": DIGITS.test.images[..., 0]}
    right |= {"y_train": DIGITS.training.truth, "y_test": DIGITS.test.truth}
    file = tmp_path / "digits.npz"
    np.savez(file, **{name: array for name, array in (right | arrays).items() if array is not None})
    assert told.replace("FILE", str(file)) in refused("mnist", file, capsys)


def test_a_file_that_is_no_npz_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mnist.npz"
    np.savez(file, x_train=GREY)
    for content in (b"", b"<!DOCTYPE html>", file.read_bytes()[:-100]):
        file.write_bytes(content)
        assert f"{file} is no .npz file, or was cut off." in refused("mnist", file, capsys)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return export_folder(DIGITS, tmp_path / "digits", say=lambda _: None)[0]


@pytest.mark.parametrize("suffix", ["jpg", "webp", "bmp", "tiff", "gif"])
def test_pictures_of_any_format_are_read(pictures: Path, suffix: str) -> None:
    for folder in (pictures, pictures.with_name("digits-test")):
        for file in folder.rglob("*.png"):
            with Image.open(file) as picture:
                picture.save(file.with_suffix(f".{suffix}"))
            file.unlink()
        (folder / "3" / ".DS_Store").write_bytes(b"of a file manager")
    found = fetch("mnist", pictures.parent / "data", pictures, lambda _: None)
    for part, mine in ((found.training, DIGITS.training), (found.test, DIGITS.test)):
        assert np.array_equal(part.truth, mine.truth)
        assert np.abs(part.images.astype(int) - mine.images).mean() < 15


def test_bad_pictures_are_named(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = pictures / "5" / "00005.png"
    right = file.read_bytes()
    file.write_bytes(right[: len(right) // 2])
    assert f"{file} is damaged: " in refused("mnist", pictures, capsys)
    file.write_bytes(b"nothing")
    assert f"{file} is not a picture" in refused("mnist", pictures, capsys)
    Image.new("L", (40, 28)).save(file)
    said = refused("mnist", pictures, capsys)
    assert f"{file} is 40 x 28 pixels." in said
    assert "28 x 28 pixels, the size of mnist" in said


def test_missing_class_folders_are_named(
    pictures: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    test = pictures.with_name("digits-test")
    shutil.rmtree(test / "7")
    assert f"lacks the folder {test / '7'}." in refused("mnist", pictures, capsys)
    shutil.rmtree(pictures / "2")
    shutil.rmtree(test)
    said = refused("mnist", pictures, capsys)
    assert f"lacks the folder {pictures / '2'}, the folder {test}." in said
    monkeypatch.chdir(pictures / "3")
    assert ". holds no files of mnist." in refused("mnist", Path(), capsys)


def test_an_archive_is_to_be_unpacked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(b"\x1f\x8bpacked")
    assert "Unpack it" in refused("cifar-10", tmp_path / "cifar-10-python.tar.gz", capsys)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"data": [0.5, ', "Expecting value"),
        ('{"data": [0.5]}', "cannot reshape"),
        (f'{{"data": {[2] * 784}}}', "it holds values beyond 0 to 1"),
        ('{"digits": []}', "'data'"),
    ],
    ids=["cut off", "too few", "too large", "another key"],
)
def test_bad_digits_of_npms_package_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, told: str
) -> None:
    for digit in range(10):
        (tmp_path / f"{digit}.json").write_text(f'{{"data": {[0.5] * 784}}}')
    (tmp_path / "4.json").write_text(content)
    said = refused("mnist", tmp_path, capsys)
    assert f"{tmp_path / '4.json'} cannot be read: " in said
    assert told in said
