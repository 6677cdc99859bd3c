"""`pytrain serve --share`: TLS that can be compared, and a key without which nothing is served."""

from __future__ import annotations

import datetime
import hashlib
import http.client
import ipaddress
import json
import os
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import segno
from cryptography import x509
from serving import picture

from pytrain.errors import ServeError
from pytrain.serve import create_app
from pytrain.serve.share import Share, certificate, qr
from pytrain.serve.share import share as share_module
from pytrain.serve.share.addresses import own_addresses, own_names
from pytrain.serve.share.key import COOKIE
from pytrain.serve.share.secure import secure_listener

from .conftest import SECONDS, Running, Start, events

ADDRESSES = [ipaddress.ip_address("192.168.1.5"), ipaddress.ip_address("fd00::5")]
NAMES = ["desk", "desk.local"]
PHONE = {"REMOTE_ADDR": "192.168.1.77"}

in_a_network = pytest.mark.skipif(
    not [address for address in own_addresses() if address.version == 4], reason="this machine has no network"
)


def subjects(path: Path) -> set[str]:
    found = x509.load_pem_x509_certificate(path.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in names}


def test_a_certificate_names_every_way_to_this_machine(tmp_path: Path) -> None:
    path = certificate.certificate(tmp_path / "cache", ADDRESSES, NAMES)
    expected = {"192.168.1.5", "fd00::5", "127.0.0.1", "::1", "localhost", "desk", "desk.local"}
    assert subjects(path) == expected
    der = x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(
        certificate.serialization.Encoding.DER
    )
    assert certificate.fingerprint(path).replace(":", "").lower() == hashlib.sha256(der).hexdigest()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_nobody_else_may_read_the_key(tmp_path: Path) -> None:
    path = certificate.certificate(tmp_path / "cache", ADDRESSES, NAMES)
    assert path.stat().st_mode & 0o077 == 0
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_certificate_is_kept_as_long_as_it_fits(tmp_path: Path) -> None:
    first = certificate.fingerprint(certificate.certificate(tmp_path, ADDRESSES, NAMES))
    assert certificate.fingerprint(certificate.certificate(tmp_path, ADDRESSES, NAMES)) == first
    # One address less still fits; one more does not.
    assert certificate.fingerprint(certificate.certificate(tmp_path, ADDRESSES[:1], NAMES)) == first
    more = [*ADDRESSES, ipaddress.ip_address("10.0.0.2")]
    assert certificate.fingerprint(certificate.certificate(tmp_path, more, NAMES)) != first


HALF = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"


@pytest.mark.parametrize("content", [b"", b"nonsense", HALF])
def test_a_damaged_certificate_is_made_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / certificate.FILE).write_bytes(content)
    assert "192.168.1.5" in subjects(certificate.certificate(tmp_path, ADDRESSES, NAMES))


def test_a_certificate_that_ends_soon_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(certificate, "DAYS", certificate.LEAST_DAYS)
        first = certificate.fingerprint(certificate.certificate(tmp_path, ADDRESSES, NAMES))
    path = certificate.certificate(tmp_path, ADDRESSES, NAMES)
    assert certificate.fingerprint(path) != first
    found = x509.load_pem_x509_certificate(path.read_bytes())
    left = found.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(days=300) < left < datetime.timedelta(days=398)


def test_where_the_certificate_cannot_be_kept_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(ServeError, match="cannot be written"):
        certificate.certificate(tmp_path / "cache", ADDRESSES, NAMES)


def test_without_a_network_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share_module, "own_addresses", list)
    with pytest.raises(ServeError, match="in no network") as refused:
        Share()
    assert "Wi-Fi" in str(refused.value.fix)


def test_an_address_that_is_none_is_said() -> None:
    with pytest.raises(ServeError, match="my-desk is no address"):
        Share("my-desk")


def test_own_names_can_stand_in_a_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Anna's_Büro")
    assert own_names() == []
    monkeypatch.setattr(socket, "gethostname", lambda: "Desk.fritz.box")
    assert own_names() == ["desk.fritz.box", "desk.local"]


