"""Shows what `pytrain evaluate` measured, as lines for people; and the progress until it is there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from pytrain.bundle import UNKNOWN
from pytrain.dataset.pictures import shown
from pytrain.evaluation.evaluate_files import Measured, evaluate_files
from pytrain.evaluation.judged import ClassShares, Share

MOST_CLASSES = 12
"""Of more, only the greatest confusions are listed; a matrix would not fit the terminal."""

NAMES = 24
MOST_CONFUSIONS = 10
PROBLEMS_NAMED = 20


def run(model: str, data: Path, target: Path | None) -> None:
    """The command `pytrain evaluate`: prints the figures, and saves them as JSON where asked.

    Raises:
        PytrainError: as `evaluate_files`.
        OSError: the JSON file cannot be written.
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

        measured = evaluate_files(model, data, progress=progress)
    for line in lines(measured):
        click.echo(line)
    for line in warnings(measured):
        click.echo(line, err=True)
    if target:
        part = target.with_name(f"{target.name}.part")
        part.write_text(json.dumps(measured.as_json(), indent=1) + "\n", encoding="utf-8")
        part.replace(target)
        click.echo(f"Saved {target}", err=True)


def lines(measured: Measured) -> Iterator[str]:
    """All figures; shares with the 95 % interval behind them."""
    judged, threshold = measured.judged, measured.threshold
    accuracy = judged.accuracy()
    same = f", {accuracy.groups:,} of them different" if accuracy.groups < accuracy.total else ""
    yield f"{measured.model} on {shown(measured.data)}: {accuracy.total:,} pictures{same}"
    yield _figure("accuracy", _with_interval(accuracy))
    error, chance = _percent(measured.calibration_error), _percent(measured.by_chance)
    yield _figure("calibration error", f"{error:>7}  (by chance alone about {chance})")
    if threshold > 0:
        yield _figure(f"called {UNKNOWN}", _with_interval(judged.rejected(threshold)))
        yield _figure("right when answered", _with_interval(judged.right_when_answered(threshold)))
        for group in judged.outsiders:
            accepted = group.accepted(threshold)
            yield _figure(
                f"{UNKNOWN}, yet answered", f"{_with_interval(accepted)}, {accepted.total:,} pictures"
            )
            yield _figure(f"AUROC of {UNKNOWN}", f"{judged.auroc(group):7.3f}")
    yield ""
    classes = [figures for figures in judged.classes(threshold) if figures.label not in measured.missing]
    yield from _table(
        ["class", "pictures", "recall", "95 %", "precision", "F1"], [_cells(one) for one in classes]
    )
    yield ""
    yield from _confusion(measured)


def warnings(measured: Measured) -> Iterator[str]:
    """What makes the figures worth less, and what was set aside."""
    if measured.trained_on:
        yield "Careful: the model was trained on this very data set; pictures that it never saw tell more."
    if measured.missing:
        yield f"No picture here shows: {', '.join(measured.missing)}"
    for problem in measured.problems[:PROBLEMS_NAMED]:
        yield f"Set aside {problem}"
    if len(measured.problems) > PROBLEMS_NAMED:
        yield f"... and {len(measured.problems) - PROBLEMS_NAMED:,} more"


def _cells(figures: ClassShares) -> list[str]:
    low, high = figures.recall.interval
    return [
        figures.label,
        f"{figures.recall.total:,}",
        _percent(figures.recall.value),
        f"{low * 100:.0f} to {high * 100:.0f}",
        _percent(figures.precision.value),
        f"{figures.f1:.2f}",
    ]


def _confusion(measured: Measured) -> Iterator[str]:
    """The matrix, or of many classes the greatest confusions."""
    labels = (*measured.judged.labels, UNKNOWN)
    counts = {cell: len(pictures) for cell, pictures in measured.judged.cells(measured.threshold).items()}
    if len(labels) <= MOST_CLASSES + 1:
        numbers = [*range(len(labels) - 1), *([-1] if measured.threshold > 0 else [])]
        yield "what it is, and what it was called"
        rows = [
            [labels[truth], *(str(counts.get((truth, answer), 0) or ".") for answer in numbers)]
            for truth in range(len(labels) - 1)
            if labels[truth] not in measured.missing
        ]
        yield from _table(["", *(labels[answer] for answer in numbers)], rows)
        return
    wrong = sorted(
        ((count, cell) for cell, count in counts.items() if cell[0] != cell[1]),
        key=lambda entry: (-entry[0], entry[1]),
    )
    yield "the greatest confusions" if wrong else "no confusions"
    for count, (truth, answer) in wrong[:MOST_CONFUSIONS]:
        yield f"  {count:>5,}  {labels[truth]} called {labels[answer]}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Names to the left, figures to the right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        first, *others = (
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join([first, *others]).rstrip()


def _figure(name: str, value: str) -> str:
    return f"{name:<{NAMES}}{value}"


def _with_interval(share: Share) -> str:
    low, high = share.interval
    return f"{_percent(share.value):>7} (95 %: {low * 100:.1f} to {high * 100:.1f})"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:.1f} %"
