"""Drawn scenes with their masks, as the U-Net's lens sees them: drawn once, kept on disk, read as needed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from pytrain.dataset.four_shapes.dice import Dice, seed_of
from pytrain.dataset.four_shapes.generator import spread
from pytrain.dataset.four_shapes.masks import Masked, coverage, draw_masked
from pytrain.dataset.pictures import NO_CLASS
from pytrain.errors import TrainingError
from pytrain.image import as_picture, to_input
from pytrain.model.unet import INPUT_SIDE, LENS_POOL, MASK_SIDE

VERSION = 2
"""Of the drawing code: raised when the same seed would give other scenes."""

TRAINING, VALIDATION, TEST = "training", "validation", "test"
"""Parts of a seed's scenes; no scene is in two of them."""

BATCH = 50
"""Scenes that a process draws before it reports."""

SQUASHED = 0.1
"""Share of training scenes that are squashed into the square instead of cut, as ml5 does it."""

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Scenes:
    """What the network sees and what it should say.

    Attributes:
        pictures: uint8 [scenes, 112, 112, 3].
        shares: uint8 [scenes, 56, 56, 5], what part of each place a class covers, 255 for all of it.
        labels: int64 [scenes], the shape that covers most, NO_CLASS where there is none.
    """

    pictures: Bytes
    shares: Bytes
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


def scene_seed(seed: int, part: str, number: int) -> int:
    """Of one scene of a part: `draw_masked` takes it."""
    return seed_of(seed, "four-shapes-masks", part, number)


def label_of(masked: Masked) -> int:
    """The shape that covers most of the square that a model sees; NO_CLASS where there is none."""
    covered = coverage(masked.mask, MASK_SIDE).sum(axis=(0, 1))[1:]
    return int(covered.argmax()) if covered.max() > 0 else NO_CLASS


def load_scenes(
    folder: Path,
    seed: int,
    part: str,
    count: int,
    advance: Callable[[int, int], None] = lambda done, of: None,
) -> Scenes:
    """Reads a part's scenes, drawn first where they are not there yet.

    Args:
        folder: of all such scenes.
        seed: another seed, other scenes.
        part: TRAINING, VALIDATION or TEST.
        count: how many.
        advance: is told (scenes drawn, scenes in all).

    Raises:
        TrainingError: the disk is full or not writable.
    """
    place = folder / f"{part}-{seed}-{count}-v{VERSION}"
    if not place.is_dir():
        _draw_all(place, seed, part, count, advance)
    try:
        pictures, shares, labels = (
            np.load(place / f"{name}.npy", mmap_mode="r" if name != "labels" else None)
            for name in ("pictures", "shares", "labels")
        )
    except (OSError, ValueError) as error:
        raise TrainingError(f"{place} is damaged: {error}.", fix="Delete it; it is drawn anew.") from error
    return Scenes(pictures, shares, labels)


def _draw_all(place: Path, seed: int, part: str, count: int, advance: Callable[[int, int], None]) -> None:
    staging = place.with_name(f".{place.name}.new")
    shapes = {
        "pictures": (count, INPUT_SIDE, INPUT_SIDE, 3),
        "shares": (count, MASK_SIDE, MASK_SIDE, 5),
    }
    batches = [(seed, part, first, min(first + BATCH, count)) for first in range(0, count, BATCH)]
    try:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        files = {
            name: np.lib.format.open_memmap(staging / f"{name}.npy", "w+", np.uint8, shape)
            for name, shape in shapes.items()
        }
        labels = np.empty(count, np.int64)
        for (_, _, first, last), drawn in zip(batches, spread(_draw, batches), strict=True):
            files["pictures"][first:last], files["shares"][first:last], labels[first:last] = drawn
            advance(last, count)
        for file in files.values():
            file.flush()
        np.save(staging / "labels.npy", labels)
        staging.rename(place)
    except OSError as error:
        raise TrainingError(
            f"The scenes {place} cannot be written: {error.strerror or error}.",
            fix=f"Make room on the disk: about {count * 54 // 1000} MB are needed.",
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _draw(batch: tuple[int, str, int, int]) -> tuple[Bytes, Bytes, Any]:
    seed, part, first, last = batch
    scenes = []
    for number in range(first, last):
        masked = draw_masked(scene_seed(seed, part, number))
        if part == TRAINING and Dice(seed_of(seed, "squashed", number)).chance(SQUASHED):
            masked = _squashed(masked)
        scenes.append(masked)
    pictures = np.stack([through_lens(masked) for masked in scenes])
    shares = np.stack([np.rint(255 * coverage(masked.mask, MASK_SIDE)) for masked in scenes])
    return pictures, shares.astype(np.uint8), np.array([label_of(masked) for masked in scenes], np.int64)


def through_lens(masked: Masked) -> Bytes:
    """What the lens makes of a frame: uint8 [112, 112, 3]."""
    square = to_input(masked.frame).reshape(INPUT_SIDE, LENS_POOL, INPUT_SIDE, LENS_POOL, 3)
    return as_picture(square.mean(axis=(1, 3)))


def _squashed(masked: Masked) -> Masked:
    side = masked.mask.shape[0]
    frame = Image.fromarray(masked.frame).resize((side, side), Image.Resampling.BILINEAR)
    mask = Image.fromarray(masked.mask).resize((side, side), Image.Resampling.NEAREST)
    return Masked(np.asarray(frame), np.asarray(mask))
