"""Reads a data set: a folder, an archive or a list. Every file is looked at, and what is bad is set aside."""

from __future__ import annotations

import hashlib
import io
import stat
from collections.abc import Sequence
from io import BufferedReader
from pathlib import Path

from pytrain.bundle import UNKNOWN as UNKNOWN
from pytrain.dataset.class_folders import SYSTEM_FILES as SYSTEM_FILES
from pytrain.dataset.class_folders import class_folders, files_of, label_of
from pytrain.dataset.pictures import TWO_LABELS, Progress, gathered, shown
from pytrain.dataset.pictures import ImageFolder as ImageFolder
from pytrain.dataset.pictures import Picture as Picture
from pytrain.dataset.pictures import Problem as Problem
from pytrain.dataset.threads import in_threads
from pytrain.errors import DataError
from pytrain.image import Frame, open_picture, read_image

LEAST_CLASSES = 2

WORK = ".pytrain"
"""The folder beside a data set where archives are unpacked and caches lie."""

BLOCK = 1 << 20
"""Larger files are hashed in pieces of this many bytes."""

LEAVE_ALONE = "Leave the pictures alone meanwhile, then run the same again."


def open_dataset(
    source: Path | str,
    *,
    labels: Sequence[str] | None = None,
    work: Path | None = None,
    progress: Progress | None = None,
    lenient: bool = False,
) -> ImageFolder:
    """Opens a data set, whatever it comes as.

    Args:
        source: a folder of class folders, a .zip of one, or a .csv with the columns path and label; paths are
            relative to the list.
        labels: the classes in the order wanted; by default all, sorted.
        work: where an archive is unpacked to; `.pytrain` beside the source by default.
        progress: told how many of how many files are read.
        lenient: take what can be looked at but not trained on: a single class, classes without pictures.

    Raises:
        DataError: there is no such thing, it holds fewer than two classes, or a class without a picture.
    """
    source = Path(source)
    if source.is_file() and source.suffix.lower() == ".csv":
        from pytrain.dataset.csv_list import read_list

        entries, problems = read_list(source)
        return _indexed(source.stem, source.parent, entries, problems, labels, progress, lenient)
    if source.is_file() and source.suffix.lower() == ".zip":
        from pytrain.dataset.unpack import unpacked

        folder, problems = unpacked(source, work or source.parent / WORK)
        return _scanned(folder, labels, progress, source.stem, problems, lenient)
    if source.is_file():
        raise DataError(
            f"{shown(source)} is a file that holds no data set.",
            expected="a folder of class folders, a .zip of one, or a .csv of path,label",
            fix="Unpack it, or give the folder that holds the class folders.",
        )
    return _scanned(source, labels, progress, source.resolve().name, [], lenient)


def scan(root: Path, labels: Sequence[str] | None = None, progress: Progress | None = None) -> ImageFolder:
    """Lists a folder of class folders, reads every file's bytes and checks that each begins like an image.

    Pictures in folders nested inside a class belong to that class.

    Args:
        root: holds one folder per class, and one named `unknown` if wanted.
        labels: the classes in the order wanted; by default all folders, sorted.
        progress: told how many of how many files are read.

    Raises:
        DataError: no such folder, no or a single class, a class without a readable picture.
    """
    root = Path(root)
    return _scanned(root, labels, progress, root.resolve().name, [])


def check(folder: ImageFolder) -> tuple[Problem, ...]:
    """Decodes every picture to its last byte; gives those that fail, in order.

    A file cut off on its way looks whole to `scan`, which reads its header only.
    """
    found = in_threads(_decoded, folder.pictures)
    return tuple(problem for problem in found if problem is not None)


def read_picture(picture: Picture) -> Frame:
    """A picture as it was when the data set was opened: uint8 [height, width, 3], RGB.

    Raises:
        DataError: the file is gone, cannot be read, or holds something else by now.
    """
    try:
        content = picture.path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{picture.path} cannot be read any more: {error.strerror or error}.", fix=LEAVE_ALONE
        ) from None
    if hashlib.sha256(content).hexdigest() != picture.digest:
        raise DataError(f"{picture.path} was changed since it was looked at.", fix=LEAVE_ALONE)
    file = io.BytesIO(content)
    file.name = str(picture.path)
    return read_image(file)


def without(folder: ImageFolder, problems: Sequence[Problem], lenient: bool = False) -> ImageFolder:
    """The same data set with more files set aside.

    Args:
        lenient: classes may lose their last picture.

    Raises:
        DataError: a class has no picture left.
    """
    bad = {problem.path for problem in problems}
    pictures = [picture for picture in folder.pictures if picture.path not in bad]
    everything = (*folder.problems, *problems)
    return gathered(folder.name, folder.root, folder.labels, pictures, everything, lenient)


def why_not(error: DataError, path: Path) -> str:
    """An error about a file in the words of a Problem, which names the file itself."""
    return error.what.removeprefix(f"{path} ").removesuffix(".")


