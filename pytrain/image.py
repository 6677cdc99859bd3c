"""The image contract: the only way from a picture to a model's input in Python.

`web/lib/preprocess.js` does the same sums in the browser; golden frames hold both to the same answer.
"""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from pytrain.errors import DataError

SIZE = 224
"""Height and width of every model's input, in pixels."""

MAX_PIXELS = 100_000_000
"""A larger picture is refused: decoding it would take several hundred megabytes."""

BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    TypeError,
    LookupError,
    ArithmeticError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
"""All that Pillow lets through when a file's inside is not what its outside says."""

Frame = npt.NDArray[np.uint8]
"""Pixels of one picture: uint8 [height, width, 3], RGB."""

Input = npt.NDArray[np.float32]
"""What a model takes: float32 [224, 224, 3], RGB, values in [-1, 1]."""


def to_input(frame: Frame) -> Input:
    """Turns a frame into a model's input: centre square crop, bilinear resize, scale.

    Args:
        frame: uint8 [height, width, 3], RGB, any size from 1x1.

    Returns:
        float32 [224, 224, 3], values in [-1, 1].

    Raises:
        DataError: the array is not a uint8 RGB frame.
    """
    return resize(crop_square(_checked(frame)), SIZE) / np.float32(127.5) - np.float32(1)


def crop_square(frame: Frame) -> Frame:
    """The largest centred square of a frame; an odd pixel left over is cut at the bottom or right."""
    height, width = frame.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return frame[top : top + side, left : left + side]


def resize(square: Frame, size: int) -> npt.NDArray[np.float32]:
    """Bilinear resize with half-pixel centres and no antialias.

    Args:
        square: uint8 [side, side, channels].
        size: the new side, in pixels.

    Returns:
        float32 [size, size, channels], values in 0..255.
    """
    low, high, fraction = bilinear_taps(square.shape[0], size)
    pixels = square.astype(np.float32)
    rows = _blend(pixels[low], pixels[high], fraction[:, None, None])
    return _blend(rows[:, low], rows[:, high], fraction[None, :, None])


@lru_cache(maxsize=32)
def bilinear_taps(
    side: int, size: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """Which two source pixels each of `size` outputs blends, and how much of the second.

    Returns:
        (low, high, fraction), each [size]; output = source[low] * (1 - fraction) + source[high] * fraction.
    """
    centres = np.clip((np.arange(size) + 0.5) * side / size - 0.5, 0, side - 1)
    low = np.floor(centres).astype(np.intp)
    high = np.minimum(low + 1, side - 1)
    return low, high, (centres - low).astype(np.float32)


def read_image(source: Path | IO[bytes]) -> Frame:
    """Reads a picture file as a frame, upright and on white.

    EXIF orientation is applied, transparency is laid on white, 16-bit and grey pictures become 8-bit RGB,
    and of an animation the first frame is taken.

    Args:
        source: a path or an open binary file.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        DataError: the file is missing, empty, no picture, damaged or too large.
    """
    name = str(source) if isinstance(source, Path) else str(getattr(source, "name", "the picture"))
    try:
        if isinstance(source, Path) and source.stat().st_size == 0:
            raise DataError(f"{name} is empty (0 bytes).", fix="Delete the file or replace it by a picture.")
        with Image.open(source) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise DataError(
                    f"{name} has {picture.width} x {picture.height} pixels.",
                    expected=f"at most {MAX_PIXELS:,} pixels",
                    fix="Scale the picture down first; models see 224 x 224 of it.",
                )
            picture.load()
            return _to_rgb(ImageOps.exif_transpose(picture))
    except FileNotFoundError:
        raise DataError(f"{name} does not exist.", fix="Check the path.") from None
    except UnidentifiedImageError:
        raise DataError(
            f"{name} is not a picture that can be read.",
            expected="PNG, JPEG, WebP, GIF, BMP or TIFF",
            fix="Delete the file or convert it.",
        ) from None
    except BROKEN as error:
        raise DataError(f"{name} is damaged: {error}.", fix="Delete the file or replace it.") from None


def _to_rgb(picture: Image.Image) -> Frame:
    if picture.mode.startswith(("I", "F")):
        # Pillow clips 16-bit pictures when it converts them; their high byte is the picture.
        values = np.asarray(picture, dtype=np.float64)
        if picture.mode.startswith("I;16") or values.max(initial=0) > 255:
            values = values / 257
        grey = np.clip(np.rint(values), 0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if picture.has_transparency_data:
        rgba = picture.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        picture = Image.alpha_composite(white, rgba)
    return np.array(picture.convert("RGB"), dtype=np.uint8)


def _blend(
    first: npt.NDArray[np.float32], second: npt.NDArray[np.float32], fraction: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    blended: npt.NDArray[np.float32] = first * (np.float32(1) - fraction) + second * fraction
    return blended


def _checked(frame: Frame) -> Frame:
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or frame.size == 0:
        raise DataError(
            f"A frame of shape {list(frame.shape)} and type {frame.dtype} came.",
            expected="uint8 [height, width, 3], RGB, not empty",
            fix="Read pictures with pytrain.read_image.",
        )
    return frame
