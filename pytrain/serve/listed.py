"""How models.json describes a model to the pages, on a server and on a published site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pytrain import bundle
from pytrain.bundle import Bundle

GOLDEN_PICTURE = "golden/00.png"
"""Of a bundle: the first picture that it brings, by which people know it."""


def listed(found: Bundle) -> dict[str, Any]:
    """One entry; addresses are relative to models.json."""
    block: Mapping[str, Any] = found.metadata["pytrain"]
    metrics: Mapping[str, Any] = block.get("metrics", {})
    url = f"models/{quote(found.name)}/"
    return {
        "name": found.name,
        "labels": list(found.labels),
        "url": url,
        "bytes": block.get("weights", {}).get("bytes", 0),
        "accuracy": {
            name: values["accuracy"]
            for name, values in metrics.items()
            if isinstance(values, Mapping) and "accuracy" in values
        },
        "report": url + bundle.REPORT if (found.path / bundle.REPORT).is_file() else None,
        "thumbnail": url + GOLDEN_PICTURE if (found.path / GOLDEN_PICTURE).is_file() else None,
    }
