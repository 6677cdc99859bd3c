"""From drawn scenes to a bundle that says which shape a picture shows and which pixels belong to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pytrain.bundle import KERAS_MODEL, REPORT, RUNS, Bundle, check_target, write_json
from pytrain.resources import FOUR_SHAPES, shipped_models

if TYPE_CHECKING:
    from pytrain.evaluation.calibration import Calibration
    from pytrain.evaluation.segmentation_scenes import Judged
    from pytrain.export import Facts
    from pytrain.image import Frame
    from pytrain.training.segmentation import Segmenter

Say = Callable[[str], None]

SHAPE_MASKS = "shape-masks"

TESTED = 1000
"""Scenes that the report's figures are of."""

CHECKED = 64
"""Scenes on which smaller weights are measured."""

QUICK = {"scenes": 600, "validation": 120, "epochs": 8}
QUICK_TESTED = 120

GOLDEN = ("circle", "square", "star", "triangle", "unknown")


def train_shape_masks(
    out: Path,
    *,
    seed: int = 0,
    epochs: int | None = None,
    resume: bool = False,
    quick: bool = False,
    say: Say = print,
) -> Bundle:
    """Draws scenes with masks, trains a U-Net, judges it on other scenes, exports and verifies it.

    The bundle is a classifier like any other, with one more output, `mask`.

    Args:
        out: the bundle's folder; replaced only when everything went well.
        seed: decides the scenes, the first weights and the order of training; test scenes differ from all.
        epochs: passes over the scenes; the recipe's own by default.
        resume: go on where an interrupted training stopped.
        quick: a tenth of the scenes, for a first look.
        say: takes lines about what happens.

    Raises:
        PytrainError: what is wrong with the settings, the export or the disk.
        KeyboardInterrupt: it was stopped; the checkpoint is kept and `resume` goes on from it.
    """
    # Before TensorFlow is imported, which takes seconds.
    check_target(out)

    from pytrain.dataset.four_shapes.masks import draw_masked
    from pytrain.dataset.four_shapes.outlines import LABELS
    from pytrain.evaluation.report.segmentation import write_segmentation_report
    from pytrain.evaluation.segmentation_scenes import judge
    from pytrain.export import export
    from pytrain.training.mask_scenes import TEST, VALIDATION, scene_seed
    from pytrain.training.run import EVALUATION
    from pytrain.training.segmentation import Plan, train_unet

    chosen = {**(QUICK if quick else {}), **({"epochs": epochs} if epochs else {})}
    plan = replace(Plan(), **chosen)
    say(f"Training the U-Net on {plan.scenes:,} scenes")
    result = train_unet(
        out.parent / RUNS / out.name, plan, seed=seed, classifier=_classifier(out.parent, say), resume=resume
    )
    calibration = _calibrated(result)
    say("Judging it on test scenes")
    tested = [scene_seed(seed, TEST, number) for number in range(QUICK_TESTED if quick else TESTED)]
    judged = judge(result.model, tested, calibration.unknown_threshold)
    for line in figures(judged):
        say(line)
    write_json(result.run_dir / EVALUATION, judged.as_json())

    def finish(folder: Path) -> None:
        write_segmentation_report(
            (folder / REPORT).parent, judged, result.history, result.settings, title=out.name
        )

    bundle = export(
        result.model,
        out,
        labels=LABELS,
        weights="float16",
        input_range="-1..1",
        check=[draw_masked(scene_seed(seed, VALIDATION, number)).frame for number in range(CHECKED)],
        golden=_golden(),
        facts=_facts(result, calibration, judged),
        finish=finish,
        say=say,
    )
    say(f"Model:  {out} ({bundle.size / 1024:,.0f} KiB)")
    say(f"Report: {out / REPORT}")
    return bundle


def figures(judged: Judged) -> list[str]:
    """The figures as lines."""
    overlap, classes = judged.overlap, judged.classes
    each = ", ".join(f"{name} {share:.3f}" for name, share in overlap.iou.items() if share is not None)
    return [
        f"  masks    mean IoU {overlap.mean_iou:.3f}, mean Dice {overlap.mean_dice:.3f} "
        f"of {overlap.pictures:,} scenes",
        f"           IoU of {each}",
        f"           mean IoU {judged.single.mean_iou:.3f} with one kind of shape, "
        f"{judged.several.mean_iou:.3f} with several",
        f"  answers  {classes.accuracy:.2%} right of {classes.pictures:,} scenes",
        f"  empty    {judged.alarms} of {judged.empty} scenes without a shape got a mask",
    ]


def _classifier(models: Path, say: Say) -> Any:
    """The network of the four-shapes classifier that lies among these models, or that comes with pytrain."""
    from pytrain.evaluation.classifier import open_classifier

    for folder in (models / FOUR_SHAPES, *(found for found in shipped_models() if found.name == FOUR_SHAPES)):
        if (folder / KERAS_MODEL).is_file():
            model = open_classifier(folder).model
            if model.name == "cnn":
                say(f"It begins with what {folder} has learned")
                return model
    say("It begins with nothing learned: there is no four-shapes classifier of the recipe cnn")
    return None


def _calibrated(result: Segmenter) -> Calibration:
    """Chooses temperature and threshold on the validation scenes, and puts the temperature into the model."""
    from pytrain.evaluation.calibration import calibration_of, fold_temperature
    from pytrain.image import in_range
    from pytrain.model.lens import LOGITS
    from pytrain.model.unet import core

    network = core(result.model)
    pictures = result.validation.pictures
    parts: list[Any] = []
    for first in range(0, len(pictures), 32):
        parts.append(np.asarray(network(in_range(pictures[first : first + 32]), training=False)[LOGITS]))
    calibration = calibration_of(np.concatenate(parts), result.validation.labels)
    fold_temperature(result.model, calibration.temperature)
    return calibration


def _golden() -> list[tuple[Frame, str | None]]:
    """A scene of each shape and one of none."""
    from pytrain.dataset.four_shapes.scenes import draw_scene

    return [(draw_scene(label, 1), label) for label in GOLDEN]


def _facts(result: Segmenter, calibration: Calibration, judged: Judged) -> Facts:
    from pytrain.export import Facts

    overlap = judged.overlap
    return Facts(
        calibration=calibration.as_facts(),
        metrics={
            "mask scenes": {
                **judged.classes.as_facts(),
                "mean_iou": overlap.mean_iou,
                "mean_dice": overlap.mean_dice,
            }
        },
        dataset={"name": "four-shapes-masks", "scenes": result.settings["scenes"]},
        training=result.settings,
    )
