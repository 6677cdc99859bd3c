"""Trainings that the server starts: one at a time while others wait, each in a process of its own."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytrain import bundle
from pytrain.serve.api_error import ApiError
from pytrain.serve.events import Feed

KEPT_LINES = 400
KEPT_EVENTS = 1_000
KEPT_JOBS = 20
MOST_WAITING = 10
PERCENT = re.compile(r"(?:^|(?P<step>.*):)\s*(?P<percent>\d{1,3}) ?%(?:, [^%]+ left)?$")
"""How commands say how far they are: "Looking at the pictures: 40 %", and maybe behind it ", 3 min left"."""

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
ENDED = (DONE, FAILED, CANCELLED)


@dataclass(frozen=True)
class Order:
    """What a job is to do.

    Attributes:
        model: the name of what it trains.
        command: arguments for `python -m pytrain`.
        folder: where it runs.
        kind: "train" or "retrain".
        source: the pictures that it reads, or None where it reads none.
        target: the model's folder, or None where it makes none.
        shared: asked for by another device than this machine.
    """

    model: str
    command: Sequence[str]
    folder: Path
    kind: str = "train"
    source: Path | None = None
    target: Path | None = None
    shared: bool = False


class Job:
    """One command and what it said.

    Args:
        order: what to do.
        on_end: called when it has ended, however.
    """

    def __init__(self, order: Order, on_end: Callable[[], None] = lambda: None) -> None:
        self.id = secrets.token_hex(8)
        self.order = order
        self.created = time.time()
        self.state = QUEUED
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)
        self.progress: float | None = None
        self.step: str | None = None
        self.feed = Feed(KEPT_EVENTS)
        self.process: subprocess.Popen[str] | None = None
        self._on_end = on_end
        self._step_began = 0.0
        self._cancelled = False
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._tell_state()

    @property
    def model(self) -> str:
        return self.order.model

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    def as_json(self) -> dict[str, Any]:
        """What the page shows; progress is in 0..1 of the present step, eta its seconds left, or null."""
        return {**self._facts(), "lines": list(self.lines)}

    def run(self) -> None:
        """Starts the command, unless somebody has called it off."""
        with self._lock:
            if self.ended:
                return
            try:
                process = _process(self.order.command, self.order.folder)
            except OSError as error:
                self.lines.append(f"The training cannot be started: {error}.")
                self.feed.add({"text": self.lines[-1]}, "line")
                self._end(FAILED)
                return
            self.attach(process)

    def attach(self, process: subprocess.Popen[str]) -> None:
        """Takes a started process and reads what it says to its end."""
        self.process = process
        self.state = RUNNING
        self._tell_state()
        threading.Thread(target=self._read, args=(process,), daemon=True).start()

    def cancel(self) -> None:
        """Takes it out of the queue, or lets go of the command's standard input.

        On that the command ends by itself, in some seconds at most.
        """
        with self._lock:
            if self.ended:
                return
            self._cancelled = True
            if self.process is None:
                self._end(CANCELLED)
            else:
                _let_go(self.process)

    def wait(self, seconds: float) -> None:
        """Until it has ended and all it said is read."""
        self._over.wait(seconds)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as said:
            for line in said:
                if text := line.rstrip():
                    self._heard(text)
        code = process.wait()
        with self._lock:
            _let_go(process)
            if self.order.target is not None:
                bundle.discard_unfinished(self.order.target, process.pid)
            self._end(DONE if code == 0 else CANCELLED if self._cancelled else FAILED)

    def _heard(self, text: str) -> None:
        self.lines.append(text)
        self.feed.add({"text": text}, "line")
        if found := PERCENT.match(text):
            step, progress = (found["step"] or "").strip() or None, min(1.0, int(found["percent"]) / 100)
            if step != self.step or self.progress is None or progress < self.progress:
                self._step_began = time.monotonic()
            self.step, self.progress = step, progress
            self.feed.add({"progress": progress, "step": step, "eta": self._eta()}, "progress")

    def _eta(self) -> float | None:
        passed = time.monotonic() - self._step_began
        if self.state != RUNNING or not self.progress or passed <= 0:
            return None
        return round(passed * (1 - self.progress) / self.progress, 1)

    def _end(self, state: str) -> None:
        self.state = state
        self._tell_state()
        self.feed.end()
        self._over.set()
        # Not under this job's lock, for the next one is started there.
        threading.Thread(target=self._on_end, daemon=True).start()

    def _tell_state(self) -> None:
        self.feed.add(self._facts(), "state")

    def _facts(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.order.kind,
            "model": self.model,
            "state": self.state,
            "progress": self.progress,
            "step": self.step,
            "eta": self._eta(),
            "created": self.created,
        }


class Jobs:
    """The jobs of one server."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._lock = threading.RLock()
        self._closed = False

    @property
    def all(self) -> list[Job]:
        """The last ones, in the order in which they came."""
        return list(self._jobs.values())

    @property
    def running(self) -> Job | None:
        """There is one at most."""
        return next((job for job in self.all if job.state == RUNNING), None)

    def reading(self, source: Path) -> Job | None:
        """The job that is reading these pictures, if any."""
        return next((job for job in self.all if job.state == RUNNING and job.order.source == source), None)

    def of_model(self, model: str) -> Job | None:
        """The job that trains this model or waits to do so, if any."""
        return next((job for job in self.all if job.model == model and not job.ended), None)

    def start(self, order: Order) -> Job:
        """Starts a command, or lets it wait for its turn.

        Raises:
            ApiError: (409) one for this model is there already; (503) too many wait, or the server stops.
        """
        with self._lock:
            if busy := self.of_model(order.model):
                does = "is running" if busy.state == RUNNING else "waits for its turn"
                raise ApiError(
                    409, f"A training of {busy.model} {does}.", fix="Wait for its end, or stop it first."
                )
            waiting = sum(job.state == QUEUED for job in self.all)
            if self._closed or waiting >= MOST_WAITING:
                raise ApiError(
                    503,
                    f"{waiting} trainings wait for their turn.",
                    expected=f"at most {MOST_WAITING}",
                    fix="Wait for the end of one, or stop one.",
                )
            job = Job(order, self._next)
            self._jobs[job.id] = job
            ended = [old.id for old in self.all if old.ended]
            for old in ended[: max(0, len(self._jobs) - KEPT_JOBS)]:
                del self._jobs[old]
            self._next()
            return job

    def get(self, identity: str) -> Job:
        """Raises ApiError (404) where there is none."""
        job = self._jobs.get(identity)
        if job is None:
            raise ApiError(404, f"There is no training {identity}.", fix="Start it again.")
        return job

    def let_go(self) -> None:
        """Nothing more is started, what waits is called off, what runs is told to end; waits for nothing."""
        with self._lock:
            self._closed = True
            for job in self.all:
                job.cancel()

    def stop(self, seconds: float = 15) -> None:
        """Ends all, and waits for that."""
        self.let_go()
        for job in self.all:
            job.wait(seconds)

    def _next(self) -> None:
        with self._lock:
            while not self._closed and self.running is None:
                job = next((job for job in self.all if job.state == QUEUED), None)
                if job is None:
                    return
                job.run()


def _let_go(process: subprocess.Popen[str]) -> None:
    if process.stdin is not None:
        process.stdin.close()


def _process(command: Sequence[str], folder: Path) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8:replace",
        "NO_COLOR": "1",
    }
    # A group of its own: a Ctrl-C in the server's terminal is the server's, which then lets go of the pipe.
    windows = sys.platform == "win32"
    flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) if windows else 0
    return subprocess.Popen(
        [sys.executable, "-m", "pytrain.serve.child", *command],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=not windows,
        creationflags=flags,
    )
