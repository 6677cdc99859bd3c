"""Reads a folder of images: one folder per label, every file looked at, what is bad named and set aside."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from pytrain.bundle import UNKNOWN as UNKNOWN
from pytrain.errors import DataError
from pytrain.image import BROKEN, read_image

LEAST_CLASSES = 2
SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini", "dataset.json"})
"""Left by file managers and by ourselves; passed over without a word, as are names that begin with a dot."""


@dataclass(frozen=True)
class Picture:
    """One image file.

    Attributes:
        path: where it is.
        label: the name of its folder.
        digest: sha256 of its bytes, hexadecimal.
    """

    path: Path
    label: str
    digest: str


@dataclass(frozen=True)
class Problem:
    """A file that was set aside, and why in plain words."""

    path: Path
    why: str


@dataclass(frozen=True)
class ImageFolder:
    """A data set on disk.

    Attributes:
        name: of the folder.
        root: the folder.
        labels: the classes, without the reserved `unknown`.
        pictures: all readable ones, those of `unknown` too, sorted by label and name.
        problems: the files that were set aside.
        fingerprint: sha256 over labels and contents; changes with any picture and not with its name.
    """

    name: str
    root: Path
    labels: tuple[str, ...]
    pictures: tuple[Picture, ...]
    problems: tuple[Problem, ...]
    fingerprint: str

    def counts(self) -> dict[str, int]:
        """Readable pictures per label, `unknown` included where there is one."""
        counts = dict.fromkeys(self.labels, 0)
        for picture in self.pictures:
            counts[picture.label] = counts.get(picture.label, 0) + 1
        return counts


def scan(root: Path, labels: Sequence[str] | None = None) -> ImageFolder:
    """Lists a data set, reads every file's bytes and checks that each begins like an image.

    Args:
        root: holds one folder per class, and one named `unknown` if wanted.
        labels: the classes in the order wanted; by default all folders, sorted.

    Raises:
        DataError: no such folder, no or a single class, a class without a readable picture.
    """
    root = Path(root)
    found = _label_folders(root)
    classes = tuple(labels) if labels is not None else tuple(label for label in found if label != UNKNOWN)
    _check_classes(root, classes, found)
    wanted = sorted({*classes, *({UNKNOWN} & set(found))})
    files = [(label, file) for label in wanted for file in _files(root / label)]
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda entry: _looked_at(*entry), files))
    readable = [result for result in results if isinstance(result, Picture)]
    pictures, contradictions = _one_label_each(readable)
    problems = (*(result for result in results if isinstance(result, Problem)), *contradictions)
    _check_none_empty(root, classes, pictures, problems)
    return ImageFolder(
        root.resolve().name, root, classes, pictures, problems, _fingerprint(classes, pictures)
    )


def check(folder: ImageFolder) -> tuple[Problem, ...]:
    """Decodes every picture to its last byte; gives those that fail, in order.

    A file cut off on its way looks whole to `scan`, which reads its header only.
    """
    with ThreadPoolExecutor() as pool:
        found = pool.map(_decoded, folder.pictures)
        return tuple(problem for problem in found if problem is not None)


def without(folder: ImageFolder, problems: Sequence[Problem]) -> ImageFolder:
    """The same data set with more files set aside.

    Raises:
        DataError: a class has no picture left.
    """
    bad = {problem.path for problem in problems}
    pictures = tuple(picture for picture in folder.pictures if picture.path not in bad)
    everything = (*folder.problems, *problems)
    _check_none_empty(folder.root, folder.labels, pictures, everything)
    fingerprint = _fingerprint(folder.labels, pictures)
    return ImageFolder(folder.name, folder.root, folder.labels, pictures, everything, fingerprint)


def _label_folders(root: Path) -> list[str]:
    layout = "one folder for each class with its pictures inside, such as cats/0001.jpg and dogs/0001.jpg"
    if not root.exists():
        raise DataError(
            f"There is no folder {root}.",
            expected=layout,
            fix="Check the path, or draw the four shapes with: pytrain data four-shapes",
        )
    if not root.is_dir():
        raise DataError(
            f"{root} is a file.", expected=layout, fix="Give the folder that holds the class folders."
        )
    try:
        folders = sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not _is_hidden(entry))
    except OSError as error:
        raise DataError(
            f"{root} cannot be read: {error.strerror or error}.", fix="Check its permissions."
        ) from None
    if not folders:
        raise DataError(
            f"{root} holds no class folders.",
            expected=layout,
            fix="Sort the pictures into one folder per class; the folder's name is the label.",
        )
    return folders


def _check_classes(root: Path, classes: tuple[str, ...], found: list[str]) -> None:
    for label in classes:
        if label == UNKNOWN:
            raise DataError(
                f"The label {UNKNOWN!r} is reserved for pictures of none of the classes.",
                fix="Leave it out of the labels; its folder is used by itself.",
            )
        if label not in found:
            raise DataError(
                f"{root} holds no folder {label!r}.",
                expected=f"one of: {', '.join(found)}",
                fix="Check the labels.",
            )
    if len(classes) < LEAST_CLASSES:
        have = f"only the class {classes[0]!r}" if classes else f"only the reserved folder {UNKNOWN!r}"
        raise DataError(
            f"{root} holds {have}.",
            expected="at least two classes, for a classifier chooses between them",
            fix="Add a folder with pictures of something else.",
        )


def _check_none_empty(
    root: Path, classes: Sequence[str], pictures: Sequence[Picture], problems: Sequence[Problem]
) -> None:
    filled = {picture.label for picture in pictures}
    for label in classes:
        if label in filled:
            continue
        bad = [problem for problem in problems if problem.path.parent.name == label]
        reason = f"; {len(bad)} unreadable, such as {bad[0].path.name}: {bad[0].why}" if bad else ""
        raise DataError(
            f"The class {label!r} in {root} has no readable picture{reason}.",
            expected="PNG, JPEG, WebP, GIF, BMP or TIFF files",
            fix=f"Put pictures into {root / label} or delete that folder.",
        )


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if not _is_hidden(entry))
    except OSError as error:
        raise DataError(
            f"{folder} cannot be read: {error.strerror or error}.", fix="Check its permissions."
        ) from None


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower() in SYSTEM_FILES


def _looked_at(label: str, path: Path) -> Picture | Problem:
    if path.is_dir():
        return Problem(path, "is a folder; pictures must lie directly in their class's folder")
    try:
        content = path.read_bytes()
        if not content:
            return Problem(path, "is empty (0 bytes)")
        with warnings.catch_warnings():
            # Pillow warns of very large pictures; read_image refuses those with a clear word of its own.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path):
                pass
    except UnidentifiedImageError:
        return Problem(path, "is not a picture that can be read")
    except BROKEN as error:
        return Problem(path, f"cannot be read: {error}")
    return Picture(path, label, hashlib.sha256(content).hexdigest())


def _one_label_each(pictures: Sequence[Picture]) -> tuple[tuple[Picture, ...], tuple[Problem, ...]]:
    """Sets aside a picture whose very bytes stand under another label too: one of the two is wrong."""
    first: dict[str, Picture] = {}
    problems: list[Problem] = []
    for picture in pictures:
        other = first.setdefault(picture.digest, picture)
        if other.label != picture.label:
            why = (
                f"is the same picture as {other.label}/{other.path.name}; delete the one with the wrong label"
            )
            problems.append(Problem(picture.path, why))
    bad = {problem.path for problem in problems}
    return tuple(picture for picture in pictures if picture.path not in bad), tuple(problems)


def _decoded(picture: Picture) -> Problem | None:
    try:
        read_image(picture.path)
    except DataError as error:
        return Problem(picture.path, error.what)
    return None


def _fingerprint(labels: Sequence[str], pictures: Sequence[Picture]) -> str:
    lines = sorted(f"{picture.label}/{picture.digest}" for picture in pictures)
    return hashlib.sha256("\n".join([*labels, "", *lines]).encode()).hexdigest()
