"""A bundle that was trained in the page and holds no Keras file runs in Python all the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pytrain
from pytrain import bundle
from pytrain.errors import ModelError
from pytrain.export import export
from pytrain.image import to_input
from pytrain.model import backbones
from pytrain.model.from_page import is_from_page, rebuild
from pytrain.model.transfer import build, level_of, set_heads

LABELS = ["a", "b", "c"]


@pytest.fixture(scope="module")
def model() -> Any:
    """A transfer network with heads that nobody trained."""
    backbone = backbones.load()
    width, draw = len(level_of(backbone)), np.random.default_rng(1)
    made = build(backbone, len(LABELS))
    logits, known = (
        (draw.normal(0, 0.05, (width, outputs)).astype(np.float32), np.ones(outputs, np.float32))
        for outputs in (3, 4)
    )
    set_heads(made, logits, known)
    return made


@pytest.fixture
def from_page(model: Any, tmp_path: Path) -> Path:
    """As the page's trainer writes it: no Keras file, and whose backbone it is."""
    made = export(model, tmp_path / "m", labels=LABELS, input_range="-1..1", verify=False)
    (made.path / bundle.KERAS_MODEL).unlink()
    backbone = backbones.load()
    metadata = dict(made.metadata)
    metadata["pytrain"]["source"] = {
        "made": "in the browser",
        "backbone": {"name": backbone.name, "digest": backbone.digest},
    }
    bundle.write_json(made.path / bundle.METADATA, metadata)
    return made.path


def test_it_answers_as_the_model_it_was_written_from(model: Any, from_page: Path) -> None:
    frame = np.random.default_rng(2).integers(0, 256, (100, 140, 3), dtype=np.uint8)
    found = bundle.read(from_page)
    assert is_from_page(found)
    inputs = to_input(frame)[None]
    expected, ours = model(inputs, training=False), rebuild(found)(inputs, training=False)
    for output in ("probabilities", "known"):
        assert np.abs(np.asarray(expected[output]) - np.asarray(ours[output])).max() < 1e-6
    answer = next(iter(pytrain.predict(from_page, frame)))
    best = int(np.asarray(expected["probabilities"])[0].argmax())
    assert answer.label == LABELS[best]


def test_another_backbone_or_a_missing_head_is_refused(from_page: Path) -> None:
    path = from_page / bundle.METADATA
    metadata = json.loads(path.read_text(encoding="utf-8"))
    metadata["pytrain"]["source"]["backbone"]["digest"] = "0" * 64
    bundle.write_json(path, metadata)
    with pytest.raises(ModelError, match="another version of pytrain"):
        rebuild(bundle.read(from_page))


def test_other_bundles_still_need_their_keras_file(model: Any, tmp_path: Path) -> None:
    made = export(model, tmp_path / "m", labels=LABELS, input_range="-1..1", verify=False)
    (made.path / bundle.KERAS_MODEL).unlink()
    assert not is_from_page(made)
    with pytest.raises(ModelError, match=r"has no model\.keras"):
        pytrain.predict(made.path, np.zeros((10, 10, 3), np.uint8))
