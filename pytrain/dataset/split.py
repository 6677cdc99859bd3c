"""Splits a data set into training, validation and test pictures: always alike, no picture in two parts."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pytrain.dataset.image_folder import ImageFolder, Picture
from pytrain.dataset.pictures import natural_key
from pytrain.errors import DataError

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Three parts of a data set.

    Attributes:
        train: to learn from.
        validation: to choose by: when to stop, the temperature, the threshold.
        test: to measure with, once.
    """

    train: tuple[Picture, ...]
    validation: tuple[Picture, ...]
    test: tuple[Picture, ...]


def split(
    folder: ImageFolder,
    validation: float = 0.15,
    test: float = 0.15,
    seed: int = 0,
    groups: Sequence[int] | npt.NDArray[np.int64] | None = None,
) -> Split:
    """Deals the pictures out by their contents.

    A picture's part depends on nothing but its bytes, the seed and the shares, so identical files stay
    together, and adding pictures moves none of the others. Only where that leaves a part of a class empty,
    which small classes suffer, one picture (the least by hash) moves there.

    Args:
        validation: its share of the pictures, above 0.
        test: its share of the pictures, above 0; together below 1.
        groups: a group for each picture of the folder (`near_duplicates.groups_of`): none is torn apart, and
            the shares are met as well as whole groups can; adding pictures may then move others.

    Raises:
        DataError: the shares make no sense, or a class has fewer than three different pictures or groups.
    """
    if not (validation > 0 and test > 0 and validation + test < 1):
        raise DataError(
            f"The shares validation {validation} and test {test} make no split.",
            expected="both above 0, together below 1",
            fix="Take for example 0.15 and 0.15.",
        )
    if groups is not None:
        return _grouped(folder, validation, test, seed, np.asarray(groups, np.int64))
    parts: dict[str, str] = {}
    labels: dict[str, list[str]] = {}
    for digest, label in sorted({picture.digest: picture.label for picture in folder.pictures}.items()):
        labels.setdefault(label, []).append(digest)
    for label, digests in labels.items():
        parts.update(_dealt(folder, label, digests, validation, test, seed))
    chosen = {part: tuple(p for p in folder.pictures if parts[p.digest] == part) for part in PARTS}
    return Split(chosen["train"], chosen["validation"], chosen["test"])


def folds(
    labels: Sequence[str], groups: npt.NDArray[np.int64], count: int, seed: int = 0
) -> npt.NDArray[np.int64]:
    """Deals pictures into folds for cross-validation: no group in two folds, every class spread evenly.

    Greedy, the largest groups first, each to the fold that lacks its classes most. It depends on the groups'
    numbers and not on the pictures' order.

    Args:
        labels: of each picture.
        groups: of each picture, int64 [n]; equal numbers stay together.
        count: of folds, at least 2.
        seed: another one deals otherwise.

    Returns:
        int64 [n], values 0 to count - 1. A class of fewer groups than folds is missing in some of them: see
        `loosened`.
    """
    return _dealt_groups(labels, groups, [1 / count] * count, seed)


