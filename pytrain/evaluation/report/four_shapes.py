"""The report of a four-shapes model, beside the other recipes trained on the same pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from pytrain.evaluation.evaluate import Evaluation, Mistake
from pytrain.evaluation.metrics import Metrics
from pytrain.evaluation.report.charts import line_chart, reliability_chart
from pytrain.evaluation.report.page import (
    FIGURES,
    PAGE,
    as_page,
    interval,
    listed,
    percent,
    table_start,
    write_text,
)
from pytrain.evaluation.report.thumbnails import data_uri, jpeg, thumbnail

THUMBNAIL = 96
"""Side of a mistake's picture, in pixels."""

History = Sequence[Mapping[str, float]]

ABOUT = {
    "classic": "black shape on white, as drawn by a computer",
    "scenes": "what a webcam may see",
    "glyphs": "shapes from text fonts, held up; nothing was tuned on them",
}


def write_report(
    folder: Path,
    evaluation: Evaluation,
    history: History,
    others: Sequence[Evaluation] = (),
    title: str = "pytrain",
) -> Path:
    """Writes index.html and evaluation.json.

    Args:
        folder: where to; made if it is not there.
        evaluation: of the model that the report is about.
        history: its training's, a row for each epoch.
        others: of models to set beside it.
        title: name of the model, shown on top.

    Returns:
        The path of index.html.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = {
        **evaluation.as_json(),
        "history": [dict(row) for row in history],
        "others": [other.as_json() for other in others],
    }
    write_text(folder / FIGURES, json.dumps(figures, indent=1))
    return write_text(folder / PAGE, as_html(evaluation, history, others, title))


def as_html(
    evaluation: Evaluation, history: History, others: Sequence[Evaluation] = (), title: str = "pytrain"
) -> str:
    """The whole page; it needs no other file."""
    sections = [
        _headline(evaluation, title),
        _comparison([evaluation, *others]),
        _sets(evaluation),
        _unknown(evaluation),
        _mistakes(evaluation.mistakes),
        _curves(history, evaluation),
    ]
    return as_page(title, sections)


def _headline(evaluation: Evaluation, title: str) -> str:
    tiles = "".join(
        f'<li><strong>{percent(metrics.accuracy)}</strong><span class="what">{escape(name)}</span>'
        f"<span>right of {metrics.pictures:,} test pictures; 95 % sure: "
        f"{interval(metrics.accuracy_interval)}</span></li>"
        for name, metrics in evaluation.sets.items()
    )
    if any(metrics.unknown_pictures for metrics in evaluation.sets.values()):
        outsiders = sum(metrics.unknown_pictures for metrics in evaluation.sets.values())
        tiles += (
            f'<li><strong>{_accepts(evaluation)}</strong><span class="what">false alarms</span>'
            f"<span>of {outsiders:,} test pictures of none of the classes, called one of them</span></li>"
        )
    return (
        f"<header><p>Report</p><h1>{escape(title)}</h1>"
        f"<p>Tells {escape(listed(evaluation.labels))} apart. All figures are of pictures that were used "
        f"neither for training nor for choosing.</p></header>"
        f'<ul class="tiles" aria-label="At a glance">{tiles}</ul>'
    )


def _comparison(evaluations: Sequence[Evaluation]) -> str:
    names = list(dict.fromkeys(name for evaluation in evaluations for name in evaluation.sets))
    rows = "".join(
        f'<tr><th scope="row">{escape(evaluation.name.upper())}</th><td>{evaluation.parameters:,}</td>'
        + "".join(
            f"<td>{percent(evaluation.sets[name].accuracy) if name in evaluation.sets else '-'}</td>"
            for name in names
        )
        + f"<td>{_accepts(evaluation)}</td><td>{evaluation.milliseconds:.1f} ms</td></tr>"
        for evaluation in evaluations
    )
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    return (
        f"<section><h2>Side by side</h2>{table_start()}<thead><tr><td></td>"
        f'<th scope="col">Parameters</th>{heads}<th scope="col">False alarms</th>'
        f'<th scope="col">One frame</th></tr></thead><tbody>{rows}</tbody></table></div>'
        "<p class=note>Columns with a set's name: accuracy there. False alarms: share of the unknown test "
        "pictures that were called a class. One frame: in Python, on the machine that trained.</p></section>"
    )


def _sets(evaluation: Evaluation) -> str:
    return "".join(
        f"<section><h2>{escape(name)}</h2><p>{escape(ABOUT.get(name, ''))}</p>"
        f'<div class="pair">{_confusion(metrics)}{_per_class(metrics)}</div></section>'
        for name, metrics in evaluation.sets.items()
    )


def _confusion(metrics: Metrics) -> str:
    heads = "".join(f'<th scope="col">{escape(label)}</th>' for label in metrics.confusion_labels)
    body = ""
    for label, counts in zip(metrics.confusion_labels, metrics.confusion, strict=True):
        total = sum(counts)
        if total == 0:
            continue
        cells = "".join(
            f'<td class="{"right" if other == label else "wrong"}" style="--share:{count / total:.3f}">'
            f"{count or '<span>0</span>'}</td>"
            for other, count in zip(metrics.confusion_labels, counts, strict=True)
        )
        body += f'<tr><th scope="row">{escape(label)}</th>{cells}</tr>'
    return (
        f"{table_start('confusion')}<caption>Truth (rows) and answer (columns)</caption>"
        f"<thead><tr><td></td>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _per_class(metrics: Metrics) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(row.label)}</th><td>{percent(row.precision)}</td>'
        f"<td>{percent(row.recall)}</td><td>{percent(row.f1)}</td><td>{row.pictures:,}</td></tr>"
        for row in metrics.classes
    )
    return (
        f"{table_start()}<caption>Most probable label, however sure</caption><thead><tr><td></td>"
        '<th scope="col">Precision</th><th scope="col">Recall</th><th scope="col">F1</th>'
        f'<th scope="col">Pictures</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _unknown(evaluation: Evaluation) -> str:
    calibration = evaluation.calibration
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{percent(metrics.rejected)}</td>'
        f"<td>{percent(metrics.false_accepts)}</td><td>{interval(metrics.false_accepts_interval)}</td>"
        f"<td>{'-' if metrics.auroc is None else f'{metrics.auroc:.4f}'}</td></tr>"
        for name, metrics in evaluation.sets.items()
    )
    return (
        f"<section><h2>unknown</h2><p>Below {percent(calibration.unknown_threshold)} the answer is "
        f"<em>unknown</em>. That was chosen on validation {escape(calibration.chosen_on)}.</p>"
        f'{table_start()}<thead><tr><td></td><th scope="col">Classes called unknown</th>'
        '<th scope="col">Unknown called a class</th><th scope="col">95 % sure</th>'
        f'<th scope="col">AUROC</th></tr></thead><tbody>{rows}</tbody></table></div></section>'
    )


def _mistakes(mistakes: Sequence[Mistake]) -> str:
    if not mistakes:
        return "<section><h2>Worst mistakes</h2><p>None.</p></section>"
    figures = "".join(_mistake(mistake) for mistake in mistakes)
    return (
        "<section><h2>Worst mistakes</h2><p>Wrong answers, the surest first.</p>"
        f'<div class="mistakes">{figures}</div></section>'
    )


def _mistake(mistake: Mistake) -> str:
    alt = f"{mistake.truth} from {mistake.dataset}: {mistake.path.name}"
    picture = data_uri(jpeg(thumbnail(mistake.path, THUMBNAIL)))
    return (
        f'<figure><img src="{picture}" width="{THUMBNAIL}" height="{THUMBNAIL}" '
        f'alt="{escape(alt)}" title="{escape(alt)}">'
        f"<figcaption><b>{escape(mistake.answer)}</b> {percent(mistake.confidence)}<br>"
        f"is {escape(mistake.truth)}</figcaption></figure>"
    )


def _curves(history: History, evaluation: Evaluation) -> str:
    def series(*names: str) -> dict[str, list[float]]:
        return {
            "validation" if name.startswith("val_") else "training": [row[name] for row in history]
            for name in names
        }

    calibration = evaluation.calibration
    return (
        '<section><h2>Training</h2><div class="charts">'
        + line_chart("Accuracy by epoch", series("accuracy", "val_accuracy"))
        + line_chart("Loss by epoch", series("loss", "val_loss"))
        + reliability_chart("How sure, how right", evaluation.reliability)
        + "</div><p class=note>Training pictures are changed at random (turned, moved, in other light), "
        "so that they are harder than the validation pictures. The logits were divided by the "
        f"temperature {calibration.temperature:.2f}; the calibration error on validation pictures went "
        f"from {percent(calibration.calibration_error_before)} to "
        f"{percent(calibration.calibration_error_after)}.</p></section>"
    )


def _accepts(evaluation: Evaluation) -> str:
    """Per set, for a mean would hide the hardest one."""
    shares = [(name, metrics.false_accepts) for name, metrics in evaluation.sets.items()]
    return ", ".join(f"{escape(name)} {percent(share)}" for name, share in shares if share is not None) or "-"
