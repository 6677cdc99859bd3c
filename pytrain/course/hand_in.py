"""Packs a run as a course asks for it: LastnameFirstname.zip with one folder of that name."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path

from pytrain.course.results import FILES, Run
from pytrain.errors import DataError

NAME = re.compile(r"[^\W\d_]+(-[^\W\d_]+)*")
"""Letters of any language, parts joined by hyphens."""


def check_name(name: str) -> str:
    """The name as it came.

    Raises:
        DataError: it is no LastnameFirstname.
    """
    if not _is_name(name):
        joined = "".join(part[:1].upper() + part[1:] for part in re.split(r"[\W\d_]+", name) if part)
        raise DataError(
            f"The name {name!r} came.",
            expected="last name and first name, each with a capital letter, nothing between them",
            fix=f"Try --name {joined if _is_name(joined) else 'DoeJane'}.",
        )
    return name


def _is_name(name: str) -> bool:
    return bool(NAME.fullmatch(name)) and name[0].isupper() and sum(map(str.isupper, name)) > 1


def zip_run(run: Run, name: str | None = None, out: Path | str = ".") -> Path:
    """Writes the zip.

    Args:
        run: what to pack.
        name: LastnameFirstname; by default the run's own name.
        out: the folder where the zip goes.

    Returns:
        Its path, `<out>/<name>.zip`. A former zip of that name is replaced.

    Raises:
        DataError: the name is none, a file of the run is missing, or the disk refuses.
    """
    top = run.name if name is None else check_name(name)
    missing = [file for file in FILES if not (run.folder / file).is_file()]
    if missing:
        raise DataError(
            f"{run.folder} lacks {', '.join(missing)}.",
            expected="a whole results folder",
            fix=f"Train the run again: {run.settings.get('command', 'pytrain train')}",
        )
    target = Path(out) / f"{top}.zip"
    temporary = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as packed:
            for file in FILES:
                packed.write(run.folder / file, f"{top}/{file}")
        temporary.replace(target)
    except OSError as error:
        raise DataError(
            f"{target} cannot be written: {error.strerror or error}.", fix="Choose another folder with --out."
        ) from None
    finally:
        temporary.unlink(missing_ok=True)
    return target
