"""What a webcam does to a scene: light, lens, blur, noise, colour."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from pytrain.dataset.four_shapes import canvas, noise
from pytrain.dataset.four_shapes.dice import Dice
from pytrain.dataset.four_shapes.outlines import Points
from pytrain.dataset.four_shapes.plane import HEIGHT, WIDTH
from pytrain.image import Frame

Mesh = list[tuple[tuple[int, int, int, int], tuple[float, float, float, float, float, float, float, float]]]
"""For Pillow: each box of the new picture, and the four corners in the old one that it is made of."""

BRIGHTEST = 262.0
"""How far the camera lets the bright parts go (255 is full): a little is burnt out, never a whole sheet."""


def capture(dice: Dice, image: Image.Image, harsh: float = 1.0) -> Frame:
    """Takes the picture.

    Args:
        image: the scene, RGB, 320x240.
        harsh: strength of the faults, 0 (a screenshot) to 1 (anything that can happen).

    Returns:
        uint8 [240, 320, 3].
    """
    return capture_with(dice, image, None, harsh)[0]


def capture_with(
    dice: Dice, image: Image.Image, mask: Image.Image | None, harsh: float = 1.0
) -> tuple[Frame, Image.Image | None]:
    """Takes the picture, and bends a mask of the same scene as the lens bends the picture.

    Args:
        image: the scene, RGB, 320x240.
        mask: numbers of classes, mode L, 320x240; or None.
        harsh: as for `capture`.

    Returns:
        (uint8 [240, 320, 3], the mask).
    """
    if dice.chance(0.2 * harsh):
        _cast_shadow(dice, image)
    if dice.chance(0.15 * harsh):
        mesh = _barrel(dice)
        image = image.transform(image.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)
        if mask is not None:
            mask = mask.transform(mask.size, Image.Transform.MESH, mesh, Image.Resampling.NEAREST)
    image = _blur(dice, image, harsh)
    light = (
        noise.field(dice, 3, 2)[:, :, None] if dice.chance(0.8 * harsh) else np.ones((1, 1, 1), np.float32)
    )
    strength = dice.between(0, 0.55) * harsh
    gain = (1 - np.float32(strength)) + np.float32(strength) * light
    if dice.chance(0.3 * harsh):
        gain = gain * _vignette(dice.between(0.1, 0.45))
    cast = 1 + 0.09 * harsh * np.clip(dice.normals(3), -2, 2) if dice.chance(0.7) else np.ones(3)
    exposure = dice.log_between(0.68, 1.28) / (1 - 0.5 * strength) if dice.chance(0.8) else 1.0
    exposure = min(exposure, BRIGHTEST / (1 - 0.5 * strength) / max(1.0, _highlight(image)))
    frame = np.asarray(image, dtype=np.float32) * (
        gain * (cast * (1 + (exposure - 1) * harsh)).astype(np.float32)
    )
    sigma = dice.weighted({0.0: 1.0, 2.0: 2.0, 4.5: 2.0, 9.0: 1.0}) * dice.between(0.6, 1.5) * harsh
    if sigma > 0.3:
        speckle = noise.grain(dice)
        if dice.chance(0.5):
            speckle = speckle[:, :, :1]
        frame = frame + np.float32(sigma) * speckle
    frame = np.clip(frame, 0, 255).astype(np.uint8)
    taken = Image.fromarray(frame).point(_tone(dice, harsh))
    if dice.chance(0.2 * harsh):
        taken = taken.filter(ImageFilter.SHARPEN)
    if dice.chance(0.03):
        taken = taken.convert("L").convert("RGB")
    return np.asarray(taken), mask


def _highlight(image: Image.Image) -> float:
    """Brightness that nine tenths of a frame stay below."""
    return float(np.percentile(np.asarray(image.convert("L").reduce(8)), 90))


def _blur(dice: Dice, image: Image.Image, harsh: float) -> Image.Image:
    kind = dice.weighted(
        {"none": 3.5, "soft": 3.5, "defocus": 1.0 * harsh + 0.01, "motion": 1.3 * harsh + 0.01}
    )
    if kind == "soft":
        return image.filter(ImageFilter.GaussianBlur(dice.between(0.4, 1.3)))
    if kind == "defocus":
        return image.filter(ImageFilter.GaussianBlur(dice.between(1.3, 2.3)))
    if kind == "motion":
        length, angle = dice.between(2, 7.5), dice.angle()
        steps = round(length) + 1
        total = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        pixels = np.asarray(image)
        for t in np.linspace(-length / 2, length / 2, steps):
            shift = round(t * np.sin(angle)), round(t * np.cos(angle))
            total += np.roll(pixels, shift, (0, 1))
        return Image.fromarray((total / np.float32(steps)).astype(np.uint8))
    return image


def _barrel(dice: Dice) -> Mesh:
    """Bends straight lines outwards (or a little inwards), as cheap wide lenses do: a mesh for Pillow."""
    bend = dice.between(-0.04, 0.12)
    columns, rows = 8, 6
    # No corner may look beyond the scene's edge: there is nothing there.
    most = 1 + max(0.0, bend) * 4 * (0.25 + 0.25 * (HEIGHT / WIDTH) ** 2)

    def source(x: float, y: float) -> tuple[float, float]:
        u, v = (x - WIDTH / 2) / WIDTH, (y - HEIGHT / 2) / WIDTH
        factor = (1 + bend * 4 * (u * u + v * v)) / most
        return WIDTH / 2 + u * factor * WIDTH, HEIGHT / 2 + v * factor * WIDTH

    mesh = []
    for row in range(rows):
        for column in range(columns):
            x0, x1 = WIDTH * column // columns, WIDTH * (column + 1) // columns
            y0, y1 = HEIGHT * row // rows, HEIGHT * (row + 1) // rows
            quad = (*source(x0, y0), *source(x0, y1), *source(x1, y1), *source(x1, y0))
            mesh.append(((x0, y0, x1, y1), quad))
    return mesh


def _cast_shadow(dice: Dice, image: Image.Image) -> None:
    """The shadow of a window frame, a hand or the phone itself falls over everything."""
    start, width = dice.uniforms(2) * (WIDTH, HEIGHT), dice.between(30, 180)
    direction = np.array([np.cos(a := dice.angle()), np.sin(a)])
    across = np.array([-direction[1], direction[0]])
    band: Points = np.stack([start - 400 * direction, start + 400 * direction])
    band = np.concatenate([band, (band + across * width)[::-1]])
    mask = canvas.area(band, image.size)
    if mask is not None:
        canvas.paint(image, mask.blurred(dice.between(1, 14)).faded(dice.between(0.15, 0.5)), (8, 8, 14))


def _vignette(strength: float) -> noise.Field:
    x = np.linspace(-1, 1, WIDTH, dtype=np.float32)[None, :]
    y = np.linspace(-0.75, 0.75, HEIGHT, dtype=np.float32)[:, None]
    return np.asarray((1 - np.float32(strength) * (x * x + y * y))[:, :, None])


def _tone(dice: Dice, harsh: float) -> list[int]:
    """A tone curve for each channel: contrast, gamma, lifted blacks."""
    gamma = dice.log_between(0.7, 1.4) if dice.chance(0.6 * harsh) else 1.0
    black = dice.between(0, 45) * harsh if dice.chance(0.35) else 0.0
    white = 255 - (dice.between(0, 40) * harsh if dice.chance(0.25) else 0.0)
    curve = black + (white - black) * np.linspace(0, 1, 256) ** gamma
    return [round(value) for value in curve] * 3
