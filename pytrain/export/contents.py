"""Writes what a bundle holds, and says about it what metadata.json keeps."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import pytrain
from pytrain import bundle
from pytrain.errors import ExportError
from pytrain.export.answers import Answers, is_mask
from pytrain.export.golden import Golden, write_answers, write_frames
from pytrain.image import SIZE

if TYPE_CHECKING:
    from pytrain.export.precision import Choice
    from pytrain.export.prepare import Adapted, Topologies
    from pytrain.export.source.load import Source

INPUT_CONTRACT = {
    "shape": [SIZE, SIZE, 3],
    "range": [-1, 1],
    "colour": "RGB",
    "crop": "centre square",
    "resize": "bilinear, half-pixel centres, no antialias",
}


@dataclass(frozen=True)
class Facts:
    """What a bundle says about how its model was made; every part may stay empty.

    Attributes:
        calibration: `temperature` (already folded into the weights), `unknown_threshold`, and the `score`
            that it is held against: "max_probability" or "known", the model's output of that name.
        metrics: accuracy and the like, per test set.
        dataset: name and fingerprint of the training images.
        training: the resolved settings.
        drawing: how a drawing has to be prepared for it, one of `bundle.DRAWINGS`; "" for as it is.
    """

    calibration: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    dataset: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    drawing: str = ""

    @classmethod
    def of(cls, block: Mapping[str, Any]) -> Facts:
        """What the `pytrain` block of an earlier export says."""
        parts = ("calibration", "metrics", "dataset", "training")
        drawing = str(block.get(bundle.DRAWING, ""))
        return cls(**{part: dict(block.get(part, {})) for part in parts}, drawing=drawing)


def write_contents(
    folder: Path,
    found: Adapted,
    written: Topologies,
    choice: Choice,
    golden: Sequence[Golden],
    source: Source,
    facts: Facts,
    labels: Sequence[str],
) -> dict[str, Any]:
    """Writes the topologies, the weights and the golden frames into an empty folder.

    Returns:
        What metadata.json says of them in its `pytrain` block.

    Raises:
        ExportError: the model gives no probabilities, or was read wrongly.
    """
    from pytrain.export.writing.weights import write_manifests

    size = write_manifests(folder, written.layers, written.graph, choice.dtypes)
    inputs = write_frames(folder, golden)
    outputs = _outputs(written.graph.json["signature"]["outputs"], labels)
    # The official converter carries the probabilities alone.
    exact = found.answers(inputs).of(outputs)
    if written.network is not None and choice.dtypes:
        stored = _stored_answers(written, choice, inputs, exact)
        write_answers(folder, golden, stored, float32=exact)
    else:
        write_answers(folder, golden, exact, float32=None)
    weights: dict[str, Any] = {"dtype": choice.dtype, "bytes": size, "parameters": written.parameters}
    if choice.agreement is not None:
        weights["agreement"] = choice.agreement.as_json()
    formats: dict[str, Any] = {"layers": written.layers is not None, "graph": True}
    if written.why is not None:
        formats["why"] = written.why
    return {
        "formats": formats,
        "outputs": outputs,
        "golden": len(golden),
        "calibration": dict(facts.calibration),
        "metrics": dict(facts.metrics),
        "weights": weights,
        "source": _source(source, found),
        "dataset": dict(facts.dataset),
        "training": dict(facts.training),
        **({bundle.DRAWING: facts.drawing} if facts.drawing else {}),
        "verification": {"checked": False, "why": "not asked for"},
    }


def _stored_answers(
    written: Topologies, choice: Choice, inputs: npt.NDArray[np.float32], exact: Answers
) -> Answers:
    """What the stored weights answer; TensorFlow.js is compared with that, so Keras is compared here."""
    from pytrain.export.precision import answers, with_stored_weights
    from pytrain.export.verify import TOLERANCE

    assert written.network is not None
    difference = answers(written.evaluator, written.network, inputs).change_from(exact)
    if not difference <= TOLERANCE:
        raise ExportError(
            f"An answer of the network that was read is {difference:.2g} off Keras's.",
            expected=f"at most {TOLERANCE:g}",
            fix="Please report this model: a layer is not read as Keras means it.",
        )
    return answers(written.evaluator, with_stored_weights(written.network, choice.dtypes), inputs)


def _outputs(signature: Mapping[str, Any], labels: Sequence[str]) -> dict[str, Any]:
    """The graph's outputs in short: sizes by name, the probabilities in words."""
    shapes = {
        name: [int(side["size"]) for side in entry["tensorShape"]["dim"][1:]]
        for name, entry in signature.items()
    }
    outputs: dict[str, Any] = {**shapes, "probabilities": "softmax, one for each label"}
    if bundle.KNOWN in shapes:
        outputs[bundle.KNOWN] = "0 to 1: how surely a picture shows one of the labels at all"
    if "embedding" in shapes:
        (outputs["embedding"],) = shapes["embedding"]
    if "class_activation" in shapes:
        outputs["class_activation"] = shapes["class_activation"][:2]
    mask = shapes.get(bundle.MASK, [])
    if is_mask(mask, len(labels)):
        outputs[bundle.MASK] = {"side": mask[0], "labels": [bundle.BACKGROUND, *labels]}
    return outputs


