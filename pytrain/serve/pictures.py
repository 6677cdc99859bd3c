"""Says whether bytes that came are a picture, before any of them is kept."""

from __future__ import annotations

import io
import threading

from pytrain.errors import DataError
from pytrain.serve.api_error import ApiError

MOST_BYTES = 16_000_000
MOST_PIXELS = 50_000_000

SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}
"""What is taken, as Pillow calls it, and the ending that its file gets."""

EXPECTED = "a JPEG, PNG or WebP picture"

_decoding = threading.Semaphore(2)
"""A large picture takes hundreds of megabytes while it is decoded."""


class _Named(io.BytesIO):
    """Bytes that errors can call by a name."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


def suffix_of(content: bytes, name: str) -> str:
    """Decodes a picture to its last pixel.

    Args:
        content: of the file.
        name: what errors call it.

    Returns:
        The ending that fits what it is, whatever it was called.

    Raises:
        ApiError: (415) no such picture, or a damaged one; (413) too many pixels.
    """
    # Here, for NumPy and Pillow take longer to load than the rest of the server.
    from pytrain.image import open_picture

    try:
        with _decoding, open_picture(_Named(content, name)) as picture:
            if picture.format not in SUFFIXES:
                raise ApiError(
                    415,
                    f"{name} is of the kind {picture.format}.",
                    EXPECTED,
                    "Save it as JPEG, then try again.",
                )
            if picture.width * picture.height > MOST_PIXELS:
                raise _too_large(name, f"{picture.width} x {picture.height}")
            picture.load()
            return SUFFIXES[picture.format]
    except DataError as error:
        if "pixels" in (error.expected or ""):
            raise _too_large(name, "far too many") from None
        raise ApiError(415, error.what, EXPECTED, "Leave it out, or make it anew.") from None


def _too_large(name: str, pixels: str) -> ApiError:
    return ApiError(
        413,
        f"{name} has {pixels} pixels.",
        expected=f"at most {MOST_PIXELS // 1_000_000} megapixels",
        fix="Scale the picture down first; models see 224 x 224 of it.",
    )
