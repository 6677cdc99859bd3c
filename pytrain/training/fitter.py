"""Fits heads to parts of a data set, each once, and chooses how strongly on pictures that were left out."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax

from pytrain.dataset.pictures import NO_CLASS
from pytrain.training.ahead import ahead
from pytrain.training.feature_cache import Features
from pytrain.training.head import (
    EMPHASES,
    FEW,
    Emphasis,
    Floats,
    Head,
    Indices,
    Part,
    Rows,
    Spread,
    fit,
    spread_of,
)
from pytrain.training.temperature import fit_temperature

STRENGTHS = (3.0, 10.0, 30.0, 100.0)
"""What is chosen from: how much the pictures count against the penalty (scikit-learn's C)."""

USUAL = 10.0
"""The strength with which emphases are compared."""

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
    """For each try: emphasis (number in EMPHASES), strength, val_loss (nats, at the best temperature),
    val_accuracy, temperature."""
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
    _last: threading.local = field(default_factory=threading.local)
    """Each thread's last rows: strengths are tried one after another."""
    _logits: dict[tuple[Excluded, Emphasis, float], Head] = field(default_factory=dict)
    _known: dict[Excluded, Head] = field(default_factory=dict)

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
            if getattr(self._last, "of", None) != (excluded, emphasis):
                scaling, strays = self._spread(excluded).scaling(emphasis)
                self._last.of = excluded, emphasis
                self._last.scaled = Rows([Part(self.features, left)], scaling), scaling, strays
            rows, scaling, strays = self._last.scaled
            targets = np.eye(self.classes, dtype=np.float32)[self.truth[left]]
            self._logits[key] = fit(rows, targets, self._weights(left), strength, scaling, strays)
        return self._logits[key]

    def known(self, excluded: Excluded) -> Head:
        """The head for the classes and, last, none of them: kernel float32 [features, classes + 1].

        It learns from the pictures, their views (half as much), generated outsiders and pictures of the
        user's own that show none of the classes; all outsiders together count as much as all pictures.
        """
        if excluded not in self._known:
            left, none = self.numbers(excluded), self.numbers(excluded, of_classes=False)
            scaling, strays = self._spread(excluded).scaling(EMPHASES[0])
            views = self.views[:KNOWN_VIEWS]
            outside = np.arange(len(self.outsiders.row_of))
            own = [Part(self.features, left, view) for view in (0, *views)]
            strange = [Part(self.features, none), Part(self.outsiders, outside)]
            numbers = np.r_[
                np.tile(self.truth[left], len(own)), np.full(len(none) + len(outside), self.classes)
            ]
            weights = [self._weights(left), *(self._weights(left) / (2 * len(views)) for _ in views)]
            # Half for the user's own outsiders, who know best what will be held up, half for ours.
            shares = [0.5 if len(none) and len(outside) else 1.0] * 2
            each = [
                np.full(len(part), share * len(left) / max(1, len(part)), np.float32)
                for part, share in zip(strange, shares, strict=True)
            ]
            self._known[excluded] = fit(
                Rows([*own, *strange], scaling),
                np.eye(self.classes + 1, dtype=np.float32)[numbers],
                np.concatenate([*weights, *each]).astype(np.float32),
                USUAL,
                scaling,
                strays,
            )
        return self._known[excluded]

    def choose(self, excluded: Excluded, validated: Sequence[int]) -> Choice:
        """Chooses emphasis, strength and temperature by heads that did not see the validated folds.

        The plainest emphasis is left only for one that is better by more than a standard error (Breiman et
        al., Classification and regression trees, 1984): with few pictures, small differences are luck.
        """
        self._prepare(excluded, validated, [(emphasis, USUAL) for emphasis in self.emphases()])
        tries = [self._tried(excluded, validated, emphasis, USUAL) for emphasis in self.emphases()]
        plain, best = tries[-1], min(tries, key=_loss)
        gain = plain.losses - best.losses
        if gain.mean() <= gain.std() / np.sqrt(len(gain)):
            best = plain
        others = [strength for strength in STRENGTHS if strength != USUAL]
        self._prepare(excluded, validated, [(best.emphasis, strength) for strength in others])
        tries += [self._tried(excluded, validated, best.emphasis, strength) for strength in others]
        best = min((one for one in tries if one.emphasis == best.emphasis), key=_loss)
        return Choice(
            best.emphasis,
            best.row["strength"],
            best.row["temperature"],
            tuple(one.row for one in tries),
            tries.index(best),
        )

    def emphases(self) -> Sequence[Emphasis]:
        """What is chosen from: of many pictures, the first learns by itself what counts."""
        if len(self.truth) > FEW:
            return EMPHASES[:1]
        if self.level_of.max() == 0:
            return [EMPHASES[2], EMPHASES[5]]
        return EMPHASES

    def _prepare(
        self, excluded: Excluded, validated: Sequence[int], wanted: Sequence[tuple[Emphasis, float]]
    ) -> None:
        """Fits the heads that will be asked, several folds at a time."""

        def fitted(fold: int) -> None:
            if len(self._answerable(excluded, fold)):
                for emphasis, strength in wanted:
                    self.logits(excluded | {fold}, emphasis, strength)

        list(ahead(fitted, validated))

    def _tried(
        self, excluded: Excluded, validated: Sequence[int], emphasis: Emphasis, strength: float
    ) -> _Try:
        asked = {fold: self._answerable(excluded, fold) for fold in validated}
        asked = {fold: pictures for fold, pictures in asked.items() if len(pictures)}
        if not asked:
            # Every class is one recording, or two: nothing can be chosen.
            unknown = {"val_loss": 0.0, "val_accuracy": 0.0, "temperature": 1.0}
            return _Try(emphasis, np.zeros(1), {**_row(emphasis, strength), **unknown})
        logits = np.concatenate(
            [
                logits_of(self.logits(excluded | {fold}, emphasis, strength), self.features, pictures)
                for fold, pictures in asked.items()
            ]
        )
        truth = self.truth[np.concatenate(list(asked.values()))]
        temperature = fit_temperature(logits, truth, pull=1.0)
        said = log_softmax(logits.astype(np.float64) / temperature, axis=1)
        losses = -said[np.arange(len(truth)), truth]
        row = {
            **_row(emphasis, strength),
            "val_loss": float(losses.mean()),
            "val_accuracy": float((logits.argmax(1) == truth).mean()),
            "temperature": temperature,
        }
        return _Try(emphasis, losses, row)

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

    def _weights(self, numbers: Indices) -> npt.NDArray[np.float32]:
        """Rare classes count more, by the root of their rarity: float32 [numbers], on average 1."""
        counts = np.bincount(self.truth[numbers], minlength=self.classes)
        weights = 1 / np.sqrt(counts[self.truth[numbers]])
        return np.asarray(weights / weights.mean(), np.float32)


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
        scaling, strays = spread_of(fitter.features, left, fitter.level_of, ()).scaling(EMPHASES[0])
        targets = np.eye(fitter.classes, dtype=np.float32)[fitter.truth[left]]
        weights = np.ones(len(left), np.float32)
        rows = Rows([Part(fitter.features, left)], scaling)
        head = fit(rows, targets, weights, USUAL, scaling, strays)
        truth = fitter.truth[here]
        answers = (logits_of(head, fitter.features, here, view).argmax(1) for view in (1, 2))
        right += [np.bincount(truth[answer == truth], minlength=fitter.classes) for answer in answers]
    worst = (right[0] >= MIRROR_LEAST) & (right[1] < right[0] / 2)
    return bool(right[1].sum() >= (1 - MIRROR_LOSS) * right[0].sum() and not worst.any())


@dataclass(frozen=True, eq=False)
class _Try:
    """One emphasis and strength, and the loss of each validated picture."""

    emphasis: Emphasis
    losses: npt.NDArray[np.float64]
    row: dict[str, float]


def _row(emphasis: Emphasis, strength: float) -> dict[str, float]:
    return {"emphasis": float(EMPHASES.index(emphasis)), "strength": strength}


def _loss(one: _Try) -> float:
    return one.row["val_loss"]
