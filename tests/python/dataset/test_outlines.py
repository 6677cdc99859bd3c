"""The proportions that `outlines` promises, for any seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytrain.dataset.four_shapes import outlines
from pytrain.dataset.four_shapes.dice import Dice

seeds = st.integers(0, 2**64 - 1)
irregular = st.floats(0, 1)


def turns(corners):
    """Cross product at each corner; its sign tells which way the outline bends."""
    before, after = corners - np.roll(corners, 1, axis=0), np.roll(corners, -1, axis=0) - corners
    return before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]


@given(seeds, irregular)
def test_star_has_ten_corners_five_of_them_inwards(seed, amount):
    corners = outlines.star(Dice(seed), amount)
    bends = np.sign(turns(corners))
    assert corners.shape == (10, 2)
    assert (bends == bends[0]).sum() == 5
    assert (bends[::2] == bends[0]).all()


@given(seeds)
def test_star_ratio_is_within_bounds(seed):
    radii = np.linalg.norm((corners := outlines.star(Dice(seed))) - corners.mean(axis=0), axis=1)
    low, high = outlines.STAR_RATIO
    assert low - 1e-9 <= radii[1] / radii[0] <= high + 1e-9


@given(seeds, irregular)
def test_triangle_angles_are_within_limits(seed, amount):
    angles = outlines.interior_angles(outlines.triangle(Dice(seed), amount))
    assert len(angles) == 3
    assert angles.sum() == pytest.approx(180)
    assert angles.min() >= outlines.LEAST_ANGLE - 1e-6
    assert angles.max() <= outlines.GREATEST_ANGLE + 1e-6


@given(seeds, irregular)
def test_square_is_nearly_square(seed, amount):
    corners = outlines.square(Dice(seed), amount)
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    lengths = (sides[0] + sides[2], sides[1] + sides[3])
    # Moving each corner by 5 % of a side can change the ratio of the mean sides by at most 1.05 / 0.95.
    assert max(lengths) / min(lengths) <= outlines.SQUARE_RATIO * 1.05 / 0.95
    assert (np.sign(turns(corners)) == np.sign(turns(corners)[0])).all()


@given(seeds)
def test_regular_square_keeps_its_ratio(seed):
    width, height = np.ptp(outlines.square(Dice(seed)), axis=0)
    assert max(width, height) / min(width, height) <= outlines.SQUARE_RATIO + 1e-9


@given(seeds, irregular)
def test_circle_is_round_and_convex_enough(seed, amount):
    points = outlines.circle(Dice(seed), amount)
    spread = np.sqrt(np.linalg.eigvalsh(np.cov(points.T)))
    assert spread[1] / spread[0] < outlines.CIRCLE_RATIO * 1.12
    radii = np.linalg.norm(points - points.mean(axis=0), axis=1)
    assert radii.max() / radii.min() < 1.6


@given(seeds, irregular, st.sampled_from(outlines.LABELS))
def test_outline_fills_the_unit_circle(seed, amount, label):
    points = outlines.outline(label, Dice(seed), amount)
    assert np.linalg.norm(points, axis=1).max() == pytest.approx(1)
    assert np.abs(points.min(axis=0) + points.max(axis=0)).max() < 1e-9


@given(seeds, st.sampled_from(["square", "triangle", "star"]), st.floats(0, 1))
def test_rounding_stays_within_the_corners(seed, label, amount):
    corners = outlines.outline(label, Dice(seed))
    soft = outlines.rounded(corners, amount)
    assert np.isfinite(soft).all()
    assert (soft.min(axis=0) >= corners.min(axis=0) - 1e-9).all()
    assert (soft.max(axis=0) <= corners.max(axis=0) + 1e-9).all()


def test_pentagram_joins_every_second_tip():
    star = outlines.star(Dice(1))
    path = outlines.pentagram(star)
    tips = [int(np.flatnonzero((star[::2] == point).all(axis=1))[0]) for point in path]
    assert tips == [0, 2, 4, 1, 3]
