"""What a browser trains with: a network that can be given any classes, and pictures of none of them."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytrain.errors import ExportError
from pytrain.export.writing.per_class import growing_arrays, growing_numbers
from pytrain.model.backbones import Backbone
from pytrain.model.backend import keras
from pytrain.model.transfer import build
from pytrain.pipeline import browser_backbone
from pytrain.pipeline.browser_backbone import CLASSES


def small_backbone() -> Backbone:
    """Features of two stages, as the real one has them, at a thirtieth of the size."""
    layers = keras.layers
    entry = keras.Input((224, 224, 3), name="picture")
    early = layers.Conv2D(6, 32, strides=32, activation="relu", name="early")(entry)
    late = layers.Conv2D(20, 1, activation="relu", name="late")(early)
    return Backbone("small", keras.Model(entry, late), "0" * 64, ("early", "late"), None)


@pytest.fixture(scope="module")
def written() -> dict[int, Any]:
    """A small transfer network written for several numbers of classes; the page knows none of 5."""
    backbone = small_backbone()
    return {n: browser_backbone._topologies(build(backbone, n)) for n in (*CLASSES, 5)}


def put(content: Any, place: tuple[Any, ...], value: int) -> None:
    *way, last = place
    for key in way:
        content = content[key]
    # Protocol buffers write some numbers as text.
    content[last] = type(content[last])(value)


def test_another_number_of_classes_gives_what_the_exporter_writes_for_it(written: dict[int, Any]) -> None:
    for part in ("graph", "layers"):
        contents = {n: getattr(found, part).json for n, found in written.items()}
        grown = deepcopy(contents[CLASSES[0]])
        for place, number in growing_numbers({n: contents[n] for n in CLASSES}).items():
            put(grown, place, number(5))
        assert grown == contents[5]
    constants = {n: written[n].graph.own for n in CLASSES}
    grown = {name: np.array(values).tolist() for name, values in constants[CLASSES[0]].items()}
    changed = growing_arrays(constants)
    assert changed
    for name, numbers in changed.items():
        for place, number in numbers.items():
            put(grown[name], place, number(5))
    assert grown == {name: np.array(values).tolist() for name, values in written[5].graph.own.items()}


def test_what_does_not_grow_evenly_with_the_classes_is_refused_by_its_place() -> None:
    even = {n: {"a": [1, n], "b": {"c": str(2 * n + 1)}} for n in CLASSES}
    found = growing_numbers(even)
    assert {place: number(100) for place, number in found.items()} == {("a", 1): 100, ("b", "c"): 201}
    with pytest.raises(ExportError, match="At a stands 49"):
        growing_numbers({n: {"a": n * n} for n in CLASSES})
    with pytest.raises(ExportError, match="At a/b stands 'x7'"):
        growing_numbers({n: {"a": {"b": f"x{n}"}} for n in CLASSES})
    with pytest.raises(ExportError, match=r"At a stands \[1"):
        growing_numbers({n: {"a": [1] * n} for n in CLASSES})


def test_outsiders_come_out_as_they_went_in() -> None:
    rows = np.random.default_rng(0).gamma(0.3, 1.0, (9, 320)).astype(np.float32)
    again = browser_backbone.unpacked(browser_backbone._packed(rows), len(rows))
    assert np.abs(again - rows).max() <= rows.max() / 500


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    monkeypatch.setattr("sys.argv", ["browser_backbone", str(tmp_path)])
    assert browser_backbone.main() == 1
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]
