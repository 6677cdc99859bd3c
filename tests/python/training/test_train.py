import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pytrain.dataset.image_folder import scan
from pytrain.dataset.split import split
from pytrain.errors import TrainingError
from pytrain.model.files import load_model
from pytrain.training import train as training
from pytrain.training.batches import target_of
from pytrain.training.checkpoint import Checkpoint, load_checkpoint
from pytrain.training.follow import KnownAccuracy
from pytrain.training.progress import PlainDisplay
from pytrain.training.recipes import recipe_named
from pytrain.training.run import CHECKPOINT, SET_ASIDE

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Discs, frames and empty pictures, small enough to learn in seconds."""
    root = tmp_path_factory.mktemp("data") / "toys"
    for label in ("disc", "frame", "unknown"):
        (root / label).mkdir(parents=True)
        for number in range(40 if label != "unknown" else 12):
            picture = Image.new("RGB", (80, 60), tuple(int(v) for v in RANDOM.integers(180, 255, 3)))
            x, y, size = (int(v) for v in RANDOM.integers((12, 4, 24), (30, 20, 36)))
            draw, box = ImageDraw.Draw(picture), (x, y, x + size, y + size)
            if label == "disc":
                draw.ellipse(box, fill=(20, 20, int(RANDOM.integers(0, 90))))
            elif label == "frame":
                draw.rectangle(box, outline=(20, 20, int(RANDOM.integers(0, 90))), width=4)
            picture.save(root / label / f"{number}.png")
    folder = scan(root)
    return [(folder, split(folder))]


class Recorder(PlainDisplay):
    def __init__(self, interrupt_in=None):
        super().__init__()
        self.lines, self.rows, self.interrupt_in = [], [], interrupt_in

    def step(self, epoch, epochs, done, steps, loss, accuracy):
        if epoch == self.interrupt_in:
            raise KeyboardInterrupt

    def epoch(self, epoch, epochs, row):
        self.rows.append(row)

    def say(self, text):
        self.lines.append(text)


def test_cnn_learns_and_writes_all_it_promises(data, tmp_path):
    shown = Recorder()
    result = training.train(data, "cnn", tmp_path / "run", epochs=14, batch_size=8, show=shown)
    assert result.labels == ("disc", "frame")
    assert max(row["val_accuracy"] for row in result.history) >= 0.9
    assert len(shown.rows) == len(result.history)
    assert {file.name for file in result.run_dir.iterdir()} == {
        "settings.json",
        "history.csv",
        "checkpoint.npz",
        "model.keras",
    }
    settings = json.loads((result.run_dir / "settings.json").read_text(encoding="utf-8"))
    assert settings["epochs"] == 14
    assert settings["datasets"][0]["fingerprint"] == data[0][0].fingerprint
    lines = (result.run_dir / "history.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + len(result.history)
    saved = load_model(result.run_dir / "model.keras")
    for kept, weights in zip(saved.get_weights(), result.model.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, weights)


def test_resumed_training_ends_where_an_uninterrupted_one_does(data, tmp_path):
    whole = training.train(data, "mlp", tmp_path / "whole", epochs=4, batch_size=16, show=Recorder())
    with pytest.raises(KeyboardInterrupt):
        training.train(data, "mlp", tmp_path / "cut", epochs=4, batch_size=16, show=Recorder(interrupt_in=3))
    resumed = training.train(
        data, "mlp", tmp_path / "cut", epochs=4, batch_size=16, resume=True, show=Recorder()
    )
    assert [row["epoch"] for row in resumed.history] == [1, 2, 3, 4]
    for one, other in zip(whole.model.get_weights(), resumed.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_training_goes_from_small_pictures_to_those_of_the_lens():
    plan = recipe_named("cnn")
    first, second = training._stages(plan, 10)
    assert first == (5, plan.small_size)
    assert second == (10, None)
    assert training._stages(plan, 1)[0][0] == 0
    assert training._stages(recipe_named("mlp"), 10) == [(10, None)]


def test_resumed_training_goes_on_in_the_same_stage(data, tmp_path):
    whole = training.train(data, "cnn", tmp_path / "whole", epochs=4, batch_size=16, show=Recorder())
    with pytest.raises(KeyboardInterrupt):
        training.train(data, "cnn", tmp_path / "cut", epochs=4, batch_size=16, show=Recorder(interrupt_in=4))
    resumed = training.train(
        data, "cnn", tmp_path / "cut", epochs=4, batch_size=16, resume=True, show=Recorder()
    )
    assert [row["epoch"] for row in resumed.history] == [1, 2, 3, 4]
    for one, other in zip(whole.history, resumed.history, strict=True):
        np.testing.assert_allclose(one["val_loss"], other["val_loss"], rtol=0.05)


def test_interrupted_training_keeps_the_best_and_says_where(data, tmp_path):
    shown = Recorder(interrupt_in=2)
    with pytest.raises(KeyboardInterrupt):
        training.train(data, "mlp", tmp_path / "run", epochs=3, batch_size=16, show=shown)
    assert str(tmp_path / "run" / "model.keras") in shown.lines[-1]
    assert load_model(tmp_path / "run" / "model.keras").output_shape == (None, 2)


def test_forgetting_resume_keeps_the_interrupted_training(data, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        training.train(data, "mlp", tmp_path / "run", epochs=3, batch_size=16, show=Recorder(interrupt_in=2))
    interrupted = load_checkpoint(tmp_path / "run" / CHECKPOINT)
    shown = Recorder()
    training.train(data, "mlp", tmp_path / "run", epochs=1, batch_size=16, show=shown)
    kept = tmp_path / "run" / SET_ASIDE
    assert str(kept) in shown.lines[0]
    np.testing.assert_array_equal(load_checkpoint(kept).weights[0], interrupted.weights[0])


def test_kill_while_saving_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.npz"
    checkpoint = Checkpoint({"seed": 1}, [{"epoch": 1}], 1, [np.ones(3)], [np.zeros(2)], [np.ones(3)])
    checkpoint.save(path)

    def killed(file, **arrays):
        file.write(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", killed)
    with pytest.raises(KeyboardInterrupt):
        Checkpoint({"seed": 2}).save(path)
    kept = load_checkpoint(path)
    assert kept.settings == {"seed": 1}
    np.testing.assert_array_equal(kept.weights[0], np.ones(3))


def test_resume_without_a_training_says_so(data, tmp_path):
    with pytest.raises(TrainingError, match="no training to resume"):
        training.train(data, "mlp", tmp_path / "none", resume=True, show=Recorder())


def test_resume_with_other_settings_names_them(data, tmp_path):
    training.train(data, "mlp", tmp_path / "run", epochs=1, batch_size=16, show=Recorder())
    with pytest.raises(TrainingError, match="batch_size was 16"):
        training.train(data, "mlp", tmp_path / "run", epochs=1, batch_size=8, resume=True, show=Recorder())


def test_damaged_checkpoint_is_an_error_in_plain_words(tmp_path):
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(TrainingError, match="damaged"):
        load_checkpoint(path)


def test_unknown_pictures_teach_the_network_to_be_unsure():
    np.testing.assert_allclose(target_of("unknown", ["a", "b", "c", "d"]), [0.25] * 4)
    np.testing.assert_array_equal(target_of("b", ["a", "b"]), [0, 1])


def test_unknown_recipe_lists_those_there_are(data, tmp_path):
    with pytest.raises(TrainingError) as error:
        training.train(data, "transformer", tmp_path, show=Recorder())
    assert "cnn, mlp" in str(error.value)


def test_epochs_must_be_positive(data, tmp_path):
    with pytest.raises(TrainingError, match="epochs is 0"):
        training.train(data, "mlp", tmp_path, epochs=0, show=Recorder())


def test_unknown_pictures_do_not_count_as_right_or_wrong():
    metric = KnownAccuracy()
    targets = np.array([[1, 0], [0, 1], [0.5, 0.5]], np.float32)
    metric.update_state(targets, np.array([[2.0, 1.0], [3.0, 1.0], [5.0, 1.0]], np.float32))
    assert float(metric.result()) == 0.5
