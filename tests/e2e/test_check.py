"""Same as Python, or a warning: the comparison on the page, by the library, and by `pytrain verify`."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from live import Open, Server
from playwright.sync_api import Browser, Page, expect

from pytrain.export.verify import verify

BACKENDS = ["wasm", "webgl"]


@pytest.fixture(scope="module")
def variants(exported_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The exported model three times more: as before graph.json, with other golden answers, and with none."""
    models = tmp_path_factory.mktemp("variants") / "exported_models"
    for name in ("layers-only", "tampered", "unchecked"):
        shutil.copytree(exported_bundle, models / name)
    (models / "layers-only" / "graph.json").unlink()
    change(models / "layers-only" / "metadata.json", lambda content: content["pytrain"].pop("formats"))
    change(models / "tampered" / "golden" / "golden.json", tamper)
    shutil.rmtree(models / "unchecked" / "golden")
    change(models / "unchecked" / "metadata.json", lambda content: content["pytrain"].update(golden=0))
    started = Server(models.parent)
    yield started
    started.stop()


def change(path: Path, edit: Callable[[Any], object]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    edit(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def tamper(golden: Any) -> None:
    """Says that Python saw a triangle where it saw a circle."""
    golden["frames"][0]["probabilities"] = [0.1, 0.0, 0.0, 0.9]


def scripts(page: Page) -> list[str]:
    addresses = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    return sorted({address.split("/")[-1] for address in addresses if "/engine-" in address})


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_page_says_that_it_answers_as_python(
    open_page: Open, plain_browser: Browser, exported: Server, backend: str
) -> None:
    page = open_page(plain_browser, f"/?model=four-shapes&backend={backend}", url=exported.url).page
    expect(page.get_by_test_id("check")).to_have_text("Same as Python")
    expect(page.get_by_test_id("check-hint")).to_contain_text(
        re.compile(r"2 test pictures, .* (below )?0\.0000")
    )
    expect(page.get_by_test_id("message")).to_be_hidden()
    expect(page.get_by_test_id("form")).to_contain_text("graph")
    assert scripts(page) == [f"engine-{backend}.js"]


def test_a_model_without_a_graph_runs_from_its_layers(
    open_page: Open, plain_browser: Browser, variants: Server
) -> None:
    page = open_page(plain_browser, "/?model=layers-only&backend=wasm", url=variants.url).page
    expect(page.get_by_test_id("check")).to_have_text("Same as Python")
    expect(page.get_by_test_id("form")).to_contain_text("layers")
    assert scripts(page) == ["engine-wasm-layers.js"]


def test_another_answer_than_pythons_is_a_warning_with_both(
    open_page: Open, plain_browser: Browser, variants: Server
) -> None:
    page = open_page(plain_browser, "/?model=tampered&backend=webgl", url=variants.url).page
    message = page.get_by_test_id("message")
    expect(message).to_contain_text(re.compile(r"On webgl .* Circle .* % here, Triangle 90\.0 % there"))
    expect(page.get_by_test_id("check")).to_have_text("Differs")
    message.get_by_role("button", name="Use wasm").click()
    expect(message).to_contain_text("On wasm this model does not answer as in Python")
    expect(message).to_contain_text("Export the model again")
    expect(page.get_by_test_id("backend")).to_have_text("wasm")


def test_without_golden_frames_the_page_says_that_nothing_was_compared(
    open_page: Open, plain_browser: Browser, variants: Server
) -> None:
    page = open_page(plain_browser, "/?model=unchecked&backend=wasm", url=variants.url).page
    expect(page.get_by_test_id("check")).to_have_text("Not checked")
    expect(page.get_by_test_id("message")).to_be_hidden()


def test_the_library_checks_every_golden_frame(
    open_page: Open, plain_browser: Browser, exported: Server
) -> None:
    page = open_page(plain_browser, "/verify.html", url=exported.url).page
    check, timings = page.evaluate(
        """async () => {
          const { imageClassifier } = await import('./pytrain.mjs');
          const classifier = await imageClassifier('four-shapes', { backend: 'wasm' });
          const check = await classifier.check();
          const timings = classifier.timings;
          classifier.dispose();
          return [check, timings];
        }"""
    )
    assert check["same"] is True
    assert check["frames"] == 4
    assert 0 <= check["maxDifference"] <= 1e-4
    assert timings.get("latest") is None, "a check is no frame of the user's"


def test_verify_compares_both_forms_on_every_backend(exported_bundle: Path) -> None:
    result = verify(exported_bundle)
    result.require()
    assert "Chromium" in result.where
    agreed = {(entry.format, entry.backend) for entry in result.results if entry.agrees}
    assert agreed >= {(form, backend) for form in ("graph", "layers") for backend in ("wasm", "webgl", "cpu")}
    assert set(result.as_json()["formats"]) == {"graph", "layers"}


def test_verify_says_why_a_form_is_missing(exported_bundle: Path, tmp_path: Path) -> None:
    only = tmp_path / "only"
    shutil.copytree(exported_bundle, only)
    (only / "model.json").unlink()

    def without_layers(metadata: Any) -> None:
        metadata["pytrain"]["formats"] = {"graph": True, "layers": False, "why": "no such layer"}

    change(only / "metadata.json", without_layers)
    result = verify(only, ["wasm"])
    result.require()
    assert [entry.format for entry in result.results] == ["graph"]
    assert "  No model.json: no such layer" in result.lines()