def _scanned(
    root: Path,
    labels: Sequence[str] | None,
    progress: Progress | None,
    name: str,
    problems: Sequence[Problem],
    lenient: bool = False,
) -> ImageFolder:
    folders, strays = class_folders(root)
    wanted = set(map(label_of, labels)) if labels is not None else set(folders)
    found = {label: files_of(paths, root) for label, paths in folders.items() if label in {*wanted, UNKNOWN}}
    entries = [(label, file) for label, files in found.items() for file in files.files]
    walked = [problem for files in found.values() for problem in files.problems]
    try:
        everything = [*problems, *strays, *walked]
        return _indexed(name, root, entries, everything, labels, progress, lenient, list(folders))
    except DataError as error:
        raise _with_hint(error, root, folders) from None


def _with_hint(error: DataError, root: Path, folders: dict[str, list[Path]]) -> DataError:
    """Where the classes seem to lie one folder further down, the error says so."""
    if len(folders) != 1:
        return error
    (inner,) = next(iter(folders.values()))
    deeper = sorted(entry.name for entry in inner.iterdir() if entry.is_dir())
    if len(deeper) < LEAST_CLASSES:
        return error
    names = f"{shown(deeper[0])} and {shown(deeper[1])}"
    return DataError(error.what, error.expected, f"If {names} are the classes, give {shown(inner)} instead.")


def _indexed(
    name: str,
    root: Path,
    entries: Sequence[tuple[str, Path]],
    problems: Sequence[Problem],
    labels: Sequence[str] | None,
    progress: Progress | None,
    lenient: bool,
    found: Sequence[str] | None = None,
) -> ImageFolder:
    """The data set of these files, each with its label."""
    known = sorted(found if found is not None else {label for label, _ in entries})
    classes = (
        tuple(label_of(label) for label in labels)
        if labels is not None
        else tuple(label for label in known if label != UNKNOWN)
    )
    _check_classes(root, classes, known, 1 if lenient else LEAST_CLASSES)
    files = sorted(entry for entry in entries if entry[0] in {*classes, UNKNOWN})
    results = list(in_threads(_looked_at, files, progress and (lambda done: progress(done, len(files)))))
    readable = [result for result in results if isinstance(result, Picture)]
    pictures, contradictions = _one_label_each(readable)
    bad = [result for result in results if isinstance(result, Problem)]
    return gathered(name, root, classes, pictures, [*problems, *bad, *contradictions], lenient)


def _check_classes(root: Path, classes: tuple[str, ...], found: Sequence[str], least: int) -> None:
    for label in classes:
        if label == UNKNOWN:
            raise DataError(
                f"The label {UNKNOWN!r} is reserved for pictures of none of the classes.",
                fix="Leave it out of the labels; its folder is used by itself.",
            )
        if label not in found:
            raise DataError(
                f"{shown(root)} holds no folder {label!r}.",
                expected=f"one of: {', '.join(found)}",
                fix="Check the labels.",
            )
    if len(classes) < least:
        have = (
            f"only the class {classes[0]!r}"
            if classes
            else f"only the reserved folder {UNKNOWN!r}"
            if found
            else "no picture with a label"
        )
        raise DataError(
            f"{shown(root)} holds {have}.",
            expected="at least two classes, for a classifier chooses between them",
            fix="Add a folder with pictures of something else.",
        )


def _looked_at(entry: tuple[str, Path]) -> Picture | Problem:
    label, path = entry
    try:
        size = _size(path)
        with path.open("rb") as file:
            with open_picture(file):
                pass
            file.seek(0)
            return Picture(path, label, _digest(file, size))
    except FileNotFoundError:
        gone = "is a link that leads nowhere" if path.is_symlink() else "vanished while the folder was read"
        return Problem(path, gone)
    except DataError as error:
        return Problem(path, why_not(error, path))
    except OSError as error:
        return Problem(path, f"cannot be read: {error.strerror or error}")


def _size(path: Path) -> int:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        # A pipe would be waited for without end.
        kind = "folder" if stat.S_ISDIR(found.st_mode) else "device or a pipe"
        raise DataError(f"{path} is a {kind}, not a file.")
    return found.st_size


def _digest(file: BufferedReader, size: int) -> str:
    if size <= BLOCK:
        return hashlib.sha256(file.read()).hexdigest()
    return hashlib.file_digest(file, "sha256").hexdigest()


def _one_label_each(pictures: Sequence[Picture]) -> tuple[list[Picture], list[Problem]]:
    """Sets aside pictures whose very bytes stand under several labels: none of those can be trusted."""
    owners: dict[str, dict[str, Picture]] = {}
    for picture in pictures:
        owners.setdefault(picture.digest, {}).setdefault(picture.label, picture)
    problems = []
    for picture in pictures:
        others = [other for label, other in owners[picture.digest].items() if label != picture.label]
        if others:
            names = " and ".join(f"{other.label}/{shown(other.path.name)}" for other in others)
            why = f"is the same picture as {names}; delete the one with the wrong label"
            problems.append(Problem(picture.path, why, TWO_LABELS, picture.digest))
    return [picture for picture in pictures if len(owners[picture.digest]) == 1], problems


def _decoded(picture: Picture) -> Problem | None:
    try:
        read_image(picture.path)
    except DataError as error:
        return Problem(picture.path, why_not(error, picture.path))
    return None
