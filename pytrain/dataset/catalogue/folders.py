"""Reads a data set of the catalogue from a folder of pictures for each class."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pytrain.dataset.catalogue.collection import Images, Labels
from pytrain.dataset.catalogue.entries import Entry
from pytrain.dataset.class_folders import files_of
from pytrain.errors import DataError
from pytrain.image import KINDS, open_picture, to_rgb


def read_class_folders(entry: Entry, folder: Path) -> tuple[Images, Labels]:
    """Reads `<folder>/<label>/*`, in any format that pictures are read in.

    Returns:
        (uint8 [n, side, side, channels], int64 [n]) in the order of the files' names, which is the data set's
        own where `export_folder` wrote them.

    Raises:
        DataError: no pictures, a file that is none or is damaged, or another size.
    """
    files: list[tuple[Path, int]] = []
    for number, label in enumerate(entry.labels):
        found = files_of([folder / label], folder)
        if found.problems:
            raise DataError(f"{found.problems[0]}.", fix="Take it away, or mend it.")
        files += [(file, number) for file in found.files]
    if not files:
        raise DataError(f"{folder} holds no pictures.", f"{KINDS} files in the folder of each class")
    files.sort(key=lambda pair: pair[0].name)
    return np.stack([_pixels(entry, file) for file, _ in files]), np.array([number for _, number in files])


def _pixels(entry: Entry, file: Path) -> Images:
    size = f"{entry.side} x {entry.side} pixels, the size of {entry.name}"
    try:
        with open_picture(file) as picture:
            if picture.size != (entry.side, entry.side):
                raise DataError(
                    f"{file} is {picture.width} x {picture.height} pixels.",
                    expected=size,
                    fix="Scale all pictures to it; or, as a data set of your own: pytrain train FOLDER",
                )
            upright = to_rgb(picture)
            pixels = np.array(upright.convert("L") if entry.channels == 1 else upright)
    except DataError as error:
        raise DataError(error.what, error.expected or f"a picture of {size}", error.fix) from None
    return pixels.reshape(entry.side, entry.side, entry.channels)
