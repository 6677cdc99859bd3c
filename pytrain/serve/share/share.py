"""What `pytrain serve --share` needs: the certificate, the key, and the link that leads to both."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path

from pytrain.errors import ServeError
from pytrain.serve.share.addresses import Address, own_addresses, own_names
from pytrain.serve.share.key import PARAMETER, Key
from pytrain.serve.share.qr import for_terminal

ALL = "0.0.0.0"
ALL_OF_BOTH_KINDS = "::"


class Share:
    """One start of the server for other devices.

    Args:
        host: the address to listen on, or 0.0.0.0 for all.
        port: the port to listen on; 0 takes any free one.

    Raises:
        ServeError: this machine is in no network, or the certificate cannot be kept.
    """

    def __init__(self, host: str = ALL, port: int = 0) -> None:
        # Here, for that library takes longer to load than the rest of the server.
        from pytrain.serve.share.certificate import cache_folder, certificate, fingerprint

        self.host = host
        self.port = port
        self.key = Key()
        self.addresses = _reachable(host)
        self.certificate: Path = certificate(cache_folder(), self.addresses, own_names())
        self.fingerprint = fingerprint(self.certificate)

    @property
    def url(self) -> str:
        """The link with the key."""
        address = self.addresses[0]
        host = f"[{address}]" if address.version == 6 else str(address)
        return f"https://{host}:{self.port}/?{PARAMETER}={self.key.key}"

    def as_json(self) -> dict[str, str]:
        """What the page shows on this machine."""
        return {"url": self.url, "fingerprint": self.fingerprint}

    def lines(self, *, pictures: bool) -> Iterator[str]:
        """What the terminal shows.

        Args:
            pictures: whether it can show the QR code.
        """
        yield "For phones in the same network. The link lets in whoever has it, until pytrain stops:"
        yield f"  {self.url}"
        if pictures:
            yield from for_terminal(self.url)
        yield "Their browser warns once, because this machine made the certificate itself. Its fingerprint:"
        yield f"  SHA-256 {self.fingerprint}"


def _reachable(host: str) -> list[Address]:
    if host not in (ALL, ALL_OF_BOTH_KINDS):
        try:
            return [ipaddress.ip_address(host)]
        except ValueError:
            raise ServeError(
                f"{host} is no address.",
                expected="an address of this machine, such as 192.168.1.5",
                fix="Leave --host out: pytrain serve --share",
            ) from None
    found = own_addresses()
    usable = [address for address in found if host == ALL_OF_BOTH_KINDS or address.version == 4]
    if not usable:
        raise ServeError(
            "This machine is in no network that other devices could come from.",
            fix="Connect it to the Wi-Fi that the phone is in, then start again.",
        )
    return usable
