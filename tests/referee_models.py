"""Run by the referee's Python: a network in Keras 2, the last Keras whose layers the converter can write.

Usage: python tests/referee_models.py NETWORK CLASSES WEIGHTS.npz OUT.h5
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy as np


def build(network: str, classes: int) -> Any:
    import tf_keras

    from pytrain.model import backend

    if network == "mobilenet_v2":
        return tf_keras.applications.MobileNetV2(weights=None, classes=classes)
    # Our networks take Keras from there, and use nothing that Keras 2 has under another name.
    backend.keras = tf_keras
    return importlib.import_module(f"pytrain.model.{network}").build(classes)


def main(network: str, classes: str, weights: str, out: str) -> None:
    model = build(network, int(classes))
    with np.load(weights) as arrays:
        model.set_weights([arrays[str(number)] for number in range(len(arrays.files))])
    model.save(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
