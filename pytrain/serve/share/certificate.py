"""A certificate that this machine makes for itself, and keeps: a phone that trusts it may go on doing so."""

from __future__ import annotations

import datetime
import ipaddress
import os
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pytrain.errors import ServeError
from pytrain.serve.share.addresses import Address

DAYS = 397
"""Apple's systems refuse more (support.apple.com/en-us/102028)."""

LEAST_DAYS = 7
FILE = "share.pem"


def certificate(folder: Path, addresses: Sequence[Address], names: Sequence[str]) -> Path:
    """A file with a private key and its certificate for these addresses and names.

    What lies in the folder is used as long as it fits; else a new one takes its place.

    Args:
        folder: made if it is not there; nobody else may read in it.
        addresses: of this machine.
        names: of this machine.

    Raises:
        ServeError: the folder cannot be written.
    """
    path = folder / FILE
    wanted = _subjects(addresses, names)
    try:
        if not _fits(path, wanted):
            _write(path, _made(wanted))
    except OSError as error:
        raise ServeError(
            f"{path} cannot be written: {error.strerror or error}.",
            fix="Check the permissions of its folder.",
        ) from None
    return path


def fingerprint(path: Path) -> str:
    """The SHA-256 of a certificate as browsers show it: AB:CD:..."""
    found = _read(path).fingerprint(hashes.SHA256())
    return ":".join(f"{byte:02X}" for byte in found)


def cache_folder() -> Path:
    """Where programs keep what they can make again, by the custom of the system."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "pytrain"


def _subjects(addresses: Sequence[Address], names: Sequence[str]) -> list[x509.GeneralName]:
    loopback = [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")]
    return [
        *(x509.DNSName(name) for name in dict.fromkeys([*names, "localhost"])),
        *(x509.IPAddress(address) for address in dict.fromkeys([*addresses, *loopback])),
    ]


def _fits(path: Path, wanted: Sequence[x509.GeneralName]) -> bool:
    try:
        found = _read(path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        subjects = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    left = found.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    return set(wanted) <= set(subjects) and left > datetime.timedelta(days=LEAST_DAYS)


def _read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _made(wanted: Sequence[x509.GeneralName]) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pytrain")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Clocks of phones are not all right.
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=DAYS - 1))
        .add_extension(x509.SubjectAlternativeName(wanted), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret + made.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, and for nobody else to read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
