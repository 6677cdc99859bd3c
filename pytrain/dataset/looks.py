"""Decodes every picture of a data set once and keeps how it looks: its size and a thumbnail to compare."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from PIL import Image

from pytrain.dataset.image_folder import ImageFolder, Picture, Problem, why_not
from pytrain.dataset.pictures import Progress
from pytrain.dataset.threads import in_threads
from pytrain.errors import DataError
from pytrain.image import open_picture, to_rgb

SIDE = 32
"""Of the grey thumbnail, in pixels."""

COLOUR_SIDE = 4
"""Of the coloured one: what is where in which colour, no more."""

LARGE = 16_000_000
"""Pixels from which pictures are decoded one at a time: several at once could fill the memory."""

CACHE_FILE = "looks-1.sqlite"
BATCH = 2048

_one_large = threading.Lock()


@dataclass(frozen=True, slots=True)
class Look:
    """How a picture looks, in about a kilobyte.

    Attributes:
        picture: which one.
        width, height: in pixels, upright.
        thumbnail: the whole picture squashed, uint8 [SIDE, SIDE] grey as bytes.
        colour: uint8 [COLOUR_SIDE, COLOUR_SIDE, 3] RGB as bytes.
    """

    picture: Picture
    width: int
    height: int
    thumbnail: bytes
    colour: bytes


def look(
    folder: ImageFolder, progress: Progress | None = None, cache: Path | None = None
) -> tuple[tuple[Look, ...], tuple[Problem, ...]]:
    """Decodes every picture to its last byte, each content once.

    Args:
        folder: the data set.
        progress: told how many of how many pictures are done.
        cache: folder in which looks are kept by the pictures' contents, so that a second run decodes nothing;
            a cache that cannot be read or written is done without.

    Returns:
        (looks of the pictures that can be decoded, problems of the others), both in the data set's order.
    """
    looks: list[Look] = []
    problems: list[Problem] = []
    pictures = iter(folder.pictures)
    with _Cache(cache) as known:
        while batch := list(islice(pictures, BATCH)):
            for item in _looked_at(batch, known):
                if isinstance(item, Problem):
                    problems.append(item)
                else:
                    looks.append(item)
            if progress is not None:
                progress(len(looks) + len(problems), len(folder.pictures))
    return tuple(looks), tuple(problems)


@dataclass(frozen=True, slots=True)
class _Sight:
    """What the cache keeps of a content."""

    width: int
    height: int
    thumbnail: bytes
    colour: bytes


def _looked_at(batch: Sequence[Picture], known: _Cache) -> Iterator[Look | Problem]:
    sights: dict[str, _Sight | Problem] = dict(known.get([picture.digest for picture in batch]))
    missing = {picture.digest: picture for picture in batch if picture.digest not in sights}
    found = dict(zip(missing, in_threads(_seen, missing.values()), strict=True))
    known.put({digest: sight for digest, sight in found.items() if isinstance(sight, _Sight)})
    sights.update(found)
    for picture in batch:
        sight = sights[picture.digest]
        if isinstance(sight, Problem):
            yield Problem(picture.path, sight.why, sight.kind)
        else:
            yield Look(picture, sight.width, sight.height, sight.thumbnail, sight.colour)


def _seen(picture: Picture) -> _Sight | Problem:
    try:
        with open_picture(picture.path) as opened:
            width, height = opened.size
            if opened.format in ("JPEG", "MPO"):
                # The decoder may leave out detail that a thumbnail has no room for; it reads every byte.
                opened.draft(None, (2 * SIDE, 2 * SIDE))
            large = opened.width * opened.height > LARGE
            with _one_large if large else contextlib.nullcontext():
                opened.load()
                upright = to_rgb(opened)
                small = upright.resize((SIDE, SIDE), Image.Resampling.BOX)
    except DataError as error:
        return Problem(picture.path, why_not(error, picture.path))
    if (upright.width > upright.height) != (width > height) and upright.width != upright.height:
        width, height = height, width
    colour = small.resize((COLOUR_SIDE, COLOUR_SIDE), Image.Resampling.BOX)
    return _Sight(width, height, small.convert("L").tobytes(), colour.tobytes())


class _Cache:
    """Sights by content, in a database that survives Ctrl-C; where it cannot be used, it keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._base: sqlite3.Connection | None = None
        if folder is None:
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._base = _opened(folder / CACHE_FILE)
        except (sqlite3.Error, OSError):
            self._base = None

    def __enter__(self) -> _Cache:
        return self

    def __exit__(self, *error: object) -> None:
        if self._base is not None:
            self._base.close()

    def get(self, digests: Sequence[str]) -> dict[str, _Sight]:
        """The sights that are known of these contents."""
        if self._base is None:
            return {}
        found: dict[str, _Sight] = {}
        try:
            for start in range(0, len(digests), 500):
                some = [bytes.fromhex(digest) for digest in digests[start : start + 500]]
                marks = ",".join("?" * len(some))
                rows = self._base.execute(f"SELECT * FROM looks WHERE digest IN ({marks})", some)
                found.update((row[0].hex(), _Sight(*row[1:])) for row in rows)
        except sqlite3.Error:
            self._give_up()
        return {digest: sight for digest, sight in found.items() if len(sight.thumbnail) == SIDE * SIDE}

    def put(self, sights: dict[str, _Sight]) -> None:
        """Keeps more of them."""
        if self._base is None or not sights:
            return
        rows = [
            (bytes.fromhex(digest), sight.width, sight.height, sight.thumbnail, sight.colour)
            for digest, sight in sights.items()
        ]
        try:
            with self._base:
                self._base.executemany("INSERT OR REPLACE INTO looks VALUES (?, ?, ?, ?, ?)", rows)
        except sqlite3.Error:
            self._give_up()

    def _give_up(self) -> None:
        if self._base is not None:
            self._base.close()
            self._base = None


def _opened(file: Path) -> sqlite3.Connection:
    try:
        return _connected(file)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        file.unlink()
        return _connected(file)


def _connected(file: Path) -> sqlite3.Connection:
    base = sqlite3.connect(file, timeout=10)
    try:
        # Rows lie in the order of their coming: sorted by digest, each would rewrite a page of its own.
        base.execute(
            "CREATE TABLE IF NOT EXISTS looks (digest BLOB PRIMARY KEY, width INTEGER, height INTEGER, "
            "thumbnail BLOB, colour BLOB)"
        )
        base.execute("PRAGMA synchronous = OFF")
    except sqlite3.Error:
        base.close()
        raise
    return base
