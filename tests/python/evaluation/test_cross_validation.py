"""What is said of a transfer-learned model: every picture answered by heads that never saw it or its like."""

from pathlib import Path

import numpy as np
import pytest
from embedded import clouds, features_of, with_views
from scipy.special import softmax
from threadpoolctl import threadpool_limits

from pytrain.dataset.image_folder import Picture
from pytrain.dataset.pictures import NO_CLASS
from pytrain.dataset.split import folds
from pytrain.evaluation import cross_validation
from pytrain.evaluation.cross_validation import (
    FOLDS,
    REJECTED,
    REJECTED_AT_MOST,
    choose_threshold,
    cross_validate,
    known_score,
)
from pytrain.training import fitter as fitter_module
from pytrain.training.fitter import Fitter
from pytrain.training.outsiders import Kind

WIDTH = 16
STRANGE = Kind("strange things", "drawn here", 30, lambda number: np.full((8, 8, 3), number, np.uint8))


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """As in a training: the matrices are small, and threads would wait for each other."""
    with threadpool_limits(1):
        yield


def far(count, seed):
    """Embeddings of nothing that was taught."""
    draw = np.random.default_rng(90)
    return draw.normal(0, 2, WIDTH) + np.random.default_rng(seed).normal(0, 1, (count, WIDTH))


def outcome_of(embeddings, truth, groups=None, own=None, seed=0, advance=lambda *done: None):
    """Judges heads on these, with the user's own pictures of no class after them."""
    labels = [f"class {number}" for number in range(int(truth.max()) + 1)]
    own = np.empty((0, WIDTH)) if own is None else own
    numbers = np.r_[truth, np.full(len(own), NO_CLASS)]
    groups = np.arange(len(numbers)) if groups is None else groups
    names = [labels[number] if number != NO_CLASS else "unknown" for number in numbers]
    pictures = [Picture(Path(f"{at:03}.png"), name, f"digest {at}") for at, name in enumerate(names)]
    fitter = Fitter(
        features=features_of(with_views(np.concatenate([embeddings, own]))),
        truth=numbers,
        classes=len(labels),
        fold=folds(names, groups, FOLDS, seed),
        level_of=np.zeros(WIDTH, np.int64),
        outsiders=features_of(far(40, seed=90)),
    )
    measured = {STRANGE: features_of(far(STRANGE.count, seed=91))}
    return fitter, cross_validate(fitter, pictures, labels, groups, measured, advance=advance)


def accuracy(outcome):
    return outcome.judged.accuracy().value


@pytest.fixture(scope="module")
def usual():
    """Three classes that overlap somewhat."""
    return outcome_of(*clouds(120, 3, WIDTH, apart=0.7))


def test_progress_comes_to_its_end():
    told = []
    outcome_of(*clouds(10, 2, WIDTH, apart=2), advance=lambda *done: told.append(done))
    assert told == [(done, FOLDS + 2) for done in range(FOLDS + 3)]


def test_every_picture_is_judged_once(usual):
    judged = usual[1].judged
    assert sorted(picture.path.name for picture in judged.pictures) == [f"{at:03}.png" for at in range(120)]
    assert [f"class {number}" for number in judged.truth] == [picture.label for picture in judged.pictures]
    assert judged.probabilities.sum(1) == pytest.approx(1, abs=1e-5)
    assert judged.method == "5-fold cross-validation"


def test_each_is_answered_by_heads_that_did_not_see_its_fold(usual):
    fitter, outcome = usual
    judged = outcome.judged
    numbers = np.array([int(picture.path.stem) for picture in judged.pictures])
    for fold in range(FOLDS):
        here = fitter.fold[numbers] == fold
        embeddings = fitter.features.read(numbers[here])
        choice = fitter.choose(frozenset({fold}), [other for other in range(FOLDS) if other != fold])
        head = fitter.logits(frozenset({fold}), choice.emphasis, choice.strength)
        logits = head.logits(embeddings)
        assert judged.probabilities[here] == pytest.approx(softmax(logits / choice.temperature, 1), abs=1e-5)
        assert judged.uncalibrated[here] == pytest.approx(softmax(logits, 1).max(1), abs=1e-5)
        assert judged.known[here] == pytest.approx(known_score(fitter.known(frozenset({fold})), embeddings))


