"""Things that have one of the four shapes: plates, coins, tiles, boxes, signs, set squares, ornaments."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from pytrain.dataset.four_shapes import backgrounds, canvas, colours, noise
from pytrain.dataset.four_shapes.canvas import Mask
from pytrain.dataset.four_shapes.colours import Colour
from pytrain.dataset.four_shapes.dice import Dice
from pytrain.dataset.four_shapes.figures import Figure
from pytrain.dataset.four_shapes.looks import gradient
from pytrain.dataset.four_shapes.outlines import Points, rounded, smooth
from pytrain.dataset.four_shapes.plane import Plane


def solid(
    dice: Dice, image: Image.Image, plane: Plane, figure: Figure, ground: Colour, depth: float
) -> Colour:
    """A slab in a figure's shape: its side, its shadow, its lit face.

    Args:
        depth: thickness in units of the shape's radius.

    Returns:
        The colour of its face.
    """
    colour = colours.contrasting(dice, ground)
    corners = plane.project(figure.area())
    push = depth * plane.scale() * np.array([np.cos(a := dice.angle()), np.sin(a)])
    mask = canvas.area(corners, image.size)
    fall = dice.integer(0, 3) + round(abs(float(push[1])))
    canvas.shadow(image, mask, dice.integer(-5, 5), fall, dice.between(2, 7), dice.between(0.2, 0.55))
    if depth > 0.02:
        side = colours.shade(colour, dice.between(0.45, 0.8))
        for t in np.linspace(1, 0.1, max(2, round(float(np.linalg.norm(push)) / 1.5))):
            canvas.fill(image, corners + push * t, side)
    face = gradient(
        dice, colours.shade(colour, dice.between(0.75, 1)), colours.shade(colour, dice.between(1, 1.15))
    )
    canvas.paint(image, mask, face)
    if dice.chance(0.25) and mask is not None:
        _textured(dice, image, mask, colour)
    return colour


def thing(dice: Dice, image: Image.Image, plane: Plane, figure: Figure, ground: Colour) -> None:
    """An object with the figure's shape; for any other figure a plain slab."""
    choices = THINGS.get(figure.label)
    if choices is None:
        solid(dice, image, plane, figure, ground, dice.between(0, 0.3))
        return
    dice.pick(choices)(dice, image, plane, figure, ground)


def _textured(dice: Dice, image: Image.Image, mask: Mask, colour: Colour) -> None:
    grain = noise.field(dice, dice.integer(20, 120), dice.integer(4, 90))
    canvas.paint(
        image,
        mask.faded(0.5),
        backgrounds.tinted(grain, colours.shade(colour, 0.6), colours.shade(colour, 1.2)),
    )


def _scaled(
    image: Image.Image, plane: Plane, figure: Figure, share: float, colour: Colour, opacity: float = 1
) -> None:
    canvas.fill(image, plane.project(figure.area() * share), colour, opacity)


def _mark(
    image: Image.Image, plane: Plane, paths: list[list[list[float]]], width: float, colour: Colour
) -> None:
    lines = [plane.project(np.asarray(path, dtype=np.float64)) for path in paths]
    canvas.stroke(image, lines, max(1.0, width * plane.scale()), colour)


def _plate(dice: Dice, image: Image.Image, plane: Plane, figure: Figure, ground: Colour) -> None:
    colour = solid(dice, image, plane, figure, ground, dice.between(0, 0.1))
    rim = dice.between(0.6, 0.85)
    _scaled(image, plane, figure, rim + 0.02, colours.shade(colour, 0.8))
    _scaled(image, plane, figure, rim, colours.shade(colour, dice.between(0.9, 1.1)))
    if dice.chance(0.3):
        _scaled(image, plane, figure, dice.between(0.88, 0.94), colours.any_colour(dice), 0.4)
        _scaled(image, plane, figure, 0.85, colour)


