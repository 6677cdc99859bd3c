"""The routes of data sets: what the page records, and a training on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, request, send_file

from pytrain import bundle
from pytrain.errors import BundleError
from pytrain.serve.api_error import ApiError
from pytrain.serve.bodies import read_bytes, read_json
from pytrain.serve.datasets import good_name
from pytrain.serve.jobs import Order
from pytrain.serve.pictures import MOST_BYTES
from pytrain.serve.services import Services
from pytrain.serve.training_runs import training_run

FINE_TUNE = ("auto", "never", "always")
MOST_SEED = 2**31 - 1
WISH = (
    '{"name": "pets", "fine_tune": "auto", "never" or "always" (may be missing), "seed": 0 (may be missing)}'
)


def add_dataset_routes(api: Blueprint, prefix: str, services: Services) -> None:
    """Adds them to a blueprint."""
    datasets, jobs, guard = services.datasets, services.jobs, services.guard
    place = f"{prefix}/datasets"

    @api.get(place)
    def all_datasets() -> Response:
        return jsonify(datasets=datasets.listing())

    @api.get(f"{place}/<name>")
    def one_dataset(name: str) -> Response:
        return jsonify(datasets.pictures(name))

    @api.put(f"{place}/<name>/<label>")
    def make_label(name: str, label: str) -> tuple[Response, int]:
        made = datasets.make_label(name, label)
        return jsonify(name=label), 201 if made else 200

    @api.delete(f"{place}/<name>/<label>")
    def remove_label(name: str, label: str) -> Response:
        free(name)
        datasets.remove_label(name, label)
        return jsonify(name=label)

    @api.get(f"{place}/<name>/<label>/<identity>")
    def picture(name: str, label: str, identity: str) -> Response:
        response = send_file(datasets.find(name, label, identity))
        response.headers["Content-Security-Policy"] = "sandbox"
        return response

    @api.put(f"{place}/<name>/<label>/<identity>")
    def put(name: str, label: str, identity: str) -> tuple[Response, int]:
        content = read_bytes(MOST_BYTES, "The picture")
        held_out = bool(request.args.get("held_out"))
        made = datasets.put(name, label, identity, content, held_out=held_out)
        return jsonify(id=identity, bytes=len(content)), 201 if made else 200

    @api.delete(f"{place}/<name>/<label>/<identity>")
    def remove(name: str, label: str, identity: str) -> Response:
        free(name)
        datasets.remove(name, label, identity)
        return jsonify(id=identity)

    @api.post(f"{place}/<name>/train")
    def train(name: str) -> tuple[Response, int]:
        order = _order(services, name, read_json(WISH), shared=not guard.is_here(request))
        return jsonify(job=jobs.start(order).as_json()), 202

    def free(name: str) -> None:
        """A picture that is gone in the middle of a training would break it; one that comes would not."""
        if busy := jobs.reading(datasets.folder(name)):
            raise ApiError(
                409,
                f"A training of {busy.model} is reading the pictures.",
                fix="Wait for its end, or stop it.",
            )


def _order(services: Services, name: str, wish: dict[str, Any], *, shared: bool) -> Order:
    model, fine_tune, seed = wish.get("name"), wish.get("fine_tune", "auto"), wish.get("seed", 0)
    whole = isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed <= MOST_SEED
    if not isinstance(model, str) or fine_tune not in FINE_TUNE or not whole:
        raise ApiError(400, "What to train is missing or of another kind.", WISH, "Send it so.")
    source = services.datasets.folder(name)
    classes = services.datasets.classes(name)
    if len(classes) < 2:
        raise ApiError(
            409,
            f"{source.name} has pictures of {len(classes) or 'no'} class{'' if len(classes) == 1 else 'es'}.",
            expected="at least two classes with pictures, for a model chooses between them",
            fix="Record pictures of another class.",
        )
    target = _target(services, model, source, shared=shared)
    command = ["train", str(source), "--out", str(target), "--fine-tune", fine_tune, "--seed", str(seed)]
    return Order(model, command, target.parent.parent, "train", source, target, shared)


def _target(services: Services, model: str, source: Path, *, shared: bool) -> Path:
    """Where the model goes."""
    root = services.roots[0]
    names = [entry.name for entry in root.iterdir() if entry.is_dir()] if root.is_dir() else []
    good_name(model, [name for name in names if name != model], "model")
    try:
        bundle.check_target(root / model)
    except BundleError as error:
        raise ApiError(409, error.what, error.expected, "Choose another name.") from None
    if shared and model in names and not _is_of(root, model, source):
        raise ApiError(403, f"There is a model {model} of other pictures already.", fix="Choose another.")
    return root / model


def _is_of(root: Path, model: str, source: Path) -> bool:
    """Whether a model was trained from these pictures."""
    try:
        return training_run(root, model).source == source
    except ApiError:
        return False
