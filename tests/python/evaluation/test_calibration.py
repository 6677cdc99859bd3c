import numpy as np
import pytest

from pytrain.evaluation.calibration import (
    choose_threshold,
    fit_temperature,
    fold_temperature,
    negative_log_likelihood,
)
from pytrain.model import mlp
from pytrain.model.lens import logits_model

RANDOM = np.random.default_rng(0)


def too_sure(times):
    """Logits whose softmax was honest before they were multiplied."""
    logits = RANDOM.normal(0, 2, (4000, 4))
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([RANDOM.choice(4, p=row) for row in chances])
    return (logits * times).astype(np.float32), truth


@pytest.mark.parametrize("times", [0.5, 3.0])
def test_temperature_undoes_false_confidence_and_lowers_the_loss(times):
    logits, truth = too_sure(times)
    temperature = fit_temperature(logits, truth)
    assert temperature == pytest.approx(times, rel=0.1)
    assert negative_log_likelihood(logits, truth, temperature) < negative_log_likelihood(logits, truth, 1.0)


def test_threshold_is_the_smallest_that_keeps_the_promise():
    unknown = np.linspace(0.3, 0.9, 200).astype(np.float32)
    threshold = choose_threshold(np.full(10, 0.99, np.float32), unknown)
    assert (unknown >= threshold).sum() == 5
    assert (unknown >= threshold - 0.005).sum() > 5


def test_without_unknown_pictures_one_class_picture_in_a_hundred_is_turned_away():
    known = RANDOM.uniform(0.5, 1, 5000).astype(np.float32)
    threshold = choose_threshold(known, np.zeros(0, np.float32))
    assert (known < threshold).mean() == pytest.approx(0.01, abs=0.002)


def test_folded_temperature_divides_the_logits():
    model = mlp.build(3)
    frames = RANDOM.uniform(-1, 1, (2, 224, 224, 3)).astype(np.float32)
    before = logits_model(model)(frames).numpy()
    fold_temperature(model, 2.5)
    np.testing.assert_allclose(logits_model(model)(frames), before / 2.5, rtol=1e-4, atol=1e-6)
