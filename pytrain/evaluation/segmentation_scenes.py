"""Judges a network of classes and masks on drawn scenes that it was not trained on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from pytrain.bundle import MASK
from pytrain.dataset.four_shapes.masks import CLASSES, Mask, Masked, draw_masked
from pytrain.dataset.four_shapes.outlines import LABELS
from pytrain.evaluation.metrics import Metrics, measure
from pytrain.evaluation.segmentation import Overlap, picture_iou
from pytrain.image import SIZE, Frame, as_picture, crop_square, resize, to_input
from pytrain.model.lens import PROBABILITIES
from pytrain.training.mask_scenes import label_of

BATCH = 16
"""Scenes that go through the network together."""

ALARM = 0.01
"""Part of a scene without a shape that must be called one for it to count as a false alarm."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Example:
    """One scene as the report shows it.

    Attributes:
        seed: `draw_masked` draws it again.
        picture: uint8 [224, 224, 3], what the network sees.
        truth: uint8 [224, 224], the numbers of the classes.
        called: the same as the network says.
        iou: mean over the shapes of the scene; None where there is none and none was called.
    """

    seed: int
    picture: Frame
    truth: Mask
    called: Mask
    iou: float | None


@dataclass(frozen=True)
class Judged:
    """What a network is worth on scenes.

    Attributes:
        overlap: over all scenes.
        single: over those with one shape.
        several: over those with shapes of several classes.
        classes: of the answers for whole scenes; the truth is the shape that covers most.
        empty: scenes without any shape.
        alarms: those of them of which more than ALARM was called a shape.
        examples: the first scenes with a shape.
        worst: those that fit worst.
    """

    overlap: Overlap
    single: Overlap
    several: Overlap
    classes: Metrics
    empty: int
    alarms: int
    examples: tuple[Example, ...]
    worst: tuple[Example, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "all": self.overlap.as_json(),
            "one_shape": self.single.as_json(),
            "several_shapes": self.several.as_json(),
            "empty_scenes": self.empty,
            "false_alarms": self.alarms,
            "classes": self.classes.as_json(),
        }


def judge(model: Any, seeds: Iterable[int], threshold: float, *, examples: int = 8, worst: int = 4) -> Judged:
    """Draws scenes, and holds the network's masks and answers against what was drawn.

    The masks are compared at 224 x 224 pixels, which is what the network sees: its own are enlarged
    bilinearly, and a pixel is what most speaks for.

    Args:
        model: float32 [batch, 224, 224, 3] to {"probabilities", "mask"}.
        seeds: of the scenes.
        threshold: below this highest probability the answer is `unknown`.
        examples: scenes to keep for showing.
        worst: the same of those that fit worst.
    """
    overlaps = {kind: Overlap.none(CLASSES) for kind in ("all", "one", "several")}
    shown: list[Example] = []
    poor: list[Example] = []
    probabilities: list[Floats] = []
    truths: list[int] = []
    empty = alarms = 0
    for lot in _lots(seeds):
        scenes = [draw_masked(seed) for seed in lot]
        inputs = np.stack([to_input(scene.frame) for scene in scenes])
        given = {name: np.asarray(values) for name, values in model(inputs, training=False).items()}
        probabilities.append(given[PROBABILITIES])
        for seed, scene, picture, soft in zip(lot, scenes, inputs, given[MASK], strict=True):
            truth, called = truth_of(scene), enlarged(soft)
            shapes = len(np.unique(truth[truth > 0]))
            truths.append(label_of(scene))
            for kind in ("all", *(("one",) if shapes == 1 else ("several",) if shapes > 1 else ())):
                overlaps[kind] = overlaps[kind].with_picture(truth, called)
            if shapes == 0:
                empty += 1
                alarms += int((called > 0).mean() > ALARM)
            example = Example(
                seed, as_picture(picture), truth, called, picture_iou(truth, called, len(CLASSES))
            )
            if shapes and len(shown) < examples:
                shown.append(example)
            elif shapes:
                poor = sorted([*poor, example], key=lambda one: one.iou or 0.0)[:worst]
    classes = measure(np.concatenate(probabilities), np.array(truths), LABELS, threshold)
    total, one, several = overlaps["all"], overlaps["one"], overlaps["several"]
    return Judged(total, one, several, classes, empty, alarms, tuple(shown), tuple(poor))


def truth_of(scene: Masked) -> Mask:
    """The mask of what a network sees: uint8 [224, 224]."""
    square = Image.fromarray(crop_square(scene.mask))
    return np.asarray(square.resize((SIZE, SIZE), Image.Resampling.NEAREST))


def enlarged(mask: Floats) -> Mask:
    """From a network's mask, float32 [side, side, classes], to numbers of classes: uint8 [224, 224]."""
    return np.asarray(resize(mask, SIZE).argmax(axis=2), np.uint8)


def _lots(seeds: Iterable[int]) -> Iterable[Sequence[int]]:
    lot: list[int] = []
    for seed in seeds:
        lot.append(seed)
        if len(lot) == BATCH:
            yield lot
            lot = []
    if lot:
        yield lot
