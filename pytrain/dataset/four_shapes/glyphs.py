"""The test set whose shapes nobody here drew: characters of fonts, printed and held up before photographs.

Never train on it and choose nothing by it. The shapes come from the outlines in matplotlib's fonts, the
photographs from matplotlib and scikit-learn; of the training scenes' drawing code nothing is used.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from pytrain.dataset.four_shapes.dice import Dice
from pytrain.errors import DataError
from pytrain.image import Frame

WIDTH, HEIGHT = 320, 240
TILE = 256
"""Shorter side of the card on which a character is set before it is projected, in pixels."""

CARD_RATIOS = (1.3, 1.41, 1.41, 1.55, 1.9)
"""No card is near a square: that would be a second shape in the frame."""

CHARACTERS = {
    "circle": "○●◯◉◎",
    "square": "□■▢◻◼▣⊡⊞",
    "triangle": "△▲▽▼◁▷◀▶▵▴▹▸◃◂▿▾◬",
    "star": "☆★✩✫✬✭✮✯✰",
}
"""Each was looked at: characters that show two of the shapes (a star in a disc) are left out."""

RARE_CHARACTERS = {"circle": "❍", "square": "❏❑", "triangle": "⚠", "star": ""}
"""With a shadow or a sign in it; in DejaVu Sans and Mono only."""

NO_SHAPE = "ABEFGHJKLMNPRSTUWXYZabcdefghkmnprstuwyz1234579&?!#%§¶£$+=~{}"

PLAIN_FONTS = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSansMono-Bold",
    "DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "STIXGeneral",
)  # fmt: skip
"""All of these have circles, squares and triangles."""

STAR_FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSansMono-Bold")
STIX_STARS = "☆★"

DISTRIBUTIONS = {"sklearn": "scikit-learn"}
"""What pip calls a package, where that differs."""

PHOTOGRAPHS = (
    ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", (150, 40, 512, 600), 1.0),
    ("sklearn", "datasets/images/china.jpg", (0, 0, 640, 427), 1.0),
    ("sklearn", "datasets/images/flower.jpg", (0, 0, 640, 427), 0.4),
)
"""Package, file, the part of it that is used, and the most of that part's height that a frame may show.

The stars on the flag are left out, and the round flower is never shown whole.
"""


def draw_glyph(label: str, seed: int) -> Frame:
    """One test frame.

    Args:
        label: "circle", "square", "star", "triangle" or "unknown".
        seed: the same seed gives the same frame.

    Returns:
        uint8 [240, 320, 3].

    Raises:
        DataError: matplotlib's fonts or the photographs are not there.
    """
    dice = Dice(seed)
    image = _backdrop(dice)
    if label == "unknown" and dice.chance(0.6):
        return _taken(dice, image)
    tile, ink = _tile(dice, label)
    matrix = _projection(dice, ink)
    _lay(dice, image, tile, matrix)
    return _taken(dice, image)


def _tile(dice: Dice, label: str) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """A printed card with one character, and the character's box on it."""
    paper, ink = _colours(dice)
    long = round(TILE * dice.pick(CARD_RATIOS))
    width, height = (TILE, long) if dice.chance(0.5) else (long, TILE)
    card = Image.new("RGB", (width, height), paper)
    pen = ImageDraw.Draw(card)
    font_name, character = _character(dice, label)
    left, top, right, bottom = pen.textbbox((0, 0), character, font=_font(font_name, 200))
    size = round(200 * dice.between(0.45, 0.86) * TILE / max(right - left, bottom - top))
    font = _font(font_name, size)
    left, top, right, bottom = pen.textbbox((0, 0), character, font=font)
    x = (width - right - left) / 2 + dice.between(-0.4, 0.4) * (width - (right - left)) / 2
    y = (height - bottom - top) / 2 + dice.between(-0.4, 0.4) * (height - (bottom - top)) / 2
    box = (round(x + left), round(y + top), round(x + right), round(y + bottom))
    if dice.chance(0.25):
        small = _font(dice.pick(PLAIN_FONTS), dice.integer(9, 15))
        for line in (box[1] - dice.integer(24, 34), box[3] + dice.integer(8, 14)):
            words = "".join(dice.pick("abdehiklmnrstuvw  ") for _ in range(24))
            pen.text((dice.between(8, 60), line), words, ink, small)
    pen.text((x, y), character, fill=ink, font=font)
    return card, box


