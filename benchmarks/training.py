"""Time and peak memory of a whole `pytrain train four-shapes`, its imports included.

Run: python benchmarks/training.py

The data are drawn first and not counted. Memory is measured after one epoch on a sixth of the pictures and on
all of them: it must not grow with the data set. Linux and macOS only, for the system is asked for the peak.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

PEAK = "import resource, sys, pytrain.cli as c\ntry: c.main(sys.argv[1:])\nfinally: print('peak', {})"
CHILD = PEAK.format("resource.getrusage(resource.RUSAGE_SELF).ru_maxrss")


def run(folder: Path, *arguments: str) -> tuple[float, float]:
    """Seconds and peak memory (MB) of a command, in a process of its own."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    peak = float(done.stdout.split()[-1])
    return time.perf_counter() - start, peak / (1024**2 if sys.platform == "darwin" else 1024)


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        sixth, full = ["--data", "sixth", "--quick"], ["--data", "full"]
        for data in (sixth, full):
            seconds, _ = run(folder, "data", "four-shapes", *data)
            print(f"drawing {data[1]}: {seconds:.0f} s")
        for data in (sixth, full):
            _, peak = run(
                folder, "train", "four-shapes", *data, "--epochs", "1", "--out", f"models/{data[1]}"
            )
            print(f"one epoch on {data[1]}: peak {peak:.0f} MB")
        seconds, peak = run(folder, "train", "four-shapes", "--data", "full", "--out", "fresh/cnn")
        print(f"the CNN, from a cold start to the verified export: {seconds:.0f} s, peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
