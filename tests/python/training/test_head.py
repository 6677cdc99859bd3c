"""The last layer: scikit-learn's regressions, but weights are dear along what views change."""

import numpy as np
import pytest
from embedded import clouds, features_of, with_views
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression, Ridge
from threadpoolctl import threadpool_limits

from pytrain.model.imagenet_groups import GROUP_LEVEL
from pytrain.training import head as module
from pytrain.training.head import (
    EMPHASES,
    EMPHASIS,
    SHARPNESS,
    SQUARES_PENALTY,
    Emphasis,
    Head,
    Part,
    Rows,
    fit,
    fit_squares,
    spread_of,
    turned,
)

WIDTH = 24
CLASSES = 3
STRAYING = 6
ONE_LEVEL = np.zeros(WIDTH, np.int64)
NO_STRAYS = np.empty((0, WIDTH), np.float32)
ALL_ALIKE = Emphasis((1.0, 0.0), places=True)
"""Of a single level, every number counts the same."""

WAYS = ("few", "streamed")


@pytest.fixture(autouse=True)
def one_thread():
    """As in a training: the matrices are small, and threads would wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def data():
    """Features with views that stray in a few directions, and the classes; far from mean 0 and size 1."""
    embeddings, truth = clouds(150, CLASSES, WIDTH, apart=0.6)
    straying = np.where(np.arange(WIDTH) < STRAYING, 1.0, 0.05)
    return features_of(with_views(3 + 2 * embeddings, straying=straying)), truth


@pytest.fixture
def way(monkeypatch):
    """Chooses how rows are worked on: all at once, or in chunks read anew."""

    def choose(name):
        monkeypatch.setattr(module, "FEW", 2000 if name == "few" else 0)
        monkeypatch.setattr(module, "CHUNK", 64)

    return choose


def fitted(data, strays=NO_STRAYS, strength=10.0, weights=None, numbers=None, fit=fit, **start):
    features, truth = data
    numbers = np.arange(len(truth)) if numbers is None else numbers
    scaling, _ = spread_of(features, np.arange(len(truth)), ONE_LEVEL).scaling(ALL_ALIKE)
    weights = np.ones(len(numbers), np.float32) if weights is None else weights
    targets = np.eye(CLASSES, dtype=np.float32)[truth[numbers]]
    rows = Rows([Part(features, numbers)], scaling)
    return fit(rows, targets, weights, strength, scaling, strays, **start)


def probabilities(head, features):
    return softmax(head.logits(features.read(np.arange(len(features.row_of)))), axis=1)


def strays(data):
    features, truth = data
    scaling, dear = spread_of(features, np.arange(len(truth)), ONE_LEVEL).scaling(ALL_ALIKE)
    return dear, scaling


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("strength", [0.3, 10.0, 100.0])
def test_it_is_scikit_learns_logistic_regression(name, strength, data, way):
    way(name)
    features, truth = data
    read = features.read(np.arange(len(truth)))
    scaled = spread_of(features, np.arange(len(truth)), ONE_LEVEL).scaling(ALL_ALIKE)[0](read)
    theirs = LogisticRegression(C=strength, max_iter=2000, tol=1e-8).fit(scaled, truth).predict_proba(scaled)
    ours = probabilities(fitted(data, strength=strength), features)
    assert ours == pytest.approx(theirs, abs=1e-2)
    # Else the comparison would say little.
    assert 0.02 < np.abs(theirs - np.eye(CLASSES)[truth]).mean() < 0.62


@pytest.mark.parametrize("strength", [0.3, 10.0])
def test_least_squares_are_scikit_learns_ridge_regression(strength, data):
    features, truth = data
    read = features.read(np.arange(len(truth)))
    scaled = spread_of(features, np.arange(len(truth)), ONE_LEVEL).scaling(ALL_ALIKE)[0](read)
    weights = np.linspace(0.5, 1.5, len(truth)).astype(np.float32)
    ridge = Ridge(alpha=SQUARES_PENALTY / strength).fit(scaled, np.eye(CLASSES)[truth], weights)
    ours = fitted(data, strength=strength, weights=weights, fit=fit_squares).logits(read)
    assert ours / SHARPNESS == pytest.approx(ridge.predict(scaled), abs=5e-3)


@pytest.mark.parametrize("with_strays", [False, True])
def test_few_rows_and_many_give_the_same_head(with_strays, data, way):
    features, _ = data
    dear = strays(data)[0] if with_strays else NO_STRAYS
    heads = []
    for name in WAYS:
        way(name)
        heads.append(fitted(data, dear))
    few, streamed = (probabilities(head, features) for head in heads)
    assert few == pytest.approx(streamed, abs=1e-2)
    size = float(np.abs(heads[1].kernel).max())
    assert heads[0].kernel == pytest.approx(heads[1].kernel, abs=0.03 * size)


def test_it_gets_to_the_same_head_from_another_one_and_sooner(data, way, monkeypatch):
    way("streamed")
    rounds = []

    def counted(*arguments, **options):
        found = minimize(*arguments, **options)
        rounds.append(found.nit)
        return found

    minimize = module.minimize
    monkeypatch.setattr(module, "minimize", counted)
    dear, _ = strays(data)
    weaker = fitted(data, dear, strength=8.0)
    anew, onwards = fitted(data, dear), fitted(data, dear, start=weaker)
    assert rounds[2] < rounds[1]
    assert probabilities(onwards, data[0]) == pytest.approx(probabilities(anew, data[0]), abs=3e-3)


@pytest.mark.parametrize(("name", "fit"), [*((name, fit) for name in WAYS), ("few", fit_squares)])
def test_weights_along_strays_are_smaller(name, fit, data, way):
    way(name)
    dear, scaling = strays(data)

    def along(head):
        kernel = turned(head.kernel.T).T[scaling.kept] / scaling.scale[:, None]
        return np.linalg.norm(dear @ kernel) / np.linalg.norm(kernel)

    assert along(fitted(data, dear, fit=fit)) < 0.6 * along(fitted(data, fit=fit))


def test_a_direction_in_which_views_stray_is_left_unused(way):
    draw = np.random.default_rng(0)
    truth = np.arange(120) % CLASSES
    pictures = draw.normal(0, 1, (120, WIDTH))
    # Two numbers tell the class equally well, and one of them changes with the light.
    pictures[:, 0] = pictures[:, 1] = truth - 1 + draw.normal(0, 0.1, 120)
    shown = np.repeat(pictures[:, None], 3, axis=1)
    shown[:, 1:, 0] += draw.normal(0, 2, (120, 2))
    data = features_of(shown), truth
    head = fitted(data, strays(data)[0])
    assert np.abs(head.kernel[0]).max() < 0.2 * np.abs(head.kernel[1]).max()
    plain = fitted(data)
    assert np.abs(plain.kernel[0]).max() > 0.9 * np.abs(plain.kernel[1]).max()


def test_there_are_no_strays_without_views():
    features = features_of(clouds(10, 2, WIDTH, 1.0)[0])
    _, dear = spread_of(features, np.arange(10), ONE_LEVEL).scaling(ALL_ALIKE)
    assert dear.shape == (0, WIDTH)


@pytest.mark.parametrize("fit", [fit, fit_squares])
def test_a_row_of_weight_2_counts_like_two_rows(fit, data):
    twice = np.r_[np.arange(150), np.arange(0, 150, 3)]
    weights = np.ones(150, np.float32)
    weights[::3] = 2
    heavy, doubled = fitted(data, weights=weights, fit=fit), fitted(data, numbers=twice, fit=fit)
    assert probabilities(heavy, data[0]) == pytest.approx(probabilities(doubled, data[0]), abs=5e-3)


def test_targets_may_be_shares_of_classes(data):
    features, _ = data
    scaling, _ = spread_of(features, np.arange(150), ONE_LEVEL).scaling(ALL_ALIKE)
    targets = np.tile(np.array([[0.5, 0.3, 0.2]], np.float32), (150, 1))
    rows = Rows([Part(features, np.arange(150))], scaling)
    head = fit(rows, targets, np.ones(150, np.float32), 10.0, scaling, NO_STRAYS)
    assert probabilities(head, features) == pytest.approx(targets, abs=0.01)


@pytest.mark.parametrize("fit", [fit, fit_squares])
def test_identical_pictures_are_no_problem(fit):
    data = features_of(np.tile(clouds(4, 2, WIDTH, 1.0)[0], (10, 1))), np.tile([0, 1, 0, 1], 10)
    assert np.isfinite(fitted(data, fit=fit).kernel).all()


def test_a_number_that_never_changes_is_no_problem(data):
    embeddings, truth = clouds(30, CLASSES, WIDTH, apart=2.0)
    embeddings[:] = 0.25
    assert probabilities(fitted((features_of(embeddings), truth)), features_of(embeddings)) == pytest.approx(
        1 / 3, abs=1e-3
    )


LEVELS = np.tile(np.repeat([0, 1], [6, 4]), 4)
"""Of an embedding of four cells, each with six numbers of the last features and four of earlier ones."""


@pytest.fixture
def cells():
    """Embeddings whose levels have very different sizes, and views that lie around them."""
    draw = np.random.default_rng(0)
    pictures = draw.normal(5, 1, (400, 40)) * np.where(LEVELS == 0, 0.1, 20)
    return features_of(with_views(pictures, views=1))


@pytest.mark.parametrize("emphasis", EMPHASES)
def test_scaled_embeddings_have_length_1_and_levels_their_shares(emphasis, cells):
    scaling, _ = spread_of(cells, np.arange(400), LEVELS).scaling(emphasis)
    scaled = scaling(cells.read(np.arange(400)))
    assert scaled.mean(0) == pytest.approx(0, abs=1e-3)
    assert (scaled**2).sum(1).mean() == pytest.approx(1, abs=1e-3)
    sizes = [np.sqrt((scaled[:, LEVELS[scaling.kept] == level] ** 2).sum(1).mean()) for level in (0, 1)]
    assert np.array(sizes) == pytest.approx(
        np.array(emphasis.levels) / np.linalg.norm(emphasis.levels), abs=1e-3
    )


@pytest.mark.parametrize("emphasis", EMPHASES)
def test_weights_put_back_say_what_they_said_of_scaled_embeddings(emphasis, cells):
    scaling, _ = spread_of(cells, np.arange(400), LEVELS).scaling(emphasis)
    embeddings = cells.read(np.arange(400))
    kernel = np.random.default_rng(1).normal(size=(len(scaling.kept), 3)).astype(np.float32)
    expected = scaling(embeddings) @ kernel
    assert (embeddings - scaling.mean) @ scaling.back(kernel) == pytest.approx(expected, abs=1e-3)
    assert scaling.forth(scaling.back(kernel)) == pytest.approx(kernel, abs=1e-5)


def test_where_places_do_not_count_only_the_mean_over_the_cells_does(cells):
    scaling, _ = spread_of(cells, np.arange(400), LEVELS).scaling(Emphasis((1.0, 0.6), places=False))
    embeddings = cells.read(np.arange(8))
    elsewhere = embeddings.reshape(8, 4, 10)[:, [3, 1, 0, 2]].reshape(8, 40)
    assert scaling(elsewhere) == pytest.approx(scaling(embeddings), abs=1e-3)
    with_places, _ = spread_of(cells, np.arange(400), LEVELS).scaling(Emphasis((1.0, 0.6), places=True))
    assert np.abs(with_places(elsewhere) - with_places(embeddings)).max() > 0.1


def test_a_level_of_weight_0_has_no_say(cells):
    scaling, _ = spread_of(cells, np.arange(400), LEVELS).scaling(Emphasis((0.0, 1.0), places=True))
    kernel = scaling.back(np.ones((len(scaling.kept), 2), np.float32))
    assert (kernel[LEVELS == 0] == 0).all()
    assert np.abs(kernel[LEVELS == 1]).max() > 0


def test_groups_have_their_share_and_are_no_cells():
    draw = np.random.default_rng(0)
    level_of = np.r_[LEVELS, np.full(7, GROUP_LEVEL)]
    features = features_of(draw.normal(5, 1, (400, 47)) * np.where(level_of == GROUP_LEVEL, 0.01, 3))
    scaling, _ = spread_of(features, np.arange(400), level_of).scaling(EMPHASIS)
    embeddings = features.read(np.arange(400))
    scaled = scaling(embeddings)
    sizes = [(scaled[:, level_of == level] ** 2).sum(1).mean() for level in range(3)]
    assert np.sqrt(sizes) == pytest.approx(EMPHASIS.levels / np.linalg.norm(EMPHASIS.levels), abs=1e-3)
    assert turned(embeddings, 40)[:, 40:] == pytest.approx(embeddings[:, 40:])
    kernel = draw.normal(size=(47, 3)).astype(np.float32)
    expected = scaled @ kernel
    assert (embeddings - scaling.mean) @ scaling.back(kernel) == pytest.approx(expected, abs=1e-3)
    assert scaling.forth(scaling.back(kernel)) == pytest.approx(kernel, abs=1e-5)


def test_turning_cells_is_undone_by_turning_and_keeps_lengths():
    embeddings = np.random.default_rng(0).normal(size=(5, 40)).astype(np.float32)
    assert turned(turned(embeddings)) == pytest.approx(embeddings, abs=1e-6)
    assert (turned(embeddings) ** 2).sum(1) == pytest.approx((embeddings**2).sum(1), rel=1e-5)


def test_the_spread_is_of_the_given_pictures_alone(data):
    features, _ = data
    half = spread_of(features, np.arange(75), ONE_LEVEL)
    assert half.mean == pytest.approx(features.read(np.arange(75)).mean(0), abs=1e-4)


@pytest.mark.parametrize("emphasis", EMPHASES)
def test_strays_have_length_1_on_average(emphasis, cells):
    _, dear = spread_of(cells, np.arange(400), LEVELS).scaling(emphasis)
    assert (dear**2).sum(1).mean() == pytest.approx(1, abs=1e-4)
    assert len(dear) == module.MOST_STRAYS


def test_dividing_a_head_divides_its_logits():
    draw = np.random.default_rng(0)
    head = Head(draw.normal(size=(5, 3)).astype(np.float32), draw.normal(size=3).astype(np.float32))
    embeddings = draw.normal(size=(7, 5)).astype(np.float32)
    assert (head / 2.5).logits(embeddings) == pytest.approx(head.logits(embeddings) / 2.5, abs=1e-6)
    assert (head / 2.5).kernel.dtype == np.float32
