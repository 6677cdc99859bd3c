"""Says in the terminal what the catalogue has and what was fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pytrain.dataset.catalogue import CATALOGUE, Say, fetch, stored, whole_place

VERDICTS = {True: "the published files", False: "not the published files", None: "no hash known"}


def fetched(name: str, data: Path, source: Path | None, say: Say) -> None:
    """Fetches a data set and says what came.

    Raises:
        DataError: as `fetch`.
    """
    found = fetch(name, data, source, say)
    say(f"{name}: {len(found.training):,} pictures to learn from, {len(found.test):,} to test with")
    say(f"  from {found.source} ({VERDICTS[found.published]})")
    say(f"  kept in {stored(name, data)}")


def table(data: Path) -> Iterator[str]:
    """A line for each data set: its name, what it is, where it is."""
    for name, entry in CATALOGUE.items():
        yield f"{name:<14} {entry.about}, {len(entry.labels)} classes, {entry.side} x {entry.side}"
        yield f"{'':<14} {_where(name, data)}"


def _where(name: str, data: Path) -> str:
    if stored(name, data).is_file():
        return f"fetched: {stored(name, data)}"
    if place := whole_place(CATALOGUE[name], data):
        return f"on this machine: {place}; pytrain data fetch {name}"
    return f"not here; pytrain data fetch {name}"
