"""Webcam frames: a figure in some medium, held up before some background, taken by some camera."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from pytrain.dataset.four_shapes import (
    backgrounds,
    camera,
    canvas,
    clutter,
    colours,
    figures,
    hands,
    ink,
    looks,
    strokes,
    surfaces,
    things,
)
from pytrain.dataset.four_shapes.colours import Colour
from pytrain.dataset.four_shapes.dice import Dice
from pytrain.dataset.four_shapes.figures import Figure
from pytrain.dataset.four_shapes.outlines import LABELS, Points
from pytrain.dataset.four_shapes.plane import HEIGHT, WIDTH, Plane, placed, shape_size, tilted
from pytrain.dataset.image_folder import UNKNOWN
from pytrain.image import Frame

Medium = Callable[[Dice, Figure], Frame]


def draw_scene(label: str, seed: int) -> Frame:
    """One webcam frame of a shape, or of none of them.

    Args:
        label: "circle", "square", "star", "triangle" or "unknown".
        seed: the same seed gives the same frame.

    Returns:
        uint8 [240, 320, 3], RGB.
    """
    dice = Dice(seed)
    if label == UNKNOWN:
        return dice.weighted(NOTHING)(dice)
    medium = dice.weighted(MEDIA)
    by_hand = medium in (on_paper, on_board, on_pad)
    figure = figures.shape(
        dice, label, dice.between(0.2, 1) if by_hand else dice.between(0, 0.3) * dice.integer(0, 1)
    )
    return medium(dice, figure)


def on_paper(dice: Dice, figure: Figure) -> Frame:
    """Drawn by hand on a sheet that is held up, lies on a desk, or fills the frame."""
    image, plane = backgrounds.background(dice), _view(dice, figure)
    return _sheet(dice, image, plane, figure, lambda ground: ink.draw(dice, image, plane, figure, ground))


def printed(dice: Dice, figure: Figure) -> Frame:
    """Printed on a sheet, a card or a poster."""
    image, plane = backgrounds.background(dice), _view(dice, figure)
    return _sheet(dice, image, plane, figure, lambda ground: looks.flat(dice, image, plane, figure, ground))


def on_board(dice: Dice, figure: Figure) -> Frame:
    """Marker on a whiteboard, chalk on a blackboard or a wall."""
    image = Image.new("RGB", (WIDTH, HEIGHT))
    plane = _view(dice, figure)
    dark = dice.chance(0.55)
    surface = surfaces.board(dice, image, dark)
    ink.draw(dice, image, plane, figure, surface.colour, on_board=dark)
    return camera.capture(dice, image)


def on_pad(dice: Dice, figure: Figure) -> Frame:
    """Drawn with mouse or finger on the page's drawing pad: one even line, one colour, no camera."""
    white = dice.chance(0.8)
    ground: Colour = (255, 255, 255) if white else dice.pick([(0, 0, 0), colours.any_colour(dice)])
    image = Image.new("RGB", (WIDTH, HEIGHT), ground)
    plane = placed(dice, Plane(np.eye(3)), figure.area(), dice.between(0.25, 0.95))
    colour: Colour = dice.pick([(0, 0, 0), (0, 0, 0), (17, 17, 17), (34, 34, 40)])
    if not white or dice.chance(0.12):
        colour = colours.contrasting(dice, ground, 90)
    hand = strokes.any_hand(dice)
    width = dice.log_between(1.5, 16) / plane.scale()
    if figure.solid and dice.chance(0.12):
        canvas.fill(image, plane.project(figure.area()), colour)
    lines = figure.lines(dice, hand)
    if dice.chance(0.3):
        # A quick mouse is seen at few places, and straight lines join them.
        step = dice.integer(2, 4)
        lines = [np.concatenate([path[:-1:step], path[-1:]]) for path in lines]
    ink.draw_lines(dice, image, plane, lines, ink.Tool(width), colour)
    return np.asarray(image) if dice.chance(0.8) else camera.capture(dice, image, 0.15)


def as_picture(dice: Dice, figure: Figure) -> Frame:
    """A clip-art, a logo, a screenshot: a clean figure over the whole frame."""
    if dice.chance(0.65):
        ground = dice.pick([(255, 255, 255), (255, 255, 255), (0, 0, 0), colours.any_colour(dice)])
        image = Image.new("RGB", (WIDTH, HEIGHT), ground)
    else:
        image = backgrounds.plain(dice)
        ground = tone(image)
    plane = placed(dice, Plane(np.eye(3)), figure.area(), dice.between(0.25, 0.95))
    looks.flat(dice, image, plane, figure, ground)
    return camera.capture(dice, image, dice.pick([0.0, 0.1, 0.5]))