def test_the_heads_that_are_shipped_learned_from_all_pictures_and_are_calibrated(usual):
    fitter, outcome = usual
    choice = outcome.heads.choice
    plain = fitter.logits(frozenset(), choice.emphasis, choice.strength)
    assert outcome.heads.logits.kernel == pytest.approx(plain.kernel / np.float32(choice.temperature))
    assert outcome.calibration.temperature == choice.temperature
    assert np.array_equal(outcome.heads.known.kernel, fitter.known(frozenset()).kernel)


def test_near_duplicates_of_a_picture_do_not_help_to_answer_it():
    """Twenty pictures without any sign of their class, each there five times: a coin could do as well."""
    draw = np.random.default_rng(1)
    pictures = np.repeat(draw.normal(0, 1, (20, WIDTH)), 5, axis=0) + draw.normal(0, 0.02, (100, WIDTH))
    truth = np.repeat(np.arange(20) % 2, 5)
    groups = np.repeat(np.arange(20), 5)
    assert 0.2 < accuracy(outcome_of(pictures, truth, groups)[1]) < 0.75
    # The same without groups profits from them: else the line above would prove nothing.
    assert accuracy(outcome_of(pictures, truth)[1]) > 0.8


def test_near_duplicates_in_two_classes_count_as_the_doubt_that_they_are():
    """Each picture lies in both classes: whatever is answered, half is wrong, and no one may be sure."""
    pictures = np.repeat(np.random.default_rng(2).normal(0, 1, (40, WIDTH)), 2, axis=0)
    outcome = outcome_of(pictures, np.arange(80) % 2, np.repeat(np.arange(40), 2))[1]
    assert accuracy(outcome) == 0.5
    assert outcome.judged.probabilities.max() < 0.7


def test_classes_that_lie_apart_are_told_apart():
    assert accuracy(outcome_of(*clouds(60, 3, WIDTH, apart=3.0))[1]) == 1


def test_a_model_that_is_too_sure_becomes_honest(monkeypatch):
    monkeypatch.setattr(fitter_module, "USUAL", 1e5)
    monkeypatch.setattr(fitter_module, "STRENGTHS", (1e5,))
    embeddings, truth = clouds(100, 3, WIDTH, apart=0.5)
    swapped = np.random.default_rng(0).random(100) < 0.3
    truth = np.where(swapped, (truth + 1) % 3, truth)
    calibration = outcome_of(embeddings, truth)[1].calibration
    assert calibration.temperature > 1.2
    assert calibration.calibration_error_before > 0.1
    assert calibration.calibration_error_after < 0.7 * calibration.calibration_error_before
    assert calibration.loss_after < calibration.loss_before


def test_the_threshold_turns_three_of_a_hundred_away():
    threshold, chosen_on = choose_threshold(
        np.linspace(0.5, 1, 1001, dtype=np.float32), np.empty(0, np.float32)
    )
    assert threshold == pytest.approx(0.5 + REJECTED / 2, abs=1e-3)
    assert chosen_on == "class pictures"


def test_what_is_more_probably_none_is_turned_away_up_to_a_tenth_of_the_classes():
    few_doubtful = np.linspace(0.46, 1, 1001, dtype=np.float32)
    assert choose_threshold(few_doubtful, few_doubtful[:0])[0] == pytest.approx(0.5, abs=1e-6)
    many_doubtful = np.linspace(0, 1, 1001, dtype=np.float32)
    assert choose_threshold(many_doubtful, many_doubtful[:0])[0] == pytest.approx(REJECTED_AT_MOST, abs=1e-3)


def test_pictures_of_the_classes_and_their_views_are_rejected_as_often_as_meant(usual):
    fitter, outcome = usual
    threshold = outcome.calibration.unknown_threshold
    scores = []
    for fold in range(FOLDS):
        here = np.flatnonzero(fitter.fold == fold)
        known = fitter.known(frozenset({fold}))
        scores += [known_score(known, fitter.features.read(here, view)) for view in range(3)]
    assert (np.concatenate(scores) < threshold).mean() == pytest.approx(REJECTED, abs=0.005)
    assert outcome.calibration.rejected_known == pytest.approx(
        (outcome.judged.known < threshold).mean(), abs=1e-9
    )


def test_own_unknown_pictures_raise_the_threshold_just_above_them():
    known = np.linspace(0.6, 1, 1001, dtype=np.float32)
    own = np.linspace(0, 0.63, 40, dtype=np.float32)
    threshold, chosen_on = choose_threshold(known, own)
    assert chosen_on == "unknown pictures"
    assert choose_threshold(known, own[:0])[0] < threshold < 0.64
    assert (own >= threshold).sum() <= 1


