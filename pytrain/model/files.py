"""Saves a model in Keras's own format, so that a file is whole or not there."""

from __future__ import annotations

import warnings
from hashlib import sha256
from pathlib import Path
from typing import Any

from pytrain.model.backend import keras


def save_model(model: Any, path: Path) -> None:
    """Writes `path` (a .keras file) beside its place and renames it.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    temporary = path.with_name(f"part-{path.stem}.keras")
    try:
        with warnings.catch_warnings():
            # Keras hands TensorFlow's tensors to NumPy in a way that NumPy 2.4 has marked as old.
            warnings.simplefilter("ignore", DeprecationWarning)
            model.save(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def weights_digest(model: Any) -> str:
    """Tells one trained network from another: SHA-256 of its weights, hexadecimal."""
    return sha256(b"".join(array.tobytes() for array in model.get_weights())).hexdigest()


def load_model(path: Path) -> Any:
    """Reads what save_model wrote, ready to predict and to train on."""
    return keras.models.load_model(path, compile=False)