def on_screen(dice: Dice, figure: Figure) -> Frame:
    """Shown on a phone, a tablet or a laptop."""
    image, plane = backgrounds.background(dice), _view(dice, figure)
    hold = Hold(dice, image, 0.7, 18)
    surface = surfaces.screen(dice, image, plane, hold.behind)
    if dice.chance(0.25):
        ink.draw(dice, image, plane, figure, surface.colour)
    else:
        looks.flat(dice, image, plane, figure, surface.colour)
    hold.in_front()
    _point_at(dice, image, plane, figure)
    return camera.capture(dice, image)


def cut_out(dice: Dice, figure: Figure) -> Frame:
    """Cut from paper, card or foam, and held by its edge or stuck to something."""
    image, plane = backgrounds.background(dice, 0.3), _view(dice, figure)
    ground = tone(image, plane)
    hold = Hold(dice, image, 0.75, 0.22 * plane.scale())
    hold.behind(plane.project(figure.area()))
    things.solid(dice, image, plane, figure, ground, dice.between(0, 0.05))
    hold.in_front()
    return camera.capture(dice, image)


def as_thing(dice: Dice, figure: Figure) -> Frame:
    """An object of that shape, lying, hanging or held."""
    image, plane = backgrounds.background(dice, 0.4), _view(dice, figure)
    ground = tone(image, plane)
    hold = Hold(dice, image, 0.35, 0.2 * plane.scale())
    hold.behind(plane.project(figure.area()))
    things.thing(dice, image, plane, figure, ground)
    hold.in_front()
    return camera.capture(dice, image)


def on_anything(dice: Dice, figure: Figure) -> Frame:
    """Painted, taped or projected straight onto whatever is there: a wall, a door, a shirt, a view."""
    calm = dice.chance(0.25)
    if calm:
        recipe = dice.pick([backgrounds.wall, backgrounds.plaster, backgrounds.wood, backgrounds.cloth])
        image = recipe(dice)
    else:
        image = backgrounds.background(dice)
    plane = _view(dice, figure)
    ground = tone(image, plane)
    if dice.chance(0.45 if calm else 0.9):
        looks.flat(dice, image, plane, figure, ground)
    else:
        ink.draw(dice, image, plane, figure, ground)
    return camera.capture(dice, image)


def empty(dice: Dice) -> Frame:
    """Only a background, with things that stand around."""
    return camera.capture(dice, backgrounds.background(dice, 0.8))


def someone(dice: Dice) -> Frame:
    """A face, sometimes with a hand before it."""
    image = backgrounds.person(dice)
    if dice.chance(0.3):
        hands.waving(dice, image)
    if dice.chance(0.3):
        clutter.scatter(dice, image, dice.integer(1, 3))
    return camera.capture(dice, image)


def bare_hand(dice: Dice) -> Frame:
    image = backgrounds.background(dice)
    hands.waving(dice, image)
    return camera.capture(dice, image)


def blank(dice: Dice) -> Frame:
    """A sheet, a phone or a board with nothing on it but writing."""
    image = backgrounds.background(dice)
    plane = placed(
        dice, tilted(dice, 18, dice.around(0, 0.2)), np.array([[-1.0, -1], [1, 1]]), dice.between(0.3, 0.9)
    )
    kind = dice.weighted({"sheet": 4, "screen": 2, "board": 2, "pad": 1})
    if kind == "pad":
        image = Image.new(
            "RGB", (WIDTH, HEIGHT), (255, 255, 255) if dice.chance(0.7) else colours.any_colour(dice)
        )
        return np.asarray(image)
    if kind == "board":
        surfaces.board(dice, image, dice.chance(0.5))
    elif kind == "screen":
        surfaces.screen(dice, image, plane, kind="phone")
    else:
        short = dice.between(0.8, 1.6)
        ratio = dice.between(1.41, 2.2)
        size = (short, short * ratio) if dice.chance(0.5) else (short * ratio, short)
        hold = Hold(dice, image, 0.5, 22)
        surfaces.paper(dice, image, plane, size, hold.behind)
        hold.in_front()
    if dice.chance(0.3):
        clutter.text(dice, image)
    return camera.capture(dice, image)


def page(dice: Dice) -> Frame:
    """Printed text over the whole frame."""
    ground = colours.paper_colour(dice)
    image = Image.new("RGB", (WIDTH, HEIGHT), ground)
    colour, size = colours.ink_colour(dice, ground), dice.log_between(9, 60)
    lines = [" ".join(dice.pick(clutter.WORDS) for _ in range(9)) for _ in range(int(HEIGHT / size) + 1)]
    clutter.write(image, "\n".join(lines), (dice.between(-30, 20), dice.between(-20, 10)), size, colour)
    if dice.chance(0.5):
        image = image.rotate(dice.around(0, 8), Image.Resampling.BILINEAR, fillcolor=ground)
    return camera.capture(dice, image)


