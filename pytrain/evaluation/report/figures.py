"""The figures of a transfer report as plain JSON, for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytrain.evaluation.judged import Share, TransferReport
from pytrain.evaluation.label_errors import LabelError
from pytrain.evaluation.metrics import calibration_error_of
from pytrain.evaluation.verdict import Verdict


def figures_of(report: TransferReport, answer: Verdict, suspects: Sequence[LabelError]) -> dict[str, Any]:
    """The figures of the page as plain JSON."""
    judged, threshold = report.judged, report.calibration.unknown_threshold
    right = judged.best == judged.truth
    return {
        "name": report.title,
        "labels": list(judged.labels),
        "method": judged.method,
        "verdict": {
            "light": answer.light.value,
            "headline": answer.headline,
            "points": [
                {"light": point.light.value, "title": point.title, "text": point.text}
                for point in answer.points
            ],
            "steps": list(answer.steps),
        },
        "accuracy": _share(judged.accuracy()),
        "right_when_answered": _share(judged.right_when_answered(threshold)),
        "rejected": _share(judged.rejected(threshold)),
        "calibration_error_before": calibration_error_of(judged.uncalibrated, right),
        "calibration_error": calibration_error_of(judged.confidence, right),
        "calibration": report.calibration.as_json(),
        "classes": [
            {
                "label": shares.label,
                "recall": _share(shares.recall),
                "precision": _share(shares.precision),
                "f1": shares.f1,
            }
            for shares in judged.classes(threshold)
        ],
        "outsiders": [
            {
                "name": outsiders.name,
                "accepted": _share(outsiders.accepted(threshold)),
                "auroc": judged.auroc(outsiders),
                "chosen_on": outsiders.chosen_on,
            }
            for outsiders in judged.outsiders
        ],
        "likely_label_errors": len(suspects),
        "phases": [
            {
                "name": phase.name,
                "chosen": phase.chosen,
                "kept": phase.kept,
                "note": phase.note,
                "rows": [dict(row) for row in phase.rows],
            }
            for phase in report.phases
        ],
    }


def _share(share: Share) -> dict[str, Any]:
    return {
        "value": share.value,
        "count": share.count,
        "total": share.total,
        "groups": share.groups,
        "interval": list(share.interval),
    }
