"""What can be exported: finds out what lies at a path, by its content, and opens it."""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytrain import bundle
from pytrain.bundle import Bundle
from pytrain.errors import ExportError, PytrainError
from pytrain.export.source.keras_files import CONFIG, check_unlocked, load_archive, load_hdf5
from pytrain.export.source.labels import read_labels
from pytrain.model.from_page import is_from_page, rebuild

KINDS = "a .keras or .h5 file of Keras, a SavedModel folder, or a model's folder of pytrain's own"

LABELS_FILE = "labels.txt"
"""What Teachable Machine calls its list of classes; looked for beside the model."""

CONTRACT_RANGE = "-1..1"

SIGNATURES: tuple[tuple[bytes, int, str], ...] = (
    (b"\x89HDF\r\n\x1a\n", 0, "hdf5"),
    (b"PK\x03\x04", 0, "zip"),
    (b"TFL3", 4, "a TensorFlow Lite model"),
    (b"\x89PNG", 0, "a PNG picture"),
    (b"\xff\xd8\xff", 0, "a JPEG picture"),
    (b"GIF8", 0, "a GIF picture"),
    (b"%PDF", 0, "a PDF document"),
    (b"\x1f\x8b", 0, "a gzip archive; unpack it first"),
)
"""First bytes of a file, where they stand, and what the file is."""


@dataclass(frozen=True)
class Source:
    """What was found at a path.

    Attributes:
        path: where it lies; None for a model in memory.
        model: the Keras model, or None for a SavedModel.
        saved_model: the SavedModel's folder, or None.
        labels: class names that came with it, or None.
        input_range: the pixel values it wants, where that is known; see adapt.RANGES.
        bundle: the bundle that it was taken from, or None.
        bare: the .keras file that holds `model` and nothing more, or None.
    """

    path: Path | None
    model: Any = None
    saved_model: Path | None = None
    labels: Sequence[str] | None = None
    input_range: str | None = None
    bundle: Bundle | None = None
    bare: Path | None = None


def load_source(path: Path) -> Source:
    """Opens a model. Nothing that lies in a file is ever run, and no file is changed.

    Args:
        path: a .keras file, an older .h5 file (Keras 2 and Teachable Machine's included), Teachable Machine's
            zip with one, a SavedModel folder, or a bundle.

    Returns:
        The model, and what came with it.

    Raises:
        ExportError: nothing is there, it is no model, it is damaged, or it holds code.
        BundleError: a bundle is damaged.
    """
    if not path.exists():
        raise ExportError(f"There is no model at {path}.", expected=KINDS, fix="Check the path.")
    if path.is_dir():
        return _folder(path)
    kind = _kind(path)
    if kind == "hdf5":
        model = load_hdf5(path)
        known = CONTRACT_RANGE if _is_teachable_machines(model) else None
        return Source(path, model, labels=_labels_beside(path), input_range=known or _beside_metadata(path))
    if kind == "zip":
        return _zip(path)
    raise ExportError(f"{path} is {kind}.", expected=KINDS, fix=_fix(kind))


def _folder(path: Path) -> Source:
    if (path / bundle.METADATA).is_file():
        found = bundle.read(path)
        file = path / bundle.KERAS_MODEL
        if not file.is_file() and is_from_page(found):
            return Source(path, rebuild(found), None, found.labels, CONTRACT_RANGE, found)
        if not file.is_file():
            raise ExportError(
                f"{path} carries no {bundle.KERAS_MODEL}.",
                expected="a model's folder with the Keras model in it",
                fix="Export the .keras file that it was made of.",
            )
        model, bare = load_archive(file)
        return Source(path, model, None, found.labels, CONTRACT_RANGE, found, file if bare else None)
    if (path / "saved_model.pb").is_file():
        return Source(path, saved_model=path, labels=_labels_beside(path / "saved_model.pb"))
    models = sorted(file for file in path.iterdir() if file.suffix in {".keras", ".h5", ".hdf5"})
    raise ExportError(
        f"The folder {path} holds no SavedModel and no model of pytrain's.",
        expected=KINDS,
        fix=f"Export the file in it: {models[0]}" if models else "Check the path.",
    )


def _zip(path: Path) -> Source:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            inside = [name for name in names if name.endswith((".h5", ".hdf5", ".keras"))]
            if CONFIG in names or len(inside) != 1:
                model, bare = load_archive(path)
                return Source(
                    path,
                    model,
                    labels=_labels_beside(path),
                    input_range=_beside_metadata(path),
                    bare=path if bare else None,
                )
            # Teachable Machine's download: keras_model.h5 and labels.txt.
            wanted = [*inside, *(name for name in names if Path(name).name == LABELS_FILE)]
            check_unlocked(archive, path, f"Unpack it, and export the file in it: {inside[0]}")
            # Only the last part of a name: an archive must not choose where it is unpacked.
            files = {Path(name).name: archive.read(name) for name in wanted}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ExportError(
            f"{path} is damaged: {error}.", fix="Copy or download it again; it may have been cut off."
        ) from None
    with tempfile.TemporaryDirectory(prefix="pytrain-") as scratch:
        for name, content in files.items():
            (Path(scratch) / name).write_bytes(content)
        try:
            found = load_source(Path(scratch) / Path(inside[0]).name)
        except PytrainError as error:
            # The user knows the archive, and not the folder that it was unpacked into.
            what, fix = (str(text or "").replace(scratch + os.sep, "") for text in (error.what, error.fix))
            raise ExportError(f"{path}: {what}", error.expected, fix or None) from None
    return Source(path, found.model, labels=found.labels, input_range=found.input_range)


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(16)
    for magic, offset, kind in SIGNATURES:
        if start[offset : offset + len(magic)] == magic:
            return kind
    if not start:
        return "empty (0 bytes)"
    if start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05":
        return "a Python pickle, which was not opened: it could run any program"
    if path.suffix == ".pb":
        return "a TensorFlow graph"
    if path.suffix == ".onnx":
        return "an ONNX model"
    if path.suffix == ".json":
        return "a JSON file"
    return "no model that is known"


def _fix(kind: str) -> str:
    if "pickle" in kind:
        return "Open it where it was made, if you trust it, and save it there: model.save('model.keras')."
    if kind == "a TensorFlow graph":
        return "Give the folder that it lies in, if that is a SavedModel."
    if kind in {"a TensorFlow Lite model", "an ONNX model", "a JSON file"}:
        return "Export the Keras model that it was made of: model.save('model.keras')."
    return "Check the path."


def _labels_beside(path: Path) -> Sequence[str] | None:
    file = path.parent / LABELS_FILE
    return read_labels(file) if file.is_file() else None


def _beside_metadata(path: Path) -> str | None:
    """A bundle's model.keras takes the contract's frames, whatever was trained inside it."""
    own = path.name == bundle.KERAS_MODEL and (path.parent / bundle.METADATA).is_file()
    return CONTRACT_RANGE if own else None


def _is_teachable_machines(model: Any) -> bool:
    """Teachable Machine's shape: a MobileNet with pooling, then a Dense head whose last layer has no bias."""
    parts = [type(layer).__name__ for layer in model.layers]
    if parts != ["Sequential", "Sequential"] or tuple(model.input_shape[1:]) != (224, 224, 3):
        return False
    body, head = model.layers
    return (
        [type(layer).__name__ for layer in body.layers] == ["Functional", "GlobalAveragePooling2D"]
        and [type(layer).__name__ for layer in head.layers] == ["Dense", "Dense"]
        and head.layers[-1].use_bias is False
    )
