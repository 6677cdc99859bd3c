"""What a model says of pictures: probabilities, how surely it knows them, and when that is too little."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.bundle import KNOWN, MASK, MAX_PROBABILITY
from pytrain.errors import ExportError

Floats = npt.NDArray[np.float32]

AT_ONCE = 2
"""Pictures in a batch. Run layer by layer, a network keeps what each has computed until the last is done:
70 MB for each picture in EfficientNet-Lite0."""

SUM_TOLERANCE = 1e-3
"""How far from 1 probabilities may add up, and how far `known` may lie outside 0 to 1: rounding."""


@dataclass(frozen=True)
class Answers:
    """What a model gives for some pictures.

    Attributes:
        probabilities: float32 [pictures, classes], rows of sum 1.
        known: float32 [pictures], 0 to 1: how surely each shows one of the classes at all; None where the
            model has no output `known`.
        mask: float32 [pictures, side, side, 1 + classes], 0 to 1: how much of each place the background and
            the classes have; None where the model has no such output.
    """

    probabilities: Floats
    known: Floats | None = None
    mask: Floats | None = None

    @classmethod
    def among(cls, outputs: Mapping[str, Floats], probabilities: str) -> Answers:
        """Those among a network's outputs; `probabilities` is the name of theirs."""
        first, known, mask = outputs[probabilities], outputs.get(KNOWN), outputs.get(MASK)
        return cls(
            first,
            None if known is None else known.reshape(-1),
            mask if mask is not None and is_mask(mask.shape[1:], first.shape[1]) else None,
        )

    def first(self, pictures: int) -> Answers:
        """Those to the first pictures."""
        others = (None if part is None else part[:pictures] for part in (self.known, self.mask))
        return Answers(self.probabilities[:pictures], *others)

    def of(self, outputs: Collection[str]) -> Answers:
        """Without what is none of these outputs."""
        return Answers(
            self.probabilities,
            self.known if KNOWN in outputs else None,
            self.mask if MASK in outputs else None,
        )

    def change_from(self, other: Answers) -> float:
        """The greatest difference of any number; infinite where one of the two has less to say."""
        if (self.known is None) != (other.known is None) or (self.mask is None) != (other.mask is None):
            return np.inf
        changes = [float(np.abs(self.probabilities - other.probabilities).max())]
        if self.known is not None:
            changes.append(self.known_change_from(other))
        if self.mask is not None and other.mask is not None:
            changes.append(float(np.abs(self.mask - other.mask).max()))
        return max(changes)

    def known_change_from(self, other: Answers) -> float:
        """The greatest difference of `known`, which both have."""
        assert self.known is not None
        assert other.known is not None
        return float(np.abs(self.known - other.known).max())


def joined(parts: Sequence[Answers]) -> Answers:
    """The answers to several lots of pictures as one."""
    known = [part.known for part in parts if part.known is not None]
    masks = [part.mask for part in parts if part.mask is not None]
    return Answers(
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate(known) if known else None,
        np.concatenate(masks) if masks else None,
    )


@dataclass(frozen=True)
class Threshold:
    """When the answer is `unknown`: where a score of the picture lies below a value.

    Attributes:
        value: 0 where the answer is never `unknown`.
        score: "max_probability", the greatest probability, or "known", the model's output of that name.
    """

    value: float = 0.0
    score: str = MAX_PROBABILITY

    @classmethod
    def of(cls, calibration: Mapping[str, Any]) -> Threshold:
        """What metadata.json's `calibration` says."""
        value, score = calibration.get("unknown_threshold", 0.0), calibration.get("score", MAX_PROBABILITY)
        return cls(float(value), str(score))

    def knows(self, answers: Answers) -> npt.NDArray[np.bool_]:
        """Which pictures are not answered with `unknown`: bool [pictures]."""
        score = answers.probabilities.max(axis=1)
        if self.score == KNOWN:
            assert answers.known is not None
            score = answers.known
        return np.asarray(score >= self.value)


NEVER = Threshold()
"""The answer is never `unknown`."""


def answers_of(model: Any, inputs: Floats, outputs: Sequence[str], *, together: bool = True) -> Answers:
    """What a Keras model gives for float32 [pictures, 224, 224, 3].

    Args:
        model: the probabilities first.
        inputs: the pictures.
        outputs: names of its outputs, in their order.
        together: several pictures in one batch; a SavedModel may take no more than one.

    Raises:
        ExportError: the probabilities are none, or `known` or a mask is not from 0 to 1.
    """
    size = AT_ONCE if together else 1
    batches = [inputs[start : start + size] for start in range(0, len(inputs), size)]
    given = [_listed(model(batch, training=False)) for batch in batches]
    values = {
        name: np.concatenate([np.asarray(one[place], np.float32) for one in given])
        for place, name in enumerate(outputs)
    }
    answers = Answers.among(values, outputs[0])
    probabilities, known, mask = answers.probabilities, answers.known, answers.mask
    if not all(np.isfinite(array).all() for array in (probabilities, known, mask) if array is not None):
        raise ExportError(
            "The model gives NaN or infinity.",
            expected="probabilities",
            fix="Check its weights and --input-range; train again with a lower learning rate.",
        )
    if probabilities.min() < 0 or np.abs(probabilities.sum(axis=1) - 1).max() > SUM_TOLERANCE:
        raise ExportError(
            f"The model gives {np.round(probabilities[0][:5], 3).tolist()} for a picture: no probabilities.",
            expected="numbers of at least 0 with the sum 1, as a softmax gives them",
            fix="If these are logits, add --logits (in Python: logits=True).",
        )
    if known is not None:
        _within(KNOWN, known, "how surely a picture shows one of the classes at all", "a sigmoid")
    if mask is not None:
        _within(MASK, mask, "how much of a place the background and each class have", "a softmax")
    return answers


def is_mask(shape: Sequence[int], classes: int) -> bool:
    """Whether an output of this shape, without the batch, can be a mask; models may call other things so."""
    return len(shape) == 3 and shape[0] == shape[1] and shape[2] == 1 + classes


def _within(output: str, values: Floats, meaning: str, end: str) -> None:
    if values.min() < -SUM_TOLERANCE or values.max() > 1 + SUM_TOLERANCE:
        raise ExportError(
            f"The output {output} gives {values.min():.3g} to {values.max():.3g}.",
            expected=f"0 to 1: {meaning}",
            fix=f"End it with {end}, or call the output something else.",
        )


def _listed(outputs: Any) -> list[Any]:
    if isinstance(outputs, dict):
        return list(outputs.values())
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]
