"""A published site on any static server: below any address, without our server, then without a network."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from live import CHECKOUT
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from pytrain.dataset.four_shapes import draw_classic
from pytrain.serve.publish import publish

SHIPPED = CHECKOUT / "exported_models" / "four-shapes"
PLACE = "some/where"
"""The site lies below this, as on most web spaces."""

PAGES = ["", "teach/", "inside/", "take-away/", "sketches/", "sketches/webcam-label/"]


class WebSpace:
    """Python's own static server, in a process of its own."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "http.server", str(port), "--bind", "127.0.0.1"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        found = re.search(r"port (\d+)", self.process.stdout.readline())
        assert found is not None
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}/{PLACE}/"

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=20)


class Visitor:
    """A browser whose failed requests and errors are written down."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        self.context: BrowserContext = browser.new_context(**options)
        self.context.set_default_timeout(20_000)
        self.page: Page = self.context.new_page()
        self.troubles: list[str] = []
        self.asked: list[str] = []
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", self._console)
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.context.on(
            "response",
            lambda answer: answer.status >= 400 and self.troubles.append(f"{answer.status} {answer.url}"),
        )

    def _console(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.troubles.append(f"{said.text} {said.location.get('url')}")

    def is_kept(self) -> None:
        """Waits until the site is kept for when there is no network."""
        self.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        self.page.wait_for_function("() => navigator.serviceWorker.controller !== null")

    def names(self, picture: Path, label: str) -> None:
        """The page says what is in a picture."""
        self.page.get_by_test_id("file-input").set_input_files(picture)
        expect(self.page.get_by_test_id("answer")).to_have_attribute("data-label", label)


KEPT_TO_TEACH = """async () => {
  const [name] = (await caches.keys()).filter((name) => name.startsWith('pytrain-site'));
  const kept = (await (await caches.open(name)).keys()).map(({ url }) => url);
  return kept.flatMap((url) => url.match(/backbone[/].*|trainer[.]js$/) ?? []);
}"""
"""Which of the files that Teach learns with are kept."""

Visit = Callable[..., Visitor]


@pytest.fixture
def visit(plain_browser: Browser) -> Iterator[Visit]:
    """A new visitor, of whom no request and no script may have failed in the end."""
    visitors: list[Visitor] = []
    with ExitStack() as stack:

        def begin(browser: Browser = plain_browser, **options: Any) -> Visitor:
            visitor = Visitor(browser, **options)
            stack.callback(visitor.context.close)
            visitors.append(visitor)
            return visitor

        yield begin
        for visitor in visitors:
            assert visitor.troubles == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A web space with a published site."""
    publish([SHIPPED], tmp_path / "space" / PLACE, name="Four shapes")
    return tmp_path / "space"


@pytest.fixture
def space(folder: Path) -> Iterator[WebSpace]:
    started = WebSpace(folder)
    yield started
    started.stop()


@pytest.fixture
def star(tmp_path: Path) -> Path:
    path = tmp_path / "star.png"
    Image.fromarray(draw_classic("star", 5)).save(path)
    return path


def test_after_one_visit_the_site_works_without_a_network(visit: Visit, space: WebSpace, star: Path) -> None:
    visitor = visit()
    visitor.page.goto(space.url)
    expect(visitor.page).to_have_title("Four shapes")
    visitor.names(star, "star")
    visitor.is_kept()
    space.stop()
    visitor.page.reload()
    visitor.names(star, "star")
    # Every page, also by an address that somebody typed.
    for path in ("teach", "inside/", "take-away/index.html", "?model=four-shapes"):
        answer = visitor.page.goto(space.url + path)
        assert answer is not None
        assert answer.ok
    visitor.names(star, "star")
    assert not [address for address in visitor.asked if "/api/" in address or address.endswith("/results")]


def test_a_browser_that_says_it_is_offline_opens_it_too(visit: Visit, space: WebSpace, star: Path) -> None:
    visitor = visit()
    visitor.page.goto(space.url)
    visitor.is_kept()
    visitor.context.set_offline(True)
    visitor.page.goto(space.url)
    visitor.names(star, "star")


def test_what_is_large_is_kept_once_it_was_needed(visit: Visit, space: WebSpace) -> None:
    visitor = visit()
    visitor.page.goto(space.url)
    visitor.is_kept()
    sizes = "(path) => fetch(path).then((answer) => answer.arrayBuffer()).then((found) => found.byteLength)"
    size = visitor.page.evaluate(sizes, "vendor/p5.min.js")
    space.stop()
    assert visitor.page.evaluate(sizes, "vendor/p5.min.js") == size
    assert (
        visitor.page.evaluate("fetch('vendor/ml5.min.js').then(() => 'there', () => 'not there')")
        == "not there"
    )
    visitor.troubles.clear()


def test_teaching_is_kept_once_the_page_was_opened(visit: Visit, space: WebSpace, folder: Path) -> None:
    visitor = visit()
    page = visitor.page
    page.goto(space.url)
    visitor.is_kept()
    assert page.evaluate(KEPT_TO_TEACH) == []
    page.goto(f"{space.url}teach/")
    backbone = folder / PLACE / "backbone"
    needed = {f"backbone/{file.name}" for file in backbone.iterdir() if file.is_file()} | {"trainer.js"}
    # A promise is no answer to wait_for_function, so it is asked for again and again here.
    for _ in range(100):
        if len(page.evaluate(KEPT_TO_TEACH)) >= len(needed):
            break
        page.wait_for_timeout(200)
    assert set(page.evaluate(KEPT_TO_TEACH)) == needed


