"""A model with a score `known`: the browser answers `unknown` by it as Python does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live import Open, Server
from playwright.sync_api import Browser, Page, expect
from shared import LABELS

from pytrain.export.verify import verify
from pytrain.image import read_image, to_input

BACKENDS = ["wasm", "webgl", "cpu"]

Expected = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]

CLASSIFY = """async ([options, count]) => {
  const { imageClassifier } = await import('./pytrain.mjs');
  const classifier = await imageClassifier('knowing', options);
  const answers = [];
  for (let number = 0; number < count; number++) {
    const image = new Image();
    image.src = `models/knowing/golden/${String(number).padStart(2, '0')}.png`;
    await image.decode();
    const results = await classifier.classify(image);
    const confidence = Object.fromEntries(results.map((one) => [one.label, one.confidence]));
    answers.push({ confidence, known: results.known ?? null, answer: results.answer });
  }
  const found = { answers, unknown: classifier.unknown, check: await classifier.check() };
  classifier.dispose();
  return found;
}"""


@pytest.fixture(scope="module")
def expected(knowing_model: Any, knowing: Path) -> Expected:
    """Keras's probabilities [frames, classes] and `known` [frames] of the golden frames."""
    files = sorted((knowing / "golden").glob("*.png"))
    answers = knowing_model(np.stack([to_input(read_image(file)) for file in files]), training=False)
    return np.asarray(answers["probabilities"]), np.asarray(answers["known"])[:, 0]


def classified(page: Page, frames: int, **options: str) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(CLASSIFY, [options, frames])
    return found


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_library_gives_pythons_known_and_its_answer(
    open_page: Open,
    plain_browser: Browser,
    knowing_server: Server,
    expected: Expected,
    backend: str,
) -> None:
    page = open_page(plain_browser, "/verify.html", url=knowing_server.url).page
    probabilities, known = expected
    found = classified(page, len(known), backend=backend)
    answers = found["answers"]
    assert np.allclose([one["known"] for one in answers], known, atol=1e-4)
    given = [[one["confidence"][label] for label in LABELS] for one in answers]
    assert np.allclose(given, probabilities, atol=1e-4)
    threshold = found["unknown"]["threshold"]
    best = [LABELS[row.argmax()] for row in probabilities]
    wanted = [name if score >= threshold else "unknown" for name, score in zip(best, known, strict=True)]
    assert {"unknown"} < set(wanted)
    assert [one["answer"] for one in answers] == wanted
    assert found["check"]["same"] is True


def test_the_layers_model_answers_without_unknown(
    open_page: Open, plain_browser: Browser, knowing_server: Server
) -> None:
    page = open_page(plain_browser, "/verify.html", url=knowing_server.url).page
    found = classified(page, 8, backend="wasm", format="layers")
    assert {one["known"] for one in found["answers"]} == {None}
    assert "unknown" not in {one["answer"] for one in found["answers"]}
    assert found["check"]["same"] is True


def test_no_tensor_is_left_behind(open_page: Open, plain_browser: Browser, knowing_server: Server) -> None:
    page = open_page(plain_browser, "/verify.html", url=knowing_server.url).page
    counts = page.evaluate(
        """async () => {
          const { imageClassifier } = await import('./pytrain.mjs');
          const classifier = await imageClassifier('knowing', { backend: 'wasm' });
          const canvas = new OffscreenCanvas(100, 80);
          canvas.getContext('2d');
          await classifier.classify(canvas);
          const before = await classifier.memory();
          for (let frame = 0; frame < 50; frame++) await classifier.classify(canvas);
          const after = await classifier.memory();
          classifier.dispose();
          return [before.numTensors, after.numTensors];
        }"""
    )
    assert counts[0] == counts[1] > 0


def test_the_page_shows_how_familiar_a_picture_is(
    open_page: Open,
    plain_browser: Browser,
    knowing_server: Server,
    knowing: Path,
    expected: Expected,
) -> None:
    page = open_page(plain_browser, "/?model=knowing&backend=wasm", url=knowing_server.url).page
    _, known = expected
    answer = page.get_by_test_id("answer")
    expect(page.get_by_test_id("check")).to_have_text("Same as Python")
    expect(page.get_by_test_id("known")).to_be_hidden()
    for number, state in ((int(known.argmin()), "unknown"), (int(known.argmax()), "known")):
        page.get_by_test_id("file-input").set_input_files(knowing / "golden" / f"{number:02}.png")
        expect(answer).to_have_attribute("data-state", state)
        expect(page.get_by_test_id("known")).to_have_attribute("aria-valuenow", f"{100 * known[number]:.1f}")
    expect(answer).not_to_contain_text("Looks like none")


def test_a_model_without_known_shows_no_meter(
    open_page: Open, plain_browser: Browser, knowing: Path, tmp_path: Path
) -> None:
    """The shipped one says nothing of it."""
    page = open_page(plain_browser, "/?backend=wasm").page
    page.get_by_test_id("file-input").set_input_files(knowing / "golden" / "00.png")
    expect(page.get_by_test_id("answer")).not_to_have_attribute("data-label", "")
    expect(page.get_by_test_id("known")).to_be_hidden()


def test_another_known_than_pythons_is_a_warning(
    open_page: Open, plain_browser: Browser, knowing: Path, tmp_path: Path
) -> None:
    tampered = tmp_path / "exported_models" / "knowing"
    shutil.copytree(knowing, tampered)
    path = tampered / "golden" / "golden.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["frames"][0]["known"] = 0.123
    path.write_text(json.dumps(content), encoding="utf-8")
    server = Server(tmp_path)
    try:
        page = open_page(plain_browser, "/?model=knowing&backend=wasm", url=server.url).page
        expect(page.get_by_test_id("message")).to_contain_text("a test picture is familiar to")
        expect(page.get_by_test_id("message")).to_contain_text("12.3 % there")
        expect(page.get_by_test_id("check")).to_have_text("Differs")
    finally:
        server.stop()


def test_verify_compares_known_in_chromium(knowing: Path) -> None:
    result = verify(knowing, ["wasm", "webgl"])
    result.require()
    graphs = [one for one in result.results if one.format == "graph"]
    assert [one.known_difference is not None for one in graphs] == [True, True]
