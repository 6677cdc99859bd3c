"""Runs one pytrain command for the server, and ends when the server does.

    python -m pytrain.serve.child train DIR ...

The server holds the other end of standard input and never writes: once it is closed, because the server
wants it or because it is gone, even killed, the command ends too.
"""

from __future__ import annotations

import _thread
import os
import runpy
import signal
import sys
import threading
import time
from types import FrameType

PATIENCE_SECONDS = 8.0
"""For the command to clean up behind itself."""

ENDED = 143
"""The exit code of a program that was asked to end, on every system."""


def main() -> None:
    """Takes the command's arguments from sys.argv."""
    watched = os.dup(0)
    # Programs that the command starts must not wait for words from the server.
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_end_with_the_server, args=(watched,), daemon=True).start()
    sys.argv[0] = "pytrain"
    runpy.run_module("pytrain", run_name="__main__")


def _end(number: int, frame: FrameType | None) -> None:
    # Not as Ctrl-C, on which a training saves and exports what it has.
    raise SystemExit(ENDED)


def _end_with_the_server(watched: int) -> None:
    while os.read(watched, 1024):
        pass
    _thread.interrupt_main(signal.SIGTERM)
    time.sleep(PATIENCE_SECONDS)
    if sys.platform != "win32" and os.getpgid(0) == os.getpid():
        # With whatever it has started.
        os.killpg(0, signal.SIGKILL)
    os._exit(ENDED)


if __name__ == "__main__":
    main()
