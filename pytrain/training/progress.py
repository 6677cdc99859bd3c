"""Shows how far a training is: a moving display on a terminal, one line an epoch elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

LEAST_LEFT = 10.0
"""Seconds; less is not worth a word."""


class Display(Protocol):
    """What train() tells while it works."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def preparing(self, name: str, done: int, total: int) -> None:
        """`done` of `total` pictures of a data set have gone through the lens."""

    def step(self, epoch: int, epochs: int, done: int, steps: int, loss: float, accuracy: float) -> None:
        """A batch is done."""

    def epoch(self, epoch: int, epochs: int, row: dict[str, float]) -> None:
        """An epoch is done; `row` has loss, accuracy, val_loss, val_accuracy, seconds."""

    def say(self, text: str) -> None:
        """Something worth a line of its own."""


class PlainDisplay:
    """One line for every tenth of the preparation and every epoch, with the time left, for logs and pipes."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console()
        self._tenths: dict[str, int] = {}
        self._began: dict[str, tuple[float, int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def preparing(self, name: str, done: int, total: int) -> None:
        now = time.monotonic()
        began, first = self._began.setdefault(name, (now, done))
        if done == total:
            self.say(f"{name}: {total} pictures prepared")
            # The same may have to be done once more.
            self._tenths.pop(name, None)
            del self._began[name]
        elif (tenth := 10 * done // total) > self._tenths.get(name, 0):
            self._tenths[name] = tenth
            left = (now - began) / (done - first) * (total - done) if done > first else 0.0
            self.say(f"{name}: {10 * tenth} %{_left(left)}")

    def step(self, epoch: int, epochs: int, done: int, steps: int, loss: float, accuracy: float) -> None:
        return None

    def epoch(self, epoch: int, epochs: int, row: dict[str, float]) -> None:
        self.say(_line(epoch, epochs, row) + _left(row["seconds"] * (epochs - epoch), "at most "))

    def say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


class SilentDisplay(PlainDisplay):
    """Says nothing, as a worker that is not the chief."""

    def say(self, text: str) -> None:
        return None


class TerminalDisplay(PlainDisplay):
    """Bars for the preparation and for all epochs, the last figures beside them, and the time left."""

    def __init__(self, console: Console | None = None) -> None:
        super().__init__(console)
        self._bars = Progress(
            # Together at most 79 columns, so that a terminal of 80 shows all of it.
            TextColumn("{task.description}"),
            BarColumn(bar_width=10),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=self.console,
        )
        self._tasks: dict[str, TaskID] = {}
        self._validation = ""

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def preparing(self, name: str, done: int, total: int) -> None:
        self._show(name, "pictures", done, total, f"{name} {done}/{total}")

    def step(self, epoch: int, epochs: int, done: int, steps: int, loss: float, accuracy: float) -> None:
        figures = f"{epoch}/{epochs}  loss {loss:.3f}  accuracy {accuracy:.1%}{self._validation}"
        self._show("training", "training", (epoch - 1) * steps + done, epochs * steps, figures)

    def epoch(self, epoch: int, epochs: int, row: dict[str, float]) -> None:
        self._validation = f"  val {row['val_accuracy']:.1%}"

    def _show(self, key: str, title: str, done: int, total: int, figures: str) -> None:
        if key not in self._tasks:
            self._tasks[key] = self._bars.add_task(title, total=total, figures=figures)
        self._bars.update(self._tasks[key], completed=done, figures=figures)


def display() -> Display:
    """The one that fits where the output goes."""
    console = Console()
    moving = console.is_terminal and not console.is_dumb_terminal
    return TerminalDisplay(console) if moving else PlainDisplay(console)


def _left(seconds: float, at_most: str = "") -> str:
    if seconds < LEAST_LEFT:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    told = f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else f"{rest} s"
    return f", {at_most}{told} left"


def _line(epoch: int, epochs: int, row: dict[str, float]) -> str:
    return (
        f"epoch {epoch:>3}/{epochs}  loss {row['loss']:.4f}  accuracy {row['accuracy']:.2%}  "
        f"validation loss {row['val_loss']:.4f}  accuracy {row['val_accuracy']:.2%}  {row['seconds']:.1f} s"
    )
