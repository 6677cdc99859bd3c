"""Runs TensorFlow.js in Chromium, through Playwright."""

from __future__ import annotations

import functools
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import quote, unquote, urlsplit

from pytrain.errors import BrowserError
from pytrain.resources import page_folder

T = TypeVar("T")

BACKENDS = ("wasm", "webgl", "webgpu", "cpu")

VARIABLE = "PYTRAIN_CHROMIUM"
"""Environment variable that names a Chromium or Chrome to use instead of the one that is found."""

NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
)
"""Programs to look for. The first has no windows at all, and costs half of what the others do."""

ARGUMENTS = ("--disable-background-networking", "--disable-component-update", "--no-first-run")

TIMEOUT_MILLISECONDS = 180_000
REPEAT = 10


def start() -> Browser | None:
    """A browser on its way, for a comparison to come; None where there is none to be found."""
    with suppress(BrowserError):
        program = find()
        return Browser(program) if program is not None else None
    return None


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


class Browser:
    """A headless Chromium with the page that runs TensorFlow.js. It starts as soon as it is made, which takes
    about as long as a comparison, and its maker goes on meanwhile.

    All of it lives in one thread of its own, as Playwright wants; a notebook's own it would refuse.

    Example:
        with Browser(program) as browser:
            where, answer = browser.run(folder, ["golden/00.png"], ["graph"], ["wasm"])
    """

    def __init__(self, program: Path) -> None:
        self._program = program
        self._folders: dict[str, Path] = {}
        self._open_now = ExitStack()
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._opened = self._thread.submit(self._open)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.submit(self._open_now.close).result()
        self._thread.shutdown()

    def run(
        self, folder: Path, pictures: Sequence[str], formats: Sequence[str], backends: Sequence[str]
    ) -> tuple[str, dict[str, Any]]:
        """Feeds pictures to a bundle's model, all the way that a picture on the page goes.

        Args:
            folder: the bundle.
            pictures: files below `folder`; the browser itself decodes them.
            formats: "graph", "layers".
            backends: of TensorFlow.js.

        Returns:
            (what ran it, {"tfjs": version, "results": [...]}) in the same form as in Node.js.

        Raises:
            BrowserError: it could not be started or driven.
        """
        self._folders["bundle"] = folder
        page, origin, version = self._opened.result()
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
        results = self._thread.submit(lambda: [_answer(page, job) for job in jobs]).result()
        ran = [result for result in results if "error" not in result]
        tfjs = ran[0]["version"] if ran else "unknown"
        return f"Chromium {version}", {"tfjs": tfjs, "results": results}

    def _open(self) -> tuple[Any, str, str]:
        """The page, ready for jobs, the address of the server that it came from, and Chromium's version."""
        from playwright.sync_api import Error, sync_playwright

        self._folders["page"] = page_folder()
        origin = self._open_now.enter_context(_serving(self._folders))
        try:
            playwright = self._open_now.enter_context(sync_playwright())
            opened = playwright.chromium.launch(executable_path=self._program, args=list(ARGUMENTS))
            self._open_now.callback(_close, opened)
            page = opened.new_page()
            page.set_default_timeout(TIMEOUT_MILLISECONDS)
            page.goto(f"{origin}/page/verify.html")
            page.wait_for_function("() => window.pytrainVerify !== undefined")
        except Error as error:
            raise BrowserError(
                f"{self._program} could not be driven: {_first_line(error)}",
                fix="Run: playwright install chromium",
            ) from None
        return page, origin, str(opened.version)


def _answer(page: Any, job: dict[str, Any]) -> dict[str, Any]:
    from playwright.sync_api import Error

    which = {"format": job["format"], "backend": job["backend"]}
    try:
        return {**page.evaluate("job => window.pytrainVerify(job)", job), **which}
    except Error as error:
        return {"error": _first_line(error), **which}


def _close(opened: Any) -> None:
    """What has crashed is closed already."""
    from playwright.sync_api import Error

    with suppress(Error):
        opened.close()


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
def _serving(folders: Mapping[str, Path]) -> Iterator[str]:
    """A server for one comparison: each folder below its name, those too that are added later."""
    handler = functools.partial(_Folders, folders)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Folders(SimpleHTTPRequestHandler):
    # Windows takes types from the registry, where .js may be anything.
    extensions_map = {  # noqa: RUF012 - declared so by the base class
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def __init__(self, folders: Mapping[str, Path], *args: Any, **kwargs: Any) -> None:
        self.folders = folders
        super().__init__(*args, **kwargs)

    def translate_path(self, path: str) -> str:
        first, _, rest = unquote(urlsplit(path).path).lstrip("/").partition("/")
        folder = self.folders.get(first, Path("nowhere")).resolve()
        file = (folder / rest).resolve()
        return str(file if file.is_relative_to(folder) else folder / "nowhere")

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: the result is what people want to see."""
