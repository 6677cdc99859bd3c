"""Heads for parts of a data set: they know nothing of what was left out, and are fitted once."""

from dataclasses import replace

import numpy as np
import pytest
from embedded import clouds, features_of, with_views
from threadpoolctl import threadpool_limits

from pytrain.dataset.pictures import NO_CLASS
from pytrain.model.imagenet_groups import GROUP_LEVEL
from pytrain.training import fitter as module
from pytrain.training.fitter import STRENGTHS, SURE_OF_SQUARES, USUAL, Fitter
from pytrain.training.head import EMPHASES, EMPHASIS
from pytrain.training.temperature import fit_temperature, negative_log_likelihood

WIDTH = 16
LEVELS = np.tile(np.repeat([0, 1], 2), 4)
"""Four cells, each with two numbers of both levels."""
USUALLY = EMPHASIS, USUAL
PICTURES = 60
OWN = 10
"""Pictures of none of the classes, in the user's folder."""


@pytest.fixture(autouse=True)
def one_thread():
    """As in a training: the matrices are small, and threads would wait for each other."""
    with threadpool_limits(1):
        yield


def make_fitter(embeddings=None, truth=None, fold=None):
    pictures, classes = clouds(PICTURES, 3, WIDTH, apart=0.8)
    strange = clouds(OWN, 1, WIDTH, apart=3.0, seed=5)[0]
    everything = np.concatenate([pictures, strange]) if embeddings is None else embeddings
    return Fitter(
        features=features_of(with_views(everything)),
        truth=np.r_[classes, np.full(OWN, NO_CLASS)] if truth is None else truth,
        classes=3,
        fold=np.arange(len(everything)) % 5 if fold is None else fold,
        level_of=LEVELS,
        outsiders=features_of(clouds(20, 1, WIDTH, apart=3.0, seed=9)[0]),
    )


@pytest.fixture
def fitter():
    return make_fitter()


def same(first, second):
    return np.array_equal(first.kernel, second.kernel) and np.array_equal(first.bias, second.bias)


def test_heads_know_nothing_of_pictures_that_are_left_out(fitter):
    embeddings = fitter.features.read(np.arange(PICTURES + OWN))
    truth = fitter.truth.copy()
    here = fitter.fold == 2
    embeddings[here] = np.random.default_rng(0).normal(0, 50, (here.sum(), WIDTH))
    truth[here & (truth != NO_CLASS)] = 0
    shown = np.stack([fitter.features.read(np.arange(PICTURES + OWN), view) for view in range(3)], axis=1)
    shown[here] = embeddings[here, None]
    other = make_fitter(embeddings, truth)
    other.features = features_of(shown)
    assert same(fitter.logits(frozenset({2}), *USUALLY), other.logits(frozenset({2}), *USUALLY))
    assert same(fitter.known(frozenset({2})), other.known(frozenset({2})))
    assert not same(fitter.logits(frozenset(), *USUALLY), other.logits(frozenset(), *USUALLY))
    assert not same(fitter.known(frozenset()), other.known(frozenset()))


def test_the_pictures_left_are_those_of_the_classes_or_of_none(fitter):
    without = frozenset({0, 3})
    classes, none = fitter.numbers(without), fitter.numbers(without, of_classes=False)
    assert (fitter.truth[classes] != NO_CLASS).all()
    assert (fitter.truth[none] == NO_CLASS).all()
    assert sorted([*classes, *none]) == np.flatnonzero(~np.isin(fitter.fold, [0, 3])).tolist()


def test_every_head_is_fitted_once(fitter, monkeypatch):
    fits = []

    def counted(*arguments):
        fits.append(arguments)
        return fit(*arguments)

    fit = module.fit
    monkeypatch.setattr(module, "fit", counted)
    monkeypatch.setattr(module, "fit_squares", counted)
    for _ in range(2):
        for excluded in (frozenset(), frozenset({1})):
            fitter.logits(excluded, EMPHASIS, 3.0)
            fitter.logits(excluded, EMPHASES[1], 3.0)
            fitter.known(excluded)
    assert len(fits) == 6


