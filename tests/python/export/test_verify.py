"""The comparison with TensorFlow.js: it passes what is the same, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pytrain.cli import main
from pytrain.errors import BrowserError, BundleError, ExportError
from pytrain.export import chromium, node
from pytrain.export.verify import BackendResult, Verification, verify
from tests.masking import export_masks


@pytest.fixture(autouse=True)
def in_node(monkeypatch: pytest.MonkeyPatch) -> None:
    """Node.js answers faster; the end-to-end tests do the same in Chromium."""
    monkeypatch.setattr(chromium, "find", lambda: None)


def change_golden(bundle: Path, difference: float) -> None:
    path = bundle / "golden" / "golden.json"
    golden = json.loads(path.read_text(encoding="utf-8"))
    golden["frames"][0]["probabilities"][0] += difference
    path.write_text(json.dumps(golden), encoding="utf-8")


def test_an_export_gives_the_same_on_every_backend(small_bundle: Path) -> None:
    result = verify(small_bundle)
    result.require()
    tried = {(entry.format, entry.backend) for entry in result.results}
    assert tried == {(form, backend) for form in ("graph", "layers") for backend in ("cpu", "wasm")}
    assert all(entry.agrees for entry in result.results)
    assert "Node.js" in result.where


def test_one_table_has_a_row_for_each_backend_and_a_column_for_each_form() -> None:
    results = (
        BackendResult("wasm", 2e-7, 3.25),
        BackendResult("webgpu", error="no adapter"),
        BackendResult("wasm", 0.02, 4.0, format="layers"),
        BackendResult("webgpu", error="no adapter", format="layers"),
    )
    assert Verification("stars", "Chromium 1", "4.22.0", 5, results).lines() == [
        "stars: 5 golden frames in Chromium 1, TensorFlow.js 4.22.0",
        "         graph.json                    model.json",
        "  wasm   2.0e-07     3.2 ms  same      2.0e-02     4.0 ms  DIFFERS",
        "  webgpu could not run                 could not run",
        "  webgpu could not run: no adapter",
    ]


def test_a_form_that_runs_nowhere_does_not_pass() -> None:
    results = (BackendResult("cpu", 0.0, 1.0), BackendResult("cpu", error="bad op", format="layers"))
    with pytest.raises(ExportError, match=r"could run model\.json \(cpu: bad op\)"):
        Verification("stars", "Node.js", "4.22.0", 5, results).require()


def test_a_difference_above_the_tolerance_fails_with_code_2(
    small_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_golden(small_bundle, 5e-4)
    with pytest.raises(SystemExit) as ended:
        main(["verify", str(small_bundle)])
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert "DIFFERS" in said.out
    assert "off Python's" in said.err


def test_a_difference_of_rounding_passes(small_bundle: Path) -> None:
    change_golden(small_bundle, 5e-5)
    verify(small_bundle, ["cpu"]).require()


@pytest.mark.parametrize("difference", [float("nan"), 1e-3, None])
def test_what_is_no_agreement_does_not_pass(difference: float | None) -> None:
    assert not BackendResult("wasm", difference, 1.0).agrees
    results = (BackendResult("cpu", 0.0, 1.0), BackendResult("wasm", difference, 1.0))
    with pytest.raises(ExportError, match="wasm"):
        Verification("model", "Node.js", "4", 1, results).require()


def test_no_backend_at_all_does_not_pass() -> None:
    failed = Verification("model", "Node.js", "4", 1, (BackendResult("cpu", error="no memory"),))
    with pytest.raises(ExportError, match="no memory"):
        failed.require()


def test_a_browser_that_cannot_start_leaves_it_to_node(
    small_bundle: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("no program", encoding="utf-8")
    monkeypatch.setattr(chromium, "find", lambda: broken)
    assert "Node.js" in verify(small_bundle, ["cpu"]).where


def test_without_browser_and_node_it_says_what_to_install(
    small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node, "find", lambda: None)
    with pytest.raises(BrowserError) as caught:
        verify(small_bundle)
    assert "playwright install chromium" in str(caught.value.fix)


def test_masks_are_compared_place_by_place(tmp_path: Path) -> None:
    colours = export_masks(tmp_path / "colours")
    result = verify(colours)
    result.require()
    differences = {(entry.format, entry.mask_difference is None) for entry in result.results}
    assert differences == {("graph", False), ("layers", True)}
    assert "mask_difference" in result.as_json()["formats"]["graph"]["cpu"]

    file = colours / "golden" / "00-mask.png"
    with Image.open(file) as mask:
        # The places of one row elsewhere: the areas stay, and no probability differs.
        rolled = np.roll(np.asarray(mask), 1, axis=0)
    Image.fromarray(rolled).save(file)
    with pytest.raises(ExportError, match=r"an answer of graph\.json is .* off Python's"):
        verify(colours).require()
    Image.fromarray(rolled[:, :10]).save(file)
    with pytest.raises(BundleError, match="cannot be read"):
        verify(colours)


def test_masks_of_an_earlier_bundle_which_kept_none_are_not_asked_for(tmp_path: Path) -> None:
    colours = export_masks(tmp_path / "colours")
    path = colours / "golden" / "golden.json"
    golden = json.loads(path.read_text(encoding="utf-8"))
    del golden["frames"][0]["mask"]
    path.write_text(json.dumps(golden), encoding="utf-8")
    assert {entry.mask_difference for entry in verify(colours).results} == {None}


def test_a_bundle_without_golden_frames_is_refused(small_bundle: Path) -> None:
    (small_bundle / "golden" / "golden.json").unlink()
    with pytest.raises(BundleError, match="no golden frames"):
        verify(small_bundle)
