"""What a backbone makes of every picture and of its views, computed once and kept on disk.

A row is found by what decides it: the content of the picture and the number of the view; the file's name
holds the backbone and how views are drawn. Every process writes files of its own and reads all others', so
nothing need be locked, and what was computed before an interruption is there afterwards:

    <key>-v<VERSION>-<process>-<time>.rows     float16 [rows, features], one after the other
    <key>-v<VERSION>-<process>-<time>.names    a line for each row: content and number of the view
"""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pytrain.errors import DataError, TrainingError
from pytrain.image import Frame, in_range, to_input
from pytrain.model.backend import tf
from pytrain.training.ahead import ahead

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
Advance = Callable[[int, int], None]
"""Called as advance(pictures done, pictures in all)."""

VERSION = 1
"""Part of the files' names: to be raised when the same picture would give other rows, which is when something
changes in how pictures are read (image.py), in how or in which order views are drawn (views.py, beyond the
numbers that WebcamViews names), in `_inputs` or `_seed` below, or in the layers up to the embedding."""

SHIPPED = Path(__file__).resolve().parent / "generated"
"""Rows of the generated pictures by the default backbone, which each first training would compute anew;
pipeline/generated_rows.py makes them."""

AT_ONCE = 16
"""Views that go through the network together; more at a time are slower on a processor and take memory."""


CHUNK = 1024
"""Embeddings that are read together, of some 6,000 numbers each."""

HELD = 64 << 20
"""Bytes of embeddings that are kept in memory: heads of all folds read them over and over."""


class DrawViews(Protocol):
    """How views are made of a frame."""

    def draw(self, frame: Frame, count: int, seed: int) -> npt.NDArray[np.uint8]:
        """uint8 [count, 224, 224, 3]."""


@dataclass(frozen=True)
class Items:
    """Pictures to be embedded.

    Attributes:
        contents: of each, what its rows are found by: a hash of the file, or the recipe of a generated one.
        frame: gives the picture of a number, uint8 [height, width, 3]; called on several threads, raises
            DataError where it cannot be read.
    """

    contents: Sequence[str]
    frame: Callable[[int], Frame]

    def __len__(self) -> int:
        return len(self.contents)


@dataclass(frozen=True)
class Features:
    """Embeddings of some pictures and of their views, on disk.

    Attributes:
        width: length of an embedding.
        files: one memory map for each file, float16 [rows, width]; or one array in memory, float32.
        file_of, row_of: int64 [pictures, 1 + views], where each stands; file -1 where there is none.
        problems: number of a picture that could not be read, and why.
    """

    width: int
    files: tuple[npt.NDArray[np.floating[Any]], ...]
    file_of: Indices
    row_of: Indices
    problems: dict[int, DataError] = field(default_factory=dict)

    @property
    def views(self) -> int:
        """Views of each picture besides the picture itself."""
        return int(self.file_of.shape[1]) - 1

    def read(self, pictures: Indices, view: int | Indices = 0) -> Floats:
        """Embeddings of some pictures.

        Args:
            pictures: numbers, int64 [n].
            view: 0 for the pictures themselves, from 1 for their views; one for all or int64 [n].

        Returns:
            float32 [n, width].
        """
        files, rows = self.file_of[pictures, view], self.row_of[pictures, view]
        if len(files) and (files == files[0]).all():
            return _taken(self.files[files[0]], rows)
        read = np.empty((len(rows), self.width), np.float32)
        for number in np.unique(files):
            here = files == number
            read[here] = _taken(self.files[number], rows[here])
        return read

    def chunks(self, pictures: Indices, view: int = 0) -> Iterator[Floats]:
        """The same, at most CHUNK at a time, for what need not be in memory together."""
        for start in range(0, len(pictures), CHUNK):
            yield self.read(pictures[start : start + CHUNK], view)


def _held(features: Features) -> Features:
    """The same in memory, where there are few."""
    pictures, views = np.nonzero(features.file_of >= 0)
    if 4 * len(pictures) * features.width > HELD:
        return features
    file_of, row_of = np.full_like(features.file_of, -1), np.full_like(features.row_of, -1)
    file_of[pictures, views], row_of[pictures, views] = 0, np.arange(len(pictures))
    return replace(features, files=(features.read(pictures, views),), file_of=file_of, row_of=row_of)


def _taken(file: npt.NDArray[np.floating[Any]], rows: Indices) -> Floats:
    """Some rows of a file: float32 [rows, width]."""
    taken = file[rows]
    _let_go(file)
    return widened(taken) if taken.dtype == np.float16 else taken.astype(np.float32, copy=False)


def widened(halves: npt.NDArray[np.float16]) -> Floats:
    """The same numbers as float32, three times as quick as NumPy's own way; they must be finite.

    Exponent and fraction of a half lie in a float32 as they are, 13 bits further up, but for the exponent's
    bias of 15 instead of 127: hence the power of two.
    """
    bits = halves.view(np.int16).astype(np.int32)
    bits <<= 13
    # A negative number's sign went into the three bits above its exponent, too.
    bits &= ~(0b111 << 28)
    wide: Floats = bits.view(np.float32)
    wide *= np.float32(2.0**112)
    return wide


