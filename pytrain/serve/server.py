"""Runs the application on cheroot, a WSGI server made for production, on every system."""

from __future__ import annotations

import errno
import os
import sys
import threading
import webbrowser
from collections.abc import Callable

from cheroot.wsgi import Server
from flask import Flask

from pytrain.errors import ServeError

HOST = "127.0.0.1"
PORT = 8000
THREADS = 10


def serve(
    app: Flask,
    host: str = HOST,
    port: int = PORT,
    *,
    open_browser: bool = False,
    path: str = "/",
    say: Callable[[str], None] = print,
) -> None:
    """Serves until Ctrl-C.

    Args:
        app: what `create_app` gave.
        host: the address to listen on; only this machine by default.
        port: the TCP port; 0 takes any free one.
        open_browser: open the page in the user's browser.
        path: what to open there.
        say: takes lines about what happens.

    Raises:
        ServeError: the port is in use or not allowed.
    """
    server = Server((host, port), app, numthreads=THREADS, server_name="pytrain")
    try:
        server.prepare()
    except OSError as error:
        raise _explained(error, host, port) from None
    address = f"http://{host}:{server.bind_addr[1]}"
    say(f"The page is at {address}/   (Ctrl-C stops it)")
    if open_browser and _has_screen():
        threading.Thread(target=webbrowser.open, args=(address + path,), daemon=True).start()
    try:
        server.serve()
    except KeyboardInterrupt:
        say("Stopped.")
    finally:
        server.stop()


def _explained(error: OSError, host: str, port: int) -> ServeError:
    # cheroot raises its own OSError; the number stands only in the one it caught.
    reason = error
    while reason.errno is None and isinstance(reason.__cause__ or reason.__context__, OSError):
        reason = reason.__cause__ or reason.__context__  # type: ignore[assignment]
    if reason.errno in (errno.EACCES, errno.EPERM):
        return ServeError(
            f"Port {port} on {host} may not be used by you.", fix=f"Choose one from 1024 up: --port {PORT}"
        )
    if reason.errno == errno.EADDRINUSE or "in use" in str(error):
        return ServeError(
            f"Port {port} on {host} is in use by another program, maybe another pytrain.",
            fix=f"Stop that one, or choose another port: --port {port + 1}",
        )
    return ServeError(f"Cannot listen on {host}:{port}: {error}.", fix="Check --host and --port.")


def _has_screen() -> bool:
    """A text browser must not take over the terminal of somebody who works over SSH."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
