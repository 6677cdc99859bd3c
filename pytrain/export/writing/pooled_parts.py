"""Which poolings are in what goes into a Dense, and how much each place of the picture has in them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from pytrain.export.network import Array, Network, Node
from pytrain.export.shapes import same_padding

MEANS = ("global_mean", "average_pool")
MAXIMA = ("global_max", "max_pool")

MOST_SHARES = 2**14
"""Places x cells of a pooling in several cells. The map costs that much too, so finer grids get none."""


@dataclass(frozen=True)
class Part:
    """A run of the last Dense's inputs: one pooling of one picture.

    Attributes:
        pool: the pooling node.
        picture: the node that it pools, [h, w, c].
        first: which of the Dense's inputs its first one is.
        shares: float32 [h * w, cells], how much of a place goes into the mean of each cell; None for the
            maximum of the whole picture.
    """

    pool: Node
    picture: Node
    first: int
    shares: Array | None

    @property
    def cells(self) -> int:
        return 1 if self.shares is None else self.shares.shape[1]


def pooled_parts(network: Network, dense: Node) -> list[Part]:
    """The poolings in a Dense's input. What else is concatenated there has no place in the picture."""
    parts: list[Part] = []
    first = 0

    def collect(node: Node) -> None:
        nonlocal first
        while node.kind == "reshape" and _is_vector(node):
            node = network[node.inputs[0]]
        if node.kind == "concatenate" and _is_vector(node):
            for name in node.inputs:
                collect(network[name])
            return
        part = _part(network, node, first)
        if part is not None:
            parts.append(part)
        first += math.prod(node.shape)

    collect(network[dense.inputs[0]])
    return parts if len({part.picture.shape[:2] for part in parts}) == 1 else []


def _part(network: Network, pool: Node, first: int) -> Part | None:
    if pool.kind not in (*MEANS, *MAXIMA):
        return None
    picture = network[pool.inputs[0]]
    places, cells = picture.shape[:2], pool.shape[:2] if len(pool.shape) == 3 else (1, 1)
    settings = {"pool": places, "strides": places, "padding": "valid", **pool.config}
    if pool.kind in MAXIMA:
        whole = tuple(settings["pool"]) == places and settings["padding"] == "valid"
        return Part(pool, picture, first, None) if whole else None
    if math.prod(cells) > 1 and math.prod(places) * math.prod(cells) > MOST_SHARES:
        return None
    rows, columns = (
        _axis_shares(places[axis], cells[axis], settings["pool"][axis], settings["strides"][axis], settings)
        for axis in (0, 1)
    )
    return Part(pool, picture, first, np.kron(rows, columns).astype(np.float32))


def _axis_shares(places: int, cells: int, pool: int, stride: int, settings: dict[str, Any]) -> Any:
    """float64 [places, cells] along one axis. The padding is left out of a mean, as the backends do."""
    before = same_padding(places, pool, stride)[0] if settings["padding"] == "same" else 0
    distance = np.arange(places)[:, None] - (np.arange(cells) * stride - before)
    inside = (distance >= 0) & (distance < pool)
    return inside / inside.sum(axis=0)


def _is_vector(node: Node) -> bool:
    return all(size == 1 for size in node.shape[:-1])
