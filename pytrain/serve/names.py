"""What a class, a data set or a model may be called, the same here and in the page (className).

A name is a folder's name on every system, part of an address, and something people read. The cases in
tests/web/fixtures/class-names.json hold both sides to this.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from pytrain.bundle import UNKNOWN

LONGEST = 60
"""Characters (code points). As UTF-8 they fit into the 255 bytes that file systems allow."""

SPACE = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
"""What JavaScript's trim() takes away; Python's strip() takes a little more and a little less."""

BANNED = re.compile(
    r'[/\\:*?"<>|'
    "\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029"
    # Halves of a character, and what turns the direction of all that follows.
    "\\ud800-\\udfff\\u202a-\\u202e\\u2066-\\u2069]"
)

DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(?=\.|$)", re.IGNORECASE)
"""Windows opens a device in place of such a file, whatever comes after a dot."""

PASSED_OVER = frozenset({"thumbs.db", "desktop.ini", "dataset.json", "__macosx"})
"""Folders that training takes for leftovers of the system."""

OUTSIDE = re.compile(f"^[{SPACE}]+|[{SPACE}]+$")
WORN = re.compile(f"^[-.{SPACE}]+|[-.{SPACE}]+$")


@dataclass(frozen=True)
class Named:
    """What became of a text that was to be a name.

    Attributes:
        name: the name, or None where there is a problem.
        problem: why the text is none, in words for people.
        suggestion: the nearest name that would do.
    """

    name: str | None
    problem: str | None = None
    suggestion: str | None = None


def class_name(text: str, taken: Iterable[str] = ()) -> Named:
    """Makes a name of a text: composed Unicode without white space around it.

    Args:
        text: what somebody typed.
        taken: names that are there already; none may differ from another by case alone.
    """
    name = _trimmed(unicodedata.normalize("NFC", text))
    if name.lower() == UNKNOWN:
        name = UNKNOWN
    used = {alike(other): other for other in taken}
    problem = _problem(name, used)
    if problem is None:
        return Named(name)
    return Named(None, problem, _free(_mended(name), used))


def alike(name: str) -> str:
    """The same for two names that some system or some eye takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).lower())


def _problem(name: str, used: dict[str, str]) -> str | None:
    if not name:
        return "A name is needed."
    if len(name) > LONGEST:
        return f"The name is longer than {LONGEST} characters."
    if found := BANNED.search(name):
        if not found[0].isprintable():
            return "The name holds a character that cannot be seen."
        return f"The name holds {found[0]}, which no folder may have in its name."
    if name.startswith("."):
        return "The name begins with a dot, which hides a folder."
    if name.endswith("."):
        return "The name ends with a dot, which Windows drops."
    if DEVICES.match(name) or name.lower() in PASSED_OVER:
        return f"Computers keep the name {name} for themselves."
    if other := used.get(alike(name)):
        return f"There is {other} already."
    return None


def _mended(name: str) -> str:
    """The nearest that could be a name, but for others that are there; empty where nothing is left."""
    name = WORN.sub("", BANNED.sub("-", name)[:LONGEST])
    if DEVICES.match(name) or name.lower() in PASSED_OVER:
        return f"my {name}"
    return name


def _free(name: str, used: dict[str, str]) -> str:
    """The name itself, or with the first number that nobody has."""
    if name and alike(name) not in used:
        return name
    stem, number = (name, 2) if name else ("class", 1)
    while True:
        ending = f" {number}"
        found = f"{_trimmed(stem[: LONGEST - len(ending)])}{ending}"
        if alike(found) not in used:
            return found
        number += 1


def _trimmed(text: str) -> str:
    return OUTSIDE.sub("", text)
