"""`pytrain.train`: a folder of pictures, or a data set of the catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytrain.bundle import Bundle
from pytrain.course.results import Run
from pytrain.dataset.catalogue.entries import CATALOGUE


def train(source: Path | str, out: Path | str | None = None, **options: Any) -> Bundle | Run | None:
    """Trains, evaluates, exports and verifies a model.

    Args:
        source: a folder with one folder of pictures for each class (a zip of it, or a CSV of path,label); or
            "mnist", "fashion-mnist" or "cifar-10".
        out: the bundle's folder; `exported_models/` and the source's name by default.
        options: for a folder backbone, fine_tune, seed, resume, strategy, say, as
            `pytrain.pipeline.transfer.train` tells. For a data set of the catalogue recipe, seed, epochs,
            limit, data, results, resume, export, verify, show, say, as `pytrain.course.train.train_course`
            tells.

    Returns:
        The bundle of a folder; of a data set of the catalogue the run, with its figures, results folder and
        bundle. None of a worker that is not the chief, where a strategy spreads the work.

    Raises:
        PytrainError: what is wrong with the data, the settings, the export or the disk.
        TypeError: an option that is for the other kind of training.

    Example:
        >>> run = pytrain.train("fashion-mnist", recipe="cnn", epochs=1, limit=1000)
        >>> run.accuracy, run.folder, run.bundle.path
    """
    if isinstance(source, str) and source in CATALOGUE:
        from pytrain.course.train import train_course

        return train_course(source, out=out, **options)
    from pytrain.pipeline import train as train_folder

    return train_folder(source, out, **options)
