"""What the server knows of a model's training: where its pictures lie, what trains it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytrain.bundle import RUNS, SETTINGS
from pytrain.serve.api_error import ApiError


@dataclass(frozen=True)
class TrainingRun:
    """One model's training on this machine.

    Attributes:
        folder: of the run, beside the models.
        source: the data set's folder, absolute.
        command: arguments for `python -m pytrain`.
    """

    folder: Path
    source: Path
    command: tuple[str, ...]


def training_run(root: Path, name: str) -> TrainingRun:
    """Reads how a model was trained.

    Args:
        root: the folder of models.
        name: of the model; one that stands in the folder.

    Raises:
        ApiError: it was not trained here, its pictures are gone, or they did not come from a folder.
    """
    folder = root / RUNS / name
    settings = _settings(folder / SETTINGS)
    source, command = settings.get("source"), settings.get("command")
    usable = isinstance(command, list) and command and all(isinstance(word, str) for word in command)
    if not isinstance(source, str) or not usable:
        raise ApiError(
            409,
            f"{name} was not trained from a folder of pictures on this machine.",
            expected=f"source and command in {folder / SETTINGS}",
            fix="Train it here: pytrain train DIR",
        )
    path = Path(source)
    if path.is_file():
        raise _not_a_folder(name, path)
    if not path.is_dir():
        raise ApiError(409, f"The pictures of {name} are gone: {path}.", fix="Bring the folder back.")
    return TrainingRun(folder, path.resolve(), tuple(command or ()))


def _not_a_folder(name: str, path: Path) -> ApiError:
    what = f"{name} was trained from {path.name}, not from a folder."
    if path.suffix.lower() == ".csv":
        fix = f"Change the labels in {path}, then train again."
    else:
        fix = "Unpack it and train from the folder: pytrain train DIR"
    return ApiError(409, what, "a folder of pictures, for only there a picture can be moved", fix)


def _settings(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
