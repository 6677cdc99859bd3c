"""What a data set is once it is read: pictures with labels, and what was set aside."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytrain.errors import DataError
from pytrain.image import KINDS

Progress = Callable[[int, int], None]
"""Told how many of how many files are done."""

UNREADABLE = "unreadable"
TWO_LABELS = "two labels"
STRAY = "stray"


NO_CLASS = -1
"""Stands for `unknown` where classes are numbers."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One image file.

    Attributes:
        path: where it is.
        label: its class.
        digest: sha256 of its bytes, hexadecimal.
    """

    path: Path
    label: str
    digest: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that was set aside, and why in plain words.

    Attributes:
        kind: "unreadable", "two labels" (the same bytes under two of them) or "stray" (of no class, a link in
            a loop, a bad line of a list).
        digest: of its bytes, where the label and not the file was the problem.
    """

    path: Path
    why: str
    kind: str = UNREADABLE
    digest: str = ""

    def __str__(self) -> str:
        return f"{shown(self.path)}: {self.why}"


@dataclass(frozen=True)
class ImageFolder:
    """A data set on disk.

    Attributes:
        name: of the folder, the archive or the list, without its ending.
        root: the folder; of a list the folder it lies in; of an archive the folder it was unpacked to.
        labels: the classes, without the reserved `unknown`.
        pictures: all readable ones, those of `unknown` too, sorted by label and name.
        problems: the files that were set aside.
        fingerprint: sha256 over labels and contents; changes with any picture and not with its name.
    """

    name: str
    root: Path
    labels: tuple[str, ...]
    pictures: tuple[Picture, ...]
    problems: tuple[Problem, ...]
    fingerprint: str

    def counts(self) -> dict[str, int]:
        """Readable pictures per label, `unknown` included where there is one."""
        counts = dict.fromkeys(self.labels, 0)
        for picture in self.pictures:
            counts[picture.label] = counts.get(picture.label, 0) + 1
        return counts


def gathered(
    name: str,
    root: Path,
    labels: tuple[str, ...],
    pictures: Iterable[Picture],
    problems: Iterable[Problem],
    lenient: bool = False,
) -> ImageFolder:
    """The data set of these pictures.

    Args:
        lenient: classes may be empty, but not all.

    Raises:
        DataError: a class has no picture.
    """
    pictures, problems = tuple(pictures), tuple(problems)
    if not (lenient and pictures):
        _check_none_empty(root, labels, pictures, problems)
    return ImageFolder(name, root, labels, pictures, problems, fingerprint(labels, pictures))


def fingerprint(labels: Sequence[str], pictures: Iterable[Picture]) -> str:
    """sha256 over labels and contents, whatever the files' names and order."""
    lines = sorted(f"{picture.label}/{picture.digest}" for picture in pictures)
    return hashlib.sha256("\n".join([*labels, "", *lines]).encode()).hexdigest()


def shown(path: Path | str) -> str:
    """A path as text that can be printed, whatever bytes its name has on disk."""
    return os.fsencode(path).decode("utf-8", "replace")


def natural_key(text: str) -> tuple[tuple[int, int | str], ...]:
    """Sorts 2.png before 10.png."""
    parts = re.split(r"(\d+)", text)
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts if part)


def _check_none_empty(
    root: Path, labels: Sequence[str], pictures: Sequence[Picture], problems: Sequence[Problem]
) -> None:
    filled = {picture.label for picture in pictures}
    empty = [label for label in labels if label not in filled]
    if not empty:
        return
    if len(empty) == len(labels):
        raise DataError(
            f"{shown(root)} holds no readable picture{_such_as(problems)}.",
            expected=f"{KINDS} files",
            fix="Put pictures into the class folders.",
        )
    label = empty[0]
    there = (root / label).is_dir()
    raise DataError(
        f"The class {label!r} in {shown(root)} has no readable picture"
        f"{_such_as([problem for problem in problems if label in problem.path.parts])}.",
        expected=f"{KINDS} files",
        fix=f"Put pictures into {root / label} or delete that folder."
        if there
        else "Add pictures with that label, or leave the label out.",
    )


def _such_as(problems: Sequence[Problem]) -> str:
    if not problems:
        return ""
    return f"; {len(problems):,} set aside, such as {shown(problems[0].path.name)}: {problems[0].why}"
