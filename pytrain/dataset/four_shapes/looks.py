"""How a figure looks that no hand drew: printed, on a screen, as a sticker."""

from __future__ import annotations

import numpy as np
from PIL import Image

from pytrain.dataset.four_shapes import backgrounds, canvas, colours, noise
from pytrain.dataset.four_shapes.canvas import Mask
from pytrain.dataset.four_shapes.colours import Colour
from pytrain.dataset.four_shapes.dice import Dice
from pytrain.dataset.four_shapes.figures import Figure
from pytrain.dataset.four_shapes.outlines import Points, resampled, rotated
from pytrain.dataset.four_shapes.plane import Plane


def flat(dice: Dice, image: Image.Image, plane: Plane, figure: Figure, ground: Colour) -> None:
    """A clean figure on a ground of one colour: filled, outlined, both, shaded, patterned, with a rim."""
    colour = colours.ink_colour(dice, ground) if dice.chance(0.45) else colours.contrasting(dice, ground)
    if not figure.solid:
        width = dice.log_between(0.05, 0.25)
        canvas.stroke(
            image, [plane.project(path) for path in figure.paths], max(1.3, width * plane.scale()), colour
        )
        return
    look = dice.weighted(
        {"filled": 5, "outline": 4, "bordered": 2, "gradient": 1.5, "pattern": 1, "rings": 0.6}
    )
    corners = figure.area()
    mask = canvas.area(plane.project(corners), image.size)
    if dice.chance(0.12):
        _rim(dice, image, plane, corners, colour)
    if look != "outline" and dice.chance(0.12):
        canvas.shadow(image, mask, 3, 3, 3, 0.4)
    if look == "outline":
        outlined(dice, image, plane, corners, colour)
    elif look == "bordered":
        canvas.paint(image, mask, colours.contrasting(dice, ground, 50))
        outlined(dice, image, plane, corners, colour)
    elif look == "gradient":
        canvas.paint(image, mask, gradient(dice, colour, colours.shade(colour, dice.between(0.5, 0.8))))
    elif look == "pattern":
        patterned(dice, image, plane, mask, colour, ground)
        if dice.chance(0.8):
            outlined(dice, image, plane, corners, colour)
    elif look == "rings":
        canvas.paint(image, mask, colour)
        for share in (0.75, 0.5)[: dice.integer(1, 2)]:
            inner = _shrunk(corners, share)
            canvas.fill(image, plane.project(inner), ground if share == 0.75 else colour)
    else:
        canvas.paint(image, mask, colour)


def outlined(dice: Dice, image: Image.Image, plane: Plane, corners: Points, colour: Colour) -> None:
    """An even line around, from hairline to very bold, sharp or round; sometimes dashed or doubled."""
    width = dice.log_between(0.03, 0.3) if dice.chance(0.85) else 0.02
    if dice.chance(0.5) and width > 0.06:
        ring = canvas.area(
            plane.project(corners), image.size, [plane.project(_shrunk(corners, 1 - 1.3 * width))]
        )
        canvas.paint(image, ring, colour)
        return
    path = resampled(corners, 0.08)
    path = np.concatenate([path, path[:1]])
    lines = [path]
    if dice.chance(0.05):
        dash = dice.integer(2, 4)
        lines = [path[i : i + dash + 1] for i in range(0, len(path) - dash, dash * 2)]
    elif dice.chance(0.08):
        lines.append(_shrunk(path, 1 - 2.2 * width))
    canvas.stroke(image, [plane.project(one) for one in lines], max(1.2, width * plane.scale()), colour)


def _rim(dice: Dice, image: Image.Image, plane: Plane, corners: Points, colour: Colour) -> None:
    """A wider line of another colour below everything, as around a sticker."""
    path = resampled(corners, 0.08)
    width = dice.log_between(0.12, 0.4)
    rim = colours.contrasting(dice, colour)
    canvas.stroke(image, [plane.project(np.concatenate([path, path[:1]]))], width * plane.scale(), rim)


def gradient(dice: Dice, first: Colour, second: Colour) -> Image.Image:
    """A frame that goes from one colour to the other, straight or cloudy."""
    if dice.chance(0.3):
        return backgrounds.tinted(noise.clouds(dice, 3, 4), first, second)
    return backgrounds.tinted(noise.field(dice, 2, 2), first, second)


def patterned(
    dice: Dice, image: Image.Image, plane: Plane, mask: Mask | None, colour: Colour, ground: Colour
) -> None:
    """Stripes or crossed lines inside."""
    if mask is None:
        return
    canvas.paint(image, mask, colours.mix(ground, colour, dice.between(0.2, 0.45)))
    spacing = dice.between(0.12, 0.35)
    rows = np.arange(-1.1, 1.1, spacing)
    angle = dice.pick([0.0, np.pi / 4, np.pi / 2, dice.angle()])
    lines = [rotated(np.array([[-1.2, y], [1.2, y]]), angle) for y in rows]
    if dice.chance(0.3):
        lines += [rotated(np.array([[-1.2, y], [1.2, y]]), angle + np.pi / 2) for y in rows]
    width = max(1.0, plane.scale() * spacing * dice.between(0.2, 0.6))
    hatch = canvas.line([plane.project(one) for one in lines], width, image.size, round_ends=False)
    canvas.paint(image, hatch and hatch.within(mask), colour)


def _shrunk(corners: Points, share: float) -> Points:
    middle = _centroid(corners)
    return np.asarray(middle + (corners - middle) * max(0.1, share))


def _centroid(corners: Points) -> Points:
    x, y = corners[:, 0], corners[:, 1]
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    total = float(cross.sum())
    if abs(total) < 1e-9:
        return np.asarray(corners.mean(axis=0))
    weights = np.stack([x + np.roll(x, -1), y + np.roll(y, -1)], axis=1) * cross[:, None]
    return np.asarray(weights.sum(axis=0) / (3 * total))
