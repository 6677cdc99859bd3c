"""Hand-made networks, and what unmodified TensorFlow.js on Node makes of both topologies of them."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from live import CHECKOUT

from pytrain.export import node
from pytrain.export.network import Network
from pytrain.export.reading.builder import Builder
from pytrain.export.writing.graph_model import GraphTopology
from pytrain.export.writing.layers_model import LayersTopology

BACKENDS = ("cpu", "wasm")
PICTURE = (6, 5, 3)

Values = np.ndarray[Any, np.dtype[np.float32]]
Make = Callable[["Sketch", str], "str | dict[str, str]"]


class Sketch:
    """Adds nodes to a network in few words, with random weights."""

    def __init__(self) -> None:
        self.net = Builder()
        self.generator = np.random.default_rng(5)

    def add(
        self, kind: str, inputs: str | Sequence[str], name: str = "", weights: Any = None, **config: Any
    ) -> str:
        """A node of that kind; `weights` as arrays by name."""
        sources = [inputs] if isinstance(inputs, str) else list(inputs)
        return self.net.add(kind, sources, name or kind, config, weights)

    def values(self, *shape: int) -> Values:
        return self.generator.normal(size=shape).astype(np.float32)

    def conv(self, source: str, filters: int, name: str = "conv", size: int = 3, **config: Any) -> str:
        channels = self.net.shape(source)[-1]
        weights = {"kernel": self.values(size, size, channels, filters), "bias": self.values(filters)}
        settings = {"strides": (1, 1), "padding": "same", "dilation": (1, 1), "activation": "linear"}
        return self.add("conv2d", source, name, weights, **{**settings, **config})

    def depthwise(self, source: str, name: str = "depthwise", size: int = 3, **config: Any) -> str:
        channels = self.net.shape(source)[-1]
        weights = {"depthwise_kernel": self.values(size, size, channels, 1)}
        settings = {"strides": (1, 1), "padding": "same", "dilation": (1, 1), "activation": "linear"}
        return self.add("depthwise_conv2d", source, name, weights, **{**settings, **config})

    def dense(self, source: str, units: int, name: str = "dense", activation: str = "linear") -> str:
        weights = {"kernel": self.values(self.net.shape(source)[-1], units), "bias": self.values(units)}
        return self.add("dense", source, name, weights, activation=activation)

    def act(self, source: str, activation: str, name: str = "", **settings: float) -> str:
        return self.add("activation", source, name or activation, activation=activation, **settings)

    def classify(self, source: str) -> str:
        """Ends a network as ours end."""
        return self.add("softmax", self.dense(source, 4, "logits"), "softmax")


def network(make: Make, shape: tuple[int, ...] = PICTURE) -> Network:
    """A network of what `make` adds behind the input: the name of its output, or several by name."""
    sketch = Sketch()
    outputs = make(sketch, sketch.net.add("input", [], "image", {"shape": shape}))
    return sketch.net.network(outputs if isinstance(outputs, dict) else {outputs: outputs})


@dataclass(frozen=True)
class Run:
    """A topology, float32 [batch, ...] to feed it, and which of a graph's outputs to ask for."""

    topology: GraphTopology | LayersTopology
    inputs: Values
    outputs: Sequence[str] = ()


def run(runs: Sequence[Run], folder: Path) -> dict[str, list[list[Values]]]:
    """Runs topologies on cpu and wasm in one call of Node.

    Returns:
        By backend, for each topology: its outputs.
    """
    program = node.find()
    assert program is not None, "Node.js is needed to develop pytrain"
    job = folder / "job.json"
    content = {"backends": BACKENDS, "jobs": [_job(one) for one in runs]}
    job.write_text(json.dumps(content), encoding="utf-8")
    script = CHECKOUT / "tests" / "web" / "topologies.mjs"
    done = subprocess.run(
        [program, str(script), str(job)], capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    return {
        backend: [[_values(output) for output in outputs] for outputs in answers[backend]]
        for backend in BACKENDS
    }


def _job(one: Run) -> dict[str, Any]:
    weights: Mapping[str, Any] = {**one.topology.weights, **one.topology.own}
    return {
        "format": "graph" if isinstance(one.topology, GraphTopology) else "layers",
        "topology": one.topology.json,
        "weights": [
            {"name": name, "shape": values.shape, "dtype": str(values.dtype)}
            for name, values in weights.items()
        ],
        "data": _encoded(b"".join(values.tobytes() for values in weights.values())),
        "shape": one.inputs.shape,
        "input": _encoded(one.inputs.tobytes()),
        "outputs": list(one.outputs),
    }


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _values(output: Mapping[str, Any]) -> Values:
    return np.frombuffer(base64.b64decode(output["data"]), "<f4").reshape(output["shape"])


def difference(got: Values, expected: Values) -> float:
    """The greatest difference, relative to the greatest expected value or 1."""
    assert got.shape == expected.shape
    return float(np.abs(got - expected).max() / max(1.0, np.abs(expected).max()))
