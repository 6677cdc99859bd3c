"""Asks the official converter, in a process of its own, where a model has layers that our table lacks.

It comes with `pip install 'pytrain[tensorflowjs]'`. Because it pins an old TensorFlow, it may also live in
another environment, whose Python the environment variable PYTRAIN_TENSORFLOWJS_PYTHON names. It reads
SavedModels and writes graph models only, so a bundle made this way has a graph.json and no model.json.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.errors import ExportError
from pytrain.export.network import Array

VARIABLE = "PYTRAIN_TENSORFLOWJS_PYTHON"
INSTALL = "pip install 'pytrain[tensorflowjs]'"
SIGNATURE = "serving_default"

INPUT = "image"
OUTPUT = "probabilities"

PROGRAM = """
import sys
from types import ModuleType

for name in ("tensorflow_decision_forests", "tensorflow_hub"):
    sys.modules[name] = ModuleType(name)
jax = sys.modules["tensorflowjs.converters.jax_conversion"] = ModuleType("jax_conversion")
jax.convert_jax = None

from tensorflowjs.converters import converter

converter.convert(sys.argv[1:])
"""
"""What the converter imports for decision forests, TensorFlow Hub and JAX is left out: a SavedModel needs
none of it, and it is what breaks where newer versions of it have come along.

The converter's command line joins all arguments by spaces and splits them again; the function takes them as
they are.
"""

ERROR_CHARACTERS = 500


@dataclass(frozen=True)
class Converted:
    """A graph model that the official converter wrote, with the same parts as our own.

    Attributes:
        json: graph.json without its weightsManifest; its signature names the input `image` and the output
            `probabilities`.
        weights: the float32 constants by name.
        own: all others.
    """

    json: dict[str, Any]
    weights: dict[str, Array]
    own: dict[str, npt.NDArray[Any]]


def find() -> Path | None:
    """The Python that can import the official converter, or None.

    Raises:
        ExportError: PYTRAIN_TENSORFLOWJS_PYTHON names a file that is not there.
    """
    named = os.environ.get(VARIABLE)
    if named:
        if not Path(named).is_file():
            raise ExportError(f"{VARIABLE} names {named}, which is not there.", fix="Correct or unset it.")
        return Path(named)
    return Path(sys.executable) if find_spec("tensorflowjs") is not None else None


def convert_model(model: Any, *, why: str, say: Callable[[str], None] = lambda line: None) -> Converted:
    """Converts a Keras model that our own exporter cannot read.

    Args:
        model: one image input, one output [batch, classes].
        why: a sentence that says what our exporter lacks, such as the layer.
        say: takes the line that says that the official converter is used.

    Raises:
        ExportError: the converter is not installed, or refuses the model too.
    """
    python = _require(why)
    with tempfile.TemporaryDirectory(prefix="pytrain-") as scratch:
        folder = Path(scratch) / "saved_model"
        model.export(folder, format="tf_saved_model", verbose=False)
        return _convert(python, folder, why, say)


def _require(why: str) -> Path:
    python = find()
    if python is None:
        raise ExportError(
            why,
            expected="layers that docs/layers.md lists, or the official converter for all others",
            fix=f"Run: {INSTALL}",
        )
    return python


def check_signature(folder: Path) -> None:
    """Raises ExportError unless a SavedModel has the signature `serving_default`, one tensor in, one out."""
    file = folder / "saved_model.pb"
    if not file.is_file():
        raise ExportError(f"{folder} is no SavedModel.", expected="a folder with saved_model.pb")
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    try:
        graphs = SavedModel.FromString(file.read_bytes()).meta_graphs
    except DecodeError:
        raise ExportError(f"{file} cannot be read.", expected="a SavedModel", fix="Save it again.") from None
    signatures = {name: signature for graph in graphs for name, signature in graph.signature_def.items()}
    # TensorFlow's own.
    signatures.pop("__saved_model_init_op", None)
    if SIGNATURE not in signatures:
        raise ExportError(
            f"{folder.name} has these signatures: {', '.join(sorted(signatures)) or 'none'}.",
            expected=f"one called {SIGNATURE}, from an image to probabilities",
            fix="Save it again with model.export(folder), or with signatures= in tf.saved_model.save.",
        )
    for what, entries in (
        ("inputs", signatures[SIGNATURE].inputs),
        ("outputs", signatures[SIGNATURE].outputs),
    ):
        if len(entries) != 1:
            raise ExportError(
                f"{folder.name} has {len(entries)} {what}: {', '.join(sorted(entries))}.",
                expected="one, from an image to probabilities",
                fix=f"Save it again with a signature {SIGNATURE} of one input and one output.",
            )


def _convert(python: Path, folder: Path, why: str, say: Callable[[str], None]) -> Converted:
    say(f"{why} The official converter is asked instead; it writes graph.json alone.")
    with tempfile.TemporaryDirectory(prefix="pytrain-") as scratch:
        formats = ["--input_format=tf_saved_model", "--output_format=tfjs_graph_model"]
        arguments = [*formats, f"--signature_name={SIGNATURE}", str(folder.resolve()), scratch]
        _call([str(python), "-c", PROGRAM, *arguments])
        return read_graph_model(Path(scratch) / "model.json")


def _call(command: list[str]) -> None:
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONIOENCODING": "utf-8", "PYTHONUTF8": "1"}
    try:
        # Whatever interrupts the wait, Ctrl-C included, ends the converter too.
        done = subprocess.run(
            command, env={**os.environ, **quiet}, capture_output=True, encoding="utf-8", check=False
        )
    except OSError as error:
        raise ExportError(f"{command[0]} could not be run: {error}.", fix=f"Run: {INSTALL}") from None
    if done.returncode == 0:
        return
    if "ImportError" in done.stderr or "ModuleNotFoundError" in done.stderr:
        raise ExportError(
            f"The official converter cannot be imported: {_reason(done.stderr)}",
            fix=f"Run in an environment of its own: {INSTALL}, and name its Python in {VARIABLE}.",
        )
    raise ExportError(
        f"The official converter refuses the model, too: {_reason(done.stderr)}",
        expected="operations that TensorFlow.js knows",
        fix="Replace the layer that needs it, or take it out before the export.",
    )


def _reason(text: str) -> str:
    """What a Python program that ended in an error said last, its message's further lines included."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    indented = [number for number, line in enumerate(lines) if line.startswith(" ")]
    said = " ".join(lines[indented[-1] + 1 if indented else -1 :])
    unknown = re.search(r"Unsupported Ops in the model (?:before|after) optimization (.+)", said)
    if unknown:
        return f"TensorFlow.js does not have {unknown[1]}."
    return re.sub(r"^[\w.]+(Error|Exception): ", "", said)[:ERROR_CHARACTERS] or "it gave no reason."


