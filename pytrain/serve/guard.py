"""Who may use the JSON API: pages that this server itself served, opened on this machine or with the key."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from urllib.parse import urlsplit

from flask import Request

from pytrain.serve.api_error import ApiError
from pytrain.serve.share.key import Key

TOKEN_HEADER = "X-Pytrain-Token"
OPEN_HERE = "Open the page that pytrain serve names, on the machine it runs on."
SHARE = "On the machine that serves, start: pytrain serve --share"


class Guard:
    """Checks requests; the token is another one at every start.

    Args:
        host: the name the server was told to listen on, which counts as its own.
        key: lets other devices in; without it none may use the API.
    """

    def __init__(self, host: str | None = None, key: Key | None = None) -> None:
        self.token = secrets.token_urlsafe(32)
        self.key = key
        own = {"localhost", socket.gethostname().lower(), *([host.lower()] if host else [])}
        self.names = own | {f"{name}.local" for name in own}

    def check(self, request: Request) -> None:
        """Raises ApiError (403) for a request that is not the page's own.

        A foreign page cannot read the token; a foreign name that leads to this machine (DNS rebinding) is
        no name of ours; other machines without the key may look at models but change nothing.
        """
        self.check_host(request)
        if not self.is_here(request) and not self.has_key(request):
            fix = f"{SHARE}. Then open the link that it shows." if self.key is None else OPEN_HERE
            raise ApiError(403, "Only the machine that serves may do this.", fix=fix)
        writing = request.method not in ("GET", "HEAD")
        if not _is_same_origin(request, writing):
            raise ApiError(403, "Another page asked for this.", "pages of this server", OPEN_HERE)
        sent = request.headers.get(TOKEN_HEADER, "")
        if writing and not hmac.compare_digest(sent.encode(), self.token.encode()):
            raise ApiError(403, f"The header {TOKEN_HEADER} is missing or old.", fix="Load the page again.")

    def check_host(self, request: Request) -> None:
        """Raises ApiError (403) where the request calls this server by a name that is none of its own."""
        name = _parts(f"//{request.host}")[0].rstrip(".")
        if name not in self.names and not name.endswith(".localhost") and not _is_address(name):
            raise ApiError(403, f"{name} is not a name of this server.", fix=OPEN_HERE)

    def check_here(self, request: Request, what: str) -> None:
        """Raises ApiError (403) where another device, although it has the key, asks for what it may not do.

        Args:
            request: whatever `check` let pass.
            what: may be done here alone, in words.
        """
        if not self.is_here(request):
            raise ApiError(403, f"Only the machine that serves may {what}.", fix=OPEN_HERE)

    def is_here(self, request: Request) -> bool:
        """Whether it comes from this machine."""
        return _is_loopback(request.remote_addr or "")

    def has_key(self, request: Request) -> bool:
        """Whether it comes with the key, or from a browser that came with it once."""
        return self.key is not None and self.key.is_in(request)


def _is_same_origin(request: Request, writing: bool) -> bool:
    """Browsers tell where a request comes from, in one header or the other; for a read none need be there."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    if origin is not None and _parts(origin)[1] != request.host:
        return False
    if site is not None and site != "same-origin":
        return False
    return not writing or origin is not None or site is not None


def _parts(url: str) -> tuple[str, str]:
    """(host name, host with port) of an address; both empty where it is none."""
    try:
        found = urlsplit(url)
        return found.hostname or "", found.netloc
    except ValueError:
        return "", ""


def _is_address(name: str) -> bool:
    """Whoever names this machine by its number reached it without a name that could lie."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback
