"""Examines a data set: what is wrong with it or will make its figures lie, in plain sentences."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.dataset.class_folders import label_of
from pytrain.dataset.image_folder import UNKNOWN, WORK, ImageFolder, Picture, open_dataset, without
from pytrain.dataset.likeness import Sights
from pytrain.dataset.looks import Look, look
from pytrain.dataset.near_duplicates import groups_of
from pytrain.dataset.pictures import STRAY, TWO_LABELS, UNREADABLE, Problem, shown

TINY = 64
"""Pixels of a picture's shorter side below which most of what a model sees (224) is made up."""

HUGE = 25_000_000
"""Pixels from which reading a picture takes longer than anything else that is done with it."""

LONG = 3
"""Times a picture is longer than broad from which the centre square misses most of it."""

FEW, FEWEST = 20, 5
IMBALANCE = 5
"""Times the largest class is larger than the smallest, from which that is worth a word."""

LEAST_GROUPS = 5
"""A class of fewer independent groups cannot lie in all five folds of a cross-validation."""

WARNING, NOTE = "warning", "note"


@dataclass(frozen=True)
class Finding:
    """One thing to know about a data set.

    Attributes:
        kind: a short name, such as "tiny".
        level: "warning" where the model or its figures suffer, else "note".
        what: what was found.
        fix: what to do about it.
        examples: pictures that show it, those that belong together in one tuple.
    """

    kind: str
    level: str
    what: str
    fix: str
    examples: tuple[tuple[Picture, ...], ...] = ()

    def __str__(self) -> str:
        return f"{self.what} {self.fix}"


@dataclass(frozen=True)
class Examination:
    """All that a check brings to light.

    Attributes:
        folder: the data set without what is set aside.
        looks: of its pictures, in their order.
        groups: int64 [pictures]: equal where pictures are nearly the same or of one recording.
        findings: warnings first.
    """

    folder: ImageFolder
    looks: tuple[Look, ...]
    groups: npt.NDArray[np.int64]
    findings: tuple[Finding, ...]

    def rows(self) -> list[dict[str, Any]]:
        """A line for each class: its label, pictures, independent groups, files set aside, usual size."""
        members = defaultdict(list)
        for at, seen in enumerate(self.looks):
            members[seen.picture.label].append(at)
        aside = Counter(_label(problem, self.folder) for problem in self.folder.problems)
        labels = [*self.folder.labels, *({UNKNOWN} & set(members))]
        return [
            {
                "label": label,
                "pictures": len(members[label]),
                "groups": len(set(self.groups[members[label]].tolist())),
                "set_aside": aside[label],
                "width": _middle(self.looks[at].width for at in members[label]),
                "height": _middle(self.looks[at].height for at in members[label]),
            }
            for label in labels
        ]


def examine(
    source: Path, work: Path | None = None, progress: Callable[[str, int, int], None] | None = None
) -> Examination:
    """Reads and decodes a whole data set and says what there is to say about it.

    Args:
        source: what `open_dataset` takes.
        work: where archives are unpacked and looks are kept; `.pytrain` beside the source by default.
        progress: told what is done ("reading", "looking", "comparing"), and how much of how much.

    Raises:
        DataError: there is not a single picture to use.
    """
    work = work or Path(source).absolute().parent / WORK

    def told(what: str) -> Callable[[int, int], None] | None:
        return progress and (lambda done, total: progress(what, done, total))

    folder = open_dataset(source, work=work, progress=told("reading"), lenient=True)
    looks, broken = look(folder, told("looking"), work)
    folder = without(folder, broken, lenient=True)
    groups = groups_of(looks, told("comparing"))
    return Examination(folder, looks, groups, findings(folder, looks, groups))


def findings(
    folder: ImageFolder, looks: Sequence[Look], groups: npt.NDArray[np.int64]
) -> tuple[Finding, ...]:
    """What there is to know about a data set, warnings first.

    Args:
        folder: the data set.
        looks: of its pictures.
        groups: of the looks, from `groups_of`.
    """
    found = [
        *_about_counts(folder),
        *_about_files(folder),
        *_about_copies(looks, groups),
        *_about_sizes(looks),
    ]
    return tuple(sorted(found, key=lambda finding: finding.level != WARNING))


def _about_counts(folder: ImageFolder) -> Iterator[Finding]:
    counts = {label: count for label, count in folder.counts().items() if label != UNKNOWN}
    if len(counts) == 1:
        only = next(iter(counts))
        yield Finding(
            "one class",
            WARNING,
            f"{only!r} is the only class.",
            "A classifier chooses between classes: add a folder with pictures of something else.",
        )
    few = {label: count for label, count in counts.items() if count < FEW}
    if few:
        scarce = min(few.values()) < FEWEST
        yield Finding(
            "few",
            WARNING if scarce else NOTE,
            f"{_listed(f'{label!r} has {_count(count)}' for label, count in few.items())}.",
            f"Collect {FEW} or more for each class; fewer than {FEWEST} teach next to nothing.",
        )
    least, most = (choose(counts, key=counts.__getitem__) for choose in (min, max))
    if counts[least] and counts[most] >= IMBALANCE * counts[least]:
        yield Finding(
            "imbalance",
            NOTE,
            f"{most!r} has {counts[most] / counts[least]:.0f} times as many pictures as {least!r} "
            f"({counts[most]:,} and {counts[least]:,}).",
            f"Training evens this out by weights, but more pictures of {least!r} are better.",
        )


