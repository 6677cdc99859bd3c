"""Chance with a few plain words, so that a drawing reads like a description of what varies in it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T")


def seed_of(*parts: object) -> int:
    """A 64-bit seed from names and numbers; the same on every machine and in every process."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


class Dice:
    """All random choices of one picture, in order, from one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.Generator(np.random.PCG64(seed))

    def between(self, low: float, high: float) -> float:
        """Uniform in [low, high)."""
        return low + (high - low) * float(self.rng.random())

    def around(self, centre: float, spread: float) -> float:
        """Normal, cut off at two and a half spreads."""
        return centre + spread * min(2.5, max(-2.5, float(self.rng.standard_normal())))

    def log_between(self, low: float, high: float) -> float:
        """Between two positive numbers, each doubling equally likely."""
        return float(low * (high / low) ** float(self.rng.random()))

    def chance(self, probability: float) -> bool:
        return float(self.rng.random()) < probability

    def integer(self, low: int, high: int) -> int:
        """From low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def sign(self) -> int:
        return 1 if self.chance(0.5) else -1

    def angle(self) -> float:
        """In radians, any direction."""
        return self.between(0.0, 2 * np.pi)

    def pick(self, options: Sequence[T]) -> T:
        return options[int(self.rng.integers(len(options)))]

    def weighted(self, options: Mapping[T, float]) -> T:
        """One key, as likely as its value is large."""
        mark = float(self.rng.random()) * sum(options.values())
        for option, weight in options.items():
            mark -= weight
            if mark < 0:
                return option
        return option

    def normals(self, *shape: int) -> npt.NDArray[np.float64]:
        return self.rng.standard_normal(shape)

    def uniforms(self, *shape: int) -> npt.NDArray[np.float64]:
        return self.rng.random(shape)
