"""Weight files: each weight once, cut at 4 MiB, and read back as TensorFlow.js reads it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytrain.export import node
from pytrain.export.writing.weights import SHARD_BYTES, as_stored, encode, write_group, write_manifests

CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass
class Topology:
    """Stands for a model.json or graph.json."""

    json: dict[str, Any]
    weights: dict[str, Any]
    own: dict[str, Any] = field(default_factory=dict)


def random_weights(*shape: int, seed: int = 0, spread: float = 1.0) -> Any:
    return (np.random.default_rng(seed).normal(0, spread, shape)).astype(np.float32)


def manifest(folder: Path, file: str) -> Any:
    return json.loads((folder / file).read_text(encoding="utf-8"))["weightsManifest"]


def read_by_tensorflow_js(folder: Path, file: str) -> dict[str, Any]:
    """All weights of a manifest as TensorFlow.js decodes them from its files."""
    program = node.find()
    assert program is not None, "Node.js is needed to develop pytrain"
    script = """
        import { readFileSync } from 'node:fs';
        import { io } from '@tensorflow/tfjs-core';
        import '@tensorflow/tfjs-backend-cpu';
        const [folder, file] = process.argv.slice(-2);
        const groups = JSON.parse(readFileSync(`${folder}/${file}`)).weightsManifest;
        const buffers = groups.flatMap((group) => group.paths).map((path) => {
          const bytes = readFileSync(`${folder}/${path}`);
          return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
        });
        const tensors = io.decodeWeights(buffers, groups.flatMap((group) => group.weights));
        const values = Object.entries(tensors).map(([name, tensor]) => [name, Array.from(tensor.dataSync())]);
        console.log(JSON.stringify(Object.fromEntries(values)));
    """
    command = [program, "--input-type=module", "--eval", script, str(folder), file]
    done = subprocess.run(
        command, cwd=CHECKOUT, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_files_are_cut_at_4_mib_and_named_after_their_content(tmp_path: Path) -> None:
    values = np.arange(SHARD_BYTES // 4 + 10, dtype=np.float32)
    group = write_group(tmp_path, "weights", {"first/kernel": values[:100], "layer/kernel": values})
    sizes = [(tmp_path / path).stat().st_size for path in group["paths"]]
    assert sizes == [SHARD_BYTES, 440]
    joined = b"".join((tmp_path / path).read_bytes() for path in group["paths"])
    assert np.array_equal(np.frombuffer(joined, "<f4")[100:], values)
    assert write_group(tmp_path, "weights", {"a": values[:100], "b": values})["paths"] == group["paths"]


def test_both_topologies_name_the_same_files_and_keep_what_is_their_own_apart(tmp_path: Path) -> None:
    shared = {"conv/kernel": random_weights(3, 3, 3, 8), "conv/bias": random_weights(8)}
    layers = Topology({"format": "layers-model"}, shared, {"resize/kernel": random_weights(4, 2)})
    graph = Topology({"format": "graph-model"}, shared, {"axis": np.array([1, 2], np.int32)})
    size = write_manifests(tmp_path, layers, graph, {"conv/kernel": "float16"})
    first, own = manifest(tmp_path, "model.json")
    assert first == manifest(tmp_path, "graph.json")[0]
    assert [weight["name"] for weight in own["weights"]] == ["resize/kernel"]
    assert manifest(tmp_path, "graph.json")[1]["weights"] == [
        {"name": "axis", "shape": [2], "dtype": "int32"}
    ]
    assert size == sum(file.stat().st_size for file in tmp_path.glob("*.bin")) == 216 * 2 + 32 + 32 + 8


def test_a_graph_alone_has_no_model_json(tmp_path: Path) -> None:
    write_manifests(tmp_path, None, Topology({}, {"a": random_weights(3)}))
    assert not (tmp_path / "model.json").exists()
    assert len(manifest(tmp_path, "graph.json")) == 1


@pytest.mark.parametrize("dtype", ["float32", "float16", "uint8"])
@pytest.mark.parametrize("own", [1, 10, 100_000])
def test_tensorflow_js_reads_back_what_python_expects(dtype: str, own: int, tmp_path: Path) -> None:
    # Odd numbers of values, so that what follows lies at odd places; a file of its own of any size.
    shared = {
        "a/kernel": random_weights(7, 11),
        "b/kernel": random_weights(5, 13, seed=1),
        "b/bias": random_weights(3),
    }
    dtypes = {"a/kernel": dtype, "b/kernel": dtype}
    graph = Topology({}, shared, {"own/kernel": random_weights(own, seed=2)})
    write_manifests(tmp_path, Topology({}, shared), graph, dtypes)
    found = read_by_tensorflow_js(tmp_path, "graph.json")
    for name, values in {**shared, **graph.own}.items():
        expected = as_stored(values, dtypes.get(name, "float32"))
        assert np.array_equal(np.array(found[name], np.float32), expected.ravel()), name


@pytest.mark.parametrize(
    "values",
    [
        np.array([[0.0, 0.0]], np.float32),
        np.array([[3.5, 3.5]], np.float32),
        np.array([[-1.0, 0.0, 0.3, 2.0]], np.float32),
        np.array([[5.0, 5.5, 9.0]], np.float32),
        np.array([[-9.0, -5.5, -5.0]], np.float32),
        np.zeros((0, 3), np.float32),
        random_weights(50, 50, spread=0.01),
    ],
)
def test_uint8_is_at_most_half_a_step_off_and_keeps_zero(values: Any) -> None:
    stored = as_stored(values, "uint8")
    step = (values.max() - values.min()) / 255 if values.size else 0
    assert stored.dtype == np.float32
    assert np.abs(stored - values).max(initial=0) <= step * 1.001
    assert not stored[values == 0].any()


def test_the_manifest_says_what_tensorflow_js_wants() -> None:
    values = random_weights(3, 3)
    _, plain = encode("a", values)
    _, half = encode("a", values, "float16")
    data, small = encode("a", values, "uint8")
    assert plain == {"name": "a", "shape": [3, 3], "dtype": "float32"}
    assert half["quantization"] == {"dtype": "float16"}
    assert set(small["quantization"]) == {"dtype", "scale", "min", "original_dtype"}
    assert len(data) == 9
