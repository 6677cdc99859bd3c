"""Bundles on disk: whole or refused, replaced at once or not at all."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

import pytest

from pytrain import bundle
from pytrain.errors import BundleError, PytrainError


def content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_an_exported_bundle_reads_back(small_bundle: Path) -> None:
    read = bundle.read(small_bundle)
    assert read.labels == ("circle", "square", "star", "triangle")
    assert read.name == "small"
    assert all((small_bundle / shard).is_file() for shard in read.shards)
    assert read.size == sum(len(data) for data in content(small_bundle).values())


def test_a_missing_bundle_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no model at") as caught:
        bundle.read(tmp_path / "nothing")
    assert "pytrain train" in str(caught.value.fix)


@pytest.mark.parametrize("file", ["model.json", "metadata.json"])
@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_damaged_json_is_named(small_bundle: Path, file: str, damage: str) -> None:
    path = small_bundle / file
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(BundleError, match=file):
        bundle.read(small_bundle)


def test_a_truncated_shard_is_refused_with_both_sizes(small_bundle: Path) -> None:
    shard = next(small_bundle.glob("weights-*.bin"))
    size = shard.stat().st_size
    shard.write_bytes(shard.read_bytes()[:-8])
    with pytest.raises(BundleError, match=f"hold {size - 8:,} bytes") as caught:
        bundle.read(small_bundle)
    assert f"{size:,} bytes" in str(caught.value.expected)


def test_a_missing_shard_is_named(small_bundle: Path) -> None:
    shard = next(small_bundle.glob("weights-*.bin"))
    shard.unlink()
    with pytest.raises(BundleError, match=shard.name):
        bundle.read(small_bundle)


@pytest.mark.parametrize("schema", [0, 2, None, "1"])
def test_another_schema_version_is_refused(small_bundle: Path, schema: object) -> None:
    path = small_bundle / "metadata.json"
    metadata = json.loads(path.read_text(encoding="utf-8"))
    metadata["pytrain"]["schema"] = schema
    path.write_text(json.dumps(metadata), encoding="utf-8")
    with pytest.raises(BundleError, match="schema version"):
        bundle.read(small_bundle)


def test_the_listing_leaves_damaged_bundles_out_and_says_why(small_bundle: Path) -> None:
    (small_bundle.parent / "broken").mkdir()
    (small_bundle.parent / ".small.new-1").mkdir()
    bundles, problems = bundle.listing([small_bundle.parent, small_bundle.parent / "no such folder"])
    assert [found.name for found in bundles] == ["small"]
    assert list(problems) == ["broken"]


class Interrupted(BaseException):
    """Stands for Ctrl-C."""


@pytest.mark.parametrize(
    "error", [Interrupted(), OSError(errno.ENOSPC, "No space left on device"), ValueError()]
)
def test_a_failed_replacement_leaves_the_former_bundle_whole(
    small_bundle: Path, error: BaseException
) -> None:
    before = content(small_bundle)
    with pytest.raises((Interrupted, PytrainError, ValueError)), bundle.replacing(small_bundle) as folder:
        (folder / "model.json").write_text("half", encoding="utf-8")
        raise error
    assert content(small_bundle) == before
    assert [path.name for path in small_bundle.parent.iterdir()] == ["small"]


def test_a_full_disk_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="No space left") as caught, bundle.replacing(tmp_path / "new"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "disk space" in str(caught.value.fix)


def test_a_replacement_takes_the_place_of_the_former(small_bundle: Path) -> None:
    with bundle.replacing(small_bundle) as folder:
        (folder / "metadata.json").write_text("{}", encoding="utf-8")
    assert list(content(small_bundle)) == ["metadata.json"]
    assert [path.name for path in small_bundle.parent.iterdir()] == ["small"]


def test_a_kill_between_the_two_renames_is_repaired(small_bundle: Path) -> None:
    before = content(small_bundle)
    small_bundle.rename(small_bundle.parent / ".small.previous")
    bundles, _ = bundle.listing([small_bundle.parent])
    assert [found.name for found in bundles] == ["small"]
    assert content(small_bundle) == before


def test_a_reader_in_the_middle_of_a_replacement_loses_nothing(
    small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, read = bundle._rename, []

    def rename(source: Path, target: Path) -> None:
        if target == small_bundle and not read:
            # The gap between the two renames: the former folder lies beside.
            read.append(bundle.read(small_bundle))
        real(source, target)

    monkeypatch.setattr(bundle, "_rename", rename)
    with bundle.replacing(small_bundle) as folder:
        shutil.copytree(small_bundle, folder, dirs_exist_ok=True)
        (folder / "new.txt").write_text("new", encoding="utf-8")
    assert read
    assert (small_bundle / "new.txt").is_file()
    assert [path.name for path in small_bundle.parent.iterdir()] == ["small"]


def test_a_folder_that_is_no_bundle_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(BundleError, match="no model's folder"), bundle.replacing(tmp_path):
        pytest.fail("the block must not run")
    assert (tmp_path / "thesis.txt").is_file()
