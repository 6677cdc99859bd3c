"""Whole networks: TensorFlow.js gives Keras's probabilities in both formats on every backend.

Their weights are random but lifelike, so that the probabilities tell pictures apart. What came out of all of
them is written to build/parity/networks.json, for docs/make_layers.py.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from lifelike import lifelike, pictures
from live import CHECKOUT
from networks import NETWORKS, Network
from parity import BACKENDS, Answer, Job, Parity, open_parity, write_models
from playwright.sync_api import Playwright

from pytrain.model.backend import keras

RESULTS = CHECKOUT / "build" / "parity" / "networks.json"

BATCHES = {"cpu": (1,), "wasm": (1, 2), "webgl": (1,)}
"""Another batch size makes webgl build all of its programs again, and the cpu backend is slow."""

SEEN, SEEN_OF_SMALL, SMALL = 8, 32, 100
"""How many pictures the normalisations get their statistics from: more where they have fewer pixels a side.

Small pictures end as a map of one pixel. The statistics of eight of those are so narrow that Keras itself was
5e-5 off what the network gives in float64.
"""


@pytest.fixture(scope="module")
def page(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parity]:
    with open_parity(playwright, tmp_path_factory.mktemp("network-parity")) as opened:
        yield opened


@pytest.fixture(scope="module")
def results() -> Iterator[dict[str, Any]]:
    found: dict[str, Any] = {}
    yield found
    if len(found) < len(NETWORKS):
        return  # A part of the tests says nothing of the whole page.
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    "network",
    [
        pytest.param(network, id=network.name, marks=() if network.usual else pytest.mark.thorough)
        for network in NETWORKS
    ],
)
def test_tensorflow_js_gives_kerass_probabilities(
    page: Parity, results: dict[str, Any], network: Network
) -> None:
    keras.utils.set_random_seed(7)
    model = network.build()
    seen = pictures(SEEN if network.size >= SMALL else SEEN_OF_SMALL, network.size, network.low, network.high)
    lifelike(model, seen)
    inputs = seen[:2]
    expected = np.asarray(model(inputs, training=False))
    assert_tells_apart(expected)
    folder = page.folder / network.name
    folder.mkdir()
    outputs, formats = write_models(folder, model)
    answers: list[Answer] = []
    for backend in BACKENDS:
        jobs = [
            Job(network.name, folder, form, inputs, outputs, [expected], BATCHES[backend]) for form in formats
        ]
        answers += page.run(backend, jobs)
    shutil.rmtree(folder)
    results[network.name] = {
        "size": network.size,
        "parameters": model.count_params(),
        "formats": {
            form: {one.backend: one.difference for one in answers if one.job.format == form}
            for form in formats
        },
    }
    assert formats == ["layers", "graph"]
    wrong = [str(answer) for answer in answers if not answer.agrees]
    assert not wrong, "\n".join(wrong)


def assert_tells_apart(probabilities: np.ndarray[Any, np.dtype[np.float32]]) -> None:
    """A network that is certain, or that says the same of all pictures, proves nothing."""
    assert probabilities.max() < 0.999
    assert np.abs(probabilities[0] - probabilities[1]).max() > 0.05
