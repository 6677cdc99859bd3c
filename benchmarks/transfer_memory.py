"""How much memory `pytrain train DIR` takes for many pictures, and how long each step of it.

    python benchmarks/transfer_memory.py [--pictures 2000] [--stand-in] [--backbone NAME] [--fine-tune never]

Makes so many small pictures of ten classes (half PNG, half JPEG, 64 x 64), trains on them in a fresh process,
and shows after each line that it says the time and the peak of its memory until then; at the end also that of
all its processes together, the browser that proves the model included.

With 100,000 pictures a backbone alone takes most of an hour. With --stand-in, embeddings come from a random
projection of the shrunk picture instead of the backbone, and heads are fitted in a few rounds instead of up
to 200, which take no more memory; all else (reading, views, cache, judging, export, proof, report) runs as it
is. The figures then say nothing of how good the model is.

Linux only, for the system is asked for the memory.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = 10
SIDE = 64
BLOBS = 12
TINT = 24
"""How far a class's pictures are coloured on average, of 255: most can be told, not all."""

SHRUNK = 8
ROUNDS = 20
"""In which a head is fitted to embeddings that are made up."""

SECONDS = 1.0
"""Between two looks at the memory of all processes."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--stand-in", action="store_true", help="no backbone: embeddings are made up")
    parser.add_argument("--backbone", default="efficientnet-lite0")
    parser.add_argument("--fine-tune", default="never", help="auto, never or always  [default: never]")
    parser.add_argument(
        "--work", type=Path, help="where pictures and model go; a temporary folder by default"
    )
    parser.add_argument("--train", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        train_on_a_stand_in(*options.train, options.backbone)
        return
    if options.stand_in and options.fine_tune != "never":
        parser.error("a stand-in cannot be fine-tuned")
    with tempfile.TemporaryDirectory(dir=options.work) as temporary:
        work = Path(temporary)
        make(work / "many", options.pictures)
        measure(work, options)


def make(root: Path, count: int) -> None:
    """Blobs on a tint of the class: as hard to read as small photos, and no two alike."""
    draw = np.random.default_rng(0)
    tints = draw.normal(0, TINT, (CLASSES, 1, 1, 3))
    for number in range(count):
        label = number % CLASSES
        folder = root / f"class {label}"
        folder.mkdir(parents=True, exist_ok=True)
        blobs = draw.integers(0, 256, (BLOBS, BLOBS, 3)) + tints[label]
        small = Image.fromarray(np.clip(blobs, 0, 255).astype(np.uint8))
        picture = small.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        if number % 2:
            picture.save(folder / f"{number:06d}.jpg", quality=85)
        else:
            picture.save(folder / f"{number:06d}.png", compress_level=1)


def measure(work: Path, options: argparse.Namespace) -> None:
    from transfer_speed import show, watch

    places = [work / "many", work / "models" / "many"]
    backbone = ["--backbone", options.backbone]
    if options.stand_in:
        command = [__file__, "--train", *places, *backbone]
    else:
        command = ["-m", "pytrain", "train", places[0], "--out", places[1], *backbone]
        command += ["--fine-tune", options.fine_tune]
    with Together() as together:
        lines = watch(*command)
    how = "EMBEDDINGS MADE UP by a stand-in" if options.stand_in else options.backbone
    show(f"{options.pictures:,} pictures, {how}", lines)
    print(f"peak of the process {lines[-1].peak:,.0f} MB, of all processes together {together.peak:,.0f} MB")


class Together:
    """The greatest memory of all processes below this one, each shared page counted once, in MB."""

    def __enter__(self) -> Together:
        self.peak = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(SECONDS):
            self.peak = max(self.peak, sum(map(proportional, below(os.getpid()))))


def below(process: int) -> list[int]:
    """All processes that a process started, and those that they did."""
    found = []
    for file in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = [int(child) for child in file.read_text(encoding="utf-8").split()]
        except OSError:
            continue
        for child in children:
            found += [child, *below(child)]
    return found


def proportional(process: int) -> float:
    """A process's memory in MB, of a page that several share its part; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def train_on_a_stand_in(source: Path, out: Path, backbone: str) -> None:
    """What `pytrain train` does, but no picture goes through the network, and heads take few rounds."""
    from pytrain import cli
    from pytrain.training import feature_cache, head

    head.STOP["maxiter"] = ROUNDS
    feature_cache._compiled = stand_in
    # What comes with pytrain is of the backbone.
    feature_cache.SHIPPED = out / "nothing"
    cli.main(["train", str(source), "--out", str(out), "--backbone", backbone, "--fine-tune", "never"])


def stand_in(model: object) -> object:
    """Rectified random projections of a picture's colours, as many as the model's embedding has numbers."""
    from pytrain.model.backend import tf

    side = 224 // SHRUNK
    width = int(model.output.shape[-1])  # type: ignore[attr-defined]
    projection = tf.random.stateless_normal((SHRUNK * SHRUNK * 3, width), seed=(0, 0)) / SHRUNK

    @tf.function(input_signature=[tf.TensorSpec((None, 224, 224, 3), tf.float32)])
    def run(batch: object) -> object:
        shrunk = tf.nn.avg_pool2d(batch, side, side, "VALID")
        return tf.nn.relu(tf.reshape(shrunk, (-1, SHRUNK * SHRUNK * 3)) @ projection)

    return run


if __name__ == "__main__":
    sys.exit(main())
