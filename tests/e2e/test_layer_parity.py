"""Every supported layer, over its options: TensorFlow.js gives Keras's numbers in both formats.

All models run in one page. What came out is written to build/parity/layers.json, for docs/make_layers.py.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest
from live import CHECKOUT
from parity import BACKENDS, TOLERANCE, Answer, Array, Job, open_parity, write_models
from playwright.sync_api import Playwright
from python.export.cases import CASES, Case

RESULTS = CHECKOUT / "build" / "parity" / "layers.json"

HALF_TOLERANCE = 5e-3
"""For Keras models that count in float16 themselves; TensorFlow.js counts them in float32."""

BATCHES = (1, 3)
"""On webgl only a layer's first case gets both: another batch size makes it build all its programs again."""

CHUNK = 60
"""Models in one call of the page, so that a hang is noticed."""

LAYERS = sorted({case.layer for case in CASES})
FIRST = {case.id for case in {case.layer: case for case in reversed(CASES)}.values()}

Answers = dict[str, list[Answer]]


def jobs(case: Case, folder: Path) -> list[Job]:
    """A case in each format that can carry it, written into a new folder."""
    folder.mkdir()
    model = case.build()
    inputs = case.inputs(max(BATCHES))
    given = model(inputs, training=False)
    expected: list[Array] = [
        np.asarray(one, np.float32) for one in (given if isinstance(given, list) else [given])
    ]
    outputs, formats = write_models(folder, model)
    assert ("layers" in formats) != case.only_graph, f"{case.id}: only_graph is {case.only_graph}"
    tolerance = HALF_TOLERANCE if "float16" in case.id else TOLERANCE
    return [Job(case.id, folder, form, inputs, outputs, expected, BATCHES, tolerance) for form in formats]


@pytest.fixture(scope="module")
def answers(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """What every backend says of every case, by layer."""
    folder = tmp_path_factory.mktemp("layer-parity")
    found: Answers = defaultdict(list)
    with open_parity(playwright, folder) as page:
        for start in range(0, len(CASES), CHUNK):
            layers: list[str] = []
            chunk: list[Job] = []
            for number, case in enumerate(CASES[start : start + CHUNK], start):
                for job in jobs(case, folder / str(number)):
                    chunk.append(job)
                    layers.append(case.layer)
            for backend in BACKENDS:
                asked = chunk if backend != "webgl" else [for_webgl(job) for job in chunk]
                for layer, answer in zip(layers, page.run(backend, asked), strict=True):
                    found[layer].append(answer)
    write_results(found)
    return found


def for_webgl(job: Job) -> Job:
    return job if job.name in FIRST else replace(job, batches=BATCHES[:1])


def write_results(found: Answers) -> None:
    """For each layer and format: the number of cases, and the greatest difference on each backend."""
    results: dict[str, dict[str, object]] = {}
    for layer, answers in sorted(found.items()):
        results[layer] = {}
        for form in sorted({answer.job.format for answer in answers}):
            mine = [answer for answer in answers if answer.job.format == form]
            exact = [answer for answer in mine if answer.job.tolerance == TOLERANCE]
            differences = {
                # One that failed must not look like one that agrees.
                backend: max(
                    inf if answer.difference is None else answer.difference
                    for answer in exact
                    if answer.backend == backend
                )
                for backend in BACKENDS
            }
            results[layer][form] = {"cases": len(mine) // len(BACKENDS), "differences": differences}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


@pytest.mark.parametrize("layer", LAYERS)
def test_tensorflow_js_gives_kerass_numbers(answers: Answers, layer: str) -> None:
    wrong = [str(answer) for answer in answers[layer] if not answer.agrees]
    assert not wrong, "\n".join(wrong)
