"""How fast a large folder is indexed, and in how much memory: python benchmarks/indexing.py [pictures]

Makes that many small pictures (half PNG, half JPEG, 64 x 64, ten classes, no two alike) in a temporary folder
and reads them in fresh processes: once anew, once with the cache of looks filled.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

PICTURES = 100_000
CLASSES = 10
SIDE = 64


def make(root: Path, count: int) -> None:
    """Blobs on a gradient: as hard to read as small photos, and no two alike."""
    draw = np.random.default_rng(0)
    for number in range(count):
        folder = root / f"class {number % CLASSES}"
        folder.mkdir(parents=True, exist_ok=True)
        small = Image.fromarray(draw.integers(0, 256, (12, 12, 3), dtype=np.uint8))
        picture = small.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        if number % 2:
            picture.save(folder / f"{number:06d}.jpg", quality=85)
        else:
            picture.save(folder / f"{number:06d}.png", compress_level=1)


def measure(root: Path, cache: Path) -> None:
    """In a process of its own: prints seconds of each step and the peak of its memory as JSON."""
    from pytrain.dataset.image_folder import open_dataset
    from pytrain.dataset.looks import look
    from pytrain.dataset.near_duplicates import groups_of
    from pytrain.dataset.split import folds

    times = [time.perf_counter()]
    folder = open_dataset(root)
    times.append(time.perf_counter())
    looks, _ = look(folder, cache=cache)
    times.append(time.perf_counter())
    groups = groups_of(looks)
    times.append(time.perf_counter())
    folds([seen.picture.label for seen in looks], groups, 5)
    times.append(time.perf_counter())
    steps = dict(zip(("scan", "look", "groups_of", "folds"), np.diff(times).tolist(), strict=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {"steps": steps, "peak": peak, "pictures": len(looks), "groups": len(set(groups.tolist()))}
        )
    )


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        root, cache = Path(temporary, "set"), Path(temporary, "cache")
        make(root, count)
        for title in ("anew", "again, from the cache"):
            command = [sys.executable, __file__, "--measure", str(root), str(cache)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found = json.loads(done.stdout)
            print(f"{found['pictures']:,} pictures, {title}: {found['groups']:,} groups")
            for step, seconds in found["steps"].items():
                print(f"  {step:<10} {seconds:7.1f} s  {count / seconds:>10,.0f} files/s")
            print(f"  peak memory {found['peak']:,.0f} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
