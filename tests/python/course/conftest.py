"""What the course's tests share: small data sets whose classes are bars at different places."""

from __future__ import annotations

from pathlib import Path

import pytest
from course_data import keep, toys

from pytrain.dataset.catalogue import Collection


@pytest.fixture(scope="session")
def clothes() -> Collection:
    """28 x 28 x 1, ten classes, 240 pictures to learn from and 60 to test with."""
    return toys("fashion-mnist", 240, 60)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which all three data sets of the catalogue have been fetched."""
    folder = tmp_path_factory.mktemp("data")
    for name in ("mnist", "fashion-mnist", "cifar-10"):
        keep(toys(name, 240, 60), folder)
    return folder
