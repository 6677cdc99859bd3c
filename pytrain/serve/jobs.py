"""Trainings that the server starts: one at a time, each in a process of its own that ends with the server."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytrain.serve.api_error import ApiError

KEPT_LINES = 400
KEPT_JOBS = 20
PERCENT = re.compile(r"(?:^|:)\s*(\d{1,3}) ?%$")
"""How commands say how far they are: "Looking at the pictures: 40 %"."""


class Job:
    """One command and what it said."""

    def __init__(self, model: str, process: subprocess.Popen[str]) -> None:
        self.id = secrets.token_hex(8)
        self.model = model
        self.process = process
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)
        self.progress: float | None = None
        self.cancelled = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def state(self) -> str:
        """running, done, failed or cancelled."""
        code = self.process.poll()
        if code is None or self._reader.is_alive():
            return "running"
        return "done" if code == 0 else "cancelled" if self.cancelled else "failed"

    def as_json(self) -> dict[str, Any]:
        """What the page shows; progress is in 0..1 of the present step, or null."""
        return {
            "id": self.id,
            "model": self.model,
            "state": self.state,
            "lines": list(self.lines),
            "progress": self.progress,
        }

    def cancel(self) -> None:
        """Lets go of the command's standard input, on which it ends by itself, in some seconds at most."""
        if self.state == "running":
            self.cancelled = True
            self._let_go()

    def wait(self, seconds: float) -> None:
        """Until it has ended and all it said is read."""
        self.process.wait(seconds)
        self._reader.join(seconds)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as said:
            for line in said:
                text = line.rstrip()
                if not text:
                    continue
                self.lines.append(text)
                if found := PERCENT.search(text):
                    self.progress = min(1.0, int(found[1]) / 100)
        self.process.wait()
        self._let_go()

    def _let_go(self) -> None:
        if self.process.stdin is not None:
            self.process.stdin.close()


class Jobs:
    """The jobs of one server."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    @property
    def running(self) -> Job | None:
        """There is one at most."""
        return next((job for job in list(self._jobs.values()) if job.state == "running"), None)

    def start(self, model: str, command: Sequence[str], folder: Path) -> Job:
        """Starts a command.

        Args:
            model: what it trains.
            command: arguments for `python -m pytrain`.
            folder: where it runs.

        Raises:
            ApiError: (409) another one is running; (500) no process can be started.
        """
        with self._lock:
            if busy := self.running:
                raise ApiError(
                    409, f"A training of {busy.model} is running.", fix="Wait for its end, or stop it first."
                )
            job = Job(model, _process(command, folder))
            self._jobs[job.id] = job
            for old in list(self._jobs)[:-KEPT_JOBS]:
                del self._jobs[old]
            return job

    def get(self, identity: str) -> Job:
        """Raises ApiError (404) where there is none."""
        job = self._jobs.get(identity)
        if job is None:
            raise ApiError(404, f"There is no training {identity}.", fix="Start it again.")
        return job

    def stop(self, seconds: float = 15) -> None:
        """Ends what is running, and waits for that."""
        if job := self.running:
            job.cancel()
            job.wait(seconds)


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
    try:
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
    except OSError as error:
        raise ApiError(500, f"The training cannot be started: {error}.", fix="Try again.") from None
