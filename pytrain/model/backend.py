"""The one place that loads Keras and TensorFlow: always TensorFlow, without its start-up talk.

The settings below count only if they are made before TensorFlow is first imported, so every other file
takes `keras` and `tf` from here.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pytrain import model

# 3 hides the notices about CPU features and missing GPUs, which TensorFlow itself files under errors.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Keras reads this before its own configuration file, where another backend may be chosen.
os.environ["KERAS_BACKEND"] = "tensorflow"


def _import_quietly() -> tuple[Any, Any]:
    """TensorFlow's C++ side writes a few lines before it reads its log level; they go nowhere."""
    with suppress(OSError), Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        saved = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
        try:
            return _import()
        finally:
            os.dup2(saved, 2)
            os.close(saved)
    return _import()


def _import() -> tuple[Any, Any]:
    with _hidden("sklearn"), _hidden("matplotlib"), _uncollected():
        import keras
        import tensorflow

    # It warns of every new trace; each model that is measured needs one.
    tensorflow.get_logger().setLevel("ERROR")
    return keras, tensorflow


@contextmanager
def _hidden(package: str) -> Iterator[None]:
    """Lets an import of `package` fail, where only our own command will ever see that."""
    if not model.without_wrappers or package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[package]


@contextmanager
def _uncollected() -> Iterator[None]:
    """A million objects are made that all stay: to look for garbage among them is a fifth of the import."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


keras, tf = _import_quietly()
# Nor need they be looked through when Python ends, which would take most of a second.
atexit.register(gc.freeze)
