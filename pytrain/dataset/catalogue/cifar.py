"""Reads CIFAR-10's batches, python and binary: https://www.cs.toronto.edu/~kriz/cifar.html."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.errors import DataError

SIDE = 32
PIXELS = 3 * SIDE * SIDE
CLASSES = 10

NEEDED = {
    ("_codecs", "encode"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy._core.multiarray", "_reconstruct"),
}
"""All that a python batch takes from Python's modules; a pickle could ask for anything else, and run it."""

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


def read_python_batch(path: Path) -> tuple[Images, Labels]:
    """One pickled batch.

    Returns:
        (uint8 [n, 32, 32, 3] RGB, int64 [n] from 0 to 9)

    Raises:
        DataError: it is no such batch, not whole, or asks for other code than NumPy's.
    """
    try:
        content = _Reader(io.BytesIO(_read(path)), encoding="bytes").load()
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
    return _images(data), _checked(path, np.array(labels))


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
    return _images(rows[:, 1:]), _checked(path, rows[:, 0])


_AGAIN = "Download it again; it was cut off or is another file."


def _images(rows: npt.NDArray[np.uint8]) -> Images:
    """Planes of red, green and blue to pixels."""
    return np.ascontiguousarray(rows.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1))


def _checked(path: Path, labels: npt.NDArray[Any]) -> Labels:
    odd = np.flatnonzero((labels < 0) | (labels >= CLASSES)) if labels.dtype.kind in "iu" else [0]
    if len(odd):
        raise DataError(
            f"{path}: picture {odd[0]} has the label {labels[odd[0]]!s}.", f"0 to {CLASSES - 1}", _AGAIN
        )
    return labels.astype(np.int64)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.", fix=_AGAIN) from None


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        # NumPy 1's name, which the published batches have and NumPy 2 warns of.
        module = module.replace("numpy.core.", "numpy._core.")
        if (module, name) not in NEEDED:
            raise DataError(f"A batch asks for {module}.{name}.", "arrays and lists alone", _AGAIN)
        return super().find_class(module, name)
