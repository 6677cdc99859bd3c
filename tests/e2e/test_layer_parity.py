"""Every supported layer, over its options: TensorFlow.js gives Keras's numbers in both formats.

All models run in one page. WebGL builds programs for each of them, which takes longest: unless all is asked
for, it has each layer's first case. What came out of all is written to build/parity/layers.json, from which
docs/make_layers.py makes a page.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest
from live import CHECKOUT
from parity import BACKENDS, TOLERANCE, Answer, Array, Job, Parity, open_parity, write_models
from playwright.sync_api import Playwright
from python.export.cases import CASES, Case

RESULTS = CHECKOUT / "build" / "parity" / "layers.json"

HALF_TOLERANCE = 5e-3
"""For Keras models that count in float16 themselves; TensorFlow.js counts them in float32."""

BATCHES = (1, 3)
"""On webgl only a layer's first case gets both: another batch size makes it build all its programs again."""

PROGRAMS = "webgl"
"""The backend that builds programs for each model."""

CHUNK = 60
"""Models in one call of the page, so that a hang is noticed."""

LAYERS = sorted({case.layer for case in CASES})
FIRST = {case.id for case in {case.layer: case for case in reversed(CASES)}.values()}
LAYERS_WITH_OPTIONS = sorted({case.layer for case in CASES if case.id not in FIRST})

Jobs = list[tuple[str, Job]]
"""With the layer that each is for."""

Answers = dict[str, list[Answer]]
"""By layer."""


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
def page(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parity]:
    with open_parity(playwright, tmp_path_factory.mktemp("layer-parity")) as opened:
        yield opened


@pytest.fixture(scope="module")
def models(page: Parity) -> Jobs:
    """Every case, in each format that can carry it."""
    return [
        (case.layer, job)
        for number, case in enumerate(CASES)
        for job in jobs(case, page.folder / str(number))
    ]


@pytest.fixture(scope="module")
def answers(page: Parity, models: Jobs) -> Answers:
    """What every backend says of every case; webgl of the first ones."""
    found: Answers = defaultdict(list)
    for backend in BACKENDS:
        ask(page, backend, [one for one in models if backend != PROGRAMS or one[1].name in FIRST], found)
    return found


@pytest.fixture(scope="module")
def further(page: Parity, models: Jobs, answers: Answers) -> Answers:
    """What webgl says of all cases but the first ones. All is known then, and written."""
    found: Answers = defaultdict(list)
    rest = [(layer, replace(job, batches=BATCHES[:1])) for layer, job in models if job.name not in FIRST]
    ask(page, PROGRAMS, rest, found)
    write_results({layer: [*answers[layer], *found.get(layer, ())] for layer in answers})
    return found


def ask(page: Parity, backend: str, asked: Jobs, found: Answers) -> None:
    for start in range(0, len(asked), CHUNK):
        chunk = asked[start : start + CHUNK]
        for (layer, _), answer in zip(chunk, page.run(backend, [job for _, job in chunk]), strict=True):
            found[layer].append(answer)


def write_results(found: Mapping[str, Sequence[Answer]]) -> None:
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
    assert_agree(answers[layer])


@pytest.mark.thorough
@pytest.mark.parametrize("layer", LAYERS_WITH_OPTIONS)
def test_webgl_gives_them_with_every_option(further: Answers, layer: str) -> None:
    assert_agree(further[layer])


def assert_agree(answers: Sequence[Answer]) -> None:
    assert answers
    wrong = [str(answer) for answer in answers if not answer.agrees]
    assert not wrong, "\n".join(wrong)
