"""The report in a course model's bundle: its figures and the plots of its results folder on one page."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from html import escape
from pathlib import Path

from pytrain.course.results import CONFUSION, CURVES, MISTAKES, Run
from pytrain.evaluation.report.page import PAGE, as_page, interval, percent, section, table, write_text

PLOTS = (
    (CURVES, "Training", "Loss and accuracy of each epoch, on the pictures it learned from and on others."),
    (CONFUSION, "What is taken for what", "Rows are what a test picture is, columns what the network says."),
    (MISTAKES, "Mistakes", "The wrong answers that it was surest of."),
)


def write_report(folder: Path, run: Run, title: str) -> Path:
    """Writes index.html and the plots into a folder.

    Raises:
        OSError: the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, _, _ in PLOTS:
        shutil.copyfile(run.folder / name, folder / name)
    sections = [
        _headline(run, title),
        *(picture_section(*plot) for plot in PLOTS),
        _classes(run),
        _settings(run),
    ]
    return write_text(folder / PAGE, as_page(title, sections))


def picture_section(file: str, title: str, lead: str) -> str:
    """A part of the page that shows a plot, scaled to the page's width."""
    image = f'<img src="{escape(file)}" alt="{escape(lead)}" style="max-width:100%;height:auto">'
    return section(title, f"<figure>{image}</figure>", escape(lead))


def tiles(entries: Sequence[tuple[str, str, str]]) -> str:
    """Large figures: (figure, what it is, in a sentence) each."""
    items = "".join(
        f'<li><strong>{escape(figure)}</strong><span class="what">{escape(what)}</span>'
        f"<span>{escape(words)}</span></li>"
        for figure, what, words in entries
    )
    return f'<ul class="tiles" aria-label="At a glance">{items}</ul>'


def _headline(run: Run, title: str) -> str:
    metrics = run.metrics
    between = interval(tuple(metrics["accuracy_interval"]), 2)
    return (
        f"<header><p>Report</p><h1>{escape(title)}</h1><p>The recipe {escape(run.recipe)} on "
        f"{escape(run.collection)}, seed {run.seed}. "
        "The test pictures were used for nothing but this.</p></header>"
        + tiles(
            [
                (
                    percent(metrics["accuracy"], 2),
                    "right",
                    f"of {metrics['test_pictures']:,} test pictures; 95 %: {between}",
                ),
                (
                    f"{metrics['parameters']:,}",
                    "parameters",
                    f"{metrics['epochs']} epochs of {metrics['seconds_per_epoch']:,.0f} s",
                ),
            ]
        )
    )


def _classes(run: Run) -> str:
    rows = [
        (
            escape(each["label"]),
            [
                percent(each["recall"]),
                percent(each["precision"]),
                percent(each["f1"]),
                f"{each['pictures']:,}",
            ],
        )
        for each in run.metrics["classes"]
    ]
    return section("Classes", table(["found", "right when said", "F1", "pictures"], rows))


def _settings(run: Run) -> str:
    left_out = ("kind", "labels", "versions", "augment")
    shown = {**{name: value for name, value in run.settings.items() if name not in left_out}}
    shown.update({f"augment: {name}": value for name, value in run.settings["augment"].items()})
    rows = [(escape(name), [escape(str(value))]) for name, value in shown.items()]
    return section("Settings", table(["value"], rows))