def loosened(
    labels: Sequence[str],
    groups: npt.NDArray[np.int64],
    least: int,
    order: Sequence[str] | None = None,
) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Splits the groups of classes that have fewer than `least`, so that a model can be judged at all.

    A class that is one recording cannot lie on both sides of an honest split. Its pictures are cut into
    `least` pieces that follow each other, which leaks least; figures of such a class are too good, and its
    name is given back so that this can be said.

    Args:
        labels: of each picture.
        groups: of each picture, int64 [n].
        least: groups that a class must have.
        order: what the pieces are cut by, such as the pictures' names; their given order by default.

    Returns:
        (groups, int64 [n], with those classes cut; the names of those classes)
    """
    places: dict[str, list[int]] = defaultdict(list)
    for at, label in enumerate(labels):
        places[label].append(at)
    answer = groups.copy()
    torn = []
    for label, members in sorted(places.items()):
        if len(set(groups[members].tolist())) >= least:
            continue
        torn.append(label)
        by_order = sorted(members, key=lambda at: natural_key(order[at]) if order is not None else ((0, at),))
        for number, piece in enumerate(np.array_split(np.array(by_order), least)):
            answer[piece] = _piece_number(label, number)
    return answer, tuple(torn)


def _piece_number(label: str, piece: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{label}/{piece}".encode()).digest()[:8], "big") >> 1


def _grouped(
    folder: ImageFolder, validation: float, test: float, seed: int, groups: npt.NDArray[np.int64]
) -> Split:
    labels = [picture.label for picture in folder.pictures]
    groups_by_label: dict[str, set[int]] = defaultdict(set)
    for label, group in zip(labels, groups.tolist(), strict=True):
        groups_by_label[label].add(group)
    for label, found in groups_by_label.items():
        if len(found) < len(PARTS):
            raise DataError(
                f"The class {label!r} in {folder.root} has {len(found)} groups of pictures that differ.",
                expected="at least 3, one each for training, validation and test",
                fix=f"Add pictures to {folder.root / label} that were taken at another time or place.",
            )
    parts = _dealt_groups(labels, groups, [1 - validation - test, validation, test], seed)
    chosen = [
        tuple(p for p, part in zip(folder.pictures, parts.tolist(), strict=True) if part == number)
        for number in range(len(PARTS))
    ]
    return Split(*chosen)


def _dealt_groups(
    labels: Sequence[str], groups: npt.NDArray[np.int64], shares: Sequence[float], seed: int
) -> npt.NDArray[np.int64]:
    """A part for each picture: largest groups first, each to the part that lacks its classes most."""
    members: dict[int, Counter[str]] = defaultdict(Counter)
    for label, group in zip(labels, groups.tolist(), strict=True):
        members[group][label] += 1
    totals = Counter(labels)
    groups_left = Counter(label for counts in members.values() for label in counts)
    have: list[Counter[str]] = [Counter() for _ in shares]
    part_of: dict[int, int] = {}
    for group in sorted(members, key=lambda group: (-members[group].total(), _place(str(group), seed))):
        counts = members[group]
        part = max(
            range(len(shares)), key=lambda part: _need(part, counts, have, shares, totals, groups_left)
        )
        part_of[group] = part
        have[part].update(counts)
        groups_left.subtract(dict.fromkeys(counts, 1))
    return np.array([part_of[group] for group in groups.tolist()], np.int64)


def _need(
    part: int,
    counts: Counter[str],
    have: Sequence[Counter[str]],
    shares: Sequence[float],
    totals: Counter[str],
    groups_left: Counter[str],
) -> tuple[float, float, float]:
    """How much a part lacks a group's classes: first those of which it would get none, then by shares."""
    bare = 0
    lack = 0.0
    for label, count in counts.items():
        empty = sum(1 for other in have if not other[label])
        bare += not have[part][label] and groups_left[label] <= empty
        lack += count * (shares[part] - have[part][label] / totals[label])
    total = have[part].total() / max(1, totals.total())
    return bare, round(lack, 9), shares[part] - total


def _dealt(
    folder: ImageFolder, label: str, digests: list[str], validation: float, test: float, seed: int
) -> dict[str, str]:
    if len(digests) < len(PARTS):
        count = f"{len(digests)} different picture" + ("s" if len(digests) != 1 else "")
        raise DataError(
            f"The class {label!r} in {folder.root} has {count}.",
            expected="at least 3, one each for training, validation and test; 30 or more are better",
            fix=f"Add pictures to {folder.root / label}.",
        )
    places = {digest: _place(digest, seed) for digest in digests}
    parts = {
        digest: "test" if place < test else "validation" if place < test + validation else "train"
        for digest, place in places.items()
    }
    for part in PARTS:
        if part not in parts.values():
            counts = {other: list(parts.values()).count(other) for other in PARTS}
            richest = max(PARTS, key=lambda other: counts[other])
            parts[min((d for d in digests if parts[d] == richest), key=places.__getitem__)] = part
    return parts


def _place(digest: str, seed: int) -> float:
    """Uniform in [0, 1), from a picture's contents and the seed."""
    mixed = hashlib.sha256(f"{seed}/{digest}".encode()).digest()
    return int.from_bytes(mixed[:8], "big") / 2**64
