"""Finds pictures that must stay together: copies, near-duplicates, frames of one recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pytrain.dataset.likeness import STRAIGHT, Flags, Indices, Numbers, Sights, View
from pytrain.dataset.looks import Look
from pytrain.dataset.pictures import Progress
from pytrain.dataset.recordings import neighbouring_frames

Sketches = npt.NDArray[np.uint64]

WORDS = 2
BANDS, BAND_BITS = 8, 16
"""A sketch has 128 bits: on which side of 128 random planes the details lie (Charikar, "Similarity estimation
techniques from rounding algorithms", 2002). Two pictures of likeness r differ in arccos(r) / pi of them. They
are looked up in 8 bands of 16 bits, of which one may differ: copies with a likeness of 0.95 are found in 99.8
of 100 cases, those of 0.9 in 94."""

SURE = 3
"""Standard errors by which sketches may differ more than a likeness lets expect."""

CROWD = 400
"""Of more pictures in one bucket only the nearest by sketch are compared."""

LEAST_ALIKE, MOST_ALIKE = 0.9, 0.97
"""Likeness from which two pictures are near-duplicates. Copies of photos have 0.93 to 1 (JPEG at quality 30,
other sizes, noise, blur) and different photos about 0, but two shirts of Fashion-MNIST up to 0.97. How alike
a class's pictures are anyway decides where between the two the bar lies."""

SPREADS = 10
"""A near-duplicate stands out from the usual likeness in its class by this many times the spread of it."""

SAMPLE = 2000
"""Pairs from which the usual likeness in a class is estimated."""

FEW = 30
"""Of fewer pairs in a class the estimate is made of all classes together."""

VIEWS = (STRAIGHT, View(mirrored=True), View(margin=0.02), View(margin=0.04), View(margin=0.065))
"""As what each picture is looked for among the others: itself, mirrored, slightly cropped."""

QUERIES = 4096
"""Pictures looked up at a time."""


def groups_of(looks: Sequence[Look], progress: Progress | None = None) -> Indices:
    """The group of each picture.

    One group are: the same bytes; near-duplicates (saved anew, resized, in other light, mirrored); and frames
    of one recording, which neighbouring names give away where neighbours are more alike than others.
    The numbers depend on the pictures' contents and names, not on their order.

    Args:
        looks: of all pictures of a data set.
        progress: told how many of how many ways to look at them are done.

    Returns:
        int64 [len(looks)], not negative, equal within a group and nowhere else.
    """
    order = sorted(range(len(looks)), key=lambda at: (looks[at].picture.digest, looks[at].picture.path))
    ordered = [looks[at] for at in order]
    groups = _Groups(len(ordered))
    if ordered:
        for first, second in _pairs(ordered, progress):
            groups.join(first, second)
    numbers = np.empty(len(looks), np.int64)
    numbers[order] = _numbers(ordered, groups.roots())
    return numbers


def _pairs(looks: Sequence[Look], progress: Progress | None) -> Iterator[tuple[Indices, Indices]]:
    """All pairs that belong together, in pieces; looks are sorted by content."""
    digests = [look.picture.digest for look in looks]
    same = np.array([at for at in range(1, len(looks)) if digests[at] == digests[at - 1]], np.int64)
    yield same - 1, same
    sights = Sights(looks)
    labels = [look.picture.label for look in looks]
    bars = _bars(sights, labels)
    kept = _sketches(sights.details)
    limits = _differing_bits(bars)
    for number, view in enumerate(VIEWS):
        seen = sights.details if view is STRAIGHT else sights.details_of(view)[0]
        asked = kept if view is STRAIGHT else _sketches(seen)
        for first, second in _candidates(asked, kept, ~sights.flat, view.symmetric):
            near = _distance(asked[first], kept[second]) <= np.minimum(limits[first], limits[second])
            first, second = first[near], second[near]
            alike = sights.likeness(first, second, seen) >= np.maximum(bars[first], bars[second])
            first, second = first[alike], second[alike]
            alike = sights.same_colours(first, second, view)
            yield first[alike], second[alike]
        if progress is not None:
            progress(number + 1, len(VIEWS))
    yield neighbouring_frames(looks, sights)


def _bars(sights: Sights, labels: Sequence[str]) -> Numbers:
    """For each picture, how alike another must be to be its near-duplicate."""
    draw = np.random.default_rng(0)
    members: dict[str, list[int]] = {}
    for at, label in enumerate(labels):
        if not sights.flat[at]:
            members.setdefault(label, []).append(at)
    usual = {label: _usual(sights, np.array(some), draw) for label, some in members.items()}
    everything = np.concatenate([*usual.values(), np.zeros(0, np.float32)])
    bars = {label: _bar(sample if len(sample) >= FEW else everything) for label, sample in usual.items()}
    return np.array([bars.get(label, MOST_ALIKE) for label in labels], np.float32)


def _usual(sights: Sights, members: Indices, draw: np.random.Generator) -> Numbers:
    """Likeness of pairs drawn at random from a class."""
    first, second = draw.choice(members, (2, SAMPLE))
    apart = first != second
    return sights.likeness(first[apart], second[apart])


def _bar(sample: Numbers) -> float:
    if len(sample) == 0:
        return MOST_ALIKE
    # Fisher's transformation makes correlations about normal; median and deviation bear a few duplicates.
    values = np.arctanh(np.clip(sample, -0.999, 0.999))
    middle = np.median(values)
    spread = 1.4826 * np.median(np.abs(values - middle))
    return float(np.clip(np.tanh(middle + SPREADS * spread), LEAST_ALIKE, MOST_ALIKE))


def _sketches(details: npt.NDArray[np.float16]) -> Sketches:
    """[n, WORDS] of the details' sketches."""
    planes = np.random.default_rng(0).standard_normal((details.shape[1], 64 * WORDS)).astype(np.float32)
    sketches = np.empty((len(details), WORDS), np.uint64)
    for at in range(0, len(details), QUERIES):
        sides = details[at : at + QUERIES].astype(np.float32) @ planes > 0
        sketches[at : at + QUERIES] = np.packbits(sides, axis=1).view(np.uint64)
    return sketches


def _differing_bits(likeness: Numbers) -> Numbers:
    """In how many bits the sketches of pictures that are so alike may differ."""
    share = np.arccos(likeness) / np.float32(np.pi)
    bits = 64 * WORDS
    limit: Numbers = bits * share + SURE * np.sqrt(bits * share * (1 - share))
    return limit


def _distance(first: Sketches, second: Sketches) -> npt.NDArray[np.int64]:
    bits: npt.NDArray[np.int64] = np.bitwise_count(first ^ second).sum(axis=1, dtype=np.int64)
    return bits


def _candidates(
    asked: Sketches, kept: Sketches, useful: Flags, symmetric: bool
) -> Iterator[tuple[Indices, Indices]]:
    """Pairs of which the first's asked sketch and the second's kept one agree in a band, but for one bit.

    Args:
        symmetric: the pairs are the same both ways, so that half of them will do.
    """
    asked_bands, kept_bands = asked.view(np.uint16), kept.view(np.uint16)
    chosen = np.flatnonzero(useful)
    flips = np.array([0, *(1 << bit for bit in range(BAND_BITS))], np.uint16)
    for band in range(BANDS):
        # By bucket, and within it by the next band, so that the nearest stand about together.
        following = (band + 1) % BANDS
        places = _places(kept_bands[chosen, band], kept_bands[chosen, following])
        order = chosen[np.argsort(places, kind="stable")]
        places = np.sort(places)
        starts = np.searchsorted(places, np.arange((1 << BAND_BITS) + 1) << BAND_BITS)
        for at in range(0, len(chosen), QUERIES):
            queries = chosen[at : at + QUERIES]
            probes = (asked_bands[queries, band][:, None] ^ flips).ravel()
            first = np.repeat(queries, len(flips))
            start, end = starts[probes], starts[probes.astype(np.int64) + 1]
            crowd = end - start > CROWD
            nearest = np.searchsorted(places, _places(probes[crowd], asked_bands[first[crowd], following]))
            start[crowd] = np.clip(nearest - CROWD // 2, start[crowd], end[crowd] - CROWD)
            end[crowd] = start[crowd] + CROWD
            for some, second in _expanded(first, start, end, order):
                wanted = some < second if symmetric else some != second
                # A pair that an earlier band has brought is not brought again.
                for earlier in range(band):
                    apart = asked_bands[some, earlier] ^ kept_bands[second, earlier]
                    wanted &= np.bitwise_count(apart) > 1
                yield some[wanted], second[wanted]


def _places(buckets: npt.NDArray[np.uint16], within: npt.NDArray[np.uint16]) -> Indices:
    """Sorts by bucket, then within it."""
    places: Indices = (buckets.astype(np.int64) << BAND_BITS) | within
    return places


def _expanded(
    first: Indices, start: Indices, end: Indices, order: Indices
) -> Iterator[tuple[Indices, Indices]]:
    """Every query beside every picture in the bucket that it asked for, a million pairs at a time."""
    lengths = end - start
    pieces = np.cumsum(lengths) // 1_000_000
    for piece in np.unique(pieces[lengths > 0]):
        here = (pieces == piece) & (lengths > 0)
        counts = lengths[here]
        ends = np.cumsum(counts)
        within = np.arange(ends[-1]) - np.repeat(ends - counts, counts)
        yield np.repeat(first[here], counts), order[np.repeat(start[here], counts) + within]


def _numbers(looks: Sequence[Look], roots: Indices) -> Indices:
    """Each group's number: the first 63 bits of its least digest, so that it says nothing of the order."""
    first: dict[int, int] = {}
    for at, root in enumerate(roots.tolist()):
        first.setdefault(root, int(looks[at].picture.digest[:16].ljust(16, "0"), 16) >> 1)
    return np.array([first[root] for root in roots.tolist()], np.int64)


class _Groups:
    """Sets that grow together: union-find with path halving, after Tarjan and van Leeuwen, 1984."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def join(self, first: Indices, second: Indices) -> None:
        """Puts both of each pair into one group."""
        for one, other in zip(first.tolist(), second.tolist(), strict=True):
            a, b = self._root(one), self._root(other)
            if a != b:
                self._parent[max(a, b)] = min(a, b)

    def roots(self) -> Indices:
        """The least member of each one's group."""
        return np.array([self._root(at) for at in range(len(self._parent))], np.int64)

    def _root(self, at: int) -> int:
        parent = self._parent
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at
