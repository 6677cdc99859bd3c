"""The report of a transfer-learned model: can I trust it, why, and what would make it better."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np

from pytrain.evaluation.judged import TransferReport
from pytrain.evaluation.label_errors import LabelError, likely_label_errors
from pytrain.evaluation.report.confusion import (
    Cells,
    cells_for_script,
    choose_from_cells,
    confusion_section,
    ordered_cells,
)
from pytrain.evaluation.report.figures import figures_of
from pytrain.evaluation.report.gallery import Gallery, figures
from pytrain.evaluation.report.measures import certainty_section, classes_section, unknown_section
from pytrain.evaluation.report.page import (
    FIGURES,
    HERE,
    PAGE,
    as_page,
    inline_json,
    listed,
    section,
    write_text,
)
from pytrain.evaluation.report.training import activation_section, augmentation_section, curves_section
from pytrain.evaluation.verdict import TRY_IT, Light, Verdict, verdict

MOST_SUSPECTS = 48
FIRST_SUSPECTS = 14
"""Stand open; the others are folded away."""

MOST_MISTAKES = 24
MOST_PROBLEMS = 200
HOW_TO_MOVE = (
    f'<p class="note offline">Run <code>{TRY_IT}</code> and open this report from there: '
    "then a picture is moved by a click, and the model trained again.</p>"
)
LIGHTS = {Light.GOOD: ("✓", "good"), Light.CARE: ("!", "take care"), Light.BAD: ("✗", "bad")}


def write_transfer_report(folder: Path, report: TransferReport) -> Path:
    """Writes index.html, evaluation.json (the figures), pictures.json (where the pictures are) and images/.

    Whatever the size of the data set, at most some 800 small pictures are written; the page says so.

    Args:
        folder: where to; made if it is not there.
        report: everything that is shown.

    Returns:
        The path of index.html.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    judged, threshold = report.judged, report.calibration.unknown_threshold
    suspects = likely_label_errors(judged.probabilities, judged.truth)
    answer = verdict(report, suspects)
    gallery = Gallery(report.source, judged, threshold)
    # What the page is about comes first, so that the limit on pictures falls on what is right.
    worst = _mistakes(report)
    for number in [error.number for error in suspects[:MOST_SUSPECTS]] + worst:
        gallery.add(number)
    cells = ordered_cells(judged, threshold)
    choose_from_cells(gallery, cells)
    sections = [
        _verdict(report, answer),
        confusion_section(gallery, cells),
        classes_section(judged, threshold),
        _suspects(suspects, gallery),
        _worst(worst, gallery),
        unknown_section(report, gallery),
        certainty_section(report),
        activation_section(folder, report.activations),
        augmentation_section(folder, report.views),
        curves_section(report),
        _data(report, gallery),
    ]
    gallery.write(folder)
    content = figures_of(report, answer, suspects)
    write_text(folder / FIGURES, json.dumps(content, indent=1, ensure_ascii=False))
    page = as_page(report.title, sections, ["transfer.css"], _scripts(gallery, cells))
    return write_text(folder / PAGE, page)


def _verdict(report: TransferReport, answer: Verdict) -> str:
    judged, light = report.judged, answer.light.value
    points = "".join(
        f'<li class="{point.light.value}">{_lamp(point.light)}<h3>'
        f'<a href="#{point.section}">{escape(point.title)}</a></h3>'
        f"<p>{escape(point.text)}</p></li>"
        for point in answer.points
    )
    steps = "".join(f"<li>{_with_command(escape(step))}</li>" for step in answer.steps)
    return (
        f"<header><p>Report</p><h1>{escape(report.title)}</h1>"
        f"<p>Tells {escape(listed(judged.labels))} apart. Each of the {len(judged.pictures):,} pictures was "
        f"judged by a model that had not seen it ({escape(judged.method)}).</p></header>"
        f'<section class="verdict {light}" data-testid="verdict" data-light="{light}">'
        f'<h2><span class="question">Can I trust it?</span>{_lamp(answer.light)}'
        f"<strong>{escape(answer.headline)}</strong></h2>"
        f'<ul class="points">{points}</ul>'
        f'<div class="steps"><h3>To make it better</h3><ol>{steps}</ol></div></section>'
    )


def _with_command(text: str) -> str:
    """A command as a word that is not broken at the end of a line."""
    return text.replace(TRY_IT, f"<code>{TRY_IT}</code>")


def _lamp(light: Light) -> str:
    sign, said = LIGHTS[light]
    return f'<span class="lamp" role="img" aria-label="{said}">{sign}</span>'


