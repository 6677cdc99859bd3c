"""The one-time key that lets other devices in: in the link once, in a cookie from then on."""

from __future__ import annotations

import hmac
import secrets

from flask import Request, Response

COOKIE = "__Host-pytrain"
"""By this prefix a browser takes it from this host alone, and over TLS alone."""

PARAMETER = "key"
KEY_BYTES = 16
"""128 bits cannot be guessed, and still make a QR code that phones read at once."""


class Key:
    """Another one at every start of the server."""

    def __init__(self) -> None:
        self.key = secrets.token_urlsafe(KEY_BYTES)
        self._session = secrets.token_urlsafe(32)

    def fits(self, given: str) -> bool:
        """Compares in the same time whatever comes."""
        return hmac.compare_digest(given.encode(), self.key.encode())

    def is_in(self, request: Request) -> bool:
        """Whether a request carries it: as a cookie, as `Authorization: Bearer KEY`, or in its address."""
        session = request.cookies.get(COOKIE, "")
        if hmac.compare_digest(session.encode(), self._session.encode()):
            return True
        kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
        return self.fits(bearer if kind.lower() == "bearer" else request.args.get(PARAMETER, ""))

    def let_in(self, response: Response) -> None:
        """Gives the browser the cookie."""
        response.set_cookie(COOKIE, self._session, secure=True, httponly=True, samesite="Strict", path="/")
