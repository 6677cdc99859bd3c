"""A data set as training takes it: every picture decoded once, the bad set aside, near-duplicates found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pytrain.bundle import UNKNOWN
from pytrain.dataset.findings import findings
from pytrain.dataset.image_folder import ImageFolder, Picture, open_dataset, read_picture, why_not, without
from pytrain.dataset.looks import look
from pytrain.dataset.near_duplicates import groups_of
from pytrain.dataset.pictures import NO_CLASS, Problem
from pytrain.dataset.split import loosened
from pytrain.errors import DataError
from pytrain.image import Frame

if TYPE_CHECKING:
    from pytrain.training.progress import Display

Numbers = npt.NDArray[np.int64]

LEAST = 2
"""Different pictures of a class: one to learn from while the other is judged."""


@dataclass(frozen=True)
class Looked:
    """The pictures that can be read, those of `unknown` too."""

    source: Path
    """As it was given: a folder, an archive or a list."""
    folder: ImageFolder
    truth: Numbers
    groups: Numbers
    torn: tuple[str, ...]
    """Classes that are a single recording, so that their figures are too good."""
    findings: tuple[str, ...]
    """What else there is to know about them, in sentences."""

    @property
    def pictures(self) -> Sequence[Picture]:
        return self.folder.pictures


def look_at(source: Path, cache: Path, shown: Display) -> Looked:
    """Reads the data set, decodes every picture once, and finds those that are nearly the same."""
    folder = open_dataset(
        source, work=cache, progress=lambda done, total: shown.preparing("reading", done, total)
    )
    looks, problems = look(folder, lambda done, total: shown.preparing("looking", done, total), cache)
    folder = without(folder, problems)
    _say(folder.problems, shown)
    _check_enough(source, folder)
    alike = groups_of(looks)
    groups, truth, torn = _grouped(folder, alike, (), shown)
    return Looked(source, folder, truth, groups, torn, tuple(map(str, findings(folder, looks, alike))))


def set_aside(data: Looked, unreadable: Mapping[int, DataError], shown: Display) -> Looked:
    """The same data set without pictures that went away, or became others, since they were looked at.

    Args:
        unreadable: numbers of pictures whose contents could not be read, and why. Of several files of the
            same content only those are set aside that cannot be read themselves.

    Raises:
        DataError: a class has lost too many.
    """
    found = [_gone(data.pictures[number]) for number in unreadable]
    problems = [problem for problem in found if problem is not None]
    problems = problems or [Problem(data.pictures[at].path, error.what) for at, error in unreadable.items()]
    folder = without(data.folder, problems)
    _say(problems, shown)
    _check_enough(data.source, folder)
    gone = {problem.path for problem in problems}
    left = [number for number, picture in enumerate(data.pictures) if picture.path not in gone]
    groups, truth, torn = _grouped(folder, data.groups[left], data.torn, shown)
    return Looked(data.source, folder, truth, groups, torn, data.findings)


def still_there(picture: Picture) -> Frame | None:
    """A picture's frame, uint8 [height, width, 3]; None where the file has gone or changed meanwhile."""
    try:
        return read_picture(picture)
    except DataError:
        return None


def _gone(picture: Picture) -> Problem | None:
    try:
        read_picture(picture)
    except DataError as error:
        return Problem(picture.path, why_not(error, picture.path))
    return None


def _say(problems: Sequence[Problem], shown: Display) -> None:
    for problem in problems:
        shown.say(f"  set aside: {problem.path}: {problem.why}")


def _check_enough(source: Path, folder: ImageFolder) -> None:
    for label in folder.labels:
        different = len({picture.digest for picture in folder.pictures if picture.label == label})
        if different < LEAST:
            raise DataError(
                f"The class {label!r} in {source} has {different} picture.",
                expected=f"at least {LEAST} different ones; 20 or more are better",
                fix=f"Add pictures of {label!r}, or delete its folder.",
            )


def _grouped(
    folder: ImageFolder, alike: Numbers, known: tuple[str, ...], shown: Display
) -> tuple[Numbers, Numbers, tuple[str, ...]]:
    """Groups that can be dealt into folds, the truth, and the classes torn; `known` were told already."""
    labels = [picture.label for picture in folder.pictures]
    groups, torn = loosened(labels, alike, LEAST, [str(picture.path) for picture in folder.pictures])
    for label in torn:
        if label not in (UNKNOWN, *known):
            shown.say(f"  all pictures of {label!r} are nearly the same, so its figures will be too good")
    numbers = {label: number for number, label in enumerate(folder.labels)}
    truth = np.array([numbers.get(label, NO_CLASS) for label in labels], np.int64)
    return groups, truth, tuple(dict.fromkeys((*known, *torn)))
