"""Hands that hold things into the camera: fingers behind, a thumb in front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from pytrain.dataset.four_shapes import canvas, colours
from pytrain.dataset.four_shapes.colours import Colour
from pytrain.dataset.four_shapes.dice import Dice
from pytrain.dataset.four_shapes.outlines import Points, rotated, smooth
from pytrain.dataset.four_shapes.plane import HEIGHT, WIDTH

FARTHEST = 420.0
"""Pixels that an arm reaches from its hand, surely out of the frame."""

KNUCKLES = smooth(
    [(-1.9, -1.3), (-0.6, -1.8), (0.8, -1.8), (1.9, -1.1), (2, 1), (1, 2.1), (-1, 2.1), (-1.9, 1)]
)
"""A fist from behind: (across, outwards), in widths of a finger."""

PALM = smooth([(-2, -1.5), (-2.1, 1.2), (-1, 2), (1, 2), (2.1, 1.3), (2.1, -1), (1.2, -2.4), (-1.2, -2.4)])
"""An open hand: (across, up), in widths of a finger."""


@dataclass(frozen=True)
class Grip:
    """Where a hand holds a thing.

    Attributes:
        anchor: a point on the thing's edge, in pixels.
        outward: unit vector away from the thing.
        width: of a finger, in pixels.
        reach: how far the thumb comes over the edge, in pixels.
        skin: its colour.
        sleeve: colour of the sleeve, or None for a bare arm.
    """

    anchor: Points
    outward: Points
    width: float
    reach: float
    skin: Colour
    sleeve: Colour | None


def grip(dice: Dice, edge: Points, reach: float) -> Grip | None:
    """A hand at the edge of a thing, mostly from below; None where the edge is out of the frame.

    Args:
        edge: the thing's outline in pixels.
        reach: the most a thumb may come over the edge, in pixels.
    """
    middle = edge.mean(axis=0)
    towards = np.array([np.cos(a := dice.between(0.05, 0.95) * np.pi), np.sin(a)])
    reached = (edge - middle) @ towards
    anchor = middle + towards * float(reached.max()) * 0.97
    if not (10 < anchor[0] < WIDTH - 10 and 10 < anchor[1] < HEIGHT - 6):
        return None
    outward = rotated(towards[None], dice.around(0, 0.25))[0]
    sleeve = colours.any_colour(dice) if dice.chance(0.6) else None
    # A hand wider than the thing would hide it.
    width = min(dice.log_between(14, 38), max(7.0, 0.4 * float(np.ptp(edge, axis=0).min())))
    return Grip(anchor, outward, width, min(reach, width * 1.6), dice.pick(colours.SKINS), sleeve)


def behind(dice: Dice, image: Image.Image, hand: Grip) -> None:
    """The fingers, palm and arm that the thing will cover in part; drawn before the thing."""
    side = np.array([-hand.outward[1], hand.outward[0]])
    palm = hand.anchor + hand.outward * hand.width * dice.between(1.2, 2.2)
    _arm(dice, image, palm, hand)
    knuckles = palm + hand.width * KNUCKLES @ np.stack([side, hand.outward])
    canvas.fill(image, knuckles, colours.shade(hand.skin, 0.82))
    for k in range(dice.integer(1, 4)):
        root = palm + side * hand.width * (k - 1.5) * 0.95
        finger(
            dice, image, root - hand.outward * hand.width * dice.between(2.0, 3.2), hand.outward, hand, 0.85
        )


def in_front(dice: Dice, image: Image.Image, hand: Grip) -> None:
    """The thumb, and sometimes a second finger, over the thing's edge."""
    tip = hand.anchor - hand.outward * hand.reach
    finger(
        dice,
        image,
        tip,
        rotated(hand.outward[None], dice.around(0, 0.3))[0],
        hand,
        1.05,
        nail=dice.chance(0.7),
    )
    if dice.chance(0.2):
        side = np.array([-hand.outward[1], hand.outward[0]])
        finger(
            dice,
            image,
            tip + side * hand.width * 1.2 + hand.outward * hand.reach * 0.3,
            hand.outward,
            hand,
            0.9,
        )


