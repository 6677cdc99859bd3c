"""Runs the application on cheroot, a WSGI server made for production, on every system."""

from __future__ import annotations

import errno
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable

from flask import Flask

from pytrain.errors import ServeError
from pytrain.serve.connections import Listener, listener
from pytrain.serve.events import MOST_STREAMS
from pytrain.serve.services import EXTENSION, Services
from pytrain.serve.share.secure import secure_listener

HOST = "127.0.0.1"
PORT = 8000
THREADS = MOST_STREAMS + 16
"""An open stream keeps a thread; a page asks for six things at a time."""


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

    What is shared with other devices goes over TLS on a port of its own, so that on this machine the page
    stays where it always is, with all that the browser keeps for it, and without a warning.

    Args:
        app: what `create_app` gave.
        host: the address to listen on; only this machine by default.
        port: the TCP port; 0 takes any free one.
        open_browser: open the page in the user's browser.
        path: what to open there.
        say: takes lines about what happens.

    Raises:
        ServeError: a port is in use or not allowed.
    """
    services: Services = app.extensions[EXTENSION]
    share = services.share
    check_address(host, port)
    if share is not None:
        check_address(share.host, share.port, "--share-port")
    server = listener((host, port), app, THREADS)
    _prepare(server, host, port)
    listening = [server]
    if share is not None:
        secure = secure_listener((share.host, share.port), app, THREADS, share.certificate)
        _prepare(secure, share.host, share.port, "--share-port")
        share.port = secure.bind_addr[1]
        listening.append(secure)
        threading.Thread(target=secure.serve, daemon=True).start()
    address = f"http://{_reachable(host)}:{server.bind_addr[1]}"
    say(f"The page is at {address}/   (Ctrl-C stops it)")
    if share is not None:
        for line in share.lines(pictures=_shows_blocks()):
            say(line)
        say(f"All of this is at {address}/share, too.")
    if open_browser and _has_screen():
        threading.Thread(target=webbrowser.open, args=(address + path,), daemon=True).start()
    try:
        server.serve()
    except KeyboardInterrupt:
        say("Stopped.")
    finally:
        services.close()
        for one in listening:
            one.stop()


def _prepare(server: Listener, host: str, port: int, option: str = "--port") -> None:
    try:
        server.prepare()
    except OSError as error:
        # Somebody took the port in the moment since it was tried.
        raise _explained(error, host, port, option) from None


def _reachable(host: str) -> str:
    """What a browser on this machine can open: a wildcard is no address, and IPv6 stands in brackets."""
    if host in ("0.0.0.0", "::", ""):
        return "localhost"
    return f"[{host}]" if ":" in host else host


def check_address(host: str, port: int, option: str = "--port") -> None:
    """Raises ServeError, with the way out, where nothing could listen on this address.

    Args:
        host: the address.
        port: the port.
        option: by which another port is chosen.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            if sys.platform != "win32":
                # A port left a moment ago counts as free; on Windows the option would share a busy one.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise _explained(error, host, port, option) from None


def _explained(error: OSError, host: str, port: int, option: str) -> ServeError:
    if error.errno == errno.EADDRINUSE:
        return ServeError(
            f"Port {port} on {host} is in use by another program, maybe another pytrain.",
            fix=f"Stop that one, or choose another port: {option} {port + 1 if port < 65535 else PORT}",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return ServeError(f"You may not use port {port} on {host}.", fix=f"Choose another: {option} {PORT}")
    return ServeError(
        f"Cannot listen on {host}, port {port}: {error.strerror or error}.",
        expected="an address of this machine",
        fix="Leave --host out, or give 0.0.0.0 for all addresses of this machine.",
    )


def _has_screen() -> bool:
    """A text browser must not take over the terminal of somebody who works over SSH."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _shows_blocks() -> bool:
    """Whether the output is a terminal that can show a QR code."""
    try:
        "\u2580\u2588".encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return sys.stdout.isatty()
