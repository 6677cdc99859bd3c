"""Measures an exported model on a folder of labelled pictures: how right, how sure, how often unknown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pytrain.bundle import UNKNOWN, Bundle
from pytrain.dataset.image_folder import ImageFolder, Picture, Problem, open_dataset, why_not, without
from pytrain.dataset.looks import look
from pytrain.dataset.near_duplicates import groups_of
from pytrain.dataset.pictures import NO_CLASS, shown
from pytrain.errors import DataError
from pytrain.evaluation.classifier import Classifier, find_bundle, open_classifier
from pytrain.evaluation.judged import Judged, Outsiders, Share
from pytrain.evaluation.metrics import calibration_error_by_chance, calibration_error_of

Progress = Callable[[str, int, int], None]
"""Told what is done, and how many of how many pictures it is done with."""


@dataclass(frozen=True)
class Measured:
    """What a model is worth on one data set.

    Attributes:
        model: its name.
        data: the folder, archive or list that was asked about.
        judged: every picture's answer.
        threshold: below it the answer is `unknown`; 0 means never.
        missing: labels of the model that have no picture here.
        problems: files that were set aside.
        trained_on: the model was trained on this very data set, so that the figures say little.
    """

    model: str
    data: Path
    judged: Judged
    threshold: float
    missing: tuple[str, ...]
    problems: tuple[Problem, ...]
    trained_on: bool

    @property
    def calibration_error(self) -> float:
        """Mean distance between how sure it is and how often it is right, 0 to 1 (Guo et al., 2017)."""
        return calibration_error_of(self.judged.confidence, self.judged.best == self.judged.truth)

    @property
    def by_chance(self) -> float:
        """What calibration error so few pictures would show if every percentage were right."""
        return calibration_error_by_chance(self.judged.confidence)

    def as_json(self) -> dict[str, Any]:
        """All figures as plain JSON; intervals are of 95 %."""
        judged = self.judged
        labels = [*judged.labels, UNKNOWN]
        return {
            "model": self.model,
            "data": str(self.data),
            "trained_on_this_data": self.trained_on,
            "accuracy": _share(judged.accuracy()),
            "calibration_error": self.calibration_error,
            "calibration_error_by_chance": self.by_chance,
            "unknown_threshold": self.threshold,
            "rejected": _share(judged.rejected(self.threshold)),
            "right_when_answered": _share(judged.right_when_answered(self.threshold)),
            "outsiders": [
                {"accepted": _share(group.accepted(self.threshold)), "auroc": judged.auroc(group)}
                for group in judged.outsiders
            ],
            "classes": [
                {
                    "label": figures.label,
                    "recall": _share(figures.recall),
                    "precision": _share(figures.precision),
                    "f1": figures.f1,
                    "rejected": _share(figures.rejected),
                }
                for figures in judged.classes(self.threshold)
                if figures.label not in self.missing
            ],
            "confusion": [
                # NO_CLASS is -1: the last of the labels.
                {"truth": labels[truth], "answer": labels[answer], "pictures": len(pictures)}
                for (truth, answer), pictures in judged.cells(self.threshold).items()
            ],
            "set_aside": [{"path": str(problem.path), "why": problem.why} for problem in self.problems],
        }


def evaluate_files(
    model: Path | str, data: Path | str, *, progress: Progress = lambda what, done, total: None
) -> Measured:
    """Runs a model over a data set.

    Args:
        model: an exported model's folder or name.
        data: a folder of class folders, a .zip of one, or a .csv of path,label. Its labels are among the
            model's; pictures under `unknown` show none of the classes.
        progress: told how far the work is.

    Raises:
        DataError: a label that the model does not know, no readable picture, or no data set at all.
        ModelError, BundleError: the model is missing or damaged.
    """
    data = Path(data)
    found = find_bundle(model)
    # Of one class, too, it can be asked how often it is found.
    folder = open_dataset(data, progress=lambda done, total: progress("reading", done, total), lenient=True)
    _check_labels(folder, found)
    classifier = open_classifier(model)
    looks, broken = look(folder, progress=lambda done, total: progress("comparing", done, total))
    fingerprint = folder.fingerprint
    folder = without(folder, broken, lenient=True)
    group_of = dict(zip([seen.picture.path for seen in looks], groups_of(looks).tolist(), strict=True))
    judged, problems = _judge(folder, classifier, group_of, progress)
    present = {picture.label for picture in judged.pictures}
    return Measured(
        classifier.name,
        data,
        judged,
        classifier.threshold,
        tuple(label for label in classifier.labels if label not in present),
        (*folder.problems, *problems),
        bool({fingerprint, folder.fingerprint} & classifier.fingerprints),
    )


def _judge(
    folder: ImageFolder, classifier: Classifier, group_of: dict[Path, int], progress: Progress
) -> tuple[Judged, list[Problem]]:
    from pytrain.evaluation.predict import stream, truth_of
    from pytrain.image import read_image, to_input

    pictures: list[Picture] = []
    problems: list[Problem] = []
    probabilities, scores = [], []
    read = lambda picture: to_input(read_image(picture.path))  # noqa: E731
    for batch in stream(classifier.model, folder.pictures, read):
        problems += [
            Problem(picture.path, why_not(error, picture.path)) for picture, error in batch.unreadable
        ]
        if batch.items:
            pictures += batch.items
            probabilities.append(batch.outputs["probabilities"])
            scores.append(classifier.scores(batch.outputs))
        progress("predicting", len(pictures) + len(problems), len(folder.pictures))
    if not any(picture.label != UNKNOWN for picture in pictures):
        raise DataError("Not one picture of a class can be read.", fix="Check the data folder.")
    truth = truth_of(pictures, classifier.labels)
    belongs = truth != NO_CLASS
    answers, known = np.concatenate(probabilities), np.concatenate(scores)
    kept = [picture for picture, inside in zip(pictures, belongs, strict=True) if inside]
    groups = np.array([group_of[picture.path] for picture in pictures], np.int64)
    outside = Outsiders(f"the folder {UNKNOWN}", known[~belongs], chosen_on=False, groups=groups[~belongs])
    judged = Judged(
        labels=classifier.labels,
        pictures=tuple(kept),
        truth=truth[belongs],
        probabilities=answers[belongs],
        uncalibrated=answers[belongs].max(axis=1),
        known=known[belongs],
        groups=groups[belongs],
        outsiders=() if belongs.all() else (outside,),
        method="all pictures of the data set",
    )
    return judged, problems


def _check_labels(folder: ImageFolder, model: Bundle) -> None:
    strange = [label for label in folder.labels if label not in model.labels]
    if strange:
        names = ", ".join(repr(label) for label in strange[:10])
        more = f" and {len(strange) - 10:,} more" if len(strange) > 10 else ""
        raise DataError(
            f"The model {model.name} does not know the labels {names}{more} of {shown(folder.root)}.",
            expected=f"of its labels: {_some(model.labels)}; pictures of none of them in {UNKNOWN}",
            fix=f"Rename those folders, or put their pictures into the folder {UNKNOWN}.",
        )


def _some(labels: Sequence[str]) -> str:
    return ", ".join(labels[:20]) + (f" and {len(labels) - 20:,} more" if len(labels) > 20 else "")


def _share(share: Share) -> dict[str, Any]:
    low, high = share.interval
    return {"value": share.value, "count": share.count, "total": share.total, "interval": [low, high]}
