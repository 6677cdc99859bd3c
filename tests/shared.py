"""What several tests use."""

from __future__ import annotations

from typing import Any

import numpy as np

LABELS = ["circle", "square", "star", "triangle"]


def random_frame(seed: int, height: int = 120, width: int = 160) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """uint8 [height, width, 3] noise."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def shake(model: Any) -> None:
    """Gives every normalisation statistics that are not those it starts with, as training would."""
    generator = np.random.default_rng(3)
    for layer in model._flatten_layers():
        if type(layer).__name__ == "BatchNormalization":
            for variable in layer.weights:
                variable.assign(generator.uniform(0.5, 1.5, variable.shape))
