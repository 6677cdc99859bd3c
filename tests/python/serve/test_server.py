"""The running server: it answers, says when it cannot start, and stops on Ctrl-C."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from pytrain.errors import ServeError
from pytrain.serve import create_app, serve


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_in_use_is_said_with_the_way_out(taken_port: int, tmp_path: Path) -> None:
    with pytest.raises(ServeError, match=f"Port {taken_port} .* in use") as caught:
        serve(create_app([], tmp_path), port=taken_port)
    assert f"--port {taken_port + 1}" in str(caught.value.fix)


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ServeError, match=r"Cannot listen on 192\.0\.2\.1"):
        serve(create_app([], tmp_path), host="192.0.2.1", port=8000)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process alone")
def test_the_command_answers_and_ends_cleanly_on_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytrain", "serve", "--port", "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as ran:
        assert ran.stdout is not None
        address = re.search(r"http://\S+/", ran.stdout.readline())
        assert address is not None
        with urlopen(address[0] + "models.json", timeout=10) as answer:
            assert b"four-shapes" in answer.read()
        time.sleep(0.2)
        ran.send_signal(signal.SIGINT)
        output, errors = ran.communicate(timeout=10)
    assert ran.returncode == 0
    assert output.strip() == "Stopped."
    assert errors == ""
