"""Trains the U-Net: which shape is it, and which pixels belong to which. `train_unet` reads top to bottom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pytrain.dataset.four_shapes.masks import CLASSES
from pytrain.dataset.four_shapes.outlines import LABELS
from pytrain.dataset.pictures import NO_CLASS
from pytrain.image import in_range
from pytrain.model.backend import keras, tf
from pytrain.model.files import weights_digest
from pytrain.model.lens import LOGITS
from pytrain.model.unet import MASK_LOGITS, begin_with, build, core
from pytrain.training.batches import steps_in_epoch
from pytrain.training.follow import Follow, KnownAccuracy, one_cycle, restore, save_best
from pytrain.training.fused import fused
from pytrain.training.mask_scenes import TRAINING, VALIDATION, VERSION, Scenes, load_scenes
from pytrain.training.precision import has_bfloat16, in_bfloat16
from pytrain.training.progress import Display, display
from pytrain.training.run import begin, versions

SCENES = ".mask-scenes"
"""The folder beside the trainings' that keeps the drawn scenes."""


@dataclass(frozen=True)
class Plan:
    """How the network is trained."""

    scenes: int = 48_000
    validation: int = 600
    epochs: int = 12
    batch_size: int = 32
    learning_rate: float = 3e-3
    warm_up: float = 0.2
    weight_decay: float = 0.02
    label_smoothing: float = 0.05
    class_weight: float = 0.25
    """Of the classes' loss beside the mask's."""
    dice_weight: float = 0.5
    """Of the Dice loss within the mask's (Milletari, Navab & Ahmadi, V-Net, 2016): the cross-entropy counts
    pixels, most of which are background; Dice counts shapes."""
    average: float = 0.998
    """Decay of the running average of the weights that is kept in place of the last ones."""


@dataclass(frozen=True)
class Segmenter:
    """A finished training.

    Attributes:
        model: with its best weights, as `model.unet.build` gives it.
        validation: the scenes that the best weights were chosen on.
        history: a row for each epoch: loss, accuracy (of the classes), iou, and those of the validation.
        settings: everything that decides the outcome.
        run_dir: where the training keeps its files.
    """

    model: Any
    validation: Scenes
    history: list[dict[str, float]]
    settings: dict[str, Any]
    run_dir: Path