def _let_go(rows: npt.NDArray[np.floating[Any]]) -> None:
    """Pages of a mapped file count as this process's memory from when they are read until they are let go."""
    if isinstance(rows.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        rows.base.madvise(mmap.MADV_DONTNEED)


def embed(
    model: Any,
    items: Items,
    folder: Path,
    key: str,
    *,
    views: int = 0,
    draw: DrawViews | None = None,
    advance: Advance | None = None,
    shipped: Path | None = None,
) -> Features:
    """Embeds pictures and their views, taking from the cache what is there; memory stays flat.

    Args:
        model: float32 [batch, 224, 224, 3] in [-1, 1] to float32 [batch, width].
        items: the pictures.
        folder: where the cache is.
        key: a file name that stands for the model and for how views are drawn.
        views: how many of each picture.
        draw: makes them.
        advance: is told about progress.
        shipped: another folder of such files, which is only read; SHIPPED by default.

    Raises:
        TrainingError: the cache cannot be written.
        KeyboardInterrupt: it was interrupted; what was computed is kept.
    """
    width = int(model.output.shape[-1])
    key = f"{key}-v{VERSION}"
    folders = (shipped or SHIPPED, folder)
    stored = _stored(folders, key, width)
    # Identical files are computed once.
    missing = [
        number
        for content, number in {content: at for at, content in enumerate(items.contents)}.items()
        if any((content, view) not in stored.places for view in range(views + 1))
    ]
    problems: dict[int, DataError] = {}
    if missing:
        unreadable = _compute(model, items, missing, folder / _new_name(key), views, draw, advance)
        problems = {at: unreadable[it] for at, it in enumerate(items.contents) if it in unreadable}
        stored = _stored(folders, key, width)
    places = np.full((len(items), views + 1, 2), -1, np.int64)
    for number, content in enumerate(items.contents):
        if number not in problems:
            places[number] = [stored.places[content, view] for view in range(views + 1)]
    return _held(Features(width, stored.files, places[:, :, 0], places[:, :, 1], problems))


@dataclass(frozen=True)
class _Stored:
    files: tuple[npt.NDArray[np.float16], ...]
    places: dict[tuple[str, int], tuple[int, int]]
    """(content, view) to (file, row)."""


def _stored(folders: Sequence[Path], key: str, width: int) -> _Stored:
    """Opens all files of a key; a last row that a kill cut off and damaged files do not count."""
    files: list[npt.NDArray[np.float16]] = []
    places: dict[tuple[str, int], tuple[int, int]] = {}
    for names in (path for folder in folders for path in sorted(folder.glob(f"{key}-*.names"))):
        rows = names.with_suffix(".rows")
        try:
            count = rows.stat().st_size // (2 * width)
            lines = names.read_text(encoding="utf-8").split("\n")[:-1][:count]
            if not lines:
                continue
            named = [(content, int(view)) for content, _, view in (line.rpartition(" ") for line in lines)]
            files.append(np.memmap(rows, np.float16, "r", shape=(len(lines), width)))
        except (OSError, ValueError):
            continue
        places.update((name, (len(files) - 1, row)) for row, name in enumerate(named))
    return _Stored(tuple(files), places)


def _new_name(key: str) -> str:
    return f"{key}-{os.getpid()}-{time.time_ns()}"


def _compute(
    model: Any,
    items: Items,
    missing: Sequence[int],
    path: Path,
    views: int,
    draw: DrawViews | None,
    advance: Advance | None,
) -> dict[str, DataError]:
    """Appends the missing rows to a new file; gives what could not be read, by content."""
    run = _compiled(model)
    problems: dict[str, DataError] = {}
    waiting_names: list[str] = []
    waiting: list[Floats] = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".rows").open("wb") as rows, path.with_suffix(".names").open("wb") as names:

            def write(count: int) -> None:
                outputs = run(tf.constant(np.stack(waiting[:count]))).numpy()
                # The names last: a row counts only once it has one.
                rows.write(outputs.astype(np.float16).tobytes())
                rows.flush()
                names.write("".join(waiting_names[:count]).encode())
                names.flush()
                del waiting[:count], waiting_names[:count]

            read = ahead(lambda number: _inputs(items, number, views, draw), missing)
            for done, (number, inputs) in enumerate(zip(missing, read, strict=True), start=1):
                content = items.contents[number]
                if isinstance(inputs, DataError):
                    problems[content] = inputs
                else:
                    waiting += inputs
                    waiting_names += [f"{content} {view}\n" for view in range(views + 1)]
                while len(waiting) >= AT_ONCE:
                    write(AT_ONCE)
                if advance is not None:
                    advance(done, len(missing))
            if waiting:
                write(len(waiting))
    except OSError as error:
        raise TrainingError(
            f"What was learned of the pictures cannot be kept in {path.parent}: {error.strerror or error}.",
            fix="Make room on the disk, then run the same again: what was computed is kept.",
        ) from error
    return problems


def _inputs(items: Items, number: int, views: int, draw: DrawViews | None) -> list[Floats] | DataError:
    """What the network is shown of a picture: itself and its views, each float32 [224, 224, 3]."""
    try:
        frame = items.frame(number)
    except DataError as error:
        return error
    inputs = [to_input(frame)]
    if views and draw is not None:
        drawn = draw.draw(frame, views, _seed(items.contents[number]))
        inputs += list(in_range(drawn))
    return inputs


def _seed(content: str) -> int:
    """Views depend on the picture alone, whatever else is in its folder."""
    return int.from_bytes(content.encode()[-8:].rjust(8, b"\0"), "big")


def _compiled(model: Any) -> Any:
    # One trace serves every batch size.
    signature = [tf.TensorSpec((None, *model.input.shape[1:]), tf.float32)]
    return tf.function(lambda batch: model(batch, training=False), input_signature=signature, autograph=False)