def read_graph_model(path: Path) -> Converted:
    """Reads a graph model's JSON and shards, and names its input `image` and its output `probabilities`."""
    content = json.loads(path.read_text(encoding="utf-8"))
    weights: dict[str, Array] = {}
    own: dict[str, npt.NDArray[Any]] = {}
    for group in content.pop("weightsManifest"):
        data = b"".join((path.parent / name).read_bytes() for name in group["paths"])
        start = 0
        for entry in group["weights"]:
            dtype = _dtype(entry)
            values = np.frombuffer(data, dtype, math.prod(entry["shape"]), start).reshape(entry["shape"])
            start += values.nbytes
            (weights if entry["dtype"] == "float32" else own)[entry["name"]] = values
    content["signature"] = {
        "inputs": _renamed(content["signature"]["inputs"], INPUT),
        "outputs": _renamed(content["signature"]["outputs"], OUTPUT),
    }
    return Converted(content, weights, own)


def _dtype(entry: Mapping[str, Any]) -> np.dtype[Any]:
    if entry["dtype"] == "string":
        raise ExportError(f"The model carries text ({entry['name']}).", expected="an image classifier")
    dtype: np.dtype[Any] = np.dtype(entry["dtype"]).newbyteorder("<")
    return dtype


def _renamed(entries: Mapping[str, Any], name: str) -> dict[str, Any]:
    if len(entries) != 1:
        raise ExportError(
            f"The model has {len(entries)} {name} tensors: {', '.join(sorted(entries))}.",
            expected="one input and one output",
            fix="Save a model from one image to its probabilities.",
        )
    return {name: next(iter(entries.values()))}
