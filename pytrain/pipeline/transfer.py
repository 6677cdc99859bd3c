"""From any folder of pictures to a proven classifier: look, embed, fit, judge, export, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytrain.bundle import REPORT, UNKNOWN, Bundle, check_target, write_json
from pytrain.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pytrain.dataset.image_folder import ImageFolder, Picture
    from pytrain.evaluation.cross_validation import Outcome
    from pytrain.evaluation.judged import Activation, TransferReport, Views
    from pytrain.export import Facts
    from pytrain.export.verify import Verification
    from pytrain.image import Frame
    from pytrain.model.backbones import Backbone
    from pytrain.training.feature_cache import Features
    from pytrain.training.fitter import Fitter
    from pytrain.training.outsiders import Kind
    from pytrain.training.progress import Display

Say = Callable[[str], None]

RUNS = ".runs"
"""Beside the models: what a training keeps to be done again, and quicker."""

CACHE = ".features"
SETTINGS = "settings.json"

LEAST = 2
"""Different pictures of a class: one to learn from while the other is judged."""

ENOUGH_CHECKS = 48
"""Pictures that smaller weights are measured on."""

SHOWN = 6
"""Pictures of which the report shows views and activations."""

GOLDEN = 6


@dataclass(frozen=True)
class Settings:
    """Everything that decides what comes out, but for the pictures."""

    backbone: str
    fine_tune: str
    seed: int
    views: int


def train(
    source: Path | str,
    out: Path | str | None = None,
    *,
    backbone: str = "efficientnet-lite0",
    fine_tune: str = "auto",
    seed: int = 0,
    resume: bool = False,
    say: Say = print,
) -> Bundle:
    """Trains a classifier on a folder of pictures by transfer learning, judges, exports and verifies it.

    What the backbone makes of each picture is kept beside the models, so a second training takes seconds.

    Args:
        source: a folder `<label>/*`, a zip of one, or a CSV of path,label. Pictures in a folder `unknown`
            show none of the classes.
        out: the bundle's folder; `exported_models/<source's name>` by default. Replaced only when everything
            went well.
        backbone: one of `pytrain.model.backbones.listing()`.
        fine_tune: "auto", "never" or "always".
        seed: decides the folds and what is drawn.
        resume: go on with an interrupted fine-tuning.
        say: takes lines about what happens.

    Returns:
        The bundle.

    Raises:
        PytrainError: what is wrong with the pictures, the backbone, the export or the disk.
        KeyboardInterrupt: it was stopped; what was computed is kept.
    """
    from pytrain.training.progress import display

    started = time.perf_counter()
    source = Path(source)
    target = Path(out) if out is not None else Path("exported_models") / _name_of(source)
    check_target(target)
    run_dir = target.parent / RUNS / target.name
    cache = target.parent / RUNS / CACHE
    with display() as shown:
        data = _look(source, cache, shown)
        learned = _learn(data, backbone, cache, seed, shown)
        outcome = _judge(data, learned)
    for line in _figures(outcome):
        say(line)
    settings = Settings(backbone, fine_tune, seed, learned.features.views)
    model = _model(learned, outcome)
    run_dir.mkdir(parents=True, exist_ok=True)
    command = ["train", str(source.resolve()), "--out", str(target.resolve()), "--backbone", backbone]
    command += ["--fine-tune", fine_tune, "--seed", str(seed)]
    write_json(run_dir / SETTINGS, {"source": str(source.resolve()), "command": command, **asdict(settings)})

    def finish(folder: Path, verification: Verification | None) -> None:
        from pytrain.evaluation.report.transfer import write_transfer_report

        seconds = time.perf_counter() - started
        report = _report(target.name, data, learned, outcome, model, settings, seconds)
        write_transfer_report((folder / REPORT).parent, report)

    from pytrain.export import export

    made = export(
        model,
        target,
        labels=data.folder.labels,
        input_range="-1..1",
        output="probabilities",
        check=[picture.path for picture in _spread(outcome.judged.pictures, ENOUGH_CHECKS)],
        golden=_golden(data),
        facts=_facts(data, outcome, settings),
        finish=finish,
        say=say,
    )
    say(f"Report: {target / REPORT}")
    say(f"Done in {time.perf_counter() - started:.0f} s.")
    return made


@dataclass(frozen=True)
class _Data:
    """The pictures that can be read, those of `unknown` too."""

    folder: ImageFolder
    truth: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]
    torn: tuple[str, ...]
    """Classes that are a single recording, so that their figures are too good."""

    @property
    def pictures(self) -> Sequence[Picture]:
        return self.folder.pictures


def _look(source: Path, cache: Path, shown: Display) -> _Data:
    """Reads the data set, decodes every picture once, and finds those that are nearly the same."""
    import numpy as np

    from pytrain.dataset.image_folder import open_dataset, without
    from pytrain.dataset.looks import look
    from pytrain.dataset.near_duplicates import groups_of
    from pytrain.dataset.split import loosened
    from pytrain.training.fitter import NO_CLASS

    folder = open_dataset(source, work=cache)
    looks, problems = look(folder, lambda done, total: shown.preparing("looking", done, total), cache)
    folder = without(folder, problems)
    for problem in folder.problems:
        shown.say(f"  set aside: {problem.path}: {problem.why}")
    for label in folder.labels:
        different = len({picture.digest for picture in folder.pictures if picture.label == label})
        if different < LEAST:
            raise DataError(
                f"The class {label!r} in {source} has {different} picture.",
                expected=f"at least {LEAST} different ones; 20 or more are better",
                fix=f"Add pictures of {label!r}, or delete its folder.",
            )
    labels = [picture.label for picture in folder.pictures]
    names = [str(picture.path) for picture in folder.pictures]
    groups, torn = loosened(labels, groups_of(looks), LEAST, names)
    for label in torn:
        if label != UNKNOWN:
            shown.say(f"  all pictures of {label!r} are nearly the same, so its figures will be too good")
    numbers = {label: number for number, label in enumerate(folder.labels)}
    truth = np.array([numbers.get(label, NO_CLASS) for label in labels], np.int64)
    return _Data(folder, truth, groups, torn)


@dataclass(frozen=True)
class _Learned:
    """What the backbone makes of the pictures."""

    backbone: Backbone
    features: Features
    taught: Features
    measured: dict[Kind, Features]
    fitter: Fitter


def _learn(data: _Data, name: str, cache: Path, seed: int, shown: Display) -> _Learned:
    from pytrain.dataset.split import folds
    from pytrain.evaluation.cross_validation import FOLDS
    from pytrain.image import read_image
    from pytrain.model.backbones import load
    from pytrain.model.transfer import embedder, level_of
    from pytrain.training import outsiders
    from pytrain.training.feature_cache import Items, embed
    from pytrain.training.fitter import Fitter
    from pytrain.training.views import WebcamViews

    backbone = load(name)
    model = embedder(backbone)
    draw = WebcamViews()
    drawn = sha256(repr(draw).encode()).hexdigest()[:8]
    key = f"{name}-{backbone.digest[:12]}-{model.output.shape[-1]}"
    pictures = data.pictures
    items = Items([picture.digest for picture in pictures], lambda number: read_image(pictures[number].path))
    features = embed(
        model,
        items,
        cache,
        f"{key}-{drawn}",
        views=_views(len(pictures)),
        draw=draw,
        advance=lambda done, total: shown.preparing("embedding", done, total),
    )
    for number, error in features.problems.items():
        raise DataError(
            f"{pictures[number].path} could be read a moment ago and cannot be now: {error.what}",
            fix="Leave the pictures alone while training, then run the same again.",
        )

    def drawn_ones(kind: outsiders.Kind) -> Features:
        told = lambda done, total: shown.preparing(kind.name, done, total)  # noqa: E731
        return embed(model, kind.items(), cache, key, advance=told)

    taught, measured = drawn_ones(outsiders.TAUGHT), drawn_ones(outsiders.MEASURED)
    labels = [picture.label for picture in pictures]
    fold = folds(labels, data.groups, FOLDS, seed)
    fitter = Fitter(features, data.truth, len(data.folder.labels), fold, level_of(backbone), taught)
    return _Learned(backbone, features, taught, {outsiders.MEASURED: measured}, fitter)


def _views(pictures: int) -> int:
    """Views of each picture: of many pictures, few tell as much."""
    return 4 if pictures <= 2000 else 2 if pictures <= 20_000 else 1


def _judge(data: _Data, learned: _Learned) -> Outcome:
    from threadpoolctl import threadpool_limits

    from pytrain.evaluation.cross_validation import cross_validate

    # The matrices are small: threads would wait for each other most of the time.
    with threadpool_limits(1):
        return cross_validate(
            learned.fitter, data.pictures, data.folder.labels, data.groups, learned.measured
        )


def _model(learned: _Learned, outcome: Outcome) -> Any:
    from pytrain.model.transfer import build, set_heads

    model = build(learned.backbone, learned.fitter.classes)
    logits, known = outcome.heads.logits, outcome.heads.known
    set_heads(model, (logits.kernel, logits.bias), (known.kernel, known.bias))
    return model


def _figures(outcome: Outcome) -> list[str]:
    judged, calibration = outcome.judged, outcome.calibration
    right = judged.accuracy()
    low, high = right.interval
    lines = [
        f"  right {right.count:,} of {right.total:,} = {right.value or 0:.1%} "
        f"(95 % sure: {low:.0%} to {high:.0%}), by {judged.method}",
        f"  calibration error {calibration.calibration_error_before:.1%} before, "
        f"{calibration.calibration_error_after:.1%} after the temperature {calibration.temperature:.2f}",
        f"  called unknown: {calibration.rejected_known:.1%} of the classes' pictures",
    ]
    for outsiders in judged.outsiders:
        accepted = outsiders.accepted(calibration.unknown_threshold).value or 0
        auroc = judged.auroc(outsiders) or 0
        lines.append(f"  {outsiders.name}: {accepted:.1%} called a class, AUROC {auroc:.3f}")
    return lines


def _facts(data: _Data, outcome: Outcome, settings: Settings) -> Facts:
    from pytrain.export import Facts

    judged, calibration = outcome.judged, outcome.calibration
    right = judged.accuracy()
    return Facts(
        calibration={
            "temperature": calibration.temperature,
            "unknown_threshold": calibration.unknown_threshold,
            "score": "known",
            "calibration_error_before": calibration.calibration_error_before,
            "calibration_error_after": calibration.calibration_error_after,
        },
        metrics={
            judged.method: {
                "accuracy": right.value,
                "accuracy_interval": list(right.interval),
                "pictures": right.total,
                "rejected": calibration.rejected_known,
                "outsiders": {
                    each.name: {
                        "pictures": len(each.known),
                        "false_accepts": each.accepted(calibration.unknown_threshold).value,
                        "auroc": judged.auroc(each),
                    }
                    for each in judged.outsiders
                },
            }
        },
        dataset={
            "name": data.folder.name,
            "fingerprint": data.folder.fingerprint,
            "pictures": data.folder.counts(),
        },
        training={
            "recipe": "transfer",
            **asdict(settings),
            "strength": outcome.heads.choice.strength,
            "labels": list(data.folder.labels),
        },
    )


def _report(
    title: str,
    data: _Data,
    learned: _Learned,
    outcome: Outcome,
    model: Any,
    settings: Settings,
    seconds: float,
) -> TransferReport:
    from pytrain.evaluation.judged import BackboneFacts, Phase, TransferReport
    from pytrain.evaluation.predict import milliseconds_per_frame
    from pytrain.model.backbones import listing

    top1 = {info.name: info.top1 for info in listing()}
    choice = outcome.heads.choice
    chosen = [row["strength"] for row in choice.tried].index(choice.strength)
    note = "Each step is a fit with a weaker penalty; the least loss on left-out pictures was taken."
    return TransferReport(
        title=title,
        source=data.folder.root,
        backbone=BackboneFacts(
            learned.backbone.name, learned.backbone.model.count_params(), top1.get(learned.backbone.name)
        ),
        judged=outcome.judged,
        calibration=outcome.calibration,
        phases=(Phase("head", choice.tried, chosen, True, note),),
        settings={**asdict(settings), "strength": choice.strength, "temperature": choice.temperature},
        problems=data.folder.problems,
        findings=tuple(
            f"All pictures of {label!r} are nearly the same, so its figures are too good."
            for label in data.torn
        ),
        views=_drawn_views(outcome, settings),
        activations=_activations(model, outcome),
        milliseconds=milliseconds_per_frame(model, frames=10),
        parameters=model.count_params(),
        seconds=seconds,
    )


def _drawn_views(outcome: Outcome, settings: Settings) -> tuple[Views, ...]:
    from pytrain.evaluation.judged import Views
    from pytrain.image import read_image
    from pytrain.training.views import WebcamViews

    return tuple(
        Views(picture, tuple(WebcamViews().draw(read_image(picture.path), 7, seed=number)))
        for number, picture in enumerate(_spread(outcome.judged.pictures, SHOWN))
    )


def _activations(model: Any, outcome: Outcome) -> tuple[Activation, ...]:
    """Where the model looks, on a few pictures: features times the weights of the most probable class."""
    import numpy as np

    from pytrain.evaluation.judged import Activation
    from pytrain.image import read_image, to_input
    from pytrain.model.backend import keras
    from pytrain.model.lens import LOGITS
    from pytrain.model.transfer import CELLS, activation_map

    judged = outcome.judged
    wrong = np.flatnonzero(judged.best != judged.truth)[: SHOWN // 2]
    right = np.flatnonzero(judged.best == judged.truth)
    chosen = [*wrong, *_spread(right.tolist(), 2 * SHOWN - len(wrong))]
    inputs = np.stack([to_input(read_image(judged.pictures[number].path)) for number in chosen])
    features = model.get_layer(CELLS).input
    looking = keras.Model(model.input, {"features": features, "probabilities": model.output["probabilities"]})
    seen = {name: np.asarray(value) for name, value in looking(inputs, training=False).items()}
    kernel = model.get_layer(LOGITS).get_weights()[0]
    images = np.clip((inputs + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8)
    return tuple(
        Activation(
            judged.pictures[number],
            judged.labels[int(row.argmax())],
            float(row.max()),
            image,
            activation_map(maps, kernel[:, int(row.argmax())]),
        )
        for number, row, image, maps in zip(
            chosen, seen["probabilities"], images, seen["features"], strict=True
        )
    )


def _golden(data: _Data) -> list[tuple[Frame, str]]:
    """A few pictures of different classes, and one of none, for every client to check itself with."""
    from pytrain.image import read_image
    from pytrain.training.outsiders import MEASURED

    first = {picture.label: picture for picture in reversed(data.pictures) if picture.label != UNKNOWN}
    frames = [(read_image(first[label].path), label) for label in data.folder.labels[:GOLDEN]]
    return [*frames, (MEASURED.draw(0), UNKNOWN)]


def _spread(items: Sequence[Any], count: int) -> list[Any]:
    """At most `count` of some items, evenly chosen."""
    step = max(1.0, len(items) / count)
    return [items[int(number * step)] for number in range(min(count, len(items)))]


def _name_of(source: Path) -> str:
    resolved = source.resolve()
    return resolved.name if resolved.is_dir() else resolved.stem
