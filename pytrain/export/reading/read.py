"""Reads a built Keras model into a plain network, layer by layer in the order in which they are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytrain.errors import ExportError
from pytrain.export.network import Network
from pytrain.export.reading.builder import Builder, Call, Ref
from pytrain.export.reading.lower import lower
from pytrain.export.reading.operators import lower_operation
from pytrain.model.backend import keras

READS_WHOLE_NUMBERS = {"Cast", "Identity", "Normalization", "Rescaling"}
"""What makes floating-point numbers of a whole-number input before anything is rounded."""


def read_network(model: Any) -> Network:
    """Reads a functional or Sequential model with one picture as its input.

    Args:
        model: a built Keras model, [batch, height, width, channels] in, any number of outputs.

    Returns:
        Its network, every layer that only trains left out; weights as float32, whatever the model's dtype.

    Raises:
        ExportError: a subclassed model, several inputs, an unknown size, a layer or an option that cannot be
            carried, or a weight that is not finite.
    """
    _check_kind(model, "The model")
    inputs = list(model.inputs)
    if len(inputs) != 1:
        names = ", ".join(str(tensor.name) for tensor in inputs)
        raise ExportError(
            f"The model has {len(inputs)} inputs: {names}.", expected="one picture as the only input"
        )
    net = Builder()
    entry = net.add("input", [], inputs[0].name, {"shape": _picture(inputs[0])})
    nodes = _walk(net, model, [entry])
    # As Keras names a model's outputs; a Sequential model does not say it itself.
    called = _unique([tensor._keras_history.operation.name for tensor in model.outputs])
    network = net.network(dict(zip(called, nodes, strict=True)))
    if nodes.count(entry) == len(nodes):
        raise ExportError("The model does nothing: its output is its input.")
    return network


def _check_kind(model: Any, called: str) -> None:
    built = isinstance(model, keras.Sequential | keras.Function)
    own_call = isinstance(model, keras.Model) and not type(model).call.__module__.startswith("keras.")
    if not isinstance(model, keras.Model) or not built or own_call:
        raise ExportError(
            f"{called} is a {type(model).__name__}, whose layers cannot be read one by one.",
            expected="a functional or Sequential Keras model",
            fix="Rebuild it with keras.Input and keras.Model(inputs, outputs).",
        )
    if isinstance(model, keras.Sequential) and not model.built:
        raise ExportError(
            f"{called} has no input shape yet: it is a Sequential model that was never built.",
            fix="Start it with keras.Input((224, 224, 3)).",
        )


def _picture(tensor: Any) -> tuple[int, ...]:
    shape = tuple(tensor.shape[1:])
    if len(shape) != 3:
        raise ExportError(
            f"The model takes {['batch', *shape]} ({tensor.name}).",
            expected="[batch, height, width, channels]: only pictures can be exported",
        )
    if None in shape:
        raise ExportError(
            f"The model takes pictures of any size: {['batch', *shape]} ({tensor.name}).",
            expected="a height, a width and a number of channels",
            fix="Fix them: x = keras.Input((224, 224, 3)); model = keras.Model(x, model(x)).",
        )
    return shape


def _unique(names: Sequence[str]) -> list[str]:
    """Keras calls two outputs of one shared layer the same."""
    found: list[str] = []
    for name in names:
        free, number = name, 0
        while free in found:
            number += 1
            free = f"{name}_{number}"
        found.append(free)
    return found


@dataclass(frozen=True)
class _Event:
    """One call of a layer or operation in a Keras model.

    Attributes:
        layer: what was called.
        args, kwargs: with what, Keras's symbolic tensors among it.
        inputs: those tensors, in order.
        outputs: the tensors that it gave.
    """

    layer: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]


def _event(tensor: Any) -> _Event | None:
    """The call that gave a symbolic tensor; None for one that nothing gave.

    Keras has no public way from a tensor to the call behind it.
    """
    layer, index, _ = tensor._keras_history
    if layer is None:
        return None
    node = layer._inbound_nodes[index]
    arguments = node.arguments
    return _Event(
        layer,
        tuple(arguments.args),
        dict(arguments.kwargs),
        tuple(arguments.keras_tensors),
        tuple(node.outputs),
    )


def _events(outputs: Sequence[Any], known: set[int]) -> list[_Event]:
    """Every call that the outputs need, each after those whose tensors it reads."""
    ordered: list[_Event] = []
    done = set(known)
    waiting: list[tuple[Any, bool]] = [(tensor, False) for tensor in reversed(outputs)]
    while waiting:
        tensor, expanded = waiting.pop()
        if id(tensor) in done:
            continue
        event = _event(tensor)
        if event is None or not event.inputs:
            raise ExportError(
                f"A second input feeds the model: {tensor.name}.", expected="one picture as the only input"
            )
        if expanded:
            ordered.append(event)
            done.update(id(output) for output in event.outputs)
        else:
            waiting.append((tensor, True))
            waiting.extend((source, False) for source in reversed(event.inputs) if id(source) not in done)
    return ordered


def _walk(net: Builder, model: Any, inputs: Sequence[str]) -> list[str]:
    """Adds a model's nodes, and those of the models in it; returns the nodes of its outputs."""
    tensors = {id(tensor): name for tensor, name in zip(model.inputs, inputs, strict=True)}
    whole_numbers = {
        id(tensor) for tensor in model.inputs if not str(tensor.dtype).startswith(("float", "bfloat"))
    }
    for event in _events(model.outputs, set(tensors)):
        for source in event.inputs:
            if id(source) in whole_numbers and type(event.layer).__name__ not in READS_WHOLE_NUMBERS:
                raise _whole_numbers(event.layer, source)
        names = [tensors[id(source)] for source in event.inputs]
        if isinstance(event.layer, keras.Model):
            results = _walk_inner(net, event, names)
        else:
            results = [_lower(net, event, names, tensors)]
        if len(results) != len(event.outputs):
            raise ExportError(
                f"The layer {_named(event.layer)} gives {len(event.outputs)} tensors.",
                expected="one",
                fix="Use layers with one output.",
            )
        for output, name in zip(event.outputs, results, strict=True):
            tensors[id(output)] = name
            _check_output(event, output, net.shape(name))
    return [tensors[id(output)] for output in model.outputs]


