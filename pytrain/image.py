"""The image contract: the only way from a picture to a model's input in Python.

`web/lib/preprocess.js` does the same sums in the browser; golden frames hold both to the same answer.
"""

from __future__ import annotations

import contextlib
import re
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

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
    RuntimeError,
    Image.DecompressionBombError,
)
"""All that Pillow lets through when a file's inside is not what its outside says."""

KINDS = "JPEG, PNG, WebP, GIF, BMP, TIFF or HEIC"
"""What can be read, as errors say it; AVIF, JPEG 2000 and PPM are read too."""

SIGNATURES = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "GIF": rb"GIF8[79]a",
    "WEBP": rb"RIFF....WEBP",
    "BMP": rb"BM",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "AVIF": rb"....ftyp(avif|avis)",
    "HEIF": rb"....ftyp(hei|hev|mif1|msf1)",
    "JPEG2000": rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51",
    "PPM": rb"P[1-6]\s",
}
"""How each format's files begin. Pillow's other formats stay shut: some of them start other programs."""

EIGHT_BITS = np.rint(np.arange(1 << 16) / 257).astype(np.uint8)
"""The 8-bit value of each 16-bit one: 0 stays 0, 65535 becomes 255."""

UPRIGHT = 1
"""The value of EXIF's orientation that asks for nothing."""

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
    return in_range(resize(crop_square(_checked(frame)), SIZE))


