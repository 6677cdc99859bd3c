"""A page in which the studio's modules run as they are written, on the origin of a real server."""

from __future__ import annotations

import mimetypes
from typing import Any

from live import CHECKOUT, Open, Server, Watched
from playwright.sync_api import Browser, BrowserContext, Page, Route

MODULES = ("names", "held-out", "warnings", "pictures", "saved-models", "project")

SCRIPT = """
  window.studio = {};
  for (const name of MODULES) Object.assign(window.studio, await import(`./source/lib/studio/${name}.js`));
  window.ready = true;
"""

IMPORTS = {"fflate": "./modules/fflate/esm/browser.js"}
"""Packages by the names that the sources import them by."""


def open_studio(open_page: Open, browser: Browser, server: Server, modules: tuple[str, ...] = MODULES) -> Watched:
    """A page with `window.studio`, which has everything that the modules export."""
    watched = open_page(browser, "/verify.html", url=server.url)
    load_studio(watched.page, server, modules)
    return watched


def second_tab(context: BrowserContext, server: Server, modules: tuple[str, ...] = MODULES) -> Page:
    """Another tab of the same browser."""
    page = context.new_page()
    load_studio(page, server, modules)
    return page


def load_studio(page: Page, server: Server, modules: tuple[str, ...] = MODULES) -> None:
    """Opens the page in a tab."""
    script = SCRIPT.replace("MODULES", str(list(modules)))
    html = (
        '<!doctype html><html lang="en"><head><title>Studio</title>'
        f'<script type="importmap">{{"imports": {str(IMPORTS).replace(chr(39), chr(34))}}}</script>'
        f'<script type="module">{script}</script></head><body></body></html>'
    )
    page.route(f"{server.url}/studio", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.route(f"{server.url}/source/**", lambda route: _fulfil(route, "source", "web"))
    page.route(f"{server.url}/modules/**", lambda route: _fulfil(route, "modules", "node_modules"))
    page.goto(f"{server.url}/studio")
    page.wait_for_function("() => window.ready")


def run(page: Page, body: str, argument: Any = None) -> Any:
    """What an async function with this body returns; it sees `studio` and `given`."""
    return page.evaluate(f"async (given) => {{ const studio = window.studio; {body} }}", argument)


def _fulfil(route: Route, prefix: str, folder: str) -> None:
    path = route.request.url.split(f"/{prefix}/", 1)[1].split("?")[0]
    file = CHECKOUT / folder / path
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    route.fulfill(body=file.read_bytes(), content_type=kind)