def _lower(net: Builder, event: _Event, names: list[str], tensors: dict[int, str]) -> str:
    def reference(value: Any) -> Any:
        return Ref(tensors[id(value)]) if isinstance(value, keras.KerasTensor) else value

    args = keras.tree.map_structure(reference, list(event.args))
    kwargs = keras.tree.map_structure(reference, event.kwargs)
    call = Call(net, event.layer, event.layer.name, names, args, kwargs)
    return lower(call) if isinstance(event.layer, keras.layers.Layer) else lower_operation(call)


def _walk_inner(net: Builder, event: _Event, names: list[str]) -> list[str]:
    _check_kind(event.layer, f"The layer {event.layer.name}")
    if len(event.layer.inputs) != len(names):
        raise ExportError(
            f"The model {event.layer.name} takes {len(event.layer.inputs)} inputs, {len(names)} came."
        )
    return _walk(net, event.layer, names)


def _named(layer: Any) -> str:
    return f"{layer.name} ({type(layer).__name__})"


def _whole_numbers(layer: Any, tensor: Any) -> ExportError:
    return ExportError(
        f"The layer {_named(layer)} reads whole numbers: {tensor.dtype}.",
        expected="floating-point numbers, as the browser computes with",
        fix="Make the model's input float32.",
    )


def _check_output(event: _Event, tensor: Any, shape: tuple[int, ...]) -> None:
    """Holds every node against what Keras says of it."""
    if not str(tensor.dtype).startswith(("float", "bfloat")):
        raise _whole_numbers(event.layer, tensor)
    promised = tuple(tensor.shape[1:])
    fits = len(promised) == len(shape) and all(
        size is None or size == got for size, got in zip(promised, shape, strict=True)
    )
    if not fits:
        raise ExportError(
            f"The layer {_named(event.layer)} gives {['batch', *shape]}.",
            expected=f"{['batch', *promised]}, as Keras says",
            fix="Please report this model: an option of that layer is not read as Keras means it.",
        )