def test_of_many_pictures_a_head_starts_from_one_that_knows_no_more(fitter, monkeypatch):
    starts = []

    def noted(*arguments):
        starts.append(arguments[-1])
        return fit(*arguments)

    fit = module.fit
    monkeypatch.setattr(module, "fit", noted)
    monkeypatch.setattr(module, "FEW", 50)
    inner, outer = frozenset({1, 2}), frozenset({1})
    first = fitter.logits(inner, EMPHASIS, 3.0)
    second = fitter.logits(inner, EMPHASIS, 10.0)
    fitter.logits(outer, EMPHASIS, 10.0)
    fitter.logits(inner, EMPHASES[0], 10.0)
    fitter.logits(frozenset({3}), EMPHASIS, 10.0)
    known = fitter.known(outer)
    fitter.known(frozenset())
    assert [id(start) for start in starts] == [id(head) for head in (None, first, second, *[None] * 3, known)]


def test_of_few_pictures_no_strength_is_chosen(fitter):
    choice = fitter.choose(frozenset(), range(5))
    assert (choice.emphasis, choice.strength, choice.at) == (*USUALLY, 0)
    assert [row["strength"] for row in choice.tried] == [USUAL]


def test_of_many_pictures_the_strength_with_the_least_loss_is_chosen(fitter, monkeypatch):
    monkeypatch.setattr(module, "FEW", 50)
    choice = fitter.choose(frozenset(), range(5))
    assert [row["strength"] for row in choice.tried] == list(STRENGTHS)
    row = choice.tried[choice.at]
    assert row["val_loss"] == min(other["val_loss"] for other in choice.tried)
    assert (choice.strength, choice.temperature) == (row["strength"], row["temperature"])


@pytest.mark.parametrize("telling", [[0, 1], [2, 3]], ids=["last features", "earlier ones"])
def test_the_level_that_tells_the_classes_is_heard(telling):
    """All of a class's sign lies in one level, and the other one is larger and says nothing."""
    draw = np.random.default_rng(0)
    truth = np.arange(60) % 3
    embeddings = draw.normal(0, 1, (60, WIDTH))
    embeddings[:, telling] += 2.5 * np.eye(3)[truth][:, :2]
    embeddings[:, np.isin(np.arange(WIDTH) % 4, telling, invert=True)] *= 30
    choice = make_fitter(embeddings, truth).choose(frozenset(), range(5))
    assert choice.tried[choice.at]["val_accuracy"] > 0.55


def test_the_figures_of_a_choice_are_those_of_left_out_pictures(fitter):
    choice = fitter.choose(frozenset({4}), [0, 1])
    row = choice.tried[0]
    parts = []
    for fold in (0, 1):
        here = np.flatnonzero((fitter.fold == fold) & (fitter.truth != NO_CLASS))
        head = fitter.logits(frozenset({4, fold}), EMPHASIS, row["strength"])
        parts.append((head.logits(fitter.features.read(here)), fitter.truth[here]))
    logits, truth = (np.concatenate(each) for each in zip(*parts, strict=True))
    temperature = fit_temperature(logits, truth, SURE_OF_SQUARES)
    assert row["temperature"] == pytest.approx(temperature)
    assert row["val_loss"] == pytest.approx(negative_log_likelihood(logits, truth, temperature))
    assert row["val_accuracy"] == pytest.approx((logits.argmax(1) == truth).mean())


def test_rare_classes_count_more_by_the_root_of_their_rarity():
    truth = np.r_[np.zeros(48, int), np.ones(12, int)]
    fitter = make_fitter(clouds(60, 1, WIDTH, 1.0)[0], truth)
    weights = fitter.weights(np.arange(60))
    assert weights.mean() == pytest.approx(1, abs=1e-6)
    assert weights[59] / weights[0] == pytest.approx(2, abs=1e-6)


