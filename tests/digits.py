"""A network that tells three drawn digits by how bright they are in three places, as anybody can work out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

LABELS = ("0", "1", "7")

LINES = {
    "0": [(0.5, 0.0), (0.1, 0.25), (0.1, 0.75), (0.5, 1.0), (0.9, 0.75), (0.9, 0.25), (0.5, 0.0)],
    "1": [(0.5, 0.0), (0.5, 1.0)],
    "7": [(0.0, 0.0), (0.9, 0.0), (0.4, 1.0)],
}
"""How each is drawn: corners of one line, across and down, in parts of a square."""

PLACES = {"middle": np.s_[11:17, 12:16], "left": np.s_[11:17, 4:9], "top left": np.s_[4:9, 4:9]}
"""Of the 28 x 28 pixels that a network of MNIST gets."""

SAYS = {"middle": (-1, 1, 0), "left": (1, -1, -1), "top left": (0, -1, 1)}
"""What brightness in each place says for 0, 1 and 7: a 0 is hollow, only a 7 begins at the top left."""


def digit_finder() -> Any:
    """From float32 [batch, 28, 28, 1] in [0, 1] to probabilities [batch, 3]."""
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(3, activation="softmax", name="places")]
    )
    kernel = np.zeros((28, 28, 3), np.float32)
    for name, place in PLACES.items():
        kernel[place] += np.array(SAYS[name]) * 10 / kernel[place][..., 0].size
    model.get_layer("places").set_weights([kernel.reshape(-1, 3), np.zeros(3, np.float32)])
    return model


def export_digits(target: Path) -> Path:
    """Its bundle, which the drawing pad draws for as MNIST did."""
    from pytrain.bundle import MNIST
    from pytrain.export import Facts, export

    export(
        digit_finder(),
        target,
        labels=LABELS,
        input_range="0..1",
        golden=[(np.zeros((28, 28, 3), np.uint8), None)],
        facts=Facts(drawing=MNIST),
        verify=False,
    )
    return target
