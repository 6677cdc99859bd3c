"""Frames of every label: right form, same seed same frame, shape where the model looks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytrain.dataset.four_shapes import LABELS, draw_classic, draw_scene, figures, plane, scenes
from pytrain.dataset.four_shapes.dice import Dice
from pytrain.dataset.four_shapes.glyphs import (
    CHARACTERS,
    PLAIN_FONTS,
    RARE_CHARACTERS,
    STAR_FONTS,
    _font,
    draw_glyph,
)

EVERYTHING = (*LABELS, "unknown")
seeds = st.integers(0, 2**64 - 1)


@pytest.mark.parametrize("label", EVERYTHING)
def test_scene_is_a_frame_and_depends_on_its_seed_alone(label):
    first = draw_scene(label, 5)
    draw_scene(label, 6)
    again = draw_scene(label, 5)
    assert first.shape == (240, 320, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, draw_scene(label, 7))


@settings(max_examples=60, deadline=None)
@given(seeds, st.sampled_from(EVERYTHING))
def test_any_seed_draws_a_scene(seed, label):
    frame = draw_scene(label, seed)
    assert frame.shape == (240, 320, 3)
    assert frame.dtype == np.uint8


@pytest.mark.parametrize("medium", list(scenes.MEDIA), ids=lambda medium: medium.__name__)
@pytest.mark.parametrize("label", EVERYTHING)
def test_every_medium_shows_every_figure(medium, label):
    dice = Dice(hash_free_seed := len(label) * 1000 + len(medium.__name__))
    figure = figures.other(dice, solid=True) if label == "unknown" else figures.shape(dice, label, 0.5)
    frame = medium(dice, figure)
    assert frame.shape == (240, 320, 3), hash_free_seed
    assert np.ptp(frame) > 20


@settings(max_examples=200, deadline=None)
@given(seeds, st.sampled_from(LABELS), st.floats(0.18, 0.95))
def test_shape_is_almost_whole_in_the_centre_square(seed, label, size):
    dice = Dice(seed)
    outline = figures.shape(dice, label, 0.5).area()
    view = plane.placed(dice, plane.tilted(dice, 34, 0.1), outline, size)
    low, high = (points := view.project(outline)).min(axis=0), points.max(axis=0)
    assert (high - low).max() == pytest.approx(size * 240, rel=1e-6)
    seen = np.minimum(high, (280, 240)) - np.maximum(low, (40, 0))
    assert (seen / (high - low)).prod() >= 0.85


@settings(max_examples=60, deadline=None)
@given(seeds, st.sampled_from(LABELS))
def test_classic_is_black_on_white_and_whole(seed, label):
    picture = draw_classic(label, seed)
    assert picture.shape == (200, 200, 3)
    assert picture.dtype == np.uint8
    dark = picture[:, :, 0] < 128
    assert 0.001 < dark.mean() < 0.95
    border = np.concatenate([dark[0], dark[-1], dark[:, 0], dark[:, -1]])
    assert border.mean() < 0.5
    assert np.array_equal(picture, draw_classic(label, seed))


@pytest.mark.parametrize("label", EVERYTHING)
def test_glyph_frame(label):
    frame = draw_glyph(label, 3)
    assert frame.shape == (240, 320, 3)
    assert frame.dtype == np.uint8
    assert np.array_equal(frame, draw_glyph(label, 3))


def test_fonts_have_every_character():
    pairs = [
        (font, c)
        for label in ("circle", "square", "triangle")
        for font in PLAIN_FONTS
        for c in CHARACTERS[label]
    ]
    pairs += [(font, c) for font in STAR_FONTS for c in CHARACTERS["star"]]
    pairs += [
        (font, c) for font in ("DejaVuSans", "DejaVuSansMono") for c in "".join(RARE_CHARACTERS.values())
    ]
    missing = {font: bytes(_font(font, 40).getmask("\uffff")) for font, _ in pairs}
    for font, character in pairs:
        assert bytes(_font(font, 40).getmask(character)) != missing[font], (font, character)


def test_glyphs_share_no_drawing_with_the_training_scenes():
    from pytrain.dataset.four_shapes import glyphs

    ours = {
        "outlines",
        "figures",
        "doodles",
        "people",
        "strokes",
        "ink",
        "looks",
        "things",
        "surfaces",
        "backgrounds",
        "clutter",
        "canvas",
    }
    used = {getattr(value, "__module__", "").rsplit(".", 1)[-1] for value in vars(glyphs).values()}
    assert not used & ours
    assert not set(vars(glyphs)) & ours
