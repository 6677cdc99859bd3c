"""Golden frames: a few pictures with Python's answers, so that any client can check itself."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from pytrain import bundle
from pytrain.bundle import Bundle
from pytrain.export.answers import Answers
from pytrain.export.source.check_images import CheckImage, evenly
from pytrain.image import Frame, read_image, to_input

Golden = tuple[Frame, str | None]
"""A frame, uint8 [height, width, 3], and its label where that is known."""

GREATEST_SIZE = (160, 120)
"""Width and height: 4:3 like a webcam's, and small enough to ship."""

MOST = 8

STEPS = 65535
"""Of a mask's values from 0 to 1, as they are stored: far finer than what still counts as the same."""

DRAWN = ("circle", "square", "star", "unknown")
"""What is drawn where nobody gave any."""


def golden_frames(
    given: Sequence[Golden], images: Sequence[CheckImage], labels: Sequence[str], former: Bundle | None
) -> list[Golden]:
    """The frames to prove an export with: those given, else check images, a bundle's, or drawn ones."""
    if given:
        return list(given[:MOST])
    if images:
        found = evenly(images, MOST)
        return [(image.frame, image.label if image.label in labels else None) for image in found]
    if former is not None and (former.path / bundle.GOLDEN).is_file():
        entries = json.loads((former.path / bundle.GOLDEN).read_text(encoding="utf-8"))["frames"]
        place = (former.path / bundle.GOLDEN).parent
        return [(read_image(place / Path(entry["file"]).name), entry.get("label")) for entry in entries]
    from pytrain.dataset.four_shapes.scenes import draw_scene

    # Any picture shows whether two programs compute the same.
    return [(draw_scene(label, seed), None) for seed, label in enumerate(DRAWN)]


def write_frames(folder: Path, golden: Sequence[Golden]) -> npt.NDArray[np.float32]:
    """Writes the pictures, and gives what a model sees of them: float32 [frames, 224, 224, 3]."""
    (folder / bundle.GOLDEN).parent.mkdir(parents=True)
    for number, (frame, _) in enumerate(golden):
        picture = Image.fromarray(frame)
        picture.thumbnail(GREATEST_SIZE, Image.Resampling.LANCZOS)
        data = io.BytesIO()
        picture.save(data, "PNG", optimize=True)
        _file(folder, number).write_bytes(data.getvalue())
    # As they are read back, so that Python sees what every other client will.
    return np.stack([to_input(read_image(_file(folder, number))) for number in range(len(golden))])


def write_answers(folder: Path, golden: Sequence[Golden], answers: Answers, float32: Answers | None) -> None:
    """Writes golden.json.

    Args:
        folder: of the bundle.
        golden: the frames that write_frames wrote.
        answers: what Python gives with the weights as they are stored.
        float32: the same with float32 weights, where the stored ones are smaller.
    """
    entries = []
    for number, (_, label) in enumerate(golden):
        entry: dict[str, Any] = {"file": _file(folder, number).name, "label": label}
        entry["probabilities"] = [float(value) for value in answers.probabilities[number]]
        if answers.known is not None:
            entry["known"] = float(answers.known[number])
        if answers.mask is not None:
            entry[bundle.MASK] = _write_mask(_file(folder, number), answers.mask[number])
        if float32 is not None:
            entry["float32"] = [float(value) for value in float32.probabilities[number]]
            if float32.known is not None:
                entry["known_float32"] = float(float32.known[number])
        entries.append(entry)
    bundle.write_json(folder / bundle.GOLDEN, {"schema": bundle.SCHEMA, "frames": entries})


def _write_mask(picture: Path, mask: npt.NDArray[np.float32]) -> str:
    """Writes a mask beside its picture: a PNG of 16 bits, the background and the classes side by side."""
    beside = np.concatenate(np.moveaxis(mask, 2, 0), axis=1)
    data = io.BytesIO()
    Image.fromarray(np.rint(np.clip(beside, 0, 1) * STEPS).astype(np.uint16)).save(data, "PNG", optimize=True)
    file = picture.with_name(f"{picture.stem}-mask.png")
    file.write_bytes(data.getvalue())
    return file.name


def read_mask(file: Path, classes: int) -> npt.NDArray[np.float32]:
    """What `_write_mask` wrote: float32 [side, side, 1 + classes], 0 to 1, in steps of 1/65535.

    Raises:
        OSError: there is no such file, or it is no picture.
        ValueError: it is of another size.
    """
    with Image.open(file) as picture:
        beside = np.asarray(picture, np.float32) / STEPS
    return np.stack(np.split(beside, 1 + classes, axis=1), axis=2)


def _file(folder: Path, number: int) -> Path:
    return (folder / bundle.GOLDEN).parent / f"{number:02}.png"
