"""What happens is told to all who listen, while everybody else is served, and until the server stops."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import pytest

from pytrain.serve.api_error import ApiError
from pytrain.serve.events import MOST_STREAMS, Feed, Streams

from .conftest import SECONDS, Start, events

RESULT = {
    "model": "pets",
    "answer": "cat",
    "results": [{"label": "cat 🐱", "confidence": 0.75}, {"label": "dog", "confidence": 0.25}],
    "known": 0.9,
    "time": 1234.5,
}


def test_results_go_to_all_who_listen(start: Start) -> None:
    server = start()
    streams = [events(server.listen("/results")) for _ in range(3)]
    # A stream is open once its first bytes are there, which `listen` waits for; then it misses nothing.
    assert server.ask("POST", "/api/results", **RESULT) == (204, None)
    without = {key: value for key, value in RESULT.items() if key != "known"}
    assert server.ask("POST", "/api/results", **without, secret="left out") == (204, None)
    for stream in streams:
        first, second = next(stream), next(stream)
        assert json.loads(first["data"]) == RESULT
        assert json.loads(second["data"]) == without
        assert "event" not in first


@pytest.mark.parametrize(
    "odd",
    [
        {"model": 7},
        {"answer": None},
        {"results": "cat"},
        {"results": [["cat", 0.7]]},
        {"results": [{"label": "cat", "confidence": "much"}]},
        {"results": [{"label": "cat", "confidence": 10**400}]},
        {"results": [{"label": "c" * 300, "confidence": 0.5}]},
        {"results": [{"label": "cat", "confidence": 0.5}] * 1001},
        {"known": True},
        {"time": "now"},
    ],
)
def test_odd_results_are_refused(start: Start, odd: dict[str, object]) -> None:
    server = start()
    status, answer = server.ask("POST", "/api/results", **{**RESULT, **odd})
    assert status == 400
    assert answer["error"]["what"].startswith(next(iter(odd)) if "results" not in odd else "")
    assert answer["error"]["expected"]


def test_the_steps_of_a_training_are_told_from_its_beginning_and_from_where_one_stopped(
    start: Start, tmp_path: Path
) -> None:
    server = start("--models", str(models(tmp_path)))
    job = server.ask("POST", "/api/models/pets/retrain")[1]["job"]
    path = f"/api/jobs/{job['id']}/events"
    told = list(events(server.listen(path)))
    kinds = [event["event"] for event in told]
    assert kinds[:2] == ["state", "state"]
    assert kinds[-1] == "state"
    assert "line" in kinds
    assert json.loads(told[-1]["data"])["state"] == "done"
    assert [int(event["id"]) for event in told] == list(range(1, len(told) + 1))
    again = list(events(server.listen(path, **{"Last-Event-ID": told[1]["id"]})))
    assert again == told[2:]
    # On 204 a browser stops coming back.
    assert server.listen(path, **{"Last-Event-ID": told[-1]["id"]}).status == 204
    assert server.listen("/api/jobs/none/events").status == 404


def models(folder: Path) -> Path:
    """A folder of models with one whose training prints its version."""
    root = folder / "exported_models"
    run = root / ".runs" / "pets"
    run.mkdir(parents=True)
    (root / "pets").mkdir()
    settings = {"source": str(folder), "command": ["--version"]}
    (run / "settings.json").write_text(json.dumps(settings))
    return root


def test_many_listen_and_everybody_else_is_still_served(start: Start) -> None:
    server = start()
    streams = [server.listen("/results") for _ in range(MOST_STREAMS)]
    assert all(stream.status == 200 for stream in streams)
    refused = server.listen("/results")
    assert refused.status == 503
    assert json.loads(refused.read())["error"]["fix"]
    for _ in range(20):
        assert server.ask("GET", "/models.json")[0] == 200
    assert server.ask("POST", "/api/results", **RESULT)[0] == 204
    assert all(json.loads(next(events(stream))["data"]) == RESULT for stream in streams)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process alone")
def test_ctrl_c_ends_everything_at_once(start: Start, tmp_path: Path) -> None:
    root = models(tmp_path)
    settings = {"source": str(tmp_path), "command": ["serve", "--port", "0"]}
    (root / ".runs" / "pets" / "settings.json").write_text(json.dumps(settings))
    server = start("--models", str(root))
    job = server.ask("POST", "/api/models/pets/retrain")[1]["job"]
    streams = [server.listen("/results") for _ in range(5)]
    streams.append(server.listen(f"/api/jobs/{job['id']}/events"))
    half = server.connect()
    half.putrequest("PUT", "/api/datasets/pets/cat/a")
    for key, value in server.headers.items():
        half.putheader(key, value)
    half.putheader("Content-Length", "1000")
    half.endheaders(b"the beginning")
    server.process.send_signal(signal.SIGINT)
    output, errors = server.process.communicate(timeout=SECONDS)
    assert server.process.returncode == 0
    assert output.strip() == "Stopped."
    assert errors == ""
    for stream in streams:
        stream.read()
    half.close()


def test_a_listener_who_left_makes_room_for_another() -> None:
    streams = Streams(most=1)
    feed = Feed(10)
    first = streams.answer(feed, None)
    with pytest.raises(ApiError) as refused:
        streams.answer(feed, None)
    assert refused.value.status == 503
    # As a server does when it cannot write any more, before or after the first bytes.
    first.close()
    second = streams.answer(feed, None)
    next(iter(second.response))
    second.close()
    assert len(streams) == 0


def test_somebody_slow_gets_the_newest(start: Start) -> None:
    feed = Feed(3)
    for number in range(10):
        feed.add({"number": number})
    assert [json.loads(event.data)["number"] for event in feed.since(0, 0)] == [7, 8, 9]


def test_silence_is_broken_now_and_then() -> None:
    streams = Streams(heartbeat=0.01)
    stream = streams.answer(Feed(1), None)
    pieces = iter(stream.response)
    assert [next(pieces) for _ in range(3)] == [b": still here\n\n"] * 3
    stream.close()
