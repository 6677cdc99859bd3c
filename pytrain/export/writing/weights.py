"""Weight files: both topologies name the same shards, cut at 4 MiB and named after their content.

How TensorFlow.js reads smaller numbers back stands in decodeWeight of
@tensorflow/tfjs-core/dist/io/io_utils.js; `as_stored` does the same sums.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pytrain.bundle import GRAPH_MODEL, LAYERS_MODEL, write_json
from pytrain.export.network import Array

SHARD_BYTES = 4 * 1024 * 1024
"""The size that TensorFlow.js's own converter cuts at, so that browsers can cache each file."""

STEPS = 255
"""From the least to the greatest value of a uint8."""

Numbers = npt.NDArray[Any]


class Topology(Protocol):
    """A model.json or graph.json without its weights manifest; see layers_model.py and graph_model.py."""

    @property
    def json(self) -> dict[str, Any]: ...
    @property
    def weights(self) -> Mapping[str, Array]: ...
    @property
    def own(self) -> Mapping[str, Numbers]: ...


def write_manifests(
    folder: Path, layers: Topology | None, graph: Topology, dtypes: Mapping[str, str] | None = None
) -> int:
    """Writes the weights once, and model.json and graph.json, whose manifests name them.

    Args:
        folder: where to write.
        layers: what model.json shall hold; None leaves it out.
        graph: what graph.json shall hold.
        dtypes: "float16" or "uint8" by full weight name; all others are float32.

    Returns:
        Bytes of all weight files.
    """
    shared = dict(graph.weights)
    if layers is not None:
        shared = {name: values for name, values in graph.weights.items() if name in layers.weights}
    group = write_group(folder, "weights", shared, dtypes)
    for topology, file, own_name in ((layers, LAYERS_MODEL, "layers"), (graph, GRAPH_MODEL, "constants")):
        if topology is None:
            continue
        alone = {name: values for name, values in topology.weights.items() if name not in shared}
        own = write_group(folder, own_name, {**alone, **topology.own}, dtypes)
        manifest = _in_readable_order(folder, [found for found in (group, own) if found["weights"]])
        write_json(folder / file, {**topology.json, "weightsManifest": manifest}, compact=True)
    return sum(file.stat().st_size for file in folder.glob("*.bin"))


def write_group(
    folder: Path, prefix: str, weights: Mapping[str, Numbers], dtypes: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Writes `<prefix>-<hash>.bin` files of at most 4 MiB and returns the manifest's group that names them.

    Args:
        folder: where to write.
        prefix: of the files' names.
        weights: full name (`layer/kernel`) to float32, int32 or bool array, in the order of the files.
        dtypes: "float16" or "uint8" for the names that are to be stored so.
    """
    entries: list[dict[str, Any]] = []

    def encoded() -> Iterator[bytes]:
        for name, values in weights.items():
            data, entry = encode(name, values, (dtypes or {}).get(name, "float32"))
            entries.append(entry)
            yield data

    paths = [_write_shard(folder, prefix, shard) for shard in _cut(encoded())]
    return {"paths": paths, "weights": entries}


def _in_readable_order(folder: Path, groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """TensorFlow.js 4.22 takes files for equally large if all but the last are, and misreads a larger last.

    See findShardForByte in @tensorflow/tfjs-core/dist/io/composite_array_buffer.js.
    """
    sizes = [(folder / name).stat().st_size for group in groups for name in group["paths"]]
    misread = len(sizes) > 1 and sizes[-1] > sizes[0] and len(set(sizes[:-1])) == 1
    return groups[::-1] if misread else groups


def encode(name: str, values: Numbers, dtype: str = "float32") -> tuple[bytes, dict[str, Any]]:
    """One weight's bytes, and its entry in the manifest.

    Args:
        name: its full name.
        values: float32, int32 or bool.
        dtype: how a float32 array is stored: "float32", "float16" or "uint8".
    """
    entry: dict[str, Any] = {"name": name, "shape": list(values.shape), "dtype": str(values.dtype)}
    if values.dtype != np.float32 or dtype == "float32":
        return np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes(), entry
    if dtype == "float16":
        return values.astype("<f2").tobytes(), {**entry, "quantization": {"dtype": "float16"}}
    steps, scale, least = _to_uint8(values)
    quantization = {"dtype": "uint8", "scale": scale, "min": least, "original_dtype": "float32"}
    return steps.tobytes(), {**entry, "quantization": quantization}


def as_stored(values: Array, dtype: str) -> Array:
    """What TensorFlow.js makes of a stored weight: float32, the same shape."""
    if dtype == "float16":
        return values.astype(np.float16).astype(np.float32)
    if dtype == "uint8":
        steps, scale, least = _to_uint8(values)
        # JavaScript computes in double precision and rounds when it stores.
        return (steps.astype(np.float64) * scale + least).astype(np.float32)
    return values


def _to_uint8(values: Array) -> tuple[npt.NDArray[np.uint8], float, float]:
    """Steps, and the scale and least value that give them a meaning: value = step * scale + least."""
    low, high = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
    if not low < high:
        return np.zeros(values.shape, np.uint8), 1.0, low if values.size else 0.0
    scale = (high - low) / STEPS
    if low < 0 < high:
        # Zero keeps its exact value: weights that were pruned away stay away.
        low = -round(-low / scale) * scale
    steps = np.rint((values.astype(np.float64) - low) / scale)
    return np.clip(steps, 0, STEPS).astype(np.uint8), scale, low


def _cut(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Joins the parts and cuts them at SHARD_BYTES, with no more than one shard in memory beside a part."""
    waiting = bytearray()
    for part in parts:
        view = memoryview(part)
        while view:
            room = SHARD_BYTES - len(waiting)
            waiting += view[:room]
            view = view[room:]
            if len(waiting) == SHARD_BYTES:
                yield bytes(waiting)
                waiting.clear()
    if waiting:
        yield bytes(waiting)


def _write_shard(folder: Path, prefix: str, shard: bytes) -> str:
    name = f"{prefix}-{hashlib.sha256(shard).hexdigest()[:16]}.bin"
    (folder / name).write_bytes(shard)
    return name
