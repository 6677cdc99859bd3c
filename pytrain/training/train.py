"""Trains a network. Start reading here; `train` reads from top to bottom."""

from __future__ import annotations

import csv
import io
import json
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from pytrain.bundle import SETTINGS
from pytrain.dataset.image_folder import ImageFolder
from pytrain.dataset.split import Split
from pytrain.errors import TrainingError
from pytrain.model.backend import keras, tf
from pytrain.model.files import save_model
from pytrain.model.lens import core
from pytrain.training.batches import Table, steps_in_epoch, table_of, training_batches, validation_batches
from pytrain.training.checkpoint import Checkpoint, load_checkpoint
from pytrain.training.lens_cache import LensCache, build_lens_cache
from pytrain.training.progress import Display, display
from pytrain.training.recipes import Recipe, recipe_named

MODEL = "model.keras"
HISTORY = "history.csv"
CHECKPOINT = "checkpoint.npz"
SET_ASIDE = "checkpoint-interrupted.npz"
"""The checkpoint of an interrupted training, once another was started in its place."""
EVALUATION = "evaluation.json"
"""Written by whoever evaluates the trained model."""

Datasets = Sequence[tuple[ImageFolder, Split]]


@dataclass(frozen=True)
class TrainingResult:
    """A finished training."""

    model: Any
    """The whole model with its best weights: float32 [batch, 224, 224, 3] to probabilities."""
    labels: tuple[str, ...]
    history: list[dict[str, float]]
    """One row for each epoch: loss, accuracy, val_loss, val_accuracy, seconds."""
    best_epoch: int
    settings: dict[str, Any]
    run_dir: Path
    problems: tuple[str, ...]
    """Pictures that could not be decoded and were set aside, a line each."""


def train(
    datasets: Datasets,
    recipe: str = "cnn",
    run_dir: Path = Path("runs/latest"),
    *,
    epochs: int | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    resume: bool = False,
    show: Display | None = None,
) -> TrainingResult:
    """Trains a new network on the training parts and keeps the weights that are best on the validation parts.

    Writes settings.json, history.csv, checkpoint.npz (after every epoch) and model.keras into `run_dir`, and
    what the lens sees into `.lens-cache` beside it.

    Args:
        datasets: folders with their splits; all with the same labels. `unknown` pictures
            teach it to be unsure.
        recipe: "cnn" or "mlp".
        run_dir: where this training keeps its files.
        epochs: instead of the recipe's.
        batch_size: instead of the recipe's.
        seed: decides first weights, order and changes of the pictures.
        resume: goes on from the last finished epoch in `run_dir`.
        show: is told about progress.

    Raises:
        TrainingError: the labels differ, there is nothing to resume, or it was trained in another way.
        DataError: the pictures cannot be read.
        KeyboardInterrupt: it was interrupted; the best model so far has been saved.
    """
    plan = recipe_named(recipe)
    labels = _common_labels(datasets)
    epochs = _positive("epochs", epochs, plan.epochs)
    batch_size = _positive("batch_size", batch_size, plan.batch_size)
    settings = _settings(datasets, labels, recipe, plan, epochs, batch_size, seed)
    set_aside = None if resume else _set_aside(run_dir)
    checkpoint = _resumed(run_dir, settings) if resume else _fresh(run_dir, settings)

    with show or display() as shown:
        if set_aside:
            shown.say(
                f"An interrupted training was set aside as {set_aside}; to go on with it instead, stop now, "
                f"rename it to {CHECKPOINT}, and add --resume."
            )
        caches = _through_the_lens(datasets, plan, run_dir.parent / ".lens-cache", shown)
        problems = tuple(problem for cache in caches for problem in cache.problems)
        training, validation = _tables(datasets, caches, labels)
        steps = steps_in_epoch(training, batch_size)

        keras.utils.set_random_seed(seed)
        model = plan.build(len(labels))
        network = core(model, any_size=plan.small_size is not None)
        network.compile(
            optimizer=_optimizer(plan, epochs * steps),
            loss=keras.losses.CategoricalCrossentropy(from_logits=True),
            metrics=[KnownAccuracy()],
        )
        _restore(network, checkpoint)
        follow = _Follow(network, checkpoint, run_dir, shown, epochs, steps, plan.patience)
        try:
            for last, size in _stages(plan, epochs):
                first = len(checkpoint.history)
                if first >= last or follow.finished():
                    continue
                numbers = range(first * steps, last * steps)
                network.fit(
                    training_batches(
                        training, batch_size, plan.label_smoothing, plan.augmentation, seed, numbers, size
                    ),
                    validation_data=validation_batches(validation, 256),
                    steps_per_epoch=steps,
                    initial_epoch=first,
                    epochs=last,
                    callbacks=[follow],
                    shuffle=False,
                    verbose=0,
                )
        except KeyboardInterrupt:
            if checkpoint.best_epoch:
                _save_best(model, checkpoint, run_dir)
                shown.say(
                    f"Stopped. The best model so far (epoch {checkpoint.best_epoch}) is {run_dir / MODEL}; "
                    "go on with --resume."
                )
            else:
                shown.say("Stopped before the first epoch was done; nothing was kept.")
            raise

    _save_best(model, checkpoint, run_dir)
    return TrainingResult(
        model, labels, checkpoint.history, checkpoint.best_epoch, settings, run_dir, problems
    )


