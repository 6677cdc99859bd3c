"""Fits heads to parts of a data set, each once, and finds on left-out pictures how sure they may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.dataset.pictures import NO_CLASS
from pytrain.training.ahead import ahead
from pytrain.training.feature_cache import Features
from pytrain.training.head import (
    EMPHASIS,
    FEW,
    WITHOUT_GROUPS,
    Emphasis,
    Floats,
    Head,
    Indices,
    Part,
    Rows,
    Scaling,
    Spread,
    fit,
    fit_squares,
    spread_of,
)
from pytrain.training.temperature import fit_temperature, negative_log_likelihood

STRENGTHS = (3.0, 10.0, 30.0, 100.0)
"""What is chosen from with many pictures: how much they count against the penalty (scikit-learn's C)."""

USUAL = 10.0
"""What is taken with few: choosing would be luck."""

SURE_OF_SQUARES, SURE_OF_OTHERS = 30.0, 1.0
"""How many pictures the guess counts that a head needs no temperature. That of least squares lay between 0.7
and 1.15 on ten sets; what a dozen pictures of each class say of it is off by as much."""

KNOWN_VIEWS = 2
"""Views of each picture that it is told with; more make no difference either."""

MIRROR_LOSS = 0.15
"""Share by which mirrored views may be answered worse than others before they are left out."""

MIRROR_LEAST = 5
"""Right answers of a class from which half of them lost tells that it is another class in the mirror."""

Excluded = frozenset[int]
"""Folds that are left out."""


@dataclass(frozen=True)
class Choice:
    """What was chosen on left-out pictures."""

    emphasis: Emphasis
    strength: float
    temperature: float
    tried: tuple[dict[str, float], ...]
    """For each try: strength, val_loss (nats, at the best temperature), val_accuracy, temperature."""
    at: int
    """Which of the tries was chosen."""


@dataclass
class Fitter:
    """A data set as embeddings, and the heads fitted to it so far.

    Attributes:
        features: of the pictures and their views.
        truth: int64 [pictures], the class, or NO_CLASS for pictures of none of them.
        classes: how many there are.
        fold: int64 [pictures].
        level_of: int64 [width], which level each number of an embedding comes from.
        outsiders: further pictures of none of the classes.
        mirrored: whether mirrored views, every second one, show the same class: not where left differs from
            right.
    """

    features: Features
    truth: Indices
    classes: int
    fold: Indices
    level_of: Indices
    outsiders: Features
    mirrored: bool = True
    _spreads: dict[Excluded, Spread] = field(default_factory=dict)
    _logits: dict[tuple[Excluded, Emphasis, float], Head] = field(default_factory=dict)
    _known: dict[tuple[Excluded], Head] = field(default_factory=dict)

    @property
    def views(self) -> Sequence[int]:
        """Numbers of the views that show the same class as their picture."""
        return range(1, self.features.views + 1, 1 if self.mirrored else 2)

    def numbers(self, excluded: Excluded = frozenset(), *, of_classes: bool = True) -> Indices:
        """Which pictures are left: those of the classes, or those of none."""
        left = ~np.isin(self.fold, list(excluded)) & ((self.truth != NO_CLASS) == of_classes)
        return np.flatnonzero(left)

    def logits(self, excluded: Excluded, emphasis: Emphasis, strength: float) -> Head:
        """The head for the classes: kernel float32 [features, classes]."""
        key = (excluded, emphasis, strength)
        if key not in self._logits:
            left = self.numbers(excluded)
            scaling, strays = self._spread(excluded).scaling(emphasis)
            start = _nearest(self._logits, key)
            self._logits[key] = self.solve(left, self.weights(left), strength, scaling, strays, start)
        return self._logits[key]

    def solve(
        self,
        left: Indices,
        weights: Floats,
        strength: float,
        scaling: Scaling,
        strays: Floats,
        start: Head | None = None,
    ) -> Head:
        """A head for the classes from some pictures; all of a data set are made in one way."""
        rows = Rows([Part(self.features, left)], scaling)
        targets = np.eye(self.classes, dtype=np.float32)[self.truth[left]]
        if len(self.truth) <= FEW:
            return fit_squares(rows, targets, weights, strength, scaling, strays)
        return fit(rows, targets, weights, strength, scaling, strays, start)

    def known(self, excluded: Excluded) -> Head:
        """The head for the classes and, last, none of them: kernel float32 [features, classes + 1].

        It learns from the pictures, their views (half as much), generated outsiders and pictures of the
        user's own that show none of the classes; all outsiders together count as much as all pictures.
        """
        key = (excluded,)
        if key not in self._known:
            left, none = self.numbers(excluded), self.numbers(excluded, of_classes=False)
            scaling, strays = self._spread(excluded).scaling(WITHOUT_GROUPS)
            views = self.views[:KNOWN_VIEWS]
            outside = np.arange(len(self.outsiders.row_of))
            own = [Part(self.features, left, view) for view in (0, *views)]
            strange = [Part(self.features, none), Part(self.outsiders, outside)]
            numbers = np.r_[
                np.tile(self.truth[left], len(own)), np.full(len(none) + len(outside), self.classes)
            ]
            weights = [self.weights(left), *(self.weights(left) / (2 * len(views)) for _ in views)]
            # Half for the user's own outsiders, who know best what will be held up, half for ours.
            shares = [0.5 if len(none) and len(outside) else 1.0] * 2
            each = [
                np.full(len(part), share * len(left) / max(1, len(part)), np.float32)
                for part, share in zip(strange, shares, strict=True)
            ]
            self._known[key] = fit(
                Rows([*own, *strange], scaling),
                np.eye(self.classes + 1, dtype=np.float32)[numbers],
                np.concatenate([*weights, *each]).astype(np.float32),
                USUAL,
                scaling,
                strays,
                _nearest(self._known, key),
            )
        return self._known[key]

    def weights(self, numbers: Indices) -> npt.NDArray[np.float32]:
        """Rare classes count more, by the root of their rarity: float32 [numbers], on average 1."""
        counts = np.bincount(self.truth[numbers], minlength=self.classes)
        weights = 1 / np.sqrt(counts[self.truth[numbers]])
        return np.asarray(weights / weights.mean(), np.float32)

    def choose(self, excluded: Excluded, validated: Sequence[int]) -> Choice:
        """Finds the temperature, and of many pictures the strength, by heads that did not see these folds."""
        strengths = (USUAL,) if len(self.truth) <= FEW else STRENGTHS
        self._prepare(excluded, validated, strengths)
        tries = [self._tried(excluded, validated, strength) for strength in strengths]
        best = min(tries, key=lambda one: one["val_loss"])
        return Choice(EMPHASIS, best["strength"], best["temperature"], tuple(tries), tries.index(best))

    def _prepare(self, excluded: Excluded, validated: Sequence[int], strengths: Sequence[float]) -> None:
        """Fits the heads that will be asked, several folds at a time."""

        def fitted(fold: int) -> None:
            if len(self._answerable(excluded, fold)):
                for strength in strengths:
                    self.logits(excluded | {fold}, EMPHASIS, strength)

        list(ahead(fitted, validated))

    def _tried(self, excluded: Excluded, validated: Sequence[int], strength: float) -> dict[str, float]:
        asked = {fold: self._answerable(excluded, fold) for fold in validated}
        asked = {fold: pictures for fold, pictures in asked.items() if len(pictures)}
        if not asked:
            # Every class is one recording, or two: nothing can be chosen.
            return {"strength": strength, "val_loss": 0.0, "val_accuracy": 0.0, "temperature": 1.0}
        logits = np.concatenate(
            [
                logits_of(self.logits(excluded | {fold}, EMPHASIS, strength), self.features, pictures)
                for fold, pictures in asked.items()
            ]
        )
        truth = self.truth[np.concatenate(list(asked.values()))]
        pull = SURE_OF_SQUARES if len(self.truth) <= FEW else SURE_OF_OTHERS
        temperature = fit_temperature(logits, truth, pull)
        return {
            "strength": strength,
            "val_loss": negative_log_likelihood(logits, truth, temperature),
            "val_accuracy": float((logits.argmax(1) == truth).mean()),
            "temperature": temperature,
        }

    def _answerable(self, excluded: Excluded, fold: int) -> Indices:
        """The pictures of a fold whose classes the heads that did not see it know at all."""
        taught = np.unique(self.truth[self.numbers(excluded | {fold})])
        return np.flatnonzero((self.fold == fold) & np.isin(self.truth, taught))

    def can_hold_out(self) -> bool:
        """Whether one fold to judge, one to choose by, and the others to learn from have every class each."""
        parts = ([0], [1], [2, 3, 4])
        classes = [
            np.unique(self.truth[np.isin(self.fold, part) & (self.truth != NO_CLASS)]) for part in parts
        ]
        return all(len(found) == self.classes for found in classes)

    def _spread(self, excluded: Excluded) -> Spread:
        if excluded not in self._spreads:
            left = self.numbers(excluded)
            self._spreads[excluded] = spread_of(self.features, left, self.level_of, self.views)
        return self._spreads[excluded]


def _nearest(heads: Mapping[Any, Head], key: tuple[Any, ...]) -> Head | None:
    """A head of nearly the same pictures to start from: of the next lower strength, or without a fold more.

    Heads that are fitted at the same time leave out equally many folds and so never start from each other:
    what comes out does not depend on which is done first.
    """
    excluded, *how = key
    made = list(heads)
    weaker = [other for other in made if how and other[:-1] == key[:-1] and other[-1] < key[-1]]
    without_more = [
        other
        for other in made
        if [*other[1:]] == how and other[0] > excluded and len(other[0]) == len(excluded) + 1
    ]
    if weaker:
        return heads[max(weaker, key=lambda other: float(other[-1]))]
    if without_more:
        return heads[min(without_more, key=lambda other: sorted(other[0]))]
    return None


def logits_of(head: Head, features: Features, pictures: Indices, view: int = 0) -> Floats:
    """What a head says of pictures, or of one view of each: float32 [pictures, outputs]."""
    said = [head.logits(embeddings) for embeddings in features.chunks(pictures, view)]
    return np.concatenate([np.empty((0, len(head.bias)), np.float32), *said])


def mirrors_show_the_same(fitter: Fitter, folds: Sequence[int]) -> bool:
    """Whether heads that were told nothing of views answer mirrored ones about as well as others.

    A left hand that is mirrored is a right hand: where such classes are told apart, they do not.
    """
    if fitter.features.views < 2:
        return True
    right = np.zeros((2, fitter.classes))
    for fold in folds:
        left = fitter.numbers(frozenset({fold}))
        here = np.flatnonzero((fitter.fold == fold) & (fitter.truth != NO_CLASS))
        scaling, strays = spread_of(fitter.features, left, fitter.level_of, ()).scaling(EMPHASIS)
        head = fitter.solve(left, np.ones(len(left), np.float32), USUAL, scaling, strays)
        truth = fitter.truth[here]
        answers = (logits_of(head, fitter.features, here, view).argmax(1) for view in (1, 2))
        right += [np.bincount(truth[answer == truth], minlength=fitter.classes) for answer in answers]
    worst = (right[0] >= MIRROR_LEAST) & (right[1] < right[0] / 2)
    return bool(right[1].sum() >= (1 - MIRROR_LOSS) * right[0].sum() and not worst.any())
