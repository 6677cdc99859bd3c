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
from pytrain.errors import ExportError
from pytrain.export.source.check_images import CheckImage
from pytrain.image import Frame, read_image, to_input

Golden = tuple[Frame, str | None]
"""A frame, uint8 [height, width, 3], and its label where that is known."""

Probabilities = npt.NDArray[np.float32]

GREATEST_SIZE = (160, 120)
"""Width and height: 4:3 like a webcam's, and small enough to ship."""

MOST = 8

DRAWN = ("circle", "square", "star", "unknown")
"""What is drawn where nobody gave any."""

SUM_TOLERANCE = 1e-3
"""How far from 1 probabilities may add up."""


def golden_frames(
    given: Sequence[Golden], images: Sequence[CheckImage], labels: Sequence[str], former: Bundle | None
) -> list[Golden]:
    """The frames to prove an export with: those given, else check images, a bundle's, or drawn ones."""
    if given:
        return list(given[:MOST])
    if images:
        chosen = np.linspace(0, len(images) - 1, min(MOST, len(images))).round().astype(int)
        found = [images[index] for index in chosen]
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


def write_answers(
    folder: Path, golden: Sequence[Golden], answers: Probabilities, float32: Probabilities | None
) -> None:
    """Writes golden.json.

    Args:
        folder: of the bundle.
        golden: the frames that write_frames wrote.
        answers: [frames, classes], what Python gives with the weights as they are stored.
        float32: the same with float32 weights, where the stored ones are smaller.
    """
    entries: list[dict[str, Any]] = []
    for number, (_, label) in enumerate(golden):
        entry: dict[str, Any] = {"file": _file(folder, number).name, "label": label}
        entry["probabilities"] = [float(value) for value in answers[number]]
        if float32 is not None:
            entry["float32"] = [float(value) for value in float32[number]]
        entries.append(entry)
    bundle.write_json(folder / bundle.GOLDEN, {"schema": bundle.SCHEMA, "frames": entries})


def answers_of(model: Any, inputs: npt.NDArray[np.float32]) -> Probabilities:
    """What a Keras model gives: float32 [frames, classes].

    Raises:
        ExportError: they are no probabilities.
    """
    # One by one: a SavedModel may take no more.
    answers = np.concatenate([np.asarray(model(one[None], training=False), np.float32) for one in inputs])
    if not np.isfinite(answers).all():
        raise ExportError(
            "The model gives NaN or infinity.",
            expected="probabilities",
            fix="Check its weights and --input-range; train again with a lower learning rate.",
        )
    if answers.min() < 0 or np.abs(answers.sum(axis=1) - 1).max() > SUM_TOLERANCE:
        raise ExportError(
            f"The model gives {np.round(answers[0][:5], 3).tolist()} for a picture: no probabilities.",
            expected="numbers of at least 0 with the sum 1, as a softmax gives them",
            fix="If these are logits, add --logits (in Python: logits=True).",
        )
    return answers


def _file(folder: Path, number: int) -> Path:
    return (folder / bundle.GOLDEN).parent / f"{number:02}.png"
