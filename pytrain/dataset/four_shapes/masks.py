"""Webcam scenes that come with their masks: of every pixel, which of the four shapes it belongs to, or none.

A shape's mask is all within its outermost line, the line included: an empty ring is as much a circle as a
plate. What a hand covers of it is not part of it. Figures that are none of the four have no mask.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from pytrain.bundle import BACKGROUND
from pytrain.dataset.four_shapes import (
    backgrounds,
    camera,
    canvas,
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
from pytrain.dataset.four_shapes.dice import Dice, seed_of
from pytrain.dataset.four_shapes.figures import Figure
from pytrain.dataset.four_shapes.outlines import LABELS, Points
from pytrain.dataset.four_shapes.plane import HEIGHT, WIDTH, Plane, placed, shape_size, tilted
from pytrain.dataset.four_shapes.scenes import Hold, draw_scene, tone
from pytrain.dataset.image_folder import UNKNOWN
from pytrain.image import Frame, crop_square

CLASSES = (BACKGROUND, *LABELS)
"""What the numbers of a mask stand for."""

Mask = npt.NDArray[np.uint8]
"""Numbers of classes: uint8 [height, width], 0 for the background."""

NOTHING = 0.16
"""Share of scenes without any of the four shapes."""

SEEN = 24
"""A pixel that a pen changed by so much belongs to its line."""

SMALLEST = 0.36
"""A figure of several reaches so far from its middle at least, where 1 reaches over the whole scene."""


@dataclass(frozen=True)
class Masked:
    """A frame and what is where in it.

    Attributes:
        frame: uint8 [240, 320, 3], RGB.
        mask: uint8 [240, 320].
    """

    frame: Frame
    mask: Mask


def draw_masked(seed: int) -> Masked:
    """A scene with one shape, several, or none; the same seed gives the same scene."""
    dice = Dice(seed)
    if dice.chance(NOTHING):
        empty = np.zeros((HEIGHT, WIDTH), np.uint8)
        return Masked(draw_scene(UNKNOWN, seed_of(seed, "nothing")), empty)
    medium = dice.weighted(MEDIA)
    return medium(dice)


def coverage(mask: Mask, side: int) -> npt.NDArray[np.float32]:
    """What part of each place every class covers, over the centre square, which is what a model sees.

    Args:
        mask: uint8 [height, width].
        side: places across and down.

    Returns:
        float32 [side, side, 5]; the classes of a place add up to 1.
    """
    square = crop_square(mask)
    parts = [
        Image.fromarray((square == number).astype(np.float32)).resize((side, side), Image.Resampling.BOX)
        for number in range(len(CLASSES))
    ]
    return np.stack([np.asarray(part) for part in parts], axis=-1)


@dataclass(frozen=True)
class _Place:
    """A figure and where it lies on the plane: so much smaller, and moved."""

    figure: Figure
    factor: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)


class _Scene:
    """A frame in the making, and its mask."""

    def __init__(self, image: Image.Image) -> None:
        self.image = image
        self.mask = Image.new("L", (WIDTH, HEIGHT))

    def put(self, figure: Figure, plane: Plane, draw: Callable[[], object], lines: bool = False) -> None:
        """Draws a figure and notes its area.

        Args:
            lines: what the drawing changed belongs to it, too.
        """
        before = np.asarray(self.image, np.int16) if lines else None
        draw()
        if figure.label not in LABELS:
            return
        own = np.zeros((HEIGHT, WIDTH), bool)
        if before is not None:
            own |= np.abs(np.asarray(self.image, np.int16) - before).max(axis=2) > SEEN
        if area := canvas.area(plane.project(figure.area()), self.image.size):
            flat = Image.new("L", self.image.size)
            flat.paste(area.image, area.at)
            own |= np.asarray(flat) > 127
        self.mask.paste(1 + LABELS.index(figure.label), (0, 0), Image.fromarray(own))

    def cover(self, draw: Callable[[], object]) -> None:
        """Draws something in front: what it hides belongs to no shape any more."""
        before = np.asarray(self.image)
        draw()
        hidden = (np.asarray(self.image) != before).any(axis=2)
        self.mask.paste(0, (0, 0), Image.fromarray(hidden))

    def taken(self, dice: Dice, harsh: float = 1.0) -> Masked:
        frame, mask = camera.capture_with(dice, self.image, self.mask, harsh)
        return Masked(frame, np.asarray(mask))


def _on_sheet(dice: Dice) -> Masked:
    by_hand = dice.chance(0.6)
    places = _figures(dice, by_hand)
    scene, plane = _Scene(backgrounds.background(dice)), _view(dice, places)
    hold = Hold(dice, scene.image, 0.55, 26)
    ground = surfaces.paper(dice, scene.image, plane, surfaces.sheet_size(dice), hold.behind).colour
    _mark(dice, scene, plane, places, ground, by_hand)
    scene.cover(hold.in_front)
    if dice.chance(0.1) and (hand := hands.grip(dice, _edge(plane, places), 0.2 * plane.scale())):
        scene.cover(lambda: hands.in_front(dice, scene.image, hand))
    return scene.taken(dice)


def _on_board(dice: Dice) -> Masked:
    places = _figures(dice, True)
    scene, plane = _Scene(Image.new("RGB", (WIDTH, HEIGHT))), _view(dice, places)
    dark = dice.chance(0.55)
    ground = surfaces.board(dice, scene.image, dark).colour
    for place, own in _on(plane, places):
        draw = _bound(ink.draw, dice, scene.image, own, place.figure, ground, dark)
        scene.put(place.figure, own, draw, lines=True)
    return scene.taken(dice)


def _on_pad(dice: Dice) -> Masked:
    """The page's own drawing pad: one even line, no camera."""
    places = _figures(dice, True)
    ground: Colour = (255, 255, 255) if dice.chance(0.8) else colours.any_colour(dice)
    scene, plane = _Scene(Image.new("RGB", (WIDTH, HEIGHT), ground)), _view(dice, places, flat=True)
    colour: Colour = (17, 17, 17) if ground == (255, 255, 255) else colours.contrasting(dice, ground, 90)
    width, hand = dice.log_between(2, 14), strokes.any_hand(dice)
    for place, own in _on(plane, places):
        lines = place.figure.lines(dice, hand)
        tool = ink.Tool(width / own.scale())
        draw = _bound(ink.draw_lines, dice, scene.image, own, lines, tool, colour)
        scene.put(place.figure, own, draw, lines=True)
    if dice.chance(0.8):
        return Masked(np.asarray(scene.image), np.asarray(scene.mask))
    return scene.taken(dice, 0.15)


