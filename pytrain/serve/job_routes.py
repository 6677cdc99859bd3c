"""The routes of trainings: which there are, how far they are, and an end to them."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from pytrain.serve.services import Services


def add_job_routes(api: Blueprint, prefix: str, services: Services) -> None:
    """Adds them to a blueprint."""
    jobs = services.jobs

    @api.get(f"{prefix}/jobs")
    def all_jobs() -> Response:
        return jsonify(jobs=[job.as_json() for job in jobs.all])

    @api.get(f"{prefix}/jobs/<identity>")
    def one_job(identity: str) -> Response:
        return jsonify(jobs.get(identity).as_json())

    @api.get(f"{prefix}/jobs/<identity>/events")
    def events(identity: str) -> Response:
        return services.streams.answer(jobs.get(identity).feed, request.headers.get("Last-Event-ID"))

    @api.delete(f"{prefix}/jobs/<identity>")
    def cancel(identity: str) -> Response:
        found = jobs.get(identity)
        if not found.order.shared:
            services.guard.check_here(request, "stop a training that was started there")
        found.cancel()
        return jsonify(found.as_json())
