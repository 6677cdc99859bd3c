"""The confusion matrix of a transfer-learned model, whose cells open the pictures behind them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from PIL import Image

from pytrain.dataset.image_folder import UNKNOWN
from pytrain.dataset.pictures import NO_CLASS
from pytrain.evaluation.judged import Judged
from pytrain.evaluation.metrics import Ints
from pytrain.evaluation.report.gallery import MOST_PER_CELL, Gallery, choose
from pytrain.evaluation.report.page import listed, section, table_start
from pytrain.evaluation.report.thumbnails import data_uri

MOST_ROWS = 24
"""Classes of which a table of numbers is still readable; of more a picture is drawn."""

LARGEST = 30
"""Confusions that are listed beside the picture."""

GOOD, BAD = (31, 138, 112), (214, 73, 42)

Cells = Mapping[tuple[int, int], Ints]


def ordered_cells(judged: Judged, threshold: float) -> dict[tuple[int, int], Ints]:
    """(truth, answer) -> pictures: of wrong cells the surest first, of right ones the least sure."""
    confidence = judged.confidence
    return {
        (row, column): numbers[np.argsort(confidence[numbers] * (1 if row == column else -1), kind="stable")]
        for (row, column), numbers in judged.cells(threshold).items()
    }


def choose_from_cells(gallery: Gallery, cells: Cells) -> None:
    """Wrong cells first, the largest of them leading; then what is right."""
    wrong = sorted((key for key in cells if key[0] != key[1]), key=lambda key: (-len(cells[key]), key))
    right = sorted(key for key in cells if key[0] == key[1])
    # A few of each class come before the last of the mistakes, so that right answers can be seen too.
    choose(gallery, [cells[key][:6] for key in wrong] + [cells[key][:6] for key in right])
    choose(gallery, [cells[key] for key in wrong])
    choose(gallery, [cells[key] for key in right])


def confusion_section(gallery: Gallery, cells: Cells) -> str:
    """The matrix as a table of buttons, or as a picture with the largest confusions listed."""
    labels = gallery.judged.labels
    lead = (
        "A row is what a picture is, a column what the model says. "
        "Choose a number to see the pictures behind it."
    )
    if len(labels) <= MOST_ROWS:
        return section("What is taken for what", _table(labels, cells), lead, name="confusion")
    body = f'<div class="pair">{_picture(labels, cells)}{_largest(labels, cells)}</div>'
    lead = (
        "Each dot of the picture is a row (what it is) and a column (what the model says): the diagonal is "
        "right, all else is not. Choose a dot, or a line of the list, to see the pictures behind it."
    )
    return section("What is taken for what", body, lead, name="confusion")


def cells_for_script(gallery: Gallery, cells: Cells) -> dict[str, list[object]]:
    """For each cell with pictures in the report: how many there are, then the identities of those shown."""
    content: dict[str, list[object]] = {}
    for (row, column), numbers in cells.items():
        shown = gallery.shown(int(number) for number in numbers)[:MOST_PER_CELL]
        content[f"{row},{column}"] = [len(numbers), *(entry.identity for entry in shown)]
    return content


def _table(labels: Sequence[str], cells: Cells) -> str:
    columns = [*range(len(labels)), NO_CLASS]
    heads = "".join(
        f'<th scope="col"><span>{escape(_name(labels, column))}</span></th>' for column in columns
    )
    body = ""
    for row, label in enumerate(labels):
        total = sum(len(numbers) for key, numbers in cells.items() if key[0] == row)
        inside = "".join(_cell(labels, row, column, cells, total) for column in columns)
        body += f'<tr><th scope="row">{escape(label)}</th>{inside}</tr>'
    return (
        f"{table_start('confusion cells')}<caption>What it is (rows), what the model says (columns)</caption>"
        f"<thead><tr><td></td>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(labels: Sequence[str], row: int, column: int, cells: Cells, total: int) -> str:
    count = len(cells.get((row, column), ()))
    if not count:
        return "<td><span>·</span></td>"
    kind = "right" if row == column else "unsure" if column == NO_CLASS else "wrong"
    said = f"{count} of {total} {labels[row]} called {_name(labels, column)}: show the pictures"
    return (
        f'<td class="{kind}" style="--share:{count / total:.3f}"><button type="button" '
        f'data-cell="{row},{column}" aria-label="{escape(said)}">{count:,}</button></td>'
    )


def _picture(labels: Sequence[str], cells: Cells) -> str:
    """One dot for each cell; see-through where there is nothing, so that it suits a light and a dark page."""
    pixels = np.zeros((len(labels), len(labels) + 1, 4), np.uint8)
    totals = np.bincount(
        [row for row, _ in cells],
        weights=[len(numbers) for numbers in cells.values()],
        minlength=len(labels),
    )
    for (row, column), numbers in cells.items():
        share = len(numbers) / totals[row]
        colour = GOOD if row == column else BAD
        # Rare confusions have to be seen too, hence the root and the least strength.
        pixels[row, column if column >= 0 else len(labels)] = (*colour, round(255 * max(0.2, share**0.5)))
    buffer = io.BytesIO()
    Image.fromarray(pixels, "RGBA").save(buffer, "PNG", optimize=True)
    right = sum(len(numbers) for (row, column), numbers in cells.items() if row == column)
    said = f"Confusion matrix of {len(labels)} classes: {right:,} of {int(totals.sum()):,} pictures right"
    return (
        f'<figure class="heat"><img src="{data_uri(buffer.getvalue(), "png")}" '
        f'width="{len(labels) + 1}" height="{len(labels)}" alt="{escape(said)}" data-testid="heat">'
        f'<figcaption class="note">{escape(listed(labels, 3))}, from the top down and from the left; '
        f"the last column is {UNKNOWN}. <output></output></figcaption></figure>"
    )


def _largest(labels: Sequence[str], cells: Cells) -> str:
    wrong = sorted(
        # To be unsure is no confusion.
        ((key, len(numbers)) for key, numbers in cells.items() if key[1] not in (key[0], NO_CLASS)),
        key=lambda entry: (-entry[1], entry[0]),
    )
    if not wrong:
        return "<p>No picture is taken for another class.</p>"
    lines = "".join(
        f'<li><button type="button" data-cell="{row},{column}"><b>{count:,}</b> {escape(labels[row])} '
        f"called {escape(_name(labels, column))}</button></li>"
        for (row, column), count in wrong[:LARGEST]
    )
    rest = f'<p class="note">and {len(wrong) - LARGEST:,} more kinds</p>' if len(wrong) > LARGEST else ""
    return f'<div class="largest"><h3>Most frequent</h3><ol>{lines}</ol>{rest}</div>'


def _name(labels: Sequence[str], column: int) -> str:
    return UNKNOWN if column == NO_CLASS else labels[column]
