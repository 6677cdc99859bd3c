"""TLS on cheroot, with the handshake where it holds up nobody else."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any

from cheroot.ssl.builtin import BuiltinSSLAdapter

from pytrain.serve.connections import Connection, Listener

TLS_RECORD = b"\x16"
"""The first byte of every handshake (RFC 8446, 5.1); plain HTTP begins with a letter."""

PLAIN = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
    b"This address begins with https://\r\n"
)


class SecureSocket(ssl.SSLSocket):
    """A socket that never goes on in plain text."""

    def shutdown(self, how: int) -> None:
        """Ends one direction or both. SSLSocket's own forgets its TLS as well, while a thread may write."""
        socket.socket.shutdown(self, how)


class SecureConnection(Connection):
    """One connection over TLS. Its handshake runs in the thread that serves it."""

    _shaken = False

    def communicate(self) -> bool:
        """Shakes hands first; whoever does not, or speaks plain HTTP, is let go."""
        if not self._shaken:
            try:
                if not self._shake():
                    return False
            except OSError:
                # Browsers do so whenever they show their warning.
                return False
            self._shaken = True
        return bool(super().communicate())  # type: ignore[no-untyped-call]

    def _shake(self) -> bool:
        # SSLSocket refuses to look ahead; the socket that it is does not.
        first = socket.socket.recv(self.socket, 1, socket.MSG_PEEK)
        if first != TLS_RECORD:
            if first:
                socket.socket.sendall(self.socket, PLAIN)
            return False
        self.socket.do_handshake()
        return True


class LateAdapter(BuiltinSSLAdapter):
    """Leaves the handshake to the connection: in cheroot's own, one silent client holds up all others."""

    def wrap(self, sock: socket.socket) -> tuple[ssl.SSLSocket, dict[str, str]]:
        """The socket, and what the application is told of it."""
        made = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return made, {"wsgi.url_scheme": "https", "HTTPS": "on"}


class SecureListener(Listener):
    """A server on one port, over TLS."""

    ConnectionClass = SecureConnection


def secure_listener(address: tuple[str, int], app: Any, threads: int, certificate: Path) -> SecureListener:
    """A server for an application, not yet listening.

    Args:
        address: host and port.
        app: the WSGI application.
        threads: how many requests at a time.
        certificate: a file with the private key and the certificate.
    """
    made = SecureListener(address, app, numthreads=threads, server_name="pytrain", shutdown_timeout=2)
    made.ssl_adapter = LateAdapter(str(certificate), str(certificate))
    made.ssl_adapter.context.sslsocket_class = SecureSocket
    made.ssl_adapter.context.minimum_version = ssl.TLSVersion.TLSv1_2
    return made
