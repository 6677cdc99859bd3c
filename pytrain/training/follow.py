"""What happens around the epochs of a training: best weights and checkpoint kept, progress, an early end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from pytrain.errors import TrainingError
from pytrain.model.backend import keras, tf
from pytrain.model.files import save_model
from pytrain.training.average import Average
from pytrain.training.checkpoint import Checkpoint
from pytrain.training.progress import Display
from pytrain.training.run import CHECKPOINT, HISTORY, MODEL, write_history


@keras.saving.register_keras_serializable("pytrain")
class KnownAccuracy(keras.metrics.Mean):  # type: ignore[misc]
    """Share of right answers among the pictures that belong to a class; `unknown` ones do not count."""

    def __init__(self, name: str = "accuracy", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        known = tf.reduce_max(y_true, axis=1) > tf.reduce_min(y_true, axis=1) + 1e-3
        right = tf.argmax(y_true, axis=1) == tf.argmax(y_pred, axis=1)
        super().update_state(tf.cast(right, tf.float32), tf.cast(known, tf.float32))


class Follow(keras.callbacks.Callback):  # type: ignore[misc]
    """At the end of each epoch: keeps the best weights, saves the checkpoint, shows it, stops early.

    Args:
        network: compiled; what is trained.
        checkpoint: of the epochs before; grows.
        run_dir: where checkpoint.npz and history.csv go.
        shown: is told about progress.
        epochs: of the whole training.
        steps: batches in an epoch.
        patience: epochs without a better validation loss after which training stops; 0 for never.
        average: decay of the running average of the weights, which is kept in place of the last ones and is
            what the validation judges; 0 for none.
    """

    def __init__(
        self,
        network: Any,
        checkpoint: Checkpoint,
        run_dir: Path,
        shown: Display,
        epochs: int,
        steps: int,
        patience: int,
        average: float = 0.0,
    ) -> None:
        super().__init__()
        self.network, self.checkpoint, self.run_dir, self.shown = network, checkpoint, run_dir, shown
        self.epochs, self.steps, self.patience = epochs, steps, patience
        self.average = Average(network, average) if average else None
        if self.average and checkpoint.average:
            self.average.restore(checkpoint.average)
        self.started = self.processor_started = 0.0

    def fit(self, batches: Any, last: int | None = None, **validation: Any) -> None:
        """Trains from the epoch after the checkpoint's on; not at all where the training is finished.

        Args:
            batches: from the first of that epoch on.
            last: the epoch to end with, where that is not the last of the training.
            validation: Keras's own settings of it: validation_data and the like.
        """
        if self.finished():
            return
        self.network.fit(
            batches,
            steps_per_epoch=self.steps,
            initial_epoch=len(self.checkpoint.history),
            epochs=last or self.epochs,
            callbacks=[self],
            shuffle=False,
            verbose=0,
            **validation,
        )

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.started, self.processor_started = time.perf_counter(), time.process_time()

    def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        if self.average:
            self.average.update()
        epoch = len(self.checkpoint.history) + 1
        self.shown.step(epoch, self.epochs, batch + 1, self.steps, logs["loss"], logs["accuracy"])

    def on_test_begin(self, logs: Any = None) -> None:
        if self.average:
            self.average.put_in()

    def on_test_end(self, logs: Any = None) -> None:
        if self.average:
            self.average.take_out()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        kept = self.checkpoint
        row = {name: float(logs[name]) for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
        best = min((earlier["val_loss"] for earlier in kept.history), default=np.inf)
        spent = {
            "seconds": time.perf_counter() - self.started,
            "processor_seconds": time.process_time() - self.processor_started,
        }
        kept.history.append({"epoch": epoch + 1, **row, **spent, **self.more(logs)})
        kept.weights = self.network.get_weights()
        kept.optimizer = [variable.numpy() for variable in _state(self.network)]
        if self.average:
            kept.average = self.average.state()
        if row["val_loss"] < best:
            kept.best_epoch = epoch + 1
            kept.best_weights = self.average.weights() if self.average else kept.weights
        kept.save(self.run_dir / CHECKPOINT)
        write_history(self.run_dir / HISTORY, kept.history)
        self.shown.epoch(epoch + 1, self.epochs, kept.history[-1])
        if self.finished():
            self.network.stop_training = True
            if epoch + 1 < self.epochs:
                self.shown.say(f"Stopped early: no better for {self.patience} epochs.")

    def more(self, logs: dict[str, float]) -> dict[str, float]:
        """Further figures of an epoch, for a training that has some."""
        return {}

    def finished(self) -> bool:
        """Whether all epochs are done, or nothing gets better."""
        done = len(self.checkpoint.history)
        return done >= self.epochs or done - self.checkpoint.best_epoch >= self.patience > 0


def one_cycle(peak: float, warm_up: float, steps: int) -> Any:
    """A learning rate that rises from 0 to its peak, then falls to 0 on a cosine (Loshchilov & Hutter, 2017).

    Args:
        peak: the greatest.
        warm_up: part of the steps in which it rises.
        steps: of the whole training.
    """
    rising = int(warm_up * steps)
    return keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - rising), warmup_target=peak, warmup_steps=rising
    )


def restore(network: Any, checkpoint: Checkpoint) -> None:
    """Puts the weights and the optimizer's state of the last finished epoch into a compiled network."""
    network.optimizer.build(network.trainable_variables)
    if not checkpoint.history:
        return
    network.set_weights(checkpoint.weights)
    for variable, value in zip(_state(network), checkpoint.optimizer, strict=True):
        variable.assign(value)


def save_best(network: Any, checkpoint: Checkpoint, run_dir: Path, model: Any = None) -> Path:
    """Gives a network the best weights of its training, and saves it as model.keras.

    Args:
        network: what was trained.
        checkpoint: with the best weights, in the order of the network's.
        run_dir: where model.keras goes.
        model: what to save instead, of which the network is a part and with which it shares its weights.

    Returns:
        The file.

    Raises:
        TrainingError: the disk refuses.
    """
    network.set_weights(checkpoint.best_weights)
    file = run_dir / MODEL
    try:
        save_model(network if model is None else model, file)
    except OSError as error:
        raise TrainingError(
            f"{file} cannot be written: {error.strerror or error}.",
            fix="Make room on the disk, then go on with --resume.",
        ) from error
    return file


def _state(network: Any) -> list[Any]:
    """What changes in a training besides the weights: the optimizer's variables, and where dropout's draws
    have come to."""
    draws = [
        layer.seed_generator.state for layer in network._flatten_layers() if hasattr(layer, "seed_generator")
    ]
    return [*network.optimizer.variables, *draws]
