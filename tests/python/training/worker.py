"""One of two workers, in a process of its own: python worker.py FOLDER WHAT.

What it says and saves is looked at by test_strategy.py. Its TF_CONFIG comes with the environment.
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np
from python.training.small_transfer import pictures, small_model

from pytrain.errors import PytrainError
from pytrain.training import fine_tune as module
from pytrain.training.fine_tune import Plan, fine_tune
from pytrain.training.progress import PlainDisplay
from pytrain.training.strategy import open_workers

PLAN = Plan(epochs=3, learning_rate=1e-3, batch_size=7)


class Stopping(PlainDisplay):
    """Ends this worker in one way or another once the second epoch has begun."""

    def __init__(self, what):
        super().__init__()
        self.what = what

    def step(self, epoch, epochs, done, steps, loss, accuracy):
        if epoch == 2 and self.what == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if epoch == 2 and self.what == "fails":
            raise RuntimeError("this worker fails")


def train(folder, workers=None, show=None, resume=False):
    """A fine-tuning that is the same for one process and for many."""
    model = small_model()
    result = fine_tune(
        model,
        "block0",
        pictures(30, views=2, weights=np.linspace(0.5, 1.5, 30, dtype=np.float32)),
        pictures(15, seed=1),
        folder / "run",
        maps_dir=folder / "maps",
        show=show or PlainDisplay(),
        plan=PLAN,
        resume=resume,
        workers=workers,
    )
    return model, result


def main(folder, what):
    with open_workers("multi-worker", timeout=60) as workers:
        rows = np.arange(33, dtype=np.float32).reshape(11, 3)
        assert np.array_equal(workers.gather(rows[workers.shard(11)], 11), rows)
        assert workers.broadcast(b"from the chief" if workers.chief else b"") == b"from the chief"
        # A worker that is not the chief shows nothing, and is stopped all the same.
        module.SilentDisplay = lambda: Stopping(what)
        model, result = train(folder, workers, Stopping(what), resume=what == "resumes")
        losses = [row["val_loss"] for row in result.history]
        np.savez(folder / f"worker{workers.index}.npz", *model.get_weights(), losses=losses)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2])
    except PytrainError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
