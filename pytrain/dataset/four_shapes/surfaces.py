"""What a figure is drawn, printed or shown on: sheets of all kinds, boards, screens of phones and laptops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from pytrain.dataset.four_shapes import backgrounds, canvas, clutter, colours, figures, ink, noise, strokes
from pytrain.dataset.four_shapes.canvas import Mask
from pytrain.dataset.four_shapes.colours import Colour
from pytrain.dataset.four_shapes.dice import Dice
from pytrain.dataset.four_shapes.outlines import Points, rotated, rounded
from pytrain.dataset.four_shapes.plane import Plane

Held = Callable[[Points], None]


@dataclass(frozen=True)
class Surface:
    """Something flat in the frame.

    Attributes:
        colour: what ink on it must stand out from.
        edge: its outline in pixels, for hands to hold.
        mask: where it covers the frame; None if nowhere.
    """

    colour: Colour
    edge: Points
    mask: Mask | None


def sheet_size(dice: Dice) -> tuple[float, float]:
    """Half width and half height of a sheet around the unit circle; near-squares too, for sticky notes."""
    ratio = dice.weighted({1.0: 1.5, 1.41: 4, 1.3: 1.5, 1.6: 1.5}) * dice.between(0.97, 1.03)
    short = dice.between(1.12, 1.6) if dice.chance(0.5) else dice.between(1.6, 3.2)
    return (short, short * ratio) if dice.chance(0.55) else (short * ratio, short)


def paper(
    dice: Dice, image: Image.Image, plane: Plane, size: tuple[float, float], held: Held | None = None
) -> Surface:
    """Lays a sheet of paper, a notebook's page, a card or a sticky note around the unit circle.

    Args:
        size: half its width and half its height, in the plane's units.
        held: called with the outline in pixels before anything is painted, to draw the hand behind.
    """
    ground = colours.paper_colour(dice)
    corners, lying = _lying(dice, size)
    plane = plane.before(*lying)
    if dice.chance(0.15):
        corners = rounded(corners, dice.between(0.03, 0.2))
    if dice.chance(0.12):
        corners = _torn(dice, size)
    edge = plane.project(corners)
    if held:
        held(edge)
    mask = canvas.area(edge, image.size)
    if dice.chance(0.7):
        canvas.shadow(
            image, mask, dice.integer(-4, 6), dice.integer(0, 8), dice.between(1, 8), dice.between(0.15, 0.5)
        )
    swing = dice.between(0.0, 0.12)
    crumpled = dice.chance(0.12)
    light = noise.clouds(dice, 5, 3) if crumpled else noise.field(dice, 3, 2)
    swing = 0.16 if crumpled else swing
    canvas.paint(
        image,
        mask,
        backgrounds.tinted(light, colours.shade(ground, 1 - swing), colours.shade(ground, 1 + swing * 0.5)),
    )
    _rules(dice, image, plane, size, ground, mask)
    if dice.chance(0.15):
        _creases(dice, image, plane, size, ground)
    return Surface(ground, edge, mask)


def board(dice: Dice, image: Image.Image, dark: bool) -> Surface:
    """A whiteboard or blackboard that fills the frame, wiped more or less clean."""
    if dark:
        ground = colours.from_hsv(
            dice.pick([0.38, 0.4, 0.6, 0.1]), dice.between(0, 0.45), dice.between(0.1, 0.35)
        )
        light = colours.mix(ground, (200, 200, 195), dice.between(0.05, 0.3))
        image.paste(backgrounds.tinted(noise.clouds(dice, 3, 5) ** 2, ground, light))
    else:
        ground = colours.from_hsv(dice.between(0, 1), dice.between(0, 0.05), dice.between(0.78, 1))
        image.paste(backgrounds.tinted(noise.field(dice, 4, 3), colours.shade(ground, 0.88), ground))
        if dice.chance(0.4):
            glare = canvas.area(
                clutter.patch(dice) * dice.between(20, 60) + dice.uniforms(2) * image.size, image.size
            )
            canvas.paint(image, glare and glare.blurred(dice.between(8, 20)), (255, 255, 255))
    if dice.chance(0.35):
        words = " ".join(dice.pick(clutter.WORDS) for _ in range(dice.integer(1, 3)))
        clutter.write(image, words, (dice.between(0, 200), dice.pick([2.0, 215.0])), dice.between(10, 20),
                      colours.ink_colour(dice, ground))  # fmt: skip
    edges = np.array([[0.0, 0.0], [320.0, 0.0], [320.0, 240.0], [0.0, 240.0]])
    return Surface(ground, edges, None)


def screen(
    dice: Dice, image: Image.Image, plane: Plane, held: Held | None = None, kind: str | None = None
) -> Surface:
    """A phone, tablet or laptop around the unit circle, switched on; dark or light."""
    kind = kind or dice.weighted({"phone": 4.0, "tablet": 2.0, "laptop": 1.5})
    short = dice.between(1.08, 1.5)
    ratio = {
        "phone": dice.between(1.8, 2.2),
        "tablet": dice.between(1.3, 1.5),
        "laptop": dice.between(1.5, 1.8),
    }[kind]
    size = (short, short * ratio) if kind == "phone" or dice.chance(0.4) else (short * ratio, short)
    room = max(0.0, size[1] - 1.15)
    plane = plane.before(shift=(0.0, dice.between(-0.7, 0.7) * room))
    bezel = dice.between(0.04, 0.14)
    corners = _corners(size)
    body = rounded(_corners((size[0] + bezel, size[1] + bezel)), 0.25 if kind == "phone" else 0.1)
    edge = plane.project(body)
    if held:
        held(edge)
    mask = canvas.area(edge, image.size)
    canvas.shadow(image, mask, 3, 4, 5, 0.4)
    canvas.paint(
        image,
        mask,
        colours.from_hsv(dice.between(0, 1), dice.between(0, 0.3), dice.pick([0.05, 0.08, 0.15, 0.8, 0.95])),
    )
    mode = dice.weighted({"light": 4, "dark": 2.5, "colour": 1.5})
    ground: Colour = (255, 255, 255)
    if mode == "dark":
        ground = colours.from_hsv(0.6, dice.between(0, 0.4), dice.between(0.02, 0.15))
    elif mode == "colour":
        ground = colours.any_colour(dice)
    lit = canvas.area(plane.project(rounded(corners, 0.15)), image.size)
    canvas.paint(image, lit, ground)
    if dice.chance(0.6) and room > 0.15:
        _interface(dice, image, plane, size, ground)
    if dice.chance(0.3) and lit is not None:
        glare = plane.project(
            np.array([[-0.2, -3.0], [0.5, -3.0], [dice.between(-1, 0.4), 3.0], [-1.2, 3.0]])
        )
        streak = canvas.area(glare, image.size)
        canvas.paint(
            image, streak and streak.within(lit).blurred(1.5).faded(dice.between(0.05, 0.3)), (255, 255, 255)
        )
    return Surface(ground, edge, lit)


def _interface(
    dice: Dice, image: Image.Image, plane: Plane, size: tuple[float, float], ground: Colour
) -> None:
    """A status bar, lines of text, a strip of buttons."""
    w, h = size
    tone = colours.contrasting(dice, ground, 50)
    for y in (-h, h - 0.25):
        if dice.chance(0.6):
            bar = np.array([[-w, y], [w, y], [w, y + 0.25], [-w, y + 0.25]])
            if abs(y) > 1.05:
                canvas.fill(image, plane.project(bar), colours.mix(ground, tone, dice.between(0.1, 0.9)))
    lines = []
    for y in np.arange(1.2, h - 0.3, 0.16):
        lines.append(plane.project(np.array([[-w * 0.85, y], [w * dice.between(-0.3, 0.8), y]])))
    if lines and dice.chance(0.6):
        canvas.stroke(image, lines, max(1.0, plane.scale() * 0.05), tone, 0.7)


def _rules(
    dice: Dice, image: Image.Image, plane: Plane, size: tuple[float, float], ground: Colour, mask: Mask | None
) -> None:
    kind = dice.weighted({"none": 5, "lined": 2, "squared": 1.5, "words": 1.2, "dots": 0.4})
    if kind == "none" or mask is None:
        return
    w, h = size
    tone = colours.mix(
        ground, dice.pick([(60, 90, 190), (90, 90, 100), (70, 140, 160)]), dice.between(0.15, 0.5)
    )
    step = dice.between(0.13, 0.4)
    if kind == "words":
        _words(dice, image, plane, size, colours.ink_colour(dice, ground), mask)
        return
    rows = [np.array([[-w, y], [w, y]]) for y in np.arange(-h + step, h, step)]
    if kind in ("squared", "dots"):
        rows += [np.array([[x, -h], [x, h]]) for x in np.arange(-w + step, w, step)]
    width = max(0.7, 0.012 * plane.scale())
    lines = canvas.line([plane.project(row) for row in rows], width, image.size, round_ends=False)
    canvas.paint(image, lines and lines.within(mask).faded(0.35 if kind == "dots" else 0.8), tone)
    if kind == "lined" and dice.chance(0.5):
        x = -w + 0.3
        canvas.stroke(image, [plane.project(np.array([[x, -h], [x, h]]))], width * 1.2, (205, 70, 80), 0.7)


def _words(
    dice: Dice, image: Image.Image, plane: Plane, size: tuple[float, float], ink: Colour, mask: Mask
) -> None:
    """Lines of small writing above and below the figure."""
    w, h = size
    dashes: list[Points] = []
    height = dice.between(0.14, 0.22)
    for y in [*np.arange(-h + 0.15, -1.1, height), *np.arange(1.15, h - 0.1, height)]:
        x, end = -w * 0.85, w * dice.between(0.3, 0.85)
        while x < end:
            length = dice.between(0.1, 0.45)
            dashes.append(plane.project(np.array([[x, y], [min(end, x + length), y]])))
            x += length + 0.1
    if dashes:
        lines = canvas.line(dashes, max(0.9, 0.05 * plane.scale()), image.size, round_ends=False)
        canvas.paint(image, lines and lines.within(mask).faded(0.75), ink)


def _creases(dice: Dice, image: Image.Image, plane: Plane, size: tuple[float, float], ground: Colour) -> None:
    w, h = size
    x, y = dice.between(-0.2, 0.2) * w, dice.between(-0.2, 0.2) * h
    lines = [np.array([[x, -h], [x, h]]), np.array([[-w, y], [w, y]])]
    for fold in lines[: dice.integer(1, 2)]:
        canvas.stroke(image, [plane.project(fold)], 1.2, colours.shade(ground, 0.82), 0.6)


def _lying(dice: Dice, size: tuple[float, float]) -> tuple[Points, tuple[float, float, tuple[float, float]]]:
    room = max(0.0, size[0] - 1.1), max(0.0, size[1] - 1.1)
    shift = room[0] * dice.between(-0.9, 0.9), room[1] * dice.between(-0.9, 0.9)
    return _corners(size), (dice.around(0, 0.04), 1.0, shift)


def _corners(size: tuple[float, float]) -> Points:
    w, h = size
    return np.array([[-w, -h], [w, -h], [w, h], [-w, h]])


def _torn(dice: Dice, size: tuple[float, float]) -> Points:
    """A sheet whose lower edge was torn off."""
    w, h = size
    x = np.linspace(w, -w, 14)
    ragged = np.stack([x, h + 0.06 * dice.normals(14)], axis=1)
    return np.concatenate([[[-w, -h], [w, -h]], ragged])


def side_note(dice: Dice, image: Image.Image, plane: Plane, ground: Colour) -> None:
    """A word or a small doodle beside the figure, by the same pen or another."""
    other = figures.other(dice, solid=False)
    away = rotated(np.array([[dice.between(1.35, 1.7), 0.0]]), dice.angle())[0]
    place = plane.before(0.0, dice.between(0.12, 0.28), (float(away[0]), float(away[1])))
    lines = other.lines(dice, strokes.any_hand(dice))
    ink.draw_lines(
        dice, image, place, lines, ink.Tool(dice.between(0.1, 0.25)), colours.ink_colour(dice, ground)
    )
