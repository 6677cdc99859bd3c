"""Trains a network. Start reading here; `train` reads from top to bottom."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from math import ceil
from pathlib import Path
from typing import Any

from pytrain.dataset.image_folder import ImageFolder
from pytrain.dataset.split import Split
from pytrain.errors import TrainingError
from pytrain.model.backend import keras
from pytrain.model.lens import core
from pytrain.training.batches import Table, steps_in_epoch, table_of, training_batches, validation_batches
from pytrain.training.follow import Follow, KnownAccuracy, one_cycle, restore, save_best
from pytrain.training.fused import fused
from pytrain.training.lens_cache import LensCache, build_lens_cache
from pytrain.training.progress import Display, display
from pytrain.training.recipes import Recipe, recipe_named
from pytrain.training.run import begin, versions

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
    checkpoint, set_aside = begin(run_dir, settings, resume)

    with show or display() as shown:
        if set_aside:
            shown.say(set_aside)
        caches = _through_the_lens(datasets, plan, run_dir.parent / ".lens-cache", shown)
        problems = tuple(problem for cache in caches for problem in cache.problems)
        training, validation = _tables(datasets, caches, labels)
        steps = steps_in_epoch(len(training), batch_size)

        keras.utils.set_random_seed(seed)
        model = plan.build(len(labels))
        network = core(model, any_size=plan.small_size is not None)
        learner = fused(network)
        learner.compile(
            optimizer=keras.optimizers.AdamW(
                one_cycle(plan.learning_rate, plan.warm_up, epochs * steps), weight_decay=plan.weight_decay
            ),
            loss=keras.losses.CategoricalCrossentropy(from_logits=True),
            metrics=[KnownAccuracy()],
        )
        restore(learner, checkpoint)
        follow = Follow(learner, checkpoint, run_dir, shown, epochs, steps, plan.patience)
        try:
            for last, size in _stages(plan, epochs):
                first = len(checkpoint.history)
                if first >= last:
                    continue
                numbers = range(first * steps, last * steps)
                follow.fit(
                    training_batches(
                        training, batch_size, plan.label_smoothing, plan.augmentation, seed, numbers, size
                    ),
                    last,
                    validation_data=validation_batches(validation, 256),
                )
        except KeyboardInterrupt:
            if checkpoint.best_epoch:
                saved = save_best(network, checkpoint, run_dir, model)
                shown.say(
                    f"Stopped. The best model so far (epoch {checkpoint.best_epoch}) is {saved}; "
                    "go on with --resume."
                )
            else:
                shown.say("Stopped before the first epoch was done; nothing was kept.")
            raise

    save_best(network, checkpoint, run_dir, model)
    return TrainingResult(
        model, labels, checkpoint.history, checkpoint.best_epoch, settings, run_dir, problems
    )


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
        "versions": versions(),
    }
    plain: dict[str, Any] = json.loads(json.dumps(settings))
    return plain


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
