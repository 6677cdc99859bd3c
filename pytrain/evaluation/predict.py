"""Runs a model on picture files as a browser would: read, crop, resize, scale, predict."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from pytrain.dataset.image_folder import UNKNOWN, Picture
from pytrain.dataset.pictures import NO_CLASS
from pytrain.errors import DataError
from pytrain.image import SIZE, Input, read_image, to_input
from pytrain.model.backend import tf
from pytrain.model.lens import PROBABILITIES

BATCH = 16
"""Pictures that go through the network together. More at a time are no faster on a processor and take memory:
in EfficientNet-Lite0 16 need 0.2 GB, 64 need 0.9 GB."""

THREADS = min(8, (os.cpu_count() or 1) + 1)

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Batch(Generic[Item]):
    """What a model gave for some pictures.

    Attributes:
        items: those that could be read, in order.
        outputs: float32 [items, ...] by the name of the output; one of them is "probabilities".
        unreadable: the others, each with what is wrong.
    """

    items: tuple[Item, ...]
    outputs: dict[str, Floats]
    unreadable: tuple[tuple[Item, DataError], ...]


def stream(model: Any, items: Iterable[Item], read: Callable[[Item], Input]) -> Iterator[Batch[Item]]:
    """Runs a model on any number of pictures, a batch at a time; memory stays flat.

    Args:
        model: takes float32 [batch, 224, 224, 3]; one output, or several by name.
        items: what stands for the pictures.
        read: gives the model's input of one; raises DataError where it cannot be read.
    """
    run = compiled(model)
    remaining = iter(items)
    threads = ThreadPoolExecutor(THREADS)

    def reading() -> list[tuple[Item, Future[Input]]]:
        return [(item, threads.submit(read, item)) for item in islice(remaining, BATCH)]

    try:
        ahead = reading()
        while ahead:
            # The next pictures are decoded while these go through the network.
            now, ahead = ahead, reading()
            yield _answered(run, now)
    finally:
        threads.shutdown(cancel_futures=True)


def predict(model: Any, pictures: Sequence[Picture]) -> tuple[Floats, list[Picture]]:
    """What the model gives for each picture that can be decoded.

    Args:
        model: takes float32 [batch, 224, 224, 3]; of several outputs `probabilities` counts.
        pictures: the files.

    Returns:
        (float32 [kept, outputs], the kept pictures).

    Raises:
        DataError: not one can be decoded.
    """
    batches = list(stream(model, pictures, lambda picture: to_input(read_image(picture.path))))
    kept = [picture for batch in batches for picture in batch.items]
    if not kept:
        raise DataError("Not one picture can be read.", fix="Check the data folder.")
    return np.concatenate([batch.outputs[PROBABILITIES] for batch in batches if batch.items]), kept


def truth_of(pictures: Sequence[Picture], labels: Sequence[str]) -> Ints:
    """The number of each picture's class, NO_CLASS for `unknown`: int64 [pictures]."""
    return np.array(
        [NO_CLASS if picture.label == UNKNOWN else list(labels).index(picture.label) for picture in pictures],
        np.int64,
    )


def milliseconds_per_frame(run: Any, frames: int = 50) -> float:
    """Median time in which a compiled model answers one frame, after a few to warm up, in milliseconds."""
    frame = tf.zeros((1, SIZE, SIZE, 3))
    times = []
    for _ in range(frames + 5):
        started = time.perf_counter()
        for output in run(frame).values():
            output.numpy()
        times.append(time.perf_counter() - started)
    return float(np.median(times[5:]) * 1000)


def _answered(run: Any, asked: Sequence[tuple[Item, Future[Input]]]) -> Batch[Item]:
    kept, inputs, unreadable = [], [], []
    for item, future in asked:
        try:
            inputs.append(future.result())
            kept.append(item)
        except DataError as error:
            unreadable.append((item, error))
    outputs = run(tf.constant(np.stack(inputs))) if inputs else {}
    arrays = {name: output.numpy() for name, output in outputs.items()}
    return Batch(tuple(kept), arrays, tuple(unreadable))


def compiled(model: Any) -> Any:
    """The model as one function from a batch, float32 [n, 224, 224, 3], to its outputs by name."""

    def named(batch: Any) -> dict[str, Any]:
        given = model(batch, training=False)
        if not isinstance(given, dict):
            several = isinstance(given, list | tuple)
            given = dict(zip(model.output_names, given if several else [given], strict=True))
        if PROBABILITIES not in given:
            given[PROBABILITIES] = given.pop(next(iter(given)))
        return given

    # One trace serves every batch size, the last smaller batch too.
    signature = [tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32)]
    return tf.function(named, input_signature=signature, autograph=False)
