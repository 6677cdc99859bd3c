"""What the Python tests share: a small model with one of every supported layer, and bundles made from it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from shared import LABELS, random_frame, shake

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="session")
def small_model() -> Any:
    """Untrained, but with normalisation statistics as if it were trained."""
    import keras

    keras.utils.set_random_seed(7)
    layers = keras.layers
    entry = keras.Input((224, 224, 3))
    x = layers.AveragePooling2D(8)(entry)
    x = layers.Conv2D(6, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.5)(x)
    x = layers.Dense(len(LABELS), name="logits")(x)
    model = keras.Model(entry, layers.Activation("softmax", name="probabilities")(x))
    shake(model)
    return model


@pytest.fixture
def small_bundle(small_model: Any, tmp_path: Path) -> Path:
    """An exported bundle called `small`, not compared with TensorFlow.js."""
    from pytrain.export import export

    golden = [(random_frame(seed), LABELS[seed % 4]) for seed in range(4)]
    target = tmp_path / "exported_models" / "small"
    export(small_model, target, labels=LABELS, input_range="-1..1", golden=golden, verify=False)
    return target
