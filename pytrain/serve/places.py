"""Where things go in a data set, and free names there; for all that moves pictures."""

from __future__ import annotations

from pathlib import Path

REMOVED = ".removed"
"""In a data set: what somebody took out. Hidden folders are passed over when it is read."""

HELD_OUT = ".held-out"
"""In a data set: pictures that no training ever sees, for comparing models."""


def free(path: Path) -> Path:
    """The path itself, or with a number where there is such a file already."""
    number, found = 2, path
    while found.exists() or found.is_symlink():
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return found
