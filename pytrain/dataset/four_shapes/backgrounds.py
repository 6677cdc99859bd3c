"""What is behind the thing that is held up: walls, desks, rooms, clothes, shelves, windows, clutter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from pytrain.dataset.four_shapes import canvas, clutter, colours, noise, people
from pytrain.dataset.four_shapes.colours import Colour
from pytrain.dataset.four_shapes.dice import Dice
from pytrain.dataset.four_shapes.outlines import rotated
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
    if dice.chance(0.5):
        image = canvas.softened(image, dice.between(0.5, 6))
    return image


def tinted(field: noise.Field, dark: Colour, light: Colour) -> Image.Image:
    """A picture whose colour goes from dark to light with the field's values."""
    table = np.clip(np.linspace(dark, light, 256), 0, 255).astype(np.uint8)
    picture = Image.fromarray(np.clip(field * 255, 0, 255).astype(np.uint8))
    picture.putpalette(table.tobytes())
    return picture.convert("RGB")


def room_colour(dice: Dice) -> Colour:
    """Walls are pale more often than not."""
    if dice.chance(0.6):
        return colours.from_hsv(dice.pick([0.08, 0.1, 0.13, 0.55, 0.6, 0.3]) + dice.between(-0.04, 0.04),
                                dice.between(0, 0.18), dice.between(0.55, 0.98))  # fmt: skip
    return colours.muted(dice)


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
    base = colours.muted(dice)
    folds = noise.field(dice, dice.integer(3, 10), dice.integer(2, 4))
    weave = noise.field(dice, 160, 120)
    field = np.clip(0.5 + dice.between(0.2, 0.9) * (folds - 0.5) + 0.15 * (weave - 0.5), 0, 1)
    image = tinted(field, colours.shade(base, 0.45), colours.shade(base, 1.25))
    if dice.chance(0.45):
        clutter.stripes(dice, image, bent=folds)
    return image


def dead_leaves(dice: Dice) -> Image.Image:
    """Overlapping patches of all sizes, some with a texture: their edges are distributed as in photographs.

    Lee, Mumford and Huang, Occlusion models for natural images, IJCV 41 (2001).
    """
    palette = [colours.muted(dice) for _ in range(dice.integer(3, 7))]
    image = tinted(noise.clouds(dice), colours.shade(palette[0], 0.6), palette[0])
    texture = tinted(noise.clouds(dice, dice.integer(4, 12), 4), colours.shade(palette[1], 0.4), palette[2])
    for _ in range(dice.integer(20, 60)):
        size = min(170.0, 9 / (0.05 + dice.between(0, 1)) ** 0.9)
        centre = dice.uniforms(2) * SIZE
        colour = colours.shade(dice.pick(palette), dice.between(0.6, 1.3))
        filling = texture if dice.chance(0.2) else colour
        canvas.fill(image, clutter.patch(dice) * size + centre, filling, dice.between(0.7, 1))
    if dice.chance(0.6):
        lit = noise.clouds(dice, dice.integer(2, 5), 5)[:, :, None] * dice.between(0.3, 1.2) + 0.4
        image = Image.fromarray(np.clip(np.asarray(image) * lit, 0, 255).astype(np.uint8))
    return image


def pebbles(dice: Dice) -> Image.Image:
    """Many round things of about one size: stones, coins, fruit, bubbles."""
    low, high = colours.muted(dice), colours.muted(dice)
    image = tinted(noise.clouds(dice, 4, 4), colours.shade(low, 0.3), colours.shade(low, 0.8))
    texture = noise.clouds(dice, dice.integer(6, 16), 4)
    filling = tinted(texture, colours.shade(high, dice.between(0.4, 0.9)), colours.shade(high, 1.2))
    step, loose, uneven = dice.log_between(12, 60), dice.between(0, 0.5), dice.between(0, 0.3)
    angles = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    share = dice.between(0.3, 0.55)
    for row, y in enumerate(np.arange(0.0, HEIGHT + step, step)):
        for x in np.arange(-step / 2 * (row % 2), WIDTH + step, step):
            radius = share * step * (1 + uneven * (2 * dice.uniforms(14, 1) - 1))
            centre = np.array([x, y]) + loose * step * (2 * dice.uniforms(2) - 1)
            canvas.fill(image, centre + radius * circle * (1.0, dice.between(0.75, 1)), filling)
    return image


def halves(dice: Dice) -> Image.Image:
    """One background stands before another: a shelf's edge, a shoulder, a board before a window."""
    image, front = dice.weighted(RECIPES)(dice), dice.weighted(RECIPES)(dice)
    edge, along = dice.uniforms(2) * (WIDTH, HEIGHT), dice.angle()
    corners = np.array([[-500.0, 0], [500, 0], [500, 500], [-500, 500]])
    canvas.fill(image, rotated(corners, along) + edge, front)
    return image


