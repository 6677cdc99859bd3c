"""What a network makes of a data set, and the heads fitted to that; before and after fine-tuning."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from pytrain.dataset.image_folder import read_picture
from pytrain.dataset.pictures import NO_CLASS
from pytrain.dataset.split import folds
from pytrain.evaluation.cross_validation import FOLDS, Outcome, cross_validate
from pytrain.evaluation.judged import Phase
from pytrain.image import Frame, as_seen
from pytrain.model.backbones import Backbone
from pytrain.model.backend import keras
from pytrain.model.files import weights_digest
from pytrain.model.transfer import EMBEDDING, build, level_of, set_heads
from pytrain.pipeline.looked import Looked, set_aside
from pytrain.training.feature_cache import Advance, Features, Items, embed
from pytrain.training.fine_tune import CHECKPOINT, FineTuned, fine_tune, stage_to_cut
from pytrain.training.fitter import Fitter, mirrors_show_the_same
from pytrain.training.head import FEW, Floats, Indices
from pytrain.training.outsiders import MEASURED, TAUGHT, Kind
from pytrain.training.progress import Display
from pytrain.training.stage_maps import Pictures
from pytrain.training.strategy import Workers
from pytrain.training.views import WebcamViews

MANY_PER_CLASS = 80
"""Pictures of a class, on average, from which fine-tuning is tried by itself: with 80 to learn from it was
worth 1 to 4 points (CIFAR-10, Fashion-MNIST), with 32 or fewer nothing clear."""

TOO_MANY = 30_000
"""Pictures up to which fine-tuning is tried by itself: its maps take 90 KB of disk for each."""

TUNED = "tuned"
"""In a training's folder: what the tuned network makes of the pictures. No other training can use it."""

TEST, VALIDATION = 0, 1
"""Folds that fine-tuning does not learn from."""

DRAW = WebcamViews()


@dataclass(frozen=True)
class Learned:
    """A network and what it makes of the pictures."""

    model: Any
    """The whole network, as `model.transfer.build` gives it."""
    backbone: Backbone
    features: Features
    fitter: Fitter
    measured: dict[Kind, Features]


def learn(data: Looked, backbone: Backbone, cache: Path, seed: int, shown: Display) -> tuple[Looked, Learned]:
    """Embeds all pictures, their views, and generated outsiders.

    Returns:
        (the data set without pictures that cannot be read any more; what the network makes of the others).

    Raises:
        DataError: a class has lost its pictures meanwhile.
        TrainingError: the cache cannot be written.
    """
    model = build(backbone, len(data.folder.labels))
    embedder = _embedder(model, backbone_key(backbone), cache, shown)
    features = embedder.pictures(data)
    while features.problems:
        data = set_aside(data, features.problems, shown)
        features = embedder.pictures(data)
    labels = [picture.label for picture in data.pictures]
    fold = folds(labels, data.groups, FOLDS, seed)
    return data, _learned(model, backbone, embedder, features, data, fold)


