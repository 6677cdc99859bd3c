"""Pictures of none of the classes: all different, always the same, and told from photographs."""

from dataclasses import replace

import numpy as np
import pytest
from photographs import COFFEE, MOTORCYCLE, tiles
from sklearn.metrics import roc_auc_score

from pytrain.evaluation.cross_validation import known_score
from pytrain.model.backbones import load
from pytrain.model.transfer import embedder, level_of
from pytrain.pipeline.learned import backbone_key
from pytrain.training.feature_cache import Items, embed
from pytrain.training.fitter import USUAL, Fitter
from pytrain.training.head import EMPHASIS
from pytrain.training.outsiders import MEASURED, TAUGHT
from pytrain.training.views import WebcamViews

EACH = 12

KINDS = pytest.mark.parametrize("kind", [TAUGHT, MEASURED], ids=lambda kind: kind.name)


@KINDS
def test_a_picture_is_a_function_of_its_number(kind):
    for number in range(8):
        first, second = kind.draw(number), kind.draw(number)
        assert first.dtype == np.uint8
        assert first.shape == (240, 320, 3)
        assert np.array_equal(first, second)


@KINDS
def test_no_two_are_alike(kind):
    small = np.stack([kind.draw(number)[::20, ::20].ravel().astype(float) for number in range(36)])
    assert np.abs(small[:, None] - small[None]).mean(-1)[~np.eye(36, dtype=bool)].min() > 1


@KINDS
def test_names_in_the_cache_tell_kind_version_and_number(kind):
    contents = kind.items().contents
    assert len(set(contents)) == len(contents) == kind.count
    assert not set(TAUGHT.items().contents) & set(MEASURED.items().contents)
    # They are the ends of lines in a file of names.
    assert all(" " not in content and "\n" not in content for content in contents)


@KINDS
def test_what_comes_with_pytrain_is_what_the_default_backbone_makes_of_them(kind, tmp_path):
    backbone = load()
    model = embedder(backbone)
    key = f"{backbone_key(backbone)}-{model.output.shape[-1]}"
    every = embed(model, kind.items(), tmp_path / "cache", key)
    assert not (tmp_path / "cache").exists(), "nothing had to be computed"
    some = np.array([0, 1, kind.count // 2, kind.count - 1])
    contents = kind.items().contents
    items = Items([contents[number] for number in some], lambda at: kind.draw(int(some[at])))
    now = embed(model, items, tmp_path / "now", key, shipped=tmp_path / "nothing")
    rows, expected = every.read(some), now.read(np.arange(len(some)))
    largest = np.abs(expected).max()
    assert np.abs(rows - expected).max() <= 0.01 * largest
    assert np.abs(rows - expected[::-1]).max() > 0.1 * largest


def test_what_is_measured_on_is_drawn_in_another_way_than_what_is_learned_from():
    assert TAUGHT.draw is not MEASURED.draw
    assert TAUGHT.name != MEASURED.name


def test_photographs_are_told_from_pictures_drawn_in_a_way_that_was_not_learned(tmp_path):
    """Heads learn from the upper tiles of two photographs and from scenes; then come others."""
    backbone = load()
    model = embedder(backbone)
    frames = [*tiles(MOTORCYCLE, 2 * EACH), *tiles(COFFEE, 2 * EACH)]
    items = Items([f"tile-{number}" for number in range(len(frames))], frames.__getitem__)
    features = embed(model, items, tmp_path, "views", views=2, draw=WebcamViews())
    taught, measured = (
        embed(model, replace(kind, count=count).items(), tmp_path, "plain")
        for kind, count in ((TAUGHT, 48), (MEASURED, 36))
    )
    truth = np.repeat([0, 1], 2 * EACH)
    fold = np.tile(np.repeat([0, 1], EACH), 2)
    fitter = Fitter(features, truth, 2, fold, level_of(backbone), taught)
    known = fitter.known(frozenset({1}))
    unseen = known_score(known, features.read(np.flatnonzero(fold == 1)))
    strange = known_score(known, measured.read(np.arange(36)))
    assert roc_auc_score(np.repeat([1, 0], [len(unseen), len(strange)]), np.r_[unseen, strange]) > 0.95
    logits = fitter.logits(frozenset({1}), EMPHASIS, USUAL).logits(features.read(np.flatnonzero(fold == 1)))
    assert (logits.argmax(1) == truth[fold == 1]).mean() > 0.9
