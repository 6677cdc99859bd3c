"""Shows a comparison: as lines for the terminal, as a page with its plot, and as JSON."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path

import numpy as np

from pytrain.bundle import write_json
from pytrain.course.comparison import LEVEL, Comparison, Difference, Group
from pytrain.course.plots import plot_comparison
from pytrain.course.report import picture_section
from pytrain.errors import DataError
from pytrain.evaluation.report.page import as_page, interval, percent, section, table

PAGE, PLOT, FIGURES = "compare.html", "compare.png", "compare.json"


def lines(found: Comparison) -> list[str]:
    """The table and the verdicts, a line each."""
    width = max(len(group.name) for group in found.groups)
    rows = [
        f"{found.collection}, {found.test_pictures:,} test pictures",
        f"  {'recipe':<{width}}  {'accuracy':>8}  {'95 %':^18}  {'seeds':>5}  {'spread':>7}"
        f"  {'parameters':>10}  {'s/epoch':>7}",
    ]
    for group in found.groups:
        low, high = group.interval
        spread = "-" if group.spread is None else f"{group.spread:.2%}"
        rows.append(
            f"  {group.name:<{width}}  {group.mean:>8.2%}  {low:>7.2%} to {high:>7.2%}  {len(group.runs):>5}"
            f"  {spread:>7}  {_parameters(group):>10}  {_seconds(group):>7.1f}"
        )
    return [*rows, *(verdict(difference) for difference in found.differences), *_notes(found)]


def verdict(difference: Difference) -> str:
    """One sentence about two groups."""
    low, high = (100 * end for end in difference.interval)
    corrected = "" if difference.corrected == difference.p else f", corrected {_p(difference.corrected)}"
    figures = (
        f"{100 * difference.difference:.2f} points"
        f" (95 %: {low:.2f} to {high:.2f}; p {_p(difference.p)}{corrected})"
    )
    names = difference.better, difference.worse
    better, worse = names if difference.of_recipes else (f"this network of {name}" for name in names)
    if difference.more_than_noise:
        said = f"{better} is better than {worse} by {figures}: more than noise"
        said += (
            "." if difference.of_recipes else " of the test pictures; with other seeds it may be otherwise."
        )
    else:
        said = f"{better} is {figures} above {worse}: no more than noise"
        said += "." if difference.p > LEVEL else ", being one of several differences."
    return said if difference.of_recipes else f"T{said[1:]}"


def _notes(found: Comparison) -> list[str]:
    """What has to be known to read the verdicts."""
    notes = []
    if not all(difference.of_recipes for difference in found.differences):
        notes.append("To tell of recipes instead of two networks, train each with --seed 0, 1 and 2.")
    if len(found.differences) > 1:
        notes.append(
            f"Of {len(found.differences)} differences some seem great by luck. The corrected p (Holm) allows "
            "for it and decides; p and the interval are of one difference alone."
        )
    return notes


def write_page(found: Comparison, folder: Path) -> Path:
    """Writes compare.html, compare.png and compare.json into a folder.

    Returns:
        The path of compare.html.

    Raises:
        DataError: the disk refuses.
    """
    title = f"{found.collection}, {found.test_pictures:,} test pictures"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as staging:
            place = Path(staging)
            entries = [
                {
                    "name": group.name,
                    "mean": group.mean,
                    "interval": group.interval,
                    "accuracies": group.accuracies,
                }
                for group in found.groups
            ]
            plot_comparison(entries, title, place / PLOT)
            write_json(place / FIGURES, as_json(found))
            (place / PAGE).write_text(_html(found, title), encoding="utf-8")
            # The page last: what it shows is there then.
            for name in (PLOT, FIGURES, PAGE):
                (place / name).replace(folder / name)
    except OSError as error:
        raise DataError(
            f"{folder} cannot be written: {error.strerror or error}.", fix="Choose another folder with --out."
        ) from None
    return folder / PAGE


def as_json(found: Comparison) -> dict[str, object]:
    """For other programs."""
    return {
        "collection": found.collection,
        "test_pictures": found.test_pictures,
        "recipes": [
            {
                "name": group.name,
                "runs": [run.name for run in group.runs],
                "seeds": [run.seed for run in group.runs],
                "accuracies": group.accuracies,
                "mean": group.mean,
                "spread": group.spread,
                "interval": list(group.interval),
                "parameters": group.runs[0].metrics["parameters"],
                "seconds_per_epoch": _seconds(group),
            }
            for group in found.groups
        ],
        "differences": [
            {
                **asdict(difference),
                "interval": list(difference.interval),
                "more_than_noise": difference.more_than_noise,
            }
            for difference in found.differences
        ],
    }


def _html(found: Comparison, title: str) -> str:
    heads = ["accuracy", "95 %", "seeds", "spread", "parameters", "s per epoch"]
    rows = [(escape(group.name), _cells(group)) for group in found.groups]
    several = any(len(group.runs) > 1 for group in found.groups)
    note = "Spread is the standard deviation over the seeds." if several else ""
    sections = [
        f"<header><p>Comparison</p><h1>{escape(title)}</h1></header>",
        picture_section(PLOT, "Accuracy", "Of each recipe on the same test pictures."),
        section("Figures", table(heads, rows), note),
        _verdicts(found),
        section("Found of each class", _classes(found.groups), "Mean over the seeds."),
    ]
    return as_page(title, sections)


def _verdicts(found: Comparison) -> str:
    if not found.differences:
        return ""
    items = "".join(f"<li>{escape(verdict(difference))}</li>" for difference in found.differences)
    methods = "; ".join(dict.fromkeys(difference.method for difference in found.differences))
    lead = escape(" ".join([f"{methods}. At 5 %.", *_notes(found)]))
    return section("More than noise?", f"<ul>{items}</ul>", lead)


def _cells(group: Group) -> Sequence[str]:
    return [
        percent(group.mean, 2),
        interval(group.interval, 2),
        ", ".join(str(run.seed) for run in group.runs),
        percent(group.spread, 2),
        _parameters(group),
        f"{_seconds(group):.1f}",
    ]


def _classes(groups: Sequence[Group]) -> str:
    labels = groups[0].runs[0].labels
    truth = groups[0].runs[0].answers[1]
    rows = [
        (escape(label), [percent(float(group.right[:, truth == number].mean())) for group in groups])
        for number, label in enumerate(labels)
        if (truth == number).any()
    ]
    return table([group.name for group in groups], rows)


def _parameters(group: Group) -> str:
    return f"{group.runs[0].metrics['parameters']:,}"


def _seconds(group: Group) -> float:
    return float(np.mean([run.metrics["seconds_per_epoch"] for run in group.runs]))


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
