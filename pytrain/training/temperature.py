"""The temperature: the one number that logits are divided by to make probabilities honest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


def fit_temperature(logits: Floats, truth: Ints, pull: float = 0.0) -> float:
    """The number that logits are divided by to make the truth most likely (Guo et al., 2017).

    Args:
        logits: [pictures, classes].
        truth: [pictures], class numbers.
        pull: how much the guess that no scaling is needed counts, in pictures: one over the variance of the
            temperature's logarithm that is expected. A dozen right answers and no wrong one would otherwise
            make the model sure of everything.

    Returns:
        Between 0.05 and 20; above 1 the model was too sure of itself.
    """
    found = minimize_scalar(
        lambda log_t: (
            negative_log_likelihood(logits, truth, float(np.exp(log_t))) + pull * log_t**2 / (2 * len(truth))
        ),
        bounds=(np.log(0.05), np.log(20.0)),
        method="bounded",
    )
    return float(np.exp(found.x))


def negative_log_likelihood(logits: Floats, truth: Ints, temperature: float = 1.0) -> float:
    """Mean cross entropy of the logits divided by the temperature, in nats."""
    scaled = logits.astype(np.float64) / temperature
    return float((logsumexp(scaled, axis=1) - scaled[np.arange(len(truth)), truth]).mean())
