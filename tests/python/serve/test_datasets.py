"""Data sets that a page records: what is kept, what is refused, and that nothing is ever destroyed."""

from __future__ import annotations

import errno
import io
import json
import shutil
import struct
import sys
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image
from serving import Caller, assert_refused, picture

from pytrain.serve import create_app, datasets
from pytrain.serve.jobs import Order
from pytrain.serve.places import REMOVED
from pytrain.serve.services import Services


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "datasets"


@pytest.fixture
def call(root: Path, tmp_path: Path) -> Iterator[Caller]:
    (tmp_path / "page").mkdir()
    app = create_app([tmp_path / "exported_models"], tmp_path / "page", datasets=root)
    app.testing = True
    yield Caller(app.test_client())
    app.extensions["pytrain"].jobs.stop(60)


def jobs_of(call: Caller) -> Services:
    found: Services = call.client.application.extensions["pytrain"]
    return found


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def at(*names: str) -> str:
    return "datasets/" + "/".join(quote(name, safe="") for name in names)


def test_a_recorded_picture_lies_where_training_reads_it(call: Caller, root: Path) -> None:
    content = picture()
    assert call("PUT", at("pets", "cat", "a-1"), content) == (201, {"id": "a-1", "bytes": len(content)})
    assert (root / "pets" / "cat" / "a-1.jpg").read_bytes() == content
    assert files(root) == ["pets/cat/a-1.jpg"]


def test_the_same_again_changes_nothing(call: Caller, root: Path) -> None:
    call("PUT", at("pets", "cat", "a"), picture())
    assert call("PUT", at("pets", "cat", "a"), picture())[0] == 200
    assert files(root) == ["pets/cat/a.jpg"]


def test_a_picture_may_be_replaced_by_one_of_another_kind(call: Caller, root: Path) -> None:
    call("PUT", at("pets", "cat", "a"), picture("JPEG"))
    assert call("PUT", at("pets", "cat", "a"), picture("WEBP"))[0] == 200
    assert files(root) == ["pets/cat/a.webp"]


