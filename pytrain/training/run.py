"""The folder of a training: what it keeps so that it can go on, and what becomes of an earlier one."""

from __future__ import annotations

import csv
import io
import json
import platform
from pathlib import Path
from typing import Any

import numpy as np

from pytrain.bundle import SETTINGS
from pytrain.errors import TrainingError
from pytrain.model.backend import keras, tf
from pytrain.training.checkpoint import Checkpoint, load_checkpoint

MODEL = "model.keras"
HISTORY = "history.csv"
CHECKPOINT = "checkpoint.npz"
SET_ASIDE = "checkpoint-interrupted.npz"
"""The checkpoint of an interrupted training, once another was started in its place."""
EVALUATION = "evaluation.json"
"""Written by whoever evaluates the trained model."""


def begin(run_dir: Path, settings: dict[str, Any], resume: bool) -> tuple[Checkpoint, str | None]:
    """Where a training starts from: nothing, or the last finished epoch of an earlier one.

    Args:
        run_dir: the training's folder.
        settings: everything that decides the outcome; an earlier training must have had the same.
        resume: go on with the earlier one.

    Returns:
        (the checkpoint, a line for the user about an interrupted training that was set aside, or None).

    Raises:
        TrainingError: there is nothing to resume, it was trained in another way, or the disk refuses.
    """
    if resume:
        return _resumed(run_dir, settings), None
    kept = _set_aside(run_dir)
    checkpoint = _fresh(run_dir, settings)
    if kept is None:
        return checkpoint, None
    said = f"An interrupted training was set aside as {kept}; to go on with it instead, stop now, "
    return checkpoint, f"{said}rename it to {CHECKPOINT}, and add --resume."


def versions() -> dict[str, str]:
    """Of Python and of the packages that decide how numbers are computed."""
    return {
        "python": platform.python_version(),
        "tensorflow": str(tf.__version__),
        "keras": str(keras.__version__),
        "numpy": np.__version__,
    }


def write_history(path: Path, history: list[dict[str, float]]) -> None:
    """Writes the rows of a training, one for each epoch, as a table."""
    text = io.StringIO()
    # Rows of a training that an earlier version began may lack a column.
    columns = list(dict.fromkeys(name for row in history for name in row))
    writer = csv.DictWriter(text, fieldnames=columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    write_text(path, text.getvalue())


def write_text(path: Path, text: str) -> None:
    """Writes a file whole or not at all."""
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _set_aside(run_dir: Path) -> Path | None:
    """Keeps the checkpoint of a training that did not end: nobody loses hours by forgetting --resume."""
    checkpoint, kept = run_dir / CHECKPOINT, run_dir / SET_ASIDE
    if not checkpoint.is_file() or (run_dir / EVALUATION).is_file():
        return None
    try:
        checkpoint.replace(kept)
    except OSError as error:
        raise TrainingError(f"{checkpoint} cannot be renamed: {error.strerror or error}.") from error
    return kept


def _fresh(run_dir: Path, settings: dict[str, Any]) -> Checkpoint:
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        for former in (CHECKPOINT, EVALUATION):
            (run_dir / former).unlink(missing_ok=True)
        write_text(run_dir / SETTINGS, json.dumps(settings, indent=1))
    except OSError as error:
        raise TrainingError(f"{run_dir} cannot be written: {error.strerror or error}.") from error
    return Checkpoint(settings)


def _resumed(run_dir: Path, settings: dict[str, Any]) -> Checkpoint:
    checkpoint = load_checkpoint(run_dir / CHECKPOINT)
    changed = [
        key
        for key in sorted(settings.keys() | checkpoint.settings.keys())
        if key != "versions" and settings.get(key) != checkpoint.settings.get(key)
    ]
    if changed:
        was = "; ".join(f"{key} was {json.dumps(checkpoint.settings.get(key))}" for key in changed)
        raise TrainingError(
            f"The training in {run_dir} was started in another way: {was}.",
            expected="the same data and settings",
            fix="Give the same ones, or start anew without --resume.",
        )
    return checkpoint