def test_the_camera_is_told_what_it_sees(visit: Visit, space: WebSpace, camera_browser: Browser) -> None:
    visitor = visit(camera_browser)
    visitor.page.goto(space.url)
    visitor.page.get_by_test_id("start-camera").click()
    expect(visitor.page.get_by_test_id("answer")).to_have_attribute("data-label", re.compile(r"\w"))


@pytest.mark.parametrize("path", PAGES)
def test_no_page_asks_for_what_only_our_server_has(
    visit: Visit, space: WebSpace, camera_browser: Browser, path: str
) -> None:
    visitor = visit(camera_browser)
    visitor.page.goto(space.url + path, wait_until="networkidle")
    assert visitor.page.title()
    outside = [address for address in visitor.asked if address.startswith("http")]
    assert [address for address in outside if not address.startswith(space.url)] == []
    assert [address for address in outside if address.startswith(f"{space.url}api/")] == []


def test_a_report_that_was_published_is_read_and_asks_for_nothing(
    visit: Visit, space: WebSpace, folder: Path
) -> None:
    publish([SHIPPED], folder / PLACE, with_pictures=True)
    visitor = visit()
    visitor.page.goto(f"{space.url}models/four-shapes/report/index.html", wait_until="networkidle")
    expect(visitor.page.get_by_role("heading", level=1)).to_be_visible()
    assert not [address for address in visitor.asked if "/api/" in address]
    # A report is a file of its own, and has no icon.
    visitor.troubles = [trouble for trouble in visitor.troubles if "favicon.ico" not in trouble]


def test_a_browser_would_install_it(visit: Visit, space: WebSpace) -> None:
    visitor = visit()
    visitor.page.goto(f"{space.url}teach/")
    visitor.is_kept()
    session = visitor.context.new_cdp_session(visitor.page)
    manifest = session.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["url"] == f"{space.url}manifest.webmanifest"
    assert manifest["manifest"]["startUrl"] == space.url
    assert manifest["manifest"]["scope"] == space.url
    errors = [
        error["errorId"] for error in session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    ]
    # With windows, every one of these tests is a private one.
    assert set(errors) <= {"in-incognito"}


WAITING = """() => new Promise((done) => {
  const look = async () => {
    const found = await navigator.serviceWorker.getRegistration();
    if (found.waiting) done();
    else setTimeout(look, 50);
  };
  look();
})"""
"""Until a new version is whole."""


def caches_of(page: Page) -> list[str]:
    return sorted(page.evaluate("caches.keys()"))


def test_a_new_version_comes_at_the_next_visit_and_the_old_one_goes(
    visit: Visit, space: WebSpace, folder: Path, star: Path
) -> None:
    visitor = visit()
    page = visitor.page
    page.goto(space.url)
    page.evaluate("caches.open('of somebody else')")
    visitor.is_kept()
    (before,) = [name for name in caches_of(page) if name.startswith("pytrain-site")]
    publish([SHIPPED], folder / PLACE, name="Better shapes")
    # This visit still shows the old one, whole, and fetches the new one behind it.
    page.reload()
    expect(page).to_have_title("Four shapes")
    page.evaluate(WAITING)
    page.reload()
    expect(page).to_have_title("Better shapes")
    visitor.names(star, "star")
    (after,) = [name for name in caches_of(page) if name.startswith("pytrain-site")]
    assert after != before
    assert "of somebody else" in caches_of(page)
    space.stop()
    page.reload()
    expect(page).to_have_title("Better shapes")
    visitor.names(star, "star")


def test_an_update_that_breaks_off_leaves_the_old_version(
    visit: Visit, space: WebSpace, folder: Path, star: Path
) -> None:
    visitor = visit()
    page = visitor.page
    page.goto(space.url)
    visitor.is_kept()
    publish([SHIPPED], folder / PLACE, name="Half a site")
    (folder / PLACE / "index.html").unlink()
    page.goto(f"{space.url}teach/")
    page.wait_for_timeout(1_000)
    visitor.troubles.clear()
    space.stop()
    page.goto(space.url)
    expect(page).to_have_title("Four shapes")
    visitor.names(star, "star")


def test_two_sites_of_one_host_do_not_touch_each_other(
    visit: Visit, space: WebSpace, folder: Path, star: Path
) -> None:
    publish([SHIPPED], folder / "other", name="Other")
    visitor = visit()
    other = space.url.replace(PLACE, "other")
    for url in (space.url, other):
        visitor.page.goto(url)
        visitor.is_kept()
    assert len([name for name in caches_of(visitor.page) if name.startswith("pytrain-site")]) == 2
    space.stop()
    for url, title in ((space.url, "Four shapes"), (other, "Other")):
        visitor.page.goto(url)
        expect(visitor.page).to_have_title(title)
        visitor.names(star, "star")


def test_a_model_of_the_first_of_several_is_the_one_to_start_with(
    visit: Visit, space: WebSpace, folder: Path, tmp_path: Path, star: Path
) -> None:
    mine = shutil.copytree(SHIPPED, tmp_path / "Ähnliche 100% Formen 🔺")
    publish([mine, SHIPPED], folder / PLACE)
    visitor = visit()
    visitor.page.goto(space.url)
    visitor.names(star, "star")
    expect(visitor.page).to_have_title("Ähnliche 100% Formen 🔺")
    visitor.is_kept()
    space.stop()
    visitor.page.goto(space.url)
    visitor.names(star, "star")
