"""Run by the referee's Python: writes both formats, once the converter is imported.

The layers model is a network in Keras 2, the last Keras whose layers the converter can write.

Usage: python tests/referee_models.py NETWORK CLASSES FOLDER, which has weights.npz and saved_model
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy as np


def build(network: str, classes: int) -> Any:
    import tf_keras

    from pytrain.model import backend

    # Our networks take Keras from there, and use nothing that Keras 2 has under another name.
    backend.keras = tf_keras
    return importlib.import_module(f"pytrain.model.{network}").build(classes)


def main(network: str, classes: str, folder: str) -> None:
    from tensorflowjs.converters.converter import convert

    model = build(network, int(classes))
    with np.load(f"{folder}/weights.npz") as arrays:
        model.set_weights([arrays[str(number)] for number in range(len(arrays.files))])
    model.save(f"{folder}/model.h5")
    for source, form, file in (
        ("keras", "layers", "model.h5"),
        ("tf_saved_model", "graph", "saved_model"),
    ):
        target = f"--output_format=tfjs_{form}_model"
        convert([f"--input_format={source}", target, f"{folder}/{file}", f"{folder}/{form}"])


if __name__ == "__main__":
    main(*sys.argv[1:])
