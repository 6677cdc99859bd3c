"""From a trained Keras model to a bundle that the browser opens."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

import pytrain
from pytrain import bundle
from pytrain.bundle import Bundle
from pytrain.errors import BrowserError, ExportError
from pytrain.image import SIZE, Frame, read_image, to_input

if TYPE_CHECKING:
    from pytrain.export.verify import Verification

GOLDEN_SIZE = (160, 120)
"""Width and height of golden frames: 4:3 like a webcam's, and small enough to ship."""

GOLDEN_FRAMES = 8

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
        calibration: `temperature` (already folded into the weights), `unknown_threshold`, `score`.
        metrics: accuracy and the like, per test set.
        dataset: name and fingerprint of the training images.
        training: the resolved settings.
    """

    calibration: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    dataset: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)


def export(
    model: Any,
    out: Path | str,
    *,
    labels: Sequence[str],
    golden: Sequence[tuple[Frame, str]] = (),
    facts: Facts | None = None,
    check: bool = True,
    finish: Callable[[Path, Verification | None], None] | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Bundle:
    """Writes `model` as a bundle, proves it in TensorFlow.js, and puts it in place of the former one.

    Args:
        model: a built Keras model, float32 [batch, 224, 224, 3] in [-1, 1] to float32 [batch, len(labels)].
        out: the bundle's folder, usually `exported_models/<name>`.
        labels: class names in the order of the model's outputs.
        golden: (uint8 [height, width, 3] frame, label) pairs to prove the export with; 8 are kept.
        facts: what metadata.json says of calibration, metrics, data and training.
        check: compare with TensorFlow.js first, where a browser or Node.js is there.
        finish: called with the new folder and the comparison's result before it is put in place.
        say: takes lines about what happens.

    Returns:
        The bundle as read back from disk.

    Raises:
        ExportError: the layers, input, output or labels cannot be exported, or TensorFlow.js disagrees.
        BundleError: `out` holds something else, or the disk refused.
    """
    from pytrain.export.verify import verify

    target = Path(out)
    labels = _check_labels(model, labels)
    with bundle.replacing(target) as folder:
        write_bundle(folder, model, name=target.name, labels=labels, golden=golden, facts=facts or Facts())
        verification = None
        record: dict[str, Any] = {"checked": False, "why": "not asked for"}
        if check and golden:
            try:
                verification = verify(folder)
                verification.require()
                record = verification.as_json()
                for line in verification.lines():
                    say(line)
            except BrowserError as error:
                say(f"Not compared with TensorFlow.js: {error}")
                record["why"] = error.what
        _record_verification(folder, record)
        if finish is not None:
            finish(folder, verification)
    return bundle.read(target)


def write_bundle(
    folder: Path,
    model: Any,
    *,
    name: str,
    labels: Sequence[str],
    golden: Sequence[tuple[Frame, str]],
    facts: Facts,
) -> None:
    """Writes all files of a bundle but its report into an empty folder."""
    from pytrain.export.fold import read_network, simplify
    from pytrain.export.layers_model import TFJS_VERSION, write_layers_model

    network = simplify(read_network(model))
    if network.input_shape[1:] != (SIZE, SIZE, 3):
        raise ExportError(
            f"The model takes {list(network.input_shape)}.",
            expected=f"[batch, {SIZE}, {SIZE}, 3], RGB in [-1, 1]",
            fix="Put a lens of pooling layers in front; pytrain.model.lens has one.",
        )
    write_layers_model(folder, network)
    _save_keras(model, folder / bundle.KERAS_MODEL)
    _write_golden(folder, model, golden[:GOLDEN_FRAMES])
    parameters = sum(int(values.size) for layer in network.layers for values in layer.weights.values())
    block = {
        "schema": bundle.SCHEMA,
        "input": INPUT_CONTRACT,
        "outputs": {"probabilities": "softmax of the calibrated logits"},
        "calibration": dict(facts.calibration),
        "metrics": dict(facts.metrics),
        "weights": {"dtype": "float32", "bytes": 4 * parameters, "parameters": parameters},
        "dataset": dict(facts.dataset),
        "training": dict(facts.training),
        "versions": {package: version(package) for package in ("keras", "numpy", "pillow", "tensorflow")},
        "verification": {"checked": False, "why": "not asked for"},
    }
    metadata = {
        "tfjsVersion": TFJS_VERSION,
        "packageName": "pytrain",
        "packageVersion": pytrain.__version__,
        "timeStamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "modelName": name,
        "userMetadata": {},
        "labels": list(labels),
        "imageSize": SIZE,
        "pytrain": block,
    }
    bundle.write_json(folder / bundle.METADATA, metadata)


def _check_labels(model: Any, labels: Sequence[str]) -> list[str]:
    names = [str(label) for label in labels]
    if len(model.outputs) != 1 or len(model.outputs[0].shape) != 2:
        raise ExportError(
            f"The model gives {[list(output.shape) for output in model.outputs]}.",
            expected="one output [batch, classes]",
            fix="End the model with a Dense layer and softmax.",
        )
    classes = model.outputs[0].shape[1]
    if len(names) != classes:
        raise ExportError(
            f"{len(names)} labels came: {', '.join(names)}.",
            expected=f"{classes}, one for each output of the model",
            fix="Give the labels in the order of the classes in training.",
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ExportError(f"The label {twice[0]!r} came twice.", fix="Give every class a name of its own.")
    return names


def _save_keras(model: Any, path: Path) -> None:
    """Saves the model without its optimizer, which would triple the file, and packed."""
    from pytrain.model.backend import keras

    fresh = keras.models.clone_model(model)
    fresh.set_weights(model.get_weights())
    stored = path.with_suffix(".stored.keras")
    fresh.save(stored)
    # A .keras file is a zip that Keras leaves unpacked; a quarter of it is air.
    with zipfile.ZipFile(stored) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in source.namelist():
            packed.writestr(name, source.read(name))
    stored.unlink()


def _write_golden(folder: Path, model: Any, golden: Sequence[tuple[Frame, str]]) -> None:
    if not golden:
        return
    (folder / bundle.GOLDEN).parent.mkdir(parents=True)
    entries: list[dict[str, Any]] = []
    for number, (frame, label) in enumerate(golden):
        file = (folder / bundle.GOLDEN).parent / f"{number:02}.png"
        picture = Image.fromarray(frame).resize(GOLDEN_SIZE, Image.Resampling.LANCZOS)
        data = io.BytesIO()
        picture.save(data, "PNG", optimize=True)
        file.write_bytes(data.getvalue())
        entries.append({"file": file.name, "label": label})
    inputs = np.stack([to_input(read_image(folder / "golden" / entry["file"])) for entry in entries])
    probabilities = np.asarray(model(inputs, training=False), dtype=np.float64)
    for entry, row in zip(entries, probabilities, strict=True):
        entry["probabilities"] = [float(value) for value in row]
    bundle.write_json(folder / bundle.GOLDEN, {"schema": bundle.SCHEMA, "frames": entries})


def _record_verification(folder: Path, record: Mapping[str, Any]) -> None:
    metadata = json.loads((folder / bundle.METADATA).read_text(encoding="utf-8"))
    metadata["pytrain"]["verification"] = dict(record)
    bundle.write_json(folder / bundle.METADATA, metadata)