def train_unet(
    run_dir: Path,
    plan: Plan,
    *,
    seed: int = 0,
    classifier: Any = None,
    resume: bool = False,
    show: Display | None = None,
) -> Segmenter:
    """Draws the scenes that are not there yet, trains, and keeps what is best on the validation scenes.

    Args:
        run_dir: where this training keeps its files; the scenes go beside it.
        plan: how to train.
        seed: decides the scenes, the first weights and the order.
        classifier: a trained `cnn` of the four shapes, whose weights the way down begins with.
        resume: goes on from the last finished epoch in `run_dir`.
        show: is told about progress.

    Raises:
        TrainingError: there is nothing to resume, it was trained in another way, the classifier is another
            network, or the disk refuses.
        KeyboardInterrupt: it was interrupted; the checkpoint is kept.
    """
    began_with = None if classifier is None else weights_digest(classifier)[:16]
    settings = {
        "recipe": "unet", **asdict(plan), "seed": seed, "labels": list(LABELS), "drawn": VERSION,
        "bfloat16": has_bfloat16(), "began_with": began_with, "versions": versions(),
    }  # fmt: skip
    checkpoint, said = begin(run_dir, settings, resume)
    with show or display() as shown:
        if said:
            shown.say(said)
        folder = run_dir.parent / SCENES
        training, validation = (
            load_scenes(folder, seed, part, count, partial(shown.preparing, part))
            for part, count in ((TRAINING, plan.scenes), (VALIDATION, plan.validation))
        )
        keras.utils.set_random_seed(seed)
        model = build(len(LABELS))
        if classifier is not None:
            begin_with(model, classifier)
        network = core(model)
        learner = fused(network)
        steps = max(1, len(training) // plan.batch_size)
        schedule = one_cycle(plan.learning_rate, plan.warm_up, plan.epochs * steps)
        learner.compile(
            optimizer=keras.optimizers.AdamW(schedule, weight_decay=plan.weight_decay),
            loss={
                LOGITS: keras.losses.CategoricalCrossentropy(from_logits=True),
                MASK_LOGITS: MaskLoss(plan.dice_weight),
            },
            loss_weights={LOGITS: plan.class_weight, MASK_LOGITS: 1.0},
            metrics={LOGITS: [KnownAccuracy()], MASK_LOGITS: [MeanIoU()]},
        )
        restore(learner, checkpoint)
        follow = _Follow(learner, checkpoint, run_dir, shown, plan.epochs, steps, 0, plan.average)
        done = len(checkpoint.history)
        try:
            with in_bfloat16(settings["bfloat16"]):
                follow.fit(
                    _batches(training, plan, seed, steps, range(done * steps, plan.epochs * steps)),
                    validation_data=_as_they_are(validation, plan),
                    validation_steps=steps_in_epoch(len(validation), plan.batch_size),
                )
        except KeyboardInterrupt:
            if checkpoint.history:
                shown.say(f"Stopped after epoch {len(checkpoint.history)}; go on with --resume.")
            else:
                shown.say("Stopped before the first epoch was done; nothing was kept.")
            raise
    save_best(network, checkpoint, run_dir, model)
    return Segmenter(model, validation, checkpoint.history, settings, run_dir)


@keras.saving.register_keras_serializable("pytrain")
class MaskLoss(keras.losses.Loss):  # type: ignore[misc]
    """Cross-entropy of every place, and how far the shapes' Dice over the batch is from 1.

    Truth and scores are float32 [batch, h, w, 1 + classes]; the truth is what part of a place a class covers.
    """

    def __init__(self, dice_weight: float, name: str = "mask_loss", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.dice_weight = dice_weight

    def call(self, y_true: Any, y_pred: Any) -> Any:
        entropy = tf.reduce_mean(-tf.reduce_sum(y_true * tf.nn.log_softmax(y_pred), axis=-1))
        called, truth = tf.nn.softmax(y_pred)[..., 1:], y_true[..., 1:]
        both = tf.reduce_sum(called * truth, axis=(0, 1, 2))
        # Squares, as V-Net has them: a mask that is as soft as the truth at its edge then has no loss.
        areas = tf.reduce_sum(called**2, axis=(0, 1, 2)) + tf.reduce_sum(truth**2, axis=(0, 1, 2))
        dice = tf.reduce_mean(1 - (2 * both + 1) / (areas + 1))
        return entropy + self.dice_weight * dice

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dice_weight": self.dice_weight}


@keras.saving.register_keras_serializable("pytrain")
class MeanIoU(keras.metrics.Metric):  # type: ignore[misc]
    """Mean IoU of the shapes over all places of an epoch, each place counted as what covers most of it."""

    def __init__(self, name: str = "iou", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.counts = self.add_weight(name="counts", shape=(2, len(CLASSES)), initializer="zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        classes = len(CLASSES)
        truth, called = (tf.one_hot(tf.argmax(y, axis=-1), classes) for y in (y_true, y_pred))
        both = tf.reduce_sum(truth * called, axis=(0, 1, 2))
        either = tf.reduce_sum(truth + called, axis=(0, 1, 2)) - both
        self.counts.assign_add(tf.stack([both, either]))

    def result(self) -> Any:
        both, either = tf.unstack(tf.convert_to_tensor(self.counts)[:, 1:])
        return tf.reduce_mean(tf.math.divide_no_nan(both, either))


class _Follow(Follow):
    """Tells the two outputs' figures by the names that a training of one output has."""

    def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        super().on_train_batch_end(batch, _renamed(logs))

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        super().on_epoch_end(epoch, _renamed(logs))
        row = self.checkpoint.history[-1]
        self.shown.say(f"  mean IoU {row['iou']:.3f}, validation {row['val_iou']:.3f}")

    def more(self, logs: dict[str, float]) -> dict[str, float]:
        return {"iou": float(logs[f"{MASK_LOGITS}_iou"]), "val_iou": float(logs[f"val_{MASK_LOGITS}_iou"])}


def _renamed(logs: dict[str, float]) -> dict[str, float]:
    return {name.replace(f"{LOGITS}_accuracy", "accuracy"): value for name, value in logs.items()}


def _batches(scenes: Scenes, plan: Plan, seed: int, steps: int, numbers: range) -> Iterator[tuple[Any, Any]]:
    """Batches by their number in the training, each scene turned, mirrored and recoloured at random."""
    for number in numbers:
        epoch, step = divmod(number, steps)
        order = np.random.default_rng((seed, epoch)).permutation(len(scenes))
        rows = np.sort(order[step * plan.batch_size : (step + 1) * plan.batch_size])
        chance = np.random.default_rng((seed, 1, number))
        pictures, shares = _turned(chance, scenes.pictures[rows], scenes.shares[rows])
        yield in_range(_recoloured(chance, pictures)), _targets(shares, scenes.labels[rows], plan)


def _as_they_are(scenes: Scenes, plan: Plan) -> Iterator[tuple[Any, Any]]:
    while True:
        for first in range(0, len(scenes), plan.batch_size):
            rows = slice(first, first + plan.batch_size)
            yield (
                in_range(scenes.pictures[rows]),
                _targets(scenes.shares[rows], scenes.labels[rows], plan),
            )


def _turned(chance: np.random.Generator, pictures: Any, shares: Any) -> tuple[Any, Any]:
    """A quarter turn or several, or a mirror image: a triangle stays one."""
    pictures, shares = pictures.copy(), shares.copy()
    for row, (turns, mirrored) in enumerate(chance.integers((4, 2), size=(len(pictures), 2))):
        for arrays in (pictures, shares):
            one = np.rot90(arrays[row], turns)
            arrays[row] = one[:, ::-1] if mirrored else one
    return pictures, shares


def _recoloured(chance: np.random.Generator, pictures: Any) -> Any:
    """Channels exchanged, negatives, other contrast and brightness: float32, 0 to 255."""
    changed = pictures.astype(np.float32)
    for row in range(len(changed)):
        if chance.random() < 0.3:
            changed[row] = changed[row][..., chance.permutation(3)]
        if chance.random() < 0.12:
            changed[row] = 255 - changed[row]
    gain = chance.uniform(0.8, 1.2, (len(changed), 1, 1, 1)).astype(np.float32)
    shift = chance.uniform(-25, 25, (len(changed), 1, 1, 1)).astype(np.float32)
    return np.clip((changed - 127.5) * gain + 127.5 + shift, 0, 255)


def _targets(shares: Any, labels: Any, plan: Plan) -> dict[str, Any]:
    classes = len(LABELS)
    known = (labels != NO_CLASS)[:, None]
    sure = np.eye(classes, dtype=np.float32)[np.maximum(labels, 0)]
    smooth = np.float32(plan.label_smoothing)
    even = np.float32(1 / classes)
    return {
        # What shows none of the shapes should leave the network unsure.
        LOGITS: np.where(known, (1 - smooth) * sure + smooth * even, even).astype(np.float32),
        MASK_LOGITS: shares.astype(np.float32) / np.float32(255),
    }
