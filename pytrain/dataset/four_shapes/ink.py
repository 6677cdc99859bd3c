"""Pens, pencils, chalk and paint: how lines and areas look on what they are drawn on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from pytrain.dataset.four_shapes import canvas, colours, noise, strokes
from pytrain.dataset.four_shapes.colours import Colour
from pytrain.dataset.four_shapes.dice import Dice
from pytrain.dataset.four_shapes.figures import Figure
from pytrain.dataset.four_shapes.outlines import Points
from pytrain.dataset.four_shapes.plane import Plane

THINNEST = 1.1
"""Pixels; a thinner line would vanish in a webcam's noise."""


@dataclass(frozen=True)
class Tool:
    """What is drawn with.

    Attributes:
        width: of its line, in units of the shape's radius.
        opacity: 1 covers the ground.
        dryness: how much of the line is missing, 0 to 1.
        swell: how much the line's width varies, 0 to 1.
    """

    width: float
    opacity: float = 1.0
    dryness: float = 0.0
    swell: float = 0.0


def any_tool(dice: Dice, on_board: bool = False) -> Tool:
    kinds = {"marker": 5.0, "felt": 4.0, "pen": 2.5, "pencil": 1.5, "crayon": 1.2, "brush": 1.2}
    kind = dice.weighted({"chalk": 1.0} if on_board else kinds)
    if kind == "marker":
        return Tool(dice.log_between(0.07, 0.2), dice.between(0.85, 1), 0.25 * dice.between(0, 1) ** 2, 0.1)
    if kind == "felt":
        return Tool(dice.log_between(0.035, 0.08), dice.between(0.85, 1), 0.0, 0.15)
    if kind == "pen":
        return Tool(dice.log_between(0.015, 0.035), dice.between(0.7, 1), 0.0, 0.1)
    if kind == "pencil":
        return Tool(dice.log_between(0.015, 0.045), dice.between(0.45, 0.85), dice.between(0.1, 0.4), 0.3)
    if kind == "crayon":
        return Tool(dice.log_between(0.06, 0.16), dice.between(0.75, 0.95), dice.between(0.3, 0.6), 0.3)
    if kind == "brush":
        return Tool(dice.log_between(0.1, 0.28), dice.between(0.8, 1), dice.between(0, 0.2), 0.6)
    return Tool(dice.log_between(0.04, 0.12), dice.between(0.7, 0.95), dice.between(0.2, 0.6), 0.3)


def draw_lines(
    dice: Dice, image: Image.Image, plane: Plane, lines: list[Points], tool: Tool, colour: Colour
) -> None:
    """Draws lines given in the plane's units."""
    scale = plane.scale()
    width = max(THINNEST, tool.width * scale)
    paths = [plane.project(path) for path in lines]
    if tool.swell > 0.25 and width > 2:
        masks = [
            canvas.line([path], width * _swelling(dice, len(path), tool.swell), image.size) for path in paths
        ]
    else:
        masks = [canvas.line(paths, width, image.size, round_ends=width > 2.5)]
    wear = noise.field(dice, 110, 80) if tool.dryness > 0.05 else None
    for mask in masks:
        if mask is not None and wear is not None:
            mask = mask.worn(np.clip(wear * 2 - 0.7, 0, 1), tool.dryness * 1.3)
        canvas.paint(image, mask and mask.faded(tool.opacity), colour)


def draw(
    dice: Dice, image: Image.Image, plane: Plane, figure: Figure, ground: Colour, on_board: bool = False
) -> None:
    """Draws a figure by hand: outline, or outline and shading, or all filled in."""
    tool, hand = any_tool(dice, on_board), strokes.any_hand(dice)
    colour = colours.ink_colour(dice, ground)
    if figure.solid and dice.chance(0.3):
        _shade_in(dice, image, plane, figure, tool, hand, colour, ground)
    draw_lines(dice, image, plane, figure.lines(dice, hand), tool, colour)


def _shade_in(
    dice: Dice,
    image: Image.Image,
    plane: Plane,
    figure: Figure,
    tool: Tool,
    hand: strokes.Hand,
    colour: Colour,
    ground: Colour,
) -> None:
    inside = canvas.area(plane.project(figure.area() * 0.97), image.size)
    if inside is None:
        return
    kind = dice.weighted({"hatched": 4, "scribbled full": 2, "plain": 2})
    if kind == "plain":
        other = (
            colours.mix(ground, colour, dice.between(0.2, 1))
            if dice.chance(0.5)
            else colours.any_colour(dice)
        )
        canvas.paint(image, inside, other)
        return
    spacing = dice.between(0.12, 0.3) if kind == "hatched" else tool.width * dice.between(0.8, 1.4) + 0.02
    width = max(THINNEST, plane.scale() * (tool.width if kind != "hatched" else tool.width * 0.6))
    lines = [plane.project(path) for path in strokes.hatching(dice, spacing, hand)]
    mask = canvas.line(lines, width, image.size, round_ends=False)
    if mask is not None:
        inside = canvas.area(plane.project(figure.area() * dice.between(0.92, 1.05)), image.size) or inside
        canvas.paint(image, mask.within(inside).faded(tool.opacity * dice.between(0.7, 1)), colour)


def _swelling(dice: Dice, count: int, amount: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    along = np.linspace(0, 1, count)
    slow = np.sin(2 * np.pi * (dice.between(0.5, 2) * along + dice.between(0, 1)))
    quick = np.sin(2 * np.pi * (dice.between(3, 7) * along + dice.between(0, 1)))
    return np.asarray(np.clip(1 + amount * (0.4 * slow + 0.2 * quick), 0.4, 1.7))
