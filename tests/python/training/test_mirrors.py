"""Views are mirrored only where a mirrored picture still shows its class."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw
from threadpoolctl import threadpool_limits

from pytrain.model.backbones import load
from pytrain.model.transfer import embedder, level_of
from pytrain.training.feature_cache import Items, embed
from pytrain.training.fitter import Fitter, mirrors_show_the_same
from pytrain.training.views import WebcamViews

PER_CLASS = 10
FOLDS = 5


def arrow(number: int, to_the_left: bool):
    draw = np.random.default_rng(number)
    image = Image.new("RGB", (160, 120), tuple(draw.integers(150, 255, 3).tolist()))
    y, x = int(draw.integers(45, 75)), int(draw.integers(25, 40))
    ink, pen = tuple(draw.integers(0, 90, 3).tolist()), ImageDraw.Draw(image)
    pen.line([(x, y), (x + 80, y)], ink, 8)
    pen.polygon([(x + 75, y - 24), (x + 75, y + 24), (x + 112, y)], ink)
    frame = np.asarray(image)
    return frame[:, ::-1] if to_the_left else frame


def disc(number: int, full: bool):
    draw = np.random.default_rng(number)
    image = Image.new("RGB", (160, 120), tuple(draw.integers(150, 255, 3).tolist()))
    x, y, ink = *draw.integers(40, 60, 2).tolist(), tuple(draw.integers(0, 90, 3).tolist())
    pen = ImageDraw.Draw(image)
    pen.ellipse([x, y - 30, x + 60, y + 30], ink if full else None, ink, 6)
    return np.asarray(image)


@pytest.mark.parametrize(("draw", "same"), [(arrow, False), (disc, True)])
def test_left_and_right_are_not_mirrored_and_other_things_are(tmp_path, draw, same):
    backbone = load()
    truth = np.repeat([0, 1], PER_CLASS)
    items = Items(
        [f"{draw.__name__}-{number}" for number in range(len(truth))],
        lambda number: draw(number, bool(truth[number])),
    )
    features = embed(embedder(backbone), items, tmp_path, "views", views=2, draw=WebcamViews())
    fold = np.tile(np.arange(FOLDS), len(truth) // FOLDS)
    fitter = Fitter(features, truth, 2, fold, level_of(backbone), features)
    with threadpool_limits(1):
        assert mirrors_show_the_same(fitter, range(FOLDS)) is same
