"""Trainings that the server starts: one at a time, cancelled whole, gone with the server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytrain.serve.api_error import ApiError
from pytrain.serve.jobs import MOST_WAITING, Job, Jobs, Order

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
    job = jobs.start(Order("pets", ENDLESS, folder))
    until(lambda: job.lines)
    return job


def test_what_a_command_says_is_kept_and_its_end_told(jobs: Jobs, tmp_path: Path) -> None:
    job = jobs.start(Order("pets", ["--version"], tmp_path))
    job.wait(SECONDS)
    assert job.state == "done"
    assert "pytrain" in job.as_json()["lines"][-1]
    assert jobs.running is None


def test_a_failed_command_says_why(jobs: Jobs, tmp_path: Path) -> None:
    job = jobs.start(Order("pets", ["verify", str(tmp_path / "none")], tmp_path))
    job.wait(SECONDS)
    assert job.state == "failed"
    assert any("There is no model" in line for line in job.lines)


def test_there_is_one_training_at_a_time_and_others_wait_for_its_end(jobs: Jobs, tmp_path: Path) -> None:
    first = started(jobs, tmp_path)
    second = jobs.start(Order("others", ["--version"], tmp_path))
    third = jobs.start(Order("more", ["--version"], tmp_path))
    assert [job.state for job in (first, second, third)] == ["running", "queued", "queued"]
    first.cancel()
    for job in (first, second, third):
        job.wait(SECONDS)
    assert [job.state for job in (first, second, third)] == ["cancelled", "done", "done"]


def test_a_model_is_not_trained_twice_at_once(jobs: Jobs, tmp_path: Path) -> None:
    started(jobs, tmp_path)
    jobs.start(Order("others", ["--version"], tmp_path))
    for model, does in (("pets", "is running"), ("others", "waits for its turn")):
        with pytest.raises(ApiError, match=f"A training of {model} {does}") as refused:
            jobs.start(Order(model, ["--version"], tmp_path))
        assert refused.value.status == 409


def test_what_waits_can_be_called_off(jobs: Jobs, tmp_path: Path) -> None:
    first = started(jobs, tmp_path)
    second = jobs.start(Order("others", ENDLESS, tmp_path))
    second.cancel()
    assert second.state == "cancelled"
    assert second.process is None
    assert first.state == "running"


def test_only_so_many_wait(jobs: Jobs, tmp_path: Path) -> None:
    started(jobs, tmp_path)
    for number in range(MOST_WAITING):
        jobs.start(Order(f"model {number}", ["--version"], tmp_path))
    with pytest.raises(ApiError, match="wait for their turn") as refused:
        jobs.start(Order("one more", ["--version"], tmp_path))
    assert refused.value.status == 503


def test_a_command_that_cannot_be_started_fails_and_the_next_one_runs(jobs: Jobs, tmp_path: Path) -> None:
    first = jobs.start(Order("pets", ["--version"], tmp_path / "none"))
    assert first.state == "failed"
    assert "cannot be started" in first.lines[-1]
    second = jobs.start(Order("others", ["--version"], tmp_path))
    second.wait(SECONDS)
    assert second.state == "done"


def test_the_rest_of_a_model_half_written_is_cleared_away(jobs: Jobs, tmp_path: Path) -> None:
    target = tmp_path / "exported_models" / "pets"
    job = jobs.start(Order("pets", ENDLESS, tmp_path, target=target))
    until(lambda: job.lines)
    assert job.process is not None
    rest = target.parent / f".pets.new-{job.process.pid}"
    rest.mkdir(parents=True)
    job.cancel()
    job.wait(SECONDS)
    assert not rest.exists()


def test_what_a_job_does_is_told_in_its_order(jobs: Jobs, tmp_path: Path) -> None:
    job = jobs.start(Order("pets", ["--version"], tmp_path))
    job.wait(SECONDS)
    events = job.feed.since(0, 0)
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert [event.kind for event in events] == ["state", "state", "line", "state"]
    states = [json.loads(event.data)["state"] for event in events if event.kind == "state"]
    assert states == ["queued", "running", "done"]
    assert job.feed.ended


def test_a_cancelled_command_ends_and_another_may_start(jobs: Jobs, tmp_path: Path) -> None:
    job = started(jobs, tmp_path)
    assert job.state == "running"
    job.cancel()
    job.wait(SECONDS)
    assert job.state == "cancelled"
    again = jobs.start(Order("pets", ["--version"], tmp_path))
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
        "from pytrain.serve.jobs import Jobs, Order\n"
        f"job = Jobs().start(Order('pets', {ENDLESS!r}, pathlib.Path({str(tmp_path)!r})))\n"
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
    [
        ("Looking at the pictures: 40 %", 0.4),
        ("embedding: 70 %, 1 h 5 min left", 0.7),
        ("  7 %", 0.07),
        ("accuracy 97 % of 20", None),
    ],
)
def test_progress_is_read_from_what_a_command_says(line: str, progress: float | None) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", f"print({line!r})"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        job = Job(Order("pets", [], Path()))
        job.attach(process)
        job.wait(SECONDS)
    assert job.progress == progress
