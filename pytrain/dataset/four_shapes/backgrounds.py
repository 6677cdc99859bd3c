"""What is behind the thing that is held up: walls, desks, rooms, clothes, shelves, windows, and plain clutter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from pytrain.dataset.four_shapes import canvas, clutter, colours, noise
from pytrain.dataset.four_shapes.colours import Colour
from pytrain.dataset.four_shapes.dice import Dice
from pytrain.dataset.four_shapes.plane import HEIGHT, WIDTH

SIZE = (WIDTH, HEIGHT)


def background(dice: Dice, busy: float = 0.5) -> Image.Image:
    """A frame without a subject.

    Args:
        busy: how much stands around, from 0 to 1.
    """
    image = dice.weighted(RECIPES)(dice)
    if dice.chance(busy):
        clutter.scatter(dice, image, dice.integer(1, 6))
    if dice.chance(0.6):
        image = image.filter(ImageFilter.GaussianBlur(dice.between(0.5, 6)))
    return image


def tinted(field: noise.Field, dark: Colour, light: Colour) -> Image.Image:
    """A picture whose colour goes from dark to light with the field's values."""
    table = np.clip(np.linspace(dark, light, 256), 0, 255).astype(np.uint8)
    return Image.fromarray(table[np.clip(field * 255, 0, 255).astype(np.uint8)])


def room_colour(dice: Dice) -> Colour:
    """Walls are pale more often than not."""
    if dice.chance(0.6):
        return colours.from_hsv(dice.pick([0.08, 0.1, 0.13, 0.55, 0.6, 0.3]) + dice.between(-0.04, 0.04),
                                dice.between(0, 0.18), dice.between(0.55, 0.98))  # fmt: skip
    return colours.any_colour(dice)


def wall(dice: Dice) -> Image.Image:
    base = room_colour(dice)
    swing = dice.between(0.02, 0.25)
    image = tinted(
        noise.clouds(dice, 2, dice.integer(1, 5)),
        colours.shade(base, 1 - swing),
        colours.shade(base, 1 + swing),
    )
    if dice.chance(0.35):
        clutter.wall_things(dice, image)
    return image


def plaster(dice: Dice) -> Image.Image:
    base = room_colour(dice)
    rough = noise.clouds(dice, dice.integer(8, 30), 4)
    relief = np.clip(0.5 + (rough - np.roll(rough, (1, 1), (0, 1))) * dice.between(2, 7), 0, 1)
    return tinted(relief.astype(np.float32), colours.shade(base, 0.6), colours.shade(base, 1.3))


def brick(dice: Dice) -> Image.Image:
    mortar = colours.shade(room_colour(dice), dice.between(0.6, 1))
    stone = colours.from_hsv(dice.between(0, 0.12), dice.between(0.1, 0.65), dice.between(0.3, 0.85))
    image = tinted(noise.clouds(dice, 6, 3), colours.shade(mortar, 0.85), colours.shade(mortar, 1.1))
    height = dice.integer(12, 34)
    width = round(height * dice.between(2.3, 3.2))
    gap = max(1, round(height * 0.1))
    for row, top in enumerate(range(-dice.integer(0, height), HEIGHT, height)):
        shift = (row % 2) * width // 2 + 5
        for left in range(-shift - width, WIDTH, width):
            box = (left, top, left + width - gap, top + height - gap)
            image.paste(colours.shade(stone, dice.between(0.8, 1.2)), box)
    return image


