"""The data sets of a first course: every form of file reads alike; bad ones are told in one clear error."""

from __future__ import annotations

import gzip
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from course_data import idx, planes
from PIL import Image

from pytrain.cli import main
from pytrain.dataset.catalogue import CATALOGUE, Collection, export_folder, fetch, load, stored
from pytrain.dataset.catalogue.cifar import CIFAR_BINARY, CIFAR_PYTHON, read_binary_batch, read_python_batch
from pytrain.dataset.catalogue.idx import IDX_PARTS, read_idx
from pytrain.errors import DataError

RNG = np.random.default_rng(0)
GREY = [RNG.integers(0, 256, (20, 28, 28), np.uint8), RNG.integers(0, 256, (10, 28, 28), np.uint8)]
COLOUR = [RNG.integers(0, 256, (20, 32, 32, 3), np.uint8), RNG.integers(0, 256, (10, 32, 32, 3), np.uint8)]
TRUTH = [np.arange(20) % 10, np.arange(10)]


def write_idx(folder: Path, packed: bool = False) -> Path:
    folder.mkdir(parents=True)
    for (images, labels), pixels, truth in zip(IDX_PARTS, GREY, TRUTH, strict=True):
        for name, array in ((images, pixels), (labels, truth)):
            content = gzip.compress(idx(array)) if packed else idx(array)
            (folder / (f"{name}.gz" if packed else name)).write_bytes(content)
    return folder


def write_cifar(folder: Path, kind: str) -> Path:
    folder.mkdir(parents=True)
    for part, names in enumerate(CIFAR_PYTHON if kind == "python" else CIFAR_BINARY):
        for rows in zip(
            names, np.split(COLOUR[part], len(names)), np.split(TRUTH[part], len(names)), strict=True
        ):
            name, images, truth = rows
            if kind == "python":
                content = pickle.dumps({b"data": planes(images), b"labels": truth.tolist()}, 2)
            else:
                content = np.column_stack([truth.astype(np.uint8), planes(images)]).tobytes()
            (folder / name).write_bytes(content)
    return folder


def assert_holds(found: Collection, pictures: list[np.ndarray]) -> None:
    for part, images, truth in zip((found.training, found.test), pictures, TRUTH, strict=True):
        assert np.array_equal(part.images.squeeze(), images)
        assert np.array_equal(part.truth, truth)


@pytest.mark.parametrize("packed", [True, False])
def test_idx_files_are_read_packed_or_not(tmp_path: Path, packed: bool) -> None:
    found = fetch("mnist", tmp_path / "data", write_idx(tmp_path / "files", packed))
    assert_holds(found, GREY)
    assert found.training.images.shape == (20, 28, 28, 1)


@pytest.mark.parametrize("kind", ["python", "binary"])
def test_both_kinds_of_cifar_batches_are_read_alike(tmp_path: Path, kind: str) -> None:
    assert_holds(fetch("cifar-10", tmp_path / "data", write_cifar(tmp_path / "files", kind)), COLOUR)


def test_batches_pickled_by_numpy_1_are_read(tmp_path: Path) -> None:
    content = pickle.dumps({b"data": planes(COLOUR[0]), b"labels": TRUTH[0].tolist()}, 2)
    old = content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert old != content
    (tmp_path / "batch").write_bytes(old)
    images, truth = read_python_batch(tmp_path / "batch")
    assert np.array_equal(images, COLOUR[0])
    assert np.array_equal(truth, TRUTH[0])


def test_keras_file_and_npm_digits_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytrain.dataset.catalogue.files.NPM_TRAIN", 80)
    np.savez(tmp_path / "mnist.npz", x_train=GREY[0], y_train=TRUTH[0], x_test=GREY[1], y_test=TRUTH[1])
    assert_holds(fetch("mnist", tmp_path / "data", tmp_path / "mnist.npz"), GREY)
    digits = tmp_path / "npm" / "src" / "digits"
    digits.mkdir(parents=True)
    for digit in range(10):
        values = np.full((10, 784), digit / 10).ravel().tolist()
        (digits / f"{digit}.json").write_text(json.dumps({"data": values}))
    found = fetch("mnist", tmp_path / "data", tmp_path / "npm")
    assert (len(found.training), len(found.test)) == (80, 20)
    assert np.array_equal(found.test.images[:, 0, 0, 0], np.rint(found.test.truth / 10 * 255))


def test_what_was_fetched_is_found_again_and_exported_folders_come_back_the_same(tmp_path: Path) -> None:
    found = fetch("mnist", tmp_path / "data", write_idx(tmp_path / "files"))
    again = load("mnist", tmp_path / "data")
    assert again.fingerprint == found.fingerprint
    assert again.source == found.source
    folders = export_folder(again, tmp_path / "out" / "mnist", say=lambda _: None)
    assert [folder.name for folder in folders] == ["mnist", "mnist-test"]
    assert fetch("mnist", tmp_path / "other", folders[0]).fingerprint == found.fingerprint


def test_a_limit_exports_the_first_pictures_of_every_class_alike(tmp_path: Path) -> None:
    found = fetch("mnist", tmp_path / "data", write_idx(tmp_path / "files"))
    folders = export_folder(found, tmp_path / "some", limit=10, say=lambda _: None)
    for folder, part in zip(folders, (found.training, found.test), strict=True):
        for number, label in enumerate(found.labels):
            (file,) = (folder / label).iterdir()
            first = part.images[part.truth == number][0, ..., 0]
            assert np.array_equal(np.asarray(Image.open(file)), first)
    with pytest.raises(DataError, match="The limit is 9 pictures"):
        export_folder(found, tmp_path / "fewer", limit=9)


