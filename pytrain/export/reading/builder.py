"""Puts a plain network together node by node: names, shapes and shared weights."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain.errors import ExportError
from pytrain.export.network import Array, Network, Node
from pytrain.export.shapes import Shape, shape_of
from pytrain.model.backend import keras

Numbers = npt.NDArray[np.floating[Any]]


class Builder:
    """Collects nodes.

    Attributes:
        nodes: those so far, by name, each after the ones it reads.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self._arrays: dict[Hashable, Array] = {}
        # Keeps what the arrays were made of alive: they are remembered by id, which Python reuses.
        self._owners: dict[int, Any] = {}

    def add(
        self,
        kind: str,
        inputs: Sequence[str],
        name: str,
        config: Mapping[str, Any] | None = None,
        weights: Mapping[str, Array] | None = None,
    ) -> str:
        """Adds a node under `name` or, where that is taken, `name_1`, `name_2`, ...; returns its name."""
        name = self._free_name(name)
        config, weights = dict(config or {}), dict(weights or {})
        shape = shape_of(kind, config, weights, [self.shape(source) for source in inputs])
        self.nodes[name] = Node(name, kind, list(inputs), shape, config, weights)
        return name

    def shape(self, name: str) -> Shape:
        """Of what the node gives, without the batch."""
        return self.nodes[name].shape

    def once(self, owner: Any, key: str, make: Callable[[], Numbers]) -> Array:
        """The array that `make` gives, made once for every call of a shared layer."""
        self._owners[id(owner)] = owner
        if (id(owner), key) not in self._arrays:
            self._arrays[id(owner), key] = np.ascontiguousarray(make(), dtype=np.float32)
        return self._arrays[id(owner), key]

    def network(self, outputs: Mapping[str, str]) -> Network:
        """The nodes that the outputs need, the input in any case."""
        needed = {name for name, node in self.nodes.items() if node.kind == "input"}
        waiting = list(outputs.values())
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                waiting.extend(self.nodes[name].inputs)
        return Network([node for name, node in self.nodes.items() if name in needed], dict(outputs))

    def _free_name(self, name: str) -> str:
        # Both formats take these characters in a name; TensorFlow's need a letter or a digit first.
        name = re.sub(r"[^A-Za-z0-9_-]", "_", name).lstrip("_-") or "node"
        free, number = name, 0
        while free in self.nodes:
            number += 1
            free = f"{name}_{number}"
        return free


