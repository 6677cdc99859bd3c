"""Finds what in a written network depends on the number of its classes, so that others can change it.

The same network is written for several numbers of classes. Whatever differs is a whole number that grows
evenly with them: a shape, or a constant that a shape is made of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pytrain.errors import ExportError

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Growing:
    """A whole number that is `base` + `each` * classes; where it stood as text, it is written as text."""

    base: int
    each: int

    def __call__(self, classes: int) -> int:
        return self.base + self.each * classes


def growing_numbers(written: Mapping[int, Any]) -> dict[Path, Growing]:
    """What differs between JSON contents, by its place.

    Args:
        written: the same thing written for several numbers of classes, at least three.

    Raises:
        ExportError: something differs in another way, by its place.
    """
    found: dict[Path, Growing] = {}
    _compare(tuple(written), tuple(written.values()), (), found)
    return found


def growing_arrays(written: Mapping[int, Mapping[str, Any]]) -> dict[str, dict[Path, Growing]]:
    """The same for whole numbers in arrays, by the arrays' names; arrays whose shapes differ are passed over.

    Raises:
        ExportError: an array of that shape differs in another way.
    """
    first = next(iter(written.values()))
    found: dict[str, dict[Path, Growing]] = {}
    for name, values in first.items():
        versions = {classes: arrays[name] for classes, arrays in written.items()}
        if any(np.shape(version) != np.shape(values) for version in versions.values()):
            continue
        if all(np.array_equal(version, values) for version in versions.values()):
            continue
        listed = {classes: np.asarray(version).tolist() for classes, version in versions.items()}
        found[name] = growing_numbers(listed)
    return found


def _compare(
    classes: Sequence[int], contents: Sequence[Any], place: Path, found: dict[Path, Growing]
) -> None:
    first = contents[0]
    if all(content == first for content in contents):
        return
    if all(isinstance(content, dict) and content.keys() == first.keys() for content in contents):
        for key in first:
            _compare(classes, [content[key] for content in contents], (*place, key), found)
    elif all(isinstance(content, list) and len(content) == len(first) for content in contents):
        for at in range(len(first)):
            _compare(classes, [content[at] for content in contents], (*place, at), found)
    else:
        found[place] = _growing(classes, contents, place)


def _growing(classes: Sequence[int], contents: Sequence[Any], place: Path) -> Growing:
    try:
        numbers = [int(content) for content in contents]
    except (TypeError, ValueError):
        numbers = []
    if numbers:
        each, rest = divmod(numbers[1] - numbers[0], classes[1] - classes[0])
        growing = Growing(numbers[0] - each * classes[0], each)
        if not rest and all(growing(count) == n for count, n in zip(classes, numbers, strict=True)):
            return growing
    raise ExportError(
        f"At {'/'.join(map(str, place))} stands {contents[0]!r} for {classes[0]} classes, and for "
        f"{classes[1]} stands {contents[1]!r}.",
        expected="the same, or a whole number that grows evenly with the classes",
        fix="Other numbers of classes may do, if one of them happens to be a size of the network.",
    )
