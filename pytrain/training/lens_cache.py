"""What the lens sees of every picture, computed once and kept on disk.

Crop, resize and the lens's mean are all linear, so together they are one small matrix per axis:
pooled = A @ picture @ A.T. Each picture is stored in two views:

    0  the centre square, as the image contract says
    1  the whole frame squashed to a square, as ml5 feeds it

Training reads batches of rows from the file, so memory does not grow with the data set.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from pytrain.errors import DataError, TrainingError
from pytrain.image import SIZE, Frame, bilinear_taps, crop_square, read_image

VERSION = 1
"""Part of the file's name: to be raised when a stored view would come out differently."""

VIEWS = 2
CROPPED, SQUASHED = range(VIEWS)

BLOCK = 256
"""Pictures decoded before they are written out; bounds the memory used."""

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Advance = Callable[[int, int], None]
"""Called as advance(pictures done, pictures in all)."""


@dataclass(frozen=True)
class LensCache:
    """An open cache: row i holds the views of picture i of the folder it was built from."""

    path: Path
    rows: int
    size: int
    set_aside: tuple[int, ...]
    """Rows whose picture could not be decoded; they hold zeros and must not be used."""
    problems: tuple[str, ...]
    """One line for each of them."""

    def read(self, rows: Sequence[int] | npt.NDArray[np.int64], views: npt.NDArray[np.int64]) -> Bytes:
        """Reads one view of each of some rows.

        Args:
            rows: row numbers.
            views: for each row, CROPPED or SQUASHED.

        Returns:
            uint8 [len(rows), size, size, 3].
        """
        batch = np.empty((len(rows), self.size, self.size, 3), np.uint8)
        record = batch[0].nbytes if len(rows) else 0
        with self.path.open("rb", buffering=0) as file:
            for place, (row, view) in enumerate(zip(rows, views, strict=True)):
                file.seek((int(row) * VIEWS + int(view)) * record)
                if file.readinto(memoryview(batch[place]).cast("B")) != record:
                    raise TrainingError(f"{self.path} is too short.", fix="Delete it; it will be built anew.")
        return batch


def build_lens_cache(
    pictures: Sequence[Path], key: str, pool: int, folder: Path, advance: Advance | None = None
) -> LensCache:
    """Opens the cache of some pictures, building it first where it is not there yet.

    Args:
        pictures: the files, in the order of the rows.
        key: name of the cache; must change when the pictures change (name and fingerprint of the data set).
        pool: the lens's pool size in pixels.
        folder: where caches are kept.
        advance: is told how far the building is.

    Raises:
        DataError: not one of the pictures can be decoded.
        TrainingError: the disk is full or the folder cannot be written.
    """
    path = folder / f"{key}-{pool}-v{VERSION}.pixels"
    notes = path.with_suffix(".json")
    if not (path.is_file() and notes.is_file()):
        _build(pictures, path, notes, pool, advance)
    problems: dict[str, str] = json.loads(notes.read_text(encoding="utf-8"))
    if len(problems) == len(pictures):
        first = next(iter(problems.values()), "There are no pictures.")
        raise DataError(f"Not one picture can be used. {first}", fix="Check the data folder.")
    return LensCache(
        path, len(pictures), SIZE // pool, tuple(int(row) for row in problems), tuple(problems.values())
    )


def _build(pictures: Sequence[Path], path: Path, notes: Path, pool: int, advance: Advance | None) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    problems: dict[int, str] = {}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            for row, result in enumerate(_views_of(pictures, pool)):
                if isinstance(result, DataError):
                    problems[row] = result.what
                    result = np.zeros((VIEWS, SIZE // pool, SIZE // pool, 3), np.uint8)
                file.write(result.tobytes())
                if advance is not None:
                    advance(row + 1, len(pictures))
        notes.write_text(json.dumps(problems), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise TrainingError(
            f"The pictures cannot be prepared in {path.parent}: {error.strerror or error}.",
            fix="Make room on the disk, or choose another folder.",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _views_of(pictures: Sequence[Path], pool: int) -> Iterator[Bytes | DataError]:
    def views(path: Path) -> Bytes | DataError:
        try:
            return pooled_views(read_image(path), pool)
        except DataError as error:
            return error

    # Threads of the matrix library below these would wait for each other most of the time.
    with threadpool_limits(1), ThreadPoolExecutor(os.cpu_count()) as threads:
        for start in range(0, len(pictures), BLOCK):
            yield from threads.map(views, pictures[start : start + BLOCK])


def pooled_views(frame: Frame, pool: int) -> Bytes:
    """Both views of a frame, rounded: uint8 [2, 224 / pool, 224 / pool, 3]."""
    both = np.stack([pooled(crop_square(frame), pool), pooled(frame, pool)])
    return np.clip(np.rint(both), 0, 255).astype(np.uint8)


def pooled(frame: Frame, pool: int) -> Floats:
    """What the lens gives for a frame that is resized to 224 x 224 without cropping.

    Returns:
        float32 [224 / pool, 224 / pool, 3], values in 0..255.
    """
    height, width = frame.shape[:2]
    size = SIZE // pool
    rows = lens_matrix(height, pool) @ frame.reshape(height, width * 3).astype(np.float32)
    columns = rows.reshape(size, width, 3).transpose(0, 2, 1) @ lens_matrix(width, pool).T
    return np.ascontiguousarray(columns.transpose(0, 2, 1))


@lru_cache(maxsize=64)
def lens_matrix(side: int, pool: int) -> Floats:
    """Resize and mean along one axis: float32 [224 / pool, side], each row sums to 1."""
    low, high, fraction = bilinear_taps(side, SIZE)
    resize = np.zeros((SIZE, side), np.float32)
    output = np.arange(SIZE)
    np.add.at(resize, (output, low), 1 - fraction)
    np.add.at(resize, (output, high), fraction)
    matrix: Floats = resize.reshape(SIZE // pool, pool, side).mean(axis=1)
    return matrix
