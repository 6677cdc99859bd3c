"""The pictures of a report: which are shown, their small files, and what the page knows of each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from pytrain.dataset.image_folder import UNKNOWN, Picture
from pytrain.dataset.pictures import NO_CLASS
from pytrain.evaluation.judged import Judged, Outsiders, Pixels, Shown
from pytrain.evaluation.metrics import Ints
from pytrain.evaluation.report.page import percent, write_text
from pytrain.evaluation.report.thumbnails import jpeg, small, thumbnail

IMAGES = "images"
PICTURES = "pictures.json"
SIDE = 144
"""Of a picture in the page, in pixels: sharp on a phone, about 5 KB."""

MOST = 800
"""Pictures of the classes in one report: about 4 MB."""

MOST_PER_CELL = 60
SCHEMA = 1


@dataclass(frozen=True)
class Entry:
    """One picture as the page shows it.

    Attributes:
        identity: names its file and, to the server, the picture.
        name: label and file, for people.
        truth: its folder's label.
        answer: what the model says, `unknown` included.
        best: the most probable label.
        confidence: its probability.
        source: the picture file, or its pixels where it was generated.
        digest: sha256 of the file; empty for generated ones.
    """

    identity: str
    name: str
    truth: str
    answer: str
    best: str
    confidence: float
    source: Path | Pixels
    digest: str

    @property
    def right(self) -> bool:
        return self.answer == self.truth

    def figure(self) -> str:
        """The picture with its answer and, if that is wrong, the truth."""
        return (
            f'<figure class="picture {"right" if self.right else "wrong"}" data-id="{self.identity}">'
            f"{self.image()}<figcaption>{self._caption()}</figcaption></figure>"
        )

    def image(self) -> str:
        """The picture alone."""
        alt = f"{self.name}, called {self.answer}"
        return (
            f'<img loading="lazy" src="{IMAGES}/{self.identity}.jpg" width="{SIDE}" height="{SIDE}" '
            f'alt="{escape(alt)}" title="{escape(self.name)}">'
        )

    def as_row(self) -> list[Any]:
        """What the page's script needs to show the same: name, truth, answer, best, confidence."""
        return [self.name, self.truth, self.answer, self.best, round(self.confidence, 4)]

    def _caption(self) -> str:
        unsure = f" ({escape(self.best)}?)" if self.answer == UNKNOWN else ""
        mark = "✓" if self.right else "✗"
        truth = "" if self.right else f"<br>is {escape(self.truth)}"
        return (
            f'<span class="mark" aria-hidden="true">{mark}</span> <b>{escape(self.answer)}</b>{unsure} '
            f'<span class="sure">{percent(self.confidence, 0)}</span>{truth}'
        )


class Gallery:
    """Collects what the sections want to show; `write` then makes the files."""

    def __init__(self, source: Path, judged: Judged, threshold: float) -> None:
        self.source, self.judged = source, judged
        self.answers = judged.answers(threshold)
        self.best, self.confidence = judged.best, judged.confidence
        self.threshold = threshold
        self.entries: dict[str, Entry] = {}
        self._by_number: dict[int, Entry] = {}

    @property
    def full(self) -> bool:
        return len(self._by_number) >= MOST

    def add(self, number: int) -> Entry:
        """A picture of the classes, by its number."""
        if number not in self._by_number:
            picture, answer = self.judged.pictures[number], int(self.answers[number])
            labels = self.judged.labels
            self._by_number[number] = self._put(
                picture,
                truth=labels[int(self.judged.truth[number])],
                answer=UNKNOWN if answer == NO_CLASS else labels[answer],
                best=labels[int(self.best[number])],
                confidence=float(self.confidence[number]),
            )
        return self._by_number[number]

    def add_outsider(self, shown: Shown, outsiders: Outsiders) -> Entry:
        """A picture of none of the classes."""
        answer = shown.answer if shown.known >= self.threshold else UNKNOWN
        if isinstance(shown.picture, Picture):
            return self._put(shown.picture, UNKNOWN, answer, shown.answer, shown.confidence)
        entry = Entry(
            identity=f"generated-{len(self.entries)}",
            name=outsiders.name,
            truth=UNKNOWN,
            answer=answer,
            best=shown.answer,
            confidence=shown.confidence,
            source=shown.picture,
            digest="",
        )
        self.entries[entry.identity] = entry
        return entry

    def shown(self, numbers: Iterable[int]) -> list[Entry]:
        """Those of some pictures that are in the report, in the order given."""
        return [self._by_number[number] for number in numbers if number in self._by_number]

    def write(self, folder: Path) -> None:
        """Makes the small files and pictures.json, by which a server finds the pictures again.

        Raises:
            OSError: the disk is full or the folder cannot be written.
        """
        images = folder / IMAGES
        images.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor() as threads:
            for _ in threads.map(lambda entry: _write_image(images, entry), self.entries.values()):
                pass
        found = {
            entry.identity: {"path": place, "label": entry.truth, "digest": entry.digest}
            for entry in self.entries.values()
            if isinstance(entry.source, Path) and (place := _place(entry.source, self.source))
        }
        content = {"schema": SCHEMA, "labels": list(self.judged.labels), "pictures": found}
        write_text(folder / PICTURES, json.dumps(content, ensure_ascii=False, indent=0) + "\n")

    def _put(self, picture: Picture, truth: str, answer: str, best: str, confidence: float) -> Entry:
        identity = picture.digest[:16]
        while identity in self.entries:
            # The same bytes twice: two files all the same.
            identity += "-2"
        name = f"{truth}/{picture.path.name}"
        entry = Entry(identity, name, truth, answer, best, confidence, picture.path, picture.digest)
        self.entries[identity] = entry
        return entry


def choose(gallery: Gallery, cells: Sequence[Ints]) -> None:
    """Fills the gallery from cells of the confusion matrix in turns, so that none is left without pictures.

    Args:
        gallery: takes up to MOST.
        cells: numbers of pictures, the most telling first; the cells that matter most first.
    """
    for turn in range(MOST_PER_CELL):
        for cell in cells:
            if gallery.full:
                return
            if turn < len(cell):
                gallery.add(int(cell[turn]))


def figures(entries: Iterable[Entry]) -> str:
    """A grid of pictures."""
    return f'<div class="gallery">{"".join(entry.figure() for entry in entries)}</div>'


def _write_image(folder: Path, entry: Entry) -> None:
    source = entry.source
    frame = thumbnail(source, SIDE) if isinstance(source, Path) else small(source, SIDE)
    (folder / f"{entry.identity}.jpg").write_bytes(jpeg(frame))


def _place(path: Path, source: Path) -> str | None:
    """Where a file lies in the data set, with forward slashes; None outside it."""
    for inside, outside in ((path, source), (path.resolve(), source.resolve())):
        if inside.is_relative_to(outside):
            return inside.relative_to(outside).as_posix()
    return None
