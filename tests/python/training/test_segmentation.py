"""The U-Net's training, from scenes to a bundle: a few scenes, an epoch or two."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytrain import bundle
from pytrain.bundle import RUNS
from pytrain.dataset.pictures import NO_CLASS
from pytrain.errors import TrainingError
from pytrain.model import cnn, mlp
from pytrain.model.backend import keras, tf
from pytrain.model.files import save_model
from pytrain.model.unet import begin_with, build, core
from pytrain.pipeline import shape_masks
from pytrain.training.mask_scenes import TEST, TRAINING, VALIDATION, load_scenes, scene_seed
from pytrain.training.progress import SilentDisplay
from pytrain.training.segmentation import MaskLoss, MeanIoU, Plan, train_unet

TINY = Plan(scenes=32, validation=16, epochs=2, batch_size=16)


def train(run_dir: Path, plan: Plan = TINY, **how: Any) -> Any:
    return train_unet(run_dir, plan, show=SilentDisplay(), **how)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return train(tmp_path_factory.mktemp("models") / RUNS / "unet")


def test_the_network_is_as_small_as_its_table_says() -> None:
    model = build(4)
    assert model.count_params() == 374_833
    assert model.output["probabilities"].shape == (None, 4)
    assert model.output["mask"].shape == (None, 56, 56, 5)
    parts = core(model)(np.zeros((1, 112, 112, 3), np.float32))
    assert parts["mask_logits"].shape == (1, 56, 56, 5)


def test_the_way_down_is_the_classifier_and_begins_with_what_it_has_learned() -> None:
    classifier, model = cnn.build(4), build(4)
    begin_with(model, classifier)
    inputs = np.random.default_rng(0).uniform(-1, 1, (2, 224, 224, 3)).astype(np.float32)
    answers = model(inputs, training=False)["probabilities"]
    assert np.allclose(answers, classifier(inputs, training=False), atol=1e-6)
    assert not np.allclose(answers, build(4)(inputs, training=False)["probabilities"], atol=1e-3)


@pytest.mark.parametrize("other", [mlp.build(4), cnn.build(5)])
def test_another_network_is_no_beginning(other: Any) -> None:
    model = build(4)
    before = model.get_weights()
    with pytest.raises(TrainingError, match="is none of the U-Net's"):
        begin_with(model, other)
    assert all(np.array_equal(own, was) for own, was in zip(model.get_weights(), before, strict=True))


def test_a_classifier_beside_it_is_taken_before_the_one_that_comes_with_pytrain(tmp_path: Path) -> None:
    lines: list[str] = []
    shipped = shape_masks._classifier(tmp_path, lines.append)
    assert shipped.name == "cnn"
    own = tmp_path / "four-shapes"
    shutil.copytree("exported_models/four-shapes", own)
    changed = [2 * weights for weights in shipped.get_weights()]
    shipped.set_weights(changed)
    save_model(shipped, own / "model.keras")
    found = shape_masks._classifier(tmp_path, lines.append)
    assert all(np.array_equal(one, two) for one, two in zip(found.get_weights(), changed, strict=True))
    assert lines[1] == f"It begins with what {own} has learned"
    save_model(mlp.build(4), own / "model.keras")
    assert shape_masks._classifier(tmp_path, lines.append).name == "cnn"
    assert str(own) not in lines[2]


def test_a_training_keeps_its_best_weights_history_and_settings(trained: Any) -> None:
    assert [row["epoch"] for row in trained.history] == [1, 2]
    assert {"loss", "val_loss", "accuracy", "iou", "val_iou"} <= trained.history[0].keys()
    assert trained.history[1]["loss"] < trained.history[0]["loss"]
    assert json.loads((trained.run_dir / "settings.json").read_text())["recipe"] == "unet"
    kept = keras.saving.load_model(trained.run_dir / "model.keras")
    inputs = np.random.default_rng(0).uniform(-1, 1, (2, 224, 224, 3)).astype(np.float32)
    answers, again = (one(inputs, training=False) for one in (trained.model, kept))
    assert np.allclose(answers["mask"], again["mask"], atol=1e-6)
    assert np.allclose(np.sum(answers["mask"], axis=-1), 1, atol=1e-5)


def test_scenes_are_drawn_once_and_no_part_has_those_of_another(trained: Any) -> None:
    folder = trained.run_dir.parent / ".mask-scenes"
    drawn: list[int] = []
    scenes = load_scenes(folder, 0, VALIDATION, TINY.validation, lambda done, of: drawn.append(done))
    assert not drawn
    assert scenes.pictures.shape == (16, 112, 112, 3)
    assert scenes.shares.shape == (16, 56, 56, 5)
    assert set(np.unique(scenes.labels)) <= {NO_CLASS, 0, 1, 2, 3}
    empty = scenes.labels == NO_CLASS
    assert np.array_equal(scenes.shares[..., 1:].reshape(16, -1).any(axis=1), ~empty)
    seeds = {
        scene_seed(seed, part, n)
        for seed in (0, 1)
        for part in (TRAINING, VALIDATION, TEST)
        for n in range(99)
    }
    assert len(seeds) == 2 * 3 * 99


@pytest.mark.thorough
def test_an_interrupted_training_goes_on_with_resume(trained: Any, tmp_path: Path) -> None:
    run_dir = tmp_path / "unet"
    (tmp_path / ".mask-scenes").symlink_to(trained.run_dir.parent / ".mask-scenes")

    class Stopper(SilentDisplay):
        def epoch(self, *told: Any) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_unet(run_dir, TINY, show=Stopper())
    resumed = train(run_dir, resume=True)
    assert [row["epoch"] for row in resumed.history] == [1, 2]
    assert resumed.history[1]["val_loss"] == pytest.approx(trained.history[1]["val_loss"], rel=0.02)
    again = train(run_dir, resume=True)
    assert again.history == resumed.history
    for weights, expected in zip(again.model.get_weights(), resumed.model.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, expected)
    with pytest.raises(TrainingError, match="was started in another way: seed was 0"):
        train(run_dir, resume=True, seed=1)


def test_loss_and_metric_of_masks_that_anybody_can_work_out() -> None:
    truth = tf.one_hot([[[1, 1], [0, 0]]], 5)
    right, wrong = 30.0 * truth, 30.0 * tf.one_hot([[[0, 0], [1, 1]]], 5)
    loss = MaskLoss(0.5)
    assert float(loss(truth, right)) == pytest.approx(0, abs=1e-4)
    # Of four classes three are rightly nowhere; the first has no pixel in common, of 2 + 2.
    assert float(loss(truth, wrong)) == pytest.approx(30 + 0.5 * (1 - 1 / 5) / 4, abs=1e-3)
    metric = MeanIoU()
    metric.update_state(truth, right)
    assert float(metric.result()) == pytest.approx(1 / 4)


def test_the_whole_path_ends_in_a_bundle_with_masks_and_a_report(
    tmp_path: Path, trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / RUNS).mkdir()
    (tmp_path / RUNS / ".mask-scenes").symlink_to(trained.run_dir.parent / ".mask-scenes")
    monkeypatch.setattr(shape_masks, "QUICK", {"scenes": 32, "validation": 16, "epochs": 1})
    monkeypatch.setattr(shape_masks, "QUICK_TESTED", 12)
    monkeypatch.setattr(shape_masks, "CHECKED", 24)
    lines: list[str] = []
    made = shape_masks.train_shape_masks(tmp_path / "masks", quick=True, say=lines.append)
    block = made.metadata["pytrain"]
    assert block["outputs"]["mask"] == {
        "side": 56,
        "labels": ["background", "circle", "square", "star", "triangle"],
    }
    assert block["weights"]["dtype"] == "float16"
    assert set(block["metrics"]["mask scenes"]) >= {"accuracy", "mean_iou", "mean_dice"}
    assert block["verification"]["checked"]
    report = (made.path / bundle.REPORT).read_text(encoding="utf-8")
    assert "mean IoU" in report
    assert report.count("data:image/jpeg") >= 8
    assert any(line.startswith("  masks    mean IoU") for line in lines)
    assert "drawing" not in block
    with pytest.raises(TrainingError, match="There is no training to resume"):
        shape_masks.train_shape_masks(tmp_path / "never", resume=True, say=lines.append)
