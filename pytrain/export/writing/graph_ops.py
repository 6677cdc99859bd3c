"""Builds the node list of a TensorFlow.js graph model: operations, their settings as JSON, and constants."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.export.network import Array
from pytrain.export.shapes import Shape

Constant = npt.NDArray[np.float32] | npt.NDArray[np.int32]

DTYPES = {"float32": "DT_FLOAT", "int32": "DT_INT32"}


@dataclass(frozen=True)
class DType:
    """A data type as a setting: `DType("float32")`."""

    name: str


class Graph:
    """Operations by name, each after those it reads.

    Attributes:
        weights: arrays that the layers format has too, by full name.
        own: constants of the graph alone: axes, shapes, factors.
    """

    def __init__(self) -> None:
        self.weights: dict[str, Array] = {}
        self.own: dict[str, Constant] = {}
        self._nodes: dict[str, dict[str, Any]] = {}
        self._constants: dict[tuple[str, Shape, bytes], str] = {}
        self._reshaped: dict[str, str] = {}
        self._shapes: dict[str, Shape] = {}

    def input(self, name: str, shape: Shape) -> str:
        """The picture [batch, *shape]."""
        attributes = {"dtype": DType("float32"), "shape": {"shape": tensor_shape((-1, *shape))}}
        return self._append(name, "Placeholder", (), attributes, shape)

    def weight(self, name: str, values: Array) -> str:
        """A constant that is stored once for both formats."""
        self.weights[name] = values
        return self._const(name, values)

    def own_weight(self, name: str, values: Array) -> str:
        """A weight that the layers format has in another form."""
        self.own[name] = values
        return self._const(name, values)

    def constant(self, values: npt.ArrayLike, dtype: type = np.int32) -> str:
        """A small constant; equal ones are one."""
        array: Constant = np.asarray(values, dtype=dtype)
        key = (str(array.dtype), array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = self._const(f"constant/{len(self.own)}", array)
            self.own[self._constants[key]] = array
        return self._constants[key]

    def number(self, value: float) -> str:
        return self.constant(value, np.float32)

    def op(self, name: str, kind: str, inputs: Sequence[str], shape: Shape, **attributes: Any) -> str:
        """An operation that gives [batch, *shape]; returns its name.

        Attributes may be bool, int, float, str, DType, or a list of int or str.
        """
        return self._append(name, kind, inputs, attributes, shape)

    def reshape(self, name: str, source: str, shape: Shape) -> str:
        """A tensor in another shape; nothing where it has it already, and one reshape instead of two."""
        source = self._reshaped.get(source, source)
        if self._shapes[source] == shape:
            return source
        self.op(name, "Reshape", [source, self.constant((-1, *shape))], shape)
        self._reshaped[name] = source
        return name

    def shape(self, name: str) -> Shape:
        """Of a tensor, without the batch."""
        return self._shapes[name]

    def is_input(self, name: str) -> bool:
        return str(self._nodes[name]["op"]) == "Placeholder"

    def needed(self, outputs: Iterable[str]) -> list[dict[str, Any]]:
        """The nodes that the outputs read, the input in any case; forgets the constants of the others."""
        found = {name for name in self._nodes if self.is_input(name)}
        waiting = list(outputs)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(self._nodes[name]["input"])
        self.own = {name: values for name, values in self.own.items() if name in found}
        return [node for name, node in self._nodes.items() if name in found]

    def _const(self, name: str, values: Constant) -> str:
        if name not in self._nodes:
            dtype = DTYPES[str(values.dtype)]
            tensor = {"dtype": dtype, "tensorShape": tensor_shape(values.shape)}
            attributes = {"dtype": DType(str(values.dtype)), "value": {"tensor": tensor}}
            self._append(name, "Const", (), attributes, values.shape)
        return name

    def _append(
        self, name: str, kind: str, inputs: Sequence[str], attributes: dict[str, Any], shape: Shape
    ) -> str:
        assert name not in self._nodes, f"two nodes called {name}"
        attr = {key: _attribute(value) for key, value in attributes.items()}
        self._nodes[name] = {"name": name, "op": kind, "input": list(inputs), "attr": attr}
        self._shapes[name] = shape
        return name


def tensor_shape(shape: Iterable[int]) -> dict[str, Any]:
    """A shape in the form of TensorFlow's JSON, -1 for the batch."""
    return {"dim": [{"size": str(size)} for size in shape]}


def _attribute(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if isinstance(value, bool):
        return {"b": value}
    if isinstance(value, int):
        return {"i": str(value)}
    if isinstance(value, float):
        return {"f": value}
    if isinstance(value, str):
        return {"s": _encoded(value)}
    if isinstance(value, DType):
        return {"type": DTYPES[value.name]}
    if all(isinstance(entry, str) for entry in value):
        return {"list": {"s": [_encoded(entry) for entry in value]}}
    return {"list": {"i": [str(entry) for entry in value]}}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode("ascii")).decode("ascii")
