"""Writes what a check found as one HTML page with pictures, which opens from disk."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path

from PIL import Image

from pytrain.dataset.findings import WARNING, Examination, Finding
from pytrain.dataset.image_folder import WORK, ImageFolder, Picture
from pytrain.dataset.pictures import natural_key, shown
from pytrain.errors import DataError
from pytrain.image import read_image
from pytrain.resources import PAGE_STYLE

STYLES = (PAGE_STYLE, Path(__file__).with_name("check.css"))

THUMBNAIL = 112
"""Height of the pictures on the page, in pixels."""

WIDEST = 3
"""Times a thumbnail may be wider than high; what is wider is squeezed."""

SAMPLES = 8
"""Pictures shown of each class."""

GROUPS = 12
MEMBERS = 8
"""How many groups of a finding are shown, and how many pictures of each."""

FILES = 200
"""Files set aside that are listed by name."""


def default_page(source: Path) -> Path:
    """Where a check's page goes: beside the data set and out of the way of its pictures."""
    source = source.absolute()
    return source.parent / WORK / f"{source.stem if source.is_file() else source.name}-check.html"


def write_page(path: Path, examination: Examination) -> Path:
    """Writes the page, at once or not at all.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_text(as_html(examination), encoding="utf-8", errors="replace")
    return temporary.replace(path)


def as_html(examination: Examination) -> str:
    """The whole page; it needs no other file, but links to the pictures on this disk."""
    folder = examination.folder
    sections = [
        _headline(examination),
        "".join(_finding(finding) for finding in examination.findings),
        _classes(examination),
        _set_aside(folder),
    ]
    style = "".join(file.read_text(encoding="utf-8") for file in STYLES)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(folder.name)}: data check</title>'
        f"<style>{style}</style></head>\n"
        f"<body><main>{''.join(sections)}</main></body></html>\n"
    )


def _headline(examination: Examination) -> str:
    folder = examination.folder
    warnings = sum(finding.level == WARNING for finding in examination.findings)
    tiles = [
        (f"{len(folder.pictures):,}", "pictures", f"in {len(folder.labels)} classes"),
        (f"{len(set(examination.groups.tolist())):,}", "that differ", "copies and bursts counted once"),
        (f"{len(folder.problems):,}", "set aside", "by name, below"),
        (f"{warnings}", "warning" if warnings == 1 else "warnings", "come first below"),
    ]
    listed = "".join(
        f'<li><strong>{number}</strong><span class="what">{what}</span><span>{more}</span></li>'
        for number, what, more in tiles
    )
    return (
        f"<header><p>Data check</p><h1>{escape(folder.name)}</h1><p>{escape(shown(folder.root))}</p></header>"
        f'<ul class="tiles" aria-label="At a glance">{listed}</ul>'
    )


def _finding(finding: Finding) -> str:
    groups = finding.examples
    if groups and all(len(group) == 1 for group in groups):
        # Single pictures need no row each.
        groups = (tuple(picture for group in groups for picture in group),)
    rows = "".join(_strip(group, 3 * MEMBERS if len(groups) == 1 else MEMBERS) for group in groups[:GROUPS])
    more = f"<p class=more>and {len(groups) - GROUPS:,} more groups</p>" if len(groups) > GROUPS else ""
    kind = "Warning" if finding.level == WARNING else "Note"
    return (
        f'<section class="{finding.level}"><h2><em>{kind}</em> {escape(finding.what)}</h2>'
        f"<p>{escape(finding.fix)}</p>{rows}{more}</section>"
    )


def _classes(examination: Examination) -> str:
    rows = examination.rows()
    most = max((row["pictures"] for row in rows), default=0) or 1
    body = "".join(
        f'<tr><th scope="row">{escape(row["label"])}</th><td class="bar">'
        f'<i style="width: {100 * row["pictures"] / most:.1f}%"></i></td><td>{row["pictures"]:,}</td>'
        f"<td>{row['groups']:,}</td><td>{row['set_aside']:,}</td>"
        f"<td>{row['width']} x {row['height']}</td></tr>"
        for row in rows
    )
    heads = "".join(
        f'<th scope="col">{head}</th>' for head in ("", "pictures", "differ", "set aside", "usual size")
    )
    return (
        '<section><h2>Classes</h2><div class="scroll" tabindex="0"><table>'
        f"<thead><tr><td></td>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
        + "".join(_sample(examination, row["label"]) for row in rows)
        + "</section>"
    )


def _sample(examination: Examination, label: str) -> str:
    """A few pictures of a class, one of a group, chosen by their bytes: the same every time."""
    firsts: dict[int, Picture] = {}
    for seen, group in zip(examination.looks, examination.groups.tolist(), strict=True):
        if seen.picture.label == label:
            firsts.setdefault(group, seen.picture)
    chosen = sorted(firsts.values(), key=lambda picture: picture.digest)[:SAMPLES]
    return f"<h3>{escape(label)}</h3>{_strip(chosen, SAMPLES)}" if chosen else ""


def _strip(pictures: Sequence[Picture], most: int) -> str:
    ordered = sorted(pictures, key=lambda picture: (picture.label, natural_key(shown(picture.path.name))))
    figures = "".join(_figure(picture) for picture in ordered[:most])
    more = f'<span class="more">and {len(ordered) - most:,} more</span>' if len(ordered) > most else ""
    return f'<div class="strip" tabindex="0">{figures}{more}</div>'


def _figure(picture: Picture) -> str:
    source, width = _thumbnail(picture.path)
    name = escape(f"{picture.label}/{shown(picture.path.name)}")
    return (
        f'<figure style="width: {width}px"><a href="{escape(picture.path.absolute().as_uri())}">'
        f'<img src="{source}" width="{width}" height="{THUMBNAIL}" alt="{name}" title="{name}"></a>'
        f"<figcaption><b>{escape(picture.label)}</b> {escape(shown(picture.path.name))}</figcaption></figure>"
    )


def _thumbnail(path: Path) -> tuple[str, int]:
    """A small JPEG as a data URI, and its width; a grey one if the picture has gone since."""
    try:
        picture = Image.fromarray(read_image(path))
    except DataError:
        picture = Image.new("RGB", (THUMBNAIL, THUMBNAIL), (128, 128, 128))
    share = min(max(picture.width / picture.height, 1 / WIDEST), WIDEST)
    width = round(THUMBNAIL * share)
    buffer = io.BytesIO()
    picture.resize((width, THUMBNAIL), Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=75)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}", width


def _set_aside(folder: ImageFolder) -> str:
    if not folder.problems:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(shown(_inside(problem.path, folder.root)))}</th>'
        f"<td>{escape(problem.why)}</td></tr>"
        for problem in folder.problems[:FILES]
    )
    more = len(folder.problems) - FILES
    rest = f"<p class=more>and {more:,} more</p>" if more > 0 else ""
    return (
        '<section><h2>Set aside</h2><div class="scroll" tabindex="0"><table class="files">'
        f"<tbody>{rows}</tbody></table></div>{rest}</section>"
    )


def _inside(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path
