"""What is drawn, whatever it is drawn with: the four shapes, and figures that are none of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pytrain.dataset.four_shapes import doodles, strokes
from pytrain.dataset.four_shapes.dice import Dice
from pytrain.dataset.four_shapes.outlines import (
    Points,
    normalised,
    outline,
    pentagram,
    rotated,
    rounded,
)


@dataclass(frozen=True)
class Figure:
    """One thing to draw, within the unit circle.

    Attributes:
        label: one of the four shapes, or "unknown".
        corners: its outline; for figures of lines only, their hull in no particular order.
        paths: open lines, for figures that have no inside; else empty.
        rounding: how round the corners are, 0 to 1.
    """

    label: str
    corners: Points
    paths: tuple[Points, ...] = ()
    rounding: float = 0.0

    @property
    def solid(self) -> bool:
        """Whether it can be filled or cut out."""
        return not self.paths

    def area(self) -> Points:
        return rounded(self.corners, self.rounding)

    def lines(self, dice: Dice, hand: strokes.Hand) -> list[Points]:
        """The lines by which a hand draws it."""
        if self.paths:
            return strokes.freely(dice, self.paths, hand)
        if self.label == "star" and dice.chance(0.3):
            # Only here may the inner corners lie where they want: straight lines from tip to tip give 0.382.
            one_go = strokes.Hand(hand.wobble, hand.miss, hand.passes, hand.sides and dice.chance(0.5))
            return strokes.closed(dice, pentagram(self.corners), one_go)
        sides = hand.sides and self.rounding < 0.15
        return strokes.closed(dice, self.area(), strokes.Hand(hand.wobble, hand.miss, hand.passes, sides))


def shape(dice: Dice, label: str, irregular: float) -> Figure:
    """One of the four, turned as people turn it: mostly upright, often any way."""
    corners = outline(label, dice, irregular)
    angle = dice.angle() if dice.chance(0.45) else dice.around(0, 0.1)
    if label == "triangle" and dice.chance(0.5):
        corners = _on_its_base(corners)
    rounding = (
        0.0
        if dice.chance(0.6)
        else dice.between(0.1, {"square": 0.5, "star": 0.75, "triangle": 0.45}.get(label, 0.1))
    )
    return Figure(label, normalised(rotated(corners, angle)), (), rounding)


def other(dice: Dice, solid: bool | None = None) -> Figure:
    """A figure that is none of the four.

    Args:
        solid: True for one with an inside, False for lines only, None for either.
    """
    if solid is None:
        solid = dice.chance(0.5)
    if solid:
        corners = normalised(dice.pick(doodles.SOLIDS)(dice))
        angle = dice.angle() if dice.chance(0.4) else dice.around(0, 0.15)
        rounding = dice.between(0, 0.5) if dice.chance(0.4) else 0.0
        return Figure("unknown", normalised(rotated(corners, angle)), (), rounding)
    paths = dice.pick(doodles.LINES)(dice)
    angle = dice.angle() if dice.chance(0.3) else dice.around(0, 0.12)
    paths = [rotated(path, angle) for path in paths]
    everything = np.concatenate(paths)
    middle = (everything.min(axis=0) + everything.max(axis=0)) / 2
    radius = float(np.linalg.norm(everything - middle, axis=1).max())
    return Figure(
        "unknown", (everything - middle) / radius, tuple((path - middle) / radius for path in paths)
    )


def _on_its_base(corners: Points) -> Points:
    sides = np.roll(corners, -1, axis=0) - corners
    base = sides[int(np.argmax(np.linalg.norm(sides, axis=1)))]
    level = rotated(corners, -float(np.arctan2(base[1], base[0])))
    tip_is_below = abs(level[:, 1].max() - np.median(level[:, 1])) > abs(
        level[:, 1].min() - np.median(level[:, 1])
    )
    return level * (1.0, -1.0) if tip_is_below else level
