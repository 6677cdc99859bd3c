"""The Flask application: the page, the library's files, the bundles and the JSON API."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flask import Flask, Response, jsonify, redirect, request, send_from_directory
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, NotFound

from pytrain import bundle
from pytrain.errors import PytrainError
from pytrain.resources import page_folder, shipped_models
from pytrain.serve.api import PREFIX, make_api
from pytrain.serve.datasets import Datasets
from pytrain.serve.events import Streams
from pytrain.serve.guard import Guard
from pytrain.serve.jobs import Jobs
from pytrain.serve.listed import listed
from pytrain.serve.policy import POLICY, policy_of
from pytrain.serve.services import EXTENSION, Services
from pytrain.serve.share.gate import make_gate
from pytrain.serve.share.share import Share

PRIVATE = "report/"
"""Of a bundle: shows the pictures of the training, which no other site shall read."""

YEAR_SECONDS = 31_536_000
MAX_NAME = 200
"""Characters; file systems refuse names longer than about 255."""

TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""Said outright, because Windows takes types from the registry, where .js may be anything."""

SHARED = {".js", ".mjs", ".wasm", ".woff2"}
"""Files of the library that sketches on other origins may load; they hold no secrets."""

HASHED = ("weights-", "layers-", "constants-")
"""How the files begin that are named by their content, and so never change."""

FRAMES = "; frame-ancestors 'self'"
"""For the policy that is sent as a header; in a page it would mean nothing."""


def create_app(
    models: Sequence[Path] | None = None,
    page: Path | None = None,
    host: str | None = None,
    datasets: Path = Path("datasets"),
    share: Share | None = None,
) -> Flask:
    """The application, for any WSGI server.

    Args:
        models: folders of bundles, or bundles, the first of a name winning; `default_models()` if not given.
        page: the built page's folder; found by default.
        host: the name that the server listens on, which its own pages may be called by.
        datasets: where the pictures go that a page records.
        share: lets other devices in, by its key; without it they may look at models and change nothing.

    Raises:
        ServeError: the page is not built.
    """
    app = Flask("pytrain", static_folder=None)
    roots = [Path(root).resolve() for root in (default_models() if models is None else models)]
    built = (page or page_folder()).resolve()

    @app.get("/")
    def index() -> Response:
        return _send(built, "index.html")

    @app.get("/<path:file>")
    def page_file(file: str) -> ResponseReturnValue:
        _refuse_odd(file)
        if (built / file).is_dir() and not file.endswith("/"):
            # Relative links of the page would lead beside it.
            return redirect(f"{file.rsplit('/')[-1]}/")
        return _send(built, f"{file}index.html" if file.endswith("/") else file)

    @app.get("/models.json")
    def models_json() -> Response:
        bundles, problems = bundle.listing(roots)
        failed = [{"name": name, "error": error.as_json()} for name, error in problems.items()]
        shows_code = share is not None and guard.is_here(request)
        return jsonify(
            models=[listed(found) for found in bundles], problems=failed, api=True, share=shows_code
        )

    @app.get("/models/<name>/<path:file>")
    def model_file(name: str, file: str) -> Response:
        root = _named(name, roots)
        response = _send(root / name, file)
        if not file.startswith(PRIVATE):
            response.headers["Access-Control-Allow-Origin"] = "*"
        if not (root / bundle.RUNS / name / bundle.SETTINGS).is_file():
            # A page in a model that came from elsewhere must not act as ours: it could move pictures.
            response.headers["Content-Security-Policy"] = (
                f"{POLICY}{FRAMES}; sandbox allow-scripts allow-popups"
            )
        if file.startswith(HASHED):
            response.cache_control.max_age = YEAR_SECONDS
            response.cache_control.public = True
            response.cache_control.immutable = True
            response.cache_control.no_cache = None
        return response

    guard = Guard(host, share.key if share else None)
    services = Services(
        roots=roots,
        root_of=lambda name: _named(name, roots),
        datasets=Datasets(datasets),
        guard=guard,
        jobs=Jobs(),
        streams=Streams(),
        share=share,
    )
    app.extensions[EXTENSION] = services
    app.register_blueprint(make_gate(app, guard, share))
    app.register_blueprint(make_api(services))

    @app.after_request
    def headers(response: Response) -> Response:
        policy = policy_of(request.path.removeprefix("/"))
        response.headers.setdefault("Content-Security-Policy", policy + FRAMES)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        return response

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> tuple[Response, int]:
        what = error.description if isinstance(error, _Missing) else f"{request.path}: {error.name}."
        fix = "Check the address; all models are listed at /models.json."
        response = jsonify(error=PytrainError(str(what), fix=fix).as_json())
        if not request.path.startswith(f"{PREFIX}/"):
            response.headers["Access-Control-Allow-Origin"] = "*"
        return response, error.code or 500

    return app


def default_models() -> list[Path]:
    """`exported_models` of the current folder, then the models that come with pytrain."""
    return [Path("exported_models"), *shipped_models()]


class _Missing(NotFound):
    """A 404 whose description says what is missing."""


def _named(name: str, roots: Sequence[Path]) -> Path:
    _refuse_odd(name)
    return _root_of(name, roots)


def _root_of(name: str, roots: Sequence[Path]) -> Path:
    """The folder that holds this model. Only names that stand in a listing count: none leads out of it."""
    for root in roots:
        for folder in bundle.folders_of(root):
            if folder.name == name:
                return folder.parent
    raise _Missing(f"There is no model called {name}.")


def _refuse_odd(file: str) -> None:
    """Hidden files, ways up, and what Windows reads as drives or separators are not there for anybody."""
    parts = file.rstrip("/").split("/")
    if any(part.startswith(".") or "\\" in part or ":" in part or len(part) > MAX_NAME for part in parts):
        raise _Missing(f"There is no file {file}.")


def _send(folder: Path, file: str) -> Response:
    _refuse_odd(file)
    path = Path(file)
    if not (folder / path).is_file():
        raise _Missing(f"There is no file {file}.")
    response = send_from_directory(folder, path.as_posix(), mimetype=TYPES.get(path.suffix), conditional=True)
    response.cache_control.no_cache = True
    if path.suffix in SHARED:
        response.headers["Access-Control-Allow-Origin"] = "*"
    return response
