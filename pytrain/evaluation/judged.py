"""What is known of a transfer-learned model once every picture was judged; its report is made of this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pytrain.dataset.image_folder import Picture, Problem
from pytrain.dataset.pictures import NO_CLASS
from pytrain.evaluation.metrics import Floats, Ints, auroc, wilson_interval

if TYPE_CHECKING:
    from pytrain.evaluation.calibration import Calibration

Pixels = npt.NDArray[np.uint8]
Interval = tuple[float, float]

WHOLE = (0.0, 1.0)
"""What is known of a share when nothing was counted."""


@dataclass(frozen=True)
class Share:
    """How many of how many, and how sure that is.

    Attributes:
        count: those that hit.
        total: all of them.
        groups: how many independent ones these are: near-duplicates and frames of one recording are one.
    """

    count: int
    total: int
    groups: int

    @property
    def value(self) -> float | None:
        """In 0..1; None where nothing was counted."""
        return self.count / self.total if self.total else None

    @property
    def interval(self) -> Interval:
        """95 % confidence interval (Wilson) for as many trials as there are groups.

        Twenty frames of one recording tell little more than one does; taken as twenty independent pictures
        they would make the interval look far narrower than it is.
        """
        return wilson_interval(self.count / self.total * self.groups, self.groups) if self.groups else WHOLE


@dataclass(frozen=True)
class ClassShares:
    """One class, judged by the most probable label, whatever its probability.

    Attributes:
        label: of the class.
        recall: right among the pictures of the class.
        precision: right among the pictures that were given this label.
        rejected: called `unknown` among the pictures of the class.
    """

    label: str
    recall: Share
    precision: Share
    rejected: Share

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 where both are."""
        recall, precision = self.recall.value or 0.0, self.precision.value or 0.0
        return 2 * recall * precision / (recall + precision) if recall + precision else 0.0


@dataclass(frozen=True)
class Shown:
    """A picture of none of the classes, to be looked at.

    Attributes:
        picture: a file, or uint8 [height, width, 3] where it was generated.
        answer: the most probable label.
        confidence: its probability.
        known: the score that the threshold is held against.
    """

    picture: Picture | Pixels
    answer: str
    confidence: float
    known: float


@dataclass(frozen=True)
class Outsiders:
    """One set of pictures that belong to none of the classes.

    Attributes:
        name: for people, such as "generated scenes" or "your unknown folder".
        known: float32 [m], the score that the threshold is held against.
        chosen_on: the threshold was chosen with these; otherwise they were held out.
        shown: a few, those first that fooled the model most (24 are plenty).
        about: a sentence on what they are, or nothing.
        near: as alike to the classes as these are to one another, so that nobody can expect all of them to be
            told apart; the verdict then hangs on the other sets.
        groups: int64 [m], number of the near-duplicate group; None where no two are alike.
    """

    name: str
    known: Floats
    chosen_on: bool
    shown: tuple[Shown, ...] = ()
    about: str = ""
    near: bool = False
    groups: Ints | None = None

    def accepted(self, threshold: float) -> Share:
        """Those called one of the classes: false accepts."""
        differ = len(self.known) if self.groups is None else len(np.unique(self.groups))
        return Share(int((self.known >= threshold).sum()), len(self.known), differ)


