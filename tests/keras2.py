"""Model files as Keras 2 wrote them: this Keras's older format, with the settings turned back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py

NEW = ("module", "registered_name", "build_config")


def save_as_keras_2(model: Any, path: Path) -> Path:
    """Writes an .h5 file with Keras 2's settings, `groups` in DepthwiseConv2D included."""
    model.save(path)
    with h5py.File(path, "r+") as file:
        config = as_keras_2(json.loads(file.attrs["model_config"]))
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.15.0"
    return path


def change_config(path: Path, change: Any) -> Path:
    """Applies `change` to every layer's {"class_name", "config"} of an .h5 file, in place."""

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "class_name" in value:
                change(value)
            for part in value.values():
                walk(part)
        elif isinstance(value, list):
            for part in value:
                walk(part)

    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        walk(config)
        file.attrs["model_config"] = json.dumps(config)
    return path


def as_keras_2(config: Any) -> Any:
    if isinstance(config, list):
        return [as_keras_2(part) for part in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy":
        return config["config"]["name"]
    result = {name: as_keras_2(value) for name, value in config.items() if name not in NEW}
    kind, settings = result.get("class_name"), result.get("config")
    if kind == "InputLayer":
        settings["batch_input_shape"] = settings.pop("batch_shape")
        settings.pop("optional", None)
    if kind in {"DepthwiseConv2D", "SeparableConv2D"}:
        settings["groups"] = 1
    if kind == "BatchNormalization":
        settings["axis"] = [3]
        for name in ("renorm", "synchronized"):
            settings.pop(name, None)
    if kind == "Sequential":
        first, second, *others = settings["layers"]
        if first["class_name"] == "InputLayer" and "layers" not in second["config"]:
            second["config"]["batch_input_shape"] = first["config"]["batch_input_shape"]
            settings["layers"] = [second, *others]
    if "inbound_nodes" in config:
        result["inbound_nodes"] = [_references(node) for node in config["inbound_nodes"]]
    for name in ("input_layers", "output_layers"):
        if name in result and isinstance(result[name][0], str):
            result[name] = [result[name]]
    return result


def _references(value: Any) -> list[Any]:
    """Keras 2 names the tensors that a layer reads as [layer, node, tensor, {}]."""
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        return [[*value["config"]["keras_history"], {}]]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [reference for part in parts for reference in _references(part)]
