"""The official converter as a referee: the same model in the formats that it writes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import get_referee
import numpy as np
import pytest

PYTHON = get_referee.PYTHON
CONVERT = "from tensorflowjs.converters import converter as c; import sys; c.convert(sys.argv[1:])"
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}

needed = pytest.mark.skipif(not get_referee.present(), reason=get_referee.why_not())


def official_graph(model: Any, folder: Path) -> Path:
    """`model` by way of a SavedModel as a graph model.

    Returns:
        The folder with its model.json.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model.export(folder / "saved_model", format="tf_saved_model", verbose=False)
    formats = ("--input_format=tf_saved_model", "--output_format=tfjs_graph_model")
    run("-c", CONVERT, *formats, folder / "saved_model", folder / "graph")
    return folder / "graph"


def official_layers(model: Any, network: str, folder: Path) -> Path:
    """`model`, whose network `referee_models.py` knows by name, by way of Keras 2 as a layers model.

    Returns:
        The folder with its model.json.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_h5(model, network, folder / "model.h5")
    formats = ("--input_format=keras", "--output_format=tfjs_layers_model")
    run("-c", CONVERT, *formats, folder / "model.h5", folder / "layers")
    return folder / "layers"


def save_h5(model: Any, network: str, path: Path) -> None:
    """Saves `model` as Keras 2 does."""
    weights = path.with_suffix(".npz")
    np.savez(weights, **{str(number): values for number, values in enumerate(model.get_weights())})
    program = Path(__file__).with_name("referee_models.py")
    run(program, network, model.output_shape[-1], weights, path)
    weights.unlink()


def run(*arguments: object) -> str:
    """Runs the referee's Python and returns what it said."""
    command = [str(PYTHON), *map(str, arguments)]
    done = subprocess.run(
        command, env={**os.environ, **QUIET}, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
