"""Proves a bundle: TensorFlow.js must give the probabilities that Python gave for the golden frames."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain import bundle
from pytrain.bundle import FORMATS
from pytrain.errors import BrowserError, BundleError, ExportError
from pytrain.export import chromium, node
from pytrain.export.golden import read_mask
from pytrain.image import read_image

TOLERANCE = 1e-4
"""Greatest difference of a probability, of `known` or within a mask that still counts as the same answer."""

GRAPH = "graph"
"""The format that alone can carry `known` and `mask`."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BackendResult:
    """What one TensorFlow.js backend answered.

    Attributes:
        backend: webgl, wasm, webgpu or cpu.
        max_difference: greatest difference of any probability from Python's; None if it could not run.
        known_difference: the same of the score `known`; None where there is none to compare.
        mask_difference: the same of the output `mask`.
        milliseconds: median time of one frame, preprocessing included; None if it could not run.
        error: why it could not run; None if it did.
        format: "graph" or "layers".
    """

    backend: str
    max_difference: float | None = None
    milliseconds: float | None = None
    error: str | None = None
    format: str = GRAPH
    known_difference: float | None = None
    mask_difference: float | None = None

    @property
    def difference(self) -> float:
        """The greatest difference; infinite where nothing comparable was answered."""
        if self.max_difference is None:
            return np.inf
        all_of_them = (self.max_difference, self.known_difference or 0.0, self.mask_difference or 0.0)
        found = max(all_of_them, key=_no_number_last)
        return np.inf if np.isnan(found) else found

    @property
    def agrees(self) -> bool:
        return self.difference <= TOLERANCE

    @property
    def cell(self) -> str:
        """What stands in the table."""
        if self.error is not None:
            return "could not run"
        verdict = "same" if self.agrees else "DIFFERS"
        return f"{self.difference:.1e} {self.milliseconds:7.1f} ms  {verdict}"


def _no_number_last(value: float) -> float:
    return np.inf if np.isnan(value) else value


@dataclass(frozen=True)
class Verification:
    """A bundle's comparison with Python, both topologies on every backend that could be tried.

    Attributes:
        name: the bundle's name.
        where: what ran TensorFlow.js, e.g. "Chromium 140.0".
        tfjs: TensorFlow.js's version.
        frames: number of golden frames.
        results: one for each format and backend.
        missing: formats that the bundle does not have, and why.
    """

    name: str
    where: str
    tfjs: str
    frames: int
    results: tuple[BackendResult, ...]
    missing: Mapping[str, str] = field(default_factory=dict)

    def require(self) -> None:
        """Raises ExportError unless each format ran, and whatever ran agrees with Python."""
        ran = [result for result in self.results if result.error is None]
        for form in FORMATS:
            failed = [result for result in self.results if result.format == form]
            if failed and not any(result.format == form for result in ran):
                reasons = "; ".join(f"{result.backend}: {result.error}" for result in failed)
                raise ExportError(
                    f"{self.name}: no backend of TensorFlow.js could run {FORMATS[form]} ({reasons}).",
                    fix="Export it again; if that does not help, report the model.",
                )
        wrong = [result for result in ran if not result.agrees]
        if wrong:
            worst = max(wrong, key=lambda result: result.difference)
            raise ExportError(
                f"{self.name}: on {worst.backend} an answer of {FORMATS[worst.format]} is "
                f"{worst.difference:.2g} off Python's.",
                expected=f"at most {TOLERANCE:g}",
                fix="Export the model again; until then the browser may answer otherwise.",
            )

    def lines(self) -> list[str]:
        """One table for people: a row for each backend, a column for each format."""
        width = 30
        rows = [
            f"{self.name}: {self.frames} golden frames in {self.where}, TensorFlow.js {self.tfjs}",
            " " * 9 + "".join(f"{file:<{width}}" for file in FORMATS.values()).rstrip(),
        ]
        cells = {(result.backend, result.format): result.cell for result in self.results}
        for backend in dict.fromkeys(result.backend for result in self.results):
            row = "".join(f"{cells.get((backend, form), 'not there'):<{width}}" for form in FORMATS)
            rows.append(f"  {backend:<7}{row}".rstrip())
        failed = (result for result in self.results if result.error is not None)
        rows += dict.fromkeys(f"  {result.backend} could not run: {result.error}" for result in failed)
        rows += [f"  No {FORMATS[form]}: {why}" for form, why in self.missing.items()]
        return rows

    def as_json(self) -> dict[str, Any]:
        """What metadata.json keeps of it."""
        formats: dict[str, dict[str, Any]] = {}
        for result in self.results:
            if result.error is None:
                figures = {"max_difference": result.max_difference, "milliseconds": result.milliseconds}
                for name in ("known_difference", "mask_difference"):
                    if getattr(result, name) is not None:
                        figures[name] = getattr(result, name)
                formats.setdefault(result.format, {})[result.backend] = figures
        return {"checked": True, "where": self.where, "frames": self.frames, "formats": formats}


