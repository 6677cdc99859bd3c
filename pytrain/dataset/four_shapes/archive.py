"""Loads the real "four shapes" data set from Kaggle, as a zip file or unpacked.

https://www.kaggle.com/datasets/smeschke/four-shapes holds `shapes/circle/0.png` and so on, 200x200 pixels.
"""

from __future__ import annotations

import io
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pytrain.dataset.four_shapes.generator import MANIFEST, staging_folder, swap, write_manifest
from pytrain.dataset.four_shapes.outlines import LABELS
from pytrain.dataset.image_folder import Problem
from pytrain.errors import DataError
from pytrain.image import read_image

GENERATOR = "pytrain four-shapes archive"
NAME = "four-shapes-kaggle"
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"})

MAX_FILE_BYTES = 20_000_000
"""A picture of 200x200 has far fewer; more than this is a mistake or a bomb."""

MAX_FILES = 200_000
MAX_TOTAL_BYTES = 4_000_000_000


@dataclass(frozen=True)
class Loaded:
    """What came out of an archive.

    Attributes:
        folder: the data set, one folder per label.
        counts: pictures per label.
        problems: files that were left out, by their name in the archive, and why.
    """

    folder: Path
    counts: dict[str, int]
    problems: tuple[Problem, ...]


def load_archive(source: Path, out: Path) -> Loaded:
    """Copies every good picture of the four classes to `out/four-shapes-kaggle/<label>/`.

    Every file is decoded to its last byte. Names inside the archive only choose the label: nothing is ever
    written outside of `out`. An earlier result is replaced when the new one is whole.

    Args:
        source: the zip file, or the folder that it unpacks to; names above the classes do not matter.
        out: the folder for data sets.

    Raises:
        DataError: the archive is missing, damaged, or lacks one of the four classes; or the disk is full.
    """
    source, target = Path(source), Path(out) / NAME
    staging = staging_folder(target)
    try:
        _refuse_foreign(target)
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        counts, problems = _copy(source, staging)
        empty = [label for label in LABELS if not counts[label]]
        if empty:
            first = f" ({problems[0].path}: {problems[0].why})" if problems else ""
            raise DataError(
                f"{source} has no readable picture of: {', '.join(empty)}{first}.",
                expected="the folders circle, square, star and triangle with pictures in each",
                fix="Download the archive again: kaggle.com/datasets/smeschke/four-shapes",
            )
        manifest = {
            "schema": 1,
            "name": NAME,
            "generator": GENERATOR,
            "version": 1,
            "seed": None,
            "counts": counts,
        }
        write_manifest(staging, manifest)
        swap(staging, target)
    except OSError as error:
        raise DataError(
            f"{source} could not be loaded into {target}: {error.strerror or error}.",
            fix="Check the path, the permissions and the disk's free space.",
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return Loaded(target, counts, tuple(problems))


def _copy(source: Path, staging: Path) -> tuple[dict[str, int], list[Problem]]:
    counts = dict.fromkeys(LABELS, 0)
    problems: list[Problem] = []
    for label in LABELS:
        (staging / label).mkdir()
    for name, label, content in _files(source):
        if isinstance(content, str):
            problems.append(Problem(name, content))
            continue
        try:
            read_image(io.BytesIO(content))
        except DataError as error:
            problems.append(Problem(name, error.what.replace("the picture", "it", 1)))
            continue
        (staging / label / f"{counts[label]:04d}{name.suffix.lower()}").write_bytes(content)
        counts[label] += 1
    return counts, problems


def _files(source: Path) -> Iterator[tuple[Path, str, bytes | str]]:
    """(name, label, bytes or what is wrong) of every file in a class folder, in a fixed order."""
    if source.is_dir():
        yield from _folder_files(source)
    elif source.is_file():
        yield from _zip_files(source)
    else:
        raise DataError(
            f"There is no file or folder {source}.",
            expected="the four-shapes archive from Kaggle, zipped or unpacked",
            fix="Check the path.",
        )


def _folder_files(source: Path) -> Iterator[tuple[Path, str, bytes | str]]:
    for path in sorted(source.rglob("*"), key=_natural):
        name = path.relative_to(source)
        label = _label(PurePosixPath(name.as_posix()))
        if label is None or path.is_symlink() or not path.is_file():
            continue
        size = path.stat().st_size
        yield path, label, path.read_bytes() if size <= MAX_FILE_BYTES else f"is too large ({size:,} bytes)"


def _zip_files(source: Path) -> Iterator[tuple[Path, str, bytes | str]]:
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, EOFError) as error:
        raise DataError(
            f"{source} is not a whole zip file: {error}.", fix="Download it again; it may have been cut off."
        ) from None
    with archive:
        entries = sorted(archive.infolist(), key=lambda entry: _natural(Path(entry.filename)))
        total = sum(entry.file_size for entry in entries)
        if len(entries) > MAX_FILES or total > MAX_TOTAL_BYTES:
            raise DataError(
                f"{source} would unpack to {len(entries):,} files of {total:,} bytes.",
                expected=f"at most {MAX_FILES:,} files and {MAX_TOTAL_BYTES:,} bytes",
                fix="Check that this is the four-shapes archive.",
            )
        for entry in entries:
            label = None if entry.is_dir() else _label(PurePosixPath(entry.filename))
            if label is not None:
                yield Path(entry.filename), label, _unpacked(archive, entry)


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes | str:
    """One entry's bytes, never more than the limit whatever its header says."""
    try:
        with archive.open(entry) as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        return f"cannot be unpacked: {error}"
    return content if len(content) <= MAX_FILE_BYTES else f"unpacks to more than {MAX_FILE_BYTES:,} bytes"


def _label(name: PurePosixPath) -> str | None:
    """The class of a picture named `.../<label>/<file>`; None for anything else."""
    if name.suffix.lower() not in IMAGE_SUFFIXES or name.name.startswith(".") or "__MACOSX" in name.parts:
        return None
    parent = name.parent.name.lower()
    return parent if parent in LABELS else None


def _natural(path: Path) -> tuple[str, int, str]:
    """Orders 2.png before 10.png."""
    stem = path.stem
    return path.parent.as_posix(), int(stem) if stem.isascii() and stem.isdigit() else -1, path.name


def _refuse_foreign(target: Path) -> None:
    if target.is_dir() and any(target.iterdir()) and not (target / MANIFEST).is_file():
        raise DataError(
            f"{target} holds files that pytrain did not write.",
            expected="a new folder, an empty one, or one loaded before",
            fix="Move it away or choose another folder with --data.",
        )
