"""How cheroot treats connections here: refused uploads fill no memory, leaving clients no terminal."""

from __future__ import annotations

import logging
from typing import Any

from cheroot.server import HTTPConnection, HTTPRequest
from cheroot.wsgi import Server

DRAINED_BYTES = 64_000_000
"""So much of a refused upload is read, because a browser that is cut off shows no answer at all."""

CHUNK = 1 << 16


class Request(HTTPRequest):
    """One request."""

    def send_headers(self) -> None:
        """Reads away what nobody asked for; cheroot would do that in one piece."""
        left = min(getattr(self.rfile, "remaining", 0), DRAINED_BYTES)
        while left > 0 and (piece := self.rfile.read(min(left, CHUNK))):
            left -= len(piece)
        unread = getattr(self.rfile, "remaining", 0) > 0
        if unread or (self.chunked_read and not getattr(self.rfile, "closed", True)):
            self.close_connection = True
        super().send_headers()


class Connection(HTTPConnection):
    """One connection over plain HTTP."""

    RequestHandlerClass = Request


class Listener(Server):
    """A server on one port."""

    ConnectionClass = Connection

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """Only what is our own fault; clients come and go as they like."""
        if level >= logging.ERROR:
            super().error_log(msg, level, traceback)


def listener(address: tuple[str, int], app: Any, threads: int) -> Listener:
    """A server for an application, not yet listening."""
    return Listener(address, app, numthreads=threads, server_name="pytrain", shutdown_timeout=2)
