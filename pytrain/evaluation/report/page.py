"""The frame of every report: one HTML page that needs no server, and the small pieces all sections use."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pytrain.resources import PAGE_STYLE

PAGE = "index.html"
FIGURES = "evaluation.json"
HERE = Path(__file__).parent
STYLES = (PAGE_STYLE, HERE / "report.css")
ICON = "data:image/svg+xml," + quote(
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'>"
    "<circle cx='4' cy='4' r='4' fill='#ff5b1f'/></svg>"
)
"""Without one a browser asks the server for a file that is not there."""


def as_page(title: str, sections: Iterable[str], styles: Sequence[str] = (), scripts: str = "") -> str:
    """The whole page.

    Args:
        title: name of the model.
        sections: HTML, in their order.
        styles: names of further style sheets of this folder.
        scripts: HTML of script elements for the end of the page.
    """
    files = [*STYLES, *(HERE / name for name in styles)]
    css = "".join(file.read_text(encoding="utf-8") for file in files)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="{ICON}">'
        f"<title>{escape(title)}: report</title><style>{css}</style></head>\n"
        f"<body><main>{''.join(sections)}</main>{scripts}</body></html>\n"
    )


def section(title: str, body: str, lead: str = "", *, name: str = "") -> str:
    """A part of the page with its heading.

    Args:
        title: plain text.
        body: HTML.
        lead: a sentence or two below the heading, HTML.
        name: what links within the page call it.
    """
    identity = f' id="{escape(name)}"' if name else ""
    return f"<section{identity}><h2>{escape(title)}</h2>{f'<p>{lead}</p>' if lead else ''}{body}</section>"


def table_start(kind: str = "") -> str:
    """Opens a table that scrolls by itself on a narrow screen, and can be reached by keyboard."""
    return f'<div class="scroll" tabindex="0"><table class="{kind}">'


def table(heads: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]], kind: str = "") -> str:
    """A table whose first column names the rows.

    Args:
        heads: plain text, one for each column but the first.
        rows: for each row its name and its cells, both HTML.
        kind: CSS class.
    """
    top = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    body = "".join(
        f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        for name, cells in rows
    )
    return f"{table_start(kind)}<thead><tr><td></td>{top}</tr></thead><tbody>{body}</tbody></table></div>"


def percent(share: float | None, digits: int = 1) -> str:
    """A share in 0..1 as people write it."""
    return "-" if share is None else f"{share * 100:.{digits}f} %"


def interval(between: tuple[float, float] | None, digits: int = 1) -> str:
    """Both ends of a confidence interval."""
    return "-" if between is None else f"{percent(between[0], digits)} to {percent(between[1], digits)}"


def listed(names: Sequence[str], most: int = 12) -> str:
    """Names as a sentence lists them; of many only the first."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def inline_json(identity: str, content: Any) -> str:
    """Data for the page's script; no text in it can end the element."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    safe = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f'<script type="application/json" id="{identity}">{safe}</script>'


def write_text(path: Path, text: str) -> Path:
    """Writes a file whole or not at all."""
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_text(text, encoding="utf-8")
    return temporary.replace(path)
