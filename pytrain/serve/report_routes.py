"""The routes behind a report: put labels right, train again."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from pytrain.serve.api_error import ApiError
from pytrain.serve.bodies import read_json
from pytrain.serve.jobs import Order
from pytrain.serve.relabel import DataSet
from pytrain.serve.services import Services
from pytrain.serve.training_runs import training_run

WISH = '{"label": "..."}, {"removed": true} or {"undo": true}'


def add_report_routes(api: Blueprint, prefix: str, services: Services) -> None:
    """Adds them to a blueprint."""
    guard, jobs = services.guard, services.jobs

    def data_set(name: str) -> DataSet:
        root = services.root_of(name)
        return DataSet(training_run(root, name), root / name)

    def state(found: DataSet) -> Response:
        job = jobs.of_model(found.bundle.name)
        return jsonify(
            labels=found.labels(), changes=found.changes(), job=job.as_json() if job else None, problem=None
        )

    @api.get(f"{prefix}/models/<name>/pictures")
    def pictures(name: str) -> Response:
        try:
            guard.check_here(request, "put labels right")
            return state(data_set(name))
        except ApiError as problem:
            # No fault of the caller: the page then shows no controls.
            return jsonify(labels=[], changes={}, job=None, problem=problem.as_json())

    @api.post(f"{prefix}/models/<name>/pictures/<identity>")
    def change(name: str, identity: str) -> Response:
        guard.check_here(request, "put labels right")
        if busy := jobs.running:
            raise ApiError(
                409,
                f"A training of {busy.model} is reading the pictures.",
                fix="Wait for its end, or stop it.",
            )
        found = data_set(name)
        found.change(identity, read_json(WISH))
        return state(found)

    @api.post(f"{prefix}/models/<name>/retrain")
    def retrain(name: str) -> tuple[Response, int]:
        guard.check_here(request, "train a model again")
        root = services.root_of(name)
        run = training_run(root, name)
        order = Order(name, run.command, root.parent, "retrain", run.source, root / name)
        return jsonify(job=jobs.start(order).as_json()), 202
