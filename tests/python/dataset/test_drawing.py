"""Drawings made as MNIST's digits were; the page's drawing pad is held to the same numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytrain.dataset.drawing import BOX, SIDE, as_mnist
from pytrain.errors import DataError

FIXTURE = Path(__file__).resolve().parents[2] / "web" / "fixtures" / "drawings.json"
"""Drawings and what Python makes of them, for tests/web/mnist.test.js. Delete it to have it written anew."""

CASES: dict[str, dict[str, Any]] = {
    # [x, y, radius] of round dabs, as a pen leaves them.
    "one, far right": {"size": [160, 160], "dabs": [[140, y, 6] for y in range(20, 120, 3)]},
    "seven": {
        "size": [200, 150],
        "dabs": [[x, 30, 7] for x in range(40, 140, 4)] + [[140 - y / 3, y, 7] for y in range(30, 130, 4)],
    },
    "one dab": {"size": [64, 64], "dabs": [[5, 58, 3]]},
    "flat": {"size": [120, 90], "dabs": [[x, 45, 2] for x in range(5, 115, 2)]},
    "heavy below": {"size": [90, 90], "dabs": [[45, y, 2] for y in range(10, 60, 2)] + [[45, 70, 14]]},
    "nothing": {"size": [40, 30], "dabs": []},
}


def drawing(size: list[int], dabs: list[list[float]]) -> np.ndarray[Any, Any]:
    """Every dab fades over one pixel at its edge, as a canvas draws it."""
    width, height = size
    ink = np.zeros((height, width))
    y, x = np.mgrid[:height, :width] + 0.5
    for across, down, radius in dabs:
        ink = np.maximum(ink, np.clip(radius + 0.5 - np.hypot(x - across, y - down), 0, 1))
    return np.floor(255 * ink + 0.5).astype(np.uint8)


def test_the_page_is_held_to_these_numbers() -> None:
    cases = [
        {
            "name": name,
            **case,
            "ink": int(drawing(**case).sum()),
            "values": as_mnist(drawing(**case)).tolist(),
        }
        for name, case in CASES.items()
    ]
    if not FIXTURE.exists():
        FIXTURE.write_text(json.dumps({"cases": cases}, separators=(",", ":")) + "\n", encoding="utf-8")
    assert json.loads(FIXTURE.read_text(encoding="utf-8")) == {"cases": cases}


@pytest.mark.parametrize("name", [name for name in CASES if name != "nothing"])
def test_the_longer_side_is_20_and_the_centre_of_mass_in_the_middle(name: str) -> None:
    drawn = as_mnist(drawing(**CASES[name])).astype(float)
    rows, columns = np.nonzero(drawn > 12)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 in (BOX - 1, BOX)
    places = np.arange(SIDE) + 0.5
    centre = [drawn.sum(axis=axis) @ places / drawn.sum() for axis in (0, 1)]
    assert np.abs(np.array(centre) - SIDE / 2).max() <= 0.55


def test_where_the_drawing_was_and_how_large_does_not_matter() -> None:
    small = drawing([100, 100], [[x, 30 + x / 4, 3] for x in range(20, 60)])
    moved = np.roll(small, (25, 30), axis=(0, 1))
    large = np.kron(small, np.ones((3, 3), np.uint8))
    assert np.array_equal(as_mnist(small), as_mnist(moved))
    assert np.abs(as_mnist(small).astype(int) - as_mnist(large)).max() <= 1


def test_nothing_drawn_is_black_and_what_is_no_drawing_is_refused() -> None:
    assert not as_mnist(np.zeros((30, 40), np.uint8)).any()
    with pytest.raises(DataError, match=r"A drawing of shape \[3, 4, 3\] and type uint8 came"):
        as_mnist(np.zeros((3, 4, 3), np.uint8))
    with pytest.raises(DataError, match="type float64"):
        as_mnist(np.zeros((3, 4)))  # type: ignore[arg-type]
