"""The four shapes as polygons, in all the proportions that people give them.

An outline is float64 [points, 2], closed (the last point joins the first), centred, with its farthest
point at distance 1. x goes right, y goes down.

What counts as which shape:
- square: sides' ratio at most `SQUARE_RATIO`. Rectangles from there to `RECTANGLE_RATIO` are never drawn as a
  subject, for people disagree on them; longer ones appear only in clutter and in `unknown` pictures.
- circle: axes' ratio at most `CIRCLE_RATIO`; ovals longer than `OVAL_RATIO` are `unknown`, none lie between.
  (Perspective may add to both.)
- triangle: every angle from `LEAST_ANGLE` to `GREATEST_ANGLE` degrees.
- star: five points, inner radius `STAR_RATIO` of the outer one. Other numbers of points are never drawn.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pytrain.dataset.four_shapes.dice import Dice

Points = npt.NDArray[np.float64]

LABELS = ("circle", "square", "star", "triangle")

SQUARE_RATIO = 1.15
RECTANGLE_RATIO = 1.8
CIRCLE_RATIO = 1.15
OVAL_RATIO = 1.7
LEAST_ANGLE = 26.0
GREATEST_ANGLE = 118.0
STAR_RATIO = (0.3, 0.6)
PENTAGRAM_RATIO = 0.381966
"""Inner to outer radius of a star whose sides run straight from tip to tip: 1 / golden ratio squared."""


def circle(dice: Dice, irregular: float = 0.0) -> Points:
    """64 points of a circle; `irregular` from 0 (drawn with compasses) to 1 (a child's hand)."""
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    ratio = 1.0 if dice.chance(0.3) else dice.between(1.0, 1.06 + 0.09 * min(1.0, irregular))
    outline = np.stack([np.cos(angles), np.sin(angles) / ratio], axis=1)
    radius = np.ones(64)
    for order in (2, 3, 4, 5):
        radius += (
            irregular * 0.035 / order * float(dice.normals(1)[0]) * np.cos(order * angles + dice.angle())
        )
    return normalised(rotated(outline * radius[:, None], dice.angle()))


def square(dice: Dice, irregular: float = 0.0) -> Points:
    """4 corners; sides' ratio within `SQUARE_RATIO`, then each corner moved by at most 5 % of a side."""
    ratio = (
        1.0 if dice.chance(0.45) else dice.between(1.0, 1.05 + (SQUARE_RATIO - 1.05) * min(1.0, irregular))
    )
    corners = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]) * (1.0, 1.0 / ratio)
    return normalised(_disturbed(dice, corners, 0.1 * irregular / ratio))


def triangle(dice: Dice, irregular: float = 0.0) -> Points:
    """3 corners; every angle within [LEAST_ANGLE, GREATEST_ANGLE]."""
    kind = dice.weighted({"equilateral": 3, "isosceles": 3, "right": 2, "any": 3})
    while True:
        if kind == "equilateral":
            angles = [60.0, 60.0]
        elif kind == "isosceles":
            base = dice.between(33, 74)
            angles = [base, base]
        elif kind == "right":
            angles = [90.0, dice.between(30, 60)]
        else:
            angles = [dice.between(LEAST_ANGLE, GREATEST_ANGLE), dice.between(LEAST_ANGLE, GREATEST_ANGLE)]
        corners = _disturbed(dice, _from_angles(angles[0], angles[1]), 0.05 * irregular)
        found = interior_angles(corners)
        closes = angles[0] + angles[1] < 180
        if closes and found.min() >= LEAST_ANGLE and found.max() <= GREATEST_ANGLE:
            break
    if dice.chance(0.5):
        corners = corners[::-1] * (-1.0, 1.0)
    return normalised(corners)


def star(dice: Dice, irregular: float = 0.0, ratio: float | None = None) -> Points:
    """10 corners, outer and inner in turn, the first one pointing up."""
    if ratio is None:
        ratio = PENTAGRAM_RATIO if dice.chance(0.25) else dice.between(*STAR_RATIO)
        if dice.chance(0.4):
            ratio = 0.5 * (ratio + dice.between(0.38, 0.5))
    angles = np.arange(10) * np.pi / 5 - np.pi / 2
    radius = np.where(np.arange(10) % 2 == 0, 1.0, ratio)
    corners = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius[:, None]
    # Stars with shallow notches stand less disorder before a notch is lost.
    loose = min(0.12, 0.33 * (np.cos(np.pi / 5) - ratio))
    return normalised(_disturbed(dice, corners, loose * irregular))


