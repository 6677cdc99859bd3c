"""The names of a model's classes: read from a file or a list, and held against the model."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from pytrain.errors import ExportError


def parse_labels(text: str) -> list[str]:
    """What `--labels` takes: names with commas between, or a file with one a line.

    Raises:
        ExportError: the file is missing or no text, or a name is empty.
    """
    try:
        if Path(text).is_file():
            return read_labels(Path(text))
    except (OSError, ValueError):
        pass  # Too long for a path, so it is a list.
    if "," not in text and (text.endswith((".txt", ".csv", ".names")) or "/" in text or "\\" in text):
        raise ExportError(
            f"There is no file of labels at {text}.",
            expected="a text file, one label a line",
            fix="Check the path.",
        )
    return [name.strip() for name in text.split(",")]


def read_labels(path: Path) -> list[str]:
    """Class names from a file, one a line; blank lines do not count.

    Teachable Machine writes "0 cat", "1 dog": numbers that count the lines are not a part of the names.

    Raises:
        ExportError: it cannot be read, is no text, or holds none.
    """
    try:
        # "utf-8-sig" takes the mark off that Windows editors put first.
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except UnicodeDecodeError:
        raise ExportError(
            f"{path} is no text file.", expected="UTF-8 text, one label a line", fix="Save it as UTF-8."
        ) from None
    except OSError as error:
        raise ExportError(
            f"The labels at {path} cannot be read: {error.strerror}.",
            expected="a text file, one label a line",
            fix="Check the path.",
        ) from None
    names = [line for line in lines if line]
    if not names:
        raise ExportError(f"{path} holds no labels.", expected="one label a line", fix="Write them into it.")
    numbered = [re.fullmatch(r"(\d+)\s+(\S.*)", name) for name in names]
    if all(match and int(match[1]) == number for number, match in enumerate(numbered)):
        return [match[2] for match in numbered if match]
    return names


def check_labels(labels: Sequence[str] | Path, classes: int) -> list[str]:
    """The labels as a list, if they can name a model's classes.

    Raises:
        ExportError: no list, too many, too few, empty, or one twice.
    """
    if isinstance(labels, str):
        labels = parse_labels(labels)
    elif isinstance(labels, Path):
        labels = read_labels(labels)
    # A set has no order.
    if isinstance(labels, bytes | set | frozenset) or not isinstance(labels, Iterable):
        raise ExportError(
            f"The labels came as {labels!r} ({type(labels).__name__}).",
            expected="a list of names, 'a,b,c', or the path of a file, one a line",
            fix="Give labels=['a', 'b', 'c'].",
        )
    # As data sets have them: a Mac writes "é" as two characters, which would be another label.
    names = [unicodedata.normalize("NFC", str(label).strip()) for label in labels]
    if not all(names):
        number = names.index("")
        raise ExportError(
            f"Label number {number + 1} is empty.", fix="Give every class a name; look for a comma too many."
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ExportError(f"The label {twice[0]!r} came twice.", fix="Give every class a name of its own.")
    if len(names) != classes:
        few = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
        raise ExportError(
            f"{len(names)} labels came: {few}." if len(names) != 1 else f"1 label came: {few}.",
            expected=f"{classes}, one for each output of the model",
            fix="Give the labels in the order of the classes in training.",
        )
    return names


SHOWN = 10
"""Labels that an error names before it stops."""
