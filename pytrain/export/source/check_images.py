"""The images that an export is checked with: collected, read, and cut to what a model sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from pytrain.errors import DataError
from pytrain.image import SIZE, Frame, crop_square, read_image, resize, to_input

T = TypeVar("T")

MOST = 256
"""More are thinned out evenly; so many already show a change in one of 250 answers."""

ENOUGH = 20
"""Fewer tell nothing of rare changes, nor how often a model is right."""

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif"}

NAMED = 5
"""Unreadable files that are named before the rest is counted."""

Given = str | Path | Frame
"""A folder, a file, a pattern such as `photos/*.jpg`, or a frame itself."""


@dataclass(frozen=True)
class CheckImage:
    """One image as models see it.

    Attributes:
        frame: uint8 [224, 224, 3], RGB: its centre square.
        label: the name of the folder it lay in, or None.
    """

    frame: Frame
    label: str | None = None


def read_check_images(
    given: Given | Iterable[Given], say: Callable[[str], None] = lambda line: None
) -> list[CheckImage]:
    """Reads images; the unreadable ones are named and set aside.

    Args:
        given: folders (searched through and through), files, patterns, or frames: uint8 [height, width, 3],
            or all of them as [frames, height, width, 3].
        say: takes a line for each file that cannot be read, and says when images were left out.

    Returns:
        At most 256 images, spread evenly over all.

    Raises:
        DataError: a folder or file is not there, a pattern fits none, or not one image can be read.
    """
    if isinstance(given, np.ndarray) and given.ndim != 4:
        given = [given]  # a frame; an array of four axes is a row of them
    entries = _expanded([given] if isinstance(given, str | Path) else given)
    chosen = evenly(entries, MOST)
    if len(chosen) < len(entries):
        say(f"  {len(chosen)} of {len(entries):,} images are enough to check with")
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(_read, chosen))
    problems = [result for result in results if isinstance(result, DataError)]
    for problem in problems[:NAMED]:
        say(f"  set aside: {problem.what}")
    if len(problems) > NAMED:
        say(f"  set aside: {len(problems) - NAMED} more")
    images = [result for result in results if isinstance(result, CheckImage)]
    if not images:
        raise DataError(
            f"Not one of {len(entries):,} check images can be read." if entries else "No check images came.",
            expected="a folder of images, or images",
            fix="Check what was given with --check.",
        )
    return images


def inputs_of(images: Sequence[CheckImage]) -> npt.NDArray[np.float32]:
    """What a model takes: float32 [images, 224, 224, 3] in [-1, 1]."""
    return np.stack([to_input(image.frame) for image in images])


def _expanded(given: Iterable[Given]) -> list[Path | Frame]:
    entries: list[Path | Frame] = []
    for entry in given:
        if isinstance(entry, np.ndarray):
            entries.append(entry)
            continue
        path = Path(entry)
        if path.is_dir():
            entries += sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
        elif path.is_file():
            entries.append(path)
        else:
            root = Path(path.anchor)
            found = sorted(root.glob(str(path.relative_to(root))))
            if not found:
                raise DataError(
                    f"There is no image, folder or pattern of images at {entry}.",
                    fix="Check the path; it stands behind --check.",
                )
            entries += [file for file in found if file.is_file()]
    return entries


def evenly(entries: Sequence[T], most: int) -> list[T]:
    """At most so many of them, from the first to the last."""
    chosen = np.linspace(0, len(entries) - 1, min(most, len(entries))).round().astype(int)
    return [entries[index] for index in chosen]


def _read(entry: Path | Frame) -> CheckImage | DataError:
    try:
        if isinstance(entry, Path):
            return CheckImage(_seen(read_image(entry)), entry.parent.name)
        to_input(entry[:1, :1])
        return CheckImage(_seen(entry))
    except DataError as error:
        return error


def _seen(frame: Frame) -> Frame:
    # Whole numbers take a quarter of the memory, and a rounded picture is as good a picture.
    pixels: Any = np.rint(resize(crop_square(frame), SIZE))
    return cast(Frame, pixels.astype(np.uint8))