def _clock(dice: Dice, image: Image.Image, plane: Plane, figure: Figure, ground: Colour) -> None:
    solid(dice, image, plane, figure, ground, dice.between(0, 0.15))
    face = dice.pick([(250, 250, 246), (240, 232, 215), (20, 20, 24)])
    _scaled(image, plane, figure, dice.between(0.85, 0.95), face)
    ink = colours.ink_colour(dice, face)
    for hour in range(12):
        a = hour * np.pi / 6
        spoke = [np.cos(a), np.sin(a)]
        _mark(
            image,
            plane,
            [[[0.72 * spoke[0], 0.72 * spoke[1]], [0.82 * spoke[0], 0.82 * spoke[1]]]],
            0.04,
            ink,
        )
    for length in (0.4, 0.65):
        a = dice.angle()
        _mark(image, plane, [[[0, 0], [length * np.cos(a), length * np.sin(a)]]], 0.05, ink)


def _ball(dice: Dice, image: Image.Image, plane: Plane, figure: Figure, ground: Colour) -> None:
    colour = colours.contrasting(dice, ground)
    mask = canvas.area(plane.project(figure.area()), image.size)
    canvas.shadow(image, mask, dice.integer(-8, 8), 6, 8, 0.4)
    canvas.paint(image, mask, colours.shade(colour, dice.between(0.4, 0.7)))
    light = np.array([dice.between(-0.4, 0.4), dice.between(-0.45, 0.0)])
    for share, bright in ((0.85, 0.8), (0.65, 0.95), (0.4, 1.1)):
        spot = canvas.area(plane.project(figure.area() * share + light * (1 - share)), image.size)
        spot = spot and spot.blurred(0.1 * plane.scale())
        if spot is not None and mask is not None:
            canvas.paint(image, spot.within(mask), colours.shade(colour, bright))
    kind = dice.weighted({"plain": 2, "seams": 1, "shine": 1})
    if kind == "shine":
        shine = canvas.area(plane.project(figure.area() * 0.12 + light * 1.1), image.size)
        canvas.paint(image, shine and shine.blurred(1), (255, 255, 255))
    elif kind == "seams":
        for bend in (-0.5, 0.5):
            arc = smooth([[bend * 0.9, -0.8], [bend * 0.35, 0], [bend * 0.9, 0.8]], 6, closed=False)
            _mark(image, plane, [arc.tolist()], 0.04, colours.shade(colour, 0.35))


def _ring(dice: Dice, image: Image.Image, plane: Plane, figure: Figure, ground: Colour) -> None:
    """A wheel, a roll of tape, a disc with a hole, a button."""
    colour = solid(dice, image, plane, figure, ground, dice.between(0, 0.2))
    hole = dice.between(0.12, 0.75)
    _scaled(image, plane, figure, hole + 0.05, colours.shade(colour, 0.6))
    _scaled(image, plane, figure, hole, ground if dice.chance(0.6) else colours.any_colour(dice))
    if dice.chance(0.3):
        spokes = dice.integer(3, 9)
        rays = [
            [[0.0, 0.0], [hole * np.cos(a), hole * np.sin(a)]] for a in np.arange(spokes) * 2 * np.pi / spokes
        ]
        _mark(image, plane, rays, 0.06, colours.shade(colour, 0.8))


def _food(dice: Dice, image: Image.Image, plane: Plane, figure: Figure, ground: Colour) -> None:
    """A cookie, a pizza, a slice of fruit: crumbs and spots on it."""
    crust = colours.from_hsv(dice.between(0.05, 0.13), dice.between(0.4, 0.8), dice.between(0.45, 0.9))
    if colours.distance(crust, ground) < 45:
        crust = colours.shade(crust, 0.55 if colours.luminance(ground) > 110 else 1.6)
    soft = Figure(figure.label, figure.corners, (), max(figure.rounding, dice.between(0.15, 0.6)))
    mask = canvas.area(plane.project(soft.area()), image.size)
    canvas.shadow(image, mask, 2, 4, 4, 0.4)
    canvas.paint(image, mask, gradient(dice, colours.shade(crust, 0.75), colours.shade(crust, 1.15)))
    if dice.chance(0.5):
        icing = canvas.area(plane.project(soft.area() * dice.between(0.8, 0.92)), image.size)
        canvas.paint(image, icing, colours.any_colour(dice))
    for _ in range(dice.integer(0, 14)):
        place = (2 * dice.uniforms(2) - 1) * 0.9
        crumb = canvas.area(plane.project(rounded(_box(0.07, 0.05), 0.9) + place), image.size)
        if crumb is not None and mask is not None:
            canvas.paint(image, crumb.within(mask), colours.any_colour(dice))


