"""Fine-tuning: trains the last blocks of a transfer model at a low rate, once its head has been fitted.

All BatchNormalization stays as it is, statistics, scale and offset: a few pictures would only spoil what a
million taught it (keras.io/guides/transfer_learning). The part before the stage is computed once
(stage_maps.py). One loop serves one process and many: Keras 3's fit() does not know workers on several
machines (github.com/keras-team/keras/issues/20585), TensorFlow's strategies under it do.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.errors import TrainingError
from pytrain.model.backbones import Backbone
from pytrain.model.backend import keras, tf
from pytrain.model.lens import LOGITS
from pytrain.model.transfer import GROUPS, IMAGENET
from pytrain.training.checkpoint import Arrays, Checkpoint, load_checkpoint
from pytrain.training.progress import Display, SilentDisplay
from pytrain.training.stage_maps import VERSION, Pictures, StageMaps, stage_maps
from pytrain.training.strategy import Workers, alone
from pytrain.training.temperature import fit_temperature, negative_log_likelihood

CHECKPOINT = "fine-tuning.npz"

VALIDATED = 64
"""Pictures that are judged together."""

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """How to fine-tune."""

    epochs: int = 8
    learning_rate: float = 3e-4
    """Reached after the warm-up; then falls to 0 on a cosine (Loshchilov & Hutter, 2017)."""
    batch_size: int = 32
    """Pictures in a step, over all workers."""
    label_smoothing: float = 0.1
    warm_up: float = 0.1
    """Part of the steps in which the rate rises from 0."""
    weight_decay: float = 0.01
    """AdamW's (Loshchilov & Hutter, 2019)."""
    patience: int = 5
    """Epochs without a better validation loss after which training stops. The first ones often make it worse:
    what is behind a new head moves before the head has followed."""


@dataclass(frozen=True)
class FineTuned:
    """What came of it. The model has the best weights; its own where no epoch was better."""

    before: dict[str, float]
    """val_loss and val_accuracy of the model as it came; the loss is that at the best temperature."""
    history: list[dict[str, float]]
    """One row for each epoch: epoch (from 1), loss, accuracy, val_loss, val_accuracy, seconds."""
    best_epoch: int
    """The one that was kept; 0 is the model as it came."""
    stage: str
    """Behind which the network was trained."""
    plan: Plan
    stopped: bool = False
    """Whether Ctrl-C ended it before its time."""

    @property
    def kept(self) -> bool:
        """Whether fine-tuning made the model better."""
        return self.best_epoch > 0


