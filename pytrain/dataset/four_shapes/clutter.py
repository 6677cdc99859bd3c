"""Things that stand around in a frame and are never its subject; none is clearly one of the four shapes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pytrain.dataset.four_shapes import canvas, colours, noise
from pytrain.dataset.four_shapes.colours import Colour
from pytrain.dataset.four_shapes.dice import Dice
from pytrain.dataset.four_shapes.outlines import Points, rotated, rounded, smooth
from pytrain.dataset.four_shapes.plane import HEIGHT, WIDTH

_TEXT = (
    "the quick brown fox hello today list of things to do buy milk and bread page chapter one notes from "
    "class monday meeting 12 47 350 total name date signed important please read new world under river house"
)
WORDS = _TEXT.split()


def patch(dice: Dice) -> Points:
    """An uneven blob or splinter of radius about 1."""
    count = dice.integer(4, 9)
    angles = np.sort(2 * np.pi * (np.arange(count) + 0.8 * dice.uniforms(count)) / count)
    radius = 0.4 + 0.7 * dice.uniforms(count)
    squeeze = dice.between(0.35, 0.8)
    corners = rotated(
        np.stack([radius * np.cos(angles), squeeze * radius * np.sin(angles)], axis=1), dice.angle()
    )
    return smooth(corners, 5) if dice.chance(0.6) else corners


def bar(left: float, top: float, width: float, height: float, lean: float = 0.0) -> Points:
    """A rectangle in pixels, leaning by an angle in radians."""
    corners = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    return np.asarray(rotated(corners, lean) + np.array([left + width / 2, top + height / 2]))


def scatter(dice: Dice, image: Image.Image, count: int) -> None:
    """Pens, cables, cups from the side, sheets, books, bottles, text: whatever lies on desks."""
    for _ in range(count):
        dice.weighted(SMALL)(dice, image)


def pen(dice: Dice, image: Image.Image) -> None:
    """A pen or a pencil with a cap of another colour."""
    length, width = dice.between(60, 200), dice.between(4, 12)
    centre, lean = dice.uniforms(2) * (WIDTH, HEIGHT), dice.angle()
    body = rotated(rounded(bar(-length / 2, -width / 2, length, width), 0.5), lean) + centre
    mask = canvas.area(body, image.size)
    canvas.shadow(image, mask, 2, 3, 2, 0.4)
    canvas.paint(image, mask, colours.muted(dice))
    cap = bar(-length / 2, -width / 2, length * dice.between(0.1, 0.35), width)
    canvas.fill(image, rotated(cap, lean) + centre, colours.muted(dice))


def cable(dice: Dice, image: Image.Image) -> None:
    points = np.stack([np.linspace(-20, WIDTH + 20, 6), dice.uniforms(6) * HEIGHT], axis=1)
    if dice.chance(0.4):
        points = points[:, ::-1] * (1.3, 0.8)
    canvas.stroke(image, [smooth(points, 10, closed=False)], dice.between(1.5, 6), colours.muted(dice))


def sheet(dice: Dice, image: Image.Image) -> None:
    """A paper or card, longer than 1.3 to 1, mostly cut by the frame, with lines of writing."""
    short = dice.between(40, 120)
    long = short * dice.between(1.35, 2.2)
    middle = dice.uniforms(2) * (WIDTH, HEIGHT)
    corners = bar(middle[0] - long / 2, middle[1] - short / 2, long, short, dice.angle())
    mask = canvas.area(corners, image.size)
    canvas.shadow(image, mask, 2, 3, 3, 0.4)
    ground = colours.paper_colour(dice)
    canvas.paint(image, mask, ground)
    if dice.chance(0.6):
        axis_x, axis_y = (corners[1] - corners[0]) * 0.8, (corners[3] - corners[0]) * 0.8
        start = corners[0] + 0.1 * (corners[1] - corners[0]) + 0.1 * (corners[3] - corners[0])
        rows = [
            np.stack([start + t * axis_y, start + t * axis_y + dice.between(0.4, 1) * axis_x])
            for t in np.linspace(0, 1, 8)
        ]
        canvas.stroke(image, rows, 1.2, colours.ink_colour(dice, ground), 0.6)


def book(dice: Dice, image: Image.Image) -> None:
    short = dice.between(20, 70)
    corners = bar(dice.between(-30, WIDTH), dice.between(-30, HEIGHT), short, short * dice.between(1.9, 5),
                  dice.around(0, 0.2))  # fmt: skip
    mask = canvas.area(corners, image.size)
    canvas.shadow(image, mask, 2, 2, 3, 0.4)
    canvas.paint(image, mask, colours.muted(dice))


def cup(dice: Dice, image: Image.Image) -> None:
    """From the side, with its handle."""
    x, y, size = dice.between(0, WIDTH), dice.between(60, HEIGHT), dice.between(14, 45)
    colour = colours.muted(dice)
    handle = size * smooth([[0.4, -0.7], [0.95, -0.6], [0.9, 0.3], [0.35, 0.5]], 6, closed=False)
    canvas.stroke(image, [handle + np.array([x, y])], max(2, size * 0.15), colours.shade(colour, 0.85))
    body = np.array([[-0.5, -1.1], [0.5, -1.1], [0.42, 1.0], [-0.42, 1.0]]) * size + (x, y)
    mask = canvas.area(rounded(body, 0.25), image.size)
    canvas.shadow(image, mask, 3, 2, 4, 0.4)
    canvas.paint(image, mask, colour)
    canvas.fill(image, body * (0.35, 1) + (x * 0.65 - size * 0.25, 0), colours.shade(colour, 1.25), 0.5)


def lamp_glow(dice: Dice, image: Image.Image) -> None:
    """An overexposed patch without an edge."""
    x, y, size = dice.between(0, WIDTH), dice.between(0, HEIGHT), dice.between(10, 60)
    mask = canvas.area(patch(dice) * size + (x, y), image.size)
    if mask is not None:
        canvas.paint(image, mask.blurred(size / 2), (255, 250, 235))


def text(dice: Dice, image: Image.Image) -> None:
    """Some printed words."""
    lines = [" ".join(dice.pick(WORDS) for _ in range(dice.integer(1, 5))) for _ in range(dice.integer(1, 4))]
    place = dice.between(-20, WIDTH * 0.8), dice.between(0, HEIGHT)
    write(image, "\n".join(lines), place, dice.log_between(8, 40), colours.muted(dice))


def write(image: Image.Image, words: str, at: tuple[float, float], size: float, colour: Colour) -> None:
    """Prints words, upright, from a corner in pixels."""
    ImageDraw.Draw(image).multiline_text(at, words, fill=colour, font=ImageFont.load_default(round(size)))


def leaf(dice: Dice, image: Image.Image, hue: float = 0.3) -> None:
    t = np.linspace(-1, 1, 9)
    side = dice.between(0.15, 0.4) * (1 - t**2)
    shape = np.concatenate([np.stack([side, t], axis=1), np.stack([-side, t], axis=1)[::-1][1:-1]])
    size = dice.log_between(8, 70)
    colour = colours.from_hsv(hue + dice.around(0, 0.03), dice.between(0.3, 0.9), dice.between(0.15, 0.85))
    points = rotated(shape, dice.angle()) * size + dice.uniforms(2) * (WIDTH, HEIGHT)
    canvas.fill(image, points, colour)
    canvas.stroke(image, [points[[0, 8]]], max(1, size * 0.03), colours.shade(colour, 1.25))


def plant(dice: Dice, image: Image.Image) -> None:
    x, y = dice.between(0, WIDTH), dice.between(120, HEIGHT)
    hue = dice.between(0.2, 0.42)
    t = np.linspace(-1, 1, 9)
    for _ in range(dice.integer(7, 18)):
        side = dice.between(0.1, 0.3) * (1 - t**2)
        shape = np.concatenate(
            [np.stack([side, t - 1], axis=1), np.stack([-side, t - 1], axis=1)[::-1][1:-1]]
        )
        points = rotated(shape, dice.around(0, 0.7)) * dice.between(20, 60) + (x, y)
        canvas.fill(image, points, colours.from_hsv(hue, dice.between(0.4, 0.8), dice.between(0.2, 0.7)))
    pot = np.array([[-18, -5], [18, -5], [13, 60], [-13, 60]]) * dice.between(0.7, 1.3) + (x, y)
    canvas.fill(image, pot, colours.muted(dice))


def shelf(dice: Dice, image: Image.Image) -> None:
    """Books side by side on boards."""
    left, width = dice.integer(-60, 200), dice.integer(100, 330)
    height = dice.integer(45, 95)
    board = colours.from_hsv(dice.between(0.05, 0.12), dice.between(0, 0.6), dice.between(0.2, 0.95))
    top = dice.integer(-50, 60)
    image.paste(colours.shade(board, 0.5), (left, top, left + width, top + height * 3))
    for floor in range(top + height, top + 3 * height + 1, height):
        x = left + 3
        while x < left + width - 8:
            thick = dice.integer(6, 18)
            tall = dice.integer(int(height * 0.55), int(height * 0.9))
            if dice.chance(0.85):
                image.paste(colours.muted(dice), (x, floor - tall, x + thick - 1, floor))
            x += thick
        image.paste(board, (left - 3, floor, left + width + 3, floor + 5))


def window(dice: Dice, image: Image.Image) -> None:
    """Tall panes of daylight in a frame."""
    width = dice.integer(40, 90)
    height = round(width * dice.between(1.9, 3.2))
    left, top = dice.integer(-40, 280), dice.integer(-60, 60)
    frame = colours.from_hsv(0.1, dice.between(0, 0.4), dice.between(0.3, 1))
    for pane in range(dice.integer(1, 3)):
        x = left + pane * (width + 4)
        image.paste(frame, (x - 6, top - 6, x + width + 6, top + height + 6))
        image.paste(
            colours.from_hsv(dice.between(0.5, 0.62), dice.between(0, 0.4), dice.between(0.8, 1)),
            (x, top, x + width, top + height),
        )


def blinds(dice: Dice, image: Image.Image) -> None:
    step = dice.integer(6, 18)
    left, width = dice.integer(-50, 200), dice.integer(80, 300)
    light = colours.from_hsv(0.12, dice.between(0, 0.2), dice.between(0.7, 1))
    for y in range(0, dice.integer(80, HEIGHT), step):
        image.paste(light, (left, y, left + width, y + step - 2))
        image.paste(colours.shade(light, 0.6), (left, y + step - 2, left + width, y + step))


def door(dice: Dice, image: Image.Image) -> None:
    width = dice.integer(70, 130)
    left = dice.integer(-60, 290)
    colour = colours.muted(dice)
    image.paste(colours.shade(colour, 0.7), (left - 5, 5, left + width + 5, HEIGHT))
    image.paste(colour, (left, 10, left + width, HEIGHT))
    if dice.chance(0.5):
        image.paste(colours.shade(colour, 0.85), (left + 12, 25, left + width - 12, 25 + round(1.9 * width)))


def monitor(dice: Dice, image: Image.Image) -> None:
    """A wide screen seen from the front, partly out of the frame."""
    width = dice.integer(120, 220)
    height = round(width / dice.between(1.85, 2.3))
    left, top = dice.integer(-90, 260), dice.integer(20, 150)
    image.paste(colours.shade((60, 60, 64), dice.between(0.2, 1.2)), (left, top, left + width, top + height))
    image.paste(colours.muted(dice), (left + 5, top + 5, left + width - 5, top + height - 5))


def sofa(dice: Dice, image: Image.Image) -> None:
    colour = colours.muted(dice)
    top = dice.between(120, 200)
    seat = rounded(bar(dice.between(-120, 120), top, dice.between(180, 320), 150), 0.3)
    canvas.fill(image, seat, colour)
    canvas.fill(image, seat * (0.9, 1) + (10, 30), colours.shade(colour, 0.8))


def curtain(dice: Dice, image: Image.Image) -> None:
    colour = colours.muted(dice)
    left, width = dice.integer(-60, 260), dice.integer(50, 130)
    folds = np.sin(np.linspace(0, dice.between(10, 40), width)) * dice.between(0.1, 0.35) + 0.9
    stripe = np.clip(np.asarray(colour)[None, None, :] * folds[None, :, None], 0, 255).astype(np.uint8)
    image.paste(Image.fromarray(np.repeat(stripe, HEIGHT, axis=0)), (left, 0))


def house(dice: Dice, image: Image.Image) -> None:
    """A block with rows of tall windows, more than twice as high as wide."""
    width = dice.integer(24, 55)
    left, top = dice.integer(-40, 290), dice.integer(20, 120)
    colour = colours.muted(dice)
    image.paste(colour, (left, top, left + width, HEIGHT))
    pane = colours.shade(colour, dice.between(0.3, 1.4))
    for y in range(top + 8, HEIGHT, 22):
        for x in range(left + 5, left + width - 8, 13):
            image.paste(pane, (x, y, x + 6, y + 13))


def wall_things(dice: Dice, image: Image.Image) -> None:
    """Edges of the room, skirting, a switch, cracks: the little that real walls have."""
    for _ in range(dice.integer(1, 3)):
        kind = dice.weighted({"edge": 3, "crack": 1.5, "skirting": 1.5, "shade": 2, "stain": 1})
        grey = dice.between(0.55, 1.2)
        base = image.getpixel((dice.integer(0, WIDTH - 1), dice.integer(0, HEIGHT - 1)))
        tone = colours.shade(base, grey) if isinstance(base, tuple) and len(base) == 3 else (120, 120, 120)
        if kind == "edge":
            a = np.array([[dice.between(-50, WIDTH), -20], [dice.between(0, WIDTH + 50), HEIGHT + 20.0]])
            far = (WIDTH + 60, a[0][1]), (WIDTH + 60, a[1][1])
            canvas.fill(image, np.array([a[0], far[0], far[1], a[1]]), tone, dice.between(0.3, 0.9))
        elif kind == "crack":
            path = np.cumsum(dice.normals(8, 2) * 12 + (6, 9), axis=0) + dice.uniforms(2) * (250, 150)
            canvas.stroke(image, [path], 1.2, colours.shade(tone, 0.6), 0.7)
        elif kind == "skirting":
            image.paste(tone, (0, y := dice.integer(160, 235), WIDTH, y + dice.integer(3, 25)))
        else:
            mask = canvas.area(
                patch(dice) * dice.between(30, 120) + dice.uniforms(2) * (WIDTH, HEIGHT), image.size
            )
            canvas.paint(image, mask and mask.blurred(dice.between(4, 25)).faded(0.6), tone)


def stripes(dice: Dice, image: Image.Image, bent: noise.Field) -> None:
    """Stripes or a tartan that follow the folds of a cloth."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    angle = np.float32(dice.angle())
    period = np.float32(dice.log_between(8, 60))
    phase = (x * np.cos(angle) + y * np.sin(angle) + 40 * bent) / period
    on = (np.sin(2 * np.pi * phase) > dice.between(-0.4, 0.7)).astype(np.uint8)
    if dice.chance(0.4):
        other = (x * np.sin(angle) - y * np.cos(angle) + 40 * bent) / (
            period * np.float32(dice.between(1.8, 3))
        )
        on = on | (np.sin(2 * np.pi * other) > dice.between(0.3, 0.8)).astype(np.uint8)
    image.paste(
        colours.muted(dice), (0, 0), Image.fromarray(on * np.uint8(round(255 * dice.between(0.3, 0.95))))
    )


FURNITURE: dict[Callable[[Dice, Image.Image], None], float] = {
    shelf: 2.0, window: 1.2, blinds: 0.7, door: 1.0, monitor: 1.0, sofa: 0.7, curtain: 1.0, plant: 1.0,
}  # fmt: skip
SMALL: dict[Callable[[Dice, Image.Image], None], float] = {
    pen: 2.0, cable: 1.5, sheet: 1.5, book: 1.5, cup: 1.0, text: 1.2, leaf: 0.5, plant: 0.5, lamp_glow: 0.7,
}  # fmt: skip
