"""The image contract in Python."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pytrain.errors import DataError
from pytrain.image import crop_square, read_image, resize, to_input


def direct(square: np.ndarray, size: int) -> np.ndarray:
    """The contract's rule, one output at a time, as a second opinion."""
    side = square.shape[0]
    out = np.zeros((size, size, 3))

    def tap(index: int) -> tuple[int, int, float]:
        centre = min(max((index + 0.5) * side / size - 0.5, 0), side - 1)
        low = int(np.floor(centre))
        return low, min(low + 1, side - 1), centre - low

    for y in range(size):
        y0, y1, fy = tap(y)
        for x in range(size):
            x0, x1, fx = tap(x)
            top = square[y0, x0] * (1 - fx) + square[y0, x1] * fx
            bottom = square[y1, x0] * (1 - fx) + square[y1, x1] * fx
            out[y, x] = top * (1 - fy) + bottom * fy
    return out


@settings(max_examples=20, deadline=None)
@given(side=st.integers(1, 40), size=st.integers(1, 16), seed=st.integers(0, 1000))
def test_resize_is_bilinear_with_half_pixel_centres(side: int, size: int, seed: int) -> None:
    square = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    assert np.abs(resize(square, size) - direct(square, size)).max() < 1e-3


@settings(max_examples=30, deadline=None)
@given(height=st.integers(1, 300), width=st.integers(1, 300))
def test_any_frame_becomes_an_input(height: int, width: int) -> None:
    frame = np.full((height, width, 3), 255, dtype=np.uint8)
    answer = to_input(frame)
    assert answer.shape == (224, 224, 3)
    assert answer.dtype == np.float32
    assert np.abs(answer - 1).max() < 1e-6


def test_a_224_frame_is_only_scaled() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    assert np.allclose(to_input(frame), frame / 127.5 - 1, atol=1e-6)


def test_the_crop_is_the_centre_and_an_odd_pixel_goes_right() -> None:
    frame = np.zeros((2, 5, 3), dtype=np.uint8)
    frame[:, :, 0] = np.arange(5)
    assert crop_square(frame)[0, :, 0].tolist() == [1, 2]


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4)), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8)]
)
def test_other_arrays_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(DataError, match="RGB, not empty"):
        to_input(wrong)


def save(picture: Image.Image, path: Path, **options: object) -> Path:
    picture.save(path, **options)
    return path


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    path = save(Image.new("RGBA", (3, 2), (255, 0, 0, 0)), tmp_path / "clear.png")
    assert np.all(read_image(path) == 255)


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    picture = Image.new("RGB", (4, 2))
    exif = picture.getexif()
    exif[0x0112] = 6
    assert read_image(save(picture, tmp_path / "turned.jpg", exif=exif)).shape == (4, 2, 3)


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "CMYK", "I;16"])
def test_every_colour_mode_becomes_rgb(mode: str, tmp_path: Path) -> None:
    if mode == "I;16":
        picture = Image.fromarray(np.full((2, 3), 0x8080, dtype=np.uint16))
        expected = 0x80
    else:
        picture = Image.new("L", (3, 2), 255).convert(mode)
        expected = 255
    suffix = "jpg" if mode == "CMYK" else "png"
    frame = read_image(save(picture, tmp_path / f"picture.{suffix}"))
    assert frame.shape == (2, 3, 3)
    assert abs(int(frame[0, 0, 0]) - expected) <= 1


def broken_jpeg() -> bytes:
    data = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(data, "JPEG")
    return data.getvalue()[: len(data.getvalue()) // 2]


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"hello", "not a picture"), (broken_jpeg(), "is damaged"), (None, "does not exist")],
)
def test_a_file_that_is_no_picture_is_named(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_image(path)
    assert "picture.jpg" in caught.value.what
    assert caught.value.fix
