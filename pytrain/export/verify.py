"""Proves a bundle: TensorFlow.js must give the probabilities that Python gave for the golden frames."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pytrain import bundle
from pytrain.errors import BrowserError, BundleError, ExportError
from pytrain.export import chromium, node
from pytrain.image import Frame, read_image

TOLERANCE = 1e-4
"""Greatest difference of a probability that still counts as the same answer."""


@dataclass(frozen=True)
class BackendResult:
    """What one TensorFlow.js backend answered.

    Attributes:
        backend: webgl, wasm, webgpu or cpu.
        max_difference: greatest difference of any probability from Python's; None if it could not run.
        milliseconds: median time of one frame, preprocessing included; None if it could not run.
        error: why it could not run; None if it did.
    """

    backend: str
    max_difference: float | None = None
    milliseconds: float | None = None
    error: str | None = None

    @property
    def agrees(self) -> bool:
        # "not greater" would let NaN pass.
        return self.max_difference is not None and self.max_difference <= TOLERANCE


@dataclass(frozen=True)
class Verification:
    """A bundle's comparison with Python on every backend that could be tried.

    Attributes:
        name: the bundle's name.
        where: what ran TensorFlow.js, e.g. "Chromium 140.0".
        tfjs: TensorFlow.js's version.
        frames: number of golden frames.
        results: one for each backend.
    """

    name: str
    where: str
    tfjs: str
    frames: int
    results: tuple[BackendResult, ...]

    def require(self) -> None:
        """Raises ExportError unless every backend that ran agrees with Python, and at least one ran."""
        ran = [result for result in self.results if result.error is None]
        if not ran:
            reasons = "; ".join(f"{result.backend}: {result.error}" for result in self.results)
            raise ExportError(
                f"{self.name}: no backend of TensorFlow.js could run the model ({reasons}).",
                fix="Export it again; if that does not help, report the model.",
            )
        wrong = [result for result in ran if not result.agrees]
        if wrong:
            worst = max(wrong, key=lambda result: np.nan_to_num(result.max_difference or 0.0, nan=np.inf))
            raise ExportError(
                f"{self.name}: on {worst.backend} a probability is {worst.max_difference:.2g} off Python's.",
                expected=f"at most {TOLERANCE:g}",
                fix="Export the model again; until then the browser may answer otherwise.",
            )

    def lines(self) -> list[str]:
        """A small table for people."""
        rows = [f"{self.name}: {self.frames} golden frames in {self.where}, TensorFlow.js {self.tfjs}"]
        for result in self.results:
            if result.error is not None:
                rows.append(f"  {result.backend:<7} could not run: {result.error}")
                continue
            verdict = "same as Python" if result.agrees else "DIFFERS"
            rows.append(
                f"  {result.backend:<7} greatest difference {result.max_difference:.1e}   "
                f"{result.milliseconds:7.1f} ms a frame   {verdict}"
            )
        return rows

    def as_json(self) -> dict[str, Any]:
        """What metadata.json keeps of it."""
        backends = {
            result.backend: {"max_difference": result.max_difference, "milliseconds": result.milliseconds}
            for result in self.results
            if result.error is None
        }
        return {"checked": True, "where": self.where, "frames": self.frames, "backends": backends}


def verify(path: Path | str, backends: Sequence[str] | None = None) -> Verification:
    """Runs a bundle's golden frames through TensorFlow.js: in Chromium where it is found, else in Node.js.

    Args:
        path: the bundle's folder.
        backends: which to try; all of the place's own by default.

    Returns:
        The comparison; call `require()` on it to fail on a difference above 1e-4.

    Raises:
        BundleError: the bundle is damaged or carries no golden frames.
        BrowserError: neither Chromium nor Node.js is there.
    """
    folder = Path(path)
    checked = bundle.read(folder)
    frames, expected = _golden(folder, len(checked.labels))
    where, answer = _run(folder, frames, backends)
    results = tuple(_compare(result, expected) for result in answer["results"])
    # While a bundle is written, its folder has another name.
    name = str(checked.metadata.get("modelName", checked.name))
    return Verification(name, where, str(answer["tfjs"]), len(frames), results)


def _run(folder: Path, frames: list[Frame], backends: Sequence[str] | None) -> tuple[str, dict[str, Any]]:
    """In Chromium, or in Node.js where there is no Chromium or it cannot start."""
    browser, program = chromium.find(), node.find()
    if browser is not None:
        try:
            return chromium.run(browser, folder, frames, backends or chromium.BACKENDS)
        except BrowserError:
            if program is None:
                raise
    if program is None:
        raise BrowserError(
            "Neither Chromium nor Node.js was found.",
            expected="one of them, to run TensorFlow.js",
            fix="Run: pip install playwright && playwright install chromium",
        )
    return node.run(program, folder, frames, backends or node.BACKENDS)


def _golden(folder: Path, classes: int) -> tuple[list[Frame], np.ndarray[Any, np.dtype[np.float64]]]:
    try:
        entries = json.loads((folder / bundle.GOLDEN).read_text(encoding="utf-8"))["frames"]
        frames = [read_image(folder / "golden" / Path(entry["file"]).name) for entry in entries]
        expected = np.array([entry["probabilities"] for entry in entries], dtype=np.float64)
    except FileNotFoundError:
        raise BundleError(
            f"{folder.name} carries no golden frames, so there is nothing to compare.",
            fix="Export the model again with some images to check it with.",
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(
            f"{folder.name}: {bundle.GOLDEN} cannot be read: {error}.", fix="Export the model again."
        ) from None
    if expected.shape != (len(frames), classes) or not frames:
        raise BundleError(
            f"{folder.name}: {bundle.GOLDEN} holds probabilities of shape {list(expected.shape)}.",
            expected=f"[{len(frames)}, {classes}], at least one frame",
            fix="Export the model again.",
        )
    return frames, expected


def _compare(result: dict[str, Any], expected: np.ndarray[Any, np.dtype[np.float64]]) -> BackendResult:
    backend = str(result["backend"])
    if "error" in result:
        return BackendResult(backend, error=str(result["error"]))
    got = np.array(result["probabilities"], dtype=np.float64)
    if got.shape != expected.shape:
        return BackendResult(backend, error=f"gave an answer of shape {list(got.shape)}")
    return BackendResult(backend, float(np.abs(got - expected).max()), float(result["milliseconds"]))
