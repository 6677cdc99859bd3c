"""The JSON API: what pages of this server may ask for and change. See docs/serving.md."""

from __future__ import annotations

import errno
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request

from pytrain import __version__
from pytrain.serve import bodies, results, uploads
from pytrain.serve.api_error import ApiError
from pytrain.serve.dataset_routes import add_dataset_routes
from pytrain.serve.events import Feed
from pytrain.serve.job_routes import add_job_routes
from pytrain.serve.report_routes import add_report_routes
from pytrain.serve.services import Services

PREFIX = "/api"
KEPT_RESULTS = 64
NO_ROOM = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


def make_api(services: Services) -> Blueprint:
    """The routes below /api, and /results."""
    api = Blueprint("api", __name__)
    guard, seen = services.guard, Feed(KEPT_RESULTS)

    @api.before_request
    def check() -> None:
        guard.check(request)

    @api.get(f"{PREFIX}/session")
    def session() -> Response:
        shown = services.share if guard.is_here(request) else None
        share = shown.as_json() if shown else None
        return jsonify(token=guard.token, version=__version__, share=share)

    @api.post(f"{PREFIX}/models/<name>")
    def upload(name: str) -> tuple[Response, int]:
        replace = bool(request.args.get("replace"))
        if replace:
            guard.check_here(request, "replace a model")
        with uploads.spool() as file:
            bodies.copy_to(file, uploads.MOST_ZIP_BYTES, "The zip")
            made = uploads.receive(name, file, services.roots, replace=replace)
        return jsonify(url=f"models/{quote(made.name)}/"), 201

    @api.post(f"{PREFIX}/results")
    def result() -> tuple[str, int]:
        seen.add(results.checked(bodies.read_json(results.EXAMPLE)))
        return "", 204

    @api.get("/results")
    def stream() -> Response:
        return services.streams.answer(seen, request.headers.get("Last-Event-ID"), seen.number)

    add_dataset_routes(api, PREFIX, services)
    add_job_routes(api, PREFIX, services)
    add_report_routes(api, PREFIX, services)

    @api.errorhandler(ApiError)
    def refused(problem: ApiError) -> tuple[Response, int]:
        return jsonify(error=problem.as_json()), problem.status

    @api.errorhandler(OSError)
    def failed(error: OSError) -> tuple[Response, int]:
        problem = _of_the_system(error)
        return jsonify(error=problem.as_json()), problem.status

    @api.after_request
    def never_kept(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        return response

    return api


def _of_the_system(error: OSError) -> ApiError:
    if error.errno in NO_ROOM:
        return ApiError(507, "The disk is full.", fix="Free some space, then try again; nothing was lost.")
    if isinstance(error, TimeoutError | ConnectionError):
        return ApiError(408, "The rest of the request did not come.", fix="Try again.")
    what = f"The disk refused: {error.strerror or error}."
    return ApiError(500, what, fix="Check the permissions of the folder, then try again.")