def _source(source: Source, found: Adapted) -> dict[str, Any]:
    former = source.bundle.metadata["pytrain"].get("source") if source.bundle else None
    name = source.path.name if source.path is not None else None
    return dict(former) if former else {"file": name, **found.lens.as_json()}


def write_metadata(folder: Path, name: str, labels: Sequence[str], block: Mapping[str, Any]) -> None:
    """Writes metadata.json: Teachable Machine's keys, and ours in one block."""
    from pytrain.export.writing.layers_model import TFJS_VERSION

    packages = ("keras", "numpy", "pillow", "tensorflow")
    versions = {package: version(package) for package in packages}
    content = {
        "tfjsVersion": TFJS_VERSION,
        "packageName": "pytrain",
        "packageVersion": pytrain.__version__,
        "timeStamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "modelName": name,
        "userMetadata": {},
        "labels": list(labels),
        "imageSize": SIZE,
        "pytrain": {"schema": bundle.SCHEMA, "input": INPUT_CONTRACT, **block, "versions": versions},
    }
    bundle.write_json(folder / bundle.METADATA, content)


def keep_keras(source: Source, model: Any, path: Path) -> None:
    """Puts the Keras model into a bundle: a copy of its own file where that is the same and nothing more.

    A SavedModel has none: Keras cannot save the layer around it.
    """
    if source.saved_model is not None:
        return
    if model is source.model and source.bare is not None:
        shutil.copyfile(source.bare, path)
    else:
        save_keras(model, path)


def save_keras(model: Any, path: Path) -> None:
    """Saves a model without its optimizer, which would triple the file, and packed."""
    from pytrain.model.backend import keras
    from pytrain.model.files import save_model

    if any(getattr(part, "optimizer", None) is not None for part in model._flatten_layers()):
        fresh = keras.models.clone_model(model)
        fresh.set_weights(model.get_weights())
        model = fresh
    stored = path.with_suffix(".stored.keras")
    save_model(model, stored)
    # A .keras file is a zip that Keras leaves unpacked; a tenth of it is air.
    with (
        zipfile.ZipFile(stored) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed,
    ):
        for name in source.namelist():
            with source.open(name) as read, packed.open(name, "w") as written:
                shutil.copyfileobj(read, written)
    stored.unlink()


def carry_report(former: Path, folder: Path) -> None:
    """Takes the report of an earlier export along: it is about the same model."""
    report = (former / bundle.REPORT).parent
    if report.is_dir():
        shutil.copytree(report, folder / report.name)
