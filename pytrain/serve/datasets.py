"""Data sets that the page records: folders of class folders, as `pytrain train` reads them."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import threading
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytrain.bundle import UNKNOWN
from pytrain.serve.api_error import ApiError
from pytrain.serve.names import PASSED_OVER, alike, class_name
from pytrain.serve.pictures import SUFFIXES, suffix_of
from pytrain.serve.places import HELD_OUT, REMOVED, free

MOST_DATASETS = 1_000
MOST_BYTES = 20_000_000_000
"""Of all data sets together, what was removed included: it takes the disk as well."""

MOST_LABELS = 1_000
MOST_PICTURES = 100_000
"""In one data set, those held out included."""

IDENTITY = re.compile(r"[a-z0-9-]{1,64}")
ENDINGS = tuple(SUFFIXES.values())

INCOMING = ".incoming"
"""In a data set: files that are being written. What a killed server left there is deleted after a while."""

STALE_SECONDS = 3600
RECOUNT_SECONDS = 60
"""People put files into folders by hand, too."""


class Datasets:
    """The data sets of one folder.

    Args:
        root: the folder; made when the first picture comes.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._lock = threading.RLock()
        self._counts: dict[str, tuple[int, float]] = {}
        self._bytes = (0, float("-inf"))

    def listing(self) -> list[dict[str, Any]]:
        """Name, labels with their numbers of pictures, and bytes of each data set, sorted by name."""
        return [self._summary(folder) for folder in _folders(self.root)]

    def pictures(self, name: str) -> dict[str, Any]:
        """The identities of all pictures of a data set, by label, sorted."""
        folder = self._existing(name)
        labels = [
            {
                "name": label,
                "images": _identities(folder / label),
                "held_out": _identities(folder / HELD_OUT / label),
            }
            for label in _labels(folder)
        ]
        return {"name": folder.name, "labels": labels}

    def folder(self, name: str) -> Path:
        """Where a data set lies. Raises ApiError (404) where there is none."""
        return self._existing(name)

    def classes(self, name: str) -> list[str]:
        """The labels that a model can learn: those with a picture, without `unknown`."""
        folder = self._existing(name)
        return [label for label in _labels(folder) if label != UNKNOWN and any(_files(folder / label))]

    def make_label(self, name: str, label: str) -> bool:
        """Makes a class; gives whether it is new.

        Raises:
            ApiError: no good name, one that differs from another by case alone, or too many of them.
        """
        with self._lock:
            folder = self._made(name)
            if _found(folder, label) is not None:
                return False
            self._new_label(folder, label)
            return True

    def put(self, name: str, label: str, identity: str, content: bytes, *, held_out: bool) -> bool:
        """Keeps a picture; gives whether it is new. The same again changes nothing.

        Raises:
            ApiError: no picture, no good name, too many, or the disk is full. Nothing is kept then.
        """
        _check_identity(identity)
        suffix = suffix_of(content, identity)
        with self._lock:
            folder = self._made(name)
            label = _found(folder, label) or self._new_label(folder, label)
            before = list(_of_identity(folder, label, identity))
            count = self._count(folder)
            if not before and count >= MOST_PICTURES:
                raise ApiError(
                    409,
                    f"{folder.name} holds {count:,} pictures.",
                    expected=f"at most {MOST_PICTURES:,}",
                    fix="Remove some, or begin another data set.",
                )
            place = _place(folder, label, held_out) / f"{identity}{suffix}"
            more = len(content) - sum(other.stat().st_size for other in before)
            self._check_room(more)
            _write(folder / INCOMING, place, content)
            self._bytes = (self._bytes[0] + more, self._bytes[1])
            for other in before:
                if other != place:
                    other.unlink(missing_ok=True)
            if not before:
                self._counts[folder.name] = (count + 1, self._counts[folder.name][1])
            return not before

    def find(self, name: str, label: str, identity: str) -> Path:
        """The file of a picture. Raises ApiError (404) where there is none."""
        _check_identity(identity)
        folder = self._existing(name)
        found = next(_of_identity(folder, self._known(folder, label), identity), None)
        if found is None:
            raise ApiError(404, f"There is no picture {identity} in {label}.", fix="Load the page again.")
        return found

    def remove(self, name: str, label: str, identity: str) -> None:
        """Moves a picture to where training passes over it.

        Raises:
            ApiError: (404) there is none.
        """
        with self._lock:
            path = self.find(name, label, identity)
            folder = self._existing(name)
            target = free(folder / REMOVED / path.parent.name / path.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
            self._counts.pop(folder.name, None)

    def remove_label(self, name: str, label: str) -> None:
        """Moves a class with all its pictures to where training passes over it.

        Raises:
            ApiError: (404) there is none.
        """
        with self._lock:
            folder = self._existing(name)
            label = self._known(folder, label)
            moves = [(folder / label, folder / REMOVED / label)]
            if (folder / HELD_OUT / label).is_dir():
                moves.append((folder / HELD_OUT / label, folder / REMOVED / HELD_OUT / label))
            for path, wanted in moves:
                target = free(wanted)
                target.parent.mkdir(parents=True, exist_ok=True)
                path.rename(target)
            self._counts.pop(folder.name, None)

    def _summary(self, folder: Path) -> dict[str, Any]:
        labels, size = [], 0
        for label in _labels(folder):
            learned, held = list(_files(folder / label)), list(_files(folder / HELD_OUT / label))
            for path in (*learned, *held):
                with contextlib.suppress(FileNotFoundError):
                    size += path.stat().st_size
            labels.append({"name": label, "images": len(learned), "held_out": len(held)})
        return {"name": folder.name, "labels": labels, "bytes": size}

    def _existing(self, name: str) -> Path:
        found = _found(self.root, name)
        if found is None:
            raise ApiError(404, f"There is no data set {name}.", fix="Record a picture first.")
        return self.root / found

    def _known(self, folder: Path, label: str) -> str:
        found = _found(folder, label)
        if found is None:
            raise ApiError(404, f"There is no class {label} in {folder.name}.", fix="Load the page again.")
        return found

    def _made(self, name: str) -> Path:
        found = _found(self.root, name)
        if found is None:
            names = [entry.name for entry in _folders(self.root)]
            if len(names) >= MOST_DATASETS:
                raise ApiError(
                    409,
                    f"There are {len(names):,} data sets.",
                    expected=f"at most {MOST_DATASETS:,}",
                    fix=f"Delete one from the folder {self.root.name}, or record into one that is there.",
                )
            found = good_name(name, names, "data set")
            (self.root / found).mkdir(parents=True)
        return self.root / found

    def _check_room(self, more: int) -> None:
        """Refuses bytes that are too many; all are counted anew now and then, for people delete by hand."""
        size, since = self._bytes
        if time.monotonic() - since >= RECOUNT_SECONDS:
            size = bytes_in(self.root)
            self._bytes = (size, time.monotonic())
        if more > 0 and size + more > MOST_BYTES:
            raise ApiError(
                409,
                f"The data sets hold {size / 1e9:,.1f} GB.",
                expected=f"at most {MOST_BYTES // 10**9} GB, what was removed included",
                fix=f"Delete data sets, or the folders {REMOVED} in them, from the folder {self.root.name}.",
            )

    def _new_label(self, folder: Path, label: str) -> str:
        labels = _labels(folder)
        if len(labels) >= MOST_LABELS:
            raise ApiError(
                409, f"{folder.name} has {len(labels):,} classes.", f"at most {MOST_LABELS:,}", "Remove some."
            )
        found = good_name(label, labels, "class")
        _refuse_link(folder / found)
        (folder / found).mkdir()
        return found

    def _count(self, folder: Path) -> int:
        """Pictures in a data set; counted anew now and then, for that takes long where there are many."""
        count, since = self._counts.get(folder.name, (0, -RECOUNT_SECONDS))
        now = time.monotonic()
        if now - since >= RECOUNT_SECONDS:
            _delete_stale(folder / INCOMING)
            places = [place / label for place in (folder, folder / HELD_OUT) for label in _labels(folder)]
            count = sum(1 for place in places for _ in _files(place))
            self._counts[folder.name] = (count, now)
        return count


def good_name(name: str, taken: list[str], what: str) -> str:
    """The name itself, if it may be one.

    Raises:
        ApiError: (400) it may not; (409) it differs from another by case or white space alone.
    """
    found = class_name(name, taken)
    if found.name == name:
        return name
    twice = alike(name) in {alike(other) for other in taken}
    raise ApiError(
        409 if twice else 400,
        found.problem or f"{name!r} is no name for a {what}.",
        fix=f"Call it {found.suggestion or found.name}.",
    )


def bytes_in(folder: Path) -> int:
    """Of all files in a folder and below; links lead elsewhere and are not followed."""
    size = 0
    for place, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(FileNotFoundError):
                size += os.lstat(Path(place, name)).st_size
    return size


def _folders(root: Path) -> list[Path]:
    """Visible folders of a folder, sorted. Links lead elsewhere: they are not there."""
    try:
        entries = sorted(root.iterdir())
    except FileNotFoundError:
        return []
    return [entry for entry in entries if _is_ours(entry)]


def _is_ours(entry: Path) -> bool:
    hidden = entry.name.startswith(".") or entry.name.lower() in PASSED_OVER
    return not hidden and not entry.is_symlink() and entry.is_dir()


def _labels(folder: Path) -> list[str]:
    return [entry.name for entry in _folders(folder)]


def _found(root: Path, name: str) -> str | None:
    """The folder's name as the disk has it. Only names of a listing count: none leads out of it."""
    wanted = unicodedata.normalize("NFC", name)
    names = (entry.name for entry in _folders(root))
    return next((entry for entry in names if unicodedata.normalize("NFC", entry) == wanted), None)


def _files(folder: Path) -> Iterator[Path]:
    """Pictures in a folder and in those below, by the ends of their names."""
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith(".") and name.lower().endswith((*ENDINGS, ".jpeg")):
                yield Path(place, name)


def _identities(folder: Path) -> list[str]:
    """Of the pictures that came through the API; others have names that say nothing here."""
    try:
        entries = [Path(entry.name) for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    return sorted({path.stem for path in entries if path.suffix in ENDINGS and IDENTITY.fullmatch(path.stem)})


def _place(folder: Path, label: str, held_out: bool) -> Path:
    return folder / HELD_OUT / label if held_out else folder / label


def _of_identity(folder: Path, label: str, identity: str) -> Iterator[Path]:
    for held_out in (False, True):
        for ending in ENDINGS:
            path = _place(folder, label, held_out) / f"{identity}{ending}"
            if path.is_file() and not path.is_symlink():
                yield path


def _check_identity(identity: str) -> None:
    if not IDENTITY.fullmatch(identity):
        raise ApiError(
            400,
            f"{identity!r} cannot be a picture's name.",
            expected="1 to 64 of the signs a-z, 0-9 and -",
            fix="Load the page again.",
        )


def _write(incoming: Path, target: Path, content: bytes) -> None:
    """Writes a file whole or not at all."""
    for folder in (incoming, target.parent):
        _refuse_link(folder)
        folder.mkdir(parents=True, exist_ok=True)
    _refuse_link(target.parent.parent)
    part = incoming / secrets.token_hex(8)
    try:
        part.write_bytes(content)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _refuse_link(path: Path) -> None:
    if path.is_symlink():
        raise ApiError(409, f"{path.name} is a link to elsewhere.", fix="Choose another name.")


def _delete_stale(incoming: Path) -> None:
    for part in incoming.glob("*"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(part) if part.is_dir() else part.unlink()
