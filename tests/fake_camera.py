"""Writes what Chromium's fake camera plays: a Y4M file of pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pytrain.dataset.four_shapes import draw_scene

FRAMES_A_SECOND = 10
SECONDS_A_SCENE = 1

Pixels = np.ndarray[Any, np.dtype[np.uint8]]


def write_video(path: Path, seeds: Mapping[str, Sequence[int]], rate: int = FRAMES_A_SECOND) -> None:
    """Each label's scenes one after the other, a second each."""
    scenes = (draw_scene(label, seed) for label, numbers in seeds.items() for seed in numbers)
    write_frames(path, scenes, rate)


def write_frames(path: Path, frames: Iterable[Pixels], rate: int = FRAMES_A_SECOND) -> None:
    """Pictures, uint8 [240, 320, 3], one after the other, a second each, so many frames a second, 4:2:0."""
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W320 H240 F{rate}:1 Ip A1:1 C420jpeg\n".encode("ascii"))
        for pixels in frames:
            frame = b"FRAME\n" + to_yuv420(pixels)
            file.write(frame * (rate * SECONDS_A_SCENE))


def side_by_side(left: Pixels, right: Pixels) -> Pixels:
    """Two pictures, uint8 [240, 320, 3] each, in one of that size: the centre square of each, in its half."""
    frame = np.full((240, 320, 3), 128, np.uint8)
    for number, pixels in enumerate((left, right)):
        square = Image.fromarray(pixels[:, 40:280]).resize((160, 160), Image.Resampling.BILINEAR)
        frame[40:200, number * 160 : (number + 1) * 160] = np.asarray(square)
    return frame


def to_yuv420(rgb: Pixels) -> bytes:
    """uint8 [height, width, 3] to planar full-range BT.601 with halved colour planes."""
    red, green, blue = (rgb[..., channel].astype(np.float64) for channel in range(3))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    planes = [luma, 128 + (blue - luma) / 1.772, 128 + (red - luma) / 1.402]
    planes[1:] = [plane.reshape(120, 2, 160, 2).mean(axis=(1, 3)) for plane in planes[1:]]
    return b"".join(np.clip(np.rint(plane), 0, 255).astype(np.uint8).tobytes() for plane in planes)
