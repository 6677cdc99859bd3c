"""Measures a trained network: on validation pictures to make it honest, on the test part once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from pytrain.course.fit import Fitted
from pytrain.course.lens import through_lens
from pytrain.course.network import logits_of
from pytrain.course.parts import Parts
from pytrain.evaluation.calibration import Calibration, calibration_of, fold_temperature
from pytrain.evaluation.metrics import Floats, Ints, Metrics, measure
from pytrain.training.temperature import negative_log_likelihood


@dataclass(frozen=True)
class Judgement:
    """What a network is worth.

    Attributes:
        probabilities: float32 [test pictures, classes], calibrated: what the browser shows.
        truth: int64 [test pictures].
        metrics: on the test part.
        loss: cross entropy on the test part, calibrated, in nats.
        validation: the same figures of the validation part, which chose the epoch and the temperature.
        calibration: temperature and threshold, found on the validation part.
    """

    probabilities: Floats
    truth: Ints
    metrics: Metrics
    loss: float
    validation: dict[str, float]
    calibration: Calibration

    def as_json(self) -> dict[str, Any]:
        """For metrics.json."""
        return {
            "test_pictures": self.metrics.pictures,
            "right": round(self.metrics.accuracy * self.metrics.pictures),
            "accuracy": self.metrics.accuracy,
            "accuracy_interval": list(self.metrics.accuracy_interval),
            "loss": self.loss,
            "calibration_error": self.metrics.calibration_error,
            "validation": self.validation,
            "classes": self.metrics.as_json()["classes"],
            "confusion": self.confusion().tolist(),
            "calibration": {
                "temperature": self.calibration.temperature,
                "unknown_threshold": self.calibration.unknown_threshold,
            },
        }

    def confusion(self) -> npt.NDArray[np.int64]:
        """int64 [classes, classes]: rows are what a picture is, columns what the network says."""
        classes = self.probabilities.shape[1]
        return np.asarray(self.metrics.confusion, np.int64)[:classes, :classes]

    def mistakes(self) -> Ints:
        """Numbers of the test pictures that were answered wrongly, the surest first."""
        wrong = np.flatnonzero(self.probabilities.argmax(1) != self.truth)
        return wrong[np.argsort(-self.probabilities[wrong].max(1), kind="stable")]


def judge(small: Any, parts: Parts, labels: tuple[str, ...]) -> Judgement:
    """Calibrates a finished network on the validation part, and measures it on the test part.

    Args:
        small: of `network.finished`; its last layer is divided by the temperature.
        parts: of the data set.
        labels: of its classes.
    """
    known = logits_of(small, through_lens(parts.validation.images))
    truth = parts.validation.truth
    calibration = calibration_of(known, truth)
    fold_temperature(small, calibration.temperature)
    logits = logits_of(small, through_lens(parts.test.images))
    probabilities = softmax(logits, axis=1)
    return Judgement(
        probabilities,
        parts.test.truth,
        measure(probabilities, parts.test.truth, labels, threshold=0.0),
        negative_log_likelihood(logits, parts.test.truth),
        {
            "pictures": len(truth),
            "accuracy": float((known.argmax(1) == truth).mean()),
            "loss": calibration.loss_after,
        },
        calibration,
    )


def spent(fitted: Fitted) -> dict[str, Any]:
    """What a training cost, for metrics.json."""
    seconds = [row["seconds"] for row in fitted.history]
    processor = [row.get("processor_seconds", 0.0) for row in fitted.history]
    return {
        "parameters": int(fitted.network.count_params()),
        "epochs": len(fitted.history),
        "best_epoch": fitted.best_epoch,
        "seconds_per_epoch": float(np.median(seconds)),
        "seconds": float(np.sum(seconds)),
        "processor_seconds_per_epoch": float(np.median(processor)),
        "processor_seconds": float(np.sum(processor)),
    }