def _suspects(suspects: Sequence[LabelError], gallery: Gallery) -> str:
    title = "Is this in the right folder?"
    if not suspects:
        return section(title, "<p>No picture seems to lie in the wrong folder.</p>", name="labels")
    labels = gallery.judged.labels
    items = []
    for error in suspects[:MOST_SUSPECTS]:
        entry, other = gallery.add(error.number), labels[error.looks_like]
        items.append(
            f'<figure class="picture suspect" data-id="{entry.identity}" data-suggested="{escape(other)}">'
            f"{entry.image()}<figcaption>in <b>{escape(entry.truth)}</b><br>"
            f"looks like <b>{escape(other)}</b></figcaption></figure>"
        )
    lead = (
        f"{len(suspects):,} of {len(gallery.judged.pictures):,} pictures look more like another class than "
        "their own (confident learning, Northcutt et al., 2021), the most suspicious first. Some are errors "
        "of the model; those of a hand cost accuracy twice: in training and here."
    )
    body = f'<div class="gallery">{"".join(items[:FIRST_SUSPECTS])}</div>{HOW_TO_MOVE}'
    if len(items) > FIRST_SUSPECTS:
        rest = "".join(items[FIRST_SUSPECTS:])
        count = f"The next {len(items) - FIRST_SUSPECTS} of {len(suspects):,}"
        body += f'<details><summary>{count}</summary><div class="gallery">{rest}</div></details>'
    return section(title, body, lead, name="labels")


def _mistakes(report: TransferReport) -> list[int]:
    """Numbers of the wrongly answered pictures, the surest first; `unknown` is doubt, not a mistake."""
    judged, threshold = report.judged, report.calibration.unknown_threshold
    wrong = np.flatnonzero((judged.best != judged.truth) & (judged.known >= threshold))
    order = np.argsort(-judged.confidence[wrong], kind="stable")
    return [int(number) for number in wrong[order][:MOST_MISTAKES]]


def _worst(worst: Sequence[int], gallery: Gallery) -> str:
    title = "Surest mistakes"
    if not worst:
        return section(title, "<p>None: every answer was right or unknown.</p>", name="mistakes")
    body = figures(gallery.shown(worst))
    return section(title, body, "Wrong answers, the surest first.", name="mistakes")


def _data(report: TransferReport, gallery: Gallery) -> str:
    counts = np.bincount(report.judged.truth, minlength=len(report.judged.labels))
    count = len(report.judged.pictures)
    findings = "".join(f"<li>{escape(finding)}</li>" for finding in (*report.findings, *report.notes))
    shown = len(gallery.shown(range(count)))
    cap = (
        f'<p class="note">{shown:,} of {count:,} pictures are in this page, of each cell those that tell '
        "most; the figures are of all.</p>"
        if shown < count
        else ""
    )
    settings = "".join(
        f"<dt>{escape(str(name))}</dt><dd>{escape(_plain(value))}</dd>"
        for name, value in report.settings.items()
    )
    body = (
        (f"<ul>{findings}</ul>" if findings else "")
        + cap
        + _problems(report)
        + (f"<details><summary>All settings</summary><dl>{settings}</dl></details>" if settings else "")
    )
    lead = (
        f"{count:,} pictures of {len(counts)} classes, {counts.min():,} to {counts.max():,} of each; "
        f"{len(np.unique(report.judged.groups)):,} of them differ, the others are near-duplicates."
    )
    return section("The pictures", body, lead, name="data")


def _problems(report: TransferReport) -> str:
    problems = report.problems
    if not problems:
        return ""
    lines = "".join(
        f"<li><b>{escape(f'{problem.path.parent.name}/{problem.path.name}')}</b>: {escape(problem.why)}</li>"
        for problem in problems[:MOST_PROBLEMS]
    )
    more = len(problems) - MOST_PROBLEMS
    rest = f"<li>and {more:,} more</li>" if more > 0 else ""
    opened = " open" if len(problems) <= 12 else ""
    files = f"{len(problems):,} {'file was' if len(problems) == 1 else 'files were'} set aside"
    return f"<details{opened}><summary>{files}</summary><ul>{lines}{rest}</ul></details>"


def _plain(value: object) -> str:
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "-" if value is None else str(value)


def _scripts(gallery: Gallery, cells: Cells) -> str:
    content = {
        "labels": list(gallery.judged.labels),
        "pictures": {identity: entry.as_row() for identity, entry in gallery.entries.items()},
        "cells": cells_for_script(gallery, cells),
    }
    script = (HERE / "report.js").read_text(encoding="utf-8")
    return f"{inline_json('report-data', content)}<script>{script}</script>"
