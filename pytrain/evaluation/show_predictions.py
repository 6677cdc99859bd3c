"""Shows and saves predictions as they come: lines for people, CSV or JSON for programs, and progress."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pytrain.bundle import UNKNOWN
from pytrain.dataset.pictures import shown
from pytrain.errors import ModelError
from pytrain.evaluation.classifier import imagenet_classifier, open_classifier
from pytrain.evaluation.find_pictures import find_pictures
from pytrain.evaluation.predict_files import IMAGENET, Prediction, predictions
from pytrain.model.backbones import DEFAULT

WIDEST = 48
"""Columns that names of files take at most before the answers, so that these stand below each other."""


def run(
    model: str,
    images: Sequence[str],
    *,
    top: int,
    as_json: bool = False,
    target: Path | None = None,
    backbone: str | None = None,
) -> None:
    """The command `pytrain predict`: all pictures through a model, to wherever the answers shall go.

    Args:
        model: as `predict_files.predict` takes it.
        images: files, folders and patterns.
        top: labels of each picture, at most.
        as_json: a list on the standard output instead of lines for people.
        target: a CSV file instead; without either, "imagenet" saves one beside the lines.
        backbone: for "imagenet"; the default where None.

    Raises:
        PytrainError: as `predict_files.predict`.
        OSError: the CSV file cannot be written.
    """
    if backbone is not None and model != IMAGENET:
        raise ModelError(
            f"--backbone {backbone} came with the model {model}.",
            expected="--backbone with: pytrain predict imagenet",
            fix="Leave it out; an exported model carries its own network.",
        )
    backbone = backbone or DEFAULT
    lines = target is None and not as_json
    if lines and model == IMAGENET:
        target = Path(f"imagenet-{backbone}.csv")
    with ExitStack() as stack:
        progress = stack.enter_context(_Progress(hidden=sys.stdout.isatty() and (lines or as_json)))
        pictures = find_pictures(images, progress.say)
        write = stack.enter_context(csv_rows(target)) if target else None
        classifier = imagenet_classifier(backbone) if model == IMAGENET else open_classifier(model)
        counts = Counter[str]()
        answers = progress.counted(predictions(classifier, pictures, top, progress.say), len(pictures))
        answers = _seen(answers, counts, write)
        if as_json:
            print_json(answers)
        elif lines:
            print_lines(answers, pictures)
        else:
            for _ in answers:
                pass
    if target:
        _say_where(target, counts)


class _Progress:
    """How far the work is, and what was passed over, on the standard error; answers have the other."""

    def __init__(self, hidden: bool) -> None:
        console = Console(stderr=True)
        # rich would take over the standard output too, and with it what is piped to a file.
        self._bar = Progress(
            TextColumn("pictures"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            disable=hidden or not console.is_terminal,
        )

    def __enter__(self) -> _Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def say(self, text: str) -> None:
        """A line above the bar."""
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def counted(self, answers: Iterable[Prediction], total: int) -> Iterator[Prediction]:
        """The same predictions; each moves the bar."""
        yield from self._bar.track(answers, total=total)


def print_lines(answers: Iterable[Prediction], pictures: Sequence[Any]) -> None:
    """One line each: the file, the answer, what else it might be."""
    width = min(WIDEST, max((len(shown(path)) for path in pictures), default=0))
    for prediction in answers:
        click.echo(line(prediction, width))


def line(prediction: Prediction, width: int = 0) -> str:
    """One prediction for people: "1.jpg  cat 97.2 %, dog 1.1 %", or "1.jpg  unknown (cat 43.0 %, ...)"."""
    guesses = ", ".join(f"{guess.label} {guess.confidence * 100:.1f} %" for guess in prediction.guesses)
    name = shown(prediction.path or "")
    return f"{name:<{width}}  {f'{UNKNOWN} ({guesses})' if prediction.unknown else guesses}"


def print_json(answers: Iterable[Prediction]) -> None:
    """A JSON list on the standard output, one picture a line; whole also after Ctrl-C."""
    before = "["
    try:
        for prediction in answers:
            click.echo(f"{before} {json.dumps(prediction.as_json())}")
            before = ","
    finally:
        if before == ",":
            click.echo("]")


@contextmanager
def csv_rows(target: Path) -> Iterator[Callable[[Prediction], None]]:
    """Gives a function that adds a row to a new CSV file; it takes its place when all is written.

    The columns are path, label, confidence, label_2, confidence_2 and so on. The label is the most probable
    class, also where the answer is `unknown`. After Ctrl-C the rows so far stay in `<name>.part`; a file that
    was there before is replaced only by a whole one.

    Raises:
        OSError: it cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    keep = False
    try:
        # Names of files may be any bytes; those go back as they came.
        with part.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
            writer = csv.writer(file, lineterminator="\n")

            def write(prediction: Prediction) -> None:
                if not file.tell():
                    writer.writerow(header(len(prediction.guesses)))
                writer.writerow(row(prediction))

            yield write
        part.replace(target)
    except KeyboardInterrupt:
        keep = True
        click.echo(f"\nWhat is done so far is in {part}", err=True)
        raise
    finally:
        if not keep:
            part.unlink(missing_ok=True)


def header(columns: int) -> list[str]:
    """Names of the columns for so many labels."""
    more = [f"{name}_{place}" for place in range(2, columns + 1) for name in ("label", "confidence")]
    return ["path", "label", "confidence", *more]


def row(prediction: Prediction) -> list[str]:
    """What stands below the header."""
    guesses = prediction.guesses
    cells = [cell for guess in guesses for cell in (guess.label, f"{guess.confidence:.6f}")]
    return [str(prediction.path), *cells]


def _seen(
    answers: Iterable[Prediction], counts: Counter[str], write: Callable[[Prediction], None] | None
) -> Iterator[Prediction]:
    """The same predictions, counted and written on their way."""
    for prediction in answers:
        counts.update(["all", *(["unknown"] if prediction.unknown else [])])
        if write is not None:
            write(prediction)
        yield prediction


def _say_where(target: Path, counts: Counter[str]) -> None:
    click.echo(f"Saved {target}: {counts['all']:,} pictures", err=True)
    if counts["unknown"]:
        click.echo(
            f"{counts['unknown']:,} of them are {UNKNOWN} to the model; their labels are its best guess. "
            "--json says which.",
            err=True,
        )
