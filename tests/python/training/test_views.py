"""Views of a picture: what a webcam might have seen instead, the same for the same seed."""

import numpy as np
import pytest
from photographs import CAT, tiles

from pytrain.training.ahead import ahead
from pytrain.training.views import WebcamViews

STILL = WebcamViews(
    smallest=1,
    largest=1,
    shift=0,
    squash=0,
    turn=0,
    light=0,
    contrast=0,
    colour=0,
    blur=0,
    antialiased=0,
    noise=0,
)
"""Changes nothing, so that what else is done to a view can be seen alone."""


@pytest.fixture
def cat():
    return tiles(CAT, 8)[7]


def test_the_same_picture_and_seed_give_the_same_views(cat):
    assert np.array_equal(WebcamViews().draw(cat, 5, seed=3), WebcamViews().draw(cat.copy(), 5, seed=3))


def test_another_seed_gives_others(cat):
    first, second = (WebcamViews().draw(cat, 3, seed) for seed in (3, 4))
    assert (first != second).any(axis=(1, 2, 3)).all()


def test_no_two_views_are_alike(cat):
    views = WebcamViews().draw(cat, 6, seed=0).reshape(6, -1).astype(float)
    likeness = np.abs(views[:, None] - views[None]).mean(-1)
    assert likeness[~np.eye(6, dtype=bool)].min() > 2


def test_the_first_views_do_not_depend_on_how_many_are_drawn(cat):
    assert np.array_equal(WebcamViews().draw(cat, 2, seed=1), WebcamViews().draw(cat, 7, seed=1)[:2])


def test_views_are_the_same_on_any_number_of_threads():
    frames = tiles(CAT, 12)

    def drawn(number):
        return WebcamViews().draw(frames[number], 3, seed=number)

    for one, other in zip(map(drawn, range(12)), ahead(drawn, range(12)), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("shape", [(1, 1), (3, 400), (400, 3), (224, 224), (1500, 2000)], ids=str)
def test_a_picture_of_any_size_gives_bytes_of_the_models_size(shape):
    frame = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    views = WebcamViews().draw(frame, 4, seed=0)
    assert views.dtype == np.uint8
    assert views.shape == (4, 224, 224, 3)


def test_nothing_changes_where_nothing_may():
    frame = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    assert np.array_equal(STILL.draw(frame, 1, seed=0)[0], frame)


def test_every_second_view_is_mirrored(cat):
    views = STILL.draw(cat, 4, seed=0).astype(int)
    assert np.abs(views[1] - views[0][:, ::-1]).max() <= 1
    assert np.array_equal(views[2], views[0])
    assert np.array_equal(views[3], views[1])
    assert np.abs(views[1] - views[0]).mean() > 2


def test_none_is_where_flips_are_off(cat):
    views = STILL.draw(cat, 4, seed=0, flips=False)
    assert (views == views[0]).all()


def test_what_lies_beside_the_picture_is_like_its_edge_not_black():
    grey = np.full((90, 160, 3), (120, 130, 140), np.uint8)
    wide = WebcamViews(smallest=1.6, largest=1.6, light=0, contrast=0, colour=0, noise=0)
    assert np.abs(wide.draw(grey, 6, seed=2).astype(int) - grey[0, 0]).max() <= 2


def test_a_view_shows_the_middle_of_the_picture():
    frame = np.zeros((300, 500, 3), np.uint8)
    frame[130:170, 230:270] = 255
    views = WebcamViews(light=0, contrast=0, colour=0, noise=0).draw(frame, 40, seed=0)
    assert (views.max(axis=(1, 2, 3)) > 200).all()
