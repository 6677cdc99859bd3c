"""Judges transfer learning honestly: every picture is answered by heads that never saw it or its like.

The pictures are dealt into folds, near-duplicates together. For each fold, strength and temperature are
chosen on the other folds alone, heads are fitted to those, and answer. What is shipped is then fitted to all
pictures in the same way, so it is a little better than what was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import softmax

from pytrain.dataset.image_folder import Picture
from pytrain.dataset.pictures import NO_CLASS
from pytrain.evaluation.calibration import Calibration
from pytrain.evaluation.judged import Judged, Outsiders, Pixels, Shown
from pytrain.evaluation.metrics import Floats, Ints, expected_calibration_error
from pytrain.training.ahead import ahead
from pytrain.training.feature_cache import Features
from pytrain.training.fitter import Choice, Fitter, logits_of
from pytrain.training.head import Head
from pytrain.training.outsiders import Kind
from pytrain.training.temperature import negative_log_likelihood

FOLDS = 5

MANY = 3000
"""Pictures from which one fold tells enough: the others would cost minutes and change nothing."""

REJECTED = 0.03
"""Share of the pictures of the classes, and of their views, that may be called unknown."""

REJECTED_AT_MOST = 0.10
"""The same, where more is needed to turn away what is none of them."""

EVEN = 0.5
"""The score below which "none of them" is more probable than all classes together."""

ACCEPTED = 0.025
"""Share of those that may be called a class."""

SHOWN = 12
"""Outsiders of each set that the report shows."""

LEFT_OUT_CLASSES = 20
"""Up to so many classes, each is left out once to see what becomes of its pictures."""


@dataclass(frozen=True)
class Heads:
    """What goes into the model: the calibrated head for the classes, and the one for `known`."""

    labels: tuple[str, ...]
    logits: Head
    known: Head
    choice: Choice


@dataclass(frozen=True)
class Outcome:
    """The heads that are shipped, and what heads made in the same way are worth."""

    heads: Heads
    judged: Judged
    calibration: Calibration


def cross_validate(
    fitter: Fitter,
    pictures: Sequence[Picture],
    labels: Sequence[str],
    groups: Ints,
    measured: Mapping[Kind, Features],
    judged_folds: Sequence[int] | None = None,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> Outcome:
    """Fits heads to all pictures, and judges the way they are made.

    Args:
        fitter: with folds 0 to FOLDS - 1.
        pictures: those of the fitter, in its order.
        groups: int64 [pictures], near-duplicates.
        measured: outsiders that nothing learns from.
        judged_folds: those that are judged; all by default, or one where there are MANY pictures.
        advance: is told how many of how many steps are done.
    """
    enough = len(pictures) > MANY and fitter.can_hold_out()
    folds = list(judged_folds or ([0] if enough else range(FOLDS)))
    steps = len(folds) + 2
    advance(0, steps)
    if len(folds) > 1:
        # Several at a time; of many pictures, one alone takes all the memory there may be.
        list(ahead(fitter.known, [frozenset({fold}) for fold in folds]))
    answers = []
    for done, fold in enumerate(folds, start=1):
        answers.append(_answer(fitter, fold, len(folds) > 1))
        advance(done, steps)
    shown = np.concatenate([answer.numbers for answer in answers])
    truth, logits = fitter.truth[shown], np.concatenate([answer.logits for answer in answers])
    temperatures = np.concatenate([np.full(len(a.numbers), a.temperature) for a in answers])[:, None]
    uncalibrated = np.asarray(softmax(logits, axis=1), np.float32)
    probabilities = np.asarray(softmax(logits / temperatures, axis=1), np.float32)
    known = np.concatenate([answer.known for answer in answers])
    views = np.concatenate([answer.known_of_views for answer in answers])
    own = _Own(
        np.concatenate([answer.strange for answer in answers]),
        np.concatenate([answer.known_of_strange for answer in answers]),
    )
    threshold, chosen_on = choose_threshold(np.r_[known, views.ravel()], own.known)

    everything: frozenset[int] = frozenset()
    choice = fitter.choose(everything, folds) if len(folds) > 1 else answers[0].choice
    logits_head = fitter.logits(everything, choice.emphasis, choice.strength) / choice.temperature
    advance(steps - 1, steps)
    heads = Heads(tuple(labels), logits_head, fitter.known(everything), choice)
    advance(steps, steps)
    judged = Judged(
        labels=tuple(labels),
        pictures=tuple(pictures[number] for number in shown),
        truth=truth,
        probabilities=probabilities,
        uncalibrated=uncalibrated.max(1),
        known=known,
        groups=groups[shown],
        outsiders=tuple(_outsiders(fitter, heads, pictures, groups, own, measured, judged_folds is None)),
        method=f"{FOLDS}-fold cross-validation"
        if len(folds) > 1
        else f"{1 / FOLDS:.0%} of the pictures held out",
    )
    calibration = Calibration(
        temperature=choice.temperature,
        unknown_threshold=threshold,
        chosen_on=chosen_on,
        accepted_unknown=float((own.known >= threshold).mean()) if len(own.known) else None,
        rejected_known=float((known < threshold).mean()),
        loss_before=negative_log_likelihood(logits, truth),
        loss_after=negative_log_likelihood(np.log(np.maximum(probabilities, 1e-30)), truth),
        calibration_error_before=expected_calibration_error(uncalibrated, truth),
        calibration_error_after=expected_calibration_error(probabilities, truth),
    )
    return Outcome(heads, judged, calibration)


def choose_threshold(known: Floats, own: Floats) -> tuple[float, str]:
    """The score below which the answer is `unknown`, and what it was chosen on.

    Args:
        known: scores of pictures of the classes and of their views, by heads that did not see them.
        own: scores of the user's own pictures of none of them, likewise; may be empty.
    """
    wanted = max(EVEN, float(np.quantile(own, 1 - ACCEPTED)) + 1e-6) if len(own) else EVEN
    least, most = np.quantile(known, [REJECTED, REJECTED_AT_MOST])
    return max(float(least), min(wanted, float(most))), "unknown pictures" if len(own) else "class pictures"


@dataclass(frozen=True)
class _Own:
    """The user's pictures of none of the classes, and their scores by heads that did not see them."""

    numbers: Ints
    known: Floats


