"""The figures of the course: every recipe on every data set, with several seeds, beside published ones.

    python benchmarks/course.py [--only RECIPE] [--collection NAME] [--seeds 3]

Trains what is not in the results folder yet, one after the other; interrupted, it goes on where it stopped.
A run counts as there if its settings are those of the recipe as it is now, and its pictures are the same.
Then it prints the table: on the official test pictures, which every run looked at once. A data set that is
neither on this machine nor to be downloaded is left out, and said to be.

Mean and spread are over the seeds; the spread is the standard deviation. Minutes are of the training alone.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pytrain.bundle import RUNS
from pytrain.course.fit import settings_of
from pytrain.course.names import RECIPES
from pytrain.course.parts import parts_of
from pytrain.course.recipe import recipe_named
from pytrain.course.results import METRICS, Run, read_run, run_name
from pytrain.course.train import train_course
from pytrain.dataset.catalogue import CATALOGUE, Collection, load
from pytrain.errors import DataError
from pytrain.training.run import CHECKPOINT

SEEDS = 3
CHANGING = ("versions",)
"""Settings that may differ from what they were: a table is not thrown away for a new version of NumPy."""


@dataclass(frozen=True)
class Published:
    """What somebody else reports.

    Attributes:
        network: in a few words.
        accuracy: on the official test pictures, with the digits that were published.
        parameters: as published; None where they are not told.
        source: where that is said.
    """

    network: str
    accuracy: str
    parameters: str | None
    source: str


KERAS = "https://github.com/keras-team/keras/blob/2.2.4/examples/"
ZALANDO = "https://github.com/zalandoresearch/fashion-mnist#benchmark"
MASCH = "https://github.com/cmasch/zalando-fashion-mnist"
TUTORIAL = "https://www.tensorflow.org/tutorials/images/cnn"
HE = "He et al., Deep residual learning for image recognition, 2016, table 6"
KRIZHEVSKY = "https://www.cs.toronto.edu/~kriz/cifar.html"

PUBLISHED: dict[str, tuple[Published, ...]] = {
    "mnist": (
        Published("MLP, 20 epochs, all 60,000 digits", "98.40 %", None, f"{KERAS}mnist_mlp.py"),
        Published("small CNN, 12 epochs, all 60,000 digits", "99.25 %", None, f"{KERAS}mnist_cnn.py"),
    ),
    "fashion-mnist": (
        Published("people, three asked of each of 1,000", "83.5 %", None, ZALANDO),
        Published("MLP, 256-128-64", "90.0 %", None, ZALANDO),
        Published("2 convolutions", "92.5 %", "< 100 K", ZALANDO),
        Published("2 convolutions, 3 dense layers, augmentation, 5 seeds", "93.43 %", "493,772", MASCH),
        Published("ResNet-18, augmentation", "94.9 %", None, ZALANDO),
        Published("DenseNet-BC, augmentation", "95.4 %", "768 K", ZALANDO),
        Published("WRN-40-4, augmentation", "96.7 %", "8.9 M", ZALANDO),
    ),
    "cifar-10": (
        Published("a tutorial's CNN, 10 epochs", "over 70 %", None, TUTORIAL),
        Published("CNN, dropout, augmentation, 25 epochs", "75 %", None, f"{KERAS}cifar10_cnn.py"),
        Published("the same, 50 epochs", "79 %", None, f"{KERAS}cifar10_cnn.py"),
        Published("cuda-convnet", "82 %", None, KRIZHEVSKY),
        Published("cuda-convnet, augmentation", "89 %", None, KRIZHEVSKY),
        Published("ResNet-20, augmentation", "91.25 %", "0.27 M", HE),
    ),
}
"""None of these was measured here."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=list(RECIPES), help="this recipe alone")
    parser.add_argument("--collection", choices=list(CATALOGUE), help="this data set alone")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="0 up to so many, less one")
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--data", type=Path, default=Path("datasets"))
    options = parser.parse_args()
    if options.seeds < 1:
        parser.error("--seeds is at least 1")
    names = [name for name in CATALOGUE if options.collection in (None, name)]
    recipes = [recipe for recipe in RECIPES if options.only in (None, recipe)]
    if not any(name in RECIPES[recipe] for name in names for recipe in recipes):
        parser.error(f"{options.only} is for {' and '.join(RECIPES[options.only])}")
    tables = []
    for name in names:
        mine = [recipe for recipe in recipes if name in RECIPES[recipe]]
        try:
            found = load(name, options.data)
        except DataError as error:
            print(f"{name} is left out. {error}")
            found = None
        groups = [] if found is None else [list(_runs(found, recipe, options)) for recipe in mine]
        tables.append((name, found, groups))
    for name, found, groups in tables:
        print("\n".join(["", *table(name, found, groups)]))


