"""Sets runs side by side and asks whether their differences are more than noise.

Two things make an accuracy another one the next time: other test pictures, and another seed. Recipes are
compared on the same test pictures, picture by picture, which takes out how hard the pictures are.

One seed each: McNemar's exact test (1947) on the pictures that only one of both networks answered rightly. It
tells of these two networks, not of what other seeds of the recipes would give.

Several seeds: the pictures' part is a paired bootstrap (Efron, 1979) of the mean over the seeds; the seeds'
part is Student's t (1908) with their pooled standard deviation, for three seeds are too few to be drawn from.
What a single network answers by luck is in both; it is counted once, with the seeds, whose spread is taken
to be that luck's at least: a few seeds can come out alike by chance.
Of several differences, those are called more than noise that Holm's procedure (1979) lets stand at 5 %.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest, t

from pytrain.course.results import Run
from pytrain.errors import DataError
from pytrain.evaluation.metrics import Z, wilson_interval

DRAWS = 20_000
LEVEL = 0.05

NOT_A_SETTING = ("kind", "seed", "versions", "command", "labels", "fingerprint")
"""What may differ between runs of one recipe."""

Floats = npt.NDArray[np.float64]
Right = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Group:
    """The runs of one recipe, with one seed or several.

    Attributes:
        name: the recipe, with what tells it from others of the same name.
        runs: by seed.
        right: bool [runs, test pictures].
    """

    name: str
    runs: tuple[Run, ...]
    right: Right

    @property
    def accuracies(self) -> list[float]:
        """On the test pictures, of each run."""
        return [float(value) for value in self.right.mean(1)]

    @property
    def mean(self) -> float:
        return float(self.right.mean())

    @property
    def spread(self) -> float | None:
        """Standard deviation over the seeds; None of one seed."""
        return float(np.std(self.accuracies, ddof=1)) if len(self.runs) > 1 else None

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the mean: for other test pictures and, with several seeds, other seeds."""
        seeds, pictures = self.right.shape
        if seeds == 1:
            return wilson_interval(int(self.right.sum()), pictures)
        by_pictures = Z**2 * self.right.mean(0).var() / pictures
        by_seeds = t.ppf(1 - LEVEL / 2, seeds - 1) ** 2 * (self.spread or 0) ** 2 / seeds
        half = float(np.sqrt(by_pictures + by_seeds))
        return max(0.0, self.mean - half), min(1.0, self.mean + half)


@dataclass(frozen=True)
class Difference:
    """Two groups beside each other.

    Attributes:
        better: name of the group with the greater mean.
        worse: name of the other.
        difference: of their mean accuracies, 0 to 1.
        interval: 95 %.
        p: chance of so great a difference if there were none, of this difference alone.
        method: how that was found.
        of_recipes: it tells of the recipes, from several seeds; else only of these two networks.
        corrected: p for the number of differences that were looked at.
    """

    better: str
    worse: str
    difference: float
    interval: tuple[float, float]
    p: float
    method: str
    of_recipes: bool
    corrected: float

    @property
    def more_than_noise(self) -> bool:
        """At 5 %, corrected."""
        return self.corrected <= LEVEL


@dataclass(frozen=True)
class Comparison:
    """Runs side by side, the best recipe first."""

    collection: str
    test_pictures: int
    groups: tuple[Group, ...]
    differences: tuple[Difference, ...]


def compare_runs(runs: Sequence[Run]) -> Comparison:
    """Groups runs by recipe and compares each two groups.

    Raises:
        DataError: too few runs, of different data sets or test pictures, or one of them twice.
    """
    _check(runs)
    groups = sorted(_groups(runs), key=lambda group: -group.mean)
    found = [_difference(first, second) for first, second in combinations(groups, 2)]
    corrected = holm([difference.p for difference in found])
    differences = (replace(difference, corrected=p) for difference, p in zip(found, corrected, strict=True))
    return Comparison(runs[0].collection, groups[0].right.shape[1], tuple(groups), tuple(differences))


def mcnemar(first: Right, second: Right) -> float:
    """McNemar's exact test: how probable it is that the pictures that only one of two networks answered
    rightly are shared out so unevenly by chance.

    Args:
        first: bool [pictures], which of them one network answered rightly.
        second: the same of the other.

    Returns:
        The two-sided p-value; 1 where they are right and wrong at the same pictures.
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    if not only_first + only_second:
        return 1.0
    return float(binomtest(only_first, only_first + only_second, 0.5).pvalue)


def over_seeds(first: Right, second: Right, seed: int = 0) -> tuple[float, tuple[float, float]]:
    """Whether two recipes differ, from several seeds of at least one of them.

    Args:
        first: bool [seeds, pictures], which pictures each run of one recipe answered rightly.
        second: of the other, on the same pictures.
        seed: of the draws.

    Returns:
        (two-sided p-value, 95 % interval of the difference of the mean accuracies).
    """
    draw = np.random.default_rng(seed)
    each = first.mean(0) - second.mean(0)
    luck = _luck(first, second)
    own = _beyond_luck(each, luck * sum(1 / len(group) for group in (first, second)))
    drawn = float(each.mean()) + own * _by_pictures(each, draw) + _by_seeds(first, second, luck, draw)
    beyond = min(float((drawn <= 0).mean()), float((drawn >= 0).mean()))
    low, high = np.quantile(drawn, (LEVEL / 2, 1 - LEVEL / 2))
    return max(min(1.0, 2 * beyond), 1 / DRAWS), (float(low), float(high))


def _by_pictures(each: Floats, draw: np.random.Generator) -> Floats:
    """How far the mean of `each` [pictures] is off in bootstrap samples of the pictures: [DRAWS]."""
    # It has few different values, so drawing how often each comes is drawing pictures.
    values, counts = np.unique(each, return_counts=True)
    samples = draw.multinomial(len(each), counts / counts.sum(), DRAWS)
    means: Floats = samples @ values / len(each) - each.mean()
    return means


def _luck(first: Right, second: Right) -> float:
    """The variance of one network's answer at one picture from seed to seed: luck alone, mean over all."""
    groups = [group for group in (first, second) if len(group) > 1]
    return float(np.mean([group.var(0, ddof=1).mean() for group in groups]))


