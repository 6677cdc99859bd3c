"""The state of a training at the end of an epoch, in one file that is whole or not there."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.errors import TrainingError

Arrays = list[npt.NDArray[Any]]


PARTS = ("weights", "optimizer", "best_weights", "average")
"""The fields that are lists of arrays."""


@dataclass
class Checkpoint:
    """All that a later process needs to go on as if nothing had happened."""

    settings: dict[str, Any]
    history: list[dict[str, float]] = field(default_factory=list)
    """One row for each finished epoch."""
    best_epoch: int = 0
    """Counted from 1; 0 before the first."""
    weights: Arrays = field(default_factory=list)
    optimizer: Arrays = field(default_factory=list)
    best_weights: Arrays = field(default_factory=list)
    average: Arrays = field(default_factory=list)
    """Of the weights, where the training keeps one."""

    def save(self, path: Path) -> None:
        """Writes beside the target first, so that a kill leaves the previous checkpoint.

        Raises:
            TrainingError: the disk is full or the folder cannot be written.
        """
        told = {"settings": self.settings, "history": self.history, "best_epoch": self.best_epoch}
        arrays = {
            f"{name}_{index:03d}": array for name in PARTS for index, array in enumerate(getattr(self, name))
        }
        temporary = path.with_name(f"{path.name}.part")
        try:
            with temporary.open("wb") as file:
                np.savez(file, told=np.array(json.dumps(told)), **arrays)
            temporary.replace(path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise TrainingError(
                f"The checkpoint {path} cannot be written: {error.strerror or error}.",
                fix="Make room on the disk, then go on with --resume.",
            ) from error


def load_checkpoint(path: Path) -> Checkpoint:
    """Reads a checkpoint.

    Raises:
        TrainingError: there is none, or it is damaged.
    """
    if not path.is_file():
        raise TrainingError(
            f"There is no training to resume in {path.parent}.",
            fix="Start one without --resume.",
        )
    try:
        # Opened here, for NumPy leaves a damaged file open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            told = json.loads(str(stored["told"]))
            names = sorted(stored.files)
            parts = {part: [stored[name] for name in names if name.startswith(f"{part}_")] for part in PARTS}
        return Checkpoint(told["settings"], told["history"], told["best_epoch"], **parts)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise TrainingError(
            f"{path} is damaged: {error}.", fix="Delete it and start the training anew."
        ) from error
