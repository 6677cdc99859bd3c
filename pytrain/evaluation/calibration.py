"""Makes probabilities honest, and finds the one below which the answer is `unknown`.

Both are chosen on validation pictures; the test pictures then show what they are worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import softmax

from pytrain.dataset.image_folder import Picture
from pytrain.dataset.pictures import NO_CLASS
from pytrain.errors import TrainingError
from pytrain.evaluation.metrics import Floats, Ints, expected_calibration_error
from pytrain.evaluation.predict import predict, truth_of
from pytrain.model.lens import LOGITS, logits_model
from pytrain.training.temperature import fit_temperature, negative_log_likelihood

ACCEPTED_UNKNOWN = 0.025
"""Share of the unknown validation pictures that may be called a class: half of the promised 1 in 20, for a
camera sees more kinds of things than any validation set. Clear shapes lie far above the threshold."""

REJECTED_KNOWN = 0.01
"""Where there are no unknown pictures: share of the class pictures that may be called unknown."""


@dataclass(frozen=True)
class Calibration:
    """The outcome, and what it did on the validation pictures."""

    temperature: float
    unknown_threshold: float
    chosen_on: str
    """What the threshold was chosen on: "unknown pictures" or, without any, "class pictures"."""
    accepted_unknown: float | None
    """Share of the unknown validation pictures still called a class."""
    rejected_known: float
    """Share of the class pictures of the validation part called unknown."""
    loss_before: float
    loss_after: float
    calibration_error_before: float
    calibration_error_after: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def as_facts(self) -> dict[str, Any]:
        """What a bundle's metadata says of it."""
        return {
            "temperature": self.temperature,
            "unknown_threshold": self.unknown_threshold,
            "score": "max_probability",
        }


def calibrate(model: Any, validation: Sequence[Picture], labels: Sequence[str]) -> Calibration:
    """Chooses temperature and threshold, and puts the temperature into the model.

    Afterwards the model's probabilities are calibrated; nothing else has to know the temperature.

    Raises:
        TrainingError: no validation picture belongs to a class.
        DataError: not one can be read.
    """
    logits, readable = predict(logits_model(model), validation)
    found = calibration_of(logits, truth_of(readable, labels))
    fold_temperature(model, found.temperature)
    return found


def calibration_of(logits: Floats, truth: Ints) -> Calibration:
    """Chooses temperature and threshold.

    Args:
        logits: float32 [pictures, classes].
        truth: int64 [pictures], class numbers, NO_CLASS for pictures of none.

    Raises:
        TrainingError: no picture belongs to a class.
    """
    known = truth != NO_CLASS
    if not known.any():
        raise TrainingError("No validation picture belongs to a class.", fix="Add pictures.")
    temperature = fit_temperature(logits[known], truth[known])
    before, after = softmax(logits, axis=1), softmax(logits / temperature, axis=1)
    confidence = after.max(axis=1)
    threshold = choose_threshold(confidence[known], confidence[~known])
    return Calibration(
        temperature=temperature,
        unknown_threshold=threshold,
        chosen_on="class pictures" if known.all() else "unknown pictures",
        accepted_unknown=None if known.all() else float((confidence[~known] >= threshold).mean()),
        rejected_known=float((confidence[known] < threshold).mean()),
        loss_before=negative_log_likelihood(logits[known], truth[known], 1.0),
        loss_after=negative_log_likelihood(logits[known], truth[known], temperature),
        calibration_error_before=expected_calibration_error(before[known], truth[known]),
        calibration_error_after=expected_calibration_error(after[known], truth[known]),
    )


def choose_threshold(known: Floats, unknown: Floats) -> float:
    """The smallest threshold that lets at most ACCEPTED_UNKNOWN of the unknown pictures through.

    Args:
        known: highest probabilities of pictures of a class.
        unknown: those of pictures of none; where empty, REJECTED_KNOWN of the known ones are turned away.

    Returns:
        In 0..1; a picture is accepted when its highest probability is at least this.
    """
    if len(unknown) == 0:
        return float(np.quantile(known, REJECTED_KNOWN))
    allowed = int(ACCEPTED_UNKNOWN * len(unknown))
    # Just above the highest confidence that must be turned away.
    return float(min(1.0, np.sort(unknown)[::-1][allowed] + 1e-4))


def fold_temperature(model: Any, temperature: float) -> None:
    """Divides the last Dense layer by the temperature, so that the softmax gives calibrated probabilities."""
    layer = model.get_layer(LOGITS)
    layer.set_weights([weights / np.float32(temperature) for weights in layer.get_weights()])
