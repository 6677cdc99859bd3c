"""How long `pytrain train DIR` takes, beside the transfer learning that Keras's guide teaches.

    python benchmarks/transfer_speed.py [DIR] [--classes 5] [--per-class 40] [--runs 3]

The same pictures, the same frozen backbone (EfficientNet-Lite0), each in a fresh process, in turns:

    ours, cold   `pytrain train DIR`, nothing cached: look, embed, cross-validate, fit, calibrate, export,
                 proof in a browser, report
    ours, again  the same once more, with the embeddings of the first time
    the guide    image_dataset_from_directory; flips and turns, the frozen backbone, GlobalAveragePooling,
                 Dropout and Dense in one model; Adam, 10 epochs, batches of 32; saved as .keras, no more

"whole" is from the start of the process to its last file, TensorFlow's import included. "training alone" is
for ours from the last picture looked at to the last head judged (the backbone's loading, embeddings, heads of
all folds), and for the guide fit(), which learns from all pictures and never stops to validate. "processor"
is the time of all cores together, the browser's included, which hardly depends on what else a machine does.
Accuracy is that of the most probable label on pictures that neither saw, each way reading them as it does.

The peak of memory beside each line is told on Linux only. For many pictures: transfer_memory.py.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

BACKBONE = "efficientnet-lite0"
EPOCHS = 10
BATCH = 32
ASKED = 160
"""Pictures of each class that are asked, at most."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, help="<label>/*  [default: Fashion-MNIST]")
    parser.add_argument("--classes", type=int, default=5)
    parser.add_argument("--per-class", type=int, default=40, help="pictures learned from")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--guide", nargs=3, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.guide:
        guide(*options.guide)
        return
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        learned, asked = deal(work, options.folder, options.classes, options.per_class)
        compare(work, learned, asked, options.runs)


def guide(learned: Path, asked: Path, out: Path) -> None:
    """What the guide does, in a process of its own."""
    from pytrain.model.backbones import load
    from pytrain.model.backend import keras, tf

    size = (224, 224)
    train = keras.utils.image_dataset_from_directory(learned, image_size=size, batch_size=BATCH, seed=0)
    test = keras.utils.image_dataset_from_directory(asked, image_size=size, shuffle=False)
    labels = train.class_names
    backbone = load(BACKBONE).model
    backbone.trainable = False
    inputs = keras.Input((*size, 3))
    x = keras.layers.RandomFlip("horizontal")(inputs)
    x = keras.layers.RandomRotation(0.1)(x)
    x = keras.layers.Rescaling(1 / 127.5, -1)(x)
    x = backbone(x, training=False)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(0.2)(x)
    model = keras.Model(inputs, keras.layers.Dense(len(labels), activation="softmax")(x))
    adam = keras.optimizers.Adam(1e-3)
    model.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    print("fit: begun")
    model.fit(train.prefetch(tf.data.AUTOTUNE), epochs=EPOCHS, verbose=0)
    print("fit: done")
    model.save(out)
    print("saved")
    print(f"processor {time.process_time()}")
    print(f"accuracy {model.evaluate(test, verbose=0)[1]}")


@dataclass(frozen=True)
class Line:
    """One line of a program: when it came, and the peak of the program's memory until then."""

    seconds: float
    peak: float
    """MB; 0 where the system does not tell."""
    text: str


def watch(*command: object) -> list[Line]:
    """Runs a program in a fresh process; the last line is its end."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    lines: list[Line] = []
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env=environment,
    ) as program:
        assert program.stdout is not None
        for text in program.stdout:
            lines.append(Line(time.perf_counter() - start, peak_of(program.pid), text.rstrip()))
    if program.returncode != 0:
        sys.exit("\n".join(line.text for line in lines))
    peak = max(line.peak for line in lines)
    return [*lines, Line(time.perf_counter() - start, peak, "end")]


def peak_of(process: int) -> float:
    """Peak of the memory of a process and not, as getrusage has it, of what forked it: MB."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def processor() -> float:
    """Seconds that processes which have ended took of all cores."""
    times = os.times()
    return times.children_user + times.children_system


def when(lines: list[Line], text: str) -> float:
    """Seconds until the first line that begins so."""
    return next(line.seconds for line in lines if line.text.strip().startswith(text))


def last_word(lines: list[Line], text: str) -> str:
    """Of the line that begins so."""
    return next(line.text.split()[-1] for line in lines if line.text.startswith(text))


def deal(work: Path, folder: Path | None, classes: int, per_class: int) -> tuple[Path, Path]:
    """Some pictures of each class to learn from and others to ask, as JPEG, which both ways read."""
    from PIL import Image
    from transfer_quality import held_out_of

    from pytrain.dataset.image_folder import open_dataset
    from pytrain.image import read_image

    found = open_dataset(
        folder or held_out_of("fashion-mnist", work, per_class=per_class + ASKED), work=work / "unpacked"
    )
    draw = random.Random(0)
    sides = work / "learned", work / "asked"
    for label in found.labels[:classes]:
        mine = [picture.path for picture in found.pictures if picture.label == label]
        draw.shuffle(mine)
        for side, paths in zip(sides, (mine[:per_class], mine[per_class:][:ASKED]), strict=True):
            (side / label).mkdir(parents=True)
            for number, path in enumerate(paths):
                Image.fromarray(read_image(path)).save(side / label / f"{number:04}.jpg", quality=95)
    return sides


def compare(work: Path, learned: Path, asked: Path, runs: int) -> None:
    wholes: dict[str, list[float]] = {"ours, cold": [], "ours, again": [], "the guide": []}
    alone: dict[str, list[float]] = {name: [] for name in wholes}
    busy: dict[str, list[float]] = {name: [] for name in wholes}
    right: dict[str, list[float]] = {name: [] for name in wholes}
    for run in range(runs):
        out = work / f"run {run}" / "model"
        for name in ("ours, cold", "ours, again"):
            before = processor()
            lines = watch("-m", "pytrain", "train", learned, "--out", out, "--backbone", BACKBONE)
            busy[name].append(processor() - before)
            wholes[name].append(lines[-1].seconds)
            alone[name].append(when(lines, "right ") - when(lines, "looking: "))
            right[name].append(accuracy(out, asked))
            if run == 0:
                show(name, lines)
        lines = watch(__file__, "--guide", learned, asked, out.with_name("guide.keras"))
        busy["the guide"].append(float(last_word(lines, "processor")))
        wholes["the guide"].append(when(lines, "saved"))
        alone["the guide"].append(when(lines, "fit: done") - when(lines, "fit: begun"))
        right["the guide"].append(float(last_word(lines, "accuracy")))
        if run == 0:
            show("the guide", lines)
        shutil.rmtree(out.parent)
    counts = [sum(1 for _ in side.glob("*/*")) for side in (learned, asked)]
    print(
        f"\n{len(list(learned.iterdir()))} classes, {counts[0]} pictures learned from, {counts[1]} asked; "
        f"{BACKBONE}; medians of {runs} runs; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    theirs = [statistics.median(figures["the guide"]) for figures in (wholes, alone)]
    for name in wholes:
        whole, training = statistics.median(wholes[name]), statistics.median(alone[name])
        print(
            f"  {name:<12} whole {whole:6.1f} s (guide / this: {theirs[0] / whole:4.1f}), "
            f"processor {statistics.median(busy[name]):6.1f} s   "
            f"training alone {training:6.1f} s ({theirs[1] / training:5.1f})   "
            f"right {statistics.median(right[name]):.1%}"
        )


def accuracy(bundle: Path, asked: Path) -> float:
    """Of the most probable label, by the model.keras of a bundle."""
    import pytrain

    return statistics.mean(
        prediction.label == Path(prediction.path).parent.name for prediction in pytrain.predict(bundle, asked)
    )


def show(name: str, lines: list[Line]) -> None:
    print(f"{name}:")
    for line in lines:
        print(f"  {line.seconds:7.1f} s {line.peak:7.0f} MB  {line.text}")


if __name__ == "__main__":
    main()
