"""Finds the pictures that somebody means: files, folders with all in them, and patterns."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from pytrain.dataset.class_folders import PICTURE_SUFFIXES, files_of
from pytrain.dataset.pictures import shown
from pytrain.errors import DataError
from pytrain.image import KINDS, Frame

Given = Path | str | Frame
Say = Callable[[str], None]


def find_pictures(given: Iterable[Given], say: Say) -> list[Path | Frame]:
    """All files that are meant; those in folders only where their name ends like a picture's.

    Raises:
        DataError: a path does not exist, a pattern matches nothing, or nothing is left.
    """
    given = list(given)
    found: list[Path | Frame] = []
    for entry in given:
        if isinstance(entry, np.ndarray):
            found.append(entry)
            continue
        for path in _matches(str(entry)):
            found += _in_folder(path, say) if path.is_dir() else [path]
    if not found:
        names = ", ".join(shown(str(entry)) for entry in given)
        raise DataError(
            f"There is no picture in {names or 'an empty list'}.",
            expected=f"{KINDS} files",
            fix="Give files, a folder with pictures in it, or a pattern such as 'photos/*.jpg'.",
        )
    return found


def _matches(entry: str) -> list[Path]:
    if Path(entry).exists():
        return [Path(entry)]
    pattern = glob.has_magic(entry)
    # Path.glob takes no absolute pattern.
    found = sorted(glob.glob(entry, recursive=True)) if pattern else []  # noqa: PTH207
    if not found:
        raise DataError(
            f"{'Nothing matches' if pattern else 'There is no'} {shown(entry)}.",
            expected="an image, a folder of images or a pattern such as 'photos/*.jpg'",
            fix="Check the path.",
        )
    return [Path(match) for match in found]


def _in_folder(folder: Path, say: Say) -> list[Path | Frame]:
    walked = files_of([folder], folder.parent)
    for problem in walked.problems:
        say(f"Passed over {problem}")
    others = [file for file in walked.files if file.suffix.lower() not in PICTURE_SUFFIXES]
    if others:
        more = f" and {len(others) - 1:,} more" if len(others) > 1 else ""
        say(f"Passed over {shown(others[0])}{more}: no pictures by their names")
    return [file for file in walked.files if file.suffix.lower() in PICTURE_SUFFIXES]
