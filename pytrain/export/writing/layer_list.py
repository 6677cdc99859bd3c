"""Builds the layer list of a TensorFlow.js layers model: layers, their calls, and which tensor each gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pytrain.export.network import Array
from pytrain.export.shapes import Shape


class Ref(NamedTuple):
    """The tensor that one call of a layer gives.

    Attributes:
        layer: the layer's name.
        node: which of its calls, from 0.
    """

    layer: str
    node: int


class Layers:
    """Layers by name, each after those it reads.

    Attributes:
        own: weights that only this format needs, by full name.
    """

    def __init__(self) -> None:
        self.own: dict[str, Array] = {}
        self._entries: dict[str, dict[str, Any]] = {}
        self._shapes: dict[Ref, Shape] = {}
        self._reshaped: dict[Ref, Ref] = {}

    def input(self, name: str, shape: Shape) -> Ref:
        """The picture [batch, *shape]."""
        ref = self.add(name, "InputLayer", (), shape, batch_input_shape=[None, *shape], dtype="float32")
        self._entries[name]["inbound_nodes"] = []
        return ref

    def add(self, name: str, kind: str, inputs: Sequence[Ref], shape: Shape, **config: Any) -> Ref:
        """A layer that is called once and gives [batch, *shape]."""
        assert name not in self._entries, f"two layers called {name}"
        return self.call(name, kind, inputs, shape, config)

    def call(
        self, name: str, kind: str, inputs: Sequence[Ref], shape: Shape, config: Mapping[str, Any]
    ) -> Ref:
        """A call of a layer that may be called again under the same name, on other inputs."""
        sources = self._apart(name, inputs)
        if name not in self._entries:
            self._entries[name] = {
                "class_name": kind,
                "name": name,
                "config": {"name": name, **config},
                "inbound_nodes": [],
            }
        calls = self._entries[name]["inbound_nodes"]
        calls.append([[ref.layer, ref.node, 0, {}] for ref in sources])
        ref = Ref(name, len(calls) - 1)
        self._shapes[ref] = shape
        return ref

    def _apart(self, name: str, inputs: Sequence[Ref]) -> list[Ref]:
        """Inputs, none of them twice: TensorFlow.js would throw it away before others have read it."""
        apart: list[Ref] = []
        for ref in inputs:
            if ref in apart:
                copy = f"{name}/copy{len(apart)}"
                ref = self.add(copy, "Activation", [ref], self._shapes[ref], activation="linear")
            apart.append(ref)
        return apart

    def reshape(self, name: str, source: Ref, shape: Shape) -> Ref:
        """A tensor in another shape; nothing where it has it already, and one reshape instead of two."""
        source = self._reshaped.get(source, source)
        if self._shapes[source] == shape:
            return source
        ref = self.add(name, "Reshape", [source], shape, target_shape=list(shape))
        self._reshaped[ref] = source
        return ref

    def shape(self, ref: Ref) -> Shape:
        """Of a tensor, without the batch."""
        return self._shapes[ref]

    def needed(self, outputs: Iterable[Ref]) -> list[dict[str, Any]]:
        """The layers that the outputs read, the input in any case."""
        found = {name for name, entry in self._entries.items() if entry["class_name"] == "InputLayer"}
        waiting = [ref.layer for ref in outputs]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                calls = self._entries[name]["inbound_nodes"]
                waiting.extend(reference[0] for call in calls for reference in call)
        return [entry for name, entry in self._entries.items() if name in found]
