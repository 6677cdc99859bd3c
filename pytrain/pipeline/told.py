"""What a finished transfer training tells: its figures as lines, as metadata, and as a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pytrain.evaluation.cross_validation import Outcome
from pytrain.evaluation.judged import BackboneFacts, Phase, TransferReport, Views
from pytrain.evaluation.metrics import calibration_error_by_chance
from pytrain.export import Facts
from pytrain.model.backbones import listing
from pytrain.pipeline.learned import Learned
from pytrain.pipeline.looked import Looked, still_there
from pytrain.pipeline.seen import SHOWN, Seen, in_turns
from pytrain.training.fitter import Choice
from pytrain.training.views import WebcamViews


def figures(outcome: Outcome) -> list[str]:
    judged, calibration = outcome.judged, outcome.calibration
    right = judged.accuracy()
    low, high = right.interval
    lines = [
        f"  right {right.count:,} of {right.total:,} = {right.value or 0:.1%} "
        f"(95 % sure: {low:.0%} to {high:.0%}), by {judged.method}",
        f"  calibration error {calibration.calibration_error_before:.1%} before, "
        f"{calibration.calibration_error_after:.1%} after the temperature {calibration.temperature:.2f}; "
        f"chance alone gives {calibration_error_by_chance(judged.confidence):.1%}",
        f"  called unknown: {calibration.rejected_known:.1%} of the classes' pictures",
    ]
    for outsiders in judged.outsiders:
        accepted = outsiders.accepted(calibration.unknown_threshold).value or 0
        auroc = judged.auroc(outsiders) or 0
        lines.append(f"  {outsiders.name}: {accepted:.1%} called a class, AUROC {auroc:.3f}")
    return lines


def choices(learned: Learned, outcome: Outcome, phases: Sequence[Phase]) -> dict[str, Any]:
    """What a training chose by itself, beside what it was asked for; as plain JSON."""
    return {
        "strength": outcome.heads.choice.strength,
        "emphasis": asdict(outcome.heads.choice.emphasis),
        "views": learned.features.views,
        "mirrored": learned.fitter.mirrored,
        "fine_tuned": any(phase.kept for phase in phases),
        **{phase.name.replace("-", "_"): dict(phase.settings) for phase in phases},
    }


def facts_of(data: Looked, outcome: Outcome, settings: Mapping[str, Any]) -> Facts:
    judged, calibration = outcome.judged, outcome.calibration
    right = judged.accuracy()
    return Facts(
        calibration={
            "temperature": calibration.temperature,
            "unknown_threshold": calibration.unknown_threshold,
            "score": "known",
            "chosen_on": calibration.chosen_on,
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
            "labels": list(data.folder.labels),
        },
    )


def report_of(
    title: str,
    data: Looked,
    learned: Learned,
    outcome: Outcome,
    phases: Sequence[Phase],
    seen: Seen,
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
        settings={**settings, "temperature": choice.temperature},
        problems=data.folder.problems,
        findings=data.findings,
        views=_drawn_views(outcome, learned.fitter.mirrored),
        activations=seen.activations,
        milliseconds=seen.milliseconds,
        parameters=learned.model.count_params(),
        seconds=seconds,
    )


def _head_phase(choice: Choice) -> Phase:
    note = "Fitted at once, and asked about left-out pictures."
    if len(choice.tried) > 1:
        note = "Each step is another strength; the least loss on left-out pictures was taken."
    return Phase("head", choice.tried, choice.at, True, note)


def _drawn_views(outcome: Outcome, mirrored: bool) -> tuple[Views, ...]:
    judged = outcome.judged
    pictures = [judged.pictures[number] for number in in_turns(judged)[:SHOWN]]
    return tuple(
        Views(picture, tuple(WebcamViews().draw(frame, 7, seed=number, flips=mirrored)))
        for number, picture in enumerate(pictures)
        if (frame := still_there(picture)) is not None
    )
