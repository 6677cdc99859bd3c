"""Embeddings made by hand, for tests of what learns from them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pytrain.training.feature_cache import Features

Floats = npt.NDArray[np.float32]


def features_of(embeddings: npt.ArrayLike) -> Features:
    """As the cache gives them: [pictures, width], or [pictures, 1 + views, width] with views."""
    values = np.asarray(embeddings, np.float16)
    values = values[:, None] if values.ndim == 2 else values
    pictures, shown, width = values.shape
    rows = np.arange(pictures * shown).reshape(pictures, shown)
    return Features(width, (values.reshape(-1, width),), np.zeros_like(rows), rows)


def with_views(
    embeddings: npt.ArrayLike, views: int = 2, straying: npt.ArrayLike = 0.1, seed: int = 0
) -> Floats:
    """Adds views that lie around each picture: float32 [pictures, 1 + views, width]."""
    pictures = np.asarray(embeddings, np.float32)
    moved = np.random.default_rng(seed).normal(0, 1, (len(pictures), views, pictures.shape[1]))
    return np.concatenate([pictures[:, None], pictures[:, None] + moved * straying], axis=1).astype(
        np.float32
    )


def clouds(count: int, classes: int, width: int, apart: float, seed: int = 0) -> tuple[Floats, np.ndarray]:
    """Classes as round clouds of spread 1 around centres: float32 [count, width] and int64 [count]."""
    draw = np.random.default_rng(seed)
    truth = np.arange(count) % classes
    centres = draw.normal(0, apart, (classes, width))
    return (centres[truth] + draw.normal(0, 1, (count, width))).astype(np.float32), truth
