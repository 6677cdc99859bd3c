"""Time and peak memory of exporting EfficientNet-Lite0, beside the official converter.

Run: make referee && python benchmarks/export.py [runs]

Each command runs in a process of its own, imports included, one after the other in turns, from the files that
its user would have: ours from a .keras; the official converter from an .h5 to a layers model, and from a
SavedModel to a graph model. A .keras user must make the SavedModel first, which is shown apart. Memory is the
peak of the process, less that of one that only imports TensorFlow, and less that of one in which TensorFlow
loads the model and predicts one frame. Linux and macOS only, for the system is asked for the peak.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "tests"))

import get_referee  # noqa: E402
import referee  # noqa: E402
from lifelike import lifelike, pictures  # noqa: E402

from pytrain.model import efficientnet_lite0  # noqa: E402

RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
CLASSES = 1000

# A process's ru_maxrss begins at what its parent had, on Linux, so its own record is read there.
PEAK = """import json, pathlib, resource, sys
try:
    exec(sys.argv.pop(1))
finally:
    status = pathlib.Path("/proc/self/status")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if status.is_file():
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        peak = int(line.split()[1]) * 1024
    print(json.dumps({"peak": peak}))
"""
OURS = "from pytrain.cli import main; main(sys.argv[1:])"
SAVE = "import keras; keras.models.load_model(sys.argv[1]).export(sys.argv[2])"
IMPORT = "import tensorflow, keras; keras.ops.zeros(1)"
PREDICT = "import keras; m = keras.models.load_model(sys.argv[1]); m(keras.ops.zeros((1, 224, 224, 3)))"


def run(python: Path | str, program: str, *arguments: object) -> tuple[float, float]:
    """Seconds and peak memory (bytes) of a program."""
    start = time.perf_counter()
    done = subprocess.run(
        [str(python), "-c", PEAK, program, *map(str, arguments)],
        check=False,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    peak = float(json.loads(done.stdout.strip().splitlines()[-1])["peak"])
    return seconds, peak


def main() -> None:
    if not get_referee.present():
        sys.exit(f"The official converter is missing: {get_referee.why_not()}.")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        model = efficientnet_lite0.build(CLASSES)
        lifelike(model, pictures(4, 224))
        model.save(folder / "lite0.keras")
        referee.save_h5(model, "efficientnet_lite0", folder / "lite0.h5")
        model.export(folder / "saved_model", verbose=False)
        (folder / "labels.txt").write_text("\n".join(map(str, range(CLASSES))), encoding="utf-8")
        size = sum(values.nbytes for values in model.get_weights())
        compare(folder, size)


def compare(folder: Path, size: int) -> None:
    theirs, out = referee.PYTHON, folder / "out"
    told = ["--labels", folder / "labels.txt", "--input-range=-1..1", "--weights", "float32"]
    ours = ["export", folder / "lite0.keras", *told, "--out", out / "ours"]
    graph = ["--input_format=tf_saved_model", "--output_format=tfjs_graph_model", folder / "saved_model"]
    layers = ["--input_format=keras", "--output_format=tfjs_layers_model", folder / "lite0.h5"]
    programs: dict[str, tuple[object, ...]] = {
        "TensorFlow imported, newest": (sys.executable, IMPORT),
        "TensorFlow imported, official converter's": (theirs, IMPORT),
        "TensorFlow predicts a frame, newest": (sys.executable, PREDICT, folder / "lite0.keras"),
        "TensorFlow predicts a frame, official converter's": (theirs, PREDICT, folder / "lite0.keras"),
        "pytrain export --no-verify": (sys.executable, OURS, *ours, "--no-verify"),
        "pytrain export, with the proof in a browser": (sys.executable, OURS, *ours),
        "official, SavedModel to graph": (theirs, referee.CONVERT, *graph, out / "graph"),
        "official, .h5 to layers": (theirs, referee.CONVERT, *layers, out / "layers"),
        "(.keras to SavedModel, before the official graph)": (
            theirs,
            SAVE,
            folder / "lite0.keras",
            folder / "again",
        ),
    }
    times: dict[str, list[float]] = {name: [] for name in programs}
    peaks: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(RUNS):
        for name, (python, program, *arguments) in programs.items():
            seconds, peak = run(python, program, *arguments)  # type: ignore[arg-type]
            times[name].append(seconds)
            peaks[name].append(peak)
    print(f"EfficientNet-Lite0, {CLASSES} classes, {size / 1e6:.1f} MB of weights; medians of {RUNS} runs")
    mine = statistics.median(times["pytrain export --no-verify"])
    for name in programs:
        seconds, peak = statistics.median(times[name]), statistics.median(peaks[name])
        memory = ""
        if not name.startswith("TensorFlow"):
            whose = "newest" if "pytrain" in name else "official converter's"
            own = [
                statistics.median(peaks[f"TensorFlow {does}, {whose}"])
                for does in ("imported", "predicts a frame")
            ]
            above = [(peak - base) / size for base in own]
            memory = f", {above[0]:4.1f} x the weights above the import, {above[1]:4.1f} x above a prediction"
        print(f"  {name:<50} {seconds:6.2f} s ({seconds / mine:4.1f} x)   peak {peak / 1e6:5.0f} MB{memory}")


if __name__ == "__main__":
    main()
