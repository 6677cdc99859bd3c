"""Finds pictures that must stay together: copies, near-duplicates, frames of one recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pytrain.dataset.likeness import STRAIGHT, Flags, Indices, Numbers, Sights, View
from pytrain.dataset.looks import Look, difference_hashes
from pytrain.dataset.recordings import neighbouring_frames

Hashes = npt.NDArray[np.uint64]

BANDS = 4
BAND_BITS = 16
"""The 64 bits of a hash are looked up in 4 bands of 16, each taken from all over the picture. Two hashes that
differ in at most 7 bits agree in one of the bands but for one bit, by the pigeonhole principle."""

HASH_DISTANCE = 10
"""Bits in which two copies may differ; copies of photos at low quality or in other light differ in 0 to 9."""

CROWD = 400
"""Of more pictures in one band's bucket (figures on plain ground) only the nearest by hash are compared."""

LEAST_ALIKE, MOST_ALIKE = 0.88, 0.97
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


def groups_of(looks: Sequence[Look]) -> Indices:
    """The group of each picture.

    One group are: the same bytes; near-duplicates (saved anew, resized, in other light, mirrored); and frames
    of one recording, which neighbouring names give away where neighbours are more alike than others.
    The numbers depend on the pictures' contents and names, not on their order.

    Returns:
        int64 [len(looks)], not negative, equal within a group and nowhere else.
    """
    order = sorted(range(len(looks)), key=lambda at: (looks[at].picture.digest, looks[at].picture.path))
    ordered = [looks[at] for at in order]
    groups = _Groups(len(ordered))
    if ordered:
        for first, second in _pairs(ordered):
            groups.join(first, second)
    numbers = np.empty(len(looks), np.int64)
    numbers[order] = _numbers(ordered, groups.roots())
    return numbers


def _pairs(looks: Sequence[Look]) -> Iterator[tuple[Indices, Indices]]:
    """All pairs that belong together, in pieces; looks are sorted by content."""
    digests = [look.picture.digest for look in looks]
    same = np.array([at for at in range(1, len(looks)) if digests[at] == digests[at - 1]], np.int64)
    yield same - 1, same
    sights = Sights(looks)
    labels = [look.picture.label for look in looks]
    bars = _bars(sights, labels)
    hashes = difference_hashes(sights.thumbnails)
    for view in VIEWS:
        asked = hashes if view.straight else difference_hashes(view(sights.thumbnails))
        seen = sights.details if view.straight else sights.details_of(view)[0]
        for first, second in _candidates(asked, hashes, ~sights.flat, view.symmetric):
            alike = sights.likeness(first, second, seen) >= np.maximum(bars[first], bars[second])
            first, second = first[alike], second[alike]
            alike = sights.same_colours(first, second, view)
            yield first[alike], second[alike]
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


def _candidates(
    asked: Hashes, kept: Hashes, useful: Flags, symmetric: bool
) -> Iterator[tuple[Indices, Indices]]:
    """Pairs of which the first's asked hash is near the second's kept one, each pair once.

    Args:
        symmetric: the pairs are the same both ways, so that half of them will do.
    """
    asked_bands, kept_bands = _bands(asked), _bands(kept)
    chosen = np.flatnonzero(useful)
    flips = np.array([0, *(1 << bit for bit in range(BAND_BITS))])
    for band in range(BANDS):
        # By bucket, and within it by hash, so that the nearest stand about together.
        places = _places(kept_bands[chosen, band], kept[chosen])
        order = chosen[np.argsort(places, kind="stable")]
        places = np.sort(places)
        starts = np.searchsorted(kept_bands[order, band], np.arange((1 << BAND_BITS) + 1))
        for at in range(0, len(chosen), QUERIES):
            queries = chosen[at : at + QUERIES]
            probes = (asked_bands[queries, band][:, None] ^ flips).ravel()
            first = np.repeat(queries, len(flips))
            start, end = starts[probes], starts[probes + 1]
            nearest = np.searchsorted(places, _places(probes, asked[first])) - CROWD // 2
            start = np.clip(nearest, start, np.maximum(start, end - CROWD))
            end = np.minimum(start + CROWD, end)
            for some_first, second in _expanded(first, start, end, order):
                near = some_first < second if symmetric else some_first != second
                some_first, second = some_first[near], second[near]
                near = _distance(asked[some_first], kept[second]) <= HASH_DISTANCE
                some_first, second = some_first[near], second[near]
                # A pair that an earlier band has brought is not brought again.
                fresh = np.ones(len(second), np.bool_)
                for earlier in range(band):
                    apart = asked_bands[some_first, earlier] ^ kept_bands[second, earlier]
                    fresh &= np.bitwise_count(apart) > 1
                yield some_first[fresh], second[fresh]


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


def _places(buckets: Indices, hashes: Hashes) -> Hashes:
    """Sorts by bucket, then by the beginning of the hash."""
    return (buckets.astype(np.uint64) << np.uint64(48)) | (hashes >> np.uint64(16))


def _bands(hashes: Hashes) -> Indices:
    """[n, BANDS] parts of the hashes; neighbouring bits go to different parts."""
    bits = np.unpackbits(hashes.astype(">u8").view(np.uint8).reshape(-1, 8), axis=1)
    weights = 1 << np.arange(BAND_BITS)
    bands: Indices = np.stack([bits[:, band::BANDS] @ weights for band in range(BANDS)], axis=1).astype(
        np.int64
    )
    return bands


def _distance(first: Hashes, second: Hashes) -> npt.NDArray[np.uint8]:
    bits: npt.NDArray[np.uint8] = np.bitwise_count(first ^ second)
    return bits


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
