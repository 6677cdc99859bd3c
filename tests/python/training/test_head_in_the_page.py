"""The page fits heads to embeddings as Python does: both are held to tests/web/fixtures/heads.json.

Where that changes on purpose, `python tests/python/training/test_head_in_the_page.py` writes the file anew,
and web/lib/studio/fit must follow.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from embedded import features_of
from threadpoolctl import threadpool_limits

from pytrain.evaluation.cross_validation import choose_threshold
from pytrain.model.imagenet_groups import GROUP_LEVEL
from pytrain.training.head import (
    EMPHASIS,
    RIDGE,
    SHARPNESS,
    SQUARES_PENALTY,
    STRAYING,
    WITHOUT_GROUPS,
    Emphasis,
    Part,
    Rows,
    Spread,
    fit,
    fit_squares,
    spread_of,
)
from pytrain.training.temperature import fit_temperature

FIXTURE = Path(__file__).resolve().parents[2] / "web" / "fixtures" / "heads.json"

CELLS, LEVELS, GROUPS = 4, (6, 4), 5
LEVEL_OF = np.r_[np.tile(np.repeat(np.arange(2), LEVELS), CELLS), np.full(GROUPS, GROUP_LEVEL)]
CLASSES, PICTURES, EACH = 3, 30, 3
"""Every third picture has a view."""

STRENGTH = 10.0
WITHOUT_PLACES = Emphasis((1.0, 0.0, 0.5), places=False)


def embeddings() -> np.ndarray[Any, np.dtype[np.float32]]:
    """Clouds that overlap, then views that stray; not negative, as what comes out of a ReLU."""
    draw = np.random.default_rng(5)
    middles = draw.normal(0, 0.6, (CLASSES, len(LEVEL_OF)))
    pictures = middles[np.arange(PICTURES) % CLASSES] + draw.normal(0, 1, (PICTURES, len(LEVEL_OF)))
    views = pictures[::EACH] + draw.normal(0, 1, (PICTURES // EACH, 1)) * draw.normal(0, 1, len(LEVEL_OF))
    rows: np.ndarray[Any, np.dtype[np.float32]] = np.abs(np.concatenate([pictures, views])).astype(np.float32)
    return rows.round(4)


def expected() -> dict[str, Any]:
    rows = embeddings()
    pictures = rows[:PICTURES]
    features = features_of(pictures[:, None])
    truth = np.arange(PICTURES) % CLASSES
    weights = np.linspace(0.5, 1.5, PICTURES).astype(np.float32)
    found = spread_of(features, np.arange(PICTURES), LEVEL_OF, ())
    spread = Spread(found.mean, found.variance, rows[PICTURES:] - pictures[::EACH], LEVEL_OF)
    targets = np.eye(CLASSES, dtype=np.float32)[truth]
    heads = []
    for emphasis in (EMPHASIS, WITHOUT_GROUPS, WITHOUT_PLACES):
        scaling, strays = spread.scaling(emphasis)
        entry: dict[str, Any] = {"emphasis": {"levels": list(emphasis.levels), "places": emphasis.places}}
        for name, solve in (("softmax", fit), ("squares", fit_squares)):
            part = Rows([Part(features, np.arange(PICTURES))], scaling)
            logits = solve(part, targets, weights, STRENGTH, scaling, strays).logits(rows)
            temperature = fit_temperature(logits[:PICTURES], truth, pull=1.0)
            entry[name] = {"logits": logits.round(5).tolist(), "temperature": temperature}
        heads.append(entry)
    scores = np.sqrt(np.linspace(0.1, 0.99, 25)).astype(np.float32)
    own = np.linspace(0.2, 0.8, 9).astype(np.float32)
    return {
        "fit": {
            "cells": CELLS,
            "levels": list(LEVELS),
            "groups": GROUPS,
            "straying": STRAYING,
            "ridge": RIDGE,
            "squaresPenalty": SQUARES_PENALTY,
            "sharpness": SHARPNESS,
        },
        "embeddings": rows.round(4).tolist(),
        "pictures": PICTURES,
        "each": EACH,
        "classes": CLASSES,
        "weights": weights.tolist(),
        "strength": STRENGTH,
        "heads": heads,
        "threshold": {
            "scores": scores.tolist(),
            "own": own.tolist(),
            "alone": choose_threshold(scores, own[:0])[0],
            "withOwn": choose_threshold(scores, own)[0],
        },
    }


def test_the_numbers_that_the_page_is_held_to_are_those_of_python() -> None:
    with threadpool_limits(1):
        now = expected()
    kept = json.loads(FIXTURE.read_text(encoding="utf-8"))
    for part in ("fit", "embeddings", "pictures", "each", "classes", "strength"):
        assert now[part] == kept[part], part
    assert now["weights"] == pytest.approx(kept["weights"])
    for ours, theirs in zip(now["heads"], kept["heads"], strict=True):
        assert ours["emphasis"] == theirs["emphasis"]
        for way in ("softmax", "squares"):
            assert np.allclose(ours[way]["logits"], theirs[way]["logits"], atol=2e-3)
            assert ours[way]["temperature"] == pytest.approx(theirs[way]["temperature"], rel=1e-2)
    for part, value in now["threshold"].items():
        assert value == pytest.approx(kept["threshold"][part]), part


if __name__ == "__main__":
    FIXTURE.write_text(json.dumps(expected(), separators=(",", ":")) + "\n", encoding="utf-8")
