"""Finds the files of each class: the folders in a data set's root, with all that is nested inside them."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytrain.dataset.pictures import STRAY, Problem, shown
from pytrain.errors import DataError

SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini", "dataset.json", "__macosx"})
"""Left by file managers and by ourselves; passed over without a word, as are names that begin with a dot."""

PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif"}
)

PARTS = frozenset({"train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval"})
"""Names of folders that hold a part of a data set, each with the class folders inside."""

LAYOUT = "one folder for each class with its pictures inside, such as cats/0001.jpg and dogs/0001.jpg"


@dataclass(frozen=True)
class Found:
    """What a walk through one class brought.

    Attributes:
        files: all that may be pictures, sorted by name.
        problems: what could not be walked.
    """

    files: list[Path]
    problems: list[Problem]


def is_hidden(name: str) -> bool:
    """Whether a name belongs to the system or to nobody."""
    return name.startswith(".") or name.lower() in SYSTEM_FILES


def label_of(name: str) -> str:
    """A folder's name as a label: composed Unicode, whatever bytes stand on disk.

    A Mac writes "é" as two characters and others as one; both are the same class.
    """
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        name = os.fsencode(name).decode("cp1252", "replace")
    return unicodedata.normalize("NFC", name)


def class_folders(root: Path) -> tuple[dict[str, list[Path]], list[Problem]]:
    """The class folders by label, and pictures that lie beside them in no class.

    Raises:
        DataError: no such folder, no class folders in it, or parts of a data set instead of classes.
    """
    if not root.exists():
        raise DataError(
            f"There is no folder {shown(root)}.",
            expected=LAYOUT,
            fix="Check the path, or draw the four shapes with: pytrain data four-shapes",
        )
    if not root.is_dir():
        raise DataError(
            f"{shown(root)} is a file.", expected=LAYOUT, fix="Give the folder that holds the class folders."
        )
    folders: dict[str, list[Path]] = {}
    strays = []
    try:
        for path in sorted(entry for entry in root.iterdir() if not is_hidden(entry.name)):
            if path.is_dir():
                folders.setdefault(label_of(path.name), []).append(path)
            elif path.suffix.lower() in PICTURE_SUFFIXES:
                strays.append(Problem(path, "lies in no class folder", STRAY))
    except OSError as error:
        raise DataError(
            f"{shown(root)} cannot be read: {error.strerror or error}.", fix="Check its permissions."
        ) from None
    _check_layout(root, folders, len(strays))
    return dict(sorted(folders.items())), strays


def files_of(folders: list[Path], root: Path) -> Found:
    """All files of one class, those in nested folders too; each real folder is walked once."""
    files: list[Path] = []
    problems: list[Problem] = []
    seen = {_identity(root)}
    for folder in folders:
        for item in _walk(folder, seen):
            if isinstance(item, Problem):
                problems.append(item)
            else:
                files.append(item)
    return Found(sorted(files), problems)


def _walk(top: Path, seen: set[tuple[int, int]]) -> Iterator[Path | Problem]:
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            identity = _identity(folder)
            if identity in seen:
                yield Problem(folder, "is a link to a folder that is read already", STRAY)
                continue
            seen.add(identity)
            with os.scandir(folder) as entries:
                for entry in entries:
                    if is_hidden(entry.name):
                        continue
                    path = folder / entry.name
                    if _is_folder(entry):
                        waiting.append(path)
                    else:
                        yield path
        except OSError as error:
            yield Problem(folder, f"is a folder that cannot be read: {error.strerror or error}")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """A link to itself leads to no folder; reading it as a file then names it, and the rest is read."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _identity(folder: Path) -> tuple[int, int]:
    found = folder.stat()
    return found.st_dev, found.st_ino


def _check_layout(root: Path, folders: dict[str, list[Path]], strays: int) -> None:
    if not folders:
        have = f"{strays:,} pictures and no class folders" if strays else "no class folders"
        raise DataError(
            f"{shown(root)} holds {have}.",
            expected=LAYOUT,
            fix="Sort the pictures into one folder per class; the folder's name is the label.",
        )
    if len(folders) > 1 and {label.lower() for label in folders} <= PARTS:
        first = next((label for label in folders if label.lower().startswith("train")), min(folders))
        raise DataError(
            f"{shown(root)} holds {' and '.join(folders)}: parts of a data set, not classes.",
            expected=LAYOUT,
            fix=f"Give one of them: {root / first}. The test pictures are for pytrain evaluate.",
        )