def test_the_code_in_the_terminal_is_the_link() -> None:
    link = "https://192.168.1.5:8443/?key=abcdefghijklmnopqrstuv"
    expected = [
        [bool(module) for module in row] for row in segno.make(link, micro=False).matrix_iter(border=2)
    ]
    halves = {sign: both for both, sign in qr.HALVES.items()}
    rows: list[list[bool]] = []
    for line in qr.for_terminal(link):
        signs = line.removeprefix(qr.BLACK_ON_WHITE).removesuffix(qr.PLAIN)
        rows += [[halves[sign][0] for sign in signs], [halves[sign][1] for sign in signs]]
    assert rows[: len(expected)] == expected
    assert not any(any(row) for row in rows[len(expected) :])
    assert len(rows[0]) < 80


@pytest.fixture
def shared(small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An application that shares, and its share."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("<title>the page</title>")
    share = Share("192.168.1.5", 8443)
    app = create_app([small_bundle.parent], page, datasets=tmp_path / "datasets", share=share)
    app.testing = True
    yield app, share
    app.extensions["pytrain"].jobs.stop(SECONDS)


OPENED = {"Accept": "text/html,*/*", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"}
BASE = "https://192.168.1.5:8443"


class Phone:
    """A browser on another device."""

    def __init__(self, app: Any) -> None:
        self.client = app.test_client()

    def __call__(self, path: str, method: str = "GET", base: str = BASE, **options: Any) -> Any:
        answer = self.client.open(
            path, method=method, base_url=base, environ_base=PHONE, buffered=True, **options
        )
        answer.close()
        return answer


EVERYTHING = ["/", "/models.json", "/models/small/model.json", "/api/session", "/results", "/share", "/none"]


@pytest.mark.parametrize("path", EVERYTHING)
@pytest.mark.parametrize("key", [None, "", "wrong", "ä", "a" * 10_000])
def test_without_the_key_nothing_is_served(shared: Any, path: str, key: str | None) -> None:
    app, _ = shared
    phone = Phone(app)
    query = {} if key is None else {"key": key}
    answer = phone(path, query_string=query)
    assert answer.status_code == 403
    assert set(answer.json["error"]) == {"what", "expected", "fix"}
    assert "Set-Cookie" not in answer.headers
    page = phone(path, query_string=query, headers=OPENED)
    assert page.status_code == 403
    assert "Scan the QR code again" in page.text
    assert "Set-Cookie" not in page.headers


def test_an_old_cookie_opens_nothing(shared: Any) -> None:
    app, _ = shared
    phone = Phone(app)
    phone.client.set_cookie(COOKIE, "old", domain="192.168.1.5", secure=True)
    assert phone("/").status_code == 403


def test_the_link_opens_the_page_and_the_key_is_gone_from_the_address(shared: Any) -> None:
    app, share = shared
    phone = Phone(app)
    answer = phone("/teach/", query_string={"key": share.key.key, "model": "a&b"}, headers=OPENED)
    assert answer.status_code == 200
    cookie = answer.headers["Set-Cookie"]
    for word in (f"{COOKIE}=", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert word in cookie
    assert share.key.key not in cookie
    assert share.key.key not in answer.text
    assert 'content="0;url=/teach/?model=a%26b"' in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "the page" in phone("/").text


def test_the_link_leads_to_no_other_host(shared: Any) -> None:
    app, share = shared
    answer = Phone(app)("//evil.example/", query_string={"key": share.key.key}, headers=OPENED)
    assert "url=//" not in answer.text


def test_a_program_sends_the_key_each_time(shared: Any) -> None:
    app, share = shared
    phone = Phone(app)
    assert phone("/models.json", query_string={"key": share.key.key}).json["models"]
    assert phone("/models.json", headers={"Authorization": f"Bearer {share.key.key}"}).json["models"]
    assert phone("/models.json", headers={"Authorization": "Bearer wrong"}).status_code == 403
    assert phone("/models.json").status_code == 403


def test_a_name_that_is_not_ours_opens_nothing(shared: Any) -> None:
    app, share = shared
    phone = Phone(app)
    answer = phone("/", base="https://evil.example:8443", query_string={"key": share.key.key})
    assert answer.status_code == 403
    assert "evil.example" in answer.json["error"]["what"]


def test_this_machine_needs_no_key_and_alone_sees_the_link(shared: Any) -> None:
    app, share = shared
    here = app.test_client()
    with here.get("/") as answer:
        assert "the page" in answer.text
    assert here.get("/api/session").json["share"] == {"url": share.url, "fingerprint": share.fingerprint}
    page = here.get("/share").text
    assert share.url in page
    assert share.fingerprint in page.replace("<wbr>", "")
    assert "<svg" in page
    phone = Phone(app)
    phone("/", query_string={"key": share.key.key}, headers=OPENED)
    assert phone("/share").status_code == 403
    assert phone("/api/session").json["share"] is None
    assert here.get("/models.json").json["share"] is True
    assert phone("/models.json").json["share"] is False


def test_without_share_the_page_says_how_to(tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    app = create_app([], tmp_path / "page")
    assert "pytrain serve --share" in app.test_client().get("/share").text
    assert app.test_client().get("/share", environ_base=PHONE).status_code == 403


def writes(phone: Phone) -> dict[str, str]:
    token = phone("/api/session").json["token"]
    return {"X-Pytrain-Token": token, "Origin": BASE, "Sec-Fetch-Site": "same-origin"}


def test_a_phone_records_and_removes_but_touches_nothing_else(shared: Any, tmp_path: Path) -> None:
    app, share = shared
    phone = Phone(app)
    phone("/", query_string={"key": share.key.key}, headers=OPENED)
    headers = writes(phone)
    place = "/api/datasets/pets/cat/a"
    assert phone(place, "PUT", data=picture(), headers=headers).status_code == 201
    assert (
        phone(place, "PUT", data=picture(), headers={**headers, "Origin": "https://evil"}).status_code == 403
    )
    assert phone(place, "PUT", data=picture(), headers={"Origin": BASE}).status_code == 403
    assert phone(place, "DELETE", headers=headers).status_code == 200
    for path, method in [
        ("/api/models/small/retrain", "POST"),
        ("/api/models/small/pictures/a", "POST"),
        ("/api/models/small?replace=1", "POST"),
    ]:
        answer = phone(path, method, headers=headers)
        assert answer.status_code == 403, path
        assert "Only the machine that serves" in answer.json["error"]["what"]
    assert (
        phone("/api/models/small/pictures").json["problem"]["what"].startswith("Only the machine that serves")
    )


def test_a_phone_trains_what_is_new_and_stops_what_it_started(shared: Any, small_bundle: Path) -> None:
    app, share = shared
    phone = Phone(app)
    phone("/", query_string={"key": share.key.key}, headers=OPENED)
    headers = writes(phone)
    for label in ("cat", "dog"):
        phone(f"/api/datasets/pets/{label}/a", "PUT", data=picture(), headers=headers)
    train = "/api/datasets/pets/train"
    assert phone(train, "POST", json={"name": "small"}, headers=headers).status_code == 403
    here = app.test_client()
    mine = {"X-Pytrain-Token": headers["X-Pytrain-Token"], "Origin": "http://localhost"}
    job = here.post(train, json={"name": "small"}, headers=mine).json["job"]
    assert phone(f"/api/jobs/{job['id']}", "DELETE", headers=headers).status_code == 403
    own = phone(train, "POST", json={"name": "pets"}, headers=headers).json["job"]
    assert own["state"] == "queued"
    assert phone(f"/api/jobs/{own['id']}", "DELETE", headers=headers).json["state"] == "cancelled"
    here.delete(f"/api/jobs/{job['id']}", headers=mine)


class Device:
    """Another device, at the other end of a real connection."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.url = server.says(r"(https://\S+)")
        self.fingerprint = server.says(r"SHA-256 (\S+)")
        self.parts = urlsplit(self.url)
        self.context = ssl.create_default_context(cafile=server.folder / "cache" / "pytrain" / "share.pem")

    @property
    def address(self) -> tuple[str, int]:
        assert self.parts.hostname is not None
        assert self.parts.port is not None
        return self.parts.hostname, self.parts.port

    def connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(*self.address, timeout=SECONDS, context=self.context)

    def get(self, path: str, **headers: str) -> tuple[int, bytes, http.client.HTTPMessage]:
        connection = self.connect()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content, answer.headers


@in_a_network
def test_the_link_works_over_tls_and_the_fingerprint_is_the_one_that_was_said(start: Start) -> None:
    device = Device(start("--share", "--share-port", "0"))
    connection = device.connect()
    connection.connect()
    shown = connection.sock.getpeercert(binary_form=True)
    connection.close()
    assert shown is not None
    assert hashlib.sha256(shown).hexdigest().upper() == device.fingerprint.replace(":", "")
    assert device.get("/models.json")[0] == 403
    status, content, headers = device.get(f"{device.parts.path}?{device.parts.query}", Accept="text/html")
    assert status == 200
    cookie = headers["Set-Cookie"].partition(";")[0]
    status, content, _ = device.get("/models.json", Cookie=cookie)
    assert status == 200
    assert b"four-shapes" in content
    # On this machine the page is where it always is, with neither key nor warning.
    assert device.server.ask("GET", "/models.json")[0] == 200


@in_a_network
def test_results_reach_a_program_on_another_device(start: Start) -> None:
    device = Device(start("--share", "--share-port", "0"))
    connection = device.connect()
    connection.request("GET", f"/results?{device.parts.query}")
    stream = events(connection.getresponse())
    result = {"model": "m", "answer": "a", "results": [], "time": 1}
    assert device.server.ask("POST", "/api/results", **result)[0] == 204
    assert json.loads(next(stream)["data"]) == result
    stream.close()
    connection.close()


@in_a_network
def test_whoever_says_nothing_holds_up_nobody(start: Start) -> None:
    device = Device(start("--share", "--share-port", "0"))
    silent = [socket.create_connection(device.address, timeout=SECONDS) for _ in range(10)]
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(device.get("/")[0])) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [403] * 10
    for one in silent:
        # It is still waited for: nobody was served only after it had been given up.
        one.setblocking(False)
        with pytest.raises(BlockingIOError):
            one.recv(1)
        one.close()


@in_a_network
def test_plain_http_and_refused_certificates_are_taken_calmly(start: Start) -> None:
    server = start("--share", "--share-port", "0")
    device = Device(server)
    with socket.create_connection(device.address, timeout=SECONDS) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"https://" in plain.recv(1000)
    strict = ssl.create_default_context()
    with (
        socket.create_connection(device.address, timeout=SECONDS) as refusing,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        strict.wrap_socket(refusing, server_hostname=device.address[0])
    with socket.create_connection(device.address, timeout=SECONDS) as noise:
        noise.sendall(b"\x16\x03\x01\x00\x05hello")
        noise.recv(1000)
    assert device.get("/")[0] == 403
    server.process.terminate()
    _, said = server.process.communicate(timeout=SECONDS)
    assert said == ""


def test_nothing_is_ever_written_in_plain_text(tmp_path: Path) -> None:
    """As when the server stops while a stream is still written."""
    path = certificate.certificate(tmp_path, ADDRESSES, NAMES)
    server = secure_listener(("127.0.0.1", 0), lambda *_: [], 1, path)
    near, far = socket.socketpair()
    for end in (near, far):
        end.settimeout(SECONDS)
    inner, _ = server.ssl_adapter.wrap(near)
    context = ssl.create_default_context(cafile=path)
    shake = threading.Thread(target=inner.do_handshake)
    shake.start()
    outer = context.wrap_socket(far, server_hostname="desk")
    shake.join()
    inner.shutdown(socket.SHUT_RD)
    inner.sendall(b"secret")
    assert outer.recv(100) == b"secret"
    inner.shutdown(socket.SHUT_WR)
    with pytest.raises(OSError):  # noqa: PT011 (any refusal will do)
        inner.sendall(b"more")
    inner.close()
    outer.close()


@in_a_network
@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process alone")
def test_ctrl_c_ends_both_ports_with_streams_open(start: Start) -> None:
    import signal

    server = start("--share", "--share-port", "0")
    device = Device(server)
    connection = device.connect()
    connection.request("GET", f"/results?{device.parts.query}")
    stream = connection.getresponse()
    server.process.send_signal(signal.SIGINT)
    output, errors = server.process.communicate(timeout=SECONDS)
    assert server.process.returncode == 0
    assert output.strip() == "Stopped."
    assert errors == ""
    stream.read()
    connection.close()


@in_a_network
def test_a_busy_port_for_devices_is_said_with_the_way_out(start: Start) -> None:
    import subprocess

    device = Device(start("--share", "--share-port", "0"))
    port = str(device.address[1])
    command = [sys.executable, "-m", "pytrain", "serve", "--port", "0", "--share", "--share-port", port]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode == 2
    assert f"Port {port}" in done.stderr
    assert f"--share-port {int(port) + 1}" in done.stderr
