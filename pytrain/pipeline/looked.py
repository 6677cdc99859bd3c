"""A data set as training takes it: every picture decoded once, the bad set aside, near-duplicates found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pytrain.bundle import UNKNOWN
from pytrain.dataset.findings import findings
from pytrain.dataset.image_folder import ImageFolder, Picture, open_dataset, without
from pytrain.dataset.looks import look
from pytrain.dataset.near_duplicates import groups_of
from pytrain.dataset.pictures import NO_CLASS
from pytrain.dataset.split import loosened
from pytrain.errors import DataError

if TYPE_CHECKING:
    from pytrain.training.progress import Display

LEAST = 2
"""Different pictures of a class: one to learn from while the other is judged."""


@dataclass(frozen=True)
class Looked:
    """The pictures that can be read, those of `unknown` too."""

    folder: ImageFolder
    truth: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]
    torn: tuple[str, ...]
    """Classes that are a single recording, so that their figures are too good."""
    findings: tuple[str, ...]
    """What else there is to know about them, in sentences."""

    @property
    def pictures(self) -> Sequence[Picture]:
        return self.folder.pictures


def look_at(source: Path, cache: Path, shown: Display) -> Looked:
    """Reads the data set, decodes every picture once, and finds those that are nearly the same."""
    folder = open_dataset(source, work=cache)
    looks, problems = look(folder, lambda done, total: shown.preparing("looking", done, total), cache)
    folder = without(folder, problems)
    for problem in folder.problems:
        shown.say(f"  set aside: {problem.path}: {problem.why}")
    for label in folder.labels:
        different = len({picture.digest for picture in folder.pictures if picture.label == label})
        if different < LEAST:
            raise DataError(
                f"The class {label!r} in {source} has {different} picture.",
                expected=f"at least {LEAST} different ones; 20 or more are better",
                fix=f"Add pictures of {label!r}, or delete its folder.",
            )
    labels = [picture.label for picture in folder.pictures]
    names = [str(picture.path) for picture in folder.pictures]
    alike = groups_of(looks)
    groups, torn = loosened(labels, alike, LEAST, names)
    for label in torn:
        if label != UNKNOWN:
            shown.say(f"  all pictures of {label!r} are nearly the same, so its figures will be too good")
    numbers = {label: number for number, label in enumerate(folder.labels)}
    truth = np.array([numbers.get(label, NO_CLASS) for label in labels], np.int64)
    return Looked(folder, truth, groups, torn, tuple(map(str, findings(folder, looks, alike))))
