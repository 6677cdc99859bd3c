"""Runs a model on picture files as a browser would: read, crop, resize, scale, predict."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from pytrain.dataset.image_folder import UNKNOWN, Picture
from pytrain.errors import DataError
from pytrain.evaluation.metrics import NO_CLASS, Floats, Ints
from pytrain.image import SIZE, Input, read_image, to_input
from pytrain.model.backend import tf

BATCH = 64


def predict(model: Any, pictures: Sequence[Picture]) -> tuple[Floats, list[Picture]]:
    """What the model gives for each picture that can be decoded.

    Args:
        model: takes float32 [batch, 224, 224, 3].
        pictures: the files.

    Returns:
        (float32 [kept, outputs], the kept pictures).

    Raises:
        DataError: not one can be decoded.
    """
    run = _compiled(model)
    outputs: list[Floats] = []
    kept: list[Picture] = []
    for batch, readable in _batches(pictures):
        outputs.append(run(tf.constant(batch)).numpy())
        kept += readable
    if not kept:
        raise DataError("Not one picture can be read.", fix="Check the data folder.")
    return np.concatenate(outputs), kept


def truth_of(pictures: Sequence[Picture], labels: Sequence[str]) -> Ints:
    """The number of each picture's class, NO_CLASS for `unknown`: int64 [pictures]."""
    return np.array(
        [NO_CLASS if picture.label == UNKNOWN else list(labels).index(picture.label) for picture in pictures],
        np.int64,
    )


def milliseconds_per_frame(model: Any, frames: int = 50) -> float:
    """Median time of one prediction of one frame, after a few to warm up, in milliseconds."""
    run = _compiled(model)
    frame = tf.zeros((1, SIZE, SIZE, 3))
    times = []
    for _ in range(frames + 5):
        started = time.perf_counter()
        run(frame).numpy()
        times.append(time.perf_counter() - started)
    return float(np.median(times[5:]) * 1000)


def _compiled(model: Any) -> Any:
    # One trace serves every batch size, the last smaller batch too.
    signature = [tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32)]
    return tf.function(lambda batch: model(batch, training=False), input_signature=signature, autograph=False)


def _batches(pictures: Sequence[Picture]) -> Iterator[tuple[Floats, list[Picture]]]:
    def one(picture: Picture) -> Input | None:
        try:
            return to_input(read_image(picture.path))
        except DataError:
            return None

    with ThreadPoolExecutor() as threads:
        for start in range(0, len(pictures), BATCH):
            asked = pictures[start : start + BATCH]
            inputs = list(threads.map(one, asked))
            kept = [picture for picture, pixels in zip(asked, inputs, strict=True) if pixels is not None]
            if kept:
                yield np.stack([pixels for pixels in inputs if pixels is not None]), kept
