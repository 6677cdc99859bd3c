"""Opens Keras's own files (.keras, and the older .h5) without ever running code that lies in one."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytrain.errors import ExportError
from pytrain.export.source.keras2 import INERT, modernise

CONFIG = "config.json"
WEIGHTS = "model.weights.h5"

CODE = ("Lambda", "__lambda__", "TorchModuleWrapper", "TFSMLayer")
"""Classes that carry a program of their own, or name one: compiled Python, a pickle, a TensorFlow graph."""

ENCRYPTED = 1
"""The bit of a zip entry's flags that says that it needs a password."""

SHORT = 300
"""Characters of a message of Keras's that are passed on."""

WITHOUT_LAMBDA = "Build the same from Keras's own layers, copy the weights with set_weights, and export that."


def load_archive(path: Path) -> tuple[Any, bool]:
    """Reads a .keras file (a zip with config.json and weights).

    Returns:
        (the model, whether the file is the model as we read it and nothing more: no optimizer, which would
        triple it, and no settings that had to be translated).

    Raises:
        ExportError: it is damaged or locked, holds code or a class that is not Keras's, or Keras cannot build
            it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            check_unlocked(archive, path, "Save it again: model.save('model.keras').")
            if CONFIG not in names:
                raise ExportError(
                    f"{path} is a zip archive without {CONFIG}, and no Keras model.",
                    expected="a .keras file as model.save writes it",
                    fix="Unpack it, and export the .keras or .h5 file inside.",
                )
            config = json.loads(archive.read(CONFIG))
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        raise _damaged(path, error) from None
    if WEIGHTS not in names:
        # Keras's other form, .npz, may hold pickles.
        raise ExportError(
            f"{path} holds no {WEIGHTS}.",
            expected="a .keras file as model.save writes it",
            fix="Load it where it was made and save it again: model.save('model.keras').",
        )
    modern = _checked(config, path)
    bare = not config.get("compile_config") and _telling(modern) == _telling(config)
    with _as(path, ".keras") as file:
        if modern != config:
            return _guarded(path, lambda keras: _built(keras, modern, file)), bare
        load = {"compile": False, "safe_mode": True}
        return _guarded(path, lambda keras: keras.models.load_model(file, **load)), bare


def check_unlocked(archive: zipfile.ZipFile, path: Path, fix: str) -> None:
    """Raises ExportError where a part of a zip needs a password."""
    if any(entry.flag_bits & ENCRYPTED for entry in archive.infolist()):
        raise ExportError(f"{path} is locked with a password.", expected="an archive without one", fix=fix)


def _telling(settings: Any) -> Any:
    """A model's settings without those that mean nothing."""
    if isinstance(settings, list):
        return [_telling(part) for part in settings]
    if isinstance(settings, dict):
        return {key: _telling(part) for key, part in settings.items() if part not in INERT.get(key, ())}
    return settings


def load_hdf5(path: Path) -> Any:
    """Reads a whole model from the older .h5 format, also one that Keras 2 or TensorFlow.js wrote.

    Raises:
        ExportError: it is damaged, holds only weights, code, a class that is not Keras's, or Keras cannot
            build it.
    """
    import h5py  # type: ignore[import-untyped]

    try:
        with h5py.File(path, "r") as file:
            text = file.attrs.get("model_config")
            layers = (
                "layer_names" in file.attrs or "layers" in file or "_layer_checkpoint_dependencies" in file
            )
    except (OSError, RuntimeError) as error:
        raise _damaged(path, error) from None
    if text is None:
        what = "holds only weights" if layers else "is an HDF5 file without a Keras model"
        raise ExportError(
            f"{path} {what}.",
            expected="the whole model: its layers and their weights",
            fix="Build the model in Python, model.load_weights(...), and save it: model.save('model.keras').",
        )
    try:
        config = json.loads(text)
    except ValueError as error:
        raise _damaged(path, error) from None
    modern = _checked(config, path)
    with _as(path, ".h5") as file:
        return _guarded(path, lambda keras: _built(keras, modern, file))


def _checked(config: Any, path: Path) -> dict[str, Any]:
    """A model's settings as Keras 3 reads them, once they are known to hold no code."""
    try:
        if isinstance(config, dict):
            refuse_code(config, path)
            return modernise(config)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError):
        pass  # Something else stands where Keras writes a layer.
    raise _damaged(path, "its settings do not describe a Keras model")


