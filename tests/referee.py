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
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}

needed = pytest.mark.skipif(not get_referee.present(), reason=get_referee.why_not())


def official(model: Any, network: str, folder: Path) -> dict[str, Path]:
    """`model`, whose network `referee_models.py` knows by name, as the official converter writes it.

    The layers model comes by way of Keras 2, the graph model by way of a SavedModel.

    Returns:
        For "layers" a folder with its model.json, for "graph" one with its graph.json.
    """
    folder.mkdir(parents=True)
    np.savez(
        folder / "weights.npz", **{str(number): array for number, array in enumerate(model.get_weights())}
    )
    model.export(folder / "saved_model", format="tf_saved_model", verbose=False)
    run(Path(__file__).with_name("referee_models.py"), network, model.output_shape[-1], folder)
    # The converter calls either format model.json.
    (folder / "graph" / "model.json").rename(folder / "graph" / "graph.json")
    return {form: folder / form for form in ("layers", "graph")}


def run(*arguments: object) -> str:
    """Runs the referee's Python and returns what it said."""
    command = [str(PYTHON), *map(str, arguments)]
    done = subprocess.run(
        command, env={**os.environ, **QUIET}, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
