"""A model that was trained in the page, as a Keras model: no browser can write a Keras file into its bundle.

The heads are in the bundle, exactly; the backbone is the one of this machine. In the bundle it is rounded to
float16, so answers differ in the third decimal at most.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.bundle import GRAPH_MODEL, Bundle, weight_bytes
from pytrain.errors import ModelError

Array = npt.NDArray[Any]

DTYPES = {"float32": "<f4", "float16": "<f2", "int32": "<i4"}


def is_from_page(found: Bundle) -> bool:
    """Whether the page's trainer wrote a bundle, so that `rebuild` can open it."""
    return _backbone(found) is not None


def rebuild(found: Bundle) -> Any:
    """The Keras model of a bundle that the page's trainer wrote.

    Returns:
        As `pytrain.model.transfer.build`: float32 [batch, 224, 224, 3] in [-1, 1] to the dictionary
        {"probabilities": float32 [batch, classes], "known": float32 [batch, 1]}.

    Raises:
        ModelError: the bundle's backbone is not the one of this version of pytrain, or a head is missing.
    """
    from pytrain.model.backbones import load
    from pytrain.model.lens import LOGITS
    from pytrain.model.transfer import KNOWN_SCORES, build, level_of, set_heads

    wanted = _backbone(found)
    assert wanted is not None
    backbone = load(str(wanted.get("name")))
    weights = dict(stored_weights(found.path))
    width, classes = len(level_of(backbone)), len(found.labels)
    shapes = {
        f"{name}/{part}": shape
        for name, outputs in ((LOGITS, classes), (KNOWN_SCORES, classes + 1))
        for part, shape in (("kernel", (width, outputs)), ("bias", (outputs,)))
    }
    for name, shape in shapes.items():
        same = name in weights and weights[name].shape == shape
        if not same or backbone.digest != wanted.get("digest"):
            raise ModelError(
                f"{found.name} was trained in a page of another version of pytrain.",
                expected=f"heads on {width:,} numbers of {backbone.name}",
                fix="Train it again in the page that this pytrain serves, or from its pictures.",
            )
    model = build(backbone, classes)
    logits, known = ((weights[f"{name}/kernel"], weights[f"{name}/bias"]) for name in (LOGITS, KNOWN_SCORES))
    set_heads(model, logits, known)
    return model


def _backbone(found: Bundle) -> Mapping[str, Any] | None:
    source = found.metadata["pytrain"].get("source")
    backbone = source.get("backbone") if isinstance(source, Mapping) else None
    return backbone if isinstance(backbone, Mapping) else None


def stored_weights(folder: Path) -> Iterator[tuple[str, Array]]:
    """All weights of a bundle's graph.json that are plain numbers, by their full names."""
    for group in json.loads((folder / GRAPH_MODEL).read_text(encoding="utf-8"))["weightsManifest"]:
        data = b"".join((folder / path).read_bytes() for path in group["paths"])
        at = 0
        for entry in group["weights"]:
            dtype = DTYPES.get(entry.get("quantization", {}).get("dtype", entry["dtype"]))
            if dtype is not None:
                values = np.frombuffer(data, dtype, math.prod(entry["shape"]), at).reshape(entry["shape"])
                yield entry["name"], values.astype(entry["dtype"])
            at += weight_bytes(entry)
