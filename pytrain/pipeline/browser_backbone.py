"""Makes what a browser trains with: a transfer network without classes of its own, and how to give it some.

    python -m pytrain.pipeline.browser_backbone web/backbone

The folder is a bundle with placeholder classes, which TensorFlow.js opens as any other, and beside it:

    head.json       what the page must know to fit heads as pytrain train does, and where in graph.json,
                    model.json and their constants the number of classes stands
    outsiders.bin   embeddings of generated pictures that show none of any classes: for each a least value and
                    a step, float32, then the steps, uint8 [pictures, width]
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pytrain.bundle import KERAS_MODEL, check_target, replacing, write_json
from pytrain.errors import PytrainError

if TYPE_CHECKING:
    from pytrain.export.prepare import Topologies
    from pytrain.export.writing.per_class import Growing
    from pytrain.export.writing.per_class import Path as Place
    from pytrain.export.writing.weights import Topology
    from pytrain.model.backbones import Backbone

Say = Callable[[str], None]
Floats = npt.NDArray[np.float32]

VERSION = 3
"""Of head.json; the page refuses any other."""

HEAD = "head.json"
OUTSIDERS = "outsiders.bin"

CLASSES = (7, 11, 13)
"""Numbers of classes that are no sizes of anything else in the network. The first is what the bundle has."""

BATCH = 16

STEPS = 255


def make(out: Path, *, say: Say = print) -> Path:
    """Writes the folder; what was there stays until all is well.

    Raises:
        PytrainError: the backbone is missing, the network cannot be exported, or the disk refused.
    """
    from pytrain.export import export
    from pytrain.model.backbones import load

    check_target(out)
    backbone = load()
    written = {classes: _topologies(_with_placeholders(backbone, classes)) for classes in CLASSES}
    say(f"Exporting {backbone.name} with {CLASSES[0]} placeholders for classes")
    scratch = out.parent / f".{out.name}.exported"
    exported = scratch / backbone.name
    try:
        export(
            _with_placeholders(backbone, CLASSES[0]),
            exported,
            labels=[f"class {number + 1}" for number in range(CLASSES[0])],
            weights="float16",
            accept_loss=True,
            input_range="-1..1",
            verify=False,
            say=say,
        )
        (exported / KERAS_MODEL).unlink()
        say("Embedding generated pictures of none of the classes")
        outsiders = _outsiders(backbone)
        with replacing(out) as folder:
            shutil.copytree(exported, folder, dirs_exist_ok=True)
            (folder / OUTSIDERS).write_bytes(_packed(outsiders))
            write_json(folder / HEAD, _head(backbone, written, outsiders), compact=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    say(f"{out}: {size / 1e6:.1f} MB")
    return out


def _with_placeholders(backbone: Backbone, classes: int) -> Any:
    """The network, its heads the same numbers every time."""
    from pytrain.model.transfer import build, level_of, set_heads

    draw = np.random.default_rng(0)
    width = len(level_of(backbone))
    model = build(backbone, classes)
    logits, known = (
        (draw.normal(0, 0.05, (width, outputs)).astype(np.float32), np.zeros(outputs, np.float32))
        for outputs in (classes, classes + 1)
    )
    set_heads(model, logits, known)
    return model


def _topologies(model: Any) -> Topologies:
    from pytrain.export.prepare import adapted, opened, topologies

    source = opened(model, lambda line: None)
    return topologies(adapted(source, "-1..1", False, None), lambda line: None)


def _head(backbone: Backbone, written: Mapping[int, Topologies], outsiders: Floats) -> dict[str, Any]:
    from pytrain.export.writing.per_class import growing_arrays, growing_numbers
    from pytrain.model.lens import LOGITS
    from pytrain.model.transfer import KNOWN, KNOWN_SCORES, level_of

    levels = level_of(backbone)
    graphs = {classes: found.graph for classes, found in written.items()}
    layers = {classes: found.layers for classes, found in written.items()}
    own = growing_arrays({classes: graph.own for classes, graph in graphs.items()})
    return {
        "version": VERSION,
        "key": f"{backbone.name}-{_digest(graphs[CLASSES[0]])[:16]}",
        "backbone": {"name": backbone.name, "digest": backbone.digest},
        "classes": CLASSES[0],
        "width": len(levels),
        "layers": {
            "logits": {"kernel": f"{LOGITS}/kernel", "bias": f"{LOGITS}/bias"},
            "known": {"kernel": f"{KNOWN_SCORES}/kernel", "bias": f"{KNOWN_SCORES}/bias"},
            "anyClass": f"{KNOWN}/kernel",
        },
        "perClass": {
            "graph": _listed(growing_numbers({n: graph.json for n, graph in graphs.items()})),
            "layers": _listed(growing_numbers({n: found.json for n, found in layers.items() if found})),
            "constants": {name: _listed(numbers) for name, numbers in own.items()},
        },
        "fit": _fit(levels),
        "outsiders": {"file": OUTSIDERS, "pictures": len(outsiders)},
    }


def _digest(graph: Topology) -> str:
    """Stands for the network but for its heads: whatever changes an embedding changes it."""
    from pytrain.model.lens import LOGITS
    from pytrain.model.transfer import KNOWN_SCORES

    digest = sha256(json.dumps(graph.json, sort_keys=True).encode())
    heads = (f"{LOGITS}/", f"{KNOWN_SCORES}/")
    for name, values in graph.weights.items():
        if not name.startswith(heads):
            digest.update(name.encode() + values.astype("<f2").tobytes())
    return digest.hexdigest()


def _listed(growing: Mapping[Place, Growing]) -> list[dict[str, Any]]:
    return [{"at": list(place), **asdict(number)} for place, number in growing.items()]


def _fit(level_of: npt.NDArray[np.int64]) -> dict[str, Any]:
    """The numbers of `pytrain.training` by which heads are fitted, so that both sides have the same."""
    from pytrain.evaluation import cross_validation
    from pytrain.model.imagenet_groups import GROUP_LEVEL
    from pytrain.model.transfer import ACROSS
    from pytrain.training import fitter, head

    cells = ACROSS * ACROSS
    of_cells = level_of[level_of != GROUP_LEVEL]
    return {
        "cells": cells,
        "levels": np.bincount(of_cells[: len(of_cells) // cells]).tolist(),
        "groups": len(level_of) - len(of_cells),
        "emphasis": asdict(head.EMPHASIS),
        "knownEmphasis": asdict(head.WITHOUT_GROUPS),
        "strengths": list(fitter.STRENGTHS),
        "usual": fitter.USUAL,
        "squaresPenalty": head.SQUARES_PENALTY,
        "sharpness": head.SHARPNESS,
        "few": head.FEW,
        "straying": head.STRAYING,
        "ridge": head.RIDGE,
        "folds": cross_validation.FOLDS,
        "rejected": cross_validation.REJECTED,
        "rejectedAtMost": cross_validation.REJECTED_AT_MOST,
        "even": cross_validation.EVEN,
        "accepted": cross_validation.ACCEPTED,
    }


def _outsiders(backbone: Backbone) -> Floats:
    """Embeddings of the generated pictures that heads learn from: float32 [pictures, width]."""
    from pytrain.image import to_input
    from pytrain.model.transfer import embedder
    from pytrain.training.outsiders import TAUGHT

    network = embedder(backbone)
    parts = []
    for start in range(0, TAUGHT.count, BATCH):
        numbers = range(start, min(start + BATCH, TAUGHT.count))
        parts.append(np.asarray(network(np.stack([to_input(TAUGHT.draw(n)) for n in numbers]))))
    return np.concatenate(parts)


def _packed(rows: Floats) -> bytes:
    least = rows.min(axis=1, keepdims=True)
    step = np.maximum(rows.max(axis=1, keepdims=True) - least, np.float32(1e-9)) / np.float32(STEPS)
    steps = np.rint((rows - least) / step).astype(np.uint8)
    ranges: bytes = np.concatenate([least, step], axis=1).astype("<f4").tobytes()
    values: bytes = steps.tobytes()
    return ranges + values


def unpacked(data: bytes, pictures: int) -> Floats:
    """What `outsiders.bin` holds: float32 [pictures, width]."""
    ranges = np.frombuffer(data, "<f4", 2 * pictures).reshape(pictures, 2, 1)
    steps = np.frombuffer(data, np.uint8, offset=8 * pictures).reshape(pictures, -1)
    return np.asarray(ranges[:, 0] + ranges[:, 1] * steps, np.float32)


def main() -> int:
    """The command: where to write is its only argument."""
    try:
        make(Path(sys.argv[1] if len(sys.argv) > 1 else "web/backbone"))
    except PytrainError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
