"""A page in which the studio's modules run as they are written, from a server that only hands out files."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Sequence
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from live import CHECKOUT, Watched
from playwright.sync_api import Browser, Page

MODULES = ("names", "held-out", "warnings", "pictures", "saved-models", "project")

PLACES = {
    "/source/": CHECKOUT / "web",
    "/modules/": CHECKOUT / "node_modules",
    "/": CHECKOUT / "web" / "dist",
}

BACKBONE = "/source/lib/backbone/"
"""Where the sources look for it."""

IMPORTS = {"fflate": "./modules/fflate/esm/browser.js"}
"""Packages by the names that the sources import them by."""

PAGE = """<!doctype html><html lang="en"><head><title>Studio</title><link rel="icon" href="data:,">
<script type="importmap">{"imports": IMPORTS}</script>
<script type="module">
  window.studio = {};
  for (const name of MODULES) Object.assign(window.studio, await import(`./source/lib/studio/${name}.js`));
  window.ready = true;
</script></head><body></body></html>"""


class Files:
    """A static server, such as a published site lies on: the built pages, and the sources beside them.

    Args:
        backbone: the folder that the page learns with; that of the built pages unless told.
    """

    def __init__(self, backbone: Path | None = None) -> None:
        handler = functools.partial(_Handler, backbone=backbone)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *args: Any, backbone: Path | None) -> None:
        self._backbone = backbone
        super().__init__(*args)

    def translate_path(self, path: str) -> str:
        return str(source_of(path.split("?")[0], self._backbone))

    def do_GET(self) -> None:
        if not self.path.startswith("/studio?"):
            super().do_GET()
            return
        body = page_of(self.path.removeprefix("/studio?").split(",")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def source_of(path: str, backbone: Path | None = None) -> Path:
    """The file that an address below /source/, /modules/ or / stands for."""
    if backbone is not None and path.startswith(BACKBONE):
        return backbone / path.removeprefix(BACKBONE)
    prefix = next(prefix for prefix in PLACES if path.startswith(prefix))
    found = PLACES[prefix] / path.removeprefix(prefix)
    if prefix == "/source/" and not found.exists():
        # What the build makes lies beside pytrain.js, which is where the sources look for it, too.
        return PLACES["/"] / path.removeprefix("/source/lib/")
    return found


def page_of(modules: Sequence[str]) -> str:
    """The page's HTML."""
    names = json.dumps(list(modules))
    return PAGE.replace("IMPORTS", json.dumps(IMPORTS)).replace("MODULES", names)


def open_studio(browser: Browser, files: Files, modules: tuple[str, ...] = MODULES) -> Watched:
    """A tab with `window.studio`, which has everything that the modules export; nothing is kept yet."""
    watched = Watched(browser.new_context(), files.url)
    load_studio(watched.page, files, modules)
    return watched


def load_studio(page: Page, files: Files, modules: tuple[str, ...] = MODULES) -> None:
    """Opens it in a tab that is there."""
    page.goto(f"{files.url}/studio?{','.join(modules)}")
    page.wait_for_function("() => window.ready")


def run(page: Page, body: str, argument: Any = None) -> Any:
    """What an async function with this body returns; it sees `studio` and `given`."""
    return page.evaluate(f"async (given) => {{ const studio = window.studio; {body} }}", argument)
