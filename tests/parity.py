"""Runs exported models in unmodified TensorFlow.js in one Chromium page, and compares them with Keras."""

from __future__ import annotations

import base64
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from live import CHECKOUT
from playwright.sync_api import Page, Playwright

from pytrain.export import chromium

BACKENDS = ("cpu", "wasm", "webgl")
FORMATS = ("layers", "graph")

TOLERANCE = 1e-4
"""Greatest difference of any number of an output, as a part of the greatest number of that output."""

LONGEST_CALL_SECONDS = 300
BUILD = CHECKOUT / "tests" / "web" / "parity" / "build.mjs"
PAGE = CHECKOUT / "tests" / "web" / "parity" / "page.js"

Array = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Job:
    """One model in one format, in a folder of the page's server.

    Attributes:
        name: for messages.
        folder: with model.json or graph.json and their weights, inside the served folder.
        format: "layers" or "graph".
        inputs: float32 [n, ...].
        outputs: what to ask of a graph, by the names in its signature.
        expected: what Keras gives for all inputs, one array for each output.
        batches: how many of the first inputs to feed at a time.
        tolerance: as TOLERANCE; more for models that count in less than float32.
    """

    name: str
    folder: Path
    format: str
    inputs: Array
    outputs: Sequence[str]
    expected: Sequence[Array]
    batches: Sequence[int]
    tolerance: float = TOLERANCE


@dataclass(frozen=True)
class Answer:
    """What became of a job on one backend.

    Attributes:
        job: the job.
        backend: cpu, wasm or webgl.
        difference: the greatest over all outputs and batches, as TOLERANCE counts it; None after an error.
        milliseconds: from loading to the last output.
        error: what went wrong, or "".
        outputs: of the last batch.
    """

    job: Job
    backend: str
    difference: float | None = None
    milliseconds: float = 0.0
    error: str = ""
    outputs: tuple[Array, ...] = ()

    @property
    def agrees(self) -> bool:
        # "not greater" would let NaN pass.
        return self.difference is not None and self.difference <= self.job.tolerance

    def __str__(self) -> str:
        what = self.error or f"differs by {self.difference:.1e}"
        return f"{self.job.name}, {self.job.format} format, {self.backend}: {what}"


@dataclass
class Parity:
    """A page with TensorFlow.js's three backends, and the folder that it loads models from."""

    page: Page
    folder: Path
    origin: str
    errors: list[str] = field(default_factory=list)

    def run(self, backend: str, jobs: Sequence[Job]) -> list[Answer]:
        """Runs all jobs on one backend."""
        sent = []
        for job in jobs:
            np.ascontiguousarray(job.inputs, dtype="<f4").tofile(job.folder / "input.bin")
            address = f"{self.origin}/{job.folder.relative_to(self.folder).as_posix()}"
            file = "model.json" if job.format == "layers" else "graph.json"
            sent.append(
                {
                    "format": job.format,
                    "model": f"{address}/{file}",
                    "input": f"{address}/input.bin",
                    "shape": list(job.inputs.shape),
                    "batches": list(job.batches),
                    "outputs": list(job.outputs),
                }
            )
        answers = self.page.evaluate("([backend, jobs]) => window.parity(backend, jobs)", [backend, sent])
        return [_answer(job, backend, answer) for job, answer in zip(jobs, answers, strict=True)]


def _answer(job: Job, backend: str, answer: dict[str, Any]) -> Answer:
    if "error" in answer:
        return Answer(job, backend, error=answer["error"])
    difference = 0.0
    got: list[Array] = []
    for batch, outputs in zip(job.batches, answer["outputs"], strict=True):
        if len(outputs) != len(job.expected):
            error = f"gives {len(outputs)} outputs instead of {len(job.expected)}"
            return Answer(job, backend, error=error)
        got = []
        for given, expected in zip(outputs, job.expected, strict=True):
            wanted = expected[:batch]
            if tuple(given["shape"]) != wanted.shape:
                error = f"gives shape {given['shape']} instead of {list(wanted.shape)}"
                return Answer(job, backend, error=error)
            got.append(np.frombuffer(base64.b64decode(given["data"]), "<f4").reshape(wanted.shape))
            difference = max(difference, relative_difference(got[-1], wanted), key=_nan_first)
    return Answer(job, backend, difference, answer["milliseconds"], outputs=tuple(got))


def _nan_first(value: float) -> float:
    return float("inf") if np.isnan(value) else value


def relative_difference(got: Array, wanted: Array) -> float:
    """The greatest difference of any number, as a part of the greatest wanted number."""
    scale = float(np.abs(wanted).max())
    difference = float(np.abs(got.astype(np.float64) - wanted).max())
    return difference / scale if scale > 0 else difference


def write_models(folder: Path, model: Any) -> tuple[list[str], list[str]]:
    """Writes a Keras model in both formats, or as graph.json alone where only that can carry it.

    Returns:
        (names of the graph's outputs in the order of Keras's, the formats written).
    """
    from pytrain.export.fold import simplify
    from pytrain.export.reading.read import read_network
    from pytrain.export.writing.graph_model import PROBABILITIES, graph_model
    from pytrain.export.writing.layers_model import OnlyGraph, layers_model
    from pytrain.export.writing.weights import write_manifests

    network = simplify(read_network(model))
    try:
        layers = layers_model(network)
    except OnlyGraph:
        layers = None
    write_manifests(folder, layers, graph_model(network))
    outputs = [PROBABILITIES] if len(network.outputs) == 1 else list(network.outputs)
    return outputs, ["graph"] if layers is None else ["layers", "graph"]


@contextmanager
def open_parity(playwright: Playwright, folder: Path, script: Path = PAGE) -> Iterator[Parity]:
    """Bundles the page with the npm packages as they are, serves `folder` beside it, and opens Chromium."""
    subprocess.run(["node", str(BUILD), str(folder), str(script)], check=True)
    program = chromium.find()
    assert program is not None, "run: make browser"
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    browser = playwright.chromium.launch(executable_path=program, args=list(chromium.ARGUMENTS))
    try:
        page = browser.new_page()
        page.set_default_timeout(LONGEST_CALL_SECONDS * 1000)
        parity = Parity(page, folder, f"http://127.0.0.1:{server.server_address[1]}")
        page.on("pageerror", lambda error: parity.errors.append(str(error)))
        page.goto(f"{parity.origin}/index.html")
        yield parity
        assert parity.errors == []
    finally:
        browser.close()
        server.shutdown()
        server.server_close()
        thread.join()


class Files(SimpleHTTPRequestHandler):
    """Serves a folder in silence."""

    # Windows takes types from the registry, where .js may be anything.
    extensions_map = {  # noqa: RUF012 - declared so by the base class
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, format: str, *args: Any) -> None:
        pass
