"""The class activation map of means over cells: by its definition, in every backend of the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from parity import BACKENDS, Job, open_parity
from playwright.sync_api import Playwright

from pytrain.export.fold import simplify
from pytrain.export.reading.read import read_network
from pytrain.export.writing.graph_model import graph_model
from pytrain.export.writing.weights import as_stored, write_manifests
from pytrain.model.backend import keras

SIDE, STEP, CELLS = 4, 3, 2
"""Of 7 x 7 places: a place in the middle row or column lies in several cells."""

CLASSES = 5
BATCHES = (1, 3)
KERNEL = "logits/kernel"


@pytest.fixture(scope="module")
def model() -> Any:
    """Two maps of features joined, means over four cells, the classes and a score beside them."""
    keras.utils.set_random_seed(4)
    layers = keras.layers
    entry = keras.Input((28, 28, 3), name="image")
    early = layers.Conv2D(24, 3, strides=4, padding="same", activation="relu", name="early")(entry)
    late = layers.Conv2D(40, 3, padding="same", activation="relu", name="late")(early)
    features = layers.Concatenate(name="features")([late, early])
    cells = layers.AveragePooling2D(SIDE, strides=STEP, name="cells")(features)
    embedding = layers.Flatten(name="embedding")(cells)
    bias = keras.initializers.RandomNormal()
    logits = layers.Dense(CLASSES, name="logits", bias_initializer=bias)(embedding)
    scores = layers.Dense(CLASSES + 1, activation="softmax", name="known_scores")(embedding)
    outputs = {
        "probabilities": layers.Activation("softmax", name="probabilities")(logits),
        "known": layers.Dense(1, use_bias=False, name="known")(scores),
    }
    return keras.Model(entry, outputs)


def by_definition(features: Any, kernel: Any) -> Any:
    """[batch, h, w, classes], cell by cell."""
    batch, *size, channels = features.shape
    expected = np.zeros((batch, *size, CLASSES), np.float32)
    weights = kernel.reshape(CELLS, CELLS, channels, CLASSES)
    for row, column in np.ndindex(CELLS, CELLS):
        here = np.s_[:, row * STEP : row * STEP + SIDE, column * STEP : column * STEP + SIDE]
        expected[here] += features[here] @ weights[row, column] / SIDE**2
    return expected


@pytest.mark.parametrize("dtype", ["float32", "float16", "uint8"])
def test_every_backend_gives_the_map_by_its_definition(
    playwright: Playwright, model: Any, dtype: str, tmp_path: Path
) -> None:
    inputs = np.random.default_rng(6).uniform(-1, 1, (max(BATCHES), 28, 28, 3)).astype(np.float32)
    tensors = [model.get_layer(name).output for name in ("features", "logits")]
    features, logits = (np.asarray(one) for one in keras.Model(model.input, tensors)(inputs))
    dense = model.get_layer("logits")
    expected = by_definition(features, as_stored(np.asarray(dense.kernel), dtype))
    if dtype == "float32":
        assert np.allclose(expected.sum(axis=(1, 2)) + np.asarray(dense.bias), logits, atol=1e-5)
    graph = graph_model(simplify(read_network(model)), probabilities="probabilities")
    write_manifests(tmp_path, None, graph, {KERNEL: dtype})
    job = Job(dtype, tmp_path, "graph", inputs, ["class_activation"], [expected], BATCHES)
    with open_parity(playwright, tmp_path) as page:
        answers = [page.run(backend, [job])[0] for backend in BACKENDS]
    assert all(answer.agrees for answer in answers), [str(answer) for answer in answers]
