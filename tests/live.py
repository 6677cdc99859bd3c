"""The real server in a process of its own, and browser pages that are watched."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

CHECKOUT = Path(__file__).resolve().parents[1]
AXE = CHECKOUT / "node_modules" / "axe-core" / "axe.min.js"
THEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
SECONDS = 60
"""How long to wait for a condition, on a busy machine."""


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

    def _request(self, request: Request) -> None:
        url = request.url
        if urlsplit(url).scheme in ("http", "https", "ws", "wss") and not url.startswith(self.origin):
            self.foreign.append(url)

    def _console(self, kind: str, text: str) -> None:
        if kind == "error":
            self.errors.append(text)


Open = Callable[..., Watched]
Launch = Callable[..., Browser]


SLOW_SCREEN = """
  window.requestAnimationFrame = (show) => setTimeout(() => show(performance.now()), 100);
  window.cancelAnimationFrame = (id) => clearTimeout(id);
"""
"""Before a page's own scripts: its screen shows ten pictures a second. A sketch that draws 60 of them takes a
whole processor, where there is no graphics card."""


def start_camera(page: Page) -> None:
    page.get_by_test_id("start-camera").click()
    expect(page.get_by_test_id("stop-camera")).to_be_enabled()


def ask_camera(page: Page) -> None:
    """Starts it, and waits for the first answer."""
    start_camera(page)
    expect(page.get_by_test_id("answer")).not_to_have_attribute("data-label", "")


def findings(page: Page) -> list[str]:
    """Whatever axe finds on a page, moderate and minor too: the rule and where."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    return [f"{rule['id']}: {node['target']}" for rule in found for node in rule["nodes"]]


def in_every_look(page: Page, *sizes: tuple[int, int]) -> Iterator[int]:
    """Shows a page in windows of these sizes, light and dark in each; gives the width each time."""
    for width, height in sizes:
        page.set_viewport_size({"width": width, "height": height})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            yield width


def until(page: Page, promised: str) -> None:
    """Waits until what an expression promises comes true; Page.wait_for_function takes a promise for true."""
    page.evaluate(
        f"""async () => {{
          for (const end = performance.now() + {1000 * SECONDS}; !(await ({promised})); ) {{
            if (performance.now() > end) throw new Error('It did not come true.');
            await new Promise((resolve) => setTimeout(resolve, 50));
          }}
        }}"""
    )
