"""Reads IDX files, the format of MNIST and Fashion-MNIST (described at https://yann.lecun.org/exdb/mnist/)."""

from __future__ import annotations

import gzip
import zlib
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.errors import DataError

BYTES = 0x08
"""The type code of unsigned bytes, the only one that these data sets use."""

IDX_PARTS = (
    ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
)
"""The files of training and test, unpacked: pictures and labels."""

GZIP = b"\x1f\x8b"
MOST_BYTES = 1_000_000_000
"""Unpacked; the largest file known, all of QMNIST's training, has a tenth of it."""


def read_idx(path: Path, dimensions: int) -> npt.NDArray[np.uint8]:
    """Reads one file, packed with gzip or not.

    Args:
        path: the file.
        dimensions: 3 for images [n, height, width], 1 for labels [n].

    Raises:
        DataError: it is no IDX file, has other dimensions, or is not whole.
    """
    content = _content(path)
    if len(content) < 4 or content[:2] != b"\0\0" or content[3] not in range(1, 5):
        begin = content[:4].hex(" ") or "nothing"
        raise DataError(
            f"{path} is no IDX file: it begins with {begin}.",
            expected=f"00 00 08 {dimensions:02x}: unsigned bytes in {dimensions} dimensions",
            fix="Download it again; a page that says it is not there may have been saved in its place.",
        )
    if content[2] != BYTES or content[3] != dimensions:
        raise DataError(
            f"{path} holds type {content[2]:#04x} in {content[3]} dimensions.",
            expected=f"unsigned bytes (0x08) in {dimensions} dimensions",
            fix="Check that images and labels were not mixed up.",
        )
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, 4 + 4 * dimensions, 4))
    wanted, got = prod(shape), len(content) - 4 - 4 * dimensions
    if wanted != got:
        raise DataError(
            f"{path} holds {max(got, 0):,} bytes of values.",
            expected=f"{wanted:,}, for its head says {' x '.join(map(str, shape))}",
            fix="Download it again; it was cut off or has something else behind it.",
        )
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def as_idx(array: npt.NDArray[Any]) -> bytes:
    """What an IDX file of whole numbers from 0 to 255 holds."""
    head = bytes([0, 0, BYTES, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return head + array.astype(np.uint8).tobytes()


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == GZIP
        with gzip.open(path) if packed else path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path} is not a whole gzip file: {error}.",
            expected="an IDX file, packed with gzip or not",
            fix="Download it again; it was cut off.",
        ) from None
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror or error}.", fix="Check its permissions."
        ) from None
    if len(content) > MOST_BYTES:
        raise DataError(f"{path} unpacks to more than {MOST_BYTES:,} bytes.", fix="Download it again.")
    return content
