"""A model ready to answer: a bundle's model.keras with labels and threshold, or an ImageNet network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain import bundle
from pytrain.bundle import KERAS_MODEL, KNOWN, METADATA, Bundle
from pytrain.errors import ModelError
from pytrain.model.from_page import is_from_page, rebuild
from pytrain.resources import shipped_models

Floats = npt.NDArray[np.float32]

MODELS = Path("exported_models")
"""Where a model given by its name alone is looked for, before those that came with pytrain."""


@dataclass(frozen=True)
class Classifier:
    """What answers.

    Attributes:
        name: for people.
        model: Keras model, float32 [batch, 224, 224, 3] in [-1, 1] to probabilities, and perhaps `known`.
        labels: of its classes, in the order of its outputs.
        threshold: below this score the answer is `unknown`; 0 means never.
        score: what the threshold is held against: "known" or "max_probability".
        fingerprints: of the data sets that it was trained on, as far as its metadata tells.
    """

    name: str
    model: Any
    labels: tuple[str, ...]
    threshold: float
    score: str
    fingerprints: frozenset[str]

    def scores(self, outputs: Mapping[str, Floats]) -> Floats:
        """float32 [pictures]: what the threshold is held against."""
        if self.score == KNOWN:
            return outputs[KNOWN].reshape(-1)
        highest: npt.NDArray[np.float32] = outputs["probabilities"].max(axis=1)
        return highest


def find_bundle(source: Path | str) -> Bundle:
    """The exported model that is meant, without loading its network.

    Args:
        source: its folder, its name below `exported_models`, or the model.keras in its folder.

    Raises:
        BundleError: the folder is no whole model.
        ModelError: there is no such model.
    """
    return bundle.read(_folder_of(Path(source)))


def open_classifier(source: Path | str) -> Classifier:
    """Loads an exported model, given as for `find_bundle`.

    Raises:
        BundleError: the folder is no whole model.
        ModelError: there is no such model, or it has no model.keras that can be loaded.
    """
    found = find_bundle(source)
    file = found.path / KERAS_MODEL
    if not file.is_file() and is_from_page(found):
        return _classifier(found, rebuild(found))
    if not file.is_file():
        raise ModelError(
            f"{found.path} has no {KERAS_MODEL}.",
            expected="a model that was exported with it: Python runs that file, browsers the others",
            fix="Copy the whole folder, or export the model again.",
        )
    # Only now, for TensorFlow comes with it.
    from pytrain.model.files import load_model

    try:
        model = load_model(file)
    except Exception as error:
        # Keras lets through whatever h5py, zipfile or a layer raise.
        raise ModelError(
            f"{file} cannot be loaded by Keras: {error}.", fix="Copy it or export the model again."
        ) from None
    _check_outputs(file, model, found)
    return _classifier(found, model)


def _classifier(found: Bundle, model: Any) -> Classifier:
    return Classifier(
        found.name, model, found.labels, found.unknown_threshold, found.score, _fingerprints(found)
    )


def imagenet_classifier(backbone: str) -> Classifier:
    """A backbone with the 1,000 classes of ImageNet; its answer is never `unknown`.

    Raises:
        ModelError: no such backbone, or its weights are neither here nor to be had.
    """
    from pytrain.model.backbones import load_classifier
    from pytrain.model.imagenet_names import imagenet_names

    names = imagenet_names()
    model = load_classifier(backbone)
    return Classifier(f"imagenet-{backbone}", model, names, 0.0, bundle.MAX_PROBABILITY, frozenset())


def _folder_of(source: Path) -> Path:
    if source.suffix == ".keras" and source.is_file():
        if (source.parent / METADATA).is_file() and source.name == KERAS_MODEL:
            return source.parent
        raise ModelError(
            f"{source} does not tell the names of its classes.",
            expected="an exported model's folder, which also holds labels and calibration",
            fix=f"Export it first: pytrain export {source} --labels a,b,c",
        )
    shipped = shipped_models()
    named = [MODELS / source, *(folder for folder in shipped if Path(folder.name) == source)]
    folders = [folder for folder in (source, *named) if folder.is_dir()]
    # The pictures that a model was trained on often lie in a folder of its name.
    models = [folder for folder in folders if (folder / METADATA).is_file()]
    found = next(iter([*models, *folders]), None)
    if found is None:
        there = sorted({entry.name for entry in bundle.listing([MODELS, *shipped])[0]})
        raise ModelError(
            f"There is no model {source}.",
            expected=f"an exported model's folder or name{', such as ' if there else ''}{', '.join(there)}",
            fix="Check the path, or train one with: pytrain train DIR",
        )
    return found


def _check_outputs(file: Path, model: Any, found: Bundle) -> None:
    given = (
        model.output
        if isinstance(model.output, dict)
        else dict(zip(model.output_names, model.outputs, strict=True))
    )
    shapes = {name: tuple(output.shape) for name, output in given.items()}
    again = "Export the model again; the two files are not of one export."
    if not any(shape[-1:] == (len(found.labels),) for shape in shapes.values()):
        raise ModelError(
            f"{file} gives {shapes}, and {METADATA} names {len(found.labels)} labels.",
            expected="one probability for each label",
            fix=again,
        )
    if found.score == KNOWN and KNOWN not in shapes:
        raise ModelError(
            f"{file} has no output {KNOWN!r}, by which {METADATA} tells what is unknown.",
            expected=f"the outputs {', '.join([*shapes, KNOWN])}",
            fix=again,
        )


def _fingerprints(found: Bundle) -> frozenset[str]:
    """The data set of the training may be one or several parts."""
    data = found.metadata["pytrain"].get("dataset") or {}
    parts = [data, *data.get("parts", [])] if isinstance(data, Mapping) else []
    given = [part.get("fingerprint") for part in parts if isinstance(part, Mapping)]
    return frozenset(str(fingerprint) for fingerprint in given if fingerprint)
