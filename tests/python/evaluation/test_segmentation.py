"""IoU and Dice, on masks whose figures anybody can work out."""

from __future__ import annotations

import numpy as np
import pytest

from pytrain.errors import DataError
from pytrain.evaluation.segmentation import Overlap, picture_iou
from pytrain.evaluation.segmentation_scenes import enlarged

CLASSES = ("background", "circle", "square")


def test_figures_are_those_of_the_definitions() -> None:
    truth = np.array([[1, 1, 0, 0], [1, 1, 0, 0]])
    called = np.array([[1, 1, 1, 0], [0, 0, 0, 2]])
    found = Overlap.none(CLASSES).with_picture(truth, called)
    assert found.iou == {"background": 2 / 6, "circle": 2 / 5, "square": 0.0}
    assert found.dice == {"background": 4 / 8, "circle": 4 / 7, "square": 0.0}
    assert found.mean_iou == pytest.approx((2 / 5 + 0) / 2)
    assert found.mean_dice == pytest.approx((4 / 7 + 0) / 2)
    assert found.pixel_accuracy == 4 / 8


def test_pixels_of_all_pictures_are_summed_before_anything_is_divided() -> None:
    large, small = np.zeros((10, 10), int), np.zeros((10, 10), int)
    large[:, :5] = 1
    small[0, 0] = 1
    found = Overlap.none(CLASSES).with_picture(large, large).with_picture(small, np.zeros_like(small))
    assert found.pictures == 2
    assert found.iou["circle"] == 50 / 51
    assert found.iou["square"] is None, "nowhere, and called nowhere"
    assert found.mean_iou == 50 / 51


def test_dice_and_iou_belong_together() -> None:
    generator = np.random.default_rng(1)
    truth, called = generator.integers(0, 3, (2, 30, 30))
    found = Overlap.none(CLASSES).with_picture(truth, called)
    for name in CLASSES:
        iou, dice = found.iou[name], found.dice[name]
        assert iou is not None
        assert dice == pytest.approx(2 * iou / (1 + iou))


def test_a_perfect_mask_has_all_ones_and_one_picture_counts_its_own_shapes() -> None:
    truth = np.array([[0, 1], [2, 2]])
    found = Overlap.none(CLASSES).with_picture(truth, truth)
    assert found.mean_iou == found.mean_dice == found.pixel_accuracy == 1
    assert picture_iou(truth, truth, 3) == 1
    assert picture_iou(np.zeros((2, 2), int), np.zeros((2, 2), int), 3) is None
    assert picture_iou(np.zeros((2, 2), int), truth, 3) == 0


def test_masks_that_do_not_fit_are_refused() -> None:
    none = Overlap.none(CLASSES)
    with pytest.raises(DataError, match=r"A mask of \[2, 3\] pixels came for a truth of \[2, 2\]"):
        none.with_picture(np.zeros((2, 2), int), np.zeros((2, 3), int))
    with pytest.raises(DataError, match=r"A mask holds a number of no class.\nExpected: 0 to 2"):
        none.with_picture(np.zeros((2, 2), int), np.full((2, 2), 3))


def test_a_mask_is_enlarged_between_the_middles_of_its_places() -> None:
    soft = np.zeros((56, 56, 3), np.float32)
    soft[:, :28, 1] = 1
    soft[:, 28:, 0] = 1
    called = enlarged(soft)
    assert called.shape == (224, 224)
    assert (called[:, :112] == 1).all()
    assert not called[:, 112:].any()