def test_but_never_so_high_that_more_than_a_tenth_of_the_classes_is_turned_away():
    known = np.linspace(0, 1, 1001, dtype=np.float32)
    threshold, _ = choose_threshold(known, np.full(40, 0.9, np.float32))
    assert threshold == pytest.approx(REJECTED_AT_MOST, abs=1e-3)


def test_own_unknown_pictures_that_are_told_anyway_change_nothing():
    known = np.linspace(0.5, 1, 1001, dtype=np.float32)
    assert choose_threshold(known, np.full(9, 0.1, np.float32))[0] == choose_threshold(known, known[:0])[0]


def test_the_unknown_folder_is_judged_by_heads_that_did_not_see_its_fold():
    fitter, outcome = outcome_of(*clouds(90, 3, WIDTH, apart=0.7), own=far(20, seed=7))
    own, measured, _ = outcome.judged.outsiders
    assert own.name == "your unknown folder"
    assert own.chosen_on
    assert not measured.chosen_on
    expected = [
        known_score(
            fitter.known(frozenset({fold})),
            fitter.features.read(90 + np.flatnonzero(fitter.fold[90:] == fold)),
        )
        for fold in range(FOLDS)
    ]
    assert own.known == pytest.approx(np.concatenate(expected))
    assert outcome.calibration.chosen_on == "unknown pictures"
    assert outcome.calibration.accepted_unknown == (own.known >= outcome.calibration.unknown_threshold).mean()
    assert all(picture.label != "unknown" for picture in outcome.judged.pictures)


def test_the_outsiders_that_fooled_the_model_most_are_shown_first(usual):
    strange = usual[1].judged.outsiders[0]
    assert strange.name == STRANGE.name
    shown = [each.known for each in strange.shown]
    assert shown == sorted(strange.known.tolist(), reverse=True)[: len(shown)]
    first = strange.shown[0]
    assert np.array_equal(first.picture, STRANGE.draw(int(strange.known.argmax())))
    assert first.answer in usual[1].judged.labels


def test_each_of_several_classes_is_once_left_out_and_told_from_the_others():
    names = [each.name for each in outcome_of(*clouds(40, 2, WIDTH, apart=2.0))[1].judged.outsiders]
    assert names == [STRANGE.name]
    outcome = outcome_of(*clouds(60, 3, WIDTH, apart=3.0))[1]
    left_out = outcome.judged.outsiders[-1]
    assert left_out.near
    assert len(left_out.known) == 60
    assert left_out.known.mean() < outcome.judged.known.mean()


def test_far_outsiders_are_told(usual):
    judged = usual[1].judged
    assert judged.auroc(judged.outsiders[0]) > 0.95


def test_the_same_pictures_and_seed_give_the_same_outcome(usual):
    _, again = outcome_of(*clouds(120, 3, WIDTH, apart=0.7))
    first = usual[1]
    assert again.calibration == first.calibration
    assert np.array_equal(again.heads.logits.kernel, first.heads.logits.kernel)
    assert np.array_equal(again.judged.probabilities, first.judged.probabilities)
    assert np.array_equal(again.judged.known, first.judged.known)


def test_of_very_many_pictures_one_fold_tells_enough(monkeypatch):
    monkeypatch.setattr(cross_validation, "MANY", 100)
    fitter, outcome = outcome_of(*clouds(120, 3, WIDTH, apart=0.7))
    assert outcome.judged.method == "20% of the pictures held out"
    numbers = [int(picture.path.stem) for picture in outcome.judged.pictures]
    assert sorted(numbers) == np.flatnonzero(fitter.fold == 0).tolist()


@pytest.mark.parametrize("each", [2, 3])
def test_a_handful_of_pictures_is_judged_too(each):
    _, outcome = outcome_of(*clouds(2 * each, 2, WIDTH, apart=3.0))
    assert outcome.judged.accuracy().total == 2 * each
    assert np.isfinite(outcome.judged.probabilities).all()
    assert np.isfinite(outcome.calibration.unknown_threshold)


def test_known_is_one_minus_the_part_of_none_of_the_classes(usual):
    _, outcome = usual
    embeddings = far(9, seed=3)
    logits = embeddings @ outcome.heads.known.kernel + outcome.heads.known.bias
    score = known_score(outcome.heads.known, embeddings)
    assert score.dtype == np.float32
    assert score == pytest.approx(1 - softmax(logits, axis=1)[:, -1], abs=1e-6)