def wood(dice: Dice) -> Image.Image:
    light = colours.from_hsv(dice.between(0.05, 0.11), dice.between(0.2, 0.7), dice.between(0.3, 0.95))
    dark = colours.shade(light, dice.between(0.5, 0.85))
    across, along = dice.integer(20, 90), dice.integer(2, 5)
    grain = 0.6 * noise.field(dice, along, across) + 0.4 * noise.clouds(dice, 2, 2)
    if dice.chance(0.5):
        grain = np.abs(np.sin(grain * dice.between(6, 20))).astype(np.float32)
    image = tinted(grain, dark, light)
    if dice.chance(0.4):
        step = dice.integer(40, 110)
        for y in range(dice.integer(5, step), HEIGHT, step):
            image.paste(colours.shade(dark, 0.6), (0, y, WIDTH, y + dice.integer(1, 2)))
    if dice.chance(0.5):
        turned = image.rotate(dice.pick([90, 20, -15, 70]), Image.Resampling.BILINEAR, expand=True)
        inset = (turned.width - WIDTH // 2) // 2, (turned.height - HEIGHT // 2) // 2
        image = turned.crop((inset[0], inset[1], inset[0] + WIDTH // 2, inset[1] + HEIGHT // 2)).resize(SIZE)
    return image


def cloth(dice: Dice) -> Image.Image:
    base = colours.any_colour(dice)
    folds = noise.field(dice, dice.integer(3, 10), dice.integer(2, 4))
    weave = noise.field(dice, 160, 120)
    field = np.clip(0.5 + dice.between(0.2, 0.9) * (folds - 0.5) + 0.15 * (weave - 0.5), 0, 1)
    image = tinted(field, colours.shade(base, 0.45), colours.shade(base, 1.25))
    if dice.chance(0.45):
        clutter.stripes(dice, image, bent=folds)
    return image


def dead_leaves(dice: Dice) -> Image.Image:
    """Overlapping patches of all sizes: their edges are distributed as in photographs.

    Lee, Mumford and Huang, Occlusion models for natural images, IJCV 41 (2001).
    """
    palette = [colours.any_colour(dice) for _ in range(dice.integer(3, 7))]
    image = tinted(noise.clouds(dice), colours.shade(palette[0], 0.6), palette[0])
    for _ in range(dice.integer(20, 70)):
        size = min(170.0, 9 / (0.05 + dice.between(0, 1)) ** 0.9)
        centre = dice.uniforms(2) * SIZE
        colour = colours.shade(dice.pick(palette), dice.between(0.6, 1.3))
        canvas.fill(image, clutter.patch(dice) * size + centre, colour, dice.between(0.7, 1))
    return image


def foliage(dice: Dice) -> Image.Image:
    hue = dice.between(0.18, 0.4) if dice.chance(0.75) else dice.between(0, 1)
    image = tinted(
        noise.clouds(dice, 5, 4), colours.from_hsv(hue, 0.7, 0.08), colours.from_hsv(hue, 0.5, 0.6)
    )
    for _ in range(dice.integer(15, 60)):
        clutter.leaf(dice, image, hue)
    return image


def spectrum(dice: Dice) -> Image.Image:
    """Clouds of colour with the spectrum of natural pictures, and no thing in it."""
    channels = [noise.clouds(dice, dice.integer(2, 5), 6) for _ in range(3)]
    grey = sum(channels) / 3
    contrast = dice.between(0.8, 2.5)
    mixed = [0.5 + contrast * (0.7 * (grey - 0.5) + 0.5 * (channel - 0.5)) for channel in channels]
    return Image.fromarray((np.clip(np.stack(mixed, axis=2), 0, 1) * 255).astype(np.uint8))


def room(dice: Dice) -> Image.Image:
    """A wall, a floor or a table, and furniture: what is behind a person at a desk."""
    image = wall(dice)
    if dice.chance(0.5):
        horizon = dice.integer(110, 215)
        floor = (
            wood(dice)
            if dice.chance(0.5)
            else tinted(noise.clouds(dice), *(colours.any_colour(dice) for _ in "ab"))
        )
        image.paste(floor.crop((0, 0, WIDTH, HEIGHT - horizon)), (0, horizon))
    for _ in range(dice.integer(1, 4)):
        dice.weighted(clutter.FURNITURE)(dice, image)
    return image


def person(dice: Dice) -> Image.Image:
    """Somebody sits in front of a room, as in most webcam frames."""
    image = room(dice) if dice.chance(0.6) else wall(dice)
    image = image.filter(ImageFilter.GaussianBlur(dice.between(0, 4)))
    clutter.person(dice, image)
    return image


def plain(dice: Dice) -> Image.Image:
    first = colours.any_colour(dice)
    second = colours.shade(first, dice.between(0.6, 1.4)) if dice.chance(0.7) else colours.any_colour(dice)
    slope = np.linspace(0, 1, WIDTH)[None, :] * dice.between(-1, 1) + np.linspace(0, 1, HEIGHT)[:, None]
    slope = (slope - slope.min()) / np.ptp(slope)
    return tinted(slope.astype(np.float32), first, second)


RECIPES: dict[Callable[[Dice], Image.Image], float] = {
    wall: 3.0, plaster: 1.0, brick: 0.6, wood: 2.0, cloth: 1.3, dead_leaves: 2.0, foliage: 0.7, spectrum: 1.5,
    room: 3.5, person: 5.0, plain: 1.0,
}  # fmt: skip
