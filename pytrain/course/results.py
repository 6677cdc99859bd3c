"""The results folder of a run: what a course asks for, written whole or not at all, and read again."""

from __future__ import annotations

import csv
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from os import cpu_count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pytrain.bundle import SETTINGS, Bundle, replacing_folder, write_json
from pytrain.errors import DataError

if TYPE_CHECKING:
    from pytrain.course.fit import Fitted
    from pytrain.course.judge import Judgement
    from pytrain.course.parts import Parts

RESULTS = Path("results")
KIND = "pytrain-run"
METRICS, PREDICTIONS, MODEL = "metrics.json", "predictions.csv", "model.keras"
HISTORY, CURVES, CONFUSION, MISTAKES = "history.csv", "curves.png", "confusion-matrix.png", "mistakes.png"
ENVIRONMENT, README = "environment.json", "README.txt"

FILES: Mapping[str, str] = {
    MODEL: "the trained network, for Keras",
    PREDICTIONS: "for each test picture: its number, what it is, what the network says and how surely, and\n"
    "the probability of each class",
    METRICS: "accuracy with its 95 % interval (Wilson), loss, precision, recall and F1 of each class, the\n"
    "confusion matrix, parameters, seconds for an epoch, processor seconds",
    HISTORY: "loss and accuracy of each epoch, on training and validation pictures",
    CURVES: "the same as a plot",
    CONFUSION: "what is taken for what, on the test pictures",
    MISTAKES: "the mistakes that the network was surest of",
    SETTINGS: "everything that decided the outcome",
    ENVIRONMENT: "the programs and the machine that it ran on",
    README: "this text",
}
PACKAGES = ("tensorflow", "keras", "numpy", "pillow", "matplotlib", "scikit-learn")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Run:
    """A finished run, as its results folder tells it.

    Attributes:
        folder: the results folder.
        settings: of settings.json.
        metrics: of metrics.json.
        bundle: the exported model, where this process made one.
    """

    folder: Path
    settings: Mapping[str, Any]
    metrics: Mapping[str, Any]
    bundle: Bundle | None = None

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def collection(self) -> str:
        return str(self.settings["collection"])

    @property
    def recipe(self) -> str:
        return str(self.settings["recipe"])

    @property
    def seed(self) -> int:
        return int(self.settings["seed"])

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.settings["labels"])

    @property
    def accuracy(self) -> float:
        """On the test pictures, 0 to 1."""
        return float(self.metrics["accuracy"])

    @property
    def history(self) -> list[dict[str, float]]:
        """A row for each epoch: loss, accuracy, val_loss, val_accuracy, seconds."""
        with (self.folder / HISTORY).open(encoding="utf-8", newline="") as file:
            return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]

    @cached_property
    def answers(self) -> tuple[Ints, Ints, Ints]:
        """(number in the test part, truth, prediction) of each test picture: int64 [pictures] each.

        Raises:
            DataError: predictions.csv is missing or damaged.
        """
        path = self.folder / PREDICTIONS
        number = {label: at for at, label in enumerate(self.labels)}
        try:
            with path.open(encoding="utf-8", newline="") as file:
                rows = [
                    (int(row["index"]), number[row["truth"]], number[row["prediction"]])
                    for row in csv.DictReader(file)
                ]
        except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
            raise DataError(f"{path} is damaged: {error!r}.", fix="Train the run again.") from None
        if len(rows) != self.metrics["test_pictures"]:
            raise DataError(
                f"{path} has {len(rows):,} rows.",
                expected=f"{self.metrics['test_pictures']:,}, as {METRICS} says",
                fix="Train the run again.",
            )
        first, second, third = np.array(rows, np.int64).T
        return first, second, third


def run_name(collection: str, recipe: str, seed: int) -> str:
    """What a run's folder is called."""
    return f"{collection}-{recipe}-seed{seed}"


def read_run(given: Path | str, results: Path = RESULTS) -> Run:
    """Opens a results folder.

    Args:
        given: its path, or its name in `results`.
        results: where runs lie.

    Raises:
        DataError: there is none, or it is damaged.
    """
    folder = Path(given)
    if not folder.is_dir() and (results / folder).is_dir():
        folder = results / folder
    if not folder.is_dir():
        there = sorted(path.name for path in results.glob("*") if (path / METRICS).is_file())
        raise DataError(
            f"There is no run {given}.",
            expected=f"one of: {', '.join(there)}" if there else "a results folder",
            fix="Make one: pytrain train fashion-mnist",
        )
    try:
        settings, metrics = (
            json.loads((folder / name).read_text(encoding="utf-8")) for name in (SETTINGS, METRICS)
        )
        found = Run(folder.resolve(), settings, metrics)
        if settings["kind"] != KIND:
            raise ValueError(f"its kind is {settings['kind']!r}")
        _ = found.collection, found.recipe, found.seed, found.labels, found.accuracy
        _ = settings["fingerprint"], metrics["test_pictures"], metrics["accuracy_interval"]
        _ = metrics["parameters"], metrics["seconds_per_epoch"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{folder} is no whole results folder: {_why(error)}.",
            expected=f"a folder that pytrain train wrote, with {SETTINGS} and {METRICS}",
        ) from None
    return found


