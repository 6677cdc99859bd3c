import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from pytrain.dataset.pictures import NO_CLASS
from pytrain.evaluation.metrics import (
    auroc,
    calibration_error_by_chance,
    calibration_error_of,
    expected_calibration_error,
    measure,
    wilson_interval,
)

PROBABILITIES = np.array(
    [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.45, 0.55], [0.2, 0.8], [0.4, 0.6], [0.95, 0.05]], np.float32
)
TRUTH = np.array([0, 0, 0, 1, 1, NO_CLASS, NO_CLASS])


def test_figures_are_those_worked_out_by_hand():
    metrics = measure(PROBABILITIES, TRUTH, ["a", "b"], threshold=0.65)
    assert metrics.pictures == 5
    assert metrics.unknown_pictures == 2
    assert metrics.accuracy == pytest.approx(4 / 5)
    assert metrics.rejected == pytest.approx(1 / 5)
    assert metrics.false_accepts == pytest.approx(1 / 2)
    assert metrics.accuracy_with_unknown == pytest.approx(4 / 7)
    assert metrics.confusion_labels == ("a", "b", "unknown")
    assert metrics.confusion == ((2, 1, 0), (0, 1, 1), (1, 0, 1))
    first, second = metrics.classes
    assert (first.precision, first.recall, first.f1) == pytest.approx((1, 2 / 3, 0.8))
    assert (second.precision, second.recall, second.f1) == pytest.approx((2 / 3, 1, 0.8))
    # Of the ten pairs (class picture, unknown picture), four have the class picture surer: all against 0.6.
    assert metrics.auroc == pytest.approx(4 / 10)


def test_set_without_unknown_pictures_claims_nothing_about_them():
    metrics = measure(PROBABILITIES[:5], TRUTH[:5], ["a", "b"], threshold=0)
    assert metrics.false_accepts is None
    assert metrics.auroc is None


@pytest.mark.parametrize("pictures", [60, 400, 5000])
def test_the_calibration_error_by_chance_is_that_of_answers_right_as_often_as_they_say(pictures):
    draw = np.random.default_rng(pictures)
    confidence = draw.beta(4, 1.5, pictures).astype(np.float32)
    errors = [calibration_error_of(confidence, draw.random(pictures) < confidence) for _ in range(200)]
    assert calibration_error_by_chance(confidence) == pytest.approx(np.mean(errors), rel=0.08)


@pytest.mark.parametrize("seed", range(5))
def test_auroc_is_scikit_learns_with_ties_too(seed):
    draw = np.random.default_rng(seed)
    inside, outside = draw.integers(0, 9, 30) / 9, draw.integers(0, 7, 12) / 9
    belongs = np.repeat([True, False], [30, 12])
    assert auroc(inside, outside) == pytest.approx(roc_auc_score(belongs, np.r_[inside, outside]))


def test_wilson_interval_is_that_of_the_textbook():
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    low, high = wilson_interval(200, 200)
    assert high == pytest.approx(1)
    assert low == pytest.approx(0.9812, abs=1e-4)


def test_calibration_error_is_the_distance_between_sure_and_right():
    probabilities = np.array([[0.8, 0.2]] * 10, np.float32)
    truth = np.array([0] * 6 + [1] * 4)
    assert expected_calibration_error(probabilities, truth) == pytest.approx(0.2)
