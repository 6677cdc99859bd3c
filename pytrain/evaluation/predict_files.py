"""Says what is in pictures: files, folders and patterns in, the most probable labels of each out."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pytrain.bundle import KNOWN, UNKNOWN
from pytrain.dataset.image_folder import why_not
from pytrain.dataset.pictures import shown
from pytrain.errors import DataError
from pytrain.evaluation.classifier import Classifier, imagenet_classifier, open_classifier
from pytrain.evaluation.find_pictures import Given, Say, find_pictures
from pytrain.image import KINDS, Frame, Input, read_image, to_input
from pytrain.model.backbones import DEFAULT

IMAGENET = "imagenet"
"""Given instead of a model: the 1,000 classes that the backbones were trained on."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A label and its probability, 0 to 1."""

    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of one picture.

    Attributes:
        path: of the file; None where pixels were given.
        guesses: the most probable labels, best first.
        unknown: the model is too unsure; the page would answer `unknown`.
        known: 0 to 1, how surely it is of one of the classes at all; None where the model does not tell.
    """

    path: Path | None
    guesses: tuple[Guess, ...]
    unknown: bool
    known: float | None

    @property
    def label(self) -> str:
        """The most probable label, however sure."""
        return self.guesses[0].label

    @property
    def confidence(self) -> float:
        """Its probability, 0 to 1."""
        return self.guesses[0].confidence

    @property
    def answer(self) -> str:
        """What the page would say: the label, or `unknown`."""
        return UNKNOWN if self.unknown else self.label

    def as_json(self) -> dict[str, Any]:
        return {
            "path": None if self.path is None else str(self.path),
            "answer": self.answer,
            "unknown": self.unknown,
            "known": self.known,
            "label": self.label,
            "confidence": self.confidence,
            "guesses": [{"label": guess.label, "confidence": guess.confidence} for guess in self.guesses],
        }


def predict(
    model: Path | str,
    images: Given | Sequence[Given],
    top: int = 5,
    *,
    backbone: str = DEFAULT,
    say: Say | None = None,
) -> list[Prediction]:
    """Says what is in pictures.

    Args:
        model: an exported model's folder or name, or "imagenet" for a network as it was published.
        images: a file, a folder (with all in it), a pattern such as "photos/*.jpg", a frame as uint8
            [height, width, 3] RGB, or several of these.
        top: how many labels of each picture, at most.
        backbone: which network "imagenet" means.
        say: told of every file that was passed over; by default it is a warning.

    Returns:
        One for each picture that can be read, in order.

    Raises:
        DataError: there is no such file, or not one can be read.
        ModelError, BundleError: the model is missing or damaged.

    Example:
        >>> [first, *_] = pytrain.predict("exported_models/flowers", "photos/")
        >>> first.answer, first.confidence
    """
    several: Sequence[Given] = [images] if isinstance(images, Path | str | np.ndarray) else images
    say = say or _warn
    pictures = find_pictures(several, say)
    classifier = imagenet_classifier(backbone) if model == IMAGENET else open_classifier(model)
    return list(predictions(classifier, pictures, top, say))


def predictions(
    classifier: Classifier, pictures: Sequence[Path | Frame], top: int, say: Say
) -> Iterator[Prediction]:
    """The same one after the other, for any number of pictures.

    Raises:
        DataError: at the end, where not one could be read.
    """
    # Only now TensorFlow is needed; mistakes in names come out without the wait for it.
    from pytrain.evaluation.predict import stream

    count = 0
    for batch in stream(classifier.model, pictures, _input_of):
        for picture, error in batch.unreadable:
            say(f"Passed over {_named(picture, error)}")
        if batch.items:
            yield from _predictions_of(classifier, batch.items, batch.outputs, top)
        count += len(batch.items)
    if not count:
        raise DataError(
            "The picture cannot be read."
            if len(pictures) == 1
            else f"None of {len(pictures):,} pictures can be read.",
            expected=f"{KINDS} files",
            fix="Look at what was passed over, and why.",
        )


def _predictions_of(
    classifier: Classifier, items: Sequence[Path | Frame], outputs: dict[str, Any], top: int
) -> Iterator[Prediction]:
    probabilities = outputs["probabilities"]
    unknown = classifier.scores(outputs) < classifier.threshold
    known = outputs[KNOWN].reshape(-1) if KNOWN in outputs else None
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
    for place, item in enumerate(items):
        yield Prediction(
            item if isinstance(item, Path) else None,
            tuple(
                Guess(classifier.labels[number], float(probabilities[place, number]))
                for number in best[place]
            ),
            bool(unknown[place]),
            None if known is None else float(known[place]),
        )


def _input_of(picture: Path | Frame) -> Input:
    if not isinstance(picture, Path):
        return to_input(picture)
    if picture.exists() and not picture.is_file():
        # A pipe would be waited for without end.
        raise DataError(f"{picture} is a device or a pipe, not a file.")
    return to_input(read_image(picture))


def _named(picture: Path | Frame, error: DataError) -> str:
    return (
        f"{shown(picture)}: {why_not(error, picture)}"
        if isinstance(picture, Path)
        else f"a frame: {error.what}"
    )


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=3)
