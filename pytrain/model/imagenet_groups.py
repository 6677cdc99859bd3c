"""Groups of ImageNet's classes that a network takes for alike: dogs, birds, fruit, vehicles.

What a classifier learned of 1,000 classes stands in its last layer: the more alike two classes are to it, the
nearer are their weights. So no list of what belongs together is needed, and every network with a classifier
has groups of its own.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

Floats = npt.NDArray[np.float32]

COUNTS = (8, 16, 32, 64, 128)
"""Into how many groups the classes are parted, coarsely and finely. WordNet's kinds of things, in place of
them, do as well."""

GROUP_LEVEL = 2
"""Stands for groups where the numbers of an embedding are told apart by the level that they come from."""


def groups_of(kernel: Floats) -> Floats:
    """Which classes belong to which groups, by Ward's method (1963) on the angles between their weights.

    Args:
        kernel: float32 [c, classes], of the classifier's last layer.

    Returns:
        float32 [classes, g], 1 where a class belongs to a group; a class is in one group of each parting.
    """
    return _groups(np.ascontiguousarray(kernel, np.float32).tobytes(), kernel.shape[1]).copy()


@lru_cache(maxsize=2)
def _groups(kernel: bytes, classes: int) -> Floats:
    weights = np.frombuffer(kernel, np.float32).reshape(-1, classes).T
    weights = weights - weights.mean(axis=0)
    directions = (weights / np.linalg.norm(weights, axis=1, keepdims=True)).astype(np.float64)
    # One product of matrices gives all distances of directions, much sooner than pair by pair.
    distances = np.sqrt(np.maximum(2 - 2 * directions @ directions.T, 0))
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), "ward")
    partings = [fcluster(tree, min(count, classes), "maxclust") for count in COUNTS]
    return np.concatenate([np.eye(of.max(), dtype=np.float32)[of - 1] for of in partings], axis=1)
