"""Names of classes, data sets and models: the cases that the page's own rule is tested with, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytrain.serve.names import LONGEST, class_name

CASES = Path(__file__).resolve().parents[2] / "web" / "fixtures" / "class-names.json"


@pytest.mark.parametrize("case", json.loads(CASES.read_text(encoding="utf-8")), ids=lambda case: case["text"])
def test_a_text_is_a_name_or_one_that_will_do_is_suggested(case: dict[str, Any]) -> None:
    taken = case.get("taken", [])
    found = class_name(case["text"], taken)
    assert found.name == case.get("name")
    if "refused" in case:
        assert found.problem
        assert found.suggestion is not None
        assert class_name(found.suggestion, taken).name == found.suggestion


def test_every_name_fits_into_a_folders_name() -> None:
    name = class_name("\N{CAT FACE}" * LONGEST).name
    assert name is not None
    assert len(name.encode()) <= 255
