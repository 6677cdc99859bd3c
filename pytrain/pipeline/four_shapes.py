"""The whole path in one call: data, training, calibration, evaluation, export, verification, report."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pytrain.bundle import REPORT, RUNS, SETTINGS, Bundle, check_target, write_json

if TYPE_CHECKING:
    from pytrain.dataset.image_folder import ImageFolder, Picture
    from pytrain.dataset.split import Split
    from pytrain.evaluation.evaluate import Evaluation
    from pytrain.export import Facts
    from pytrain.image import Frame
    from pytrain.training.train import TrainingResult

Say = Callable[[str], None]

DEMO_MODEL = "demo-cnn"
DEMO_TOY = "demo-mlp"

QUICK = {
    "classic_per_class": 60,
    "scenes_per_class": 300,
    "unknown": 400,
    "glyphs_per_class": 20,
    "glyphs_unknown": 30,
}
"""Pictures for a first look: about a sixth of the usual."""

QUICK_EPOCHS = 40
GOLDEN_PER_LABEL = 1
PREFIX = "four-shapes-"


def make_four_shapes(
    data: Path, *, seed: int = 0, archive: Path | None = None, quick: bool = False, say: Say = print
) -> list[Path]:
    """Draws the four-shapes data sets that are not there yet, and takes Kaggle's archive in if one is given.

    Args:
        data: the folder for data sets.
        seed: another seed, other pictures.
        archive: Kaggle's four-shapes folder or zip; lands in `four-shapes-kaggle`.
        quick: a sixth of the pictures.
        say: takes lines about what happens.

    Returns:
        The data sets' folders.

    Raises:
        DataError: the archive is no such one, the disk is full, or such a folder holds something else.
    """
    from pytrain.dataset.four_shapes import generate
    from pytrain.dataset.four_shapes.archive import load_archive

    folders: list[Path] = []
    if archive is not None:
        loaded = load_archive(archive, data)
        folders.append(loaded.folder)
        say(f"Kaggle's archive: {sum(loaded.counts.values()):,} pictures")
        for problem in loaded.problems:
            say(f"  left out: {problem.path}: {problem.why}")
    progress = _Percent("Drawing the four shapes", say)
    drawn = generate(data, seed=seed, progress=progress, **(QUICK if quick else {}))
    return [*drawn, *folders]


def train_four_shapes(
    out: Path,
    *,
    recipe: str = "cnn",
    data: Path = Path("datasets"),
    seed: int = 0,
    epochs: int | None = None,
    resume: bool = False,
    quick: bool = False,
    say: Say = print,
) -> Bundle:
    """Trains a four-shapes classifier, evaluates it on pictures it never saw, exports and verifies it.

    The report sets it beside the other recipes that were trained on the same pictures and lie beside `out`.

    Args:
        out: the bundle's folder; replaced only when everything went well.
        recipe: "cnn" or "mlp".
        data: the folder of the data sets; what is missing there is drawn first.
        seed: decides the pictures, the first weights and the order of training.
        epochs: at most this many passes over the pictures; the recipe's own by default.
        resume: go on where an interrupted training stopped.
        quick: a sixth of the pictures, for a first look.
        say: takes lines about what happens.

    Returns:
        The bundle.

    Raises:
        PytrainError: what is wrong with the data, the settings, the export or the disk.
        KeyboardInterrupt: it was stopped; the checkpoint is kept and `resume` goes on from it.
    """
    # Before TensorFlow is imported, which takes seconds.
    check_target(out)

    from pytrain.evaluation.calibration import calibrate
    from pytrain.evaluation.evaluate import evaluate
    from pytrain.evaluation.report import write_report
    from pytrain.export import export
    from pytrain.training.run import EVALUATION
    from pytrain.training.train import train

    sets = _read_sets(data, seed, quick, say)
    say(f"Training the {recipe.upper()} on {_listed(sets.training_counts())}")
    result = train(
        sets.training,
        recipe,
        out.parent / RUNS / out.name,
        epochs=epochs or (QUICK_EPOCHS if quick else None),
        seed=seed,
        resume=resume,
    )
    for problem in result.problems:
        say(f"  set aside: {problem}")

    say("Calibrating on the validation pictures, evaluating on the test pictures")
    validation = [picture for _, split in sets.training for picture in split.validation]
    calibration = calibrate(result.model, validation, result.labels)
    evaluation = evaluate(result.model, sets.test(), result.labels, calibration, name=recipe)
    for line in _figures(evaluation):
        say(line)

    write_json(result.run_dir / EVALUATION, evaluation.as_json())
    others = _others(result)

    def finish(folder: Path) -> None:
        write_report((folder / REPORT).parent, evaluation, result.history, others, title=out.name)

    bundle = export(
        result.model,
        out,
        labels=result.labels,
        input_range="-1..1",
        check=[picture.path for picture in validation],
        golden=_golden(sets, result.labels),
        facts=_facts(result, evaluation),
        finish=finish,
        say=say,
    )
    say(f"Model:  {out} ({bundle.size / 1024:,.0f} KiB)")
    say(f"Report: {out / REPORT}")
    return bundle


def run_demo(
    data: Path,
    *,
    models: Path = Path("exported_models"),
    seed: int = 0,
    epochs: int | None = None,
    quick: bool = False,
    say: Say = print,
) -> Bundle:
    """Trains the toy network of a first course and the CNN that answers it, and sets them side by side."""
    train = partial(train_four_shapes, data=data, seed=seed, epochs=epochs, quick=quick, say=say)
    train(models / DEMO_TOY, recipe="mlp")
    return train(models / DEMO_MODEL, recipe="cnn")


@dataclass(frozen=True)
class _Sets:
    """The data sets of one training: those it learns from, with their splits, and one that is only a test."""

    training: list[tuple[ImageFolder, Split]]
    glyphs: ImageFolder

    def training_counts(self) -> dict[str, int]:
        return {_short(folder.name): len(split.train) for folder, split in self.training}

    def test(self) -> dict[str, Sequence[Picture]]:
        tests: dict[str, Sequence[Picture]] = {
            _short(folder.name): split.test for folder, split in self.training
        }
        return {**tests, _short(self.glyphs.name): self.glyphs.pictures}


def _read_sets(data: Path, seed: int, quick: bool, say: Say) -> _Sets:
    from pytrain.dataset.four_shapes import LABELS
    from pytrain.dataset.image_folder import check, scan, without
    from pytrain.dataset.split import split

    classic, scenes, glyphs = make_four_shapes(data, seed=seed, quick=quick, say=say)
    kaggle = data / f"{PREFIX}kaggle"
    paths = [classic, scenes, *([kaggle] if kaggle.is_dir() else []), glyphs]
    scanned = [scan(path, labels=LABELS) for path in paths]
    *folders, test = [without(folder, check(folder)) for folder in scanned]
    for folder in [*folders, test]:
        for problem in folder.problems:
            say(f"  set aside: {problem.path}: {problem.why}")
    return _Sets([(folder, split(folder, seed=seed)) for folder in folders], test)


def _others(result: TrainingResult) -> list[Evaluation]:
    """Evaluations of other recipes on the same pictures, the newest of each; unreadable ones do not count."""
    from pytrain.evaluation.evaluate import from_json
    from pytrain.training.run import EVALUATION

    found: dict[str, Evaluation] = {}
    files = sorted(result.run_dir.parent.glob(f"*/{EVALUATION}"), key=lambda file: file.stat().st_mtime)
    for file in files:
        try:
            settings = json.loads((file.parent / SETTINGS).read_text(encoding="utf-8"))
            if settings["datasets"] == result.settings["datasets"]:
                found[settings["recipe"]] = from_json(json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    found.pop(result.settings["recipe"], None)
    return list(found.values())


def _golden(sets: _Sets, labels: Sequence[str]) -> list[tuple[Frame, str]]:
    """A few test scenes, of each class and of none, for every client to check itself with."""
    from pytrain.bundle import UNKNOWN
    from pytrain.image import read_image

    scenes = next(split for folder, split in sets.training if _short(folder.name) == "scenes")
    chosen: list[Picture] = []
    for label in (*labels, UNKNOWN):
        chosen += [picture for picture in scenes.test if picture.label == label][:GOLDEN_PER_LABEL]
    return [(read_image(picture.path), picture.label) for picture in chosen]


def _facts(result: TrainingResult, evaluation: Evaluation) -> Facts:
    from pytrain.export import Facts

    return Facts(
        calibration=evaluation.calibration.as_facts(),
        metrics={name: metrics.as_facts() for name, metrics in evaluation.sets.items()},
        dataset={"name": "four-shapes", "parts": result.settings["datasets"]},
        training={name: value for name, value in result.settings.items() if name != "datasets"},
    )


def _figures(evaluation: Evaluation) -> list[str]:
    lines = []
    for name, metrics in evaluation.sets.items():
        line = f"  {name:<8} accuracy {metrics.accuracy:7.2%} of {metrics.pictures:,} pictures"
        if metrics.false_accepts is not None:
            line += f"; {metrics.rejected:.1%} of them called unknown"
            line += f"; {metrics.false_accepts:.1%} of {metrics.unknown_pictures} shapeless called a shape"
        lines.append(line)
    return lines


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name} pictures" for name, count in counts.items())


def _short(name: str) -> str:
    return name.removeprefix(PREFIX)


class _Percent:
    """Says every tenth that is done, a line each: progress for terminals and logs alike."""

    def __init__(self, what: str, say: Say) -> None:
        self.what, self.say, self.said = what, say, 0

    def __call__(self, done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        if tenth > self.said:
            self.said = tenth
            self.say(f"{self.what}: {10 * tenth} %")
