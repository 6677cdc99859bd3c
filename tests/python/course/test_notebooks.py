"""The course's notebooks run from top to bottom in a real kernel, on small data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import nbformat
import pytest
from course_data import keep, toys
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

from pytrain.course.augment import Augment
from pytrain.course.names import RECIPES

NOTEBOOKS = Path(__file__).resolve().parents[3] / "docs" / "notebooks"

QUICK: dict[str, dict[str, Any]] = {
    "1-first-cnn": {"LIMIT": 40, "EPOCHS": 1},
    "2-small-data-and-augmentation": {"LIMIT": 40, "EPOCHS": 1, "SEEDS": (0,)},
    "3-pretrained-and-fine-tuned": {"LIMIT": 20, "EPOCHS": 1, "FINE_TUNE": "always"},
    "4-what-a-cnn-sees": {"STRIDE": 88, "STEPS": 2},
    "5-from-notebook-to-webcam": {"LIMIT": 40, "EPOCHS": 1},
}
"""What replaces the values of each notebook's parameters."""

OTHERS = {"1-first-cnn": "mnist", "2-small-data-and-augmentation": "cifar-10"}
"""Notebooks that offer another data set."""

KINDS = ("markdown", "code")

TIMEOUT = 300
"""Seconds that a cell may take on a busy machine."""


def read(name: str) -> Any:
    return nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)


def parameters(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KernelManager]:
    """One real kernel for all: each notebook starts with an empty namespace, TensorFlow is imported once."""
    folder = tmp_path_factory.mktemp("notebooks")
    for name in ("mnist", "fashion-mnist", "cifar-10"):
        keep(toys(name, 240, 60), folder / "datasets")
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(folder))
    yield manager
    manager.shutdown_kernel(now=True)


def test_every_notebook_is_here() -> None:
    assert {path.stem for path in NOTEBOOKS.glob("*.ipynb")} == set(QUICK)


@pytest.mark.parametrize("name", QUICK)
def test_a_notebook_is_kept_clean(name: str) -> None:
    notebook = read(name)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.metadata.kernelspec.name) == (4, "python3")
    assert notebook.cells[0].cell_type == "markdown"
    assert "pip install pytrain jupyter" in notebook.cells[0].source
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert not re.search(r"/(home|Users|work|tmp)/|[A-Z]:\\", text)
    assert not re.search(r"pytrain\.(course|dataset|evaluation|model|training|pipeline|serve)\b", text)


@pytest.mark.parametrize("name", QUICK)
def test_a_notebook_names_what_is_there(name: str) -> None:
    cells = {kind: "\n".join(c.source for c in read(name).cells if c.cell_type == kind) for kind in KINDS}
    known = {*RECIPES, *(field.name for field in fields(Augment)), "datasets", "results", "exported_models"}
    for word in re.findall(r"`([a-z][\w-]*)`", cells["markdown"]):
        assert word in known or word in cells["code"], word
    for recipe in re.findall(r"[Tt]he recipe `([\w-]+)`", cells["markdown"]):
        assert f'"{recipe}"' in cells["code"], f"{recipe} is not what the code trains"
    (given,) = parameters(read(name))
    assert re.findall(r'(?m)^COLLECTION = .*# or "(.+)"$', given.source) == [
        other for notebook, other in OTHERS.items() if notebook == name
    ]


@pytest.mark.parametrize(
    ("name", "collection"),
    [
        *((name, None) for name in QUICK),
        *(pytest.param(*other, marks=pytest.mark.thorough) for other in OTHERS.items()),
    ],
)
def test_a_notebook_runs_from_top_to_bottom(name: str, collection: str | None, kernel: KernelManager) -> None:
    notebook = read(name)
    (given,) = parameters(notebook)
    for parameter, value in {**QUICK[name], **({"COLLECTION": collection} if collection else {})}.items():
        given.source, found = re.subn(rf"(?m)^{parameter} = .*$", f"{parameter} = {value!r}", given.source)
        assert found == 1, parameter
    notebook.cells.insert(0, nbformat.v4.new_code_cell("%reset -f"))
    client = NotebookClient(notebook, km=kernel, timeout=TIMEOUT)
    try:
        client.execute()
    finally:
        client.kc.stop_channels()
    shown = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/png" in data for data in shown)