def _framed(dice: Dice, image: Image.Image, plane: Plane, figure: Figure, ground: Colour) -> None:
    """A picture frame, a tile with a border, a cushion, a box's lid, a game's board."""
    colour = solid(dice, image, plane, figure, ground, dice.between(0, 0.25))
    kind = dice.weighted({"picture": 2, "border": 2, "grid": 1.5, "dots": 1, "ribbon": 1, "plain": 1.5})
    inner = dice.between(0.6, 0.9)
    if kind == "picture":
        mask = canvas.area(plane.project(figure.area() * inner), image.size)
        canvas.paint(
            image,
            mask,
            backgrounds.tinted(noise.clouds(dice, 2, 4), *(colours.any_colour(dice) for _ in "ab")),
        )
    elif kind == "border":
        _scaled(image, plane, figure, inner, colours.any_colour(dice))
    elif kind == "grid":
        _grid(dice, image, plane, figure, colours.shade(colour, 0.4))
    elif kind == "dots":
        for x, y in _pips(dice.integer(1, 6)):
            canvas.fill(
                image,
                plane.project(rounded(_box(0.11, 0.11), 1) + 0.37 * np.array([x, y])),
                colours.contrasting(dice, colour),
            )
    elif kind == "ribbon":
        corners = figure.corners
        middles = (corners + np.roll(corners, -1, axis=0)) / 2
        tone = colours.any_colour(dice)
        _mark(image, plane, [middles[[0, 2]].tolist(), middles[[1, 3]].tolist()], 0.15, tone)


def _grid(dice: Dice, image: Image.Image, plane: Plane, figure: Figure, tone: Colour) -> None:
    count = dice.integer(2, 8)
    a, b, c, d = figure.corners
    lines = []
    for t in np.arange(1, count) / count:
        lines += [
            [(a + t * (b - a)).tolist(), (d + t * (c - d)).tolist()],
            [(a + t * (d - a)).tolist(), (b + t * (c - b)).tolist()],
        ]
    _mark(image, plane, lines, dice.between(0.02, 0.06), tone)


def _pips(count: int) -> list[tuple[int, int]]:
    faces = {
        1: [(0, 0)],
        2: [(-1, -1), (1, 1)],
        3: [(-1, -1), (0, 0), (1, 1)],
        4: [(-1, -1), (1, 1), (-1, 1), (1, -1)],
    }
    faces[5] = [*faces[4], (0, 0)]
    faces[6] = [*faces[4], (-1, 0), (1, 0)]
    return faces[count]


def _sign(dice: Dice, image: Image.Image, plane: Plane, figure: Figure, ground: Colour) -> None:
    """A road sign or a badge: border, field, and a small mark inside."""
    soft = Figure(figure.label, figure.corners, (), max(figure.rounding, dice.between(0.08, 0.25)))
    border = dice.pick([(200, 25, 35), (20, 20, 22), (245, 245, 245), (25, 60, 160), (250, 200, 20)])
    if colours.distance(border, ground) < 45:
        border = colours.contrasting(dice, ground)
    mask = canvas.area(plane.project(soft.area()), image.size)
    canvas.shadow(image, mask, 2, 3, 3, 0.35)
    canvas.paint(image, mask, border)
    field = colours.contrasting(dice, border, 50)
    share = dice.between(0.6, 0.9)
    middle = figure.corners.mean(axis=0)
    canvas.fill(image, plane.project(middle + (soft.area() - middle) * share), field)
    mark = dice.weighted({"none": 2, "!": 1.5, "bar": 1, "arrow": 1})
    ink = colours.ink_colour(dice, field)
    x, y = middle
    if mark == "!":
        _mark(image, plane, [[[x, y - 0.3], [x, y + 0.08]], [[x, y + 0.25], [x, y + 0.26]]], 0.11, ink)
    elif mark == "bar":
        _mark(image, plane, [[[x - 0.3, y], [x + 0.3, y]]], 0.14, ink)
    elif mark == "arrow":
        _mark(
            image,
            plane,
            [[[x, y + 0.3], [x, y - 0.25]], [[x - 0.15, y - 0.1], [x, y - 0.25], [x + 0.15, y - 0.1]]],
            0.08,
            ink,
        )


