"""Pages of somebody else: pasted code on another origin than ours; and models beside the shipped one."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import unquote

from live import CHECKOUT, SECONDS
from playwright.sync_api import Browser, Page

SHIPPED = CHECKOUT / "exported_models" / "four-shapes"


@contextmanager
def pasted(
    browser: Browser, html: str, *, files: dict[str, bytes] | None = None, before: str | None = None
) -> Iterator[Page]:
    """Opens a pasted page at an origin of its own; no error in its console may come of it.

    Args:
        browser: any.
        html: the page.
        files: what lies beside it, by its path.
        before: what runs before its own scripts.
    """
    with serving({"": html.encode(), **(files or {})}) as origin:
        context = browser.new_context()
        if before is not None:
            context.add_init_script(before)
        page = context.new_page()
        page.set_default_timeout(SECONDS * 1000)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        try:
            page.goto(f"{origin}/")
            yield page
            assert errors == []
        finally:
            context.close()


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[str]:
    """A web server with these files, by their path, on another port than ours: its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(self.path.lstrip("/").partition("?")[0])
            content = files.get(path)
            self.send_response(404 if content is None and path != "favicon.ico" else 200)
            kind = guess_type(path)[0] if path else "text/html; charset=utf-8"
            self.send_header("Content-Type", kind or "application/octet-stream")
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def relabelled(folder: Path, name: str, labels: Sequence[str]) -> Path:
    """The shipped model under another name and with other labels, in `exported_models` of a folder."""
    path = folder / "exported_models" / name
    shutil.copytree(SHIPPED, path)
    metadata = json.loads((path / "metadata.json").read_text(encoding="utf-8"))
    metadata.update(modelName=name, labels=list(labels))
    (path / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    return path


KEEP = """async (name) => {
  const at = (file) => new URL(`/models/four-shapes/${file}`, location.href);
  const metadata = await (await fetch(at('metadata.json'))).json();
  const files = ['metadata.json', 'graph.json', 'model.json'];
  for (const topology of ['graph.json', 'model.json']) {
    const { weightsManifest } = await (await fetch(at(topology))).json();
    files.push(...weightsManifest.flatMap(({ paths }) => paths));
  }
  const contents = await Promise.all(
    [...new Set(files)].map(async (file) => [file, await (await fetch(at(file))).arrayBuffer()]),
  );
  const database = await new Promise((resolve, reject) => {
    const request = indexedDB.open('pytrain-models', 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('models', { keyPath: 'name' });
      request.result.createObjectStore('files');
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const transaction = database.transaction(['models', 'files'], 'readwrite');
  for (const [file, bytes] of contents) transaction.objectStore('files').put(bytes, [name, file]);
  transaction.objectStore('models').put({
    name, labels: metadata.labels, bytes: 1000, made: new Date(), accuracy: 0.9,
  });
  await new Promise((resolve) => { transaction.oncomplete = resolve; });
  database.close();
}"""
"""In the page: keeps the shipped model in the browser's own storage, as the page Teach does."""


def keep_in_browser(page: Page, name: str) -> None:
    """Puts the shipped model into this browser's storage under another name; the page must be one of ours."""
    page.evaluate(KEEP, name)
