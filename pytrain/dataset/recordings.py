"""Finds frames of one recording: neighbours in a series of names that are more alike than others."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from pytrain.dataset.likeness import Indices, Numbers, Sights
from pytrain.dataset.looks import Look
from pytrain.dataset.pictures import natural_key

REACH = 3
"""How far apart in their series two frames are compared."""

FEWEST = 6
"""Pictures in a series from which it can show an order."""

ORDERED = 0.75
"""How often neighbours are more alike than others in a recording; half of the time is chance."""

CERTAIN = 3
"""Standard errors by which that must stand out from chance."""

SPREADS = 3
"""Neighbours that are less alike than others by this many times the usual spread are of two recordings."""

LEAST_RESEMBLANCE = 0.5
"""Correlation of brightness below which neighbours are two scenes, whatever the others are like."""

SAMPLE = 2000
"""Pairs of a series that are compared to know how alike others are."""


def neighbouring_frames(looks: Sequence[Look], sights: Sights) -> tuple[Indices, Indices]:
    """Pairs of pictures that follow each other in one recording.

    A series is a class's pictures in one folder whose names differ in their numbers only: a webcam's frames,
    but also any collection that was numbered. The pictures tell which: in a recording, neighbours are more
    alike than two frames drawn at random (compared by ranks, as Mann and Whitney do), in a collection they
    are not. Neighbours are joined where they are more like neighbours than like others.
    """
    pairs = [_linked(np.array(series), sights) for series in _series(looks)]
    empty = np.zeros(0, np.int64)
    first = np.concatenate([empty, *(first for first, _ in pairs)])
    second = np.concatenate([empty, *(second for _, second in pairs)])
    return first, second


def _series(looks: Sequence[Look]) -> list[list[int]]:
    found: dict[tuple[str, str, str], list[int]] = {}
    for at, look in enumerate(looks):
        path = look.picture.path
        pattern = re.sub(r"\d+", "#", path.name)
        if "#" in pattern:
            found.setdefault((look.picture.label, str(path.parent), pattern), []).append(at)
    return [
        sorted(series, key=lambda at: natural_key(looks[at].picture.path.name))
        for series in found.values()
        if len(series) >= FEWEST
    ]


def _linked(series: Indices, sights: Sights) -> tuple[Indices, Indices]:
    near = sights.resemblance(series[:-1], series[1:])
    others = _others(series, sights)
    if not _is_ordered(near, others):
        return series[:0], series[:0]
    bar = _bar(near, others)
    first = np.concatenate([series[:-step] for step in range(1, REACH + 1)])
    second = np.concatenate([series[step:] for step in range(1, REACH + 1)])
    alike = sights.resemblance(first, second) >= bar
    first, second = first[alike], second[alike]
    alike = sights.same_colours(first, second)
    return first[alike], second[alike]


def _bar(near: Numbers, others: Numbers) -> float:
    """From which resemblance on two neighbours are of one recording, for a series may hold several.

    At least half-way between what neighbours and others are usually like, and not far below other neighbours.
    """
    half_way = float(np.median(near) + np.median(others)) / 2
    values = np.arctanh(np.clip(near, -0.999, 0.999))
    spread = 1.4826 * np.median(np.abs(values - np.median(values)))
    usual = float(np.tanh(np.median(values) - SPREADS * spread))
    return max(LEAST_RESEMBLANCE, half_way, usual)


def _others(series: Indices, sights: Sights) -> Numbers:
    """Resemblance of pairs that are no neighbours, drawn at random."""
    draw = np.random.default_rng(0)
    first, second = draw.integers(0, len(series), (2, SAMPLE))
    apart = np.abs(first - second) > 1
    return sights.resemblance(series[first[apart]], series[second[apart]])


def _is_ordered(near: Numbers, others: Numbers) -> bool:
    """Whether a neighbour is more alike than another so often that chance is ruled out."""
    others = np.sort(others)
    ranks = (np.searchsorted(others, near, "left") + np.searchsorted(others, near, "right")) / 2
    share = float(ranks.mean() / len(others))
    # The standard error of that share for many others: sqrt(1 / 12 n).
    return share >= ORDERED and share - 0.5 >= CERTAIN / float(np.sqrt(12 * len(near)))