@pytest.mark.parametrize(("kind", "ending"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")])
def test_a_picture_ends_as_what_it_is(call: Caller, root: Path, kind: str, ending: str) -> None:
    assert call("PUT", at("pets", "cat", "a"), picture(kind))[0] == 201
    assert files(root) == [f"pets/cat/a.{ending}"]


def test_what_is_held_out_lies_where_training_passes_over_it(call: Caller, root: Path) -> None:
    from pytrain.dataset.image_folder import open_dataset

    for label, side in (("cat", 32), ("dog", 48)):
        for number in range(3):
            content = picture(size=(side, side), colour=f"#{number}{number}{number}")
            call("PUT", at("pets", label, str(number)), content)
        call("PUT", at("pets", label, "held") + "?held_out=1", picture())
    assert (root / "pets" / ".held-out" / "cat" / "held.jpg").is_file()
    found = open_dataset(root / "pets", lenient=True)
    assert set(found.labels) == {"cat", "dog"}
    assert not [entry.path for entry in found.pictures if entry.path.stem == "held"]
    assert call("GET", at("pets"))[1]["labels"][0] == {
        "name": "cat",
        "images": ["0", "1", "2"],
        "held_out": ["held"],
    }


def test_a_picture_is_either_held_out_or_not(call: Caller, root: Path) -> None:
    call("PUT", at("pets", "cat", "a"), picture())
    assert call("PUT", at("pets", "cat", "a") + "?held_out=1", picture())[0] == 200
    assert files(root) == ["pets/.held-out/cat/a.jpg"]
    assert call("PUT", at("pets", "cat", "a"), picture())[0] == 200
    assert files(root) == ["pets/cat/a.jpg"]


def test_data_sets_are_listed_with_their_numbers(call: Caller, root: Path) -> None:
    assert call("GET", "datasets") == (200, {"datasets": []})
    call("PUT", at("pets", "cat", "a"), picture())
    call("PUT", at("pets", "cat", "b") + "?held_out=1", picture())
    call("PUT", at("pets", "dog"))
    (root / "pets" / "dog" / "from my phone.jpeg").write_bytes(b"12345")
    (found,) = call("GET", "datasets")[1]["datasets"]
    assert found == {
        "name": "pets",
        "labels": [
            {"name": "cat", "images": 1, "held_out": 1},
            {"name": "dog", "images": 1, "held_out": 0},
        ],
        "bytes": 2 * len(picture()) + 5,
    }


def test_a_picture_is_given_back_as_it_came(call: Caller) -> None:
    call("PUT", at("pets", "cat", "a"), picture("PNG"))
    with call.client.get(f"/api/{at('pets', 'cat', 'a')}") as answer:
        assert answer.data == picture("PNG")
        assert answer.mimetype == "image/png"
    assert_refused(call("GET", at("pets", "cat", "b")), 404)
    assert_refused(call("GET", at("pets", "dog", "a")), 404)
    assert_refused(call("GET", at("none", "cat", "a")), 404)
    assert_refused(call("GET", at("none")), 404)


def test_what_is_removed_is_not_destroyed(call: Caller, root: Path) -> None:
    for identity in ("a", "b"):
        call("PUT", at("pets", "cat", identity), picture())
    assert call("DELETE", at("pets", "cat", "a"))[0] == 200
    call("PUT", at("pets", "cat", "a"), picture())
    assert call("DELETE", at("pets", "cat", "a"))[0] == 200
    assert files(root) == ["pets/.removed/cat/a-2.jpg", "pets/.removed/cat/a.jpg", "pets/cat/b.jpg"]
    assert_refused(call("DELETE", at("pets", "cat", "a")), 404)


def test_a_removed_class_is_not_destroyed_either(call: Caller, root: Path) -> None:
    for _ in range(2):
        call("PUT", at("pets", "cat", "a"), picture())
        call("PUT", at("pets", "cat", "h") + "?held_out=1", picture())
        assert call("DELETE", at("pets", "cat"))[0] == 200
    assert files(root) == [
        "pets/.removed/.held-out/cat-2/h.jpg",
        "pets/.removed/.held-out/cat/h.jpg",
        "pets/.removed/cat-2/a.jpg",
        "pets/.removed/cat/a.jpg",
    ]
    assert call("GET", at("pets"))[1]["labels"] == []
    assert_refused(call("DELETE", at("pets", "cat")), 404)


def test_a_class_may_be_empty_and_made_twice(call: Caller, root: Path) -> None:
    assert call("PUT", at("pets", "猫 🐱"))[0] == 201
    assert call("PUT", at("pets", "猫 🐱"))[0] == 200
    assert (root / "pets" / "猫 🐱").is_dir()


@pytest.mark.parametrize(
    "name", [".hidden", "..", "a:b", "a\\b", "con", "a" * 61, " cat", "cat ", "__MACOSX", ".removed", "a\nb"]
)
def test_odd_names_are_refused_with_a_better_one(call: Caller, root: Path, name: str) -> None:
    for path in (at("pets", name), at("pets", name, "a"), at(name, "cat")):
        status, answer = call("PUT", path, picture())
        if status == 404:
            # A way up, which no route leads to.
            assert name == ".."
            continue
        assert_refused((status, answer), 400)
        assert answer["error"]["fix"].startswith("Call it ")
    assert files(root.parent / "datasets") == []


@pytest.mark.parametrize(
    "path", ["datasets/../x/cat/a", "datasets/..%2fx/cat/a", "datasets/pets/..%2f..%2fx/a"]
)
def test_no_name_leads_out_of_the_folder(call: Caller, root: Path, path: str) -> None:
    assert call("PUT", path, picture())[0] in (400, 404, 405)
    assert call("GET", path)[0] == 404
    assert not (root.parent / "x").exists()


def test_names_differ_by_more_than_case(call: Caller, root: Path) -> None:
    call("PUT", at("pets", "cat", "a"), picture())
    assert_refused(call("PUT", at("pets", "Cat", "b"), picture()), 409)
    assert_refused(call("PUT", at("Pets", "cat", "b"), picture()), 409)
    assert_refused(call("PUT", at("pets", "Cat")), 409)
    assert files(root) == ["pets/cat/a.jpg"]


def test_one_letter_may_be_written_in_two_ways(call: Caller, root: Path) -> None:
    call("PUT", at("pets", "caf\u00e9", "a"), picture())
    assert call("PUT", at("pets", "cafe\u0301", "b"), picture())[0] == 201
    assert [folder.name for folder in (root / "pets").iterdir() if folder.name[0] != "."] == ["caf\u00e9"]


@pytest.mark.parametrize("identity", ["A", "a.b", "a" * 65, "ä", "a_b", "%2e%2e", "a%2fb"])
def test_pictures_have_plain_names(call: Caller, root: Path, identity: str) -> None:
    status, answer = call("PUT", at("pets", "cat") + f"/{identity}", picture())
    assert status in (400, 404, 405)
    assert answer["error"]["fix"]
    assert not root.exists() or files(root) == []


def bomb() -> bytes:
    """A PNG of a few bytes that says it is 20,000 x 20,000."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def large() -> bytes:
    """8,000 x 8,000 pixels: 64 megapixels, which Pillow would open."""
    file = io.BytesIO()
    Image.new("1", (8_000, 8_000)).save(file, "PNG")
    return file.getvalue()


NO_PICTURES = {
    "nothing": (b"", 415),
    "a text": (b"hello", 415),
    "a page": (b"<script>alert(1)</script>", 415),
    "an SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
    "a GIF": (picture("GIF"), 415),
    "half a JPEG": (picture("JPEG", (200, 200))[:-200], 415),
    "a JPEG's beginning": (picture("JPEG")[:20], 415),
    "a PNG cut off": (picture("PNG")[:40], 415),
    "too many pixels": (large(), 413),
    "far too many pixels": (bomb(), 413),
}


@pytest.mark.parametrize("kind", NO_PICTURES)
def test_what_is_no_picture_is_not_kept(call: Caller, root: Path, kind: str) -> None:
    content, status = NO_PICTURES[kind]
    assert_refused(call("PUT", at("pets", "cat", "a"), content), status)
    assert not root.exists() or files(root) == []


def test_a_picture_has_a_size_at_most(call: Caller, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytrain.serve import dataset_routes

    monkeypatch.setattr(dataset_routes, "MOST_BYTES", len(picture()))
    assert call("PUT", at("pets", "cat", "a"), picture())[0] == 201
    assert_refused(call("PUT", at("pets", "cat", "b"), picture() + b"x"), 413)
    assert files(root) == ["pets/cat/a.jpg"]


def test_a_data_set_has_so_many_classes_and_pictures(
    call: Caller, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "MOST_LABELS", 2)
    monkeypatch.setattr(datasets, "MOST_PICTURES", 3)
    assert call("PUT", at("pets", "cat", "a"), picture())[0] == 201
    assert call("PUT", at("pets", "dog", "a") + "?held_out=1", picture())[0] == 201
    assert_refused(call("PUT", at("pets", "cow", "a"), picture()), 409)
    assert call("PUT", at("pets", "dog", "b"), picture())[0] == 201
    assert_refused(call("PUT", at("pets", "dog", "c"), picture()), 409)
    assert call("PUT", at("pets", "dog", "b"), picture())[0] == 200
    call("DELETE", at("pets", "dog", "b"))
    assert call("PUT", at("pets", "dog", "c"), picture())[0] == 201
    assert len([path for path in files(root) if "removed" not in path]) == 3


def test_there_are_so_many_data_sets(call: Caller, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "MOST_DATASETS", 2)
    for name in ("pets", "shells"):
        assert call("PUT", at(name, "one", "a"), picture())[0] == 201
    answer = call("PUT", at("stones", "one", "a"), picture())
    assert_refused(answer, 409)
    assert answer[1]["error"] == {
        "what": "There are 2 data sets.",
        "expected": "at most 2",
        "fix": f"Delete one from the folder {root.name}, or record into one that is there.",
    }
    assert_refused(call("PUT", "datasets/stones/one"), 409)
    assert not (root / "stones").exists()
    assert call("PUT", at("pets", "one", "b"), picture())[0] == 201


def test_all_data_sets_together_hold_so_many_bytes(
    call: Caller, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "MOST_BYTES", 2 * len(picture()))
    assert call("PUT", at("pets", "cat", "a"), picture())[0] == 201
    assert call("PUT", at("shells", "cone", "a"), picture())[0] == 201
    assert call("PUT", at("pets", "cat", "a"), picture())[0] == 200
    answer = call("PUT", at("pets", "cat", "b"), picture())
    assert_refused(answer, 409)
    assert "what was removed included" in answer[1]["error"]["expected"]
    # What is removed takes the disk as before, until somebody deletes it there.
    call("DELETE", at("pets", "cat", "a"))
    assert_refused(call("PUT", at("pets", "cat", "b"), picture()), 409)
    shutil.rmtree(root / "pets" / REMOVED)
    monkeypatch.setattr(datasets, "RECOUNT_SECONDS", 0)
    assert call("PUT", at("pets", "cat", "b"), picture())[0] == 201


def test_where_the_disk_is_full_nothing_half_is_left(
    call: Caller, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("PUT", at("pets", "cat", "a"), picture())

    def full(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        answer = call("PUT", at("pets", "cat", "b"), picture())
    assert_refused(answer, 507)
    assert "disk is full" in answer[1]["error"]["what"]
    assert files(root) == ["pets/cat/a.jpg"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_links_are_not_followed(call: Caller, root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    call("PUT", at("pets", "cat", "a"), picture())
    (root / "pets" / "dog").symlink_to(outside)
    (root / "pets" / ".held-out").symlink_to(outside)
    (root / "others").symlink_to(outside)
    assert_refused(call("PUT", at("pets", "dog", "a"), picture()), 409)
    assert_refused(call("PUT", at("pets", "cat", "b") + "?held_out=1", picture()), 409)
    assert call("PUT", at("others", "cat", "a"), picture())[0] >= 400
    assert files(outside) == []
    assert [label["name"] for label in call("GET", at("pets"))[1]["labels"]] == ["cat"]


def test_many_pictures_at_once_are_all_kept(call: Caller, root: Path) -> None:
    statuses: list[int] = []

    def record(start: int) -> None:
        mine = Caller(call.client.application.test_client())
        statuses.extend(
            mine("PUT", at("pets", f"class {number % 3}", f"p-{number}"), picture())[0]
            for number in range(start, start + 20)
        )

    threads = [threading.Thread(target=record, args=(20 * turn,)) for turn in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [201] * 100
    assert len(files(root)) == 100


def test_pictures_stay_while_a_training_reads_them_and_new_ones_may_come(call: Caller, root: Path) -> None:
    call("PUT", at("pets", "cat", "a"), picture())
    jobs = jobs_of(call).jobs
    job = jobs.start(Order("pets", ["serve", "--port", "0"], root, source=(root / "pets").resolve()))
    assert_refused(call("DELETE", at("pets", "cat", "a")), 409)
    assert_refused(call("DELETE", at("pets", "cat")), 409)
    assert call("PUT", at("pets", "cat", "b"), picture())[0] == 201
    job.cancel()
    job.wait(60)
    assert call("DELETE", at("pets", "cat", "a"))[0] == 200


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"name": 7},
        {"name": "pets", "fine_tune": "maybe"},
        {"name": "pets", "seed": -1},
        {"name": "pets", "seed": "1"},
        {"name": "pets", "seed": True},
        {"name": "../pets"},
        {"name": "con"},
        {"name": "--serve/x"},
    ],
)
def test_an_odd_wish_trains_nothing(call: Caller, wish: dict[str, object]) -> None:
    for label in ("cat", "dog"):
        call("PUT", at("pets", label, "a"), picture())
    assert_refused(call("POST", at("pets", "train"), json.dumps(wish).encode()), 400)
    assert call("GET", "jobs")[1] == {"jobs": []}


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b"[" * 50_000, b'"x"'])
def test_what_is_no_object_is_refused(call: Caller, body: bytes) -> None:
    call("PUT", at("pets", "cat", "a"), picture())
    assert_refused(call("POST", at("pets", "train"), body), 400)


def test_a_training_needs_two_classes_with_pictures(call: Caller) -> None:
    assert_refused(call("POST", at("pets", "train"), name="pets"), 404)
    call("PUT", at("pets", "cat", "a"), picture())
    call("PUT", at("pets", "unknown", "a"), picture())
    call("PUT", at("pets", "dog"))
    assert_refused(call("POST", at("pets", "train"), name="pets"), 409)


def test_a_training_replaces_nothing_but_a_model(call: Caller, tmp_path: Path) -> None:
    for label in ("cat", "dog"):
        call("PUT", at("pets", label, "a"), picture())
    other = tmp_path / "exported_models" / "thesis"
    other.mkdir(parents=True)
    (other / "notes.txt").write_text("mine")
    assert_refused(call("POST", at("pets", "train"), name="thesis"), 409)
    assert files(other) == ["notes.txt"]


def test_a_training_runs_the_command_that_a_person_would(call: Caller, root: Path, tmp_path: Path) -> None:
    for label in ("cat", "dog"):
        call("PUT", at("pets", label, "a"), picture())
    jobs = jobs_of(call).jobs
    blocking = jobs.start(Order("other", ["serve", "--port", "0"], tmp_path))
    status, answer = call("POST", at("pets", "train"), name="my pets", fine_tune="never", seed=3)
    assert status == 202
    assert answer["job"]["state"] == "queued"
    assert answer["job"]["model"] == "my pets"
    job = jobs.get(answer["job"]["id"])
    out = str((tmp_path / "exported_models" / "my pets").resolve())
    pets = str((root / "pets").resolve())
    assert list(job.order.command) == ["train", pets, "--out", out, "--fine-tune", "never", "--seed", "3"]
    assert [one["state"] for one in call("GET", "jobs")[1]["jobs"]] == ["running", "queued"]
    assert call("DELETE", f"jobs/{job.id}")[1]["state"] == "cancelled"
    blocking.cancel()