def refuse_code(config: Any, path: Path) -> None:
    """Looks through a model's settings before Keras does.

    Raises:
        ExportError: a Lambda or another class that carries code, or a class from outside Keras; by name.
    """
    for entry in _entries(config):
        kind, settings = str(entry["class_name"]), entry.get("config")
        name = settings.get("name", kind) if isinstance(settings, Mapping) else kind
        if kind in CODE:
            raise ExportError(
                f"{path.name}: the layer {name} is a {kind}: it holds a program, which was not run.",
                expected="layers that are described, not programmed",
                fix=WITHOUT_LAMBDA,
            )
        module = entry.get("module")
        foreign = isinstance(module, str) and module.split(".")[0] not in {"keras", "builtins"}
        if foreign or ">" in kind or (module is None and entry.get("registered_name") and "module" in entry):
            raise _custom(path, str(name), kind)


def _entries(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if "class_name" in value:
            yield value
        for part in value.values():
            yield from _entries(part)
    elif isinstance(value, list):
        for part in value:
            yield from _entries(part)


def _built(keras: Any, config: Mapping[str, Any], file: Path) -> Any:
    kind = keras.Sequential if config.get("class_name") == "Sequential" else keras.Model
    model = kind.from_config(dict(config["config"]))
    model.load_weights(file)
    return model


def _guarded(path: Path, load: Callable[[Any], Any]) -> Any:
    """Calls Keras and turns whatever it raises into one plain error."""
    from pytrain.model.backend import keras

    try:
        with warnings.catch_warnings():
            # What Keras 2 wrote makes Keras 3 warn of its own reading.
            warnings.simplefilter("ignore")
            return load(keras)
    except (KeyboardInterrupt, MemoryError):
        raise
    except Exception as error:
        text = str(error)
        unknown = re.search(r"(?:Unknown layer: |Could not locate (?:class|function) )'([^']+)'", text)
        if unknown and not _is_keras_own(keras, unknown[1]):
            raise _custom(path, unknown[1], unknown[1]) from None
        # Keras puts one message into the next, where the last is the cause, and all the settings at its end.
        text = text.rpartition("Exception encountered: ")[2]
        text = re.split(r" Make sure custom classes| Full object config", text)[0]
        if unknown:
            raise _damaged(path, f"Keras cannot rebuild {unknown[1]}: {_sentence(text)}") from None
        raise ExportError(
            f"{path}: Keras cannot read this model: {_sentence(text) or type(error).__name__}.",
            fix="Load it in Python with the Keras that made it, save it as .keras, and export that; "
            "or export it as a SavedModel folder (model.export) and give that.",
        ) from None


def _is_keras_own(keras: Any, name: str) -> bool:
    return name == "Functional" or hasattr(keras.layers, name) or hasattr(keras, name)


@contextmanager
def _as(path: Path, suffix: str) -> Iterator[Path]:
    """The file under a name that Keras takes for its kind: Keras goes by the name, we by the content."""
    fits = path.suffix == suffix and not path.name.endswith(".weights.h5")
    if fits or (suffix == ".h5" and path.suffix == ".hdf5"):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="pytrain-") as scratch:
        yield Path(shutil.copyfile(path, Path(scratch) / f"model{suffix}"))


def _custom(path: Path, name: str, kind: str) -> ExportError:
    named = f"{name} is a {kind}" if name != kind else f"{kind} is no class of Keras's own"
    what = f"{path.name}: {named}" + (", a class that is not Keras's own" if name != kind else "")
    return ExportError(
        f"{what}; its code is not in the file.",
        expected="Keras's own layers",
        fix="Export it from Python, where the class is known: "
        "pytrain.export(model, 'exported_models/mine', labels=[...]).",
    )


def _damaged(path: Path, reason: Exception | str) -> ExportError:
    return ExportError(
        f"{path} is damaged: {_sentence(str(reason)) or type(reason).__name__}.",
        fix="Copy or download it again; it may have been cut off on its way.",
    )


def _sentence(text: str) -> str:
    """The first line of a message, without its last dot, and short enough to read."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return first[:SHORT].removesuffix(".")
