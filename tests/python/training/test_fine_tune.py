import re

import numpy as np
import pytest
from python.training.small_transfer import CLASSES, pictures, small_model

from pytrain.errors import TrainingError
from pytrain.model import backbones
from pytrain.model.backend import keras
from pytrain.training import stage_maps as maps_module
from pytrain.training.fine_tune import CHECKPOINT, Plan, fine_tune, stage_to_cut
from pytrain.training.progress import PlainDisplay
from pytrain.training.stage_maps import Pictures, stage_maps

PLAN = Plan(epochs=4, learning_rate=1e-2, batch_size=8, patience=4)


class Recorder(PlainDisplay):
    def __init__(self, interrupt=None):
        super().__init__()
        self.rows, self.steps, self.prepared, self.interrupt = [], [], [], interrupt

    def preparing(self, name, done, total):
        self.prepared.append((name, done, total))

    def step(self, epoch, epochs, done, steps, loss, accuracy):
        self.steps.append((epoch, epochs, done, steps, loss, accuracy))
        if (epoch, done) == self.interrupt:
            raise KeyboardInterrupt

    def epoch(self, epoch, epochs, row):
        self.rows.append(row)


def tune(model, folder, show=None, **changes):
    given = {"stage": "block0", "training": pictures(30, views=2), "validation": pictures(15, seed=1)}
    given |= {"run_dir": folder / "run", "maps_dir": folder / "maps", "plan": PLAN, **changes}
    return fine_tune(model, show=show or Recorder(), **given)


def weights_of(model, *layers):
    return [array for name in layers for array in model.get_layer(name).get_weights()]


def same(some, others):
    return all(np.array_equal(one, other) for one, other in zip(some, others, strict=True))


def test_what_comes_behind_the_stage_is_trained_and_nothing_else(tmp_path):
    model = small_model()
    before = {layer.name: layer.get_weights() for layer in model.layers}
    result = tune(model, tmp_path)
    assert result.kept
    changed = {name for name, weights in before.items() if not same(weights, weights_of(model, name))}
    assert changed == {"conv1", "conv2", "logits"}


def test_it_learns_and_the_model_has_the_weights_of_the_best_epoch(tmp_path):
    model, validation = small_model(), pictures(15, seed=1)
    result = tune(model, tmp_path)
    best = min(result.history, key=lambda row: row["val_loss"])
    assert result.best_epoch == best["epoch"]
    assert best["val_loss"] < result.before["val_loss"] - 0.02
    frames = np.concatenate([validation.frames(row) for row in range(15)])
    probabilities = model.predict(frames / np.float32(127.5) - 1, verbose=0)
    temperatures = np.exp(np.linspace(-3, 3, 3000))
    sharpened = [probabilities.astype(float) ** (1 / t) for t in temperatures]
    rights = [(each / each.sum(1, keepdims=True) * validation.targets).sum(1) for each in sharpened]
    assert min(-np.log(right).mean() for right in rights) == pytest.approx(best["val_loss"], abs=2e-3)


def test_being_surer_alone_is_neither_better_nor_worse(tmp_path):
    """Larger logits are the same answers; how sure they should be is for the calibration to say."""
    model = small_model()
    tune(model, tmp_path)
    losses = []
    for name in ("as it came", "surer"):
        losses.append(tune(model, tmp_path / name, plan=Plan(epochs=1, learning_rate=0.0)).before["val_loss"])
        logits = model.get_layer("logits")
        logits.set_weights([array * 3 for array in logits.get_weights()])
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def test_a_model_that_cannot_be_bettered_stays_as_it_came(tmp_path):
    model = small_model()
    before = model.get_weights()
    result = tune(model, tmp_path, plan=Plan(epochs=3, learning_rate=50.0, batch_size=8))
    assert not result.kept
    assert result.best_epoch == 0
    assert same(before, model.get_weights())


def test_it_stops_when_no_epoch_was_better_for_a_while(tmp_path):
    plan = Plan(epochs=50, learning_rate=50.0, batch_size=8, patience=2)
    assert len(tune(small_model(), tmp_path, plan=plan).history) == 2


def test_a_seed_gives_the_same_weights_twice_and_another_one_others(tmp_path):
    trained = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        model = small_model()
        tune(model, tmp_path / name, seed=seed)
        trained.append(model.get_weights())
    assert same(trained[0], trained[1])
    assert not same(trained[0], trained[2])


def test_an_interrupted_training_keeps_the_best_and_goes_on_as_if_nothing_had_happened(tmp_path):
    whole, stopped = small_model(), small_model()
    expected = tune(whole, tmp_path / "whole")
    so_far = tune(stopped, tmp_path / "stopped", Recorder(interrupt=(3, 2)))
    assert so_far.stopped
    assert [row["epoch"] for row in so_far.history] == [1, 2]
    assert so_far.best_epoch > 0
    assert not same(weights_of(stopped, "logits"), weights_of(small_model(), "logits"))

    again = small_model()
    result = tune(again, tmp_path / "stopped", resume=True)
    assert [row["epoch"] for row in result.history] == [1, 2, 3, 4]
    assert [row["val_loss"] for row in result.history] == pytest.approx(
        [row["val_loss"] for row in expected.history], abs=1e-7
    )
    assert same(again.get_weights(), whole.get_weights())
    assert not result.stopped


def test_an_interruption_before_any_better_epoch_ends_it(tmp_path):
    model = small_model()
    with pytest.raises(KeyboardInterrupt):
        tune(model, tmp_path, Recorder(interrupt=(1, 2)))
    assert same(model.get_weights(), small_model().get_weights())


def test_another_training_is_not_resumed(tmp_path):
    with pytest.raises(TrainingError, match=r"no training to resume"):
        tune(small_model(), tmp_path, resume=True)
    tune(small_model(), tmp_path)
    with pytest.raises(TrainingError, match=r"learning_rate was 0\.01") as error:
        tune(small_model(), tmp_path, resume=True, plan=Plan(epochs=4, learning_rate=1e-3, batch_size=8))
    assert "without --resume" in str(error.value)
    with pytest.raises(TrainingError, match="start was"):
        tune(small_model(seed=3), tmp_path, resume=True, plan=PLAN)


def test_progress_is_told_for_every_picture_step_and_epoch(tmp_path):
    shown = Recorder()
    result = tune(small_model(), tmp_path, shown)
    assert ("training", 30, 30) in shown.prepared
    assert ("validation", 15, 15) in shown.prepared
    assert [step[:4] for step in shown.steps[:5]] == [
        (1, 4, 1, 4),
        (1, 4, 2, 4),
        (1, 4, 3, 4),
        (1, 4, 4, 4),
        (2, 4, 1, 4),
    ]
    assert shown.rows == result.history
    assert set(shown.rows[0]) == {"epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds"}


def test_pictures_that_weigh_nothing_do_not_count(tmp_path):
    """A class of weight 0 is as good as absent: its pictures may be anything."""
    weights = np.where(np.arange(30) % CLASSES == 2, 0, 1).astype(np.float32)
    trained = []
    for name, seed in (("a", 0), ("b", 9)):
        good, bad = pictures(30, weights=weights), pictures(30, seed=seed)

        def frames(row, good=good, bad=bad):
            return bad.frames(row) if row % CLASSES == 2 else good.frames(row)

        model = small_model()
        part = Pictures(name, good.targets, frames, 1, weights)
        tune(model, tmp_path / name, training=part)
        trained.append(model.get_weights())
    for one, other in zip(*trained, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_stage_that_is_none_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="cannot be cut at 'block9'"):
        tune(small_model(), tmp_path, stage="block9")


def test_all_blocks_of_the_last_resolution_are_trained():
    backbone = backbones.load()
    assert stage_to_cut(backbone) == "block5c_add"
    assert backbone.model.get_layer("block5c_add").output.shape[1:3] == (14, 14)


def test_a_second_training_does_not_read_the_pictures_again(tmp_path):
    tune(small_model(), tmp_path)

    def gone(row):
        raise AssertionError("read again")

    first = pictures(30, views=2)
    result = tune(small_model(), tmp_path, training=Pictures(first.key, first.targets, gone, 2))
    assert result.kept


def front():
    model = small_model()
    return keras.Model(model.input, model.get_layer("block0").output)


def test_stored_maps_are_what_the_network_gives(tmp_path):
    network, some = front(), pictures(40, views=3)
    rows = np.array([5, 39, 0, 7])
    stored = stage_maps(network, some, rows, tmp_path / "x.maps")
    read = stored.read(np.array([1, 0, 3]), np.array([2, 0, 1]))
    frames = np.stack([some.frames(39)[2], some.frames(5)[0], some.frames(7)[1]])
    given = network.predict(frames / np.float32(127.5) - 1, verbose=0)
    assert read.dtype == np.float16
    np.testing.assert_allclose(read, given, atol=2e-3)


def test_a_full_disk_is_told_before_the_work_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(maps_module.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 10}))
    with pytest.raises(TrainingError, match=re.escape("0.0 GB are free")):
        stage_maps(front(), pictures(4), np.arange(4), tmp_path / "maps" / "x.maps")
    assert not list(tmp_path.rglob("*.maps*"))


def test_an_interruption_leaves_no_half_file(tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stage_maps(front(), pictures(40), np.arange(40), tmp_path / "x.maps", stop)
    assert list(tmp_path.iterdir()) == []


def test_a_cut_off_file_is_told(tmp_path):
    stored = stage_maps(front(), pictures(4), np.arange(4), tmp_path / "x.maps")
    stored.path.write_bytes(stored.path.read_bytes()[:-1])
    with pytest.raises(TrainingError, match="too short"):
        stored.read(np.array([3]), np.array([0]))


def test_nothing_is_left_in_the_run_but_the_checkpoint(tmp_path):
    tune(small_model(), tmp_path)
    assert [path.name for path in (tmp_path / "run").iterdir()] == [CHECKPOINT]