def _character(dice: Dice, label: str) -> tuple[str, str]:
    if label == "unknown":
        return dice.pick(PLAIN_FONTS), dice.pick(NO_SHAPE)
    if label == "star":
        return (
            ("STIXGeneral", dice.pick(STIX_STARS))
            if dice.chance(0.2)
            else (dice.pick(STAR_FONTS), dice.pick(CHARACTERS["star"]))
        )
    if RARE_CHARACTERS[label] and dice.chance(0.05):
        return dice.pick(["DejaVuSans", "DejaVuSansMono"]), dice.pick(RARE_CHARACTERS[label])
    return dice.pick(PLAIN_FONTS), dice.pick(CHARACTERS[label])


def _colours(dice: Dice) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Mostly dark on light; always so far apart that the character is plain to see."""
    paper = tuple(dice.integer(205, 255) for _ in range(3))
    ink = tuple(dice.integer(0, 90) for _ in range(3))
    if dice.chance(0.3):
        ink = dice.pick([(200, 30, 40), (20, 60, 180), (10, 120, 60), (150, 30, 140), (190, 90, 0)])
    if dice.chance(0.2):
        paper, ink = (
            tuple(dice.integer(0, 70) for _ in range(3)),
            tuple(dice.integer(190, 255) for _ in range(3)),
        )
    return (paper[0], paper[1], paper[2]), (ink[0], ink[1], ink[2])


def _projection(dice: Dice, ink: tuple[int, int, int, int]) -> npt.NDArray[np.float64]:
    """Tile to frame: turned in space, scaled, and moved so that the character is in the centre square."""
    turn = dice.between(0, 2 * np.pi) if dice.chance(0.3) else 0.25 * float(dice.normals(1)[0])
    nod, shake = np.radians(np.clip(15 * dice.normals(2), -38, 38))
    about_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(nod), -np.sin(nod)], [0, np.sin(nod), np.cos(nod)]])
    about_y = np.array([[np.cos(shake), 0, np.sin(shake)], [0, 1, 0], [-np.sin(shake), 0, np.cos(shake)]])
    rotation = about_y @ about_x @ about_z
    centre = np.array([[1, 0, -TILE / 2], [0, 1, -TILE / 2], [0, 0, 1.0]])
    pose = np.column_stack([rotation[:, 0], rotation[:, 1], [0, 0, dice.between(3, 7) * TILE]])
    matrix = pose @ centre
    box = _mapped(
        matrix, np.array([[ink[0], ink[1]], [ink[2], ink[1]], [ink[2], ink[3]], [ink[0], ink[3]]], float)
    )
    low, high = box.min(axis=0), box.max(axis=0)
    factor = dice.between(0.22, 0.85) * HEIGHT / float((high - low).max())
    room = np.maximum(0, HEIGHT - (high - low) * factor) / 2
    target = np.array([WIDTH / 2, HEIGHT / 2]) + room * np.clip(0.45 * dice.normals(2), -0.95, 0.95)
    shift = target - (low + high) / 2 * factor
    return np.asarray(np.array([[factor, 0, shift[0]], [0, factor, shift[1]], [0, 0, 1.0]]) @ matrix)


def _mapped(matrix: npt.NDArray[np.float64], points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    mapped = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(mapped[:, :2] / mapped[:, 2:])


def _lay(dice: Dice, image: Image.Image, tile: Image.Image, matrix: npt.NDArray[np.float64]) -> None:
    """Projects the card into the frame at twice its resolution, for smooth edges, with a soft shadow."""
    double = np.diag([2.0, 2.0, 1.0]) @ matrix
    inverse = np.linalg.inv(double)
    inverse = inverse / inverse[2, 2]
    coefficients = [float(value) for value in inverse.ravel()[:8]]
    size = (WIDTH * 2, HEIGHT * 2)
    card = tile.transform(size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)
    opaque = Image.new("L", tile.size, 255)
    cover = opaque.transform(size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR)
    card, cover = card.reduce(2), cover.reduce(2)
    if dice.chance(0.6):
        dark = cover.filter(ImageFilter.BoxBlur(dice.integer(2, 7))).point([v // 3 for v in range(256)])
        image.paste((0, 0, 0), (dice.integer(-4, 4), dice.integer(1, 6)), dark)
    image.paste(card, (0, 0), cover)


def _backdrop(dice: Dice) -> Image.Image:
    recipe = dice.weighted({_photograph: 0.7, _waves: 0.15, _mosaic: 0.15})
    image = recipe(dice)
    if dice.chance(0.4):
        image = image.filter(ImageFilter.BoxBlur(dice.between(0.5, 4)))
    return image


def _photograph(dice: Dice) -> Image.Image:
    which = dice.integer(0, len(PHOTOGRAPHS) - 1)
    photo, most = _photo(which), PHOTOGRAPHS[which][3]
    height = dice.between(0.35 * most, most) * min(photo.height, photo.width * 3 / 4)
    width = height * 4 / 3
    left, top = dice.between(0, photo.width - width), dice.between(0, photo.height - height)
    crop = photo.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR, (left, top, left + width, top + height))
    return crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if dice.chance(0.5) else crop


def _waves(dice: Dice) -> Image.Image:
    """Crossing plane waves in each channel."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] / WIDTH
    channels = []
    for _ in range(3):
        total = np.zeros((HEIGHT, WIDTH))
        for _ in range(4):
            kx, ky = 6 * dice.normals(2)
            total += np.cos(2 * np.pi * (kx * x + ky * y + dice.between(0, 1)))
        channels.append(dice.between(70, 190) + dice.between(5, 22) * total)
    return Image.fromarray(np.clip(np.stack(channels, axis=2), 0, 255).astype(np.uint8))