def landscape(dice: Dice) -> Image.Image:
    """Sky, hills or houses, ground: the view from a window or a photograph on the wall."""
    low, high = (
        colours.from_hsv(dice.between(0.5, 0.65), dice.between(0, 0.5), dice.between(0.5, 1)),
        colours.muted(dice),
    )
    image = tinted(0.6 * noise.field(dice, 2, 3) + 0.4 * noise.clouds(dice, 3, 4), low, high)
    for _ in range(dice.integer(1, 4)):
        ridge = dice.between(60, 200) + noise.field(dice, dice.integer(4, 20), 2)[0] * dice.between(5, 70)
        x = np.arange(0.0, WIDTH + 1, 8)
        line = np.stack([x, ridge[np.minimum(x.astype(int), WIDTH - 1)]], axis=1)
        hill = np.concatenate([line, [[WIDTH, HEIGHT + 5.0], [0, HEIGHT + 5.0]]])
        tone = colours.from_hsv(dice.between(0.1, 0.4), dice.between(0.1, 0.7), dice.between(0.1, 0.7))
        canvas.fill(
            image, hill, tinted(noise.clouds(dice, 6, 4), colours.shade(tone, 0.4), colours.shade(tone, 1.3))
        )
    for _ in range(dice.integer(0, 3)):
        clutter.house(dice, image)
    return image


def facade(dice: Dice) -> Image.Image:
    """A house's front, a keyboard, a shutter, drawers: many tall or wide boxes in rows."""
    base = colours.muted(dice)
    image = tinted(noise.clouds(dice, 4, 4), colours.shade(base, 0.7), colours.shade(base, 1.1))
    width, height = dice.integer(12, 50), dice.integer(12, 50)
    if 0.55 < width / height < 1.8:
        width = round(height * 2.1)
    gap = dice.integer(3, 25)
    inner = colours.shade(base, dice.between(0.3, 0.7)) if dice.chance(0.6) else colours.muted(dice)
    for y in range(-dice.integer(0, 30), HEIGHT, height + gap):
        for x in range(-dice.integer(0, 30), WIDTH, width + gap):
            image.paste(colours.shade(inner, dice.between(0.8, 1.25)), (x, y, x + width, y + height))
    return (
        image.rotate(dice.around(0, 6), Image.Resampling.BILINEAR, fillcolor=base)
        if dice.chance(0.6)
        else image
    )


def fur(dice: Dice) -> Image.Image:
    """Hair, grass, a carpet, a towel: fine streaks."""
    base = colours.muted(dice)
    across, along = dice.integer(60, 160), dice.integer(6, 30)
    streaks = noise.field(dice, across, along) if dice.chance(0.5) else noise.field(dice, along, across)
    field = 0.6 * streaks + 0.4 * noise.clouds(dice, 3, 3)
    return tinted(field, colours.shade(base, 0.35), colours.shade(base, 1.3))


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
    contrast, tint = dice.between(0.8, 2.5), dice.between(0, 0.25)
    mixed = [0.5 + contrast * (0.9 * (grey - 0.5) + tint * (channel - 0.5)) for channel in channels]
    return Image.fromarray((np.clip(np.stack(mixed, axis=2), 0, 1) * 255).astype(np.uint8))


def room(dice: Dice) -> Image.Image:
    """A wall, a floor or a table, and furniture: what is behind a person at a desk."""
    image = wall(dice)
    if dice.chance(0.5):
        horizon = dice.integer(110, 215)
        floor = (
            wood(dice)
            if dice.chance(0.5)
            else tinted(noise.clouds(dice), *(colours.muted(dice) for _ in "ab"))
        )
        image.paste(floor.crop((0, 0, WIDTH, HEIGHT - horizon)), (0, horizon))
    for _ in range(dice.integer(1, 4)):
        dice.weighted(clutter.FURNITURE)(dice, image)
    return image


def person(dice: Dice) -> Image.Image:
    """Somebody sits in front of a room, as in most webcam frames."""
    image = room(dice) if dice.chance(0.6) else wall(dice)
    image = canvas.softened(image, dice.between(0, 4))
    people.person(dice, image)
    return image


def plain(dice: Dice) -> Image.Image:
    first = colours.muted(dice)
    second = colours.shade(first, dice.between(0.6, 1.4)) if dice.chance(0.7) else colours.muted(dice)
    slope = np.linspace(0, 1, WIDTH)[None, :] * dice.between(-1, 1) + np.linspace(0, 1, HEIGHT)[:, None]
    slope = (slope - slope.min()) / np.ptp(slope)
    return tinted(slope.astype(np.float32), first, second)


RECIPES: dict[Callable[[Dice], Image.Image], float] = {
    wall: 3.0, plaster: 1.0, brick: 0.6, wood: 2.0, cloth: 1.3, dead_leaves: 3.5, foliage: 0.8, spectrum: 1.2,
    pebbles: 1.0, halves: 2.0, landscape: 1.2, facade: 0.8, fur: 0.7, room: 3.5, person: 5.0, plain: 1.0,
}  # fmt: skip
