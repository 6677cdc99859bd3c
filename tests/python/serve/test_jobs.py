"""Trainings that the server starts: one at a time, cancelled whole, gone with the server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytrain.serve.api_error import ApiError
from pytrain.serve.jobs import Job, Jobs

ENDLESS = ["serve", "--port", "0"]
"""A real command that does not end by itself."""

SECONDS = 60


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    started = Jobs()
    yield started
    started.stop(SECONDS)


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().split(")")[1].split()[0] != "Z"


def started(jobs: Jobs, folder: Path) -> Job:
    job = jobs.start("pets", ENDLESS, folder)
    until(lambda: job.lines)
    return job


def test_what_a_command_says_is_kept_and_its_end_told(jobs: Jobs, tmp_path: Path) -> None:
    job = jobs.start("pets", ["--version"], tmp_path)
    job.wait(SECONDS)
    assert job.state == "done"
    assert "pytrain" in job.as_json()["lines"][-1]
    assert jobs.running is None


def test_a_failed_command_says_why(jobs: Jobs, tmp_path: Path) -> None:
    job = jobs.start("pets", ["verify", str(tmp_path / "none")], tmp_path)
    job.wait(SECONDS)
    assert job.state == "failed"
    assert any("There is no model" in line for line in job.lines)


def test_there_is_one_training_at_a_time(jobs: Jobs, tmp_path: Path) -> None:
    started(jobs, tmp_path)
    with pytest.raises(ApiError, match="A training of pets is running") as refused:
        jobs.start("others", ["--version"], tmp_path)
    assert refused.value.status == 409


def test_a_cancelled_command_ends_and_another_may_start(jobs: Jobs, tmp_path: Path) -> None:
    job = started(jobs, tmp_path)
    assert job.state == "running"
    job.cancel()
    job.wait(SECONDS)
    assert job.state == "cancelled"
    again = jobs.start("pets", ["--version"], tmp_path)
    again.wait(SECONDS)
    assert again.state == "done"


def test_a_cancelled_command_cleans_up_behind_itself(tmp_path: Path) -> None:
    """As a bundle half written is: by leaving its `with` blocks, not by a kill."""
    code = (
        "import runpy, time\n"
        "def run(*_, **__):\n"
        "    try:\n"
        "        print('at work', flush=True)\n"
        "        while True: time.sleep(0.05)\n"
        "    finally:\n"
        "        print('cleaned up', flush=True)\n"
        "runpy.run_module = run\n"
        "import pytrain.serve.child as child\n"
        "child.main()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        process.stdin.close()
        assert process.stdout.read() == "cleaned up\n"
        assert process.wait(SECONDS) == 143


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_a_command_ends_when_the_server_is_killed(tmp_path: Path) -> None:
    code = (
        "import pathlib, time\n"
        "from pytrain.serve.jobs import Jobs\n"
        f"job = Jobs().start('pets', {ENDLESS!r}, pathlib.Path({str(tmp_path)!r}))\n"
        "while not job.lines: time.sleep(0.05)\n"
        "print(job.process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        child = int(server.stdout.readline())
        assert is_alive(child)
        server.send_signal(signal.SIGKILL)
        server.wait(SECONDS)
    until(lambda: not is_alive(child))


@pytest.mark.parametrize(
    ("line", "progress"),
    [("Looking at the pictures: 40 %", 0.4), ("  7 %", 0.07), ("accuracy 97 % of 20", None)],
)
def test_progress_is_read_from_what_a_command_says(line: str, progress: float | None) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", f"print({line!r})"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        job = Job("pets", process)
        job.wait(SECONDS)
    assert job.progress == progress