def _mosaic(dice: Dice) -> Image.Image:
    """Cells around random points, each of one colour."""
    seeds = dice.uniforms(dice.integer(12, 60), 2) * (WIDTH // 2, HEIGHT // 2)
    y, x = np.mgrid[0 : HEIGHT // 2, 0 : WIDTH // 2]
    nearest = ((x[..., None] - seeds[:, 0]) ** 2 + (y[..., None] - seeds[:, 1]) ** 2).argmin(axis=2)
    base = 60 + 150 * dice.uniforms(1, 3)
    palette = np.clip(base + 35 * dice.normals(len(seeds), 3), 0, 255).astype(np.uint8)
    return Image.fromarray(palette[nearest]).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)


def _taken(dice: Dice, image: Image.Image) -> Frame:
    """Light from one side, exposure, blur, noise."""
    blur = dice.weighted({0.0: 2, 0.6: 3, 1.2: 2, 1.8: 1})
    if blur:
        image = image.filter(ImageFilter.BoxBlur(blur * dice.between(0.7, 1.1)))
    pixels = np.asarray(image, dtype=np.float64)
    direction = dice.angle()
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    light = 1 + dice.between(0, 0.3) * (np.cos(direction) * x + np.sin(direction) * y)
    tint = 1 + 0.05 * np.clip(dice.normals(3), -2, 2)
    pixels = pixels * light[..., None] * tint * dice.between(0.65, 1.2)
    pixels += dice.between(0, 8) * dice.normals(HEIGHT, WIDTH, 1 if dice.chance(0.5) else 3)
    return np.asarray(np.clip(pixels, 0, 255), dtype=np.uint8)


@lru_cache(maxsize=64)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_carried("matplotlib", f"mpl-data/fonts/ttf/{name}.ttf")), size)


@lru_cache(maxsize=4)
def _photo(which: int) -> Image.Image:
    package, path, part, _ = PHOTOGRAPHS[which]
    with Image.open(_carried(package, path)) as photo:
        return photo.convert("RGB").crop(part)


def _carried(package: str, path: str) -> Path:
    """A file that an installed package carries, found without importing the package."""
    spec = find_spec(package)
    file = Path(spec.origin).parent / path if spec and spec.origin else None
    if file is None or not file.is_file():
        raise DataError(
            f"{path} of the package {package} is missing.",
            expected="the fonts and photographs that matplotlib and scikit-learn carry",
            fix=f"Install it again: pip install --force-reinstall {DISTRIBUTIONS.get(package, package)}",
        )
    return file
