"""Takes a model that comes as a zip: unpacks what belongs into a bundle, and keeps it if it is whole."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from pytrain import bundle
from pytrain.bundle import Bundle
from pytrain.errors import BundleError
from pytrain.serve.api_error import ApiError
from pytrain.serve.datasets import bytes_in, good_name

MOST_ZIP_BYTES = 256_000_000
MOST_BYTES = 512_000_000
"""Of all files, unpacked."""

MOST_MODELS = 500
MOST_BYTES_OF_ALL = 20_000_000_000
"""Of all models in the folder that uploads go into, trained ones included."""

MOST_FILES = 2_000
MOST_JSON_BYTES = 32_000_000
"""Of one JSON file, for these are read into memory."""


KEPT = re.compile(r"(golden/)?[\w][\w.+ -]{0,150}\.(json|bin|png|jpg|webp|txt)", re.ASCII)
"""Files of a bundle that browsers read. No pages, so no reports: one from elsewhere must not act as ours.
No Keras model: its layers may be any program."""

CHUNK = 1 << 20
NO_BUNDLE = "a zip of a model's folder: metadata.json, model.json or graph.json, weights"
DAMAGED = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, EOFError)
"""All that zipfile lets through: cut off, encrypted, of a kind that it does not know, or made to confuse."""

_one = threading.Lock()
"""One at a time: two of one name would write into the same place."""


def receive(name: str, source: IO[bytes], roots: Sequence[Path], *, replace: bool) -> Bundle:
    """Makes a model of a zip.

    Args:
        name: what it shall be called.
        source: the zip, already limited in size; must allow to seek.
        roots: folders of models; it goes into the first.
        replace: whether it may take the place of one of that name.

    Raises:
        ApiError: no good name, one is there, no whole bundle, or too large. Nothing has changed then.
    """
    taken = sorted({folder.name for root in roots for folder in bundle.folders_of(root)})
    good_name(name, [other for other in taken if other != name], "model")
    if name in taken and not replace:
        raise ApiError(409, f"There is a model {name} already.", fix="Choose another name, or replace it.")
    target = roots[0] / name
    try:
        with _one, bundle.replacing(target) as staging:
            _unpack(source, staging)
            _check_room(roots[0], name, bytes_in(staging))
            try:
                _check_paths(staging)
                bundle.read(staging)
            except BundleError as error:
                what = error.what.replace(f"{staging}/", "").replace(staging.name, name)
                raise ApiError(422, what, error.expected or NO_BUNDLE, "Save the model anew.") from None
    except BundleError as error:
        full = "could not be written" in error.what
        raise ApiError(507 if full else 409, error.what, error.expected, error.fix) from None
    return bundle.read(target)


def spool() -> IO[bytes]:
    """Where a zip is put while it comes: on the disk, for it may be larger than memory."""
    return tempfile.TemporaryFile(prefix="pytrain-")


def _unpack(source: IO[bytes], target: Path) -> None:
    try:
        with zipfile.ZipFile(source) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check_amount(entries)
            below = _folder_of(entries)
            for entry in entries:
                path = entry.filename.removeprefix(below)
                if not KEPT.fullmatch(path):
                    _refuse_ways_out(entry.filename)
                    continue
                place = target / path
                place.parent.mkdir(exist_ok=True)
                with archive.open(entry) as read, place.open("xb") as written:
                    shutil.copyfileobj(read, written, CHUNK)
    except FileExistsError:
        raise _no_bundle("The zip holds two files of one name.") from None
    except DAMAGED as error:
        raise _no_bundle(f"The zip cannot be read: {error}.") from None


def _check_amount(entries: Sequence[zipfile.ZipInfo]) -> None:
    """By what the zip says of itself; zipfile unpacks no more than that."""
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        raise _no_bundle("The zip is packed in an unusual way.")
    large = any(entry.filename.endswith(".json") and entry.file_size > MOST_JSON_BYTES for entry in entries)
    if large or len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise ApiError(
            413,
            "The zip holds too much.",
            expected=f"at most {MOST_FILES:,} files and {MOST_BYTES // 1_000_000} MB",
            fix="Give the zip of one model's folder.",
        )


def _check_room(root: Path, name: str, size: int) -> None:
    """Refuses one model too many; the one whose place it takes does not count."""
    others = [entry for entry in root.iterdir() if entry.name != name and not entry.name.startswith(".")]
    if len(others) >= MOST_MODELS:
        raise ApiError(
            409,
            f"There are {len(others):,} models in {root.name}.",
            expected=f"at most {MOST_MODELS:,}",
            fix="Delete one from that folder, or replace one.",
        )
    there = sum(bytes_in(entry) for entry in others)
    if there + size > MOST_BYTES_OF_ALL:
        raise ApiError(
            409,
            f"The models in {root.name} hold {there / 1e9:,.1f} GB.",
            expected=f"at most {MOST_BYTES_OF_ALL // 10**9} GB with this one",
            fix="Delete models that are not needed from that folder.",
        )


def _folder_of(entries: Sequence[zipfile.ZipInfo]) -> str:
    """Most programs that zip a folder put the folder itself in: "" or "name/"."""
    places = [PurePosixPath(entry.filename).parent for entry in entries]
    for entry, place in zip(entries, places, strict=True):
        if PurePosixPath(entry.filename).name == bundle.METADATA and len(place.parts) <= 1:
            return f"{place}/" if place.parts else ""
    raise _no_bundle(f"The zip holds no {bundle.METADATA}.")


def _refuse_ways_out(path: str) -> None:
    """What is merely not wanted is passed over; what would lead elsewhere was put there on purpose."""
    if path.startswith("/") or "\\" in path or ":" in path or ".." in path.split("/"):
        raise _no_bundle(f"The zip holds the path {path!r}.")


def _check_paths(folder: Path) -> None:
    """The weight files that the topologies name lie beside them, not anywhere else."""
    for file in bundle.FORMATS.values():
        if not (folder / file).is_file():
            continue
        try:
            groups = json.loads((folder / file).read_bytes())["weightsManifest"]
            paths = [str(path) for group in groups for path in group["paths"]]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise _no_bundle(f"{file} cannot be read.") from None
        for path in paths:
            if "/" in path or not KEPT.fullmatch(path):
                raise _no_bundle(f"{file} names the weight file {path!r}.")


def _no_bundle(what: str) -> ApiError:
    return ApiError(422, what, NO_BUNDLE, "Save the model anew, then try again.")
