"""Train an image classifier in Python, run it on a webcam in the browser, get the same answer on both sides.

The public names are imported when they are first used, so that `import pytrain` takes no TensorFlow with it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Where each lies: module, name; without a name it is the module itself. pytrain.export is a function as well:
# see pytrain/export/__init__.py.
_PUBLIC = {
    "Augment": ("pytrain.course.augment", "Augment"),
    "Bundle": ("pytrain.bundle", "Bundle"),
    "PytrainError": ("pytrain.errors", "PytrainError"),
    "as_seen": ("pytrain.image", "as_seen"),
    "blocks": ("pytrain.model.blocks", ""),
    "compare": ("pytrain.course.compare", "compare"),
    "Recipe": ("pytrain.course.recipe", "Recipe"),
    "Run": ("pytrain.course.results", "Run"),
    "View": ("pytrain.course.recipe", "View"),
    "create_app": ("pytrain.serve", "create_app"),
    "Prediction": ("pytrain.evaluation.predict_files", "Prediction"),
    "evaluate": ("pytrain.evaluation.evaluate_files", "evaluate_files"),
    "explain": ("pytrain.explain", ""),
    "export": ("pytrain.export", ""),
    "export_folder": ("pytrain.dataset.catalogue", "export_folder"),
    "load_data": ("pytrain.dataset.catalogue", "load"),
    "predict": ("pytrain.evaluation.predict_files", "predict"),
    "publish": ("pytrain.serve.publish", "publish"),
    "read_bundle": ("pytrain.bundle", "read"),
    "read_run": ("pytrain.course.results", "read_run"),
    "read_image": ("pytrain.image", "read_image"),
    "recipe_named": ("pytrain.course.recipe", "recipe_named"),
    "to_input": ("pytrain.image", "to_input"),
    "train": ("pytrain.course.any", "train"),
    "train_four_shapes": ("pytrain.pipeline", "train_four_shapes"),
    "verify": ("pytrain.export.verify", "verify"),
    "zip_run": ("pytrain.course.hand_in", "zip_run"),
}

__all__ = [*sorted(_PUBLIC), "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'pytrain' has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    found = import_module(module)
    return getattr(found, attribute) if attribute else found


def __dir__() -> list[str]:
    return __all__
