"""Reads a list of pictures: a CSV file with the columns path and label."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from pytrain.dataset.class_folders import label_of
from pytrain.dataset.pictures import STRAY, Problem, shown
from pytrain.errors import DataError

COLUMNS = ("path", "label")
LAYOUT = "a first line that names the columns path and label, then a line for each picture"
DELIMITERS = ",;\t"

MAX_BYTES = 500_000_000
"""Millions of lines; a larger file is no list of pictures."""


def read_list(source: Path) -> tuple[list[tuple[str, Path]], list[Problem]]:
    """The pictures that a list names, and the lines that name none.

    Written by spreadsheets or by hand: commas, semicolons or tabs; UTF-8, UTF-16 or Windows' own encoding;
    column names in any case, other columns passed over.

    Returns:
        ((label, path) for each line, problems with the line's number)

    Raises:
        DataError: the file cannot be read, or lacks one of the two columns.
    """
    text = _text(source)
    first = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        missing = [column for column in COLUMNS if column not in names]
        if missing:
            raise DataError(
                f"{shown(source)} has no column {' and no column '.join(missing)}; "
                f"its first line is: {first.strip()[:80]!r}",
                expected=LAYOUT,
                fix="Write path,label into the first line.",
            )
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise DataError(
            f"{shown(source)} cannot be read beyond line {reader.line_num}: {error}.", expected=LAYOUT
        ) from None
    return _entries(source, rows, names.index("path"), names.index("label"))


def _entries(
    source: Path, rows: list[tuple[int, list[str]]], path_at: int, label_at: int
) -> tuple[list[tuple[str, Path]], list[Problem]]:
    entries: dict[tuple[str, Path], int] = {}
    problems: list[Problem] = []
    for line, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        path = row[path_at].strip() if len(row) > path_at else ""
        label = label_of(row[label_at].strip()) if len(row) > label_at else ""
        why = _wrong(path, label)
        entry = (label, _resolved(source.parent, path)) if not why else ("", source)
        if not why and entry in entries:
            why = f"says the same as line {entries[entry]}"
        if why := why or _missing(entry[1], path):
            problems.append(Problem(source, f"line {line} {why}", STRAY))
        else:
            entries[entry] = line
    return list(entries), problems


def _wrong(path: str, label: str) -> str:
    if not path:
        return "has no path"
    if not label:
        return "has no label"
    if path.lower().startswith(("http://", "https://", "data:")):
        return "names a web address; only files on this machine are read"
    if "\0" in path:
        return "has a path with a zero byte"
    return ""


def _resolved(folder: Path, path: str) -> Path:
    """Relative to the list; a path written on Windows is read elsewhere too."""
    there = folder / path
    return folder / path.replace("\\", "/") if "\\" in path and _missing(there, path) else there


def _missing(file: Path, path: str) -> str:
    """Why there is no such file; empty where there is one."""
    try:
        return "" if file.exists() else f"names a file that is not there: {path}"
    except OSError as error:
        return f"names a path that cannot be followed: {path[:80]} … ({error.strerror or error})"


def _text(source: Path) -> str:
    try:
        if source.stat().st_size > MAX_BYTES:
            raise DataError(f"{shown(source)} is too large for a list of pictures.", expected=LAYOUT)
        content = source.read_bytes()
    except OSError as error:
        raise DataError(
            f"{shown(source)} cannot be read: {error.strerror or error}.", fix="Check its permissions."
        ) from None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
