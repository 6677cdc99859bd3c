"""A phone comes in by the link of `pytrain serve --share`, and gets nothing without its key."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import findings
from playwright.sync_api import Browser, BrowserContext, expect

from pytrain.serve.share.addresses import own_addresses

pytestmark = pytest.mark.skipif(
    not [address for address in own_addresses() if address.version == 4], reason="this machine has no network"
)

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


class Sharing:
    """`pytrain serve --share` as a user starts it, and what it says."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "pytrain", "serve", "--port", "0", "--share", "--share-port", "0"]
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "XDG_CACHE_HOME": str(folder)},
        )
        self.here = self._says(r"(http://[^/]+)/")
        self.link = self._says(r"(https://\S+)")
        self.fingerprint = self._says(r"SHA-256 (\S+)")
        self.address = self.link.partition("/?")[0]

    def _says(self, pattern: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(pattern, line):
                return found[1]
        pytest.fail("pytrain serve --share did not start")

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=20)


@pytest.fixture(scope="module")
def sharing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sharing]:
    started = Sharing(tmp_path_factory.mktemp("sharing"))
    yield started
    started.stop()


@pytest.fixture
def phone(camera_browser: Browser) -> Iterator[BrowserContext]:
    """Its owner has gone past the browser's warning."""
    context = camera_browser.new_context(ignore_https_errors=True, **PHONE)  # type: ignore[arg-type]
    context.set_default_timeout(20_000)
    yield context
    context.close()


def test_the_link_opens_the_page_and_its_camera_tells_what_it_sees(
    sharing: Sharing, phone: BrowserContext
) -> None:
    page = phone.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(sharing.link)
    page.wait_for_url(f"{sharing.address}/")
    assert "key=" not in page.evaluate("location.href + document.referrer")
    # Only in a secure context a page gets a camera.
    assert page.evaluate("isSecureContext && 'mediaDevices' in navigator")
    page.get_by_test_id("start-camera").click()
    expect(page.get_by_test_id("answer")).to_have_attribute(
        "data-label", re.compile("circle|square|star|tri")
    )
    assert page.evaluate("fetch('api/session').then((answer) => answer.status)") == 200
    cookie = next(cookie for cookie in phone.cookies() if cookie["name"].startswith("__Host-"))
    assert cookie["httpOnly"]
    assert cookie["secure"]
    assert cookie["sameSite"] == "Strict"
    assert cookie["value"] not in page.evaluate("document.cookie")
    # Back does not lead to an address that holds the key.
    page.reload()
    expect(page.get_by_test_id("start-camera")).to_be_visible()
    assert errors == []


def test_a_link_in_a_message_works_too(sharing: Sharing, phone: BrowserContext) -> None:
    """Another site leads here: a browser leaves strict cookies out on the way."""
    phone.route(
        "https://chat.example/",
        lambda route: route.fulfill(body=f"<a href='{sharing.link}'>look</a>", content_type="text/html"),
    )
    page = phone.new_page()
    page.goto("https://chat.example/")
    page.get_by_text("look").click()
    page.wait_for_url(f"{sharing.address}/")
    expect(page.get_by_test_id("start-camera")).to_be_visible()


@pytest.mark.parametrize("query", ["", "?key=", "?key=wrong"])
def test_without_the_key_a_plain_page_says_what_to_do(
    sharing: Sharing, phone: BrowserContext, query: str
) -> None:
    page = phone.new_page()
    answer = page.goto(f"{sharing.address}/{query}")
    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_role("heading")).to_have_text("This link does not open the page.")
    expect(page.locator("body")).to_contain_text("Scan the QR code again")
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_another_site_gets_nothing_from_a_phone_that_is_in(sharing: Sharing, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(sharing.link)
    page.wait_for_url(f"{sharing.address}/")
    phone.route(
        "https://evil.example/", lambda route: route.fulfill(body="<p>evil</p>", content_type="text/html")
    )
    page.goto("https://evil.example/")
    found = page.evaluate(
        """(address) => Promise.all(['/models.json', '/api/session', '/results'].map((path) =>
          fetch(address + path, { credentials: 'include' })
            .then((answer) => answer.status, () => 'nothing')))""",
        sharing.address,
    )
    assert found == ["nothing"] * 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_this_machine_shows_the_code(sharing: Sharing, plain_browser: Browser, scheme: str) -> None:
    context = plain_browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{sharing.here}/share")
    expect(page.get_by_test_id("link")).to_have_text(sharing.link)
    expect(page.get_by_test_id("fingerprint")).to_have_text(sharing.fingerprint)
    expect(page.get_by_test_id("qr").locator("svg")).to_be_visible()
    assert findings(page) == []
    context.close()


@pytest.mark.parametrize("place", ["/", "/teach/", "/inside/", "/take-away/"])
def test_the_pages_lead_to_the_code_on_this_machine_alone(
    sharing: Sharing, plain_browser: Browser, phone: BrowserContext, place: str
) -> None:
    context = plain_browser.new_context()
    page = context.new_page()
    page.goto(f"{sharing.here}{place}")
    page.get_by_test_id("phone").click()
    expect(page.get_by_test_id("link")).to_have_text(sharing.link)
    context.close()
    other = phone.new_page()
    other.goto(sharing.link)
    other.wait_for_url(f"{sharing.address}/")
    with other.expect_response("**/models.json"):
        other.goto(f"{sharing.address}{place}")
    expect(other.locator("footer")).to_contain_text("Licences")
    expect(other.get_by_test_id("phone")).to_be_hidden()
