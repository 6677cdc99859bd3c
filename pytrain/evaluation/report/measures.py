"""The measured parts of a transfer report: each class, how sure, how right, and what is of no class."""

from __future__ import annotations

from html import escape

from pytrain.evaluation.judged import ClassShares, Judged, Outsiders, Share, TransferReport
from pytrain.evaluation.metrics import calibration_error_by_chance, calibration_error_of, reliability_of
from pytrain.evaluation.report.charts import histogram, reliability_chart
from pytrain.evaluation.report.gallery import Gallery, figures
from pytrain.evaluation.report.page import interval, percent, section, table

FIRST_CLASSES = 24
"""Rows of classes that stand open; of more the rest is folded away."""

SHOWN_OUTSIDERS = 12
BINS = 10


def classes_section(judged: Judged, threshold: float) -> str:
    """A row for each class, the weakest first, its shares as bars with their 95 % intervals."""
    classes = judged.classes(threshold)
    order = sorted(
        range(len(classes)), key=lambda at: (_or_one(classes[at].recall), _or_one(classes[at].precision))
    )
    heads = ["Found", "Right when named", "Called unknown", "Different pictures"]
    rows = [(_opener(judged.labels[at], at), _class_cells(classes[at])) for at in order]
    body = table(heads, rows[:FIRST_CLASSES], "classes")
    if len(rows) > FIRST_CLASSES:
        rest = table(heads, rows[FIRST_CLASSES:], "classes")
        body += f"<details><summary>The other {len(rows) - FIRST_CLASSES:,} classes</summary>{rest}</details>"
    lead = (
        "The weakest first. The dot is what was measured; the pale bar is where the true value lies with "
        "95 % confidence (Wilson), near-duplicates counted as one picture. The fewer pictures, the wider."
    )
    note = (
        '<p class="note">Found (recall): of the pictures of this class, those whose most probable label is '
        "this. Right when named (precision): of the pictures given this label, those that are it. "
        "Both leave unknown aside.</p>"
    )
    return section("Class by class", body + note, lead, name="classes")


def certainty_section(report: TransferReport) -> str:
    """Reliability before and after temperature scaling."""
    judged, calibration = report.judged, report.calibration
    right = judged.best == judged.truth
    parts = []
    for title, sure in (("As trained", judged.uncalibrated), ("After scaling", judged.confidence)):
        error = calibration_error_of(sure, right)
        title = f"{title}: calibration error {percent(error)}"
        parts.append(reliability_chart(title, reliability_of(sure, right, BINS)))
    lead = (
        "A dot stands for answers of about the same confidence: on the dotted line, “80 % sure” is right "
        "8 of 10 times. Below it the model is too sure of itself; larger dots are more pictures."
    )
    chance = percent(calibration_error_by_chance(judged.confidence))
    note = (
        f'<p class="note">Logits were divided by the temperature {calibration.temperature:.2f}, chosen on '
        f"validation pictures (Guo et al., 2017). With {len(right):,} pictures, percentages that are exactly "
        f"right would show an error of about {chance} too, by chance.</p>"
    )
    body = f'<div class="charts">{"".join(parts)}</div>{note}'
    return section("How sure, and how right", body, lead, name="certainty")


def unknown_section(report: TransferReport, gallery: Gallery) -> str:
    """How the score of class pictures lies beside that of all else, and what still gets through."""
    judged, threshold = report.judged, report.calibration.unknown_threshold
    filled = [outsiders for outsiders in judged.outsiders if len(outsiders.known)]
    lead = (
        f"The score runs from 0 to 1; below {threshold:.2f} the answer is <em>unknown</em>. Of the pictures "
        f"of your classes {_counted(judged.rejected(threshold))} lie below."
    )
    if not filled:
        body = '<p class="note">There was nothing else to try it with: nobody knows what it says then.</p>'
        return section("In front of something else", body, lead, name="unknown")
    series = {f"your classes ({len(judged.known):,})": judged.known.tolist()}
    for outsiders in filled:
        series[f"{outsiders.name} ({len(outsiders.known):,})"] = outsiders.known.tolist()
    chart = histogram("Known score", series, threshold)
    heads = ["Called a class", "95 % sure", "AUROC", "Pictures", "Used to choose"]
    rows = [(escape(outsiders.name), _outsider_cells(judged, outsiders, threshold)) for outsiders in filled]
    about = "".join(
        f"<li><b>{escape(outsiders.name)}</b>: {escape(outsiders.about)}</li>"
        for outsiders in filled
        if outsiders.about
    )
    body = (
        table(heads, rows)
        + f'<div class="charts one">{chart}</div>'
        + (f'<ul class="note">{about}</ul>' if about else "")
        + _fooled(filled, gallery, threshold)
        + '<p class="note">AUROC: chance that a picture of a class scores higher than one of these. Columns '
        "grow with the square root of the count, so that single ones can be seen.</p>"
    )
    return section("In front of something else", body, lead, name="unknown")


def _fooled(filled: list[Outsiders], gallery: Gallery, threshold: float) -> str:
    """Pictures of no class that were called one."""
    entries = [
        gallery.add_outsider(shown, outsiders)
        for outsiders in filled
        for shown in sorted(outsiders.shown, key=lambda shown: -shown.known)[:SHOWN_OUTSIDERS]
        if shown.known >= threshold
    ]
    return f"<h3>Called a class all the same</h3>{figures(entries)}" if entries else ""


def _outsider_cells(judged: Judged, outsiders: Outsiders, threshold: float) -> list[str]:
    share, auroc = outsiders.accepted(threshold), judged.auroc(outsiders)
    return [
        percent(share.value),
        interval(share.interval),
        "-" if auroc is None else f"{auroc:.3f}",
        f"{share.total:,}",
        "yes" if outsiders.chosen_on else "no, held out",
    ]


def _opener(label: str, number: int) -> str:
    said = f"{label}: show its pictures"
    return (
        f'<button type="button" class="opener" data-row="{number}" aria-label="{escape(said)}">'
        f"{escape(label)}</button>"
    )


def _class_cells(figures: ClassShares) -> list[str]:
    recall = figures.recall
    alike = recall.groups < recall.total
    pictures = f"{recall.groups:,} of {recall.total:,}" if alike else f"{recall.groups:,}"
    return [_bar(recall), _bar(figures.precision), _counted(figures.rejected), pictures]


def _bar(share: Share) -> str:
    if share.value is None:
        return '<span class="none">never</span>'
    low, high = share.interval
    said = f"{percent(share.value, 0)}, 95 % sure: {interval(share.interval, 0)}"
    places = f"--low:{low:.3f};--value:{share.value:.3f};--high:{high:.3f}"
    return (
        f'<span class="value">{percent(share.value, 0)}</span><span class="bar" role="img" '
        f'aria-label="{said}" title="{said}" style="{places}">'
        "<i></i></span>"
    )


def _counted(share: Share) -> str:
    return f"{share.count:,} of {share.total:,}"


def _or_one(share: Share) -> float:
    return 1.0 if share.value is None else share.value
