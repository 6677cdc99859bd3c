"""From any folder of pictures to a proven classifier: look, embed, fit, judge, export, report."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from pytrain.bundle import REPORT, RUNS, SETTINGS, UNKNOWN, Bundle, check_target, write_json
from pytrain.errors import DataError, TrainingError

if TYPE_CHECKING:
    from pytrain.dataset.image_folder import Picture
    from pytrain.evaluation.cross_validation import Outcome
    from pytrain.evaluation.judged import Phase
    from pytrain.image import Frame
    from pytrain.pipeline.learned import Learned
    from pytrain.pipeline.looked import Looked
    from pytrain.training.progress import Display
    from pytrain.training.strategy import Workers

Say = Callable[[str], None]

CACHE = ".features"

FINE_TUNE = ("auto", "never", "always")

CHECKS = 48
"""Pictures that smaller weights are measured on."""

GOLDEN = 6


@dataclass(frozen=True)
class Settings:
    """Everything that decides what comes out, but for the pictures."""

    backbone: str
    fine_tune: str
    seed: int
    strategy: str | None


@dataclass(frozen=True)
class _Places:
    """Where a training reads and writes."""

    source: Path
    target: Path

    @property
    def run_dir(self) -> Path:
        return self.target.parent / RUNS / self.target.name

    @property
    def cache(self) -> Path:
        return self.target.parent / RUNS / CACHE

    @property
    def maps(self) -> Path:
        """What fine-tuning keeps of every picture; gigabytes where there are many."""
        return self.cache / f"maps-{self.target.name}"


@dataclass(frozen=True)
class _Trained:
    """What a training comes to."""

    data: Looked
    learned: Learned
    outcome: Outcome
    phases: tuple[Phase, ...]


def train(
    source: Path | str,
    out: Path | str | None = None,
    *,
    backbone: str = "efficientnet-lite0",
    fine_tune: str = "auto",
    seed: int = 0,
    resume: bool = False,
    strategy: str | None = None,
    say: Say = print,
) -> Bundle | None:
    """Trains a classifier on a folder of pictures by transfer learning, judges, exports and verifies it.

    What the backbone makes of each picture is kept beside the models, so a second training takes seconds.

    Args:
        source: a folder `<label>/*`, a zip of one, or a CSV of path,label. Pictures in a folder `unknown`
            show none of the classes.
        out: the bundle's folder; `exported_models/<source's name>` by default. Replaced only when everything
            went well.
        backbone: one of `pytrain.model.backbones.listing()`.
        fine_tune: train the backbone's last blocks too: "auto" where there are about 80 pictures a class,
            "never" or "always". The outcome is kept only if it is better on validation pictures.
        seed: decides the folds and what is drawn.
        resume: go on with an interrupted fine-tuning.
        strategy: "mirrored" for several devices, "multi-worker" for several machines (TF_CONFIG).
        say: takes lines about what happens.

    Returns:
        The bundle; None on a worker that is not the chief, who writes it.

    Raises:
        PytrainError: what is wrong with the pictures, the backbone, the export or the disk.
        KeyboardInterrupt: it was stopped; what was computed is kept.
    """
    started = time.perf_counter()
    if fine_tune not in FINE_TUNE:
        raise TrainingError(f"fine_tune is {fine_tune!r}.", expected=f"one of: {', '.join(FINE_TUNE)}")
    source = Path(source)
    places = _Places(source, Path(out) if out is not None else Path("exported_models") / _name_of(source))
    # Before TensorFlow is imported, which takes seconds.
    check_target(places.target)

    from pytrain.training.strategy import open_workers

    settings = Settings(backbone, fine_tune, seed, strategy)
    if not resume:
        # An interrupted fine-tuning has left them for --resume.
        shutil.rmtree(places.maps, ignore_errors=True)
    with open_workers(strategy, say) as workers:
        trained = _trained(places, settings, resume, workers)
        if not workers.chief:
            return None
        return _written(places, settings, trained, started, say)


def _trained(places: _Places, settings: Settings, resume: bool, workers: Workers) -> _Trained:
    from pytrain.model.backbones import load
    from pytrain.pipeline.learned import judge, learn
    from pytrain.pipeline.looked import look_at
    from pytrain.training.progress import SilentDisplay, display

    backbone = load(settings.backbone)
    with display() if workers.chief else SilentDisplay() as shown:
        looked = look_at(places.source, places.cache, shown)
        data, learned = learn(looked, backbone, places.cache, settings.seed, shown)
        if data is not looked and workers.count > 1:
            raise DataError(
                "Pictures went away on this worker, and the others have theirs.",
                fix="Give all workers the same pictures, and start them again.",
            )
        outcome = judge(data, learned, shown)
        return _tuned(_Trained(data, learned, outcome, ()), places, settings, resume, workers, shown)


def _tuned(
    trained: _Trained, places: _Places, settings: Settings, resume: bool, workers: Workers, shown: Display
) -> _Trained:
    """The same after fine-tuning, where that was asked for, pays, and is better on validation pictures."""
    from pytrain.pipeline.learned import TEST, is_worth_tuning, judge, tune

    fitter = trained.learned.fitter
    if settings.fine_tune == "always" and not fitter.can_hold_out():
        shown.say("  no fine-tuning: the classes have too few recordings to set some apart for judging it")
    wanted = settings.fine_tune == "always" or (
        settings.fine_tune == "auto" and is_worth_tuning(trained.data)
    )
    if not wanted or not fitter.can_hold_out():
        return trained
    untouched = trained.learned.model.get_weights()
    try:
        better, phase = tune(
            trained.data,
            trained.learned,
            places.run_dir,
            places.maps,
            seed=settings.seed,
            resume=resume,
            workers=workers,
            shown=shown,
        )
        shown.say(f"  fine-tuning: {phase.note}")
        if better is not None:
            # What it learned from must not judge it.
            return _Trained(trained.data, better, judge(trained.data, better, shown, [TEST]), (phase,))
    except KeyboardInterrupt:
        if workers.count > 1:
            raise
        trained.learned.model.set_weights(untouched)
        shown.say("Fine-tuning was stopped; the model is written without it. To go on: --resume")
        return trained
    except (DataError, TrainingError) as error:
        if settings.fine_tune == "always" or workers.count > 1:
            raise
        trained.learned.model.set_weights(untouched)
        shown.say(f"  no fine-tuning: {error.what}")
        return trained
    trained.learned.model.set_weights(untouched)
    return _Trained(trained.data, trained.learned, trained.outcome, (phase,))


def _written(places: _Places, settings: Settings, trained: _Trained, started: float, say: Say) -> Bundle:
    from pytrain.evaluation.report.transfer import write_transfer_report
    from pytrain.export import export
    from pytrain.image import as_seen
    from pytrain.pipeline.learned import TUNED
    from pytrain.pipeline.seen import see, spread
    from pytrain.pipeline.told import choices, facts_of, figures, report_of

    data, outcome = trained.data, trained.outcome
    for line in figures(outcome):
        say(line)
    chosen = {**asdict(settings), **choices(trained.learned, outcome, trained.phases)}
    source, target = places.source.resolve(), places.target.resolve()

    # Before a browser is started, which would spoil the time.
    seen = see(trained.learned.model, outcome)

    def finish(folder: Path) -> None:
        seconds = time.perf_counter() - started
        report = report_of(
            places.target.name, data, trained.learned, outcome, trained.phases, seen, chosen, seconds
        )
        write_transfer_report((folder / REPORT).parent, report)

    made = export(
        trained.learned.model,
        places.target,
        labels=data.folder.labels,
        input_range="-1..1",
        check=[as_seen(frame) for frame in _frames(spread(outcome.judged.pictures, CHECKS))],
        golden=_golden(data),
        facts=facts_of(data, outcome, chosen),
        finish=finish,
        say=say,
    )
    shutil.rmtree(places.run_dir / TUNED, ignore_errors=True)
    command = command_again(source, target, settings)
    write_json(places.run_dir / SETTINGS, {"source": str(source), "command": command, **chosen})
    say(f"Model:  {places.target} ({made.size / 1024:,.0f} KiB)")
    say(f"Report: {places.target / REPORT}")
    say(f"Done in {time.perf_counter() - started:.0f} s.")
    return made


def command_again(source: Path, target: Path, settings: Settings) -> list[str]:
    """What trains the same again, as arguments of pytrain."""
    command = ["train", str(source), "--out", str(target), "--backbone", settings.backbone]
    command += ["--fine-tune", settings.fine_tune, "--seed", str(settings.seed)]
    # Other machines do not start by themselves, and the same comes out of one.
    return [*command, "--strategy", "mirrored"] if settings.strategy == "mirrored" else command


def _golden(data: Looked) -> list[tuple[Frame, str]]:
    """A few pictures of different classes, and one of none, for every client to check itself with."""
    from pytrain.training.outsiders import MEASURED

    frames = [
        (frame, label)
        for label in data.folder.labels[:GOLDEN]
        for frame in islice(_frames(picture for picture in data.pictures if picture.label == label), 1)
    ]
    return [*frames, (MEASURED.draw(0), UNKNOWN)]


def _frames(pictures: Iterable[Picture]) -> Iterator[Frame]:
    """Those that are still there."""
    from pytrain.pipeline.looked import still_there

    return (frame for frame in map(still_there, pictures) if frame is not None)


def _name_of(source: Path) -> str:
    resolved = source.resolve()
    return resolved.name if resolved.is_dir() else resolved.stem