def check_place(folder: Path) -> None:
    """Raises DataError where a run could not be written: what is there is something else."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    try:
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        ours = isinstance(settings, dict) and settings.get("kind") == KIND
    except (OSError, ValueError):
        ours = False
    if not ours:
        raise DataError(
            f"{folder} is there and is no results folder.",
            fix="Move it away, or choose another folder with --results.",
        )


def write_run(
    folder: Path, small: Any, fitted: Fitted, parts: Parts, judgement: Judgement, about: str, command: str
) -> Run:
    """Writes a results folder; a former one is replaced when this one is whole.

    Args:
        folder: where to.
        small: the finished network, calibrated.
        fitted: its training.
        parts: its pictures.
        judgement: on the test part.
        about: of the recipe, one line.
        command: that makes it again.

    Raises:
        BundleError: the disk refuses.
    """
    from pytrain.course.judge import spent
    from pytrain.course.plots import plot_confusion, plot_curves, plot_mistakes
    from pytrain.model.files import save_model
    from pytrain.training.run import write_history

    labels = tuple(fitted.settings["labels"])
    settings = {"kind": KIND, **fitted.settings, "command": command}
    metrics = {
        **{name: fitted.settings[name] for name in ("collection", "recipe", "seed")},
        **judgement.as_json(),
        "training_pictures": len(parts.training),
        **spent(fitted),
    }
    accuracy = f"{judgement.metrics.accuracy:.2%} of {judgement.metrics.pictures:,} test pictures right"
    check_place(folder)
    with replacing_folder(folder) as place:
        save_model(small, place / MODEL)
        write_predictions(place / PREDICTIONS, parts.test_index, judgement, labels)
        write_json(place / METRICS, metrics)
        write_history(place / HISTORY, fitted.history)
        plot_curves(fitted.history, fitted.best_epoch, folder.name, place / CURVES)
        plot_confusion(judgement.confusion(), labels, f"{folder.name}: {accuracy}", place / CONFUSION)
        wrong = judgement.mistakes()
        plot_mistakes(
            parts.test.images[wrong],
            [_caption(judgement, labels, number) for number in wrong.tolist()],
            f"{folder.name}: the surest of {len(wrong):,} mistakes",
            place / MISTAKES,
        )
        write_json(place / SETTINGS, settings)
        write_json(place / ENVIRONMENT, environment())
        (place / README).write_text(_readme(folder.name, about, accuracy, parts, command), encoding="utf-8")
    return Run(folder.resolve(), settings, metrics)


def write_predictions(path: Path, index: Ints, judgement: Judgement, labels: Sequence[str]) -> None:
    """Writes index,truth,prediction,confidence and a column for each class."""
    best = judgement.probabilities.argmax(1)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["index", "truth", "prediction", "confidence", *labels])
        for number, truth, answer, row in zip(
            index.tolist(), judgement.truth.tolist(), best.tolist(), judgement.probabilities, strict=True
        ):
            shares = [f"{value:.6f}" for value in row]
            writer.writerow([number, labels[truth], labels[answer], shares[answer], *shares])


def environment() -> dict[str, Any]:
    """The programs and the machine, as environment.json tells them."""
    from pytrain.model.backend import tf

    return {
        "pytrain": version("pytrain"),
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
        "system": platform.platform(),
        "machine": platform.machine(),
        "processors": cpu_count(),
        "gpus": [device.name for device in tf.config.list_physical_devices("GPU")],
    }


def _caption(judgement: Judgement, labels: Sequence[str], number: int) -> tuple[str, str, float]:
    row = judgement.probabilities[number]
    return labels[judgement.truth[number]], labels[int(row.argmax())], float(row.max())


def _readme(name: str, about: str, accuracy: str, parts: Parts, command: str) -> str:
    width = max(len(file) for file in FILES) + 3
    listing = "\n".join(
        f"  {file:<{width}}{words.replace(chr(10), chr(10) + ' ' * (width + 2))}"
        for file, words in FILES.items()
    )
    side, channels = parts.test.images.shape[1], parts.test.images.shape[3]
    return f"""{name}
{"=" * len(name)}

{about[0].upper()}{about[1:]}.
{accuracy}; they were used for nothing else.

Made by
  {command}

{listing}

{MODEL} takes float32 [batch, {side}, {side}, {channels}], values pixel / 127.5 - 1, and gives
probabilities. All figures are of pictures as the browser shows them to the network: enlarged to
224 x 224 and averaged back to {side} x {side}, which blurs them slightly.
"""


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}"
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
