"""Small JPEGs of what a model sees of a picture."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from PIL import Image

from pytrain.errors import DataError
from pytrain.image import Frame, crop_square, open_picture, to_frame

QUALITY = 78


def thumbnail(path: Path, side: int) -> Frame:
    """The centre square of a picture file: uint8 [side, side, 3]; plain grey if it has gone since."""
    try:
        with open_picture(path) as picture:
            # A JPEG is decoded at a fraction of its size, where that is large enough: many times quicker.
            picture.draft("RGB", (2 * side, 2 * side))
            frame = to_frame(picture)
    except DataError:
        return crop_square(to_frame(Image.new("RGB", (side, side), (128, 128, 128))))
    return small(frame, side)


def small(frame: Frame, side: int) -> Frame:
    """The centre square, scaled: uint8 [side, side, 3]."""
    square = Image.fromarray(crop_square(frame))
    return to_frame(square.resize((side, side), Image.Resampling.LANCZOS))


def jpeg(frame: Frame, quality: int = QUALITY) -> bytes:
    """The bytes of a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def data_uri(content: bytes, kind: str = "jpeg") -> str:
    """A picture inside the page."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
