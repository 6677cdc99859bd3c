"""An exercise of the course in one call: data, training, one look at the test part, results, bundle."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytrain.bundle import MNIST, REPORT, RUNS, Bundle, check_target
from pytrain.course.names import DEFAULTS
from pytrain.course.results import RESULTS, Run, check_place, run_name

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pytrain.course.judge import Judgement
    from pytrain.course.parts import Parts
    from pytrain.course.recipe import Recipe
    from pytrain.image import Frame
    from pytrain.training.progress import Display

Say = Callable[[str], None]

CHECKS = 128
"""Validation pictures that smaller weights are measured on."""

GOLDEN = 8


def train_course(
    collection: str,
    recipe: str | Recipe | None = None,
    *,
    seed: int = 0,
    epochs: int | None = None,
    limit: int | None = None,
    data: Path | str = "datasets",
    results: Path | str = RESULTS,
    out: Path | str | None = None,
    resume: bool = False,
    export: bool = True,
    verify: bool = True,
    show: Display | None = None,
    say: Say = print,
) -> Run:
    """Trains a recipe on a data set of the catalogue, measures it once, and keeps everything.

    Args:
        collection: "mnist", "fashion-mnist" or "cifar-10"; fetched where that was not done.
        recipe: a name of pytrain/course/recipes, or a Recipe of one's own; by default the usual one.
        seed: decides the validation pictures, the first weights, the order and the changes of the pictures.
        epochs: instead of the recipe's.
        limit: learn from at most so many pictures, and test with as many: for a quick look.
        data: the folder for data sets.
        results: where the results folder goes: `<collection>-<recipe>-seed<seed>`, replaced when it is whole.
        out: the bundle's folder; `exported_models/<collection>-<recipe>` by default.
        resume: go on from the last finished epoch of an interrupted training.
        export: make the bundle for the browser, too.
        verify: prove it in TensorFlow.js.
        show: is told about progress.
        say: takes lines about what happens.

    Returns:
        The run, with its bundle.

    Raises:
        PytrainError: what is wrong with the data, the recipe, the settings, the folders or the disk.
        KeyboardInterrupt: it was stopped; the best network so far is kept, and `resume` goes on.
    """
    from pytrain.course.recipe import recipe_named
    from pytrain.dataset.catalogue import load
    from pytrain.dataset.catalogue.entries import entry_named

    entry_named(collection)
    if Path(collection).is_dir():
        say(f"{collection} is the catalogue's data set; for your folder of that name give its whole path.")
    found = recipe or DEFAULTS[collection]
    plan = recipe_named(found, collection) if isinstance(found, str) else found
    plan = plan.varied_for(collection)
    if epochs is not None:
        plan = replace(plan, epochs=epochs)
    folder = Path(results) / run_name(collection, plan.name, seed)
    target = Path(out) if out else Path("exported_models") / f"{collection}-{plan.name}"
    check_place(folder)
    if export:
        check_target(target)

    pictures = load(collection, Path(data), say)
    if pictures.published is False:
        say(f"Note: {collection} is not the published data set: {pictures.source}.")
    from pytrain.course.fit import fit, settings_of
    from pytrain.course.judge import judge
    from pytrain.course.network import finished
    from pytrain.course.parts import parts_of
    from pytrain.course.results import write_run

    parts = parts_of(pictures, seed, limit)
    say(
        f"{collection}: {len(parts.training):,} pictures to learn from, {len(parts.validation):,} to choose "
        f"by, {len(parts.test):,} to test with at the end"
    )
    say(f"Recipe {plan.name}: {plan.about}")
    settings = settings_of(plan, pictures, parts, seed, limit)
    work = folder.parent / RUNS / folder.name
    fitted = fit(plan, parts, settings, work, resume=resume, show=show)

    small = finished(fitted.network, plan.views)
    judgement = judge(small, parts, pictures.labels)
    for line in _figures(judgement, fitted.network.count_params()):
        say(line)
    told = {"seed": seed, "epochs": epochs, "limit": limit}
    command = _command(collection, found, {name: value for name, value in told.items() if value is not None})
    run = write_run(folder, small, fitted, parts, judgement, plan.about, command)
    say(f"Results: {folder}")
    if export:
        bundle = _export(target, small, fitted.network, plan, parts, judgement, run, verify, say)
        say(f"Model:   {target} ({bundle.size / 1024:,.0f} KiB)")
        run = replace(run, bundle=bundle)
    # What it kept to be resumed is of no use any more.
    shutil.rmtree(work, ignore_errors=True)
    with suppress(OSError):
        work.parent.rmdir()
    return run


def _figures(judgement: Judgement, parameters: int) -> list[str]:
    metrics, (low, high) = judgement.metrics, judgement.metrics.accuracy_interval
    worst = min(metrics.classes, key=lambda figures: figures.f1)
    return [
        f"Validation accuracy {judgement.validation['accuracy']:.2%}; {parameters:,} parameters",
        f"Test accuracy {metrics.accuracy:.2%} of {metrics.pictures:,} pictures (95 %: {low:.2%} to "
        f"{high:.2%}), loss {judgement.loss:.3f}",
        f"Hardest class: {worst.label}, of which {worst.recall:.1%} are found",
    ]


def _command(collection: str, recipe: str | Recipe, options: Mapping[str, int]) -> str:
    """What makes the run again; a recipe of one's own has no command."""
    if isinstance(recipe, str):
        told = "".join(f" --{name} {value}" for name, value in options.items())
        return f"pytrain train {collection} --recipe {recipe}{told}"
    told = "".join(f", {name}={value}" for name, value in options.items())
    return f'pytrain.train("{collection}", recipe={recipe.name}{told}), {recipe.name} a pytrain.Recipe'


def _export(
    target: Path,
    small: Any,
    network: Any,
    plan: Recipe,
    parts: Parts,
    judgement: Judgement,
    run: Run,
    verify: bool,
    say: Say,
) -> Bundle:
    from pytrain.course.network import whole
    from pytrain.course.report import write_report
    from pytrain.export import Facts, export
    from pytrain.export.source.check_images import evenly

    labels = run.labels
    facts = Facts(
        calibration=judgement.calibration.as_facts(),
        metrics={
            "test": {
                "accuracy": run.accuracy,
                "accuracy_interval": list(run.metrics["accuracy_interval"]),
                "pictures": run.metrics["test_pictures"],
            }
        },
        dataset={"name": run.collection, "fingerprint": run.settings["fingerprint"]},
        training={name: value for name, value in run.settings.items() if name not in ("kind", "labels")},
        drawing=MNIST if run.collection == "mnist" else "",
    )

    def finish(folder: Path) -> None:
        write_report((folder / REPORT).parent, run, target.name)

    return export(
        whole(small, network, plan.views),
        target,
        labels=labels,
        input_range="-1..1",
        check=[_frame(image) for image in evenly(list(parts.validation.images), CHECKS)],
        golden=_golden(parts, labels),
        facts=facts,
        verify=verify,
        finish=finish,
        say=say,
    )


def _golden(parts: Parts, labels: tuple[str, ...]) -> list[tuple[Frame, str]]:
    """Test pictures at their own size, which the image contract enlarges; at most one of each class."""
    truth = parts.test.truth.tolist()
    chosen = [truth.index(number) for number in range(len(labels)) if number in truth]
    return [(_frame(parts.test.images[at]), labels[truth[at]]) for at in chosen[:GOLDEN]]


def _frame(image: npt.NDArray[np.uint8]) -> Frame:
    """uint8 [side, side, 1 or 3] to [side, side, 3]."""
    return image.repeat(3, axis=2) if image.shape[2] == 1 else image