def _runs(found: Collection, recipe: str, options: argparse.Namespace) -> Iterator[Run]:
    """A run for each seed; trained where there is none."""
    for seed in range(options.seeds):
        folder = options.results / run_name(found.name, recipe, seed)
        run = _there(folder, _wanted(found, recipe, seed))
        if run is None:
            checkpoint = folder.parent / RUNS / folder.name / CHECKPOINT
            run = train_course(
                found.name,
                recipe,
                seed=seed,
                data=options.data,
                results=options.results,
                resume=checkpoint.is_file(),
                export=False,
            )
        yield run


def _wanted(found: Collection, recipe: str, seed: int) -> dict[str, Any]:
    """The settings that a run of the recipe has, as JSON gives them back."""
    plan = recipe_named(recipe, found.name)
    settings: dict[str, Any] = json.loads(
        json.dumps(settings_of(plan, found, parts_of(found, seed), seed, None))
    )
    return {name: value for name, value in settings.items() if name not in CHANGING}


def _there(folder: Path, wanted: dict[str, Any]) -> Run | None:
    """The run in a folder, if there is one that was made just so."""
    if not (folder / METRICS).is_file():
        return None
    run = read_run(folder)
    differing = [name for name, value in wanted.items() if run.settings.get(name) != value]
    if differing:
        print(f"{folder} was made with other settings ({', '.join(differing)}); it is made again.")
        return None
    return run


def table(name: str, found: Collection | None, groups: Sequence[Sequence[Run]]) -> list[str]:
    """The figures of one data set as Markdown, those of others below.

    Args:
        name: of the data set.
        found: the data set; None where it is not here.
        groups: the runs of each recipe.
    """
    pictures = (
        "not here" if found is None else f"{len(found.training):,} pictures, {len(found.test):,} to test"
    )
    lines = [
        f"| {name}: {pictures} | parameters | right, mean | spread | seeds | minutes | processor minutes |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [_row(runs) for runs in groups]
    for other in PUBLISHED[name]:
        size = other.parameters or ""
        source = f"[source]({other.source})" if other.source.startswith("http") else other.source
        lines.append(f"| *{other.network}* ({source}) | {size} | {other.accuracy} | | | | |")
    return lines


def _row(runs: Sequence[Run]) -> str:
    rights = np.array([run.accuracy for run in runs])
    spread = percent(float(rights.std(ddof=1))) if len(runs) > 1 else ""
    cells = [
        f"`{runs[0].recipe}`",
        f"{runs[0].metrics['parameters']:,}",
        percent(float(rights.mean())),
        spread,
        str(len(runs)),
        _minutes(runs, "seconds"),
        _minutes(runs, "processor_seconds"),
    ]
    return f"| {' | '.join(cells)} |"


def percent(share: float) -> str:
    """As the README has it: two digits after the point."""
    return f"{100 * share:.2f} %"


def _minutes(runs: Sequence[Run], metric: str) -> str:
    return f"{np.mean([run.metrics[metric] for run in runs]) / 60:.1f}"


if __name__ == "__main__":
    main()