def extreme(dice: Dice) -> Frame:
    """A covered lens, the night, a lamp in the face, a frame shaken beyond all recognition."""
    image = backgrounds.background(dice)
    kind = dice.weighted({"dark": 2, "bright": 1.5, "smear": 1.5, "blur": 1.5, "one colour": 1.5})
    if kind == "one colour":
        image = Image.new("RGB", (WIDTH, HEIGHT), colours.any_colour(dice))
    elif kind == "blur":
        image = canvas.softened(image, dice.between(8, 25))
    elif kind == "smear":
        across = dice.integer(10, 60)
        image = image.resize((WIDTH // across, HEIGHT // 2)).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    else:
        factor = dice.between(0.03, 0.3) if kind == "dark" else dice.between(1.8, 4)
        image = image.point([min(255, round(value * factor)) for value in range(256)] * 3)
    return camera.capture(dice, image)


def another(dice: Dice) -> Frame:
    """A figure that is none of the four, in the same media as the four."""
    medium = dice.weighted(MEDIA)
    solid = True if medium in (cut_out, as_thing) else None
    return medium(dice, figures.other(dice, solid))


def corner_only(dice: Dice) -> Frame:
    """A shape of which the frame shows so little that nobody could name it."""
    image = backgrounds.background(dice, 0.3)
    figure = figures.shape(dice, dice.pick(LABELS), 0.3)
    plane = placed(dice, tilted(dice, 30, dice.angle()), figure.area(), dice.between(0.4, 1.2))
    box = plane.project(figure.area())
    low, high = box.min(axis=0), box.max(axis=0)
    shown = dice.between(0.0, 0.18) * (high - low)
    right, below = WIDTH - 20 - low[0] - shown[0], HEIGHT - low[1] - shown[1]
    left, above = 20 - high[0] + shown[0], shown[1] - high[1]
    away = dice.pick([(right, 0.0), (left, 0.0), (0.0, below), (0.0, above)])
    things.solid(dice, image, plane.then(1.0, (float(away[0]), float(away[1]))), figure, tone(image), 0.02)
    return camera.capture(dice, image)


class Hold:
    """A hand that may hold a thing: its parts behind the thing, then those in front."""

    def __init__(self, dice: Dice, image: Image.Image, probability: float, reach: float) -> None:
        self._dice, self._image, self._reach = dice, image, reach
        self._wanted = dice.chance(probability)
        self._grip: hands.Grip | None = None

    def behind(self, edge: Points) -> None:
        if self._wanted:
            self._grip = hands.grip(self._dice, edge, self._reach)
        if self._grip:
            hands.behind(self._dice, self._image, self._grip)

    def in_front(self) -> None:
        if self._grip:
            hands.in_front(self._dice, self._image, self._grip)


def _sheet(
    dice: Dice, image: Image.Image, plane: Plane, figure: Figure, mark: Callable[[Colour], None]
) -> Frame:
    hold = Hold(dice, image, 0.55, 26)
    surface = surfaces.paper(dice, image, plane, surfaces.sheet_size(dice), hold.behind)
    mark(surface.colour)
    if dice.chance(0.12):
        surfaces.side_note(dice, image, plane, surface.colour)
    hold.in_front()
    _point_at(dice, image, plane, figure)
    return camera.capture(dice, image)


def _point_at(dice: Dice, image: Image.Image, plane: Plane, figure: Figure) -> None:
    """Now and then a finger lies over the figure's edge."""
    if dice.chance(0.1) and (hand := hands.grip(dice, plane.project(figure.area()), 0.2 * plane.scale())):
        hands.in_front(dice, image, hand)


def _view(dice: Dice, figure: Figure) -> Plane:
    plane = tilted(dice, 34 if dice.chance(0.3) else 18, dice.around(0, 0.15))
    return placed(dice, plane, figure.area(), shape_size(dice))


def tone(image: Image.Image, plane: Plane | None = None) -> Colour:
    """The mean colour of a frame around the place where a figure goes."""
    if plane is not None:
        (x, y), reach = plane.project(np.zeros((1, 2)))[0], plane.scale() * 1.1
        image = image.crop((round(x - reach), round(y - reach), round(x + reach), round(y + reach)))
    red, green, blue = np.asarray(image.resize((8, 8))).reshape(-1, 3).mean(axis=0)
    return round(red), round(green), round(blue)


MEDIA: dict[Medium, float] = {
    on_paper: 25, printed: 13, on_board: 8, on_pad: 10, as_picture: 8, on_screen: 10,
    cut_out: 9, as_thing: 9, on_anything: 18,
}  # fmt: skip
NOTHING: dict[Callable[[Dice], Frame], float] = {
    another: 42, empty: 22, someone: 12, blank: 12, bare_hand: 4, page: 3, extreme: 4, corner_only: 3,
}  # fmt: skip