def in_range(pixels: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """The contract's scaling alone: values from 0 to 255, of any shape, to float32 in [-1, 1]."""
    return np.asarray(pixels, np.float32) / np.float32(127.5) - np.float32(1)


def as_seen(frame: Frame) -> Frame:
    """What a model sees of a frame, as a picture again: uint8 [224, 224, 3]."""
    return as_picture(to_input(frame))


def as_picture(inputs: Input) -> Frame:
    """A model's input, or several, as pictures again: float32 [..., 224, 224, 3] in [-1, 1] to uint8."""
    pixels = (inputs + np.float32(1)) * np.float32(127.5) + np.float32(0.5)
    return np.asarray(np.clip(pixels, 0, 255), np.uint8)


def crop_square(frame: Frame) -> Frame:
    """The largest centred square of a frame; an odd pixel left over is cut at the bottom or right."""
    height, width = frame.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return frame[top : top + side, left : left + side]


def resize(square: npt.NDArray[Any], size: int) -> npt.NDArray[np.float32]:
    """Bilinear resize with half-pixel centres and no antialias.

    Args:
        square: [side, side, channels], a picture's uint8 or any other numbers.
        size: the new side, in pixels.

    Returns:
        float32 [size, size, channels], values in the same range.
    """
    low, high, fraction = bilinear_taps(square.shape[0], size)
    # Only the rows that count become float32: of a large photo, a small part.
    rows = _blend(square[low].astype(np.float32), square[high].astype(np.float32), fraction[:, None, None])
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

    EXIF orientation is applied, transparency is laid on white, 16-bit, grey, palette and CMYK pictures become
    8-bit RGB, and of an animation the first frame is taken.

    Args:
        source: a path or an open binary file.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        DataError: the file is missing, empty, no picture, damaged or too large.
    """
    with open_picture(source) as picture:
        picture.load()
        return to_frame(picture)


@contextlib.contextmanager
def open_picture(source: Path | IO[bytes]) -> Iterator[Image.Image]:
    """Opens a picture file and reads its header; the pixels come with `load`, inside the block.

    Whatever Pillow raises inside the block about the file becomes a DataError that names it. A picture of
    more than MAX_PIXELS is refused before memory is taken for it.

    Args:
        source: a path or an open binary file.

    Raises:
        DataError: the file is missing, empty, no picture, damaged or too large.
    """
    name = name_of(source)
    try:
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
            picture = stack.enter_context(_opened(file, name))
            if picture.width * picture.height > MAX_PIXELS:
                raise _too_large(name, f"{picture.width} x {picture.height}")
            yield picture
    except FileNotFoundError:
        raise DataError(f"{name} does not exist.", fix="Check the path.") from None
    except Image.DecompressionBombError as error:
        # Pillow's message has the number of pixels, and nothing else has.
        found = re.search(r"\((\d+) pixels", str(error))
        raise _too_large(name, f"{int(found[1]):,}" if found else "too many") from None
    except UnidentifiedImageError:
        raise _no_picture(name) from None
    except MemoryError:
        raise DataError(f"{name} does not fit into memory.", fix="Scale the picture down first.") from None
    except OSError as error:
        if error.errno is None:
            raise _damaged(name, error) from None
        raise DataError(
            f"{name} cannot be read: {error.strerror}.", fix="Check the file and its permissions."
        ) from None
    except BROKEN as error:
        raise _damaged(name, error) from None


def name_of(source: Path | IO[bytes]) -> str:
    """What errors call a picture: its path, or a few plain words."""
    return str(source) if isinstance(source, Path) else str(getattr(source, "name", "the picture"))


def to_frame(picture: Image.Image) -> Frame:
    """The pixels of an open picture, upright and on white: uint8 [height, width, 3], RGB."""
    return np.array(to_rgb(picture), dtype=np.uint8)


def to_rgb(picture: Image.Image) -> Image.Image:
    """An open picture in mode RGB, upright and on white; the picture itself where it is all that already."""
    # A broken EXIF block says nothing about the pixels; such a picture is taken as upright.
    with contextlib.suppress(*BROKEN):
        if picture.getexif().get(ExifTags.Base.Orientation, UPRIGHT) != UPRIGHT:
            picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith(("I", "F")):
        picture = Image.fromarray(_deep_grey(np.asarray(picture)))
    if picture.has_transparency_data:
        rgba = picture.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        picture = Image.alpha_composite(white, rgba)
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _deep_grey(values: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """8 bits of a grey picture of more; Pillow itself would clip it, so that nearly all is white."""
    if values.dtype.kind == "f":
        values = np.nan_to_num(values)
        # Floating-point pictures come as 0..1, as 0..255 or as 0..65535; none says which.
        highest = float(values.max(initial=0))
        values = values * (65535 if highest <= 1 else 257 if highest <= 255 else 1)
    elif values.dtype.itemsize > 2 and int(values.max(initial=0)) <= 255:
        values = values.astype(np.int32) * 257
    if values.dtype.itemsize > 2:
        values = np.clip(np.rint(values) if values.dtype.kind == "f" else values, 0, 65535)
    return EIGHT_BITS[values.astype(np.uint16)]


_quiet = threading.Lock()


def _opened(file: IO[bytes], name: str) -> Image.Image:
    start = file.read(16)
    file.seek(0)
    if not start:
        raise DataError(f"{name} is empty (0 bytes).", fix="Delete the file or replace it by a picture.")
    kind = next((kind for kind, begins in _signatures().items() if begins.match(start)), None)
    if kind is None:
        raise _no_picture(name)
    if kind == "HEIF":
        _learn_heic(name)
    # Pillow warns of very large pictures; they get a clear word of our own. Filters are the whole process's,
    # hence the lock.
    with _quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Image.open(file, formats=[kind])


@cache
def _signatures() -> dict[str, re.Pattern[bytes]]:
    return {kind: re.compile(begins, re.DOTALL) for kind, begins in SIGNATURES.items()}


@cache
def _heic_opener() -> bool:
    """Teaches Pillow to read HEIC, once; False where the library for it is missing."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True


def _learn_heic(name: str) -> None:
    if not _heic_opener():
        raise DataError(
            f"{name} is a HEIC picture, and the library that reads those is missing.",
            expected="the package pillow-heif",
            fix="Install it: pip install pillow-heif. Or save the picture as JPEG.",
        )


def _too_large(name: str, pixels: str) -> DataError:
    return DataError(
        f"{name} has {pixels} pixels, more than {MAX_PIXELS:,}.",
        expected=f"at most {MAX_PIXELS:,} pixels",
        fix="Scale the picture down first; models see 224 x 224 of it.",
    )


def _no_picture(name: str) -> DataError:
    return DataError(
        f"{name} is not a picture that can be read.", expected=KINDS, fix="Delete the file or convert it."
    )


def _damaged(name: str, error: BaseException) -> DataError:
    return DataError(f"{name} is damaged: {error}.", fix="Delete the file or replace it.")


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