def fine_tune(
    model: Any,
    stage: str,
    training: Pictures,
    validation: Pictures,
    run_dir: Path,
    *,
    maps_dir: Path,
    show: Display,
    plan: Plan | None = None,
    seed: int = 0,
    resume: bool = False,
    workers: Workers | None = None,
) -> FineTuned:
    """Trains what comes behind a stage and gives the model the weights with the least validation loss.

    Writes fine-tuning.npz (after every epoch) into `run_dir`, and feature maps into `maps_dir`, which may be
    deleted afterwards.

    Args:
        model: flat functional Keras model, float32 [batch, 224, 224, 3] in [-1, 1], with a layer `logits`.
        stage: name of a layer on whose output all later ones depend, and on no earlier one.
        training: pictures with their views; of each, one view is drawn in every epoch.
        validation: pictures with one view.
        show: is told about progress.
        seed: decides the order of the pictures and which views are drawn.
        resume: goes on from the last finished epoch in `run_dir`.
        workers: the opened strategy. Every worker must call with the same; all get the same result.

    Raises:
        TrainingError: no such stage, there is nothing to resume, it was started in another way, or the disk
            is full.
        KeyboardInterrupt: it was interrupted before any epoch was better, or one of several workers was. A
            single one with a better epoch ends as if it had finished, as `stopped` says.
    """
    plan, workers = plan or Plan(), workers or alone()
    shown = show if workers.chief else SilentDisplay()
    if len(training) < workers.count:
        raise TrainingError(f"{len(training)} pictures are too few for {workers.count} workers.")
    front, back = _cut(model, stage)
    start = _same_on_all(back.get_weights(), workers)
    settings = _settings(stage, training, validation, plan, seed, start)
    checkpoint = _checkpoint(run_dir, settings, resume, workers)
    parts = [
        _Part(pictures, workers, _maps(front, stage, name, pictures, maps_dir, workers, shown))
        for name, pictures in (("training", training), ("validation", validation))
    ]

    with workers.strategy.scope():
        network = keras.models.clone_model(back)
        network.set_weights(start)
        for layer in network.layers:
            # What ImageNet's classes are is not for a few pictures to say.
            fixed = isinstance(layer, keras.layers.BatchNormalization) or layer.name in (IMAGENET, GROUPS)
            layer.trainable = not fixed
        steps = -(-len(training) // plan.batch_size)
        optimizer = _optimizer(plan, plan.epochs * steps)
        optimizer.build(network.trainable_variables)
    step, judge = _step(network, optimizer, workers), _judge(network)
    before = _validated(judge, parts[1], workers)
    _restore(network, optimizer, checkpoint)
    stopped = False
    try:
        while not _finished(checkpoint, plan):
            epoch, started = len(checkpoint.history) + 1, time.perf_counter()
            told = partial(shown.step, epoch, plan.epochs)
            row = _trained(step, parts[0], workers, plan, (seed, epoch), told)
            row = {"epoch": epoch, **row, **_validated(judge, parts[1], workers)}
            row["seconds"] = time.perf_counter() - started
            _note(checkpoint, row, before, network, optimizer)
            if workers.chief:
                checkpoint.save(run_dir / CHECKPOINT)
            shown.epoch(epoch, plan.epochs, row)
    except KeyboardInterrupt:
        if not checkpoint.best_epoch or workers.count > 1:
            raise
        stopped = True
    if checkpoint.best_epoch:
        back.set_weights(checkpoint.best_weights)
    return FineTuned(before, checkpoint.history, checkpoint.best_epoch, stage, plan, stopped)


def stage_to_cut(backbone: Backbone) -> str:
    """The last stage of a finer resolution than the features: all blocks of the last resolution are trained.

    With 80 pictures a class (CIFAR-10, Fashion-MNIST; one draw each) that was worth 1 to 4 points, with 32 or
    fewer nothing clear; training only what comes behind block6 was worth nothing at either size.
    """
    side = backbone.model.output.shape[1]
    finer = [name for name in backbone.stages if backbone.model.get_layer(name).output.shape[1] > side]
    return finer[-1]


def _cut(model: Any, stage: str) -> tuple[Any, Any]:
    """The model up to the stage, and from there to the logits; both share its weights."""
    try:
        border = model.get_layer(stage).output
        front = keras.Model(model.input, border)
        return front, keras.Model(border, model.get_layer(LOGITS).output)
    except ValueError as error:
        raise TrainingError(
            f"The network cannot be cut at {stage!r}.",
            expected=f"a layer before {LOGITS!r} on which all later ones depend, and on no earlier one",
        ) from error


def _same_on_all(weights: Arrays, workers: Workers) -> Arrays:
    """The chief's weights: heads that were fitted on two machines may differ in the last digit."""
    flat = np.concatenate([array.ravel() for array in weights]).astype(np.float32)
    flat = np.frombuffer(workers.broadcast(flat.tobytes()), np.float32)
    ends = np.cumsum([array.size for array in weights])
    parts = np.split(flat, ends[:-1])
    return [part.reshape(array.shape) for part, array in zip(parts, weights, strict=True)]


def _settings(
    stage: str, training: Pictures, validation: Pictures, plan: Plan, seed: int, start: Arrays
) -> dict[str, Any]:
    """Everything that decides the outcome, as plain JSON."""
    weights = [] if training.weights is None else [training.weights]
    digest = sha256(b"".join(array.tobytes() for array in (*start, training.targets, *weights)))
    return {
        **asdict(plan),
        "stage": stage,
        "seed": seed,
        "training": training.key,
        "validation": validation.key,
        "start": digest.hexdigest(),
    }


def _checkpoint(run_dir: Path, settings: dict[str, Any], resume: bool, workers: Workers) -> Checkpoint:
    path = run_dir / CHECKPOINT
    if not resume:
        if workers.chief:
            run_dir.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
        return Checkpoint(settings)
    checkpoint = load_checkpoint(path) if workers.chief else Checkpoint({})
    if workers.count > 1:
        # The others may be on machines that do not see the chief's disk.
        data = workers.broadcast(path.read_bytes() if workers.chief else b"")
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / CHECKPOINT
            copy.write_bytes(data)
            checkpoint = load_checkpoint(copy)
    changed = [key for key, value in settings.items() if checkpoint.settings.get(key) != value]
    if changed:
        was = "; ".join(f"{key} was {json.dumps(checkpoint.settings.get(key))}" for key in changed)
        raise TrainingError(
            f"The fine-tuning in {run_dir} was started in another way: {was}.",
            expected="the same data and settings",
            fix="Give the same ones, or start anew without --resume.",
        )
    return checkpoint


def _maps(
    front: Any, stage: str, name: str, pictures: Pictures, folder: Path, workers: Workers, shown: Display
) -> StageMaps:
    digest = sha256(pictures.key.encode())
    for array in front.get_weights():
        digest.update(array.tobytes())
    of = f"-{workers.index}of{workers.count}" if workers.count > 1 else ""
    path = folder / f"{digest.hexdigest()[:16]}-{stage}{of}-v{VERSION}.maps"
    return stage_maps(front, pictures, workers.shard(len(pictures)), path, partial(shown.preparing, name))


@dataclass(frozen=True)
class _Part:
    """One part's pictures, of which this worker has its share."""

    pictures: Pictures
    workers: Workers
    maps: StageMaps

    def mine(self, rows: Integers) -> npt.NDArray[np.bool_]:
        """Which of some pictures this worker has."""
        return np.asarray(rows % self.workers.count == self.workers.index)

    def read(self, rows: Integers, views: Integers) -> npt.NDArray[np.float16]:
        """float16 [len(rows), h, w, c]; all the rows must be this worker's."""
        return self.maps.read(rows // self.workers.count, views)

    def weights(self) -> Floats:
        given = self.pictures.weights
        return np.ones(len(self.pictures), np.float32) if given is None else given


def _optimizer(plan: Plan, steps: int) -> Any:
    warm_up = max(1, int(plan.warm_up * steps))
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm_up), warmup_target=plan.learning_rate, warmup_steps=warm_up
    )
    return keras.optimizers.AdamW(schedule, weight_decay=plan.weight_decay)


