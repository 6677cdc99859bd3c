"""The image contract in Python."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
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


COLOURS = np.zeros((32, 48, 3), dtype=np.uint8)
COLOURS[:16, :24], COLOURS[:16, 24:], COLOURS[16:, :24] = (200, 30, 40), (20, 160, 60), (30, 50, 190)
"""Four fields: red, green, blue, black."""


@pytest.mark.parametrize(
    ("name", "options", "tolerance"),
    [
        ("a.jpg", {"quality": 95, "subsampling": 0}, 6),
        ("a.png", {}, 0),
        ("a.webp", {"lossless": True}, 0),
        ("a.gif", {}, 1),
        ("a.bmp", {}, 0),
        ("a.tiff", {"compression": "tiff_lzw"}, 0),
        ("a.heic", {"quality": 95}, 8),
        ("picture without an ending", {"format": "PNG"}, 0),
    ],
)
def test_every_format_gives_its_pixels(
    name: str, options: dict[str, object], tolerance: int, tmp_path: Path
) -> None:
    if name.endswith("heic"):
        pytest.importorskip("pillow_heif").register_heif_opener()
    frame = read_image(save(Image.fromarray(COLOURS), tmp_path / name, **options))
    # Inside the fields; at their borders compression smears.
    for y, x in ((8, 12), (8, 36), (24, 12), (24, 36)):
        assert np.abs(frame[y, x].astype(int) - COLOURS[y, x]).max() <= tolerance


def test_heic_is_read_without_asking_for_it_first(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    path = save(Image.fromarray(COLOURS), tmp_path / "phone.heic")
    code = "import sys, pathlib, pytrain; print(pytrain.read_image(pathlib.Path(sys.argv[1])).shape)"
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(32, 48, 3)"


def test_heic_without_its_library_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    path = save(Image.fromarray(COLOURS), tmp_path / "phone.heic")
    monkeypatch.setattr("pytrain.image._heic_opener", lambda: False)
    with pytest.raises(DataError, match=r"phone\.heic is a HEIC picture") as caught:
        read_image(path)
    assert "pip install pillow-heif" in str(caught.value.fix)


def test_of_an_animation_the_first_frame_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue", "lime")]
    path = save(frames[0], tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    assert read_image(path)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["turned.jpg", "turned.png", "turned.webp", "turned.tiff"])
def test_every_exif_orientation_is_put_upright(name: str, orientation: int, tmp_path: Path) -> None:
    turn = Image.Transpose
    # What a camera stores for an upright scene, by the EXIF standard's table of orientations.
    stored = {
        1: None, 2: turn.FLIP_LEFT_RIGHT, 3: turn.ROTATE_180, 4: turn.FLIP_TOP_BOTTOM,
        5: turn.TRANSPOSE, 6: turn.ROTATE_90, 7: turn.TRANSVERSE, 8: turn.ROTATE_270,
    }[orientation]  # fmt: skip
    picture = Image.fromarray(COLOURS)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(picture if stored is None else picture.transpose(stored), tmp_path / name, exif=exif)
    frame = read_image(path)
    assert frame.shape == COLOURS.shape
    assert np.abs(frame[8, 12].astype(int) - COLOURS[8, 12]).max() < 30
    assert np.abs(frame[24, 12].astype(int) - COLOURS[24, 12]).max() < 30


def test_broken_exif_does_not_cost_the_picture(tmp_path: Path) -> None:
    path = save(Image.fromarray(COLOURS), tmp_path / "odd.jpg", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    assert read_image(path).shape == COLOURS.shape


def test_cmyk_that_is_stored_inverted_as_adobe_does_keeps_its_colours(tmp_path: Path) -> None:
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    path = save(red, tmp_path / "print.jpg", quality=100)
    assert b"Adobe" in path.read_bytes()
    assert np.abs(read_image(path)[8, 8].astype(int) - (255, 0, 0)).max() < 8
    tiff = save(red, tmp_path / "print.tiff")
    assert read_image(tiff)[8, 8].tolist() == [255, 0, 0]


@pytest.mark.parametrize("name", ["deep.png", "deep.tiff", "big-endian.tiff"])
def test_sixteen_bits_keep_their_shades(name: str, tmp_path: Path) -> None:
    values = np.array([[0, 257, 0x8080, 65535]], dtype=np.uint16)
    picture = Image.fromarray(values)
    if name.startswith("big"):
        picture = Image.frombytes("I;16B", (4, 1), values.astype(">u2").tobytes())
    assert read_image(save(picture, tmp_path / name))[0, :, 0].tolist() == [0, 1, 128, 255]


DEEP = np.array([[[0, 257, 0x8080, 65535], [65535, 0x4040, 0, 0x8080]]], dtype=np.uint16)
"""Two pixels of 16 bits, opaque and half transparent; Pillow itself writes no such file."""


def deep_png(values: np.ndarray) -> bytes:
    height, width, channels = values.shape
    kind = {3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    parts = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0),
        b"IDAT": zlib.compress(rows),
        b"IEND": b"",
    }
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts.items()
    )


def deep_tiff(values: np.ndarray, order: str) -> bytes:
    """One strip without compression; alpha, where there is one, leaves the colours as they are."""
    height, width, channels = values.shape
    data = values.astype(f"{order}u2").tobytes()
    tags = {
        256: width,
        257: height,
        258: 0,
        259: 1,
        262: 2,
        273: 8,
        277: channels,
        278: height,
        279: len(data),
    }
    if channels == 4:
        tags[338] = 2
    bits_at = 8 + len(data) + 2 + 12 * len(tags) + 4
    entries = b"".join(
        struct.pack(f"{order}HHII", tag, 3, channels, bits_at)
        if tag == 258
        else struct.pack(f"{order}HHII", tag, 4, 1, value)
        for tag, value in tags.items()
    )
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8 + len(data))
    directory = struct.pack(f"{order}H", len(tags)) + entries + struct.pack(f"{order}I", 0)
    return start + data + directory + struct.pack(f"{order}{channels}H", *[16] * channels)


@pytest.mark.parametrize("kind", ["png", "<tiff", ">tiff"])
def test_colours_of_sixteen_bits_keep_their_shades_and_lie_on_white(kind: str, tmp_path: Path) -> None:
    for channels, second in ((3, [255, 64, 0]), (4, [255, 159, 127])):
        values = DEEP[:, :, :channels]
        path = tmp_path / f"{channels}.{kind[-4:].strip('.')}"
        path.write_bytes(deep_png(values) if kind == "png" else deep_tiff(values, kind[0]))
        first = read_image(path)[0]
        assert first.tolist() == [[0, 1, 128], second]


@pytest.mark.parametrize("highest", [1, 255, 65535])
def test_floating_point_tiff_keeps_its_shades(highest: int, tmp_path: Path) -> None:
    values = np.array([[0, 0.5, 1, np.nan]], dtype=np.float32) * highest
    frame = read_image(save(Image.fromarray(values), tmp_path / "float.tiff"))
    assert np.abs(frame[0, :, 1].astype(int) - (0, 128, 255, 0)).max() <= 1


def test_palette_and_grey_with_alpha_are_laid_on_white(tmp_path: Path) -> None:
    palette = Image.fromarray(COLOURS).quantize(8)
    save(palette, tmp_path / "palette.png", transparency=palette.getpixel((0, 0)))
    frame = read_image(tmp_path / "palette.png")
    assert frame[0, 0].tolist() == [255, 255, 255]
    assert frame[30, 40].max() < 10
    half = save(Image.new("LA", (2, 2), (0, 128)), tmp_path / "half.png")
    assert abs(int(read_image(half)[0, 0, 0]) - 127) <= 1


@pytest.mark.parametrize("size", [(20_000, 5_100), (20_000, 10_000), (30_000, 30_000)])
def test_a_picture_of_too_many_pixels_is_refused_before_it_takes_memory(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(Image.new("1", size), tmp_path / "bomb.png")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda picture: pytest.fail("it was decoded"))
    with pytest.raises(DataError, match=r"bomb\.png has [\d,x ]+ pixels, more than 100,000,000"):
        read_image(path)


def test_formats_that_start_other_programs_stay_shut(tmp_path: Path) -> None:
    path = save(Image.fromarray(COLOURS), tmp_path / "drawing.eps")
    with pytest.raises(DataError, match="not a picture that can be read"):
        read_image(path)