def outline(label: str, dice: Dice, irregular: float = 0.0) -> Points:
    """The corners of one of the four shapes, not yet turned."""
    return {"circle": circle, "square": square, "star": star, "triangle": triangle}[label](dice, irregular)


def pentagram(star_corners: Points) -> Points:
    """The one-stroke way to draw a star: its outer corners, each joined to the next but one; 5 points."""
    return np.asarray(star_corners[::2][[0, 2, 4, 1, 3]])


def interior_angles(corners: Points) -> npt.NDArray[np.float64]:
    """Degrees at each corner, in [0, 180] (a reflex angle is given as its complement to 360)."""
    before, after = np.roll(corners, 1, axis=0) - corners, np.roll(corners, -1, axis=0) - corners
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    cosines = (before * after).sum(axis=1) / np.maximum(lengths, 1e-12)
    return np.asarray(np.degrees(np.arccos(np.clip(cosines, -1, 1))))


def rounded(corners: Points, amount: float, steps: int = 5) -> Points:
    """Cuts every corner to an arc.

    Args:
        corners: an outline with few points; one with more than 20 is round already and comes back as it is.
        amount: share of the half of each side that the arc takes, from 0 (sharp) to 1.
        steps: points on each arc.
    """
    if amount <= 0.01 or len(corners) > 20:
        return corners
    before, after = np.roll(corners, 1, axis=0) - corners, np.roll(corners, -1, axis=0) - corners
    reach = 0.5 * amount * np.minimum(np.linalg.norm(before, axis=1), np.linalg.norm(after, axis=1))[:, None]
    start = corners + before / np.linalg.norm(before, axis=1, keepdims=True) * reach
    end = corners + after / np.linalg.norm(after, axis=1, keepdims=True) * reach
    t = np.linspace(0, 1, steps)[None, :, None]
    arcs = (1 - t) ** 2 * start[:, None] + 2 * t * (1 - t) * corners[:, None] + t**2 * end[:, None]
    return np.asarray(arcs.reshape(-1, 2))


def resampled(points: Points, step: float, closed: bool = True) -> Points:
    """Points at about equal steps along a line; corners that lie between two steps are kept."""
    path = np.concatenate([points, points[:1]]) if closed else points
    lengths = np.linalg.norm(np.diff(path, axis=0), axis=1)
    pieces = [
        path[i] + (path[i + 1] - path[i]) * (np.arange(n := max(1, round(length / step))) / n)[:, None]
        for i, length in enumerate(lengths)
    ]
    return np.concatenate(pieces if closed else [*pieces, path[-1:]])


def normalised(points: Points) -> Points:
    """Centred on the middle of its bounding box, farthest point at distance 1."""
    points = points - (points.min(axis=0) + points.max(axis=0)) / 2
    return np.asarray(points / np.linalg.norm(points, axis=1).max())


def rotated(points: Points, angle: float) -> Points:
    """Turned clockwise on the screen by an angle in radians."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.asarray(points @ np.array([[cosine, sine], [-sine, cosine]]))


def smooth(
    corners: Sequence[Sequence[float] | Points] | Points, steps: int = 6, closed: bool = True
) -> Points:
    """A Catmull-Rom curve through the corners."""
    p1 = np.asarray(corners, dtype=np.float64)
    if closed:
        p0, p2, p3 = np.roll(p1, 1, axis=0), np.roll(p1, -1, axis=0), np.roll(p1, -2, axis=0)
    else:
        padded = np.concatenate([p1[:1], p1, p1[-1:]])
        p0, p1, p2 = padded[:-3], padded[1:-2], padded[2:-1]
        p3 = padded[3:]
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    a, b, c, d = (p[:, None] for p in (p0, p1, p2, p3))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    flat = curve.reshape(-1, 2)
    return np.asarray(flat if closed else np.concatenate([flat, p2[-1:]]))


def _from_angles(first: float, second: float) -> Points:
    third = 180 - first - second
    if third <= 0:
        return np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    side = np.sin(np.radians(second)) / np.sin(np.radians(third))
    tip = side * np.array([np.cos(np.radians(first)), -np.sin(np.radians(first))])
    return np.array([[0.0, 0.0], [1.0, 0.0], tip])


def _disturbed(dice: Dice, corners: Points, amount: float) -> Points:
    return corners + amount * (2 * dice.uniforms(*corners.shape) - 1) if amount > 0 else corners
