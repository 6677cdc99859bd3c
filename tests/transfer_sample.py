"""A transfer-learned model's report on small pictures made here, for the tests of its parts."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pytrain.dataset.image_folder import Picture, Problem
from pytrain.evaluation.calibration import Calibration
from pytrain.evaluation.judged import (
    Activation,
    BackboneFacts,
    Judged,
    Outsiders,
    Phase,
    Shown,
    TransferReport,
    Views,
)

THRESHOLD = 0.5


def make_pictures(source: Path, labels: tuple[str, ...], each: int) -> tuple[Picture, ...]:
    """`each` files for every label, no two alike."""
    made = []
    for place, label in enumerate(labels):
        (source / label).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            path = source / label / f"{number:03}.png"
            pixels = np.full((40, 60, 3), (40 * place % 256, 9 * number % 256, 120), np.uint8)
            Image.fromarray(pixels).save(path)
            digest = hashlib.sha256(path.read_bytes() + label.encode()).hexdigest()
            made.append(Picture(path, label, digest))
    return tuple(made)


def make_judged(
    pictures: tuple[Picture, ...], labels: tuple[str, ...], wrong: dict[int, int] | None = None, **other: Any
) -> Judged:
    """Sure and right of every picture, but for those in `wrong`: number of the picture -> its answer."""
    truth = np.array([labels.index(picture.label) for picture in pictures])
    best = truth.copy()
    for number, answer in (wrong or {}).items():
        best[number] = answer
    rest = 0.1 / (len(labels) - 1)
    probabilities = np.full((len(truth), len(labels)), rest, np.float32)
    probabilities[np.arange(len(truth)), best] = 0.9
    confidence = probabilities.max(axis=1)
    content: dict[str, Any] = {
        "known": confidence,
        "uncalibrated": confidence,
        "groups": np.arange(len(truth)),
        "outsiders": (Outsiders("generated scenes", np.linspace(0, 0.55, 40).astype(np.float32), True),),
    }
    return Judged(
        labels=labels,
        pictures=pictures,
        truth=truth,
        probabilities=probabilities,
        method="5-fold cross-validation",
        **{**content, **other},
    )


def make_report(source: Path, judged: Judged, **other: Any) -> TransferReport:
    """A report with something in every section."""
    picture = judged.pictures[0]
    pixels = np.zeros((224, 224, 3), np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    rows = ({"loss": 1.0, "accuracy": 0.5, "val_loss": 1.1, "val_accuracy": 0.4},) * 3
    shown = Shown(noise, judged.labels[0], 0.9, 0.9)
    content: dict[str, Any] = {
        "title": "pets",
        "source": source,
        "backbone": BackboneFacts("efficientnet-lite0", 3_400_000, 75.1),
        "calibration": Calibration(1.3, THRESHOLD, "unknown pictures", 0.1, 0.0, 0.5, 0.4, 0.08, 0.02),
        "phases": (Phase("head", rows, 1, True), Phase("fine-tuning", rows, 0, False, "It did not help.")),
        "settings": {"seed": 7, "fine_tune": "auto"},
        "problems": (Problem(source / "cat" / "bad.jpg", "is damaged"),),
        "findings": ("2 pictures are there twice.",),
        "views": (Views(picture, (noise, pixels)),),
        "activations": (Activation(picture, judged.labels[0], 0.9, noise, np.eye(7, dtype=np.float32)),),
        "milliseconds": 30.0,
    }
    sets = (*judged.outsiders, Outsiders("photographs", np.array([0.9], np.float32), False, (shown,)))
    content["judged"] = Judged(**{**vars(judged), "outsiders": sets})
    return TransferReport(**{**content, **other})