class Call:
    """One call of a Keras layer or operation, on its way into the network.

    Attributes:
        net: where its nodes go.
        layer: the Keras layer or operation.
        name: what its nodes are called after.
        inputs: the nodes that give its tensors, in order.
        args, kwargs: how it was called, nodes' names (`Ref`) in the tensors' places.
    """

    def __init__(
        self,
        net: Builder,
        layer: Any,
        name: str,
        inputs: Sequence[str],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        self.net = net
        self.layer = layer
        self.name = name
        self.inputs = list(inputs)
        self.args = list(args)
        self.kwargs = dict(kwargs or {})

    @property
    def input(self) -> str:
        """The only tensor's node.

        Raises:
            ExportError: it was called with none or with several.
        """
        if len(self.inputs) != 1:
            raise self.refusal(
                f"takes {len(self.inputs)} tensors", "Call it with one tensor, without a mask or a state."
            )
        return self.inputs[0]

    @property
    def shape(self) -> Shape:
        """Of the only tensor, without the batch."""
        return self.net.shape(self.input)

    def add(
        self,
        kind: str,
        inputs: str | Sequence[str] | None = None,
        part: str = "",
        weights: Mapping[str, Array] | None = None,
        **config: Any,
    ) -> str:
        """Adds a node called after the layer (and its part), reading the call's own inputs if not told."""
        sources = self.inputs if inputs is None else [inputs] if isinstance(inputs, str) else inputs
        name = f"{self.name}_{part}" if part else self.name
        return self.net.add(kind, sources, name, config, weights)

    def scale(self, source: str, scale: Any, offset: Any = 0.0, part: str = "scale") -> str:
        """Adds x * scale + offset; numbers or vectors along the last axis."""
        channels = self.net.shape(source)[-1]
        arrays = {
            "scale": np.broadcast_to(np.asarray(scale, dtype=np.float32), (channels,)).copy(),
            "offset": np.broadcast_to(np.asarray(offset, dtype=np.float32), (channels,)).copy(),
        }
        return self.add("scale", source, part, arrays)

    def picture(self) -> Shape:
        """The only tensor's height, width and channels.

        Raises:
            ExportError: it is no picture, or the layer wants its channels first.
        """
        if getattr(self.layer, "data_format", "channels_last") == "channels_first":
            raise self.refusal("has its channels first", "Build the model with data_format='channels_last'.")
        if len(self.shape) != 3:
            raise self.refusal(
                f"reads {['batch', *self.shape]}", "Give it a picture: [batch, height, width, channels]."
            )
        return self.shape

    def axis(self, axis: int, rank: int | None = None) -> int:
        """An axis as counted from 1 after the batch.

        Raises:
            ExportError: it is the batch's.
        """
        rank = len(self.shape) if rank is None else rank
        axis = axis if axis >= 0 else rank + 1 + axis
        if not 1 <= axis <= rank:
            raise self.refusal("goes over the batch", "Choose an axis of the picture.")
        return axis

    def weight(self, name: str) -> Array | None:
        """One of the layer's weights, read once; None where the layer has none of that name.

        Raises:
            ExportError: a number in it is NaN or infinite.
        """
        variable = getattr(self.layer, name, None)
        if variable is None:
            return None
        return self.net.once(self.layer, name, lambda: self._read(name, variable))

    def needed(self, name: str) -> Array:
        """A weight that a built layer has.

        Raises:
            ExportError: it is not there, or not finite.
        """
        weight = self.weight(name)
        if weight is None:
            raise self.refusal(f"has no {name}", "Build the model first: call it on a picture.")
        return weight

    def along_last(self, values: Any, what: str) -> Numbers:
        """Numbers that the call adds or multiplies by, as one for each channel of its only tensor.

        Raises:
            ExportError: they vary along another axis than the last.
        """
        numbers, channels = np.asarray(values, dtype=np.float64), self.shape[-1]
        vector = numbers.shape[-1:] == (channels,) and numbers.size == channels
        if numbers.ndim > len(self.shape) + 1 or not (vector or numbers.size == 1):
            raise self.refusal(
                f"has {what} of shape {list(numbers.shape)}", "Give one number, or one for each channel."
            )
        return np.broadcast_to(numbers.reshape(-1), (channels,))

    def once(self, key: str, make: Callable[[], Numbers]) -> Array:
        """An array worked out of the layer's weights, the same one for every call of the layer."""
        return self.net.once(self.layer, key, make)

    def refusal(self, what: str, fix: str, expected: str | None = None) -> ExportError:
        """The error for a call that cannot be carried, naming the layer and its class."""
        kind = "layer" if isinstance(self.layer, keras.layers.Layer) else "operation"
        return ExportError(
            f"The {kind} {self.name} ({type(self.layer).__name__}) {what}.", expected=expected, fix=fix
        )

    def _read(self, name: str, variable: Any) -> Array:
        values: Array = np.asarray(keras.ops.convert_to_numpy(variable), dtype=np.float32)
        # NaN comes through both; no array of their size is needed as for np.isfinite of all of them.
        if not np.isfinite([values.min(), values.max()]).all():
            raise self.refusal(
                f"has a weight that is not finite (NaN or infinity): {name}",
                "Train again with a lower learning rate; such a model answers nothing useful.",
            )
        return values


class Ref(str):
    """The name of a node, in the place of a tensor that an operation was called with."""

    __slots__ = ()
