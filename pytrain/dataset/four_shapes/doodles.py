"""Figures that are none of the four shapes: hearts, arrows, letters, scribbles, drawn by the same hands.

Left out is what people might call by one of the four names: hexagons, near-squares, wide ovals, other stars.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pytrain.dataset.four_shapes.dice import Dice
from pytrain.dataset.four_shapes.outlines import OVAL_RATIO, RECTANGLE_RATIO, Points, smooth


def _heart(dice: Dice) -> Points:
    t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
    return np.stack([x, y * dice.between(0.85, 1.15)], axis=1)


def _moon(dice: Dice) -> Points:
    t = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 24)
    bite = dice.between(-0.2, 0.6)
    outer = np.stack([np.cos(t), np.sin(t)], axis=1)
    inner = np.stack([bite * np.cos(t), np.sin(t)], axis=1)[::-1]
    return np.concatenate([outer, inner])


def _plus(dice: Dice) -> Points:
    a, b = dice.between(0.15, 0.4), 1.0
    c = b if dice.chance(0.6) else dice.between(1, 1.6)
    return np.array(
        [
            [-a, -b],
            [a, -b],
            [a, -a],
            [b, -a],
            [b, a],
            [a, a],
            [a, c],
            [-a, c],
            [-a, a],
            [-b, a],
            [-b, -a],
            [-a, -a],
        ]
    )


def _block_arrow(dice: Dice) -> Points:
    a, neck, head = dice.between(0.12, 0.35), dice.between(-0.2, 0.45), dice.between(0.5, 0.9)
    right = [[1.0, 0.0], [neck, head], [neck, a], [-1.0, a]]
    if dice.chance(0.25):
        return (
            np.array(
                [
                    [1.0, 0.0],
                    [neck, head],
                    [neck, a],
                    [-neck, a],
                    [-neck, head],
                    [-1.0, 0.0],
                    [-neck, -head],
                    [-neck, -a],
                    [neck, -a],
                    [neck, -head],
                ]
            )
            if neck > 0.1
            else np.array([*right, [-1.0, -a], [neck, -a], [neck, -head]])
        )
    return np.array([*right, [-1.0, -a], [neck, -a], [neck, -head]])


def _bolt(dice: Dice) -> Points:
    k = dice.between(0.1, 0.35)
    return np.array(
        [
            [0.2, -1.0],
            [-0.55, 0.15],
            [-0.05, 0.1],
            [-0.25, 1.0],
            [0.55, -0.15 - k / 2],
            [0.05, -0.2],
            [0.35, -1],
        ]
    )


def _drop(dice: Dice) -> Points:
    t = np.linspace(0.0, 2 * np.pi, 40, endpoint=False)
    sharp = dice.between(1.2, 2.5)
    return np.stack([np.sin(t) * np.sin(t / 2) ** sharp * 0.75, -np.cos(t)], axis=1)


def _cloud(dice: Dice) -> Points:
    bumps = dice.integer(5, 8)
    t = np.linspace(0, 2 * np.pi, 80, endpoint=False)
    radius = 0.75 + 0.22 * np.abs(np.sin(bumps * t / 2))
    return np.stack([radius * np.cos(t), radius * np.sin(t) / dice.between(1.5, 2.0)], axis=1)


def _long_box(dice: Dice) -> Points:
    ratio = dice.between(RECTANGLE_RATIO + 0.3, 5)
    skew = dice.between(-0.2, 0.2) if dice.chance(0.3) else 0.0
    return np.array([[-ratio + skew, -1.0], [ratio + skew, -1], [ratio - skew, 1], [-ratio - skew, 1]])


def _oval(dice: Dice) -> Points:
    t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return np.stack([np.cos(t), np.sin(t) / dice.between(OVAL_RATIO + 0.25, 3.5)], axis=1)


def _half_disc(dice: Dice) -> Points:
    span = dice.between(0.35, 0.95) * np.pi
    t = np.linspace(-span / 2, span / 2, 30)
    arc = np.stack([np.cos(t), np.sin(t)], axis=1)
    return arc if dice.chance(0.7) else np.concatenate([arc, arc[::-1] * 0.6])


def _bubble(dice: Dice) -> Points:
    w, h = dice.between(1.1, 1.6), dice.between(0.5, 0.65)
    x = dice.between(-0.6, 0.4)
    return np.array(
        [[-w, -h], [w, -h], [w, h], [x + 0.25, h], [x - 0.2, h + dice.between(0.3, 0.7)], [x, h], [-w, h]]
    )


def _blob(dice: Dice) -> Points:
    count = dice.integer(7, 11)
    angles = np.sort(2 * np.pi * (np.arange(count) + 0.5 * dice.uniforms(count)) / count)
    radius = dice.between(0.35, 0.5) + 0.6 * dice.uniforms(count)
    squeeze = dice.between(1.2, 2.0)
    return smooth(np.stack([radius * np.cos(angles), radius * np.sin(angles) / squeeze], axis=1))


def _angle_block(dice: Dice) -> Points:
    a = dice.between(0.25, 0.6)
    if dice.chance(0.5):
        return np.array([[-1, -1], [-1 + a, -1], [-1 + a, 1 - a], [1, 1 - a], [1, 1], [-1.0, 1]])
    return np.array(
        [
            [-1, -1],
            [1, -1],
            [1, -1 + a],
            [a / 2, -1 + a],
            [a / 2, 1],
            [-a / 2, 1],
            [-a / 2, -1 + a],
            [-1.0, -1 + a],
        ]
    )


def _chevron(dice: Dice) -> Points:
    a, depth = dice.between(0.3, 0.8), dice.between(0.4, 1.0)
    return np.array([[-1, 0], [0, -depth], [1, 0], [1, a], [0, a - depth], [-1.0, a]])


def _leaf(dice: Dice) -> Points:
    width = dice.between(0.25, 0.5)
    t = np.linspace(-1, 1, 16)
    side = width * (1 - t**2) ** dice.between(0.7, 1.3)
    return np.concatenate([np.stack([side, t], axis=1), np.stack([-side, t], axis=1)[::-1][1:-1]])


def _bottle(dice: Dice) -> Points:
    n, s = dice.between(0.12, 0.2), dice.between(0.35, 0.5)
    return np.array(
        [[-n, -1.0], [n, -1.0], [n, -0.5], [s, -0.2], [s, 1.0], [-s, 1.0], [-s, -0.2], [-n, -0.5]]
    )


def _fish(dice: Dice) -> Points:
    return smooth(
        [
            [-1, -0.45],
            [-0.55, 0],
            [-1, 0.45],
            [-0.4, 0.15],
            [0.3, dice.between(0.35, 0.5)],
            [1, 0.05],
            [0.3, -dice.between(0.35, 0.5)],
            [-0.4, -0.15],
        ]
    )


def _flag(dice: Dice) -> Points:
    wave = dice.between(0.05, 0.25)
    top = [[x, -0.5 + wave * np.sin(3 * x)] for x in np.linspace(-1, 1, 12)]
    return np.array(top + [[x, y + dice.between(0.8, 1.0)] for x, y in reversed(top)])


SOLIDS: tuple[Callable[[Dice], Points], ...] = (
    _heart, _heart, _moon, _moon, _plus, _plus, _block_arrow, _block_arrow, _bolt, _drop, _cloud,
    _long_box, _long_box, _oval, _oval, _half_disc, _bubble, _blob, _blob, _angle_block, _chevron,
    _leaf, _bottle, _fish, _flag,
)  # fmt: skip


def _zigzag(dice: Dice) -> list[Points]:
    count = dice.integer(4, 9)
    height = dice.between(0.15, 0.6)
    return [
        np.array(
            [[2 * i / (count - 1) - 1, height * (-1) ** i * dice.between(0.7, 1.3)] for i in range(count)]
        )
    ]


def _wave(dice: Dice) -> list[Points]:
    x = np.linspace(-1, 1, 60)
    return [np.stack([x, dice.between(0.1, 0.4) * np.sin(dice.between(4, 14) * x)], axis=1)]


def _spiral(dice: Dice) -> list[Points]:
    t = np.linspace(0.3, dice.between(2.5, 5) * 2 * np.pi, 120)
    return [np.stack([t * np.cos(t), t * np.sin(t) * dice.between(0.7, 1)], axis=1) / t[-1]]


def _scribble(dice: Dice) -> list[Points]:
    count = dice.integer(6, 24)
    return [smooth((2 * dice.uniforms(count, 2) - 1) * (1.0, dice.between(0.4, 1.0)), 7, closed=False)]


def _cross(dice: Dice) -> list[Points]:
    a = dice.between(0.6, 1.0)
    return [np.array([[-1, -a], [1, a]]), np.array([[1, -a], [-1.0, a]])]


def _line_plus(dice: Dice) -> list[Points]:
    a = dice.between(-0.4, 0.2)
    return [np.array([[0.0, -1], [0, 1]]), np.array([[-0.8, a], [0.8, a]])]


def _arrow(dice: Dice) -> list[Points]:
    bend = dice.between(-0.5, 0.5) if dice.chance(0.5) else 0.0
    shaft = smooth([[-1, 0], [0, bend], [1, 0]], 8, closed=False)
    back, side = dice.between(0.2, 0.5), dice.between(0.2, 0.45)
    return [shaft, np.array([[1 - back, -side], [1, 0], [1 - back, side]])]


def _tick(dice: Dice) -> list[Points]:
    return [np.array([[-0.8, 0.1], [-0.3, dice.between(0.5, 0.8)], [0.9, dice.between(-0.9, -0.5)]])]


def _hash(dice: Dice) -> list[Points]:
    lean = dice.between(0, 0.3)
    return [
        np.array([[-0.3 + lean, -1], [-0.3 - lean, 1]]), np.array([[0.3 + lean, -1], [0.3 - lean, 1]]),
        np.array([[-0.9, -0.3], [0.9, -0.3]]), np.array([[-0.9, 0.3], [0.9, 0.3]]),
    ]  # fmt: skip


def _bars(dice: Dice) -> list[Points]:
    count = dice.integer(1, 6)
    length = dice.between(0.6, 1)
    return [
        np.array([[-length * dice.between(0.5, 1), y], [length * dice.between(0.5, 1), y]])
        for y in np.linspace(-0.7, 0.7, count)
    ]


def _open_angle(dice: Dice) -> list[Points]:
    width = dice.between(0.3, 1.0)
    return (
        [np.array([[-width, -0.8], [0.0, 0.8], [width, -0.8]])]
        if dice.chance(0.5)
        else [np.array([[-0.7, -1.0], [-0.7, 0.9], [width, 0.9]])]
    )


def _stick_man(dice: Dice) -> list[Points]:
    arm, leg = dice.between(-0.3, 0.2), dice.between(0.25, 0.5)
    t = np.linspace(0, 2 * np.pi, 20)
    head = np.stack([0.16 * np.cos(t), -0.8 + 0.2 * np.sin(t)], axis=1)
    return [
        head,
        np.array([[0, -0.6], [0, 0.2]]),
        np.array([[-0.5, arm], [0, -0.35], [0.5, arm]]),
        np.array([[-leg, 1], [0, 0.2], [leg, 1.0]]),
    ]


def _flower(dice: Dice) -> list[Points]:
    paths = [smooth([[0, 1.0], [0.06, 0.4], [0.0, -0.2]], 5, closed=False)]
    for k in range(petals := dice.integer(4, 6)):
        a = 2 * np.pi * k / petals + 0.3
        tip, side = np.array([np.cos(a), np.sin(a)]), np.array([-np.sin(a), np.cos(a)])
        middle = np.array([0.0, -0.45])
        paths.append(
            smooth(
                [
                    middle,
                    middle + 0.3 * tip + 0.14 * side,
                    middle + 0.5 * tip,
                    middle + 0.3 * tip - 0.14 * side,
                    middle,
                ],
                5,
                closed=False,
            )
        )
    return paths


_LETTERS: dict[str, list[list[tuple[float, float]]]] = {
    "A": [[(-0.6, 1), (0, -1), (0.6, 1)], [(-0.38, 0.3), (0.38, 0.3)]],
    "E": [[(0.5, -1), (-0.5, -1), (-0.5, 1), (0.5, 1)], [(-0.5, 0), (0.35, 0)]],
    "F": [[(0.5, -1), (-0.5, -1), (-0.5, 1)], [(-0.5, 0), (0.35, 0)]],
    "H": [[(-0.5, -1), (-0.5, 1)], [(0.5, -1), (0.5, 1)], [(-0.5, 0), (0.5, 0)]],
    "K": [[(-0.5, -1), (-0.5, 1)], [(0.5, -1), (-0.5, 0.1), (0.5, 1)]],
    "M": [[(-0.7, 1), (-0.6, -1), (0, 0.4), (0.6, -1), (0.7, 1)]],
    "N": [[(-0.5, 1), (-0.5, -1), (0.5, 1), (0.5, -1)]],
    "T": [[(-0.7, -1), (0.7, -1)], [(0, -1), (0, 1)]],
    "W": [[(-0.9, -1), (-0.45, 1), (0, -0.4), (0.45, 1), (0.9, -1)]],
    "Y": [[(-0.6, -1), (0, 0), (0.6, -1)], [(0, 0), (0, 1)]],
    "Z": [[(-0.6, -1), (0.6, -1), (-0.6, 1), (0.6, 1)]],
    "1": [[(-0.4, -0.6), (0, -1), (0, 1)]],
    "4": [[(0.3, 1), (0.3, -1), (-0.6, 0.4), (0.6, 0.4)]],
    "7": [[(-0.6, -1), (0.6, -1), (-0.2, 1)]],
    "L": [[(-0.5, -1), (-0.5, 1), (0.5, 1)]],
    "V": [[(-0.7, -1), (0, 1), (0.7, -1)]],
    "!": [[(0, -1), (0, 0.45)], [(0, 0.9), (0.02, 1)]],
    "I": [[(0, -1), (0, 1)], [(-0.3, -1), (0.3, -1)], [(-0.3, 1), (0.3, 1)]],
}
_CURVED: dict[str, list[list[tuple[float, float]]]] = {
    "S": [[(0.5, -0.8), (0, -1), (-0.5, -0.6), (0, 0), (0.5, 0.6), (0, 1), (-0.5, 0.8)]],
    "2": [[(-0.5, -0.6), (0, -1), (0.5, -0.6), (0.1, 0.2), (-0.55, 1), (0, 0.95), (0.6, 1)]],
    "3": [[(-0.5, -0.8), (0.1, -1), (0.5, -0.5), (0, 0), (0.55, 0.5), (0.1, 1), (-0.5, 0.8)]],
    "5": [[(0.5, -1), (-0.4, -1), (-0.45, -0.1), (0.2, -0.2), (0.55, 0.4), (0.1, 1), (-0.5, 0.8)]],
    "?": [[(-0.5, -0.6), (0, -1), (0.5, -0.6), (0.1, 0), (0, 0.5)], [(0, 0.9), (0.03, 0.97)]],
    "C": [[(0.6, -0.7), (0, -1), (-0.6, -0.4), (-0.65, 0.4), (0, 1), (0.6, 0.7)]],
    "U": [[(-0.6, -1), (-0.6, 0.5), (0, 1), (0.6, 0.5), (0.6, -1)]],
    "R": [[(-0.5, 1), (-0.5, -1), (0.3, -0.95), (0.5, -0.5), (0.2, 0), (-0.5, 0)], [(-0.1, 0.1), (0.6, 1)]],
    "B": [
        [(-0.5, 1), (-0.5, -1), (0.3, -0.95), (0.4, -0.4), (-0.1, -0.05), (0.55, 0.3), (0.4, 0.9), (-0.5, 1)],
    ],
    "G": [
        [(0.6, -0.7), (0, -1), (-0.6, -0.4), (-0.6, 0.4), (0, 1), (0.6, 0.6), (0.6, 0.1)],
        [(0.1, 0.1), (0.6, 0.1)],
    ],
    "J": [[(0.4, -1), (0.4, 0.6), (0, 1), (-0.5, 0.6)]],
    "P": [[(-0.5, 1), (-0.5, -1), (0.3, -0.95), (0.5, -0.5), (0.2, 0), (-0.5, 0)]],
    "a": [
        [(0.5, -0.3), (0, -0.6), (-0.5, 0.1), (-0.3, 0.9), (0.2, 0.9), (0.5, 0.2)],
        [(0.5, -0.6), (0.55, 1)],
    ],
    "e": [[(-0.5, 0.1), (0.5, 0.1), (0.4, -0.6), (-0.2, -0.7), (-0.6, 0.2), (-0.1, 1), (0.5, 0.8)]],
    "n": [[(-0.5, -0.6), (-0.5, 1)], [(-0.5, 0), (0, -0.6), (0.45, -0.2), (0.5, 1)]],
    "6": [[(0.4, -0.9), (-0.2, -0.8), (-0.55, 0.3), (0, 1), (0.5, 0.5), (0, 0), (-0.5, 0.4)]],
    "9": [[(0.45, -0.4), (0, 0.05), (-0.5, -0.5), (0, -1), (0.5, -0.5), (0.3, 1)]],
    "&": [[(0.6, 1), (-0.4, -0.5), (0, -1), (0.3, -0.6), (-0.5, 0.4), (-0.1, 1), (0.6, 0.2)]],
    "g": [[(0.4, -0.8), (-0.3, -0.9), (-0.4, -0.2), (0.2, -0.1), (0.4, -0.8), (0.4, 0.6), (0, 1), (-0.5, 1)]],
}  # fmt: skip


def _letter(dice: Dice) -> list[Points]:
    if dice.chance(0.6):
        paths = [np.array(path, dtype=np.float64) for path in _LETTERS[dice.pick(list(_LETTERS))]]
    else:
        paths = [smooth(path, 6, closed=False) for path in _CURVED[dice.pick(list(_CURVED))]]
    narrow = dice.between(0.7, 1.2)
    return [path * (narrow, 1.0) for path in paths]


def _word(dice: Dice) -> list[Points]:
    paths: list[Points] = []
    for place in range(dice.integer(2, 6)):
        paths += [path * 0.4 + (place * 0.62, 0.0) for path in _letter(dice)]
    return paths


def _arc(dice: Dice) -> list[Points]:
    t = np.linspace(0, dice.between(0.5, 1.15) * np.pi, 30)
    return [np.stack([np.cos(t), np.sin(t)], axis=1)]


def _infinity(dice: Dice) -> list[Points]:
    t = np.linspace(0, 2 * np.pi, 50)
    return [np.stack([np.cos(t), dice.between(0.6, 1.1) * np.sin(t) * np.cos(t)], axis=1)]


def _tangle(dice: Dice) -> list[Points]:
    """Shapes on top of each other in a row: a chain of small loops, no single one the subject."""
    t = np.linspace(0, dice.integer(4, 8) * 2 * np.pi, 150)
    return [np.stack([t / t[-1] * 2 - 1 + 0.13 * np.cos(t), 0.2 * np.sin(t)], axis=1)]


LINES: tuple[Callable[[Dice], list[Points]], ...] = (
    _zigzag, _wave, _spiral, _scribble, _scribble, _cross, _cross, _line_plus, _arrow, _arrow, _tick, _hash,
    _bars, _open_angle, _stick_man, _flower,
    _letter, _letter, _letter, _letter, _letter, _letter, _letter, _letter, _word, _word, _word,
    _arc, _infinity, _tangle,
)  # fmt: skip
