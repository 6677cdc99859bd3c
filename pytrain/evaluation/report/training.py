"""The parts of a transfer report about the training: its curves, augmentation, and where the model looks."""

from __future__ import annotations

from html import escape
from pathlib import Path

from pytrain.evaluation.judged import Activation, Phase, Pixels, TransferReport, Views
from pytrain.evaluation.report.charts import line_chart
from pytrain.evaluation.report.gallery import IMAGES
from pytrain.evaluation.report.heat import overlay
from pytrain.evaluation.report.page import percent, section
from pytrain.evaluation.report.thumbnails import jpeg, small, thumbnail

VIEW_SIDE = 96
MAP_SIDE = 176
MOST_VIEWS = 8
"""Rows of the augmentation grid."""

VIEWS_EACH = 10
MOST_MAPS = 24
CURVES = {"accuracy": "Accuracy", "loss": "Loss"}


def curves_section(report: TransferReport) -> str:
    """Both phases, a fine-tuning that was not kept too."""
    body = "".join(_phase(phase) for phase in report.phases)
    backbone = report.backbone
    known = f", {backbone.top1:.1f} % on ImageNet" if backbone.top1 is not None else ""
    facts = [
        f"Backbone: {backbone.name}, {backbone.parameters / 1e6:.1f} million parameters{known}",
        f"One picture takes {report.milliseconds:.1f} ms in Python here" if report.milliseconds else "",
        f"The training took {report.seconds:,.0f} s" if report.seconds else "",
        f"{report.size / 1e6:.1f} MB for the browser" if report.size else "",
    ]
    lead = f"{escape('. '.join(fact for fact in facts if fact))}."
    if any(len(phase.rows) > 1 for phase in report.phases):
        lead += " The upright line stands where the weights were taken."
    return section("Training", body, lead, name="training")


def _phase(phase: Phase) -> str:
    charts = "".join(_curve(phase, name, title) for name, title in CURVES.items() if len(phase.rows) > 1)
    state = "" if phase.kept else ' <span class="tag">tried, not kept</span>'
    note = f"<p>{escape(phase.note)}</p>" if phase.note else ""
    inside = (
        f'<div class="charts">{charts}</div>' if charts else f'<p class="note">{_without_curve(phase)}</p>'
    )
    return f'<div class="phase"><h3>{escape(phase.name.capitalize())}{state}</h3>{note}{inside}</div>'


def _without_curve(phase: Phase) -> str:
    """A single point is no curve; it is said instead."""
    if not phase.rows:
        return "No curve was recorded."
    (row,) = phase.rows
    if not row.get("val_accuracy"):
        return "A single step, so there is no curve."
    return (
        f"A single step, so there is no curve: {percent(row['val_accuracy'])} of the left-out pictures were "
        f"right, with a loss of {row['val_loss']:.3f}."
    )


def _curve(phase: Phase, name: str, title: str) -> str:
    series = {
        css: [row.get(key) for row in phase.rows]
        for css, key in (("training", name), ("validation", f"val_{name}"))
        if any(key in row for row in phase.rows)
    }
    return line_chart(f"{title} by step", series, phase.chosen) if series else ""


def augmentation_section(folder: Path, views: tuple[Views, ...]) -> str:
    """Pictures as they are, and as the training made them look; writes the files it shows."""
    if not views:
        return ""
    rows = "".join(_row_of_views(folder, at, entry) for at, entry in enumerate(views[:MOST_VIEWS]))
    lead = (
        "Left a picture as the model gets it, beside it what the training made of it: a webcam turns, "
        "squashes, blurs and tints. What must not change (a mirrored letter, say) should not be seen here."
    )
    body = f'<ul class="views" tabindex="0">{rows}</ul>'
    return section("What the training changes", body, lead, name="augmentation")


def _row_of_views(folder: Path, row: int, entry: Views) -> str:
    original = thumbnail(entry.picture.path, VIEW_SIDE)
    said = escape(f"{entry.picture.label}: {entry.picture.path.name}")
    first = f'<img class="first" {_image(folder, f"view-{row}", 0, original)} alt="{said}">'
    others = "".join(
        f'<img {_image(folder, f"view-{row}", at, image)} alt="changed">'
        for at, image in enumerate(entry.images[:VIEWS_EACH], start=1)
    )
    return f"<li>{first}{others}</li>"


def activation_section(folder: Path, activations: tuple[Activation, ...]) -> str:
    """Each picture beside its map; writes the files it shows."""
    if not activations:
        return ""
    items = "".join(_activation(folder, at, entry) for at, entry in enumerate(activations[:MOST_MAPS]))
    lead = (
        "Bright is what spoke for the answer (class activation map, Zhou et al., 2016). If that is the "
        "background and not the thing, take pictures of the thing in front of other backgrounds."
    )
    return section("Where it looks", f'<div class="maps">{items}</div>', lead, name="activation")


def _activation(folder: Path, at: int, entry: Activation) -> str:
    right = entry.answer == entry.picture.label
    truth = "" if right else f", is {escape(entry.picture.label)}"
    name = f"map-{at}"
    return (
        f'<figure class="{"right" if right else "wrong"}"><div>'
        f'<img {_image(folder, name, 0, entry.image, MAP_SIDE)} alt="{escape(entry.picture.label)}">'
        f"<img {_image(folder, name, 1, overlay(entry.image, entry.map), MAP_SIDE)} "
        f'alt="{escape(f"what spoke for {entry.answer}")}"></div><figcaption><b>{escape(entry.answer)}</b> '
        f"{percent(entry.confidence, 0)}{truth}</figcaption></figure>"
    )


def _image(folder: Path, name: str, at: int, frame: Pixels, side: int = VIEW_SIDE) -> str:
    file = folder / IMAGES / f"{name}-{at}.jpg"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(jpeg(small(frame, side)))
    return f'loading="lazy" src="{IMAGES}/{file.name}" width="{side}" height="{side}"'