def verify(
    path: Path | str, backends: Sequence[str] | None = None, browser: chromium.Browser | None = None
) -> Verification:
    """Runs a bundle's golden frames through TensorFlow.js: in Chromium where it is found, else in Node.js.

    Both topologies take the whole way of the page: picture, crop, resize, network.

    Args:
        path: the bundle's folder.
        backends: which to try; all of the place's own by default.
        browser: one that was started beforehand.

    Returns:
        The comparison; call `require()` on it to fail on a difference above 1e-4.

    Raises:
        BundleError: the bundle is damaged or carries no golden frames.
        BrowserError: neither Chromium nor Node.js is there.
    """
    folder = Path(path)
    checked = bundle.read(folder)
    golden = _golden(folder, len(checked.labels), checked.metadata["pytrain"].get("outputs", {}))
    # Bundles of the first version had model.json alone and did not say so.
    has = checked.metadata["pytrain"].get("formats", {"graph": False, "layers": True})
    formats = [form for form in FORMATS if has.get(form)]
    why = str(has.get("why", "the model was exported before there were two."))
    where, answer = _run(folder, golden.pictures, formats, backends, browser)
    results = tuple(_compare(result, golden) for result in answer["results"])
    # While a bundle is written, its folder has another name.
    name = str(checked.metadata.get("modelName", checked.name))
    missing = {form: why for form in FORMATS if form not in formats}
    return Verification(name, where, str(answer["tfjs"]), len(golden.pictures), results, missing)


def _run(
    folder: Path,
    pictures: Sequence[str],
    formats: Sequence[str],
    backends: Sequence[str] | None,
    started: chromium.Browser | None,
) -> tuple[str, dict[str, Any]]:
    """In Chromium, or in Node.js where there is no Chromium or it cannot start."""
    found, program = None if started else chromium.find(), node.find()
    own = chromium.Browser(found) if found is not None else None
    if browser := started or own:
        try:
            with own or nullcontext():
                return browser.run(folder, pictures, formats, backends or chromium.BACKENDS)
        except BrowserError:
            if program is None:
                raise
    if program is None:
        raise BrowserError(
            "Neither Chromium nor Node.js was found.",
            expected="one of them, to run TensorFlow.js",
            fix="Run: pip install playwright && playwright install chromium",
        )
    frames = [read_image(folder / file) for file in pictures]
    return node.run(program, folder, frames, formats, backends or node.BACKENDS)


@dataclass(frozen=True)
class _Golden:
    """The golden frames: files below the bundle's folder, and what Python answers.

    Attributes:
        probabilities: [frames, classes].
        known: [frames], if the bundle gives it.
        mask: [frames, side, side, 1 + classes], if the bundle gives it.
    """

    pictures: list[str]
    probabilities: Numbers
    known: Numbers | None
    mask: Numbers | None


def _golden(folder: Path, classes: int, outputs: Mapping[str, Any]) -> _Golden:
    place = (folder / bundle.GOLDEN).parent
    try:
        entries = json.loads((folder / bundle.GOLDEN).read_text(encoding="utf-8"))["frames"]
        pictures = [f"{place.name}/{Path(entry['file']).name}" for entry in entries]
        for file in pictures:
            (folder / file).stat()
        expected = np.array([entry["probabilities"] for entry in entries], dtype=np.float64)
        known = mask = None
        if bundle.KNOWN in outputs:
            known = np.array([entry[bundle.KNOWN] for entry in entries], dtype=np.float64)
        # Bundles of before had no mask to compare.
        if any(bundle.MASK in entry for entry in entries):
            masks = [read_mask(place / Path(entry[bundle.MASK]).name, classes) for entry in entries]
            mask = np.array(masks, dtype=np.float64)
    except FileNotFoundError:
        raise BundleError(
            f"{folder.name} carries no golden frames, so there is nothing to compare.",
            fix="Export the model again with some images to check it with.",
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(
            f"{folder.name}: {bundle.GOLDEN} cannot be read: {error}.", fix="Export the model again."
        ) from None
    if expected.shape != (len(pictures), classes) or not pictures:
        raise BundleError(
            f"{folder.name}: {bundle.GOLDEN} holds probabilities of shape {list(expected.shape)}.",
            expected=f"[{len(pictures)}, {classes}], at least one frame",
            fix="Export the model again.",
        )
    return _Golden(pictures, expected, known, mask)


def _compare(result: dict[str, Any], golden: _Golden) -> BackendResult:
    backend, form = str(result["backend"]), str(result["format"])
    if "error" in result:
        return BackendResult(backend, error=str(result["error"]), format=form)
    pairs = {"max_difference": (golden.probabilities, result["probabilities"])}
    if form == GRAPH and golden.known is not None:
        pairs["known_difference"] = (golden.known, result[bundle.KNOWN])
    if form == GRAPH and golden.mask is not None:
        pairs["mask_difference"] = (golden.mask, result[bundle.MASK])
    differences: dict[str, float] = {}
    for name, (python, browser) in pairs.items():
        # A number that is none became null on its way, and is NaN here.
        got = np.array(browser, dtype=np.float64)
        if got.size != python.size or len(got) != len(python):
            return BackendResult(backend, error=f"gave an answer of shape {list(got.shape)}", format=form)
        differences[name] = float(np.abs(got.reshape(python.shape) - python).max())
    return BackendResult(
        backend,
        differences["max_difference"],
        float(result["milliseconds"]),
        format=form,
        known_difference=differences.get("known_difference"),
        mask_difference=differences.get("mask_difference"),
    )