def finger(
    dice: Dice,
    image: Image.Image,
    tip: Points,
    outward: Points,
    hand: Grip,
    bright: float,
    nail: bool = False,
) -> None:
    """One finger from its tip outwards."""
    bend = dice.around(0, 0.2)
    joints = [tip]
    for k in range(3):
        outward = rotated(outward[None], bend * 0.5)[0]
        joints.append(joints[-1] + outward * hand.width * (1.0 if k == 0 else 1.5))
    path = smooth(np.stack(joints), 4, closed=False)
    widths = hand.width * np.linspace(0.88, 1.05, len(path))
    mask = canvas.line([path], widths, image.size)
    skin = colours.shade(hand.skin, bright)
    canvas.shadow(image, mask, 2, 3, hand.width * 0.15, 0.35)
    canvas.paint(image, mask, colours.shade(skin, 0.78))
    lit = canvas.line([path - (hand.width * 0.08, hand.width * 0.06)], widths * 0.78, image.size)
    canvas.paint(image, lit and lit.blurred(hand.width * 0.12), skin)
    if nail:
        side = np.array([-outward[1], outward[0]]) * hand.width * 0.27
        root = tip + outward * hand.width * 0.25
        shape = [
            tip - outward * hand.width * 0.22,
            root + side,
            root + outward * hand.width * 0.3,
            root - side,
        ]
        colour = colours.any_colour(dice) if dice.chance(0.15) else colours.mix(skin, (255, 225, 220), 0.45)
        canvas.fill(image, smooth(shape, 5), colour, 0.9)


def waving(dice: Dice, image: Image.Image) -> None:
    """A hand alone: an open palm, a fist, or fingers that point."""
    centre = np.array([dice.between(70, 250), dice.between(90, 200)])
    up = rotated(np.array([[0.0, -1.0]]), dice.around(0, 0.5))[0]
    hand = Grip(centre, -up, dice.log_between(14, 36), 0.0, dice.pick(colours.SKINS),
                colours.any_colour(dice) if dice.chance(0.5) else None)  # fmt: skip
    side = np.array([-up[1], up[0]])
    _arm(dice, image, centre, hand)
    width = hand.width
    palm = centre + width * PALM @ np.stack([side, up])
    canvas.fill(image, palm, hand.skin)
    stretched = dice.integer(0, 4)
    for k in range(4):
        length = dice.between(3.5, 5.5) if k < stretched else dice.between(0.2, 1.0)
        spread = (k - 1.5) * dice.between(0.05, 0.22)
        direction = rotated(up[None], spread)[0]
        root = centre + side * width * (k - 1.5) * 1.05 + up * width * 1.6
        finger(dice, image, root + direction * width * length, -direction, hand, dice.between(0.9, 1.05))
    thumb = rotated(up[None], 0.9 * dice.sign())[0]
    finger(dice, image, centre + thumb * width * 3.6, -thumb, hand, 1.0)


def _arm(dice: Dice, image: Image.Image, start: Points, hand: Grip) -> None:
    down = hand.outward + np.array([0.0, dice.between(0.1, 0.8)])
    down = down / np.linalg.norm(down)
    path = np.stack([start, start + down * FARTHEST])
    canvas.paint(
        image,
        canvas.line([path], hand.width * dice.between(2.6, 3.4), image.size),
        colours.shade(hand.skin, 0.8),
    )
    if hand.sleeve is not None:
        cuff = np.stack([start + down * hand.width * dice.between(2.5, 5), start + down * FARTHEST])
        mask = canvas.line([cuff], hand.width * dice.between(3.4, 4.8), image.size, round_ends=False)
        canvas.paint(image, mask, hand.sleeve)