@dataclass(frozen=True)
class _Answer:
    """What heads that did not see a fold say of it."""

    numbers: Ints
    logits: Floats
    known: Floats
    known_of_views: Floats
    """float32 [pictures, views]."""
    strange: Ints
    """The fold's pictures of none of the classes."""
    known_of_strange: Floats
    choice: Choice

    @property
    def temperature(self) -> float:
        return self.choice.temperature


def _answer(fitter: Fitter, fold: int, all_others: bool) -> _Answer:
    without = frozenset({fold})
    others = [number for number in range(FOLDS) if number != fold]
    choice = fitter.choose(without, others if all_others else others[:1])
    here = np.flatnonzero((fitter.fold == fold) & (fitter.truth != NO_CLASS))
    strange = np.flatnonzero((fitter.fold == fold) & (fitter.truth == NO_CLASS))
    head, known = fitter.logits(without, choice.emphasis, choice.strength), fitter.known(without)
    return _Answer(
        here,
        logits_of(head, fitter.features, here),
        known_of(known, fitter.features, here),
        np.stack([known_of(known, fitter.features, here, view) for view in fitter.views], axis=1),
        strange,
        known_of(known, fitter.features, strange),
        choice,
    )


def known_of(head: Head, features: Features, pictures: Ints, view: int = 0) -> Floats:
    """How surely each picture, or one view of it, is of one of the classes at all: float32 [n], 0 to 1."""
    scores = [known_score(head, embeddings) for embeddings in features.chunks(pictures, view)]
    return np.concatenate([np.empty(0, np.float32), *scores])


def known_score(head: Head, embeddings: Floats) -> Floats:
    """How surely each embedding is of one of the classes at all: float32 [n], 0 to 1."""
    return np.asarray(1 - softmax(head.logits(embeddings), axis=1)[:, -1], np.float32)


def _outsiders(
    fitter: Fitter,
    heads: Heads,
    pictures: Sequence[Picture],
    groups: Ints,
    own: _Own,
    measured: Mapping[Kind, Features],
    untaught: bool,
) -> list[Outsiders]:
    found = []
    if len(own.numbers):
        shown = _shown(
            heads, fitter.features.read(own.numbers), own.known, lambda at: pictures[own.numbers[at]]
        )
        found.append(
            Outsiders(
                "your unknown folder", own.known, chosen_on=True, shown=shown, groups=groups[own.numbers]
            )
        )
    for kind, features in measured.items():
        embeddings = features.read(np.arange(len(features.row_of)))
        known = known_score(heads.known, embeddings)
        shown = _shown(heads, embeddings, known, kind.draw)
        found.append(Outsiders(kind.name, known, chosen_on=False, shown=shown, about=kind.about))
    # A network that was tuned was taught all classes.
    if untaught and 2 < fitter.classes <= LEFT_OUT_CLASSES and len(fitter.truth) <= MANY:
        known = np.concatenate(list(ahead(lambda number: _left_out(fitter, number), range(fitter.classes))))
        about = "each class in turn is not taught, and its pictures are shown: the hardest kind"
        of_class = np.concatenate([groups[fitter.truth == number] for number in range(fitter.classes)])
        found.append(
            Outsiders(
                "a class that it was not taught",
                known,
                chosen_on=False,
                about=about,
                near=True,
                groups=of_class,
            )
        )
    return found


def _shown(
    heads: Heads, embeddings: Floats, known: Floats, picture: Callable[[int], Picture | Pixels]
) -> tuple[Shown, ...]:
    """The outsiders that fooled the model most, or came nearest to it."""
    probabilities = softmax(heads.logits.logits(embeddings), axis=1)
    return tuple(
        Shown(
            picture(int(at)),
            heads.labels[int(probabilities[at].argmax())],
            float(probabilities[at].max()),
            float(known[at]),
        )
        for at in np.argsort(-known)[:SHOWN]
    )


def _left_out(fitter: Fitter, number: int) -> Floats:
    """The scores of a class's pictures where the class is not taught."""
    aside = FOLDS + number
    here = np.flatnonzero(fitter.truth == number)
    taught = replace(
        fitter, fold=np.where(fitter.truth == number, aside, fitter.fold), _known={}, _spreads={}
    )
    return known_score(taught.known(frozenset({aside})), fitter.features.read(here))
