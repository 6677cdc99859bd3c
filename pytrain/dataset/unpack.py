"""Unpacks a zip of class folders: nothing outside its own folder, nothing larger than it may be."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from pytrain.dataset.class_folders import PICTURE_SUFFIXES, is_hidden
from pytrain.dataset.pictures import STRAY, Problem, shown
from pytrain.errors import DataError

RECORD = ".unpacked.json"
"""In an unpacked folder: that it is whole, and what was left out. Hidden: it is no data."""

MAX_FILE_BYTES = 500_000_000
"""A photo of 100 megapixels without compression has 300 MB."""

MAX_FILES = 2_000_000

MAX_RATIO = 200
"""Pictures hardly shrink in a zip; what grows more than this many times is a bomb, unless it is small."""

SMALL = 1_000_000_000
SPARE = 200_000_000
"""Bytes that must stay free on the disk."""

WINDOWS = os.name == "nt"
NEVER_ON_WINDOWS = re.compile(r'[<>:"|?*\x00-\x1f]')
"""What no name may hold there; what stands behind a colon would become a hidden part of another file.
https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file"""

UTF8_FLAG = 0x800
ENCRYPTED_FLAG = 0x1
UNICODE_PATH = 0x7075
"""Extra field with the name in UTF-8, by Info-ZIP's and PKWARE's application note, section 4.6.9."""

OLD_ENCODINGS = ("cp437", "cp866", "cp932", "gbk", "euc_kr")
"""What zips without Unicode names were written in: DOS, Cyrillic DOS, Japanese, Chinese, Korean Windows."""

BAD_ENTRY = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)

JAPANESE = frozenset({"CJK", "HIRAGANA", "KATAKANA"})
"""How the names of Unicode's characters begin that Japanese mixes; other languages keep to one script."""


def unpacked(source: Path, work: Path) -> tuple[Path, list[Problem]]:
    """Unpacks an archive once; the same bytes are found again by their hash.

    Args:
        source: the zip file.
        work: where the folder `unpacked/<name>-<hash>` goes.

    Returns:
        (the folder that holds the class folders, entries that were left out)

    Raises:
        DataError: the archive is damaged, protected, a bomb, or larger than the disk.
    """
    target = work / "unpacked" / f"{source.stem}-{_hash(source)[:16]}"
    record = target / RECORD
    if not record.is_file():
        _unpack(source, target)
    try:
        left_out = json.loads(record.read_text(encoding="utf-8"))["left_out"]
    except (OSError, ValueError, KeyError):
        shutil.rmtree(target, ignore_errors=True)
        return unpacked(source, work)
    problems = [Problem(source / name, why, STRAY) for name, why in left_out]
    return _inner(target), problems


def _unpack(source: Path, target: Path) -> None:
    staging = target.with_name(f"{target.name}.{os.getpid()}.part")
    shutil.rmtree(staging, ignore_errors=True)
    try:
        with zipfile.ZipFile(source) as archive:
            entries = _wanted(source, archive)
            staging.mkdir(parents=True)
            _check_room(source, entries, staging)
            left_out = list(_extract(archive, entries, staging))
        record = json.dumps({"left_out": left_out}, indent=1)
        (staging / RECORD).write_text(record, encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        staging.rename(target)
    except (zipfile.BadZipFile, EOFError) as error:
        raise DataError(
            f"{shown(source)} is not a whole zip file: {error}.",
            fix="Download or pack it again; it may have been cut off.",
        ) from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _wanted(source: Path, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files of an archive, without the system's own."""
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if entries and all(entry.flag_bits & ENCRYPTED_FLAG for entry in entries):
        raise DataError(
            f"{shown(source)} is protected by a password.", fix="Pack the folder again without one."
        )
    return [
        entry
        for entry in entries
        if not any(is_hidden(part) for part in _parts(entry.filename) if part != "..")
    ]


def _check_room(source: Path, entries: Sequence[zipfile.ZipInfo], folder: Path) -> None:
    total = sum(entry.file_size for entry in entries)
    packed = source.stat().st_size
    if len(entries) > MAX_FILES or (total > SMALL and total > MAX_RATIO * packed):
        raise DataError(
            f"{shown(source)} has {packed:,} bytes and would unpack to {total:,} in {len(entries):,} files.",
            expected=f"an archive of pictures: at most {MAX_RATIO} times its size, {MAX_FILES:,} files",
            fix="Check where it came from; this looks like a decompression bomb.",
        )
    free = shutil.disk_usage(folder).free
    if total + SPARE > free:
        raise DataError(
            f"{shown(source)} unpacks to {total:,} bytes, and {free:,} are free on the disk of {folder}.",
            fix="Free some space, or unpack it elsewhere and give that folder.",
        )


def _extract(
    archive: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo], folder: Path
) -> Iterator[tuple[str, str]]:
    """Writes what is safe; gives (name, why) of what is not."""
    encoding = _encoding(entries)
    written: set[str] = set()
    for entry in entries:
        name = _name(entry, encoding)
        parts = [_allowed(part) for part in _parts(name)] if WINDOWS else _parts(name)
        key = unicodedata.normalize("NFC", "/".join(parts)).casefold()
        if why := _unsafe(entry, name, parts) or ("stands there twice" if key in written else ""):
            yield name, why
            continue
        written.add(key)
        try:
            path = folder.joinpath(*parts)
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry) as stream, path.open("xb") as file:
                whole = _copy(stream, file)
            if not whole:
                path.unlink()
                yield name, f"unpacks to more than {MAX_FILE_BYTES:,} bytes"
        except BAD_ENTRY as error:
            path.unlink(missing_ok=True)
            yield name, f"cannot be unpacked: {error}"
        except (FileExistsError, NotADirectoryError):
            yield name, "has the name of a folder that is in the archive too"