def test_a_rare_class_is_found_where_classes_overlap():
    draw = np.random.default_rng(0)
    truth = np.r_[np.zeros(160, int), np.ones(20, int)]
    embeddings = draw.normal(0, 1, (180, WIDTH))
    embeddings[:, 0] += 2 * truth
    fitter = make_fitter(embeddings, truth)
    found = fitter.logits(frozenset(), *USUALLY).logits(fitter.features.read(np.arange(180))).argmax(1)
    plain = make_fitter(embeddings, truth)
    plain.weights = lambda numbers: np.ones(len(numbers), np.float32)
    without = plain.logits(frozenset(), *USUALLY).logits(plain.features.read(np.arange(180))).argmax(1)
    assert (found[truth == 1] == 1).sum() > (without[truth == 1] == 1).sum()


def test_the_last_output_of_known_is_none_of_the_classes(fitter):
    head = fitter.known(frozenset())
    assert head.kernel.shape == (WIDTH, 4)
    said = head.logits(fitter.features.read(np.arange(PICTURES + OWN))).argmax(1)
    assert (said[:PICTURES] == fitter.truth[:PICTURES]).mean() > 0.9
    assert (said[PICTURES:] == 3).all()


def test_known_hears_nothing_of_groups(fitter):
    fitter.level_of = np.where(np.arange(WIDTH) < WIDTH - 4, np.tile(LEVELS[:4], 4), GROUP_LEVEL)
    assert (fitter.known(frozenset()).kernel[-4:] == 0).all()
    assert (fitter.logits(frozenset(), *USUALLY).kernel[-4:] != 0).any()


def test_the_users_own_unknown_pictures_teach_known():
    taught = make_fitter()
    untaught = replace(taught, fold=np.r_[taught.fold[:PICTURES], np.full(OWN, 7)], _known={}, _spreads={})
    # Other heads than those of nothing left out: the ten pictures are.
    own = taught.features.read(np.arange(PICTURES, PICTURES + OWN))

    def known(fitter, excluded):
        logits = fitter.known(excluded).logits(own)
        return 1 - np.exp(logits[:, -1] - np.logaddexp.reduce(logits, axis=1))

    assert known(taught, frozenset()).mean() < 0.5 * known(untaught, frozenset({7})).mean()


def test_one_class_may_be_missing_among_those_left(fitter):
    """As where a class has two pictures, and both are left out."""
    fold = np.where(fitter.truth == 1, 0, 1 + fitter.fold % 4)
    left = make_fitter(fold=fold)
    assert np.isfinite(left.logits(frozenset({0}), *USUALLY).kernel).all()
    assert np.isfinite(left.known(frozenset({0})).kernel).all()


def test_nothing_depends_on_the_order_in_which_heads_are_asked_for():
    first, second = make_fitter(), make_fitter()
    first.known(frozenset({1}))
    forwards = [first.logits(frozenset({fold}), *USUALLY) for fold in range(3)]
    backwards = [second.logits(frozenset({fold}), *USUALLY) for fold in reversed(range(3))]
    assert all(same(one, other) for one, other in zip(forwards, reversed(backwards), strict=True))
    assert same(first.known(frozenset({1})), second.known(frozenset({1})))


def test_a_class_of_two_recordings_does_not_spoil_the_temperature():
    """Left out with both its folds, a class is unknown to the head: its pictures must not be asked for."""
    pictures, truth = clouds(PICTURES, 3, WIDTH, apart=3.0)
    recording = np.arange(PICTURES) % 2
    fitter = replace(
        make_fitter(with_strange(pictures), np.r_[truth, np.full(OWN, NO_CLASS)]),
        fold=np.r_[np.array([0, 1, 1, 2, 3, 4])[2 * truth + recording], np.zeros(OWN, np.int64)],
    )
    for judged in range(5):
        others = [number for number in range(5) if number != judged]
        assert fitter.choose(frozenset({judged}), others).temperature < 2


def test_holding_out_needs_every_class_on_every_side(fitter):
    assert fitter.can_hold_out()
    fitter.fold = np.where(fitter.truth == 1, 3, fitter.fold)
    assert not fitter.can_hold_out()


def with_strange(pictures):
    return np.concatenate([pictures, clouds(OWN, 1, WIDTH, apart=3.0, seed=5)[0]])
