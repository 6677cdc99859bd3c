"""Rewrites the settings that Keras 2 wrote into a model's file as Keras 3 wants them.

Only what changes no answer is rewritten: other names for the same, settings that Keras 3 dropped while they
had their usual value, and TensorFlow operations that are a scaling (`preprocess_input` left them in models).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Config = dict[str, Any]

INERT: dict[str, tuple[Any, ...]] = {
    "groups": (1,),
    "time_major": (False,),
    "renorm": (False,),
    "fused": (None, True, False),
    "virtual_batch_size": (None,),
    "adjustment": (None,),
    "type_spec": (None,),
}
"""Settings that mean nothing with these values; Keras 3 stops at some of them."""

POLICIES = {"Policy", "PolicyV1", "DTypePolicy"}

HALVES = {"mixed_float16", "mixed_bfloat16", "float16", "bfloat16", "float64"}

KEEPS_GROUPS = ("Conv2D", "Convolution2D")

SCALINGS: dict[str, Callable[[float], tuple[float, float]]] = {
    "math.truediv": lambda y: (1 / y, 0.0),
    "__operators__.truediv": lambda y: (1 / y, 0.0),
    "math.divide": lambda y: (1 / y, 0.0),
    "math.multiply": lambda y: (y, 0.0),
    "__operators__.mul": lambda y: (y, 0.0),
    "math.subtract": lambda y: (1.0, -y),
    "__operators__.sub": lambda y: (1.0, -y),
    "math.add": lambda y: (1.0, y),
    "__operators__.add": lambda y: (1.0, y),
}
"""TensorFlow operations with one number, as scale and offset."""


def modernise(config: Config) -> Config:
    """The settings of a model or layer ({"class_name", "config", ...}) as Keras 3 reads them; a new dict."""
    kind = config.get("class_name")
    inner = config.get("config")
    if not isinstance(kind, str) or not isinstance(inner, Mapping | list):
        return {name: _anything(value) for name, value in config.items()}
    if kind == "TFOpLambda" and isinstance(inner, Mapping):
        return _scaling(config)
    # The oldest files hold a Sequential's layers without anything around them.
    settings: Config = {"name": "sequential", "layers": inner} if isinstance(inner, list) else dict(inner)
    if "layers" not in settings:
        settings = _layer(kind, settings)
    elif kind == "Sequential":
        settings["layers"] = _with_input(settings["layers"])
    else:
        settings.update(_one_not_a_list(settings))
    result = {**config, "config": {name: _anything(value) for name, value in settings.items()}}
    if "inbound_nodes" in config:
        result["inbound_nodes"] = config["inbound_nodes"]
    return result


def _layer(kind: str, settings: Config) -> Config:
    settings = {
        name: value
        for name, value in settings.items()
        if value not in INERT.get(name, ()) or (name == "groups" and kind in KEEPS_GROUPS)
    }
    shape = settings.pop("batch_input_shape", None)
    if kind == "InputLayer" and shape is not None:
        settings["batch_shape"] = shape
    if "dtype" in settings and isinstance(settings["dtype"], str):
        settings["dtype"] = _computing_type(settings["dtype"])
    axis = settings.get("axis")
    if isinstance(axis, list) and len(axis) == 1 and kind == "BatchNormalization":
        settings["axis"] = axis[0]
    return settings


def _one_not_a_list(settings: Config) -> Config:
    """Keras 3 takes a list of one output for a list, and the next layer then gets too many inputs."""
    ends = {name: settings[name] for name in ("input_layers", "output_layers") if name in settings}
    return {
        name: end[0]
        for name, end in ends.items()
        if isinstance(end, list) and len(end) == 1 and isinstance(end[0], list)
    }


def _with_input(layers: list[Config]) -> list[Config]:
    """A Sequential of Keras 2 keeps its input's shape in its first layer, or in that layer's own first."""
    if not layers or layers[0].get("class_name") == "InputLayer":
        return layers
    shape = _input_shape(layers[0])
    if shape is None:
        return layers
    name = layers[0]["config"].get("name", "model")
    entry = {"batch_shape": shape, "dtype": "float32", "name": f"{name}_input"}
    return [{"class_name": "InputLayer", "config": entry}, *layers]


def _input_shape(layer: Config) -> Any:
    settings = layer.get("config")
    if not isinstance(settings, Mapping):
        return None
    inner = settings.get("layers")
    if inner:
        return _input_shape(inner[0])
    return settings.get("batch_input_shape") or settings.get("batch_shape")


def _scaling(config: Config) -> Config:
    """A TensorFlow operation with one number as a Rescaling layer; any other stays what it is."""
    function = str(config["config"].get("function"))
    nodes = config.get("inbound_nodes", [])
    try:
        ((source, node, tensor, arguments),) = nodes
        number = arguments["y"]
    except (ValueError, TypeError, KeyError):
        return config
    if function not in SCALINGS or isinstance(number, bool) or not isinstance(number, int | float):
        return config
    if not number and "div" in function:
        return config
    scale, offset = SCALINGS[function](number)
    return {
        **config,
        "class_name": "Rescaling",
        "config": {"name": config["config"]["name"], "scale": scale, "offset": offset},
        "inbound_nodes": [[[source, node, tensor, {}]]],
    }


def _anything(value: Any) -> Any:
    if isinstance(value, Mapping):
        policy = value.get("class_name")
        if policy in POLICIES:
            name = value["config"].get("name")
            return _computing_type(name) if name in HALVES or policy != "DTypePolicy" else dict(value)
        return modernise(dict(value))
    if isinstance(value, list):
        return [_anything(entry) for entry in value]
    return value


def _computing_type(name: Any) -> Any:
    """Mixed and half precision are for training: the browser computes in float32, and Python must compare."""
    return "float32" if name in HALVES else name
