"""Fits heads to parts of a data set, each once, and chooses how strongly on pictures that were left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pytrain.training.feature_cache import Features
from pytrain.training.head import Floats, Head, Indices, Part, Rows, Scaling, fit, scaling_of, strays_of
from pytrain.training.temperature import fit_temperature, negative_log_likelihood

STRENGTHS = (3.0, 10.0, 30.0, 100.0)
"""What is chosen from: how much the pictures count against the penalty (scikit-learn's C)."""

KNOWN_STRENGTH = 10.0
"""For telling the classes from everything else, where the choice makes no difference."""

KNOWN_VIEWS = 2
"""Views of each picture that it is told with; more make no difference either."""

NO_CLASS = -1
"""Stands for `unknown` where classes are numbers."""

Excluded = frozenset[int]
"""Folds that are left out."""


@dataclass(frozen=True)
class Choice:
    """What was chosen on left-out pictures."""

    strength: float
    temperature: float
    tried: tuple[dict[str, float], ...]
    """For each strength: strength, val_loss (nats, at the best temperature), val_accuracy, temperature."""


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
    """

    features: Features
    truth: Indices
    classes: int
    fold: Indices
    level_of: Indices
    outsiders: Features
    _scalings: dict[Excluded, tuple[Scaling, Floats]] = field(default_factory=dict)
    _rows: dict[Excluded, Rows] = field(default_factory=dict)
    _logits: dict[tuple[Excluded, float], Head] = field(default_factory=dict)
    _known: dict[Excluded, Head] = field(default_factory=dict)

    def numbers(self, excluded: Excluded = frozenset(), *, of_classes: bool = True) -> Indices:
        """Which pictures are left: those of the classes, or those of none."""
        left = ~np.isin(self.fold, list(excluded)) & ((self.truth != NO_CLASS) == of_classes)
        return np.flatnonzero(left)

    def logits(self, excluded: Excluded, strength: float) -> Head:
        """The head for the classes: kernel float32 [features, classes]."""
        key = (excluded, strength)
        if key not in self._logits:
            left = self.numbers(excluded)
            scaling, strays = self._scaled(excluded)
            if excluded not in self._rows:
                self._rows = {excluded: Rows([Part(self.features, left)], scaling)}
            targets = np.eye(self.classes, dtype=np.float32)[self.truth[left]]
            weights = self._weights(left)
            self._logits[key] = fit(self._rows[excluded], targets, weights, strength, scaling, strays)
        return self._logits[key]

    def known(self, excluded: Excluded) -> Head:
        """The head for the classes and, last, none of them: kernel float32 [features, classes + 1].

        It learns from the pictures, their views (half as much), generated outsiders and pictures of the
        user's own that show none of the classes; all outsiders together count as much as all pictures.
        """
        if excluded not in self._known:
            left, none = self.numbers(excluded), self.numbers(excluded, of_classes=False)
            scaling, strays = self._scaled(excluded)
            views = range(1, min(KNOWN_VIEWS, self.features.views) + 1)
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
                KNOWN_STRENGTH,
                scaling,
                strays,
            )
        return self._known[excluded]

    def choose(self, excluded: Excluded, validated: Sequence[int]) -> Choice:
        """Chooses strength and temperature: for each validated fold a head is fitted to all others."""
        logits: dict[float, list[Floats]] = {strength: [] for strength in STRENGTHS}
        for fold in validated:
            embeddings = self.features.read(self._in(fold))
            for strength in STRENGTHS:
                logits[strength].append(self.logits(excluded | {fold}, strength).logits(embeddings))
        truth = np.concatenate([self.truth[self._in(fold)] for fold in validated])
        tried = tuple(_judged(strength, np.concatenate(parts), truth) for strength, parts in logits.items())
        best = min(tried, key=lambda row: row["val_loss"])
        return Choice(best["strength"], best["temperature"], tried)

    def _in(self, fold: int) -> Indices:
        return np.flatnonzero((self.fold == fold) & (self.truth != NO_CLASS))

    def _scaled(self, excluded: Excluded) -> tuple[Scaling, Floats]:
        if excluded not in self._scalings:
            left = self.numbers(excluded)
            scaling = scaling_of(self.features, left, self.level_of)
            self._scalings[excluded] = scaling, strays_of(self.features, left, scaling)
        return self._scalings[excluded]

    def _weights(self, numbers: Indices) -> npt.NDArray[np.float32]:
        """Rare classes count more, by the root of their rarity: float32 [numbers], on average 1."""
        counts = np.bincount(self.truth[numbers], minlength=self.classes)
        weights = 1 / np.sqrt(counts[self.truth[numbers]])
        return np.asarray(weights / weights.mean(), np.float32)


def _judged(strength: float, logits: Floats, truth: Indices) -> dict[str, float]:
    temperature = fit_temperature(logits, truth)
    return {
        "strength": strength,
        "val_loss": negative_log_likelihood(logits, truth, temperature),
        "val_accuracy": float((logits.argmax(1) == truth).mean()),
        "temperature": temperature,
    }
