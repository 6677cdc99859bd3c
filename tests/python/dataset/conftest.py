"""Small image folders to read."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def write_picture():
    """Writes a picture of 8x8 pixels whose bytes depend on a number."""

    def write(path: Path, value: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(value).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)

    return write


@pytest.fixture
def make_folder(tmp_path, write_picture):
    """Makes a data set: label -> number of pictures, all different."""

    def make(**counts: int) -> Path:
        root = tmp_path / "pets"
        for number, (label, count) in enumerate(counts.items()):
            for index in range(count):
                write_picture(root / label / f"{index:03d}.png", number * 1000 + index)
        return root

    return make
