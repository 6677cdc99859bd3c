"""Time of one frame of EfficientNet-Lite0 in headless Chromium: our two formats and what others write.

Run: make referee && python benchmarks/export_browser.py

All run the same weights on the same picture and must give the same answer, in turns in one page: our
graph.json and model.json, the official converter's graph model and layers model (from Keras 2, the last whose
layers it writes so that they load), and onnxruntime-web with our folded network. npm and pip fetch
onnxruntime-web and onnx into build/benchmarks.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "tests"))

import get_referee  # noqa: E402
import parity  # noqa: E402
import referee  # noqa: E402
from lifelike import lifelike, pictures  # noqa: E402
from to_onnx import write_onnx  # noqa: E402

from pytrain.export import chromium  # noqa: E402
from pytrain.export.fold import simplify  # noqa: E402
from pytrain.export.reading.read import read_network  # noqa: E402
from pytrain.model import efficientnet_lite0  # noqa: E402

FETCHED = CHECKOUT / "build" / "benchmarks"
CLASSES = 1000
ROUNDS = 8
FRAMES = {"wasm": 8, "webgl": 2, "cpu": 1}
TOLERANCE = 1e-4

OUR_GRAPH = "our graph.json"
OFFICIAL_GRAPH = "official graph model"
OFFICIAL_LAYERS = "official layers model"
CONTENDERS: list[dict[str, str]] = [
    {"name": OUR_GRAPH, "kind": "graph", "url": "ours/graph.json", "output": "probabilities"},
    {"name": "our model.json", "kind": "layers", "url": "ours/model.json"},
    {"name": OFFICIAL_GRAPH, "kind": "graph", "url": "graph/model.json", "output": "output_0"},
    {"name": OFFICIAL_LAYERS, "kind": "layers", "url": "layers/model.json"},
    {"name": "onnxruntime-web", "kind": "onnx", "url": "lite0.onnx"},
]
RUNS: list[tuple[str, int]] = [("wasm", 1), ("webgl", 1), ("cpu", 1), ("wasm", 2)]
"""Backend and threads."""


def main() -> None:
    if not get_referee.present():
        sys.exit(f"The official converter is missing: {get_referee.why_not()}.")
    fetch()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        expected = write_models(folder)
        subprocess.run(
            ["node", str(parity.BUILD), str(folder), str(CHECKOUT / "benchmarks" / "export_browser.mjs")],
            check=True,
        )
        shutil.copytree(FETCHED / "node_modules" / "onnxruntime-web" / "dist", folder / "ort")
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Isolated, directory=str(folder)))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            measure(f"http://127.0.0.1:{server.server_address[1]}/index.html", expected)
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def fetch() -> None:
    FETCHED.mkdir(parents=True, exist_ok=True)
    if not (FETCHED / "node_modules" / "onnxruntime-web").is_dir():
        npm = shutil.which("npm")
        assert npm is not None, "Node.js comes with npm"
        quiet = ("--no-fund", "--no-audit", "--ignore-scripts", "--no-save")
        subprocess.run([npm, "install", "--prefix", str(FETCHED), *quiet, "onnxruntime-web"], check=True)
    if not (FETCHED / "python" / "onnx").is_dir():
        # Beside the environment, not in it; what onnx needs, TensorFlow brought.
        target = ("--target", str(FETCHED / "python"))
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", *target, "onnx"], check=True
        )
    sys.path.append(str(FETCHED / "python"))


def write_models(folder: Path) -> np.ndarray[Any, np.dtype[np.float32]]:
    """All contenders' files and the picture; returns what Keras says of it."""
    model = efficientnet_lite0.build(CLASSES)
    lifelike(model, pictures(4, 224))
    (folder / "ours").mkdir()
    parity.write_models(folder / "ours", model)
    referee.official_graph(model, folder)
    referee.official_layers(model, "efficientnet_lite0", folder)
    write_onnx(simplify(read_network(model)), folder / "lite0.onnx")
    picture = pictures(1, 224, seed=9)
    picture.tofile(folder / "input.bin")
    return np.asarray(model(picture, training=False))[0]


def measure(address: str, expected: np.ndarray[Any, np.dtype[np.float32]]) -> None:
    program = chromium.find()
    if program is None:
        sys.exit("No Chromium was found; run: make browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(chromium.ARGUMENTS))
        print(f"EfficientNet-Lite0, one frame, Chromium {browser.version}; medians and least times")
        for backend, threads in RUNS:
            page = browser.new_page()
            page.set_default_timeout(600_000)
            page.goto(address)
            contenders = [one for one in CONTENDERS if backend == "wasm" or one["kind"] != "onnx"]
            job = {
                "backend": backend,
                "threads": threads,
                "contenders": contenders,
                "rounds": ROUNDS,
                "frames": FRAMES[backend],
            }
            show(backend, threads, page.evaluate("job => window.time(job)", job), expected)
            page.close()
        browser.close()


def show(
    backend: str, threads: int, results: dict[str, Any], expected: np.ndarray[Any, np.dtype[np.float32]]
) -> None:
    print(f"{backend}{', 2 threads' if threads > 1 else ''}")
    medians = {name: statistics.median(result["times"]) for name, result in results.items()}
    for name, result in results.items():
        difference = float(np.abs(np.array(result["probabilities"]) - expected).max() / expected.max())
        verdict = "" if difference <= TOLERANCE else f"   DIFFERS from Keras by {difference:.1e}"
        ratio = medians[name] / medians[OUR_GRAPH]
        print(
            f"  {name:<24} {medians[name]:7.1f} ms   {ratio:5.2f} x our graph   "
            f"least {min(result['times']):7.1f} ms{verdict}"
        )


class _Isolated(parity.Files):
    """Threads need a page that is isolated from other origins."""

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()


if __name__ == "__main__":
    main()