def _set_square(dice: Dice, image: Image.Image, plane: Plane, figure: Figure, ground: Colour) -> None:
    """A ruler with a hole of its own shape, often see-through."""
    middle = figure.corners.mean(axis=0)
    hole = middle + (figure.area() - middle) * dice.between(0.3, 0.6)
    mask = canvas.area(plane.project(figure.area()), image.size, [plane.project(hole)])
    canvas.shadow(image, mask, 2, 3, 3, 0.4)
    canvas.paint(
        image, mask and mask.faded(dice.between(0.6, 1)), colour := colours.contrasting(dice, ground)
    )
    outline = np.concatenate([figure.corners, figure.corners[:1]])
    _mark(image, plane, [outline.tolist()], 0.03, colours.shade(colour, 0.5))


def _slice(dice: Dice, image: Image.Image, plane: Plane, figure: Figure, ground: Colour) -> None:
    """A piece of pizza or cake: one side with a crust."""
    _food(dice, image, plane, figure, ground)
    crust = colours.from_hsv(0.08, 0.7, dice.between(0.35, 0.7))
    _mark(image, plane, [(figure.corners[:2] * 0.92).tolist()], 0.16, crust)


def _faceted(dice: Dice, image: Image.Image, plane: Plane, figure: Figure, ground: Colour) -> None:
    """A star or pyramid of folded faces, every other one in the shade."""
    colour = solid(dice, image, plane, figure, ground, dice.between(0, 0.1))
    corners = figure.corners
    middle = corners.mean(axis=0)
    for i in range(len(corners)):
        tone = dice.between(0.55, 0.75) if i % 2 else dice.between(1.0, 1.15)
        facet = np.stack([corners[i], corners[(i + 1) % len(corners)], middle])
        canvas.fill(image, plane.project(facet), colours.shade(colour, tone))


def _ornament(dice: Dice, image: Image.Image, plane: Plane, figure: Figure, ground: Colour) -> None:
    """Shiny, with a bead on each tip or a thread to hang it by."""
    colour = solid(dice, image, plane, figure, ground, dice.between(0, 0.15))
    if dice.chance(0.4):
        for tip in figure.corners[::2]:
            canvas.fill(
                image, plane.project(rounded(_box(0.09, 0.09), 1) + tip * 0.97), colours.shade(colour, 1.1)
            )
    elif dice.chance(0.5):
        top = figure.corners[int(np.argmin(figure.corners[:, 1]))]
        _mark(image, plane, [[top.tolist(), [float(top[0]), -4.0]]], 0.02, colours.any_colour(dice))
    glow = canvas.area(plane.project(figure.area() * 0.5 + dice.between(-0.15, 0.15)), image.size)
    canvas.paint(image, glow and glow.blurred(0.12 * plane.scale()).faded(0.6), colours.shade(colour, 1.4))


def _slab(dice: Dice, image: Image.Image, plane: Plane, figure: Figure, ground: Colour) -> None:
    """A wooden toy block or a piece of foam, seen from a little aside."""
    solid(dice, image, plane, figure, ground, dice.between(0.1, 0.45))


def _box(width: float, height: float) -> Points:
    return np.array([[-width, -height], [width, -height], [width, height], [-width, height]])


Thing = Callable[[Dice, Image.Image, Plane, Figure, Colour], None]
THINGS: dict[str, tuple[Thing, ...]] = {
    "circle": (_plate, _clock, _ball, _ball, _ring, _food, _sign, _slab),
    "square": (_framed, _framed, _framed, _slab, _slab, _sign, _food),
    "triangle": (_sign, _sign, _set_square, _set_square, _slice, _faceted, _slab),
    "star": (_faceted, _ornament, _ornament, _food, _slab, _sign),
}