def _copy(stream: IO[bytes], file: IO[bytes]) -> bool:
    """Copies at most MAX_FILE_BYTES, whatever the archive's headers say; False if there was more."""
    left = MAX_FILE_BYTES
    while left >= 0 and (block := stream.read(1 << 20)):
        file.write(block)
        left -= len(block)
    return left >= 0


def _unsafe(entry: zipfile.ZipInfo, name: str, parts: Sequence[str]) -> str:
    if ".." in parts or name.startswith(("/", "\\")) or name[1:3] in (":\\", ":/"):
        return "points outside the archive"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link"
    if entry.flag_bits & ENCRYPTED_FLAG:
        return "is protected by a password"
    if entry.file_size > MAX_FILE_BYTES:
        return f"unpacks to more than {MAX_FILE_BYTES:,} bytes"
    if any(len(os.fsencode(part)) > 255 for part in parts):
        return "has a name that is too long"
    return ""


def _parts(name: str) -> tuple[str, ...]:
    return PurePosixPath(name.replace("\\", "/").replace("\0", "")).parts


def _allowed(part: str) -> str:
    """A name as Windows takes it; ".." is left, to be refused."""
    return part if part == ".." else NEVER_ON_WINDOWS.sub("_", part).rstrip(". ") or "_"


def _name(entry: zipfile.ZipInfo, encoding: str) -> str:
    """An entry's name in Unicode; zips of old hold bytes in an encoding that they do not name."""
    if entry.flag_bits & UTF8_FLAG:
        return entry.filename
    return _unicode_path(entry.extra) or _raw(entry).decode(encoding, "replace")


def _unicode_path(extra: bytes) -> str:
    while len(extra) >= 4:
        kind, size = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        if kind == UNICODE_PATH and size > 5:
            return extra[9 : 4 + size].decode("utf-8", "replace")
        extra = extra[4 + size :]
    return ""


def _encoding(entries: Sequence[zipfile.ZipInfo]) -> str:
    """What names without Unicode are written in: UTF-8 if they can be, or the first that gives letters."""
    raw = b"\n".join(_raw(entry) for entry in entries if not entry.flag_bits & UTF8_FLAG)
    for encoding in ("utf-8", *OLD_ENCODINGS):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        strange = [character for character in text if ord(character) > 127]
        scripts = {unicodedata.name(character, "?").replace("-", " ").split()[0] for character in strange}
        letters = all(unicodedata.category(character)[0] in "LM" for character in strange)
        if encoding == "utf-8" or (letters and (len(scripts) <= 1 or scripts <= JAPANESE)):
            return encoding
    return "cp437"


def _raw(entry: zipfile.ZipInfo) -> bytes:
    """The name's bytes; zipfile reads those without the Unicode flag as cp437."""
    return entry.orig_filename.encode("cp437", "replace") if not entry.flag_bits & UTF8_FLAG else b""


def _inner(folder: Path) -> Path:
    """The folder with the class folders: the archive's own root, or a single one that holds them all."""
    while True:
        entries = [entry for entry in folder.iterdir() if not is_hidden(entry.name)]
        folders = [entry for entry in entries if entry.is_dir()]
        pictures = [entry for entry in entries if entry.suffix.lower() in PICTURE_SUFFIXES]
        if len(folders) != 1 or pictures:
            return folder
        if not any(entry.is_dir() and not is_hidden(entry.name) for entry in folders[0].iterdir()):
            return folder
        folder = folders[0]


def _hash(source: Path) -> str:
    with source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
