"""By which addresses and names other devices reach this machine."""

from __future__ import annotations

import ipaddress
import re
import socket

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

PROBES = ("192.168.255.254", "10.255.255.254", "172.31.255.254", "203.0.113.1", "2001:db8::1")
"""One address in each kind of network. Nothing is sent: the system only says from where it would be."""

PORT = 9
NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})*", re.IGNORECASE)


def own_addresses() -> list[Address]:
    """The addresses of this machine in its networks, the likeliest first: what a home router gives."""
    found = [address for probe in PROBES if (address := _source(probe)) is not None]
    try:
        named = [info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)]
    except OSError:
        named = []
    found += [ipaddress.ip_address(str(address).partition("%")[0]) for address in named]
    outside = [address for address in found if not (address.is_loopback or address.is_link_local)]
    return sorted(dict.fromkeys(outside), key=lambda address: (address.version, not address.is_private))


def own_names() -> list[str]:
    """What others may call this machine, where that may stand in a certificate."""
    name = socket.gethostname().lower()
    names = [name, f"{name.partition('.')[0]}.local"]
    return [name for name in dict.fromkeys(names) if NAME.fullmatch(name)]


def _source(probe: str) -> Address | None:
    family = socket.AF_INET6 if ":" in probe else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probing:
            probing.connect((probe, PORT))
            return ipaddress.ip_address(str(probing.getsockname()[0]).partition("%")[0])
    except OSError:
        return None