@keras.saving.register_keras_serializable("pytrain")
class KnownAccuracy(keras.metrics.Mean):  # type: ignore[misc]
    """Share of right answers among the pictures that belong to a class; `unknown` ones do not count."""

    def __init__(self, name: str = "accuracy", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        known = tf.reduce_max(y_true, axis=1) > tf.reduce_min(y_true, axis=1) + 1e-3
        right = tf.argmax(y_true, axis=1) == tf.argmax(y_pred, axis=1)
        super().update_state(tf.cast(right, tf.float32), tf.cast(known, tf.float32))


class _Follow(keras.callbacks.Callback):  # type: ignore[misc]
    """At the end of each epoch: keeps the best weights, saves the checkpoint, shows it, stops early."""

    def __init__(
        self,
        network: Any,
        checkpoint: Checkpoint,
        run_dir: Path,
        shown: Display,
        epochs: int,
        steps: int,
        patience: int,
    ) -> None:
        super().__init__()
        self.network, self.checkpoint, self.run_dir, self.shown = network, checkpoint, run_dir, shown
        self.epochs, self.steps, self.patience = epochs, steps, patience
        self.started = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.started = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        epoch = len(self.checkpoint.history) + 1
        self.shown.step(epoch, self.epochs, batch + 1, self.steps, logs["loss"], logs["accuracy"])

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        kept = self.checkpoint
        row = {name: float(logs[name]) for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
        best = min((earlier["val_loss"] for earlier in kept.history), default=np.inf)
        kept.history.append({"epoch": epoch + 1, **row, "seconds": time.perf_counter() - self.started})
        kept.weights = self.network.get_weights()
        kept.optimizer = [variable.numpy() for variable in self.network.optimizer.variables]
        if row["val_loss"] < best:
            kept.best_epoch, kept.best_weights = epoch + 1, kept.weights
        kept.save(self.run_dir / CHECKPOINT)
        _write(self.run_dir / HISTORY, _as_csv(kept.history))
        self.shown.epoch(epoch + 1, self.epochs, kept.history[-1])
        if self.finished():
            self.network.stop_training = True
            if epoch + 1 < self.epochs:
                self.shown.say(f"Stopped early: no better for {self.patience} epochs.")

    def finished(self) -> bool:
        done = len(self.checkpoint.history)
        return done >= self.epochs or done - self.checkpoint.best_epoch >= self.patience > 0


def _common_labels(datasets: Datasets) -> tuple[str, ...]:
    if not datasets:
        raise TrainingError("No data set came.", fix="Name at least one folder of images.")
    first = datasets[0][0]
    for folder, _ in datasets[1:]:
        if tuple(folder.labels) != tuple(first.labels):
            raise TrainingError(
                f"{folder.name} has the labels {', '.join(folder.labels)}.",
                expected=f"those of {first.name}: {', '.join(first.labels)}",
                fix="Train on data sets of the same classes.",
            )
    return tuple(first.labels)


def _positive(name: str, value: int | None, default: int) -> int:
    if value is not None and value < 1:
        raise TrainingError(f"{name} is {value}.", expected="a whole number from 1")
    return default if value is None else value


def _settings(
    datasets: Datasets,
    labels: Sequence[str],
    name: str,
    plan: Recipe,
    epochs: int,
    batch_size: int,
    seed: int,
) -> dict[str, Any]:
    """Everything that decides the outcome, resolved, as plain JSON."""
    settings = {
        **plan.settings(),
        "recipe": name,
        "epochs": epochs,
        "batch_size": batch_size,
        "seed": seed,
        "labels": list(labels),
        "datasets": [
            {
                "name": folder.name,
                "fingerprint": folder.fingerprint,
                "train": len(split.train),
                "validation": len(split.validation),
                "test": len(split.test),
            }
            for folder, split in datasets
        ],
        "versions": {
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
        },
    }
    plain: dict[str, Any] = json.loads(json.dumps(settings))
    return plain


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
        _write(run_dir / SETTINGS, json.dumps(settings, indent=1))
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


def _through_the_lens(datasets: Datasets, plan: Recipe, folder: Path, shown: Display) -> list[LensCache]:
    caches = []
    for images, _ in datasets:
        # The order of the rows counts, which the data set's own fingerprint leaves out.
        digest = sha256("".join(picture.digest for picture in images.pictures).encode()).hexdigest()
        caches.append(
            build_lens_cache(
                [picture.path for picture in images.pictures],
                f"{images.name}-{digest[:16]}",
                plan.lens_pool,
                folder,
                partial(shown.preparing, images.name),
            )
        )
    return caches


def _tables(datasets: Datasets, caches: list[LensCache], labels: Sequence[str]) -> tuple[Table, Table]:
    rows = [{str(picture.path): row for row, picture in enumerate(folder.pictures)} for folder, _ in datasets]
    training = table_of(caches, rows, [split.train for _, split in datasets], labels)
    validation = table_of(caches, rows, [split.validation for _, split in datasets], labels)
    return training, validation


def _stages(plan: Recipe, epochs: int) -> list[tuple[int, int | None]]:
    """(Last epoch, side of its pictures) of each stage; None is the lens's size."""
    if plan.small_size is None:
        return [(epochs, None)]
    # The last epoch always shows the size that counts.
    return [(min(ceil(plan.small_part * epochs), epochs - 1), plan.small_size), (epochs, None)]


def _optimizer(plan: Recipe, steps: int) -> Any:
    warm_up = int(plan.warm_up * steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm_up), warmup_target=plan.learning_rate, warmup_steps=warm_up
    )
    return keras.optimizers.AdamW(schedule, weight_decay=plan.weight_decay)


def _restore(network: Any, checkpoint: Checkpoint) -> None:
    network.optimizer.build(network.trainable_variables)
    if not checkpoint.history:
        return
    network.set_weights(checkpoint.weights)
    for variable, value in zip(network.optimizer.variables, checkpoint.optimizer, strict=True):
        variable.assign(value)


def _save_best(model: Any, checkpoint: Checkpoint, run_dir: Path) -> None:
    # The lens has no weights, so those of the core are those of the whole model.
    model.set_weights(checkpoint.best_weights)
    try:
        save_model(model, run_dir / MODEL)
    except OSError as error:
        raise TrainingError(
            f"{run_dir / MODEL} cannot be written: {error.strerror or error}.",
            fix="Make room on the disk, then go on with --resume.",
        ) from error


def _as_csv(history: list[dict[str, float]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    return text.getvalue()


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