def _step(network: Any, optimizer: Any, workers: Workers) -> Any:
    """One step on this worker's part of a batch: its maps, targets and shares in the loss.

    Returns:
        A function that gives float32 [2]: the loss, and the share of right answers, of the whole batch.
    """
    strategy, variables = workers.strategy, network.trainable_variables
    shapes = (None, *network.input.shape[1:]), (None, network.output.shape[-1]), (None,)
    kinds = zip(shapes, (tf.float16, tf.float32, tf.float32), strict=True)

    def on_device(maps: Any, targets: Any, shares: Any) -> Any:
        number = tf.distribute.get_replica_context().replica_id_in_sync_group % workers.devices
        maps, targets, shares = (part[number :: workers.devices] for part in (maps, targets, shares))
        with tf.GradientTape() as tape:
            # Not in training mode: that would move what BatchNormalization has learned.
            logits = network(tf.cast(maps, tf.float32), training=False)
            loss = tf.reduce_sum(shares * tf.nn.softmax_cross_entropy_with_logits(targets, logits))
        # The optimizer adds up the gradients of all devices and workers.
        optimizer.apply(tape.gradient(loss, [each.value for each in variables]), variables)
        right = tf.argmax(logits, axis=1) == tf.argmax(targets, axis=1)
        return tf.stack([loss, tf.reduce_sum(shares * tf.cast(right, tf.float32))])

    @tf.function(input_signature=[tf.TensorSpec(shape, kind) for shape, kind in kinds])  # type: ignore[untyped-decorator]
    def step(maps: Any, targets: Any, shares: Any) -> Any:
        parts = strategy.run(on_device, args=(maps, targets, shares))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, parts, axis=None)

    return step