def judge(
    data: Looked, learned: Learned, shown: Display, folds_judged: Sequence[int] | None = None
) -> Outcome:
    """Fits heads, judges them, and puts them into the network."""
    count = len(data.pictures)

    def advance(done: int, steps: int) -> None:
        # With few it is a matter of seconds.
        if count > FEW:
            shown.preparing("heads", count * done // steps, count)

    # The matrices are small: threads would wait for each other most of the time.
    with threadpool_limits(1):
        outcome = cross_validate(
            learned.fitter,
            data.pictures,
            data.folder.labels,
            data.groups,
            learned.measured,
            folds_judged,
            advance,
        )
    logits, known = outcome.heads.logits, outcome.heads.known
    set_heads(learned.model, (logits.kernel, logits.bias), (known.kernel, known.bias))
    return outcome


def is_worth_tuning(data: Looked) -> bool:
    """Whether there are pictures enough for fine-tuning to pay, and not so many that it takes all day."""
    count = int((data.truth != NO_CLASS).sum())
    return MANY_PER_CLASS * len(data.folder.labels) <= count <= TOO_MANY


def tune(
    data: Looked,
    learned: Learned,
    run_dir: Path,
    maps: Path,
    *,
    seed: int,
    resume: bool,
    workers: Workers,
    shown: Display,
) -> tuple[Learned | None, Phase]:
    """Fine-tunes the last blocks, starting from heads that saw neither the test nor the validation fold.

    Args:
        run_dir: where the checkpoint goes.
        maps: a folder for feature maps; left for `resume` where it was stopped, otherwise deleted.

    Returns:
        (what the better network makes of the pictures, or None where it is no better; how it went).
    """
    fitter = learned.fitter
    with threadpool_limits(1):
        choice = fitter.choose(frozenset({TEST}), [VALIDATION])
        start = fitter.logits(frozenset({TEST, VALIDATION}), choice.emphasis, choice.strength)
    layer = learned.model.get_layer("logits")
    layer.set_weights([start.kernel, start.bias])
    among = fitter.truth != NO_CLASS
    training = np.flatnonzero(among & ~np.isin(fitter.fold, (TEST, VALIDATION)))
    validation = np.flatnonzero(among & (fitter.fold == VALIDATION))
    tuned = fine_tune(
        learned.model,
        stage_to_cut(learned.backbone),
        _pictures(data, training, learned.features.views, fitter.mirrored, fitter.weights(training)),
        _pictures(data, validation, 0, fitter.mirrored),
        run_dir,
        maps_dir=maps,
        show=shown,
        seed=seed,
        resume=_has_checkpoint(run_dir, workers) if resume else False,
        workers=workers,
    )
    if tuned.stopped:
        shown.say(
            f"Fine-tuning was stopped after epoch {len(tuned.history)}; the best so far, of epoch "
            f"{tuned.best_epoch}, is used where it is better. Ctrl-C again writes the model without it; "
            "--resume goes on later."
        )
    else:
        shutil.rmtree(maps, ignore_errors=True)
    phase = _phase(tuned)
    if not tuned.kept:
        return None, phase
    key = f"{learned.backbone.name}-tuned-{weights_digest(learned.model)[:12]}"
    embedder = _embedder(learned.model, key, run_dir / TUNED, shown)
    features = embedder.pictures(data)
    for error in features.problems.values():
        raise error
    better = _learned(learned.model, learned.backbone, embedder, features, data, fitter.fold)
    # What is shipped is heads fitted anew; they must be better too.
    with threadpool_limits(1):
        now = better.fitter.choose(frozenset({TEST}), [VALIDATION])
    if now.tried[now.at]["val_loss"] >= choice.tried[choice.at]["val_loss"]:
        note = f"Not kept: heads fitted to the tuned network were no better.{_ended(tuned)}"
        return None, replace(phase, kept=False, note=note)
    return better, phase


def _has_checkpoint(run_dir: Path, workers: Workers) -> bool:
    """What the chief finds: the others may be on machines that do not see its disk."""
    return workers.broadcast(b"yes" if (run_dir / CHECKPOINT).is_file() else b"no") == b"yes"


@dataclass(frozen=True)
class _Embedder:
    """A network up to its embedding, and where what it makes is kept."""

    run: Any
    key: str
    """A file name that stands for the network's weights."""
    cache: Path
    shown: Display

    def pictures(self, data: Looked) -> Features:
        """Of all pictures and of their views; `problems` names those that cannot be read any more."""
        pictures = data.pictures
        items = Items([picture.digest for picture in pictures], lambda number: read_picture(pictures[number]))
        drawn = sha256(repr(DRAW).encode()).hexdigest()[:8]
        return embed(
            self.run,
            items,
            self.cache,
            f"{self.key}-{drawn}",
            views=_views(len(pictures)),
            draw=DRAW,
            advance=self._advance("embedding"),
        )

    def generated(self, kind: Kind) -> Features:
        return embed(self.run, kind.items(), self.cache, self.key, advance=self._advance(kind.name))

    def _advance(self, name: str) -> Advance:
        return lambda done, total: self.shown.preparing(name, done, total)


def backbone_key(backbone: Backbone) -> str:
    """A file name that stands for a backbone's weights."""
    return f"{backbone.name}-{backbone.digest[:12]}"


def _embedder(model: Any, key: str, cache: Path, shown: Display) -> _Embedder:
    run = keras.Model(model.input, model.get_layer(EMBEDDING).output, name="embedder")
    return _Embedder(run, f"{key}-{run.output.shape[-1]}", cache, shown)


def _learned(
    model: Any, backbone: Backbone, embedder: _Embedder, features: Features, data: Looked, fold: Indices
) -> Learned:
    """The same with generated outsiders, and whether views may be mirrored."""
    taught, measured = embedder.generated(TAUGHT), embedder.generated(MEASURED)
    fitter = Fitter(features, data.truth, len(data.folder.labels), fold, level_of(backbone), taught)
    with threadpool_limits(1):
        same = mirrors_show_the_same(fitter, range(FOLDS) if len(data.truth) <= FEW else [TEST])
    fitter = replace(fitter, mirrored=same)
    return Learned(model, backbone, features, fitter, {MEASURED: measured})


def _views(pictures: int) -> int:
    """Views of each picture: of many pictures, few tell as much."""
    return 3 if pictures <= 2000 else 2 if pictures <= 20_000 else 1


def _pictures(
    data: Looked, numbers: Indices, views: int, mirrored: bool, weights: Floats | None = None
) -> Pictures:
    """Some pictures for fine-tuning: as the image contract shows them, and so many views of each."""
    chosen = [data.pictures[number] for number in numbers]

    def frames(number: int) -> Frame:
        frame = read_picture(chosen[number])
        itself = as_seen(frame)
        drawn = (
            DRAW.draw(frame, views, seed=number, flips=mirrored)
            if views
            else np.empty((0, *itself.shape), np.uint8)
        )
        return np.concatenate([itself[None], drawn])

    digest = sha256("".join(picture.digest for picture in chosen).encode())
    digest.update(repr((DRAW, views, mirrored)).encode())
    targets = np.eye(len(data.folder.labels), dtype=np.float32)[data.truth[numbers]]
    return Pictures(digest.hexdigest(), targets, frames, 1 + views, weights)


def _phase(tuned: FineTuned) -> Phase:
    rows = ({"epoch": 0, **tuned.before}, *tuned.history)
    note = "Kept: the loss on the validation pictures fell" if tuned.kept else "Not kept: no epoch was better"
    settings = {**asdict(tuned.plan), "stage": tuned.stage, "best_epoch": tuned.best_epoch}
    return Phase(
        "fine-tuning",
        rows,
        tuned.best_epoch,
        tuned.kept,
        f"{note} (epoch 0 is the network as it came).{_ended(tuned)}",
        settings,
    )


def _ended(tuned: FineTuned) -> str:
    return f" It was stopped after epoch {len(tuned.history)}." if tuned.stopped else ""
