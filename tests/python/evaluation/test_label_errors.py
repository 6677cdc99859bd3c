"""Likely label errors: planted ones are found, and clean data is left in peace."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from pytrain.evaluation.label_errors import likely_label_errors


def clouds(distance: float, classes: int = 4, each: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Points of some classes around their centres, and the class of each."""
    random = np.random.default_rng(0)
    truth = np.repeat(np.arange(classes), each)
    points = random.normal(0, 1, (len(truth), 8))
    points[np.arange(len(truth)), truth] += distance
    return points, truth


def out_of_fold(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    model = LogisticRegression(C=0.1)
    return cross_val_predict(model, points, labels, cv=5, method="predict_proba").astype(np.float32)


@pytest.mark.parametrize("share", [0.03, 0.1])
def test_planted_label_errors_are_found_first(share: float) -> None:
    points, truth = clouds(6)
    random = np.random.default_rng(1)
    planted = random.choice(len(truth), int(share * len(truth)), replace=False)
    labels = truth.copy()
    labels[planted] = (truth[planted] + random.integers(1, 4, len(planted))) % 4
    found = likely_label_errors(out_of_fold(points, labels), labels)
    numbers = [error.number for error in found]
    assert len(set(planted) & set(numbers)) >= 0.9 * len(planted)
    # The surest suspicions are the right ones.
    assert set(numbers[: len(planted) // 2]) <= set(planted)
    for error in found:
        if error.number in planted:
            assert error.looks_like == truth[error.number]


def test_clean_separable_data_has_no_suspects() -> None:
    points, truth = clouds(8)
    assert likely_label_errors(out_of_fold(points, truth), truth) == []


def test_mere_doubt_is_no_suspicion() -> None:
    # Of class 0 the model usually is very sure; a weak preference for it proves nothing.
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05], [0.1, 0.9], [0.55, 0.45]], np.float32)
    assert likely_label_errors(probabilities, np.array([0, 0, 1, 1])) == []


def test_the_most_suspicious_come_first_also_beyond_one_block_of_rows(monkeypatch) -> None:
    probabilities = np.array([[0.9, 0.1]] * 5 + [[0.1, 0.9]] * 5, np.float32)
    probabilities[1], probabilities[7] = (0.05, 0.95), (0.99, 0.01)
    truth = np.repeat([0, 1], 5)
    whole = likely_label_errors(probabilities, truth)
    monkeypatch.setattr("pytrain.evaluation.label_errors.ROWS", 3)
    assert likely_label_errors(probabilities, truth) == whole
    assert [error.number for error in whole] == [7, 1]
    assert whole[0].looks_like == 0
    assert whole[0].own == pytest.approx(0.01)


def test_a_class_without_pictures_is_nobodys_suspect() -> None:
    probabilities = np.array([[0.1, 0.1, 0.8], [0.1, 0.8, 0.1]], np.float32)
    assert likely_label_errors(probabilities, np.array([0, 1])) == []
    assert likely_label_errors(np.zeros((0, 3), np.float32), np.array([], np.int64)) == []
