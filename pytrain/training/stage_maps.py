"""What the frozen part of a network makes of every picture, computed once and kept on disk.

Fine-tuning trains only what comes behind a stage of the network, so all before it gives the same feature maps
in every epoch. They are stored as float16, one record for each picture and view:

    picture 0 view 0, picture 0 view 1, ..., picture 1 view 0, ...

Training reads its batches from the file, so memory does not grow with the number of pictures.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.errors import TrainingError
from pytrain.model.backend import keras, tf
from pytrain.training.ahead import ahead

VERSION = 1
"""Part of the file's name: to be raised when a stored map would come out differently."""

AT_ONCE = 32
"""Frames that go through the network together."""

Advance = Callable[[int, int], None]
"""Called as advance(pictures done, pictures in all)."""


@dataclass(frozen=True)
class Pictures:
    """One part (training or validation) of a data set."""

    key: str
    """Names what is stored of them; must change with the pictures, their order, and how views are drawn."""
    targets: npt.NDArray[np.float32]
    """[pictures, classes]: what the softmax should say of each."""
    frames: Callable[[int], npt.NDArray[np.uint8]]
    """The views of the picture of this number: uint8 [views, 224, 224, 3]. Called on several threads."""
    views: int = 1
    weights: npt.NDArray[np.float32] | None = None
    """[pictures]: how much each counts in training; None: all alike."""

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True)
class StageMaps:
    """An open file of feature maps."""

    path: Path
    views: int
    shape: tuple[int, ...]
    """Of one map: height, width, channels."""

    def read(self, places: npt.NDArray[np.int64], views: npt.NDArray[np.int64]) -> npt.NDArray[np.float16]:
        """One view of each of some pictures.

        Args:
            places: places of the pictures among the rows that the file was made from.
            views: which view of each.

        Returns:
            float16 [len(places), height, width, channels].
        """
        batch = np.empty((len(places), *self.shape), np.float16)
        record = int(np.prod(self.shape)) * 2
        with self.path.open("rb", buffering=0) as file:
            for number, (place, view) in enumerate(zip(places, views, strict=True)):
                file.seek((int(place) * self.views + int(view)) * record)
                if file.readinto(memoryview(batch[number]).cast("B")) != record:
                    raise TrainingError(f"{self.path} is too short.", fix="Delete it; it will be built anew.")
        return batch


def stage_maps(
    front: Any,
    pictures: Pictures,
    rows: npt.NDArray[np.int64],
    path: Path,
    advance: Advance | None = None,
) -> StageMaps:
    """Opens the maps of some pictures, computing them first where they are not there yet.

    Args:
        front: the frozen part: float32 [batch, 224, 224, 3] in [-1, 1] to [batch, height, width, channels].
        pictures: where the frames come from.
        rows: numbers of the pictures that are wanted, in this order.
        path: the file; its name must change with all of the above.
        advance: is told how far the computing is.

    Raises:
        TrainingError: there is no room on the disk, or the folder cannot be written.
        DataError: a picture can no longer be read.
    """
    maps = StageMaps(path, pictures.views, tuple(front.output.shape[1:]))
    if not path.is_file():
        _build(front, pictures, rows, maps, advance)
    return maps


def _build(
    front: Any, pictures: Pictures, rows: npt.NDArray[np.int64], maps: StageMaps, advance: Advance | None
) -> None:
    path = maps.path
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    compute = _compiled(front)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _check_room(path.parent, len(rows) * maps.views * int(np.prod(maps.shape)) * 2)
        with temporary.open("wb") as file:
            done = 0
            for frames in _blocks(pictures, rows):
                for start in range(0, len(frames), AT_ONCE):
                    file.write(compute(tf.constant(frames[start : start + AT_ONCE])).numpy().tobytes())
                done += len(frames) // maps.views
                if advance is not None:
                    advance(done, len(rows))
        temporary.replace(path)
    except OSError as error:
        raise TrainingError(
            f"Feature maps cannot be kept in {path.parent}: {error.strerror or error}.",
            fix="Make room on the disk, or train without fine-tuning.",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _compiled(front: Any) -> Any:
    @tf.function(input_signature=[tf.TensorSpec((None, *front.input.shape[1:]), tf.uint8)])  # type: ignore[untyped-decorator]
    def compute(frames: Any) -> Any:
        maps = front(tf.cast(frames, tf.float32) / 127.5 - 1.0, training=False)
        return keras.ops.cast(maps, "float16")

    return compute


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise TrainingError(
            f"Fine-tuning would keep {needed / 1e9:.1f} GB of feature maps in {folder}, where "
            f"{free / 1e9:.1f} GB are free.",
            fix="Make room on the disk, or train without fine-tuning.",
        )


def _blocks(pictures: Pictures, rows: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.uint8]]:
    """All views of a few pictures at a time: uint8 [pictures * views, 224, 224, 3]."""
    shown = ahead(pictures.frames, (int(row) for row in rows))
    while block := list(islice(shown, max(1, AT_ONCE // pictures.views))):
        yield np.concatenate(block)
