"""Small data sets in the form of the catalogue's, for the tests of the course."""

from __future__ import annotations

import gzip
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from pytrain.dataset.catalogue import CATALOGUE, Collection, Part, stored
from pytrain.dataset.catalogue.cifar import CIFAR_PYTHON
from pytrain.dataset.catalogue.idx import IDX_PARTS


def toys(name: str, training: int, test: int) -> Collection:
    """A bar of each class at another place, on noise; the classes take turns."""
    entry = CATALOGUE[name]
    draw = np.random.default_rng(5)

    def part(count: int) -> Part:
        truth = np.arange(count) % len(entry.labels)
        images = draw.integers(0, 90, (count, entry.side, entry.side, entry.channels), np.uint8)
        for image, number in zip(images, truth.tolist(), strict=True):
            image[2 * number + 3 : 2 * number + 6, 6:22] = draw.integers(150, 256)
        return Part(images, truth.astype(np.int64))

    return Collection(name, entry.labels, part(training), part(test), "made for the tests", None)


def keep(found: Collection, data: Path) -> None:
    """Puts a data set where `pytrain data fetch` would."""
    file = stored(found.name, data)
    file.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {
        "told": np.array(json.dumps({"source": found.source, "published": found.published}))
    }
    for name, part in (("training", found.training), ("test", found.test)):
        arrays |= {f"{name}_images": part.images, f"{name}_truth": part.truth}
    np.savez(file, **arrays)


def publish(found: Collection, folder: Path) -> None:
    """Writes a data set as it is published: packed IDX files if it is grey, else CIFAR's python batches."""
    folder.mkdir(parents=True)
    parts = (found.training, found.test)
    if found.training.images.shape[3] == 1:
        for names, part in zip(IDX_PARTS, parts, strict=True):
            for name, array in zip(names, (part.images[..., 0], part.truth), strict=True):
                (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
        return
    for names, part in zip(CIFAR_PYTHON, parts, strict=True):
        for number, name in enumerate(names):
            mine = slice(number, None, len(names))
            content = {b"data": planes(part.images[mine]), b"labels": part.truth[mine].tolist()}
            (folder / name).write_bytes(pickle.dumps(content, 2))


def idx(array: np.ndarray) -> bytes:
    """An IDX file of whole numbers from 0 to 255."""
    head = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return head + array.astype(np.uint8).tobytes()


def planes(images: np.ndarray) -> np.ndarray:
    """[n, 32, 32, 3] as CIFAR has them: [n, 3072], all of red, then green, then blue."""
    return images.transpose(0, 3, 1, 2).reshape(len(images), -1)