def _as_picture(dice: Dice) -> Masked:
    """A clip-art, a screenshot: clean figures over the whole frame."""
    places = _figures(dice, False)
    if dice.chance(0.6):
        ground: Colour = dice.pick([(255, 255, 255), (0, 0, 0), colours.any_colour(dice)])
        image = Image.new("RGB", (WIDTH, HEIGHT), ground)
    else:
        image = backgrounds.plain(dice)
    scene = _Scene(image)
    _mark(dice, scene, _view(dice, places, flat=True), places, tone(image), False)
    return scene.taken(dice, dice.pick([0.0, 0.1, 0.5]))


def _on_screen(dice: Dice) -> Masked:
    places = _figures(dice, False)
    scene, plane = _Scene(backgrounds.background(dice)), _view(dice, places)
    hold = Hold(dice, scene.image, 0.7, 18)
    ground = surfaces.screen(dice, scene.image, plane, hold.behind).colour
    _mark(dice, scene, plane, places, ground, dice.chance(0.25))
    scene.cover(hold.in_front)
    return scene.taken(dice)


def _as_things(dice: Dice) -> Masked:
    """Cut from card, or objects of that shape; a single one may be held."""
    places = _figures(dice, False, solid=True)
    scene, plane = _Scene(backgrounds.background(dice, 0.3)), _view(dice, places)
    hold = Hold(dice, scene.image, 0.5 if len(places) == 1 else 0.0, 0.2 * plane.scale())
    hold.behind(plane.project(places[0].figure.area()))
    cut = dice.chance(0.5)
    for place, own in _on(plane, places):
        ground = tone(scene.image, own)
        if cut:
            draw = _bound(things.solid, dice, scene.image, own, place.figure, ground, dice.between(0, 0.05))
        else:
            draw = _bound(things.thing, dice, scene.image, own, place.figure, ground)
        scene.put(place.figure, own, draw)
    scene.cover(hold.in_front)
    return scene.taken(dice)