@dataclass(frozen=True)
class Judged:
    """Every picture of the classes with the answer of a model that had not seen it.

    Attributes:
        labels: the classes, in the model's order.
        pictures: [n], of the classes only; those of `unknown` are outsiders.
        truth: int64 [n], number of the class that the picture's folder says.
        probabilities: float32 [n, classes], calibrated, rows sum to 1.
        uncalibrated: float32 [n], the highest probability before temperature scaling (its class is the same).
        known: float32 [n], the score that the threshold is held against: the output `known`, or the highest
            calibrated probability where the model has no such output.
        groups: int64 [n], number of the near-duplicate group.
        outsiders: sets of pictures of none of the classes.
        method: for people: "5-fold cross-validation", "20 % of the pictures held out".
    """

    labels: tuple[str, ...]
    pictures: tuple[Picture, ...]
    truth: Ints
    probabilities: Floats
    uncalibrated: Floats
    known: Floats
    groups: Ints
    outsiders: tuple[Outsiders, ...]
    method: str

    @property
    def best(self) -> Ints:
        """int64 [n]: the most probable class, however sure."""
        best: Ints = self.probabilities.argmax(axis=1)
        return best

    @property
    def confidence(self) -> Floats:
        """float32 [n]: the highest calibrated probability."""
        confidence: Floats = self.probabilities.max(axis=1)
        return confidence

    def answers(self, threshold: float) -> Ints:
        """int64 [n]: the most probable class, NO_CLASS where the page would say `unknown`."""
        return np.where(self.known < threshold, NO_CLASS, self.best)

    def accuracy(self) -> Share:
        """Most probable label right, however sure."""
        return self._share(self.best == self.truth, np.ones(len(self.truth), np.bool_))

    def right_when_answered(self, threshold: float) -> Share:
        """Right among the pictures that get a class for an answer instead of `unknown`."""
        return self._share(self.best == self.truth, self.known >= threshold)

    def rejected(self, threshold: float) -> Share:
        """Called `unknown` among all pictures of the classes."""
        return self._share(self.known < threshold, np.ones(len(self.truth), np.bool_))

    def classes(self, threshold: float) -> tuple[ClassShares, ...]:
        """Figures of each class, in the order of the labels."""
        best, unsure = self.best, self.known < threshold
        return tuple(
            ClassShares(
                label,
                recall=self._share(best == number, self.truth == number),
                precision=self._share(self.truth == number, best == number),
                rejected=self._share(unsure, self.truth == number),
            )
            for number, label in enumerate(self.labels)
        )

    def cells(self, threshold: float) -> dict[tuple[int, int], Ints]:
        """The confusion matrix as (truth, answer) -> numbers of the pictures; NO_CLASS stands for `unknown`.

        Empty cells are left out: of 1,000 classes nearly all are.
        """
        answers = self.answers(threshold)
        keys = np.stack([self.truth, answers], axis=1)
        pairs, cell_of = np.unique(keys, axis=0, return_inverse=True)
        order = np.argsort(cell_of.ravel(), kind="stable")
        counts = np.bincount(cell_of.ravel(), minlength=len(pairs))
        parts = np.split(order, np.cumsum(counts)[:-1])
        return {(int(row), int(column)): part for (row, column), part in zip(pairs, parts, strict=True)}

    def auroc(self, outsiders: Outsiders) -> float | None:
        """Chance that a class picture has a greater `known` score than an outsider; None without any."""
        return auroc(self.known, outsiders.known)

    def _share(self, hit: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> Share:
        return Share(int((hit & among).sum()), int(among.sum()), len(np.unique(self.groups[among])))


@dataclass(frozen=True)
class Phase:
    """One part of the training, as it went.

    Attributes:
        name: "head" or "fine-tuning".
        rows: one for each epoch or step, with some of loss, accuracy, val_loss, val_accuracy.
        chosen: index of the row whose weights were taken.
        kept: the phase's outcome is in the model; fine-tuning that did not help is shown and not kept.
        note: a sentence for people.
        settings: what it was done with, as metadata.json keeps it.
    """

    name: str
    rows: tuple[Mapping[str, float], ...]
    chosen: int
    kept: bool
    note: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Views:
    """What augmentation makes of one picture.

    Attributes:
        picture: the file.
        images: each uint8 [224, 224, 3].
    """

    picture: Picture
    images: tuple[Pixels, ...]


@dataclass(frozen=True)
class Activation:
    """Where the model looked.

    Attributes:
        picture: the file.
        answer: the label that the map is of.
        confidence: its probability.
        image: uint8 [224, 224, 3], what the model saw.
        map: float32 [h, w], class activation; any scale, what is negative speaks against the class.
    """

    picture: Picture
    answer: str
    confidence: float
    image: Pixels
    map: Floats


@dataclass(frozen=True)
class BackboneFacts:
    """The network below the head.

    Attributes:
        name: such as "efficientnet-lite0".
        parameters: of the backbone alone.
        top1: published ImageNet accuracy in percent, where known.
    """

    name: str
    parameters: int
    top1: float | None = None


@dataclass(frozen=True)
class TransferReport:
    """Everything that the report of a transfer-learned model shows.

    Attributes:
        title: the model's name.
        source: the data set's folder; pictures are named by their place in it, never by the whole path.
        backbone: the network below.
        judged: the answers.
        calibration: temperature, threshold and what they did.
        phases: head first, then fine-tuning where it was tried.
        settings: all that the training was asked for and chose, as it stands in the run's settings.
        problems: pictures set aside.
        findings: sentences on the data: duplicates, imbalance and the like.
        views: augmentation, a few pictures.
        activations: class activation maps of a sample.
        milliseconds: for one frame in Python, on the machine that trained.
        parameters: of the whole model.
        size: of the bundle or its weights in bytes, where known.
        seconds: that the training took, where known.
        notes: further sentences for the end of the page.
    """

    title: str
    source: Path
    backbone: BackboneFacts
    judged: Judged
    calibration: Calibration
    phases: tuple[Phase, ...]
    settings: Mapping[str, object]
    problems: tuple[Problem, ...] = ()
    findings: tuple[str, ...] = ()
    views: tuple[Views, ...] = ()
    activations: tuple[Activation, ...] = ()
    milliseconds: float | None = None
    parameters: int | None = None
    size: int | None = None
    seconds: float | None = None
    notes: tuple[str, ...] = ()
