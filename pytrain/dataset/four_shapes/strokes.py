"""How a hand draws an outline: wobbling, missing the corners, not quite closing, going over it twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pytrain.dataset.four_shapes.dice import Dice
from pytrain.dataset.four_shapes.outlines import Points, resampled, rotated

STEP = 0.07
"""Distance between the points of a drawn line, in units of the shape's radius."""


@dataclass(frozen=True)
class Hand:
    """How somebody draws, in units of the shape's radius.

    Attributes:
        wobble: how far a line strays.
        miss: how far ends and corners miss each other.
        passes: how often the outline is gone over.
        sides: draws every side as a line of its own instead of all in one go.
    """

    wobble: float
    miss: float
    passes: int
    sides: bool


def any_hand(dice: Dice) -> Hand:
    skill = dice.weighted({"ruler": 1.5, "good": 4, "quick": 3, "child": 1.5})
    wobble = {"ruler": 0.0, "good": 0.012, "quick": 0.03, "child": 0.05}[skill] * dice.between(0.6, 1.3)
    miss = {"ruler": 0.005, "good": 0.04, "quick": 0.1, "child": 0.12}[skill] * dice.between(0.5, 1.2)
    passes = dice.weighted({1: 7, 2: 2, 3: 0.7}) if skill != "ruler" else 1
    return Hand(wobble, miss, passes, dice.chance(0.4))


def closed(dice: Dice, corners: Points, hand: Hand) -> list[Points]:
    """The lines that draw a closed outline, float64 [n, 2] each."""
    paths: list[Points] = []
    for _ in range(hand.passes):
        if hand.sides and len(corners) <= 20:
            paths += [_side(dice, corners[i - 1], corners[i], hand) for i in range(len(corners))]
        else:
            paths.append(_in_one_go(dice, corners, hand))
    return paths


def freely(dice: Dice, paths: Sequence[Points], hand: Hand) -> list[Points]:
    """Open lines as this hand draws them."""
    return [wobbled(dice, resampled(path, STEP, closed=False), hand.wobble) for path in paths]


def wobbled(dice: Dice, path: Points, amount: float) -> Points:
    """Strays from the path by about `amount`, slowly, with a little tremor."""
    if amount <= 0:
        return path
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])[:, None]
    stray = np.zeros_like(path)
    for frequency, share in ((0.25, 0.9), (0.7, 0.6), (1.6, 0.35), (4.0, 0.12)):
        phase = 2 * np.pi * dice.uniforms(1, 2)
        stray += share * np.sin(2 * np.pi * frequency * dice.between(0.7, 1.4) * along + phase)
    return np.asarray(path + amount * stray)


def _side(dice: Dice, start: Points, end: Points, hand: Hand) -> Points:
    direction = (end - start) / max(1e-9, float(np.linalg.norm(end - start)))
    start = start + direction * hand.miss * dice.between(-0.7, 0.5)
    end = end + direction * hand.miss * dice.between(-0.4, 1.2)
    shift = 0.3 * hand.miss * dice.normals(2)
    return wobbled(dice, resampled(np.stack([start, end]) + shift, STEP, closed=False), hand.wobble)


def _in_one_go(dice: Dice, corners: Points, hand: Hand) -> Points:
    if dice.chance(0.5):
        corners = corners[::-1]
    path = np.roll(resampled(corners, STEP), -dice.integer(0, 12 if len(corners) > 20 else 0), axis=0)
    overlap = round(dice.between(-0.8, 2.2) * hand.miss / STEP)
    path = path[:overlap] if overlap < 0 else np.concatenate([path, path[: overlap + 1]])
    # The end of the line drifts away from its start, as it does when the eye follows the pen.
    drift = np.linspace(-0.5, 0.5, len(path))[:, None] * hand.miss * dice.normals(1, 2) * 0.8
    return wobbled(dice, path + drift, hand.wobble)


def hatching(dice: Dice, spacing: float, hand: Hand) -> list[Points]:
    """Lines that cover the unit circle, as one shades an area; some as one zig-zag."""
    rows = np.arange(-1.05, 1.05, spacing)
    lines = [np.array([[-1.1, y], [1.1, y + dice.between(-0.5, 0.5) * spacing]]) for y in rows]
    if dice.chance(0.6):
        turns = [line if i % 2 else line[::-1] for i, line in enumerate(lines)]
        lines = [np.concatenate(turns)]
    angle = dice.angle()
    return [rotated(line, angle) for line in freely(dice, lines, hand)]
