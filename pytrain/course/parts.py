"""The parts of a course's data set: pictures to learn from, to choose by, and to test with once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pytrain.course.lens import through_lens
from pytrain.course.recipe import Pictures
from pytrain.dataset.catalogue import Collection, Part
from pytrain.errors import DataError

VALIDATION = 1 / 12
"""Of the training pictures of each class: 5,000 of the 60,000 that MNIST and its likes have."""

LEAST = 2
"""Pictures of each class to learn from and to choose by."""

MEASURED = 20_000
"""Pictures that mean and variance are taken of; more change them in the fourth digit."""

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Parts:
    """A data set, parted.

    Attributes:
        test_index: int64 [test pictures], which of the official test part they are.
    """

    training: Part
    validation: Part
    test: Part
    test_index: Indices

    def pictures(self) -> Pictures:
        """What a network has to know: size, and mean and variance as the lens shows the training pictures."""
        images = self.training.images
        some = through_lens(images[np.linspace(0, len(images) - 1, min(len(images), MEASURED)).astype(int)])
        axes = (0, 1, 2)
        mean, variance = some.mean(axes, np.float64), some.var(axes, np.float64)
        return Pictures(
            images.shape[1],
            images.shape[3],
            tuple(round(float(value), 6) for value in mean),
            # A picture without any contrast would otherwise be divided by nothing.
            tuple(round(max(float(value), 1e-4), 6) for value in variance),
        )


def parts_of(collection: Collection, seed: int = 0, limit: int | None = None) -> Parts:
    """Takes a part of each class's training pictures for validation; the official test part stays as it is.

    Args:
        collection: of the catalogue.
        seed: which pictures are for validation.
        limit: take at most so many training pictures and as many test pictures, evenly of all classes.

    Raises:
        DataError: a class has too few pictures, or the limit leaves too few.
    """
    classes = len(collection.labels)
    if limit is not None and limit < LEAST * classes:
        raise DataError(
            f"The limit is {limit} pictures.", expected=f"at least {LEAST * classes}, {LEAST} of each class"
        )
    counts = np.bincount(collection.training.truth, minlength=classes)
    for label, count in zip(collection.labels, counts.tolist(), strict=True):
        if count < LEAST:
            raise DataError(
                f"{collection.name} has {count} training pictures of {label}.",
                expected=f"at least {LEAST}",
                fix=f"Fetch the whole data set: pytrain data fetch {collection.name}",
            )
    if not len(collection.test):
        raise DataError(
            f"{collection.name} has no test pictures.",
            fix=f"Fetch the whole data set: pytrain data fetch {collection.name}",
        )
    chosen, rank = _in_turns(collection.training.truth, np.random.default_rng(seed))
    taken = chosen[:limit]
    number = rank[taken]
    of_class = collection.training.truth[taken]
    left = np.bincount(of_class, minlength=classes)
    # The last of each class, at least one.
    validated = number >= (left - np.maximum(1, np.round(left * VALIDATION)))[of_class]
    # The same test pictures whatever the seed, so that runs can be compared.
    tested = np.arange(len(collection.test))
    if limit is not None:
        tested = np.sort(_in_turns(collection.test.truth, np.random.default_rng(0))[0][:limit])
    return Parts(
        _part(collection.training, np.sort(taken[~validated])),
        _part(collection.training, np.sort(taken[validated])),
        _part(collection.test, tested),
        tested,
    )


def _in_turns(truth: Indices, draw: np.random.Generator) -> tuple[Indices, Indices]:
    """(pictures in a random order in which the classes take turns, each picture's number in its class)."""
    rank = np.empty(len(truth), np.int64)
    for number in np.unique(truth):
        here = np.flatnonzero(truth == number)
        rank[here] = draw.permutation(len(here))
    return np.lexsort((truth, rank)), rank


def _part(part: Part, chosen: Indices) -> Part:
    return Part(part.images[chosen], part.truth[chosen])
