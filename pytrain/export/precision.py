"""Smaller weights, and what they cost: answers of the rounded network, held against those of float32.

TensorFlow.js stores a weight as float32, float16, or as uint8 with one scale and one least value for the
whole array. 256 steps are plenty for an array whose channels are of one size, and far too few for a channel
that is much smaller than its neighbours, as folding BatchNormalization makes them, above all in depthwise
kernels. There is no scale per channel in TensorFlow.js, so such an array stays float16 in a uint8 bundle.
Biases and other small arrays stay float32: they weigh next to nothing and reach into every pixel.

The same problem is described by Nagel and others, Data-free quantization through weight equalization and bias
correction (2019).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.bundle import KNOWN, MASK
from pytrain.errors import ExportError
from pytrain.export.answers import NEVER, Answers, Threshold, joined
from pytrain.export.evaluate import BATCH, Evaluator
from pytrain.export.network import Array, Network, Node
from pytrain.export.source.check_images import ENOUGH
from pytrain.export.writing.stored import stored_weights
from pytrain.export.writing.weights import as_stored

DTYPES = ("uint8", "float16", "float32")
"""From the smallest to the exact one."""

AGREEMENT = 0.995
"""Share of images whose answer must stay the same."""

MAX_CHANGE = 0.1
"""No probability may change by more where nobody asked for small weights: people see a bar jump so far."""

SMALL = 1024
"""Arrays with fewer numbers stay float32."""

STEPS_PER_CHANNEL = 32
"""Of the 256 steps of an array, each of its output channels must span at least so many."""

FLOAT16_MAX = 65504.0


@dataclass(frozen=True)
class Agreement:
    """How the answers with smaller weights compare to those of float32.

    Attributes:
        images: how many were looked at.
        top1: share of them whose most probable class stayed the same.
        answers: the same with `unknown`, the answer below the threshold, counted as an answer.
        max_change: greatest change of any probability.
        known_change: greatest change of the score `known`; None where the model has none.
    """

    images: int
    top1: float
    answers: float
    max_change: float
    known_change: float | None = None

    @property
    def passes(self) -> bool:
        return min(self.top1, self.answers) >= AGREEMENT

    def as_json(self) -> dict[str, Any]:
        shares = {"top1": self.top1, "answers": self.answers, "max_change": self.max_change}
        if self.known_change is not None:
            shares["known_change"] = self.known_change
        return {"images": self.images, **shares, "against": "float32"}

    def line(self) -> str:
        same = round(min(self.top1, self.answers) * self.images)
        return (
            f"same answer for {same:,} of {self.images:,} images ({same / self.images:.1%}), "
            f"greatest change of a probability {self.max_change:.2g}"
        )


def plan(network: Network, dtype: str) -> dict[str, str]:
    """The dtype of each weight that is not float32, by its full name, if the bundle shall be `dtype`."""
    plans: dict[str, str] = {}
    if dtype == "float32":
        return plans
    stored = stored_weights(network)
    for node in network.nodes:
        for name, values in stored[node.name].weights.items():
            if values.size < SMALL or values.ndim < 2 or np.abs(values).max() > FLOAT16_MAX:
                continue
            # What is stored in another form than the node has it (a scale, PReLU's alpha) is a small array in
            # spirit, and rounding it could not be measured by rounding the node's own.
            if not any(values is own for own in node.weights.values()):
                continue
            fine = dtype == "uint8" and fits_uint8(values, _channel_axes(node, name))
            plans[stored[node.name].full_name(name)] = "uint8" if fine else "float16"
    return plans


def fits_uint8(values: Array, axes: tuple[int, ...]) -> bool:
    """Whether the steps of uint8 are fine enough for each channel.

    Args:
        values: a kernel.
        axes: those that count the output channels.
    """
    others = tuple(axis for axis in range(values.ndim) if axis not in axes)
    widest = float(values.max() - values.min())
    spans = (values.max(axis=others) - values.min(axis=others)) if others else np.abs(values)
    # A channel of zeros (a dead filter) loses nothing.
    alive = spans[np.abs(values).max(axis=others) > 0] if others else spans
    return widest == 0 or bool((alive * 255 >= STEPS_PER_CHANNEL * widest).all())


def _channel_axes(node: Node, weight: str) -> tuple[int, ...]:
    if weight == "depthwise_kernel":
        return (2, 3)
    return (2,) if node.kind == "conv2d_transpose" else (node.weights[weight].ndim - 1,)


def with_stored_weights(network: Network, dtypes: Mapping[str, str]) -> Network:
    """The network with the weights that TensorFlow.js will compute from what is stored."""
    stored = stored_weights(network)
    rounded: dict[int, Array] = {}
    for entry in stored.values():
        for name, values in entry.weights.items():
            dtype = dtypes.get(entry.full_name(name), "float32")
            if dtype != "float32":
                rounded[id(values)] = as_stored(values, dtype)
    nodes = [
        replace(node, weights={name: rounded.get(id(own), own) for name, own in node.weights.items()})
        for node in network.nodes
    ]
    return Network(nodes, network.outputs)


def evaluator(network: Network) -> Evaluator:
    """For what is compared: the first output of a network, `known` and `mask`."""
    return Evaluator(network, [*list(network.outputs)[:1], KNOWN, MASK])


def answers(run: Evaluator, network: Network, inputs: npt.NDArray[np.float32]) -> Answers:
    """What the weights of a network answer to float32 [images, 224, 224, 3]."""
    return Answers.among(run(network, inputs), next(iter(network.outputs)))


def compare(exact: Answers, rounded: Answers, threshold: Threshold = NEVER) -> Agreement:
    """Holds the answers of smaller weights against those of float32."""
    same = exact.probabilities.argmax(axis=1) == rounded.probabilities.argmax(axis=1)
    known, still_known = threshold.knows(exact), threshold.knows(rounded)
    kept = (known == still_known) & (same | ~known)
    return Agreement(
        len(same),
        float(same.mean()),
        float(kept.mean()),
        float(np.abs(exact.probabilities - rounded.probabilities).max()),
        None if exact.known is None else rounded.known_change_from(exact),
    )


@dataclass(frozen=True)
class Choice:
    """How the weights will be stored.

    Attributes:
        dtype: "float32", "float16" or "uint8": the smallest that is in use.
        dtypes: of each weight that is not float32, by full name.
        agreement: what it costs; None for float32, and where nobody could measure.
    """

    dtype: str
    dtypes: Mapping[str, str]
    agreement: Agreement | None = None


EXACT = Choice("float32", {})


def choose(
    network: Network,
    wanted: str,
    inputs: npt.NDArray[np.float32] | None,
    *,
    threshold: Threshold = NEVER,
    accept_loss: bool = False,
    run: Evaluator | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Choice:
    """Decides how to store a network's weights.

    Args:
        network: simplified, with the output that gives the probabilities first.
        wanted: "auto" for the smallest that passes, or a dtype.
        inputs: check images, float32 [images, 224, 224, 3], or None.
        threshold: when the answer is `unknown`.
        accept_loss: take what was wanted whatever it costs.
        run: what runs the network, where it was compiled already.
        say: takes a line for each dtype that was measured.

    Raises:
        ExportError: a smaller dtype was wanted and fails, or cannot be measured.
    """
    if wanted not in ("auto", *DTYPES):
        raise ExportError(f"The weights {wanted!r} came.", expected=f"auto, {', '.join(reversed(DTYPES))}")
    if wanted == "float32":
        return EXACT
    enough = inputs is not None and len(inputs) >= ENOUGH
    if not enough and not (accept_loss and wanted != "auto"):
        return _without_images(wanted, 0 if inputs is None else len(inputs), say)
    run = run or evaluator(network)
    exact = None if inputs is None else answers(run, network, inputs)
    for dtype in ("uint8", "float16") if wanted == "auto" else (wanted,):
        dtypes = plan(network, dtype)
        if dtype not in dtypes.values():
            # Too small a network, or no array that bears it.
            say(f"  {dtype:<8} saves nothing here")
            continue
        if exact is None or inputs is None:
            return Choice(dtype, dtypes)
        smaller = with_stored_weights(network, dtypes)
        if wanted == "auto":
            # One that is out after a few images need not see the others.
            agreement = next(
                found
                for found in _growing(run, smaller, inputs, exact, threshold)
                if found.images == len(inputs) or not _can_pass(found, len(inputs))
            )
        else:
            agreement = compare(exact, answers(run, smaller, inputs), threshold)
        say(f"  {dtype:<8} {agreement.line()}")
        if wanted == "auto" and not _can_pass(agreement, len(inputs)):
            continue
        if not agreement.passes and not accept_loss:
            raise _too_lossy(dtype, agreement)
        return Choice(dtype, dtypes, agreement)
    return EXACT


def _growing(
    run: Evaluator, network: Network, inputs: npt.NDArray[np.float32], exact: Answers, threshold: Threshold
) -> Iterator[Agreement]:
    """How smaller weights compare on the first images, then on ever more, at last on all."""
    parts: list[Answers] = []
    for start in range(0, len(inputs), BATCH):
        parts.append(answers(run, network, inputs[start : start + BATCH]))
        rounded = joined(parts)
        yield compare(exact.first(len(rounded.probabilities)), rounded, threshold)


def _can_pass(so_far: Agreement, images: int) -> bool:
    """Whether smaller weights that nobody asked for can be taken, if all the images to come agree."""
    lost = round((1 - min(so_far.top1, so_far.answers)) * so_far.images)
    return 1 - lost / images >= AGREEMENT and so_far.max_change <= MAX_CHANGE


def _without_images(wanted: str, images: int, say: Callable[[str], None]) -> Choice:
    came = f"{images} check images tell too little" if images else "No check images came"
    if wanted != "auto":
        raise ExportError(
            f"{came}, so nobody knows what {wanted} weights would cost.",
            expected=f"at least {ENOUGH} images like those that the model will see",
            fix="Add --check with a folder of them (in Python: check=...), or --accept-loss.",
        )
    say(f"  {came}, so the weights stay float32; with --check FOLDER they may become smaller")
    return EXACT


def _too_lossy(dtype: str, agreement: Agreement) -> ExportError:
    return ExportError(
        f"With {dtype} weights the model gives the {agreement.line()}.",
        expected=f"the same answer for at least {AGREEMENT:.1%} of the images",
        fix="Leave --weights out to get the smallest that passes, or add --accept-loss to take it anyway.",
    )
