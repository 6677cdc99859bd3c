"""Answers "can I trust it?" in plain words, from the figures of a model and nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum

import numpy as np

from pytrain.evaluation.judged import ClassShares, Judged, Outsiders, Share, TransferReport
from pytrain.evaluation.label_errors import LabelError
from pytrain.evaluation.metrics import calibration_error_by_chance, calibration_error_of

ENOUGH_PICTURES = 30
"""Different pictures of a class: of one found 9 of 10 times it is then known to about 11 points."""

FEW_PICTURES = 10
TRY_IT = "pytrain serve --open"
USELESS = 0.6
"""Accuracy below which nobody should rely on a model, however well it knows its doubts."""

CHANCE = 1.5
"""Times that a calibration error may be what chance gives on average, to be nothing but chance: it varies by
a third of that."""

REDUNDANT = 0.5
"""A class with fewer different pictures than this share of its pictures is mostly repeats."""


class Light(Enum):
    """A traffic light; the words beside it say the same."""

    GOOD = "good"
    CARE = "care"
    BAD = "bad"


@dataclass(frozen=True)
class Point:
    """One answer.

    Attributes:
        light: how good that is.
        title: the question's subject, such as "Weakest class".
        text: a sentence or two.
        section: of the report that shows more.
    """

    light: Light
    title: str
    text: str
    section: str


@dataclass(frozen=True)
class Verdict:
    """The whole answer, in plain text."""

    light: Light
    headline: str
    points: tuple[Point, ...]
    steps: tuple[str, ...]
    """What to do next to make it better, the most useful first."""


def verdict(report: TransferReport, suspects: list[LabelError]) -> Verdict:
    """Judges a model.

    Args:
        report: its figures.
        suspects: its likely label errors.
    """
    judged, threshold = report.judged, report.calibration.unknown_threshold
    classes = judged.classes(threshold)
    points = (
        _right(judged, threshold),
        _weakest(judged, classes),
        _elsewhere(judged, threshold),
        _percentages(judged),
        _pictures(classes),
    )
    # Only wrong answers make a model useless; whatever else is amiss can be lived with, knowing it.
    useless = points[0].light is Light.BAD or (judged.accuracy().value or 0.0) < USELESS
    fine = all(point.light is Light.GOOD for point in points)
    light = Light.BAD if useless else Light.GOOD if fine else Light.CARE
    headline = {
        Light.GOOD: "Yes, for pictures like these.",
        Light.CARE: "Mostly. Mind what is marked below.",
        Light.BAD: "Not yet.",
    }[light]
    return Verdict(light, headline, points, tuple(_steps(judged, classes, points, suspects)))


def _right(judged: Judged, threshold: float) -> Point:
    title, part = "Right answers", "confusion"
    share, rejected = judged.right_when_answered(threshold), judged.rejected(threshold)
    if share.value is None:
        return Point(Light.BAD, title, "It called every picture unknown.", part)
    low, high = share.interval
    light = _light(share.value >= 0.9 and low >= 0.75, share.value >= 0.75)
    text = f"When it gives an answer it is right {_times(share)} times; expect {_between(low, high)}."
    if rejected.count:
        text += f" Of your own pictures it calls {_of(rejected)} unknown."
    unsure = rejected.count / rejected.total
    light = Light.BAD if unsure > 0.5 else Light.CARE if light is Light.GOOD and unsure > 0.25 else light
    return Point(light, title, text, part)


def _weakest(judged: Judged, classes: tuple[ClassShares, ...]) -> Point:
    title, part = "Weakest class", "classes"
    worst = weakest(classes)
    value = worst.recall.value or 0.0
    if worst.recall.count == worst.recall.total:
        return Point(Light.GOOD, title, "None: every picture of every class got its own label.", part)
    text = f"“{worst.label}” is found {_times(worst.recall)} times"
    others = _taken_for(judged, worst.label)
    text += f"; the others are mostly taken for “{others[0]}”." if others else "."
    return Point(_light(value >= 0.8, value >= 0.5), title, text, part)


def _elsewhere(judged: Judged, threshold: float) -> Point:
    title, part = "In front of something else", "unknown"
    worst = _worst_set(judged, threshold)
    if worst is None:
        text = "Nobody has tried what it says to a picture of none of the classes."
        return Point(Light.CARE, title, text, part)
    share = worst.accepted(threshold)
    told = Share(share.total - share.count, share.total, share.groups)
    text = f"It says unknown {_times(told)} times ({worst.name})."
    text += " The other times it names a class." if share.count else ""
    near = [outsiders for outsiders in judged.outsiders if outsiders.near and len(outsiders.known)]
    if near and not worst.near:
        text += f" Of things very like your classes it takes {_times(near[0].accepted(threshold))} for one."
    light = _light(share.count <= 0.05 * share.total, share.count <= 0.2 * share.total)
    return Point(light, title, text, part)


def _percentages(judged: Judged) -> Point:
    title, part = "Its percentages", "certainty"
    right = judged.best == judged.truth
    error = calibration_error_of(judged.confidence, right)
    chance = calibration_error_by_chance(judged.confidence)
    off = f"{error * 100:.1f} points off on average"
    if error <= 0.05:
        return Point(Light.GOOD, title, f"They can be taken at their word: {off}.", part)
    if error <= CHANCE * chance:
        text = f"As far as so few pictures tell, they can be believed: {off}, where perfect ones would be"
        return Point(_light(error <= chance, True), title, f"{text} {chance * 100:.1f} off by chance.", part)
    sure = float(judged.confidence.mean()) > float(right.mean())
    text = f"Rough: {off}, {'more sure than right' if sure else 'less sure than right'}."
    return Point(Light.CARE if error <= 0.12 else Light.BAD, title, text, part)


def _pictures(classes: tuple[ClassShares, ...]) -> Point:
    title, part = "Enough pictures", "data"
    counts = [figures.recall.groups for figures in classes]
    least, most = min(counts), max(counts)
    light = _light(least >= ENOUGH_PICTURES, least >= FEW_PICTURES)
    each = f"{least} to {most}" if least != most else f"{least}"
    text = f"{each} different ones for each class (near-duplicates count once)"
    if light is Light.GOOD:
        return Point(light, title, f"{text}: enough to rely on these figures.", part)
    fewest = f"; “{classes[counts.index(least)].label}” has the fewest" if least != most else ""
    return Point(light, title, f"{text}{fewest}. The fewer, the rougher these figures.", part)


def _steps(
    judged: Judged, classes: tuple[ClassShares, ...], points: tuple[Point, ...], suspects: list[LabelError]
) -> list[str]:
    _, weak, elsewhere, _, enough = points
    steps = []
    if suspects:
        these = "picture that seems" if len(suspects) == 1 else "pictures that seem"
        steps.append(f"Look at the {len(suspects):,} {these} to lie in the wrong folder, and move what does.")
    if weak.light is not Light.GOOD:
        label = weakest(classes).label
        others = _taken_for(judged, label)
        beside = f", above all such as it takes for “{others[0]}”" if others else ""
        steps.append(f"Add pictures of “{label}”{beside}.")
    if enough.light is not Light.GOOD:
        steps.append(
            f"Take {ENOUGH_PICTURES} or more different pictures of each class: other backgrounds, "
            "other light, nearer and farther. Repeats of one scene teach nothing new."
        )
    if elsewhere.light is not Light.GOOD:
        there = any(outsiders.chosen_on for outsiders in judged.outsiders)
        steps.append(
            "Put more pictures of what else your camera may see into your folder unknown."
            if there
            else "Put pictures of what else your camera may see into a folder called unknown, beside the "
            "classes."
        )
    repeats = [figures.label for figures in classes if _is_redundant(figures)]
    if repeats:
        names = ", ".join(f"“{label}”" for label in repeats[:3])
        more = f" and {len(repeats) - 3} more" if len(repeats) > 3 else ""
        steps.append(f"Most pictures of {names}{more} are repeats of one another; add different ones.")
    return [*steps, f"Try it with a webcam, where you mean to use it: {TRY_IT}"]


def weakest(classes: tuple[ClassShares, ...]) -> ClassShares:
    """The class that is found least often; of those alike the one with the fewest pictures."""
    return min(
        classes,
        key=lambda figures: (
            1.0 if figures.recall.value is None else figures.recall.value,
            figures.recall.groups,
        ),
    )


def _taken_for(judged: Judged, label: str) -> list[str]:
    """What the pictures of a class are called wrongly, the most frequent first."""
    number = judged.labels.index(label)
    answers = judged.best[(judged.truth == number) & (judged.best != number)]
    return [judged.labels[int(other)] for other, _ in Counter(answers.tolist()).most_common()]


def _worst_set(judged: Judged, threshold: float) -> Outsiders | None:
    """The outsiders that fool it most: of those far from the classes, where there are any."""
    filled = [outsiders for outsiders in judged.outsiders if len(outsiders.known)]
    far = [outsiders for outsiders in filled if not outsiders.near] or filled
    return max(
        far,
        key=lambda outsiders: float(np.mean(outsiders.known >= threshold)),
        default=None,
    )


def _is_redundant(figures: ClassShares) -> bool:
    return figures.recall.groups < REDUNDANT * figures.recall.total


def _light(good: bool, fair: bool) -> Light:
    return Light.GOOD if good else Light.CARE if fair else Light.BAD


def _times(share: Share) -> str:
    """Counts while people can picture them, else out of a hundred, never rounded up to all."""
    if share.total <= 200:
        return f"{share.count} of {share.total}"
    hundredth = min(round(100 * share.count / share.total), 100 if share.count == share.total else 99)
    return f"{hundredth} of 100"


def _of(share: Share) -> str:
    return f"{share.count:,} of {share.total:,}"


def _between(low: float, high: float) -> str:
    return f"{low * 100:.0f} to {high * 100:.0f} of 100"
