"""Batches for training and validation: a tf.data pipeline that reads the lens caches.

Batch number n is a function of the seed and n alone. So a training that goes on after an interruption gets
the batches that it would have got without one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.dataset.image_folder import UNKNOWN, Picture
from pytrain.errors import TrainingError
from pytrain.model.backend import tf
from pytrain.training.augment import Augmentation
from pytrain.training.lens_cache import CROPPED, SQUASHED, LensCache

SQUASHED_SHARE = 0.3
"""Part of the training pictures shown squashed to a square, as ml5 does, instead of cropped."""


@dataclass(frozen=True)
class Table:
    """The pictures of one part (train or validation) of all data sets together."""

    caches: tuple[LensCache, ...]
    cache_of: npt.NDArray[np.int64]
    """For each picture, which cache holds it."""
    row_of: npt.NDArray[np.int64]
    """For each picture, its row there."""
    targets: npt.NDArray[np.float32]
    """[pictures, classes]: 1 for the right class; for `unknown` the same for all."""

    def __len__(self) -> int:
        return len(self.row_of)

    def read(self, chosen: npt.NDArray[np.int64], views: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """The pixels of some pictures: uint8 [len(chosen), s, s, 3]."""
        pixels = np.empty((len(chosen), self.caches[0].size, self.caches[0].size, 3), np.uint8)
        for number, cache in enumerate(self.caches):
            here = self.cache_of[chosen] == number
            pixels[here] = cache.read(self.row_of[chosen[here]], views[here])
        return pixels


def table_of(
    caches: Sequence[LensCache],
    rows: Sequence[dict[str, int]],
    parts: Sequence[Sequence[Picture]],
    labels: Sequence[str],
) -> Table:
    """Puts one part of every data set into one table, leaving out what could not be decoded.

    Args:
        caches: one for each data set.
        rows: for each data set, which row a path stands in.
        parts: for each data set, the pictures of the part.
        labels: the classes in the model's order.
    """
    entries = [
        (number, rows[number][str(picture.path)], target_of(picture.label, labels))
        for number, part in enumerate(parts)
        for picture in part
        if rows[number][str(picture.path)] not in caches[number].set_aside
    ]
    if not entries:
        raise TrainingError("Not one picture is left to train on.", fix="Check the data folder.")
    numbers, places, targets = zip(*entries, strict=True)
    return Table(tuple(caches), np.array(numbers), np.array(places), np.stack(targets))


def target_of(label: str, labels: Sequence[str]) -> npt.NDArray[np.float32]:
    """What the softmax should say of a picture: its class, or for `unknown` every class alike.

    Outlier exposure (Hendrycks, Mazeika & Dietterich, Deep anomaly detection with outlier exposure, 2019):
    a network that has learned to be unsure in front of a wall can be asked by its greatest probability.

    Returns:
        float32 [classes], sums to 1.
    """
    if label == UNKNOWN:
        return np.full(len(labels), 1 / len(labels), np.float32)
    target = np.zeros(len(labels), np.float32)
    target[labels.index(label)] = 1
    return target


def training_batches(
    table: Table,
    batch_size: int,
    smoothing: float,
    augmentation: Augmentation,
    seed: int,
    numbers: range,
    size: int | None = None,
) -> Any:
    """The batches of these numbers, as a tf.data pipeline.

    Args:
        size: side of the pictures, where it is to be another one than the cache's.

    Returns:
        Gives (float32 [batch, size, size, 3] in [-1, 1], float32 [batch, classes]).
    """
    count, side, classes = len(table), table.caches[0].size, table.targets.shape[1]

    def read(step: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
        chosen, draw = shuffled(count, batch_size, step, seed)
        views = np.where(draw.random(count) < SQUASHED_SHARE, SQUASHED, CROPPED)
        return table.read(chosen, views[chosen]), smoothed(table.targets[chosen], smoothing)

    def change(step: Any, pixels: Any, targets: Any) -> tuple[Any, Any]:
        return augmentation(pixels, tf.stack([tf.cast(seed, tf.int32), step]), size), targets

    shapes = ((batch_size, side, side, 3), (batch_size, classes))
    return numbered(read, change, numbers, tf.uint8, shapes)


def numbered(
    read: Callable[[int], tuple[npt.NDArray[Any], npt.NDArray[np.float32]]],
    change: Callable[[Any, Any, Any], tuple[Any, Any]],
    numbers: range,
    dtype: Any,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
) -> Any:
    """The batches of these numbers as a tf.data pipeline, made while the network learns from earlier ones.

    Args:
        read: gives the pixels and the targets of a batch, by its number; NumPy.
        change: takes (int32 number, pixels, targets) as tensors, gives what the network sees of them.
        numbers: of the batches.
        dtype: of the pixels.
        shapes: of the pixels and of the targets.
    """

    def load(step: Any) -> tuple[Any, Any]:
        pixels, targets = tf.numpy_function(lambda step: read(int(step)), [step], [dtype, tf.float32])
        return tf.ensure_shape(pixels, shapes[0]), tf.ensure_shape(targets, shapes[1])

    steps_left = tf.data.Dataset.range(numbers.start, numbers.stop)
    batches = steps_left.map(lambda step: (step, load(step)), num_parallel_calls=2)
    changed = batches.map(lambda step, batch: change(tf.cast(step, tf.int32), *batch), num_parallel_calls=1)
    return _without_tuner(changed.prefetch(2))


def shuffled(
    count: int, batch_size: int, step: int, seed: int
) -> tuple[npt.NDArray[np.int64], np.random.Generator]:
    """Which of `count` pictures are in batch number `step`; every epoch has another order.

    Returns:
        (int64 [batch_size], the epoch's generator after it drew the order).
    """
    epoch, place = divmod(step, steps_in_epoch(count, batch_size))
    draw = np.random.default_rng((seed, epoch))
    order = draw.permutation(count)
    # A last, smaller batch would be noisier than the rest; it is filled up from the epoch's start.
    return np.take(order, np.arange(place * batch_size, (place + 1) * batch_size), mode="wrap"), draw


def smoothed(targets: npt.NDArray[np.float32], smoothing: float) -> npt.NDArray[np.float32]:
    """Takes a part of each target and spreads it evenly over all classes: [n, classes] to [n, classes]."""
    spread: npt.NDArray[np.float32] = targets.mean(1, keepdims=True) - targets
    return np.asarray(targets + smoothing * spread, np.float32)


def steps_in_epoch(count: int, batch_size: int) -> int:
    """Batches that show each of `count` pictures once."""
    return max(1, -(-count // batch_size))


def validation_batches(table: Table, batch_size: int) -> Any:
    """A finite tf.data pipeline over every picture once, unchanged, cropped as the image contract says."""
    size, classes = table.caches[0].size, table.targets.shape[1]

    def read(start: Any) -> tuple[Any, Any]:
        chosen = np.arange(int(start), min(int(start) + batch_size, len(table)))
        return table.read(chosen, np.full(len(chosen), CROPPED)), table.targets[chosen]

    def load(start: Any) -> tuple[Any, Any]:
        pixels, targets = tf.numpy_function(read, [start], [tf.uint8, tf.float32])
        pixels = tf.cast(tf.ensure_shape(pixels, [None, size, size, 3]), tf.float32) / 127.5 - 1.0
        return pixels, tf.ensure_shape(targets, [None, classes])

    starts = tf.data.Dataset.range(0, len(table), batch_size)
    return _without_tuner(starts.map(load, num_parallel_calls=1).prefetch(2))


def in_order(inputs: npt.NDArray[Any], targets: npt.NDArray[Any], batch_size: int) -> Any:
    """A finite tf.data pipeline over arrays, once, as they are: [n, ...] and [n, ...] in batches."""
    return _without_tuner(tf.data.Dataset.from_tensor_slices((inputs, targets)).batch(batch_size))


def _without_tuner(batches: Any) -> Any:
    """Turns tf.data's tuner off: it sleeps for up to a minute, and taking a pipeline down waits for it."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.with_options(options)
