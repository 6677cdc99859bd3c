"""Runs a model on picture files as a browser would: read, crop, resize, scale, predict."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.dataset.image_folder import UNKNOWN, Picture
from pytrain.evaluation.metrics import NO_CLASS, Floats, Ints
from pytrain.image import SIZE, Input, read_image, to_input
from pytrain.model.backend import tf

BATCH = 64


def predict(model: Any, pictures: Sequence[Picture]) -> Floats:
    """What the model gives for each picture.

    Args:
        model: takes float32 [batch, 224, 224, 3].
        pictures: all readable.

    Returns:
        float32 [pictures, outputs].

    Raises:
        DataError: a picture cannot be decoded.
    """
    run = _compiled(model)
    outputs = [run(tf.constant(batch)).numpy() for batch in _inputs(pictures)]
    return np.concatenate(outputs) if outputs else np.zeros((0, model.output_shape[-1]), np.float32)


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


def _inputs(pictures: Sequence[Picture]) -> Iterator[npt.NDArray[np.float32]]:
    def one(picture: Picture) -> Input:
        return to_input(read_image(picture.path))

    with ThreadPoolExecutor() as threads:
        for start in range(0, len(pictures), BATCH):
            yield np.stack(list(threads.map(one, pictures[start : start + BATCH])))
