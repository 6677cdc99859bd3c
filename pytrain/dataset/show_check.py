"""Shows what `pytrain data check` found: a table for people, JSON for programs; and progress until then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from pytrain.dataset.check_page import default_page, write_page
from pytrain.dataset.findings import WARNING, Examination, examine
from pytrain.dataset.pictures import shown

FILES = 10
"""Files set aside that the table names; the page and the dictionary name all."""


def run(source: Path, page: Path | None, as_data: bool) -> None:
    """The command `pytrain data check`: prints what was found and writes the page.

    Args:
        source: a folder, a zip or a list.
        page: where the page goes; `.pytrain/<name>-check.html` beside the source by default.
        as_data: print JSON.

    Raises:
        DataError: there is not a single picture to use.
        OSError: the page cannot be written.
    """
    console = Console(stderr=True)
    tasks: dict[str, TaskID] = {}
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bar:

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done)

        examination = examine(source, progress=progress)
        written = write_page(page or default_page(source), examination)
    if as_data:
        click.echo(json.dumps(as_json(examination, source, written), indent=1))
        return
    for line in lines(examination):
        click.echo(line)
    click.echo(f"With pictures: {shown(written)}")


def lines(examination: Examination) -> Iterator[str]:
    """The check's table, line by line."""
    folder = examination.folder
    rows = examination.rows()
    width = max(12, *(len(row["label"]) for row in rows)) if rows else 12
    yield f"{'class':<{width}}  pictures    differ  set aside  usual size"
    for row in rows:
        size = f"{row['width']} x {row['height']}" if row["pictures"] else "-"
        numbers = f"{row['pictures']:>8,}  {row['groups']:>8,}  {row['set_aside']:>9,}"
        yield f"{row['label']:<{width}}  {numbers}  {size}"
    different = len(set(examination.groups.tolist()))
    yield f"{'all':<{width}}  {len(folder.pictures):>8,}  {different:>8,}  {len(folder.problems):>9,}"
    for finding in examination.findings:
        yield f"{'Warning' if finding.level == WARNING else 'Note'}: {finding}"
    for problem in folder.problems[:FILES]:
        yield f"  set aside: {problem}"
    if len(folder.problems) > FILES:
        yield f"  and {len(folder.problems) - FILES:,} more"
    if not examination.findings:
        yield "Nothing is wrong with it."


def as_json(examination: Examination, source: Path, page: Path | None) -> dict[str, Any]:
    """The same for programs, complete.

    Returns:
        name, source, page, fingerprint, pictures, differ, classes (as `Examination.rows`), findings (kind,
        level, what, fix, pictures: lists of paths that belong together), set_aside (path, kind, why).
    """
    folder = examination.folder
    return {
        "name": folder.name,
        "source": shown(source.absolute()),
        "page": shown(page) if page else None,
        "fingerprint": folder.fingerprint,
        "pictures": len(folder.pictures),
        "differ": len(set(examination.groups.tolist())),
        "classes": examination.rows(),
        "findings": [
            {
                "kind": finding.kind,
                "level": finding.level,
                "what": finding.what,
                "fix": finding.fix,
                "pictures": [[shown(picture.path) for picture in group] for group in finding.examples],
            }
            for finding in examination.findings
        ],
        "set_aside": [
            {"path": shown(problem.path), "kind": problem.kind, "why": problem.why}
            for problem in folder.problems
        ],
    }
