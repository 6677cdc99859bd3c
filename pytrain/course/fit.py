"""Trains the network of a recipe. Start reading here; `fit` reads from top to bottom."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.course.lens import through_lens
from pytrain.course.names import UNMIRRORED
from pytrain.course.parts import Parts
from pytrain.course.recipe import Pictures, Recipe
from pytrain.dataset.catalogue import Collection
from pytrain.errors import TrainingError
from pytrain.model.backend import keras, tf
from pytrain.model.lens import LOGITS
from pytrain.training.batches import in_order, numbered, shuffled, smoothed, steps_in_epoch
from pytrain.training.checkpoint import Checkpoint
from pytrain.training.follow import Follow, KnownAccuracy, one_cycle, restore, save_best
from pytrain.training.fused import fused
from pytrain.training.precision import has_bfloat16, in_bfloat16
from pytrain.training.progress import Display, display
from pytrain.training.run import begin, versions

UNDECAYED = ("bias", "gamma", "beta")
"""Weights that weight decay leaves alone: to make an offset small makes nothing simpler."""

SHAPING = ("activation", "dilation_rate", "groups", "padding", "pool_size", "rate", "strides")
"""What tells layers apart whose weights have the same shapes."""

MOMENTUM = 0.9
VALIDATION_BATCH = 256


@dataclass(frozen=True)
class Fitted:
    """A finished training.

    Attributes:
        network: with its best weights: float32 [batch, side, side, channels] in [-1, 1] to logits.
        history: a row for each epoch: loss, accuracy, val_loss, val_accuracy, seconds, processor_seconds.
        best_epoch: whose weights these are, from 1.
        settings: everything that decides the outcome.
    """

    network: Any
    history: list[dict[str, float]]
    best_epoch: int
    settings: dict[str, Any]


def settings_of(
    recipe: Recipe, collection: Collection, parts: Parts, seed: int, limit: int | None
) -> dict[str, Any]:
    """Everything that decides the outcome of a training, as plain JSON."""
    return {
        "collection": collection.name,
        **recipe.settings(),
        "bfloat16": recipe.bfloat16 and has_bfloat16(),
        "network": _fingerprint(recipe, collection),
        "seed": seed,
        "limit": limit,
        "fingerprint": collection.fingerprint,
        "training_pictures": len(parts.training),
        "validation_pictures": len(parts.validation),
        "labels": list(collection.labels),
        "versions": versions(),
    }


def fit(
    recipe: Recipe,
    parts: Parts,
    settings: dict[str, Any],
    run_dir: Path,
    *,
    resume: bool = False,
    show: Display | None = None,
) -> Fitted:
    """Trains a recipe's network on the training part, and keeps the weights of the best validation loss.

    Args:
        recipe: the network and how it is trained.
        parts: of the data set.
        settings: of `settings_of`.
        run_dir: where checkpoint.npz, history.csv and settings.json go.
        resume: goes on from the last finished epoch in `run_dir`.
        show: is told about progress.

    Raises:
        TrainingError: the network does not fit the pictures, there is nothing to resume, it was trained in
            another way, or the loss is no number any more.
        KeyboardInterrupt: it was interrupted; the best network so far has been saved in `run_dir`.
    """
    checkpoint, set_aside = begin(run_dir, settings, resume)
    with show or display() as shown:
        if set_aside:
            shown.say(set_aside)
        classes, seed = len(settings["labels"]), settings["seed"]
        keras.utils.set_random_seed(seed)
        network = _built(recipe, parts, classes)
        steps = steps_in_epoch(len(parts.training), recipe.batch_size)
        learner = fused(network)
        learner.compile(
            optimizer=_optimizer(recipe, recipe.epochs * steps),
            loss=keras.losses.CategoricalCrossentropy(from_logits=True),
            metrics=[KnownAccuracy()],
        )
        restore(learner, checkpoint)
        follow = Follow(
            learner, checkpoint, run_dir, shown, recipe.epochs, steps, recipe.patience, recipe.average
        )
        done = len(checkpoint.history)
        try:
            batches = range(done * steps, recipe.epochs * steps)
            with in_bfloat16(settings["bfloat16"]):
                follow.fit(
                    _batches(recipe, parts, classes, settings, batches),
                    validation_data=in_order(
                        through_lens(parts.validation.images),
                        _one_hot(parts.validation.truth, classes),
                        VALIDATION_BATCH,
                    ),
                )
        except KeyboardInterrupt:
            shown.say(_kept(network, checkpoint, run_dir))
            raise
    if not checkpoint.best_epoch:
        raise TrainingError(
            f"The loss of {recipe.name} is no number any more.",
            fix="Train with a smaller learning_rate.",
        )
    network.set_weights(checkpoint.best_weights)
    return Fitted(network, checkpoint.history, checkpoint.best_epoch, settings)


def _built(recipe: Recipe, parts: Parts, classes: int) -> Any:
    pictures = parts.pictures()
    network = recipe.build(pictures, classes)
    wanted = (None, pictures.side, pictures.side, pictures.channels), (None, classes)
    found = tuple(network.input_shape), tuple(network.output_shape)
    if found != wanted or network.layers[-1].name != LOGITS:
        raise TrainingError(
            f"The network of the recipe {recipe.name} goes from {found[0]} to {found[1]}, its last layer is "
            f"{network.layers[-1].name}.",
            expected=f"{wanted[0]} to {wanted[1]}, the last layer a Dense called {LOGITS}",
        )
    return network


def _fingerprint(recipe: Recipe, collection: Collection) -> str:
    """Tells one network from another of the same name: 16 hex digits of its layers, without their names."""
    side, channels = collection.training.images.shape[2:]
    # Neither mean nor variance: they depend on the seed.
    pictures = Pictures(side, channels, (0.0,) * channels, (1.0,) * channels)
    layers = [
        (
            type(layer).__name__,
            [list(weights.shape) for weights in layer.weights],
            {key: value for key, value in layer.get_config().items() if key in SHAPING},
        )
        for layer in recipe.build(pictures, len(collection.labels)).layers
    ]
    return sha256(json.dumps(layers, default=str).encode()).hexdigest()[:16]


def _optimizer(recipe: Recipe, steps: int) -> Any:
    rate = one_cycle(recipe.learning_rate, recipe.warm_up, steps)
    if recipe.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(
            rate, momentum=MOMENTUM, nesterov=True, weight_decay=recipe.weight_decay or None
        )
    else:
        optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay)
    optimizer.exclude_from_weight_decay(var_names=list(UNDECAYED))
    return optimizer


def _batches(recipe: Recipe, parts: Parts, classes: int, settings: dict[str, Any], numbers: range) -> Any:
    """(float32 [batch, side, side, channels], float32 [batch, classes]) for each of these batch numbers."""
    images, seed = parts.training.images, settings["seed"]
    targets = _one_hot(parts.training.truth, classes)
    augment = recipe.augment.unmirrored() if settings["collection"] in UNMIRRORED else recipe.augment

    def read(step: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        chosen, _ = shuffled(len(targets), recipe.batch_size, step, seed)
        return through_lens(images[chosen]), smoothed(targets[chosen], recipe.label_smoothing)

    def change(step: Any, pixels: Any, wanted: Any) -> tuple[Any, Any]:
        return augment(pixels, wanted, tf.stack([tf.cast(seed, tf.int32), step]))

    shapes = ((recipe.batch_size, *images.shape[1:]), (recipe.batch_size, classes))
    return numbered(read, change, numbers, tf.float32, shapes)


def _one_hot(truth: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.float32]:
    return np.eye(classes, dtype=np.float32)[truth]


def _kept(network: Any, checkpoint: Checkpoint, run_dir: Path) -> str:
    """Saves the best network of an interrupted training; says what became of it."""
    if not checkpoint.best_epoch:
        return "Stopped before the first epoch was done; nothing was kept."
    saved = save_best(network, checkpoint, run_dir)
    return (
        f"Stopped. The best network so far (epoch {checkpoint.best_epoch}) is {saved}; go on with --resume."
    )
