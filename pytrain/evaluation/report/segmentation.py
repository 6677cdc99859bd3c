"""The report of a network of classes and masks: how well its masks fit, with pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pytrain.evaluation.metrics import Metrics
from pytrain.evaluation.report.charts import line_chart
from pytrain.evaluation.report.page import (
    FIGURES,
    PAGE,
    as_page,
    interval,
    percent,
    section,
    table,
    write_text,
)
from pytrain.evaluation.report.thumbnails import data_uri, jpeg
from pytrain.evaluation.segmentation import Overlap
from pytrain.evaluation.segmentation_scenes import Example, Judged
from pytrain.image import Frame

SIDE = 112
"""Of a picture, in pixels."""

COLOURS = ((255, 91, 31), (47, 125, 225), (242, 194, 0), (0, 168, 126), (201, 92, 201), (120, 120, 116))
"""Of the classes, in their order; the page paints them the same. They stay apart for colour-blind eyes."""

OPACITY = 0.6

History = Sequence[Mapping[str, float]]


def write_segmentation_report(
    folder: Path, judged: Judged, history: History, settings: Mapping[str, Any], title: str
) -> Path:
    """Writes index.html and evaluation.json; gives the path of index.html.

    Args:
        folder: where to; made if it is not there.
        judged: the figures, and scenes to show.
        history: the training's, a row for each epoch.
        settings: how it was trained.
        title: name of the model.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = {**judged.as_json(), "history": [dict(row) for row in history], "settings": dict(settings)}
    write_text(folder / FIGURES, json.dumps(figures, indent=1))
    return write_text(folder / PAGE, _as_html(judged, history, title))


def painted(picture: Frame, numbers: np.ndarray[Any, Any]) -> Frame:
    """A picture with its classes laid over it: uint8 [side, side, 3]."""
    colours = np.array(COLOURS, np.float32)[(numbers.astype(int) - 1) % len(COLOURS)]
    share = np.where(numbers > 0, OPACITY, 0.0)[..., None]
    # What belongs to nothing goes pale, so that the colours are seen on any picture.
    ground = np.where(numbers[..., None] > 0, picture, 0.75 * picture + 0.25 * 255)
    return np.asarray(ground * (1 - share) + colours * share, np.uint8)


def _as_html(judged: Judged, history: History, title: str) -> str:
    return as_page(
        title,
        [
            _headline(judged, title),
            _masks(judged),
            _pictures("Scenes", judged.examples, "The first scenes of the test."),
            _pictures("Where it fits worst", judged.worst, "Of all other scenes of the test."),
            _answers(judged.classes),
            _training(history),
        ],
        ["segmentation.css"],
    )


def _headline(judged: Judged, title: str) -> str:
    overlap, classes = judged.overlap, judged.classes
    tiles = (
        ("mean IoU", f"{overlap.mean_iou:.3f}", f"over {overlap.pictures:,} scenes, the background left out"),
        ("mean Dice", f"{overlap.mean_dice:.3f}", "the same scenes"),
        (
            "right answers",
            percent(classes.accuracy),
            f"for whole scenes, {classes.pictures:,} with a shape; the truth is the one that covers most; "
            f"95 % sure: {interval(classes.accuracy_interval)}",
        ),
        (
            "false alarms",
            f"{judged.alarms} of {judged.empty:,}",
            "scenes without a shape of which more than 1 % was called one",
        ),
    )
    items = "".join(
        f'<li><strong>{value}</strong><span class="what">{escape(name)}</span><span>{about}</span></li>'
        for name, value, about in tiles
    )
    return (
        f"<header><p>Report</p><h1>{escape(title)}</h1><p>Says what a picture shows, and which of its pixels "
        "belong to it. All figures are of scenes that were used neither for training nor for choosing.</p>"
        f'</header><ul class="tiles" aria-label="At a glance">{items}</ul>'
    )


def _masks(judged: Judged) -> str:
    kinds = {
        "all scenes": judged.overlap,
        "one kind of shape": judged.single,
        "several kinds": judged.several,
    }
    rows = [_row(f"{name} ({overlap.pictures:,})", overlap) for name, overlap in kinds.items()]
    names = judged.overlap.classes
    heads = ["mean IoU", "mean Dice", *(f"IoU {name}" for name in names)]
    return section(
        "Masks",
        table(heads, rows),
        "Intersection over union: of all pixels that are a shape or were called it, the share that are both. "
        "Dice: twice the intersection over the sum of both areas. Pixels are those of the 224 x 224 that the "
        "network sees, summed over all scenes; the means are over the shapes, without the background.",
    )


def _row(name: str, overlap: Overlap) -> tuple[str, list[str]]:
    shares = [overlap.iou[each] for each in overlap.classes]
    cells = ["-" if share is None else f"{share:.3f}" for share in shares]
    return escape(name), [f"{overlap.mean_iou:.3f}", f"{overlap.mean_dice:.3f}", *cells]


def _pictures(title: str, examples: Sequence[Example], about: str) -> str:
    figures = "".join(_figure(example) for example in examples)
    return section(
        title,
        f'<div class="scenes">{figures}</div>{_legend()}',
        f"{about} From left to right: the picture, the truth, and what the network says.",
    )


def _legend() -> str:
    from pytrain.dataset.four_shapes.outlines import LABELS

    items = "".join(
        f'<li><i style="background: rgb{colour}"></i>{escape(label)}</li>'
        for label, colour in zip(LABELS, COLOURS, strict=False)
    )
    return f'<ul class="legend">{items}</ul>'


def _figure(example: Example) -> str:
    parts = (
        example.picture,
        painted(example.picture, example.truth),
        painted(example.picture, example.called),
    )
    row = np.concatenate([_small(part) for part in parts], axis=1)
    iou = "-" if example.iou is None else f"{example.iou:.2f}"
    alt = f"A scene, its truth and its mask: mean IoU {iou}"
    return (
        f'<figure><img src="{data_uri(jpeg(row))}" width="{3 * SIDE}" height="{SIDE}" alt="{escape(alt)}">'
        f"<figcaption>mean IoU {iou}</figcaption></figure>"
    )


def _small(frame: Frame) -> Frame:
    return np.asarray(Image.fromarray(frame).resize((SIDE, SIDE), Image.Resampling.BOX))


def _answers(classes: Metrics) -> str:
    rows = [
        (escape(label), [f"{count:,}" for count in counts])
        for label, counts in zip(classes.confusion_labels, classes.confusion, strict=True)
        if sum(counts)
    ]
    return section(
        "Answers for whole scenes",
        table([str(label) for label in classes.confusion_labels], rows, "confusion"),
        "Truth (rows) and answer (columns). A scene with several shapes counts as the one that covers most, "
        "however little more it covers than the next: a classifier has one answer, a mask has one for each "
        "pixel.",
    )


def _training(history: History) -> str:
    def series(name: str) -> dict[str, list[float]]:
        return {
            part: [row[column] for row in history if column in row]
            for part, column in (("training", name), ("validation", f"val_{name}"))
        }

    charts = [
        line_chart("Mean IoU by epoch", series("iou")),
        line_chart("Right answers by epoch", series("accuracy")),
        line_chart("Loss by epoch", series("loss")),
    ]
    return section(
        "Training",
        f'<div class="charts">{"".join(charts)}</div>',
        "IoU while training is counted on the 56 x 56 places of the mask. Training scenes are turned, "
        "mirrored and recoloured at random, so that they are harder than the validation scenes.",
    )
