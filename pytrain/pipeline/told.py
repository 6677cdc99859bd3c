"""What a finished transfer training tells: its figures as lines, as metadata, and as a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from pytrain.evaluation.cross_validation import Outcome
from pytrain.evaluation.judged import Activation, BackboneFacts, Phase, TransferReport, Views
from pytrain.evaluation.predict import milliseconds_per_frame
from pytrain.export import Facts
from pytrain.image import read_image, to_input
from pytrain.model.backbones import listing
from pytrain.model.backend import keras
from pytrain.model.lens import LOGITS
from pytrain.model.transfer import CELLS, activation_map
from pytrain.pipeline.learned import Learned
from pytrain.pipeline.looked import Looked
from pytrain.training.fitter import Choice
from pytrain.training.views import WebcamViews

SHOWN = 6
"""Pictures of which the report shows views and activations."""


def figures(outcome: Outcome) -> list[str]:
    judged, calibration = outcome.judged, outcome.calibration
    right = judged.accuracy()
    low, high = right.interval
    lines = [
        f"  right {right.count:,} of {right.total:,} = {right.value or 0:.1%} "
        f"(95 % sure: {low:.0%} to {high:.0%}), by {judged.method}",
        f"  calibration error {calibration.calibration_error_before:.1%} before, "
        f"{calibration.calibration_error_after:.1%} after the temperature {calibration.temperature:.2f}",
        f"  called unknown: {calibration.rejected_known:.1%} of the classes' pictures",
    ]
    for outsiders in judged.outsiders:
        accepted = outsiders.accepted(calibration.unknown_threshold).value or 0
        auroc = judged.auroc(outsiders) or 0
        lines.append(f"  {outsiders.name}: {accepted:.1%} called a class, AUROC {auroc:.3f}")
    return lines


def facts_of(data: Looked, outcome: Outcome, settings: Mapping[str, Any], tuned: bool) -> Facts:

    judged, calibration = outcome.judged, outcome.calibration
    right = judged.accuracy()
    return Facts(
        calibration={
            "temperature": calibration.temperature,
            "unknown_threshold": calibration.unknown_threshold,
            "score": "known",
            "calibration_error_before": calibration.calibration_error_before,
            "calibration_error_after": calibration.calibration_error_after,
        },
        metrics={
            judged.method: {
                "accuracy": right.value,
                "accuracy_interval": list(right.interval),
                "pictures": right.total,
                "rejected": calibration.rejected_known,
                "outsiders": {
                    each.name: {
                        "pictures": len(each.known),
                        "false_accepts": each.accepted(calibration.unknown_threshold).value,
                        "auroc": judged.auroc(each),
                    }
                    for each in judged.outsiders
                },
            }
        },
        dataset={
            "name": data.folder.name,
            "fingerprint": data.folder.fingerprint,
            "pictures": data.folder.counts(),
        },
        training={
            "recipe": "transfer",
            **settings,
            "fine_tuned": tuned,
            "strength": outcome.heads.choice.strength,
            "emphasis": asdict(outcome.heads.choice.emphasis),
            "labels": list(data.folder.labels),
        },
    )


def report_of(
    title: str,
    data: Looked,
    learned: Learned,
    outcome: Outcome,
    phases: Sequence[Phase],
    settings: Mapping[str, Any],
    seconds: float,
) -> TransferReport:
    """Everything that the report shows."""
    top1 = {info.name: info.top1 for info in listing()}
    backbone, choice = learned.backbone, outcome.heads.choice
    return TransferReport(
        title=title,
        source=data.folder.root,
        backbone=BackboneFacts(backbone.name, backbone.model.count_params(), top1.get(backbone.name)),
        judged=outcome.judged,
        calibration=outcome.calibration,
        phases=(_head_phase(choice), *phases),
        settings={
            **settings,
            **asdict(choice.emphasis),
            "strength": choice.strength,
            "temperature": choice.temperature,
        },
        problems=data.folder.problems,
        findings=tuple(
            f"All pictures of {label!r} are nearly the same, so its figures are too good."
            for label in data.torn
        ),
        views=_drawn_views(outcome, learned.fitter.mirrored),
        activations=_activations(learned.model, outcome),
        milliseconds=milliseconds_per_frame(learned.model, frames=10),
        parameters=learned.model.count_params(),
        seconds=seconds,
    )


def _head_phase(choice: Choice) -> Phase:
    note = "Each step is another way to weigh what the network sees, or another strength; the least loss on "
    return Phase("head", choice.tried, choice.at, True, f"{note}left-out pictures was taken.")


def _drawn_views(outcome: Outcome, mirrored: bool) -> tuple[Views, ...]:

    return tuple(
        Views(picture, tuple(WebcamViews().draw(read_image(picture.path), 7, seed=number, flips=mirrored)))
        for number, picture in enumerate(spread(outcome.judged.pictures, SHOWN))
    )


def _activations(model: Any, outcome: Outcome) -> tuple[Activation, ...]:
    """Where the model looks, on a few pictures: features times the weights of the most probable class."""

    judged = outcome.judged
    wrong = np.flatnonzero(judged.best != judged.truth)[: SHOWN // 2]
    right = np.flatnonzero(judged.best == judged.truth)
    chosen = [*wrong, *spread(right.tolist(), 2 * SHOWN - len(wrong))]
    inputs = np.stack([to_input(read_image(judged.pictures[number].path)) for number in chosen])
    features = model.get_layer(CELLS).input
    looking = keras.Model(model.input, {"features": features, "probabilities": model.output["probabilities"]})
    # Two at a time: run layer by layer, a network keeps 70 MB for each picture until the last layer is done.
    parts = [looking(inputs[start : start + 2], training=False) for start in range(0, len(inputs), 2)]
    seen = {name: np.concatenate([part[name].numpy() for part in parts]) for name in parts[0]}
    kernel = model.get_layer(LOGITS).get_weights()[0]
    images = np.clip((inputs + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8)
    return tuple(
        Activation(
            judged.pictures[number],
            judged.labels[int(row.argmax())],
            float(row.max()),
            image,
            activation_map(maps, kernel[:, int(row.argmax())]),
        )
        for number, row, image, maps in zip(
            chosen, seen["probabilities"], images, seen["features"], strict=True
        )
    )


def spread(items: Sequence[Any], count: int) -> list[Any]:
    """At most `count` of some items, evenly chosen."""
    step = max(1.0, len(items) / count)
    return [items[int(number * step)] for number in range(min(count, len(items)))]
