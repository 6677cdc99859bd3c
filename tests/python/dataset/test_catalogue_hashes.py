"""Published pictures are known by what their files hold, whatever form they come in; others are told."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from course_data import idx, planes, publish, toys

from pytrain.dataset.catalogue import CATALOGUE, Collection, Part, export_folder, fetch
from pytrain.dataset.catalogue.cifar import CIFAR_BINARY, CIFAR_PYTHON
from pytrain.dataset.catalogue.idx import IDX_PARTS

Write = Callable[[Collection, Path], Path]


def quiet(_: str) -> None:
    pass


def files_of(found: Collection) -> dict[str, bytes]:
    """The IDX files of a data set, unpacked."""
    return {
        name: idx(array)
        for names, part in zip(IDX_PARTS, (found.training, found.test), strict=True)
        for name, array in zip(names, (part.images[..., 0], part.truth), strict=True)
    }


def as_files(name: Callable[[str], str], pack: Callable[[bytes], bytes] = bytes) -> Write:
    def write(found: Collection, folder: Path) -> Path:
        folder.mkdir()
        for file, content in files_of(found).items():
            (folder / name(file)).write_bytes(pack(content))
        return folder

    return write


def as_npz(found: Collection, folder: Path) -> Path:
    folder.mkdir()
    np.savez(
        folder / "digits.npz",
        x_train=found.training.images,
        y_train=found.training.truth[:, None],
        x_test=found.test.images[..., 0],
        y_test=found.test.truth.astype(np.uint8),
    )
    return folder / "digits.npz"


def as_pictures(found: Collection, folder: Path) -> Path:
    return export_folder(found, folder, say=quiet)[0]


FORMS: dict[str, Write] = {
    "unpacked": as_files(lambda name: name),
    "packed": as_files(lambda name: f"{name}.gz", gzip.compress),
    "packed anew": as_files(lambda name: f"{name}.gz", lambda content: gzip.compress(content, 1)),
    "packed, by name not": as_files(lambda name: name, gzip.compress),
    "unpacked, by name not": as_files(lambda name: f"{name}.gz"),
    "with dots": as_files(lambda name: name.replace("-idx", ".idx")),
    "with dots and packed": as_files(lambda name: name.replace("-idx", ".idx") + ".gz", gzip.compress),
    "as Keras packs it": as_npz,
    "as pictures": as_pictures,
}


@pytest.mark.parametrize("write", FORMS.values(), ids=list(FORMS))
def test_the_published_pictures_are_known_in_every_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    toy = toys("mnist", 20, 10)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files_of(toy).items()}
    monkeypatch.setitem(CATALOGUE, "mnist", replace(CATALOGUE["mnist"], hashes=hashes, sizes=(20, 10)))
    found = fetch("mnist", tmp_path / "data", write(toy, tmp_path / "right"), quiet)
    assert found.published is True
    assert found.fingerprint == toy.fingerprint
    changed = toy.test.images.copy()
    changed[3, 4, 5] ^= 1
    said: list[str] = []
    other = write(replace(toy, test=Part(changed, toy.test.truth)), tmp_path / "wrong")
    assert fetch("mnist", tmp_path / "data", other, said.append).published is False
    assert "differs from the published files by its hashes" in said[0]


def test_kerass_own_file_is_known_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = as_npz(toys("mnist", 20, 10), tmp_path / "keras")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    hashes = {**CATALOGUE["mnist"].hashes, "mnist.npz": digest}
    monkeypatch.setitem(CATALOGUE, "mnist", replace(CATALOGUE["mnist"], hashes=hashes))
    assert fetch("mnist", tmp_path / "data", file, quiet).published is True


def test_binary_batches_are_told_by_their_hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy, folder = toys("cifar-10", 20, 10), tmp_path / "files"
    folder.mkdir()
    for names, part in zip(CIFAR_BINARY, (toy.training, toy.test), strict=True):
        for number, name in enumerate(names):
            mine = slice(number, None, len(names))
            rows = np.column_stack([part.truth[mine].astype(np.uint8), planes(part.images[mine])])
            (folder / name).write_bytes(rows.tobytes())
    said: list[str] = []
    assert fetch("cifar-10", tmp_path / "data", folder, said.append).published is False
    assert "it has 20 + 10 pictures, they have 50,000 + 10,000" in said[0]
    hashes = {file.name: hashlib.sha1(file.read_bytes()).hexdigest() for file in folder.iterdir()}
    monkeypatch.setitem(CATALOGUE, "cifar-10", replace(CATALOGUE["cifar-10"], hashes=hashes))
    assert fetch("cifar-10", tmp_path / "data", folder, quiet).published is True


def test_hashes_are_known_for_every_published_file() -> None:
    for entry in CATALOGUE.values():
        parts = IDX_PARTS if entry.channels == 1 else CIFAR_PYTHON + CIFAR_BINARY
        assert {name for part in parts for name in part} <= entry.hashes.keys()


def test_kerass_own_hashes_are_those_of_its_loaders() -> None:
    found = importlib.util.find_spec("keras")
    assert found
    assert found.origin
    for entry in CATALOGUE.values():
        loader = (Path(found.origin).parent / "src" / "datasets" / f"{entry.keras}.py").read_text()
        assert entry.keras_checks == ("file_hash=" in loader)
        assert entry.hashes.get(f"{entry.keras}.npz", "") in loader
    assert "mnist.npz" in CATALOGUE["mnist"].hashes


def test_a_folder_of_cifar_pictures_has_no_known_hash(tmp_path: Path) -> None:
    folder = export_folder(toys("cifar-10", 20, 10), tmp_path / "things", say=quiet)[0]
    assert fetch("cifar-10", tmp_path / "data", folder, quiet).published is None
    publish(toys("cifar-10", 20, 10), tmp_path / "batches")
    assert fetch("cifar-10", tmp_path / "data", tmp_path / "batches", quiet).published is False
