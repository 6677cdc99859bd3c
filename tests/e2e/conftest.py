"""End-to-end tests: the real server in its own process, a real Chromium, a fake camera that plays scenes."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fake_camera import write_video
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from pytrain.export import chromium

CHECKOUT = Path(__file__).resolve().parents[2]
SECONDS = 20
"""How long to wait for a condition, on a busy machine."""

SEEDS = {"circle": (3, 11), "square": (3, 11), "star": (3, 11), "triangle": (3, 11)}
"""Two scenes for each shape that the fake camera shows."""


class Server:
    """`pytrain serve` as a user starts it; its output is shown if it dies."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "pytrain", "serve", "--port", "0"]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        address = re.search(r"http://[^/]+", line)
        if address is None:
            pytest.fail(f"pytrain serve did not start: {line}{self.process.stdout.read()}")
        self.url = address[0]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose only model is the shipped four-shapes."""
    started = Server(tmp_path_factory.mktemp("empty"))
    yield started
    started.stop()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the fake camera shows: each shape for a few seconds, in the order of the labels, in a loop."""
    path = tmp_path_factory.mktemp("camera") / "shapes.y4m"
    write_video(path, SEEDS)
    return path


Launch = Callable[..., Browser]


@pytest.fixture(scope="session")
def launch(playwright: Playwright) -> Iterator[Launch]:
    """Starts a headless Chromium with further arguments; all are closed at the end."""
    program = chromium.find()
    assert program is not None, "run: make browser"
    with ExitStack() as stack:

        def start(*arguments: str) -> Browser:
            browser = playwright.chromium.launch(
                executable_path=program, args=[*chromium.ARGUMENTS, *arguments]
            )
            stack.callback(browser.close)
            return browser

        yield start


@pytest.fixture(scope="session")
def camera_browser(launch: Launch, video: Path) -> Browser:
    return launch(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={video}",
    )


@pytest.fixture(scope="session")
def plain_browser(launch: Launch) -> Browser:
    """No camera at all."""
    return launch()


class Watched:
    """A page whose console errors, uncaught errors and requests to other origins are written down."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.origin = origin
        self.errors: list[str] = []
        self.foreign: list[str] = []
        context.on("request", self._request)
        self.page: Page = context.new_page()
        self.page.set_default_timeout(SECONDS * 1000)
        self.page.on("console", lambda message: self._console(message.type, message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _request(self, request: object) -> None:
        url = request.url  # type: ignore[attr-defined]
        if urlsplit(url).scheme in ("http", "https", "ws", "wss") and not url.startswith(self.origin):
            self.foreign.append(url)

    def _console(self, kind: str, text: str) -> None:
        if kind == "error":
            self.errors.append(text)


Open = Callable[..., Watched]


@pytest.fixture
def open_page(server: Server) -> Iterator[Open]:
    """Opens a path of the server; no console error and no request to another origin may come of it."""
    opened: list[Watched] = []
    with ExitStack() as stack:

        def start(browser: Browser, path: str = "/", url: str | None = None, **options: object) -> Watched:
            context = browser.new_context(**options)  # type: ignore[arg-type]
            stack.callback(context.close)
            watched = Watched(context, url or server.url)
            opened.append(watched)
            watched.page.goto((url or server.url) + path)
            return watched

        yield start
        for watched in opened:
            assert watched.foreign == []
            assert watched.errors == []
