"""Reads CIFAR-10's batches, python and binary: https://www.cs.toronto.edu/~kriz/cifar.html."""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from pathlib import Path
from reprlib import repr as shortened
from statistics import mode
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.errors import DataError

SIDE = 32
PIXELS = 3 * SIDE * SIDE
CLASSES = 10

PUBLISHED = 10_000
"""Pictures in each published batch."""

CIFAR_PYTHON = (tuple(f"data_batch_{number}" for number in range(1, 6)), ("test_batch",))
CIFAR_BINARY = tuple(tuple(f"{file}.bin" for file in part) for part in CIFAR_PYTHON)

NEEDED = {
    ("_codecs", "encode"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy._core.multiarray", "_reconstruct"),
}
"""All that a python batch takes from Python's modules; a pickle could ask for anything else, and run it."""

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


def read_batches(files: Sequence[Sequence[Path]], binary: bool) -> list[tuple[Images, Labels]]:
    """All batches of a kind.

    Args:
        files: of the training part, and of the test part.
        binary: the binary kind, not the python one.

    Returns:
        For each part (uint8 [n, 32, 32, 3] RGB, int64 [n] from 0 to 9).

    Raises:
        DataError: a batch is damaged, or holds fewer or more pictures than the others.
    """
    read = read_binary_batch if binary else read_python_batch
    batches = {file: read(file) for part in files for file in part}
    sizes = {file: len(labels) for file, (_, labels) in batches.items()}
    whole = PUBLISHED in sizes.values()
    wanted = PUBLISHED if whole else mode(sizes[file] for file in files[0])
    # Where none has the published size, somebody made them; then the test part may have a size of its own.
    for file in batches if whole else files[0]:
        if sizes[file] != wanted:
            raise DataError(
                f"{file} holds {sizes[file]:,} pictures.",
                f"{wanted:,}, as the other batches hold; of the published ones each holds {PUBLISHED:,}",
                _AGAIN,
            )
    return [
        (
            np.concatenate([batches[file][0] for file in part]),
            np.concatenate([batches[file][1] for file in part]),
        )
        for part in files
    ]


def read_python_batch(path: Path) -> tuple[Images, Labels]:
    """One pickled batch.

    Returns:
        (uint8 [n, 32, 32, 3] RGB, int64 [n] from 0 to 9)

    Raises:
        DataError: it is no such batch, not whole, or asks for other code than NumPy's.
    """
    try:
        content = _Reader(path).load()
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{path} cannot be read: {error}.", "a python batch of CIFAR-10", _AGAIN) from None
    data = content.get(b"data") if isinstance(content, dict) else None
    labels = content.get(b"labels") if isinstance(content, dict) else None
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or not isinstance(labels, list):
        raise DataError(f"{path} holds no `data` and `labels`.", "a python batch of CIFAR-10", _AGAIN)
    if data.ndim != 2 or data.shape[1] != PIXELS or len(data) != len(labels):
        raise DataError(
            f"{path} holds data {' x '.join(map(str, data.shape))} and {len(labels)} labels.",
            f"n x {PIXELS:,} and n labels",
            _AGAIN,
        )
    return _images(data), _checked(path, labels)


def read_binary_batch(path: Path) -> tuple[Images, Labels]:
    """One binary batch: for each picture a byte for its label and 3,072 for its pixels.

    Returns:
        (uint8 [n, 32, 32, 3] RGB, int64 [n] from 0 to 9)

    Raises:
        DataError: its size is none of whole pictures, or a label is out of range.
    """
    content = _read(path)
    if not content or len(content) % (1 + PIXELS):
        raise DataError(
            f"{path} has {len(content):,} bytes.",
            f"a multiple of {1 + PIXELS:,}: a label and {SIDE} x {SIDE} x 3 pixels for each picture",
            _AGAIN,
        )
    rows = np.frombuffer(content, np.uint8).reshape(-1, 1 + PIXELS)
    return _images(rows[:, 1:]), _checked(path, rows[:, 0].tolist())


_AGAIN = "Download it again; it was cut off or is another file."


def _images(rows: npt.NDArray[np.uint8]) -> Images:
    """Planes of red, green and blue to pixels."""
    return np.ascontiguousarray(rows.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1))


def _checked(path: Path, labels: Sequence[Any]) -> Labels:
    for number, label in enumerate(labels):
        if not isinstance(label, int) or not 0 <= label < CLASSES:
            raise DataError(
                f"{path}: picture {number} has the label {shortened(label)}.",
                f"a whole number from 0 to {CLASSES - 1}",
                _AGAIN,
            )
    return np.array(labels, np.int64)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.", fix=_AGAIN) from None


class _Reader(pickle.Unpickler):
    def __init__(self, path: Path) -> None:
        super().__init__(io.BytesIO(_read(path)), encoding="bytes")
        self.path = path

    def find_class(self, module: str, name: str) -> Any:
        # NumPy 1's name, which the published batches have and NumPy 2 warns of.
        module = module.replace("numpy.core.", "numpy._core.")
        if (module, name) not in NEEDED:
            raise DataError(f"{self.path} asks for {module}.{name}.", "arrays and lists alone", _AGAIN)
        return super().find_class(module, name)
