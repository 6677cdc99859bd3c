"""Where Keras keeps what it downloads, and how long such a download is waited for."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_SECONDS = 10
"""A server that says nothing for so long is not there."""


def keras_home() -> Path:
    """Where Keras keeps what it downloads; it decides in the same way when it is imported."""
    given = os.environ.get("KERAS_HOME")
    user = Path.home()
    home = Path(given) if given else (user if os.access(user, os.W_OK) else Path("/tmp")) / ".keras"
    if home.exists() and not os.access(home, os.W_OK):
        home = (Path("/tmp") if Path("/tmp").is_dir() else Path(tempfile.gettempdir())) / ".keras"
    return home


@contextmanager
def impatient() -> Iterator[None]:
    """A silent network ends the wait; Python by itself would wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