def _beyond_luck(each: Floats, luck: float) -> float:
    """Which part of the standard deviation of `each` is not luck, of which this much variance is: 0 to 1."""
    all_of_it = float(each.var())
    return float(np.sqrt(max(0.0, 1 - luck / all_of_it))) if all_of_it else 0.0


def _by_seeds(first: Right, second: Right, luck: float, draw: np.random.Generator) -> Floats:
    """How far the difference may be off for the seeds that happened to be taken: [DRAWS]."""
    accuracies = [group.mean(1) for group in (first, second)]
    freedom = sum(len(group) - 1 for group in accuracies)
    pooled = sum(float(((group - group.mean()) ** 2).sum()) for group in accuracies) / freedom
    by_luck = luck / first.shape[1]
    error = np.sqrt(max(pooled, by_luck) * sum(1 / len(group) for group in accuracies))
    return np.asarray(error * draw.standard_t(freedom, DRAWS), np.float64)


def _difference(better: Group, worse: Group) -> Difference:
    several = max(len(better.runs), len(worse.runs)) > 1
    if several:
        p, interval = over_seeds(better.right, worse.right)
        method = "Paired bootstrap over pictures, Student's t over seeds"
    else:
        first, second = better.right[0], worse.right[0]
        p, interval = mcnemar(first, second), _paired_interval(first, second)
        method = "McNemar's exact test, of these two networks"
    return Difference(better.name, worse.name, better.mean - worse.mean, interval, p, method, several, p)


def _paired_interval(first: Right, second: Right) -> tuple[float, float]:
    """95 % interval of the difference of two accuracies on the same pictures (Agresti & Min, 2005)."""
    pictures = len(first) + 2
    one, other = int((first & ~second).sum()) + 0.5, int((second & ~first).sum()) + 0.5
    middle = (one - other) / pictures
    half = Z * np.sqrt(one + other - (one - other) ** 2 / pictures) / pictures
    return float(middle - half), float(middle + half)


def holm(ps: Sequence[float]) -> list[float]:
    """The p-values of several tests, each corrected for their number by Holm's procedure."""
    corrected, reached = [0.0] * len(ps), 0.0
    for place, number in enumerate(np.argsort(ps).tolist()):
        reached = max(reached, min(1.0, (len(ps) - place) * ps[number]))
        corrected[number] = reached
    return corrected


def _check(runs: Sequence[Run]) -> None:
    if len(runs) < 2:
        raise DataError(f"{len(runs)} run came.", expected="two runs or more")
    collections = sorted({run.collection for run in runs})
    if len(collections) > 1:
        raise DataError(
            f"These are runs of {' and '.join(collections)}.",
            expected="runs of one data set: the accuracy on digits says nothing of clothes",
            fix="Compare those of each data set on their own.",
        )
    first = runs[0]
    for run in runs[1:]:
        same = run.settings["fingerprint"] == first.settings["fingerprint"] and all(
            np.array_equal(one, other) for one, other in zip(run.answers[:2], first.answers[:2], strict=True)
        )
        if not same:
            raise DataError(
                f"{run.name} and {first.name} were tested with different pictures: "
                f"{run.metrics['test_pictures']:,} and {first.metrics['test_pictures']:,}.",
                expected="runs of the same data, with the same --limit or none",
                fix="Train one of them again as the other was.",
            )


def _groups(runs: Sequence[Run]) -> list[Group]:
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(json.dumps(_plan(run), sort_keys=True), []).append(run)
    for members in found.values():
        seeds = [run.seed for run in members]
        if len(set(seeds)) < len(seeds):
            raise DataError(
                f"Two runs of {members[0].recipe} with the same seed {max(seeds, key=seeds.count)} came.",
                expected="another seed for each run",
                fix="Name each run once.",
            )
    names = _names([members[0] for members in found.values()])
    return [
        Group(name, tuple(members), np.stack([run.answers[1] == run.answers[2] for run in members]))
        for name, members in zip(names, found.values(), strict=True)
    ]


def _names(firsts: Sequence[Run]) -> list[str]:
    """A name for each group: the recipe, and the settings in which it differs from others of that name."""
    names = []
    for run in firsts:
        plans = [_plan(other) for other in firsts if other.recipe == run.recipe]
        differing = sorted(
            key for key in plans[0] if any(plan.get(key) != plans[0].get(key) for plan in plans)
        )
        told = ", ".join(f"{key} {_plan(run).get(key)}" for key in differing)
        names.append(f"{run.recipe} ({told})" if told else run.recipe)
    return names


def _plan(run: Run) -> dict[str, Any]:
    plain = {name: value for name, value in run.settings.items() if name not in NOT_A_SETTING}
    return {**{name: value for name, value in plain.items() if name != "augment"}, **_flat(plain)}


def _flat(plain: dict[str, Any]) -> dict[str, Any]:
    return {f"augment {name}": value for name, value in plain.get("augment", {}).items()}