def _on_anything(dice: Dice) -> Masked:
    """Painted, taped or projected straight onto whatever is there."""
    by_hand = dice.chance(0.2)
    places = _figures(dice, by_hand)
    image = (
        dice.pick([backgrounds.wall, backgrounds.plaster, backgrounds.wood, backgrounds.cloth])(dice)
        if dice.chance(0.3)
        else backgrounds.background(dice)
    )
    scene, plane = _Scene(image), _view(dice, places)
    for place, own in _on(plane, places):
        _mark(dice, scene, plane, [place], tone(image, own), by_hand)
    return scene.taken(dice)


MEDIA: dict[Callable[[Dice], Masked], float] = {
    _on_sheet: 34, _on_board: 8, _on_pad: 10, _as_picture: 9, _on_screen: 9, _as_things: 16, _on_anything: 14,
}  # fmt: skip


def _figures(dice: Dice, by_hand: bool, solid: bool | None = None) -> list[_Place]:
    """One shape that fills the unit circle, or several beside each other within the unit square."""

    def one() -> Figure:
        irregular = dice.between(0.2, 1) if by_hand else dice.between(0, 0.3) * dice.integer(0, 1)
        return figures.shape(dice, dice.pick(LABELS), irregular)

    count = dice.weighted({1: 6.0, 2: 2.5, 3: 2.0, 4: 1.0})
    if count == 1:
        return [_Place(one())]
    places: list[_Place] = []
    for _ in range(12 * count):
        factor = dice.between(SMALLEST, 0.75 if count == 2 else 0.6)
        x, y = (2 * dice.uniforms(2) - 1) * (1 - factor)
        gaps = (np.hypot(x - other.shift[0], y - other.shift[1]) - other.factor for other in places)
        if min(gaps, default=2.0) < factor * 1.12:
            continue
        stranger = bool(places) and dice.chance(0.2)
        figure = figures.other(dice, solid) if stranger else one()
        places.append(_Place(figure, factor, (float(x), float(y))))
        if len(places) == count:
            break
    return places


def _view(dice: Dice, places: list[_Place], flat: bool = False) -> Plane:
    plane = Plane(np.eye(3)) if flat else tilted(dice, 34 if dice.chance(0.3) else 18, dice.around(0, 0.15))
    if len(places) == 1:
        return placed(dice, plane, places[0].figure.area(), shape_size(dice))
    square = np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])
    return placed(dice, plane, square, dice.between(0.7, 1.0))


def _on(plane: Plane, places: list[_Place]) -> list[tuple[_Place, Plane]]:
    return [(place, plane.before(0.0, place.factor, place.shift)) for place in places]


def _edge(plane: Plane, places: list[_Place]) -> Points:
    place, own = _on(plane, places)[0]
    return own.project(place.figure.area())


def _mark(
    dice: Dice, scene: _Scene, plane: Plane, places: list[_Place], ground: Colour, by_hand: bool
) -> None:
    for place, own in _on(plane, places):
        draw = _bound(ink.draw if by_hand else _flat, dice, scene.image, own, place.figure, ground)
        scene.put(place.figure, own, draw, lines=True)


def _flat(dice: Dice, image: Image.Image, plane: Plane, figure: Figure, ground: Colour) -> None:
    """Filled, outlined, both, shaded or patterned, without the shadow or rim that `looks.flat` may add."""
    if not figure.solid:
        looks.flat(dice, image, plane, figure, ground)
        return
    colour = colours.ink_colour(dice, ground) if dice.chance(0.45) else colours.contrasting(dice, ground)
    look = dice.weighted({"filled": 5, "outline": 4, "bordered": 2, "gradient": 1.5, "pattern": 1})
    corners = figure.area()
    mask = canvas.area(plane.project(corners), image.size)
    if look == "filled":
        canvas.paint(image, mask, colour)
    elif look == "gradient":
        canvas.paint(image, mask, looks.gradient(dice, colour, colours.shade(colour, dice.between(0.5, 0.8))))
    elif look == "pattern":
        looks.patterned(dice, image, plane, mask, colour, ground)
    elif look == "bordered":
        canvas.paint(image, mask, colours.contrasting(dice, ground, 50))
    if look in ("outline", "bordered", "pattern"):
        looks.outlined(dice, image, plane, corners, colour)


def _bound(draw: Callable[..., object], *values: object) -> Callable[[], object]:
    return lambda: draw(*values)
