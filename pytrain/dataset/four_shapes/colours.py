"""Colours of inks, papers and things, and the rule that a subject must stand out from what it is on."""

from __future__ import annotations

import colorsys

from pytrain.dataset.four_shapes.dice import Dice

Colour = tuple[int, int, int]

INKS: tuple[Colour, ...] = (
    (18, 18, 22),
    (30, 30, 34),
    (24, 34, 120),
    (20, 70, 170),
    (170, 24, 34),
    (205, 30, 40),
    (14, 105, 55),
    (90, 40, 130),
    (120, 62, 20),
    (220, 95, 20),
    (0, 125, 140),
    (190, 30, 120),
)
"""Felt pens and ball pens as a camera sees them."""

SKINS: tuple[Colour, ...] = (
    (246, 214, 190),
    (232, 190, 160),
    (214, 165, 130),
    (186, 132, 96),
    (148, 98, 68),
    (104, 68, 48),
    (70, 46, 36),
)

HAIRS: tuple[Colour, ...] = (
    (24, 20, 20),
    (52, 36, 26),
    (94, 62, 36),
    (150, 110, 60),
    (200, 170, 110),
    (150, 148, 146),
)

CLEAR = 70.0
"""Least distance (see `distance`) between a subject and its ground at which nobody has to look twice."""


def any_colour(dice: Dice) -> Colour:
    """Any colour, greys and strong ones both often."""
    saturation = dice.weighted({0.05: 2.0, 0.35: 2.0, 0.7: 2.0, 0.95: 1.5}) + dice.between(-0.05, 0.05)
    return from_hsv(dice.between(0, 1), saturation, dice.between(0.08, 1.0) ** 0.8)


def muted(dice: Dice) -> Colour:
    """A colour as most things in rooms have: little saturation, seldom a strong one."""
    saturation = dice.weighted({0.06: 2.5, 0.22: 3.0, 0.45: 1.6, 0.75: 0.6}) + dice.between(-0.06, 0.08)
    return from_hsv(dice.between(0, 1), saturation, dice.between(0.08, 1.0))


def from_hsv(hue: float, saturation: float, value: float) -> Colour:
    """Hue in turns; saturation and value are clipped to [0, 1]."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, min(1.0, max(0.0, saturation)), min(1.0, max(0.0, value)))
    return round(255 * red), round(255 * green), round(255 * blue)


def paper_colour(dice: Dice) -> Colour:
    """White in most cases, else cream, grey, a sticky note's pastel, kraft or coloured card."""
    kind = dice.weighted(
        {"white": 6, "cream": 2, "grey": 1, "pastel": 2.0, "kraft": 0.8, "strong": 1, "dark": 0.7}
    )
    hue = dice.between(0, 1)
    if kind == "white":
        return from_hsv(hue, dice.between(0, 0.03), dice.between(0.88, 1))
    if kind == "cream":
        return from_hsv(dice.between(0.08, 0.16), dice.between(0.04, 0.2), dice.between(0.82, 1))
    if kind == "grey":
        return from_hsv(hue, 0.03, dice.between(0.55, 0.85))
    if kind == "pastel":
        return from_hsv(
            dice.pick([0.15, 0.16, 0.92, 0.33, 0.55, 0.08]), dice.between(0.2, 0.6), dice.between(0.85, 1)
        )
    if kind == "kraft":
        return from_hsv(dice.between(0.07, 0.1), dice.between(0.3, 0.5), dice.between(0.5, 0.8))
    if kind == "strong":
        return from_hsv(hue, dice.between(0.5, 1), dice.between(0.4, 1))
    return from_hsv(hue, dice.between(0, 0.4), dice.between(0.05, 0.25))


def ink_colour(dice: Dice, ground: Colour) -> Colour:
    """A pen that shows on this ground; light ones on dark grounds."""
    if luminance(ground) < 90:
        return contrasting(dice, ground, 110)
    for _ in range(8):
        ink = dice.pick(INKS[:4]) if dice.chance(0.6) else dice.pick(INKS)
        if distance(ink, ground) > CLEAR:
            return ink
    return (15, 15, 18) if luminance(ground) > 90 else (245, 245, 240)


def contrasting(dice: Dice, ground: Colour, least: float = CLEAR) -> Colour:
    """Any colour at least this far from the ground."""
    for _ in range(24):
        colour = any_colour(dice)
        if distance(colour, ground) >= least:
            return colour
    return (12, 12, 14) if luminance(ground) > 110 else (248, 248, 244)


def distance(first: Colour, second: Colour) -> float:
    """How far two colours are apart: lightness counts fully, hue by about a third."""
    red, green, blue = (first[i] - second[i] for i in range(3))
    chroma = ((red - green) ** 2 + (green - blue) ** 2 + (blue - red) ** 2) ** 0.5
    return float(((luminance(first) - luminance(second)) ** 2 + (0.35 * chroma) ** 2) ** 0.5)


def luminance(colour: Colour) -> float:
    """0 (black) to 255 (white)."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def shade(colour: Colour, factor: float) -> Colour:
    """Darker (below 1) or lighter (above 1)."""
    red, green, blue = (min(255, max(0, round(part * factor))) for part in colour)
    return red, green, blue


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`share` of the second in the first."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue
