"""Models that come as a zip: whole ones are kept, all others leave nothing behind."""

from __future__ import annotations

import errno
import io
import json
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from serving import Caller, assert_refused

from pytrain import bundle
from pytrain.serve import create_app, uploads


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def call(root: Path, tmp_path: Path) -> Caller:
    (tmp_path / "page").mkdir()
    app = create_app([root, tmp_path / "exported_models"], tmp_path / "page", datasets=tmp_path / "datasets")
    app.testing = True
    return Caller(app.test_client())


@pytest.fixture
def parts(small_bundle: Path) -> dict[str, bytes]:
    """The files of a bundle by their place in it."""
    files = (path for path in small_bundle.rglob("*") if path.is_file())
    return {path.relative_to(small_bundle).as_posix(): path.read_bytes() for path in files}


def zipped(parts: dict[str, bytes], below: str = "", compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(below + name, content)
    return file.getvalue()


def left(root: Path) -> list[str]:
    return sorted(entry.name for entry in root.iterdir()) if root.exists() else []


@pytest.mark.parametrize("below", ["", "my model/"])
def test_a_model_that_was_sent_is_listed_and_served(
    call: Caller, root: Path, parts: dict[str, bytes], below: str
) -> None:
    assert call("POST", "models/gestures%20%F0%9F%A4%9A", zipped(parts, below))[0] == 201
    found = bundle.read(root / "gestures 🤚")
    assert found.labels == ("circle", "square", "star", "triangle")
    listed = call.client.get("/models.json").get_json()["models"]
    assert "gestures 🤚" in [model["name"] for model in listed]
    with call.client.get(f"/models/{quote('gestures 🤚')}/model.json") as answer:
        assert answer.data == parts["model.json"]


def test_pages_and_whatever_else_does_not_belong_there_is_left_out(
    call: Caller, root: Path, parts: dict[str, bytes]
) -> None:
    odd = {
        "report/index.html": b"<script>alert(1)</script>",
        "index.html": b"<script>alert(1)</script>",
        "run.js": b"alert(1)",
        "picture.svg": b"<svg/>",
        ".hidden": b"x",
        "golden/deeper/a.png": b"x",
        "__MACOSX/._metadata.json": b"x",
    }
    assert call("POST", "models/pets", zipped({**parts, **odd}))[0] == 201
    kept = {
        path.relative_to(root / "pets").as_posix() for path in (root / "pets").rglob("*") if path.is_file()
    }
    assert kept == set(parts) - {"model.keras"}


def test_a_model_that_is_there_is_replaced_only_if_asked(
    call: Caller, root: Path, parts: dict[str, bytes]
) -> None:
    assert call("POST", "models/pets", zipped(parts))[0] == 201
    assert_refused(call("POST", "models/pets", zipped(parts)), 409)
    assert_refused(call("POST", "models/small", zipped(parts)), 409)
    renamed = json.loads(parts["metadata.json"])
    renamed["labels"] = ["a", "b", "c", "d"]
    better = {**parts, "metadata.json": json.dumps(renamed).encode()}
    assert call("POST", "models/pets?replace=1", zipped(better))[0] == 201
    assert bundle.read(root / "pets").labels == ("a", "b", "c", "d")
    assert_refused(call("POST", "models/pets?replace=1", b"no zip"), 422)
    assert bundle.read(root / "pets").labels == ("a", "b", "c", "d")
    assert left(root) == ["pets"]


@pytest.mark.parametrize("name", ["con", ".pets", "a:b", "Small", "a" * 61, "x."])
def test_odd_names_are_refused(call: Caller, root: Path, parts: dict[str, bytes], name: str) -> None:
    assert_refused(call("POST", f"models/{quote(name)}", zipped(parts)), 409 if name == "Small" else 400)
    assert left(root) == []


def test_a_folder_that_is_no_model_stays(call: Caller, root: Path, parts: dict[str, bytes]) -> None:
    (root / "thesis").mkdir(parents=True)
    (root / "thesis" / "notes.txt").write_text("mine")
    assert_refused(call("POST", "models/thesis?replace=1", zipped(parts)), 409)
    assert (root / "thesis" / "notes.txt").read_text() == "mine"


def shard_of(parts: dict[str, bytes]) -> str:
    return next(name for name in parts if name.startswith("weights-"))


def with_weights_elsewhere(parts: dict[str, bytes]) -> dict[str, bytes]:
    topology = parts["model.json"].replace(shard_of(parts).encode(), b"../small/" + shard_of(parts).encode())
    return {**parts, "model.json": topology}


def bomb(parts: dict[str, bytes]) -> bytes:
    """Half a gigabyte of nothing in half a megabyte."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        with archive.open("weights-bomb.bin", "w") as large:
            for _ in range(520):
                large.write(bytes(1_000_000))
    return file.getvalue()


def lying(parts: dict[str, bytes]) -> bytes:
    """A bomb that says it is small: the sizes in the directory are changed."""
    content = bytearray(zipped({**parts, "weights-lie.bin": bytes(1_000_000)}))
    at = content.rindex(b"weights-lie.bin") - 46
    assert content[at : at + 4] == b"PK\x01\x02"
    content[at + 24 : at + 28] = struct.pack("<I", 100)
    return bytes(content)


def linked(parts: dict[str, bytes]) -> bytes:
    """Its metadata is a link to another file of the machine."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            if name != "metadata.json":
                archive.writestr(name, content)
        link = zipfile.ZipInfo("metadata.json")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return file.getvalue()


def encrypted(parts: dict[str, bytes]) -> bytes:
    content = bytearray(zipped(parts))
    at = -1
    while (at := content.find(b"PK\x01\x02", at + 1)) >= 0:
        content[at + 8] |= 1
    return bytes(content)


TOPOLOGY = b'{"weightsManifest": [{"paths": [7], "weights": [{"shape": 7, "dtype": []}]}]}'
Parts = dict[str, bytes]
BROKEN: dict[str, tuple[Callable[[Parts], bytes], int]] = {
    "nothing": (lambda parts: b"", 422),
    "a text": (lambda parts: b"hello", 422),
    "an empty zip": (lambda parts: zipped({}), 422),
    "a zip cut off": (lambda parts: zipped(parts)[:-300], 422),
    "a damaged zip": (lambda parts: zipped(parts).replace(b"weights-", b"weightx-", 1), 422),
    "no metadata": (lambda parts: zipped({k: v for k, v in parts.items() if k != "metadata.json"}), 422),
    "two folders down": (lambda parts: zipped(parts, "a/b/"), 422),
    "no weights": (lambda parts: zipped({k: v for k, v in parts.items() if k != shard_of(parts)}), 422),
    "weights cut off": (lambda parts: zipped({**parts, shard_of(parts): b"1234"}), 422),
    "weights from elsewhere": (lambda parts: zipped(with_weights_elsewhere(parts)), 422),
    "metadata of another program": (
        lambda parts: zipped({**parts, "metadata.json": b'{"labels": ["a"]}'}),
        422,
    ),
    "metadata that is deep": (lambda parts: zipped({**parts, "metadata.json": b"[" * 200_000}), 422),
    "a topology that is none": (
        lambda parts: zipped({**parts, "model.json": b'{"weightsManifest": 7}'}),
        422,
    ),
    "a way up": (lambda parts: zipped({**parts, "../evil.json": b"{}"}), 422),
    "an absolute path": (lambda parts: zipped({**parts, "/etc/evil.json": b"{}"}), 422),
    "a drive": (lambda parts: zipped({**parts, "C:/evil.json": b"{}"}), 422),
    "an unusual packing": (lambda parts: zipped(parts, compression=zipfile.ZIP_BZIP2), 422),
    "a bomb": (bomb, 413),
    "a bomb that lies": (lying, 422),
    "a link": (linked, 422),
    "a secret": (encrypted, 422),
    "too many files": (lambda parts: zipped({**parts, **{f"{n}.txt": b"" for n in range(2_001)}}), 413),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_whole_model_leaves_nothing_behind(
    call: Caller, root: Path, tmp_path: Path, parts: dict[str, bytes], kind: str
) -> None:
    make, status = BROKEN[kind]
    assert_refused(call("POST", "models/pets", make(parts)), status)
    assert left(root) == []
    assert not list(tmp_path.rglob("evil.json"))
    assert call.client.get("/models.json").get_json()["problems"] == []


def test_two_files_of_one_name_are_refused(call: Caller, root: Path, parts: dict[str, bytes]) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("metadata.json", b"{}")
    assert_refused(call("POST", "models/pets", file.getvalue()), 422)
    assert left(root) == []


def test_a_zip_has_a_size_at_most(
    call: Caller, root: Path, parts: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_ZIP_BYTES", 1_000)
    assert_refused(call("POST", "models/pets", zipped(parts)), 413)
    assert left(root) == []


@pytest.mark.parametrize("limit", ["MOST_MODELS", "MOST_BYTES_OF_ALL"])
def test_a_folder_takes_so_many_models_and_bytes(
    call: Caller, root: Path, parts: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    size = sum(len(content) for content in parts.values())
    monkeypatch.setattr(uploads, limit, 1 if limit == "MOST_MODELS" else size)
    assert call("POST", "models/pets", zipped(parts))[0] == 201
    answer = call("POST", "models/shells", zipped(parts))
    assert_refused(answer, 409)
    assert "Delete" in answer[1]["error"]["fix"]
    assert left(root) == ["pets"]
    assert call("POST", "models/pets?replace=1", zipped(parts))[0] == 201


def test_errors_name_the_model_and_not_where_it_was_unpacked(call: Caller, parts: dict[str, bytes]) -> None:
    answer = call("POST", "models/pets", zipped({**parts, shard_of(parts): b"1234"}))
    assert ".new-" not in json.dumps(answer[1])
    assert answer[1]["error"]["what"].startswith("pets: the weight files")


def test_odd_figures_in_one_model_hide_no_other(call: Caller, root: Path, parts: dict[str, bytes]) -> None:
    metadata = json.loads(parts["metadata.json"])
    metadata["pytrain"]["metrics"] = {"test": 7, "other": {"accuracy": 0.5}}
    odd = {**parts, "metadata.json": json.dumps(metadata).encode()}
    assert call("POST", "models/pets", zipped(odd))[0] == 201
    listed = call.client.get("/models.json").get_json()["models"]
    assert [(model["name"], model["accuracy"]) for model in listed if model["name"] == "pets"] == [
        ("pets", {"other": 0.5})
    ]


def test_where_the_disk_is_full_nothing_half_is_left(
    call: Caller, root: Path, parts: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call("POST", "models/pets", zipped(parts))[0] == 201

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfileobj", full)
        assert_refused(call("POST", "models/pets?replace=1", zipped(parts)), 507)
        assert_refused(call("POST", "models/others", zipped(parts)), 507)
    assert left(root) == ["pets"]
    assert bundle.read(root / "pets").labels == ("circle", "square", "star", "triangle")
