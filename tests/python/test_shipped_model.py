"""The models that ship keep their promises on pictures drawn just for this test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shared import LABELS

from pytrain import bundle
from pytrain.bundle import UNKNOWN
from pytrain.dataset.four_shapes import draw_classic, draw_scene
from pytrain.dataset.four_shapes.glyphs import draw_glyph
from pytrain.evaluation.classifier import open_classifier
from pytrain.evaluation.segmentation_scenes import judge
from pytrain.image import Frame, read_image, to_input
from pytrain.training.mask_scenes import TEST, scene_seed

MODELS = Path(__file__).resolve().parents[2] / "exported_models"
SHIPPED = MODELS / "four-shapes"
MASKS = MODELS / "shape-masks"
FIRST_SEED = 900_000_000
MOST_BYTES = {SHIPPED: 1_000_000, MASKS: 2_500_000}


@pytest.fixture(scope="module")
def model() -> Any:
    from pytrain.model.backend import keras

    return keras.models.load_model(SHIPPED / "model.keras", compile=False)


def answers(model: Any, draw: Callable[[str, int], Frame], label: str, count: int) -> Any:
    frames = [to_input(draw(label, FIRST_SEED + number)) for number in range(count)]
    return np.asarray(model(np.stack(frames), training=False))


@pytest.mark.parametrize(
    ("draw", "least"),
    [(draw_classic, 0.99), (draw_scene, 0.94), (draw_glyph, 0.93)],
    ids=["classic", "scenes", "glyphs"],
)
def test_it_names_shapes_that_it_never_saw(
    model: Any, draw: Callable[[str, int], Frame], least: float
) -> None:
    right = [answers(model, draw, label, 40).argmax(axis=1) == number for number, label in enumerate(LABELS)]
    assert np.mean(right) >= least


def test_it_is_unsure_in_front_of_frames_without_a_shape(model: Any) -> None:
    threshold = bundle.read(SHIPPED).unknown_threshold
    called_a_shape = answers(model, draw_scene, UNKNOWN, 150).max(axis=1) >= threshold
    assert called_a_shape.mean() <= 0.05


def test_masks_lie_on_shapes_that_the_network_never_saw() -> None:
    masks = open_classifier(MASKS)
    seeds = [scene_seed(FIRST_SEED, TEST, number) for number in range(60)]
    judged = judge(masks.model, seeds, masks.threshold)
    assert judged.overlap.mean_iou >= 0.85
    assert judged.alarms <= 2


@pytest.mark.parametrize("path", [SHIPPED, MASKS], ids=lambda path: path.name)
def test_it_is_small_and_was_verified(path: Path) -> None:
    shipped = bundle.read(path)
    assert sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) <= MOST_BYTES[path]
    assert shipped.metadata["modelName"] == path.name
    verification = shipped.metadata["pytrain"]["verification"]
    assert verification["checked"]
    backends = verification["formats"]["graph"].values()
    assert all(("mask_difference" in figures) == (path == MASKS) for figures in backends)
    assert set(verification["formats"]) == {"graph", "layers"}
    assert all({"wasm", "webgl"} <= set(backends) for backends in verification["formats"].values())


def test_its_golden_frames_give_python_s_probabilities(model: Any) -> None:
    golden = json.loads((SHIPPED / bundle.GOLDEN).read_text(encoding="utf-8"))["frames"]
    inputs = np.stack([to_input(read_image(SHIPPED / "golden" / entry["file"])) for entry in golden])
    # Where the stored weights are narrower, `float32` holds what the trained model gives.
    expected = np.array([entry.get("float32", entry["probabilities"]) for entry in golden])
    assert np.abs(np.asarray(model(inputs)) - expected).max() < 1e-5
