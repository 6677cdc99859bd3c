"""Finds data files that come inside installed packages, without importing those packages."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from pytrain.errors import ModelError


def find(package: str, file: str) -> Path | None:
    """Where a package keeps a file; None where the package is not installed or lacks the file.

    Args:
        package: its name as pip knows it.
        file: the file's name, without its folders.
    """
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        return None
    found = (Path(str(entry.locate())) for entry in files if entry.name == file)
    return next((path for path in found if path.is_file()), None)


def require(package: str, file: str, what: str) -> Path:
    """The same, where nothing goes on without the file.

    Raises:
        ModelError: it is not there.
    """
    path = find(package, file)
    if path is None:
        raise ModelError(
            f"{what} are not here.",
            expected=f"the file {file} of the package {package}",
            fix=f"Install it again: pip install --force-reinstall {package}",
        )
    return path