def _judge(network: Any) -> Any:
    """A function from float16 maps to float32 logits."""

    @tf.function(input_signature=[tf.TensorSpec((None, *network.input.shape[1:]), tf.float16)])  # type: ignore[untyped-decorator]
    def judge(maps: Any) -> Any:
        return network(tf.cast(maps, tf.float32), training=False)

    return judge


def _trained(
    step: Any, part: _Part, workers: Workers, plan: Plan, seed: tuple[int, int], told: Callable[..., None]
) -> dict[str, float]:
    """One epoch. The batches depend on the seed alone, however many workers share them."""
    count, batch_size = len(part.pictures), min(plan.batch_size, len(part.pictures))
    draw = np.random.default_rng(seed)
    order, views = draw.permutation(count), draw.integers(0, part.pictures.views, count)
    targets, weights = _smoothed(part.pictures.targets, plan.label_smoothing), part.weights()
    steps = -(-count // batch_size)
    sums = np.zeros(2)
    for number in range(steps):
        # A last, smaller batch would be noisier than the rest; it is filled up from the epoch's start.
        rows = np.take(order, np.arange(number * batch_size, (number + 1) * batch_size), mode="wrap")
        shares = weights[rows] / max(float(weights[rows].sum()), 1e-12)
        mine = part.mine(rows)
        rows, shares = rows[mine], shares[mine]
        while len(rows) < workers.devices:
            # Every device takes part in every step, if with a picture that does not count.
            rows, shares = np.append(rows, workers.index), np.append(shares, np.float32(0))
        sums += step(part.read(rows, views[rows]), targets[rows], shares).numpy()
        told(number + 1, steps, *(sums / (number + 1)))
    loss, accuracy = sums / steps
    return {"loss": float(loss), "accuracy": float(accuracy)}


def _smoothed(targets: Floats, smoothing: float) -> Floats:
    """Label smoothing (Szegedy et al., Rethinking the Inception architecture, 2016)."""
    return np.asarray(targets + smoothing * (targets.mean(1, keepdims=True) - targets), np.float32)


def _validated(judge: Any, part: _Part, workers: Workers) -> dict[str, float]:
    rows = workers.shard(len(part.pictures))
    logits = np.zeros((len(rows), part.pictures.targets.shape[1]), np.float32)
    for start in range(0, len(rows), VALIDATED):
        chosen = rows[start : start + VALIDATED]
        logits[start : start + len(chosen)] = judge(part.read(chosen, np.zeros_like(chosen)))
    logits, truth = workers.gather(logits, len(part.pictures)), part.pictures.targets.argmax(1)
    # At the best temperature: the finished model gets its own, so an epoch is no better for being surer.
    loss = negative_log_likelihood(logits, truth, fit_temperature(logits, truth))
    return {"val_loss": loss, "val_accuracy": float((logits.argmax(1) == truth).mean())}


def _note(
    checkpoint: Checkpoint, row: dict[str, float], before: dict[str, float], network: Any, optimizer: Any
) -> None:
    """Takes an epoch into the checkpoint, as the best one where it is."""
    best = min([before["val_loss"], *(earlier["val_loss"] for earlier in checkpoint.history)])
    checkpoint.history.append(row)
    checkpoint.weights = network.get_weights()
    checkpoint.optimizer = [keras.ops.convert_to_numpy(variable) for variable in optimizer.variables]
    if row["val_loss"] < best:
        checkpoint.best_weights, checkpoint.best_epoch = checkpoint.weights, len(checkpoint.history)


def _finished(checkpoint: Checkpoint, plan: Plan) -> bool:
    done = len(checkpoint.history)
    return done >= plan.epochs or done - checkpoint.best_epoch >= plan.patience > 0


def _restore(network: Any, optimizer: Any, checkpoint: Checkpoint) -> None:
    if not checkpoint.history:
        return
    network.set_weights(checkpoint.weights)
    for variable, value in zip(optimizer.variables, checkpoint.optimizer, strict=True):
        variable.assign(value)
