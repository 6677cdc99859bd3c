"""What the tests of the running server share: `pytrain serve` in a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

SECONDS = 60


class Running:
    """A server, and requests to it as its own page sends them."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self._open: list[http.client.HTTPResponse | http.client.HTTPConnection] = []
        command = [sys.executable, "-m", "pytrain", "serve", "--port", "0", *arguments]
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache")},
        )
        self.port = int(self.says(r"http://127\.0\.0\.1:(\d+)/"))
        self.token = self.ask("GET", "/api/session")[1]["token"]

    def says(self, pattern: str) -> str:
        """The next thing that it prints of this pattern: its first group."""
        assert self.process.stdout is not None
        said = ""
        while line := self.process.stdout.readline():
            if found := re.search(pattern, line):
                return found[1]
            said += line
        pytest.fail(f"pytrain serve did not say it: {said}{self.process.communicate()}")

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Pytrain-Token": self.token, "Origin": f"http://127.0.0.1:{self.port}"}

    def ask(self, method: str, path: str, body: bytes | None = None, **options: Any) -> tuple[int, Any]:
        """Status and JSON of an answer; keywords become the JSON that is sent."""
        connection = self.connect()
        headers = self.headers if method != "GET" else {}
        sent = json.dumps(options).encode() if options else body
        connection.request(method, path, sent, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, json.loads(content) if content else None

    def listen(self, path: str, **headers: str) -> http.client.HTTPResponse:
        """An open stream."""
        connection = self.connect()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        self._open += [answer, connection]
        return answer

    def stop(self) -> None:
        for opened in self._open:
            opened.close()
        self.process.terminate()
        self.process.communicate(timeout=SECONDS)


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts `pytrain serve` in an empty folder; it is stopped at the end."""
    with ExitStack() as stack:

        def begin(*arguments: str) -> Running:
            running = Running(tmp_path, *arguments)
            stack.callback(running.stop)
            return running

        yield begin


def events(answer: http.client.HTTPResponse) -> Iterator[dict[str, str]]:
    """The events of a stream as they come: id, event and data of each."""
    event: dict[str, str] = {}
    for line in answer:
        text = line.decode().rstrip("\n")
        if not text and event:
            yield event
            event = {}
        elif text and not text.startswith(":"):
            key, _, value = text.partition(": ")
            event[key] = value