def _about_files(folder: ImageFolder) -> Iterator[Finding]:
    by_kind: dict[str, list[Problem]] = defaultdict(list)
    for problem in folder.problems:
        by_kind[problem.kind].append(problem)
    if bad := by_kind[UNREADABLE]:
        what = f"Unreadable: {_count(len(bad), 'file')}."
        yield Finding("unreadable", WARNING, what, "They are set aside; replace or delete them.")
    if strays := by_kind[STRAY]:
        what = f"Of no class, or no picture: {_count(len(strays), 'entry', 'entries')}."
        yield Finding("stray", NOTE, what, "They are set aside; see the list.")
    if torn := by_kind[TWO_LABELS]:
        same: dict[str, list[Picture]] = defaultdict(list)
        for problem in torn:
            label = _label(problem, folder)
            same[problem.digest].append(Picture(problem.path, label, problem.digest))
        what = f"The very same bytes under two labels: {_count(len(same))}."
        fix = "Neither label can be trusted, so all of them are set aside; delete the wrong ones."
        yield Finding("two labels", WARNING, what, fix, _largest(same.values()))


def _about_copies(looks: Sequence[Look], groups: npt.NDArray[np.int64]) -> Iterator[Finding]:
    copies: dict[str, list[Picture]] = defaultdict(list)
    members: dict[int, list[Picture]] = defaultdict(list)
    groups_of_label: dict[str, Counter[int]] = defaultdict(Counter)
    for seen, group in zip(looks, groups.tolist(), strict=True):
        copies[seen.picture.digest].append(seen.picture)
        members[group].append(seen.picture)
        groups_of_label[seen.picture.label][group] += 1
    same = [pictures for pictures in copies.values() if len(pictures) > 1]
    if same:
        extra = sum(len(pictures) - 1 for pictures in same)
        what = f"Exact copies of others in their class: {_count(extra)}."
        yield Finding("copies", NOTE, what, "They teach nothing new; delete them.", _largest(same))
    near = [some for some in members.values() if len({picture.digest for picture in some}) > 1]
    across = [some for some in near if len({picture.label for picture in some}) > 1]
    if across:
        what = f"Nearly the same pictures under two labels: {_count(len(across), 'group')}."
        yield Finding("alike across", WARNING, what, "Look which label is right.", _largest(across))
    within = [some for some in near if len({picture.label for picture in some}) == 1]
    if within:
        pictures = sum(map(len, within))
        groups_found = _count(len(within), "group")
        what = f"Near-duplicates or frames of one recording: {_count(pictures)} in {groups_found}."
        fix = "Nothing needs to be done: a group always stays on one side when the model is tested."
        yield Finding("alike", NOTE, what, fix, _largest(within))
    for label, counts in sorted(groups_of_label.items()):
        if label != UNKNOWN and len(counts) < min(LEAST_GROUPS, counts.total()):
            what = f"{label!r} has {_count(counts.total())}, but only {len(counts)} that differ."
            fix = "Its figures will be too good; record it again at another time and place."
            examples = tuple(tuple(p for p in members[group] if p.label == label) for group in counts)
            yield Finding("one recording", WARNING, what, fix, _largest(examples))


def _about_sizes(looks: Sequence[Look]) -> Iterator[Finding]:
    def those(wanted: Callable[[Look], bool]) -> tuple[tuple[Picture, ...], ...]:
        return tuple((seen.picture,) for seen in looks if wanted(seen))

    if tiny := those(lambda seen: min(seen.width, seen.height) < TINY):
        what = f"Smaller than {TINY} pixels: {_count(len(tiny))}."
        yield Finding("tiny", NOTE, what, "Models see 224 x 224; take larger ones where you can.", tiny)
    if huge := those(lambda seen: seen.width * seen.height > HUGE):
        what = f"Larger than {HUGE // 1_000_000} megapixels: {_count(len(huge))}."
        yield Finding("huge", NOTE, what, "They take long to read; half the size does as well.", huge)
    if long := those(lambda seen: max(seen.width, seen.height) > LONG * min(seen.width, seen.height)):
        what = f"More than {LONG} times as long as broad: {_count(len(long))}."
        yield Finding("long", NOTE, what, "Models see the centre square; crop to what matters.", long)
    blank = tuple((looks[at].picture,) for at in np.flatnonzero(Sights(looks).flat).tolist()) if looks else ()
    if blank:
        what = f"Nothing but a plain surface: {_count(len(blank))}."
        yield Finding("blank", WARNING, what, "Delete those that do not show their class.", blank)


def _label(problem: Problem, folder: ImageFolder) -> str:
    """The class folder that a file lies in, or nothing."""
    parts = problem.path.parts[len(folder.root.parts) :]
    inside = problem.path.is_relative_to(folder.root) and len(parts) > 1
    return label_of(parts[0]) if inside else ""


def _largest(groups: Iterable[Sequence[Picture]]) -> tuple[tuple[Picture, ...], ...]:
    return tuple(map(tuple, sorted(groups, key=len, reverse=True)))


def _middle(numbers: Iterable[int]) -> int:
    found = sorted(numbers)
    return found[len(found) // 2] if found else 0


def _count(number: int, one: str = "picture", many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _listed(parts: Iterable[str], most: int = 6) -> str:
    some = [shown(part) for part in parts]
    return ", ".join(some[:most]) + (f" and {len(some) - most} more" if len(some) > most else "")
