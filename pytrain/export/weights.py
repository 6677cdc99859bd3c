"""Weight shards: one row of float32 numbers, cut into files that are named after their content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytrain.export.fold import Array

SHARD_BYTES = 4 * 1024 * 1024
"""The size that TensorFlow.js's own converter cuts at, so that browsers can cache each file."""


def write_shards(folder: Path, weights: Mapping[str, Array]) -> list[dict[str, Any]]:
    """Writes `weights-<hash>.bin` files of at most 4 MiB and returns the weights manifest that names them.

    Args:
        folder: where to write.
        weights: full name (`layer/kernel`) to float32 array, in the order in which they are laid out.

    Returns:
        TensorFlow.js's `weightsManifest`: one group of paths and weights.
    """
    data = b"".join(values.astype("<f4").tobytes() for values in weights.values())
    paths = []
    for start in range(0, len(data), SHARD_BYTES):
        shard = data[start : start + SHARD_BYTES]
        name = f"weights-{hashlib.sha256(shard).hexdigest()[:16]}.bin"
        (folder / name).write_bytes(shard)
        paths.append(name)
    entries = [
        {"name": name, "shape": list(values.shape), "dtype": "float32"} for name, values in weights.items()
    ]
    return [{"paths": paths, "weights": entries}]
