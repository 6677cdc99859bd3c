"""Somebody before the camera: the subject of most webcam frames, and none of ours."""

from __future__ import annotations

import numpy as np
from PIL import Image

from pytrain.dataset.four_shapes import canvas, colours
from pytrain.dataset.four_shapes.colours import Colour
from pytrain.dataset.four_shapes.dice import Dice
from pytrain.dataset.four_shapes.outlines import smooth
from pytrain.dataset.four_shapes.plane import Plane


def person(dice: Dice, image: Image.Image, x: float | None = None) -> None:
    """Shoulders, neck, a long oval head with hair, eyes, brows, nose and mouth."""
    skin, hair, cloth = dice.pick(colours.SKINS), dice.pick(colours.HAIRS), colours.muted(dice)
    if dice.chance(0.12):
        hair = colours.muted(dice)
    size = dice.log_between(28, 75)
    x = dice.between(60, 260) if x is None else x
    y = dice.between(40, 130)
    plane = Plane(np.eye(3)).then(size, (x, y)).before(dice.around(0, 0.12))
    tall = dice.between(1.3, 1.5)

    def put(points: object, colour: Colour, opacity: float = 1.0, curved: bool = True) -> None:
        corners = smooth(np.asarray(points), 6) if curved else np.asarray(points, dtype=np.float64)
        canvas.fill(image, plane.project(corners), colour, opacity)

    if dice.chance(0.45):
        length = dice.between(0.8, 2.2)
        put(
            [[-1.0, -0.9], [0, -tall - 0.2], [1.0, -0.9], [1.25, length], [0, length * 0.9], [-1.25, length]],
            hair,
        )
    shoulders = dice.between(2.0, 2.7)
    put(
        [[-0.5, tall * 0.6], [0.5, tall * 0.6], [0.55, 2.1], [-0.55, 2.1]],
        colours.shade(skin, 0.8),
        curved=False,
    )
    put(
        [
            [-shoulders, 2.5],
            [-0.7, 1.75],
            [0, 2.0],
            [0.7, 1.75],
            [shoulders, 2.5],
            [shoulders + 0.4, 7],
            [-shoulders - 0.4, 7],
        ],
        cloth,
    )
    if dice.chance(0.9):
        put(
            [
                [0, -tall],
                [0.7, -tall * 0.75],
                [0.93, 0],
                [0.7, 0.8],
                [0.28, tall],
                [-0.28, tall],
                [-0.7, 0.8],
                [-0.93, 0],
                [-0.7, -tall * 0.75],
            ],
            skin,
        )
        put(
            [[0.2, -tall * 0.9], [0.93, 0], [0.6, 0.9], [0.25, tall * 0.95], [0.55, 0]],
            colours.shade(skin, dice.between(0.7, 0.95)),
            0.7,
        )
        for side in (-0.38, 0.38):
            put([[side - 0.2, -0.1], [side, -0.2], [side + 0.2, -0.1], [side, -0.02]], (240, 238, 235))
            put([[side - 0.09, -0.12], [side, -0.2], [side + 0.09, -0.12], [side, -0.03]], (40, 30, 28))
            put(
                [[side - 0.25, -0.32], [side, -0.43], [side + 0.25, -0.32], [side, -0.36]],
                colours.shade(hair, 0.8),
            )
        put([[0, -0.1], [0.14, 0.35], [0, 0.42], [-0.1, 0.35]], colours.shade(skin, 0.8), 0.7)
        open_mouth = dice.between(0.02, 0.2)
        put(
            [[-0.33, 0.72], [0, 0.68], [0.33, 0.72], [0, 0.76 + open_mouth]],
            colours.mix(skin, (170, 50, 60), 0.6),
        )
        if dice.chance(0.25):
            put(
                [[-0.75, 0.45], [0, 0.55], [0.75, 0.45], [0.55, 1.1], [0, tall + 0.15], [-0.55, 1.1]],
                hair,
                0.85,
            )
        if dice.chance(0.25):
            for side in (-0.4, 0.4):
                frame = np.array(
                    [
                        [side - 0.3, -0.28],
                        [side + 0.3, -0.28],
                        [side + 0.26, 0.06],
                        [side - 0.26, 0.06],
                        [side - 0.3, -0.28],
                    ]
                )
                canvas.stroke(image, [plane.project(frame)], max(1.2, size * 0.05), (30, 28, 30))
    fringe = dice.between(-0.85, -0.45)
    put(
        [
            [-1.0, -0.3],
            [-0.95, -tall * 0.8],
            [0, -tall - 0.22],
            [0.95, -tall * 0.8],
            [1.0, -0.3],
            [0.75, fringe],
            [0, fringe - 0.1],
            [-0.75, fringe],
        ],
        hair,
    )