def test_files_that_are_not_the_published_ones_are_told(tmp_path: Path) -> None:
    said: list[str] = []
    found = fetch("mnist", tmp_path / "data", write_idx(tmp_path / "files", packed=True), said.append)
    assert found.published is False
    assert "differs from the published files" in said[0]


@pytest.mark.skipif(
    not Path(CATALOGUE["fashion-mnist"].places[0]).is_dir(),
    reason="Debian's dataset-fashion-mnist is not here",
)
def test_debians_fashion_mnist_is_the_published_one(tmp_path: Path) -> None:
    found = fetch("fashion-mnist", tmp_path)
    assert found.published is True
    assert (len(found.training), len(found.test)) == (60_000, 10_000)
    assert np.bincount(found.training.truth).tolist() == [6000] * 10


BROKEN = {
    "a truncated file": (idx(GREY[0])[:-5], "holds 15,675 bytes of values"),
    "something behind it": (idx(GREY[0]) + b"more", "holds 15,684 bytes of values"),
    "a wrong magic number": (b"\x89PNG" + bytes(100), "is no IDX file: it begins with 89 50 4e 47"),
    "an empty file": (b"", "is no IDX file: it begins with nothing"),
    "labels for images": (idx(TRUTH[0]), "holds type 0x08 in 1 dimensions"),
    "a cut gzip file": (gzip.compress(idx(GREY[0]))[:-20], "is not a whole gzip file"),
}


@pytest.mark.parametrize(("content", "told"), BROKEN.values(), ids=list(BROKEN))
def test_a_broken_idx_file_is_told_by_name_and_fault(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(DataError) as raised:
        read_idx(tmp_path / "file", 3)
    assert told in raised.value.what
    assert str(tmp_path / "file") in raised.value.what
    assert raised.value.fix


def test_labels_out_of_range_are_told(tmp_path: Path) -> None:
    folder = write_idx(tmp_path / "files")
    (folder / IDX_PARTS[0][1]).write_bytes(idx(np.full(20, 11)))
    with pytest.raises(DataError, match="picture 0 has the label 11"):
        fetch("mnist", tmp_path / "data", folder)
    batch = np.column_stack([np.full(2, 12, np.uint8), planes(COLOUR[0][:2])]).tobytes()
    (tmp_path / "batch.bin").write_bytes(batch)
    with pytest.raises(DataError, match="picture 0 has the label 12"):
        read_binary_batch(tmp_path / "batch.bin")


def test_a_batch_of_the_wrong_size_is_told(tmp_path: Path) -> None:
    (tmp_path / "batch.bin").write_bytes(bytes(5000))
    with pytest.raises(DataError, match="has 5,000 bytes"):
        read_binary_batch(tmp_path / "batch.bin")


def test_a_pickle_cannot_run_code(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (tmp_path / "touched",))  # type: ignore[return-value]

    (tmp_path / "batch").write_bytes(pickle.dumps({b"data": Evil(), b"labels": []}))
    with pytest.raises(DataError, match="asks for"):
        read_python_batch(tmp_path / "batch")
    assert not (tmp_path / "touched").exists()


def test_missing_files_are_named(tmp_path: Path) -> None:
    folder = write_idx(tmp_path / "files")
    (folder / IDX_PARTS[1][0]).unlink()
    with pytest.raises(DataError, match=f"lacks {IDX_PARTS[1][0]}"):
        fetch("mnist", tmp_path / "data", folder)
    batches = write_cifar(tmp_path / "batches", "python")
    (batches / "data_batch_3").unlink()
    with pytest.raises(DataError, match="lacks data_batch_3"):
        fetch("cifar-10", tmp_path / "data", batches)


def test_offline_the_ways_out_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    def offline() -> None:
        raise OSError("URL fetch failure: no network")

    monkeypatch.setattr(keras.datasets.cifar10, "load_data", offline)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(DataError) as raised:
        fetch("cifar-10", tmp_path, say=lambda _: None)
    assert "no network" in raised.value.what
    assert "pytrain data fetch cifar-10 --from FOLDER" in str(raised.value.fix)


def test_a_damaged_kept_file_is_told(tmp_path: Path) -> None:
    file = stored("mnist", tmp_path)
    file.parent.mkdir()
    file.write_bytes(b"nothing")
    with pytest.raises(DataError, match="is damaged"):
        load("mnist", tmp_path)


def test_the_commands_fetch_list_and_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files, data = write_idx(tmp_path / "files"), str(tmp_path / "data")
    assert run(["data", "fetch", "mnist", "--from", str(files), "--data", data]) == 0
    assert "20 pictures to learn from, 10 to test with" in capsys.readouterr().out
    assert run(["data", "list", "--data", data]) == 0
    assert "fetched:" in capsys.readouterr().out
    assert run(["data", "export", "mnist", "--data", data]) == 0
    assert len(list((tmp_path / "data" / "mnist" / "3").iterdir())) == 2
    capsys.readouterr()
    assert run(["data", "export", "mnist", "--data", data]) == 2
    assert "is there already" in capsys.readouterr().err
    assert run(["data", "fetch", "svhn"]) == 2
    assert "one of: mnist, fashion-mnist, cifar-10" in capsys.readouterr().err


def run(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)
