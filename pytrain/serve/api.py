"""The JSON API behind a report: put labels right, train again, see how far that is. See docs/serving.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, request

from pytrain.serve.api_error import ApiError
from pytrain.serve.guard import Guard
from pytrain.serve.jobs import Jobs
from pytrain.serve.relabel import DataSet
from pytrain.serve.training_runs import training_run

PREFIX = "/api"


def make_api(root_of: Callable[[str], Path], guard: Guard, jobs: Jobs) -> Blueprint:
    """The routes below /api.

    Args:
        root_of: gives the folder of models that holds a name; raises an HTTP 404 where none does.
        guard: says who may call.
        jobs: runs trainings.
    """
    api = Blueprint("api", __name__, url_prefix=PREFIX)

    def data_set(name: str) -> DataSet:
        root = root_of(name)
        return DataSet(training_run(root, name), root / name)

    @api.before_request
    def check() -> None:
        guard.check(request)

    @api.get("/session")
    def session() -> Response:
        return jsonify(token=guard.token)

    @api.get("/models/<name>/pictures")
    def pictures(name: str) -> Response:
        try:
            return _state(data_set(name), jobs)
        except ApiError as problem:
            # No fault of the caller: the page then shows no controls.
            return jsonify(labels=[], changes={}, job=None, problem=problem.as_json())

    @api.post("/models/<name>/pictures/<identity>")
    def change(name: str, identity: str) -> Response:
        if busy := jobs.running:
            raise ApiError(
                409,
                f"A training of {busy.model} is reading the pictures.",
                fix="Wait for its end, or stop it.",
            )
        found = data_set(name)
        found.change(identity, _body())
        return _state(found, jobs)

    @api.post("/models/<name>/retrain")
    def retrain(name: str) -> tuple[Response, int]:
        root = root_of(name)
        run = training_run(root, name)
        return jsonify(job=jobs.start(name, run.command, root.parent).as_json()), 202

    @api.get("/jobs/<identity>")
    def job(identity: str) -> Response:
        return jsonify(jobs.get(identity).as_json())

    @api.delete("/jobs/<identity>")
    def cancel(identity: str) -> Response:
        found = jobs.get(identity)
        found.cancel()
        return jsonify(found.as_json())

    @api.errorhandler(ApiError)
    def refused(problem: ApiError) -> tuple[Response, int]:
        return jsonify(error=problem.as_json()), problem.status

    @api.after_request
    def never_kept(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        return response

    return api


def _state(found: DataSet, jobs: Jobs) -> Response:
    running = jobs.running
    mine = running is not None and running.model == found.bundle.name
    job = running.as_json() if running is not None and mine else None
    return jsonify(labels=found.labels(), changes=found.changes(), job=job, problem=None)


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        expected = '{"label": "..."}, {"removed": true} or {"undo": true}'
        raise ApiError(400, "The request holds no JSON object.", expected, "Send one.")
    return body
