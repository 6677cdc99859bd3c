"""Runs TensorFlow.js in Chromium, through Playwright."""

from __future__ import annotations

import functools
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote, urlsplit

from pytrain.errors import BrowserError
from pytrain.resources import page_folder

T = TypeVar("T")

BACKENDS = ("wasm", "webgl", "webgpu", "cpu")

VARIABLE = "PYTRAIN_CHROMIUM"
"""Environment variable that names a Chromium or Chrome to use instead of the one that is found."""

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")

ARGUMENTS = ("--disable-background-networking", "--disable-component-update", "--no-first-run")

TIMEOUT_MILLISECONDS = 180_000
REPEAT = 10


def find() -> Path | None:
    """A Chromium that Playwright can drive: the named one, Playwright's own, or an installed one.

    Raises:
        BrowserError: PYTRAIN_CHROMIUM names a file that is not there.
    """
    if find_spec("playwright") is None:
        return None
    named = os.environ.get(VARIABLE)
    if named:
        if not Path(named).is_file():
            raise BrowserError(f"{VARIABLE} names {named}, which is not there.", fix="Correct or unset it.")
        return Path(named)
    own = _in_thread(_playwrights_own) if _may_have_own() else None
    if own is not None:
        return own
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return Path(found) if found else None


def run(
    browser: Path, folder: Path, pictures: Sequence[str], formats: Sequence[str], backends: Sequence[str]
) -> tuple[str, dict[str, Any]]:
    """Feeds pictures to a bundle's model in a headless browser, all the way that a picture on the page goes.

    Args:
        browser: the program.
        folder: the bundle.
        pictures: files below `folder`; the browser itself decodes them.
        formats: "graph", "layers".
        backends: of TensorFlow.js.

    Returns:
        (what ran it, {"tfjs": version, "results": [...]}) in the same form as in Node.js.
    """
    with _serving(page_folder(), folder) as origin:
        jobs = [
            {
                "modelUrl": f"{origin}/bundle/",
                "pictures": [f"{origin}/bundle/{quote(file)}" for file in pictures],
                "format": form,
                "backend": backend,
                "repeat": REPEAT,
            }
            for form in formats
            for backend in backends
        ]
        where, results = _in_thread(lambda: _drive(browser, f"{origin}/page/verify.html", jobs))
    ran = [result for result in results if "error" not in result]
    return where, {"tfjs": ran[0]["version"] if ran else "unknown", "results": results}


def _drive(browser: Path, address: str, jobs: Sequence[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    from playwright.sync_api import Error, sync_playwright

    results: list[dict[str, Any]] = []
    try:
        with sync_playwright() as playwright:
            opened = playwright.chromium.launch(executable_path=browser, args=list(ARGUMENTS))
            page = opened.new_page()
            page.set_default_timeout(TIMEOUT_MILLISECONDS)
            page.goto(address)
            page.wait_for_function("() => window.pytrainVerify !== undefined")
            for job in jobs:
                which = {"format": job["format"], "backend": job["backend"]}
                try:
                    results.append({**page.evaluate("job => window.pytrainVerify(job)", job), **which})
                except Error as error:
                    results.append({"error": _first_line(error), **which})
            where = f"Chromium {opened.version}"
            opened.close()
    except Error as error:
        raise BrowserError(
            f"{browser} could not be driven: {_first_line(error)}",
            fix="Run: playwright install chromium",
        ) from None
    return where, results


def _may_have_own() -> bool:
    """Whether Playwright has downloaded a Chromium; to ask it itself takes as long as half a comparison.

    Where it keeps browsers: https://playwright.dev/python/docs/browsers#managing-browser-binaries
    """
    named = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    if named == "0":
        return True
    caches = (".cache", "Library/Caches", "AppData/Local")
    folders = [Path(named)] if named else [Path.home() / cache / "ms-playwright" for cache in caches]
    return any(found for folder in folders for found in folder.glob("chromium*"))


def _playwrights_own() -> Path | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.is_file() else None


def _in_thread(work: Callable[[], T]) -> T:
    """Runs `work` in a thread of its own, for Playwright refuses to start inside a notebook's event loop."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(work).result()


def _first_line(error: Exception) -> str:
    """Playwright writes the call and the JavaScript class before the message, and a stack behind it."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    return lines[0].removeprefix("Page.evaluate: ").removeprefix("PytrainError: ").removeprefix("Error: ")


@contextmanager
def _serving(page: Path, folder: Path) -> Iterator[str]:
    """A server for one comparison: the page's files under /page/, the bundle under /bundle/."""
    handler = functools.partial(_TwoFolders, {"page": page, "bundle": folder})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _TwoFolders(SimpleHTTPRequestHandler):
    # Windows takes types from the registry, where .js may be anything.
    extensions_map = {  # noqa: RUF012 - declared so by the base class
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def __init__(self, folders: dict[str, Path], *args: Any, **kwargs: Any) -> None:
        self.folders = folders
        super().__init__(*args, **kwargs)

    def translate_path(self, path: str) -> str:
        first, _, rest = unquote(urlsplit(path).path).lstrip("/").partition("/")
        folder = self.folders.get(first, Path("nowhere")).resolve()
        file = (folder / rest).resolve()
        return str(file if file.is_relative_to(folder) else folder / "nowhere")

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: the result is what people want to see."""
