"""What an export does before it writes: the contract's input and output, and both topologies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pytrain import bundle
from pytrain.errors import ExportError
from pytrain.export import fallback
from pytrain.export.answers import Answers, answers_of
from pytrain.export.evaluate import Evaluator
from pytrain.export.fold import simplify
from pytrain.export.network import Network
from pytrain.export.precision import evaluator
from pytrain.export.reading.read import read_network
from pytrain.export.source.adapt import Lens, input_shape, shown, with_lens
from pytrain.export.source.head import named_outputs, with_probabilities
from pytrain.export.source.load import Source, load_source
from pytrain.export.writing.graph_model import graph_model
from pytrain.export.writing.layers_model import OnlyGraph, layers_model
from pytrain.export.writing.weights import Topology
from pytrain.model.backend import keras, tf

Say = Callable[[str], None]


@dataclass(frozen=True)
class Adapted:
    """A model that takes the contract's input.

    Attributes:
        model: gives the probabilities, and its further outputs behind them, as a list.
        kept: the same for Python, its outputs by name where there are several.
        single: gives the probabilities alone: float32 [batch, 224, 224, 3] to [batch, classes].
        outputs: names of all outputs, "probabilities" first.
        bare: the same without its lens.
        lens: what was put in front.
        readable: its layers can be read one by one; those of a SavedModel cannot.
    """

    model: Any
    kept: Any
    single: Any
    outputs: list[str]
    bare: Any
    lens: Lens
    readable: bool = True

    def answers(self, inputs: npt.NDArray[np.float32]) -> Answers:
        """What the Keras model gives.

        Raises:
            ExportError: NaN, or numbers that are no probabilities.
        """
        return answers_of(self.model, inputs, self.outputs, together=self.readable)

    @property
    def classes(self) -> int:
        return int(self.single.outputs[0].shape[1])


@dataclass
class Topologies:
    """Both ways to write a model.

    Attributes:
        layers: for model.json, or None where the layers format cannot carry it.
        graph: for graph.json.
        why: why there is no model.json.
        network: what both were written from; None where the official converter wrote the graph.
    """

    layers: Topology | None
    graph: Topology
    why: str | None
    network: Network | None

    @cached_property
    def evaluator(self) -> Evaluator:
        """Runs the network, compiled once."""
        assert self.network is not None
        return evaluator(self.network)

    @property
    def parameters(self) -> int:
        return sum(int(values.size) for values in self.graph.weights.values())


def opened(model: Any, say: Say) -> Source:
    """The model as a source, loaded first if it is a path."""
    if isinstance(model, str | Path):
        say(f"Reading {model}")
        return load_source(Path(model))
    return Source(None, model)


def adapted(source: Source, input_range: str | None, logits: bool, output: str | None) -> Adapted:
    """Puts the lens in front of a model and a softmax at its end, where they are wanted.

    Raises:
        ExportError: the input is no picture, its range unknown, or the output is no list of classes.
    """
    model = _as_layer(source) if source.saved_model else source.model
    input_shape(model)
    bare, outputs = with_probabilities(model, logits=logits, output=output)
    model, lens = with_lens(bare, input_range, source.input_range)
    known = dict(zip(outputs, model.outputs, strict=True)).get(bundle.KNOWN)
    if known is not None and tuple(known.shape[1:]) != (1,):
        raise ExportError(
            f"The output {bundle.KNOWN} gives {shown(known.shape)}.",
            expected="[batch, 1]: how surely a picture shows one of the classes at all, 0 to 1",
            fix="Give one number for each picture, or call the output something else.",
        )
    single = model if len(outputs) == 1 else keras.Model(model.inputs[0], model.outputs[0], name=model.name)
    kept = _by_name(source.model, model, outputs)
    return Adapted(model, kept, single, outputs, bare, lens, readable=source.saved_model is None)


def _by_name(given: Any, model: Any, outputs: Sequence[str]) -> Any:
    """A model with its outputs as a dictionary: the given one, where it is that already."""
    if len(outputs) == 1:
        return model
    named = dict(zip(outputs, model.outputs, strict=True))
    own = named_outputs(given)
    same = own.keys() == named.keys() and all(own[name] is tensor for name, tensor in named.items())
    if same and isinstance(given.output, dict):
        return given
    return keras.Model(model.inputs[0], named, name=model.name)


def _as_layer(source: Source) -> Any:
    """A SavedModel as a Keras model of one layer, by its signature `serving_default`."""
    assert source.saved_model is not None
    folder = str(source.saved_model)
    if fallback.find() is None:
        raise ExportError(
            f"{folder} is a SavedModel, which has no layers to read.",
            expected="a .keras or .h5 file, or the official converter for all else",
            fix=f"Save the model as .keras where it was made, or run: {fallback.INSTALL}",
        )
    fallback.check_signature(source.saved_model)
    try:
        layer = keras.layers.TFSMLayer(folder, call_endpoint=fallback.SIGNATURE)
        signature = tf.saved_model.load(folder).signatures[fallback.SIGNATURE]
    except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
        raise ExportError(f"{folder} cannot be read: {str(error)[:300]}", fix="Save it again.") from None
    (spec,) = signature.structured_input_signature[1].values()
    shape = spec.shape.as_list()
    entry = keras.Input(shape[1:], dtype=spec.dtype.name, name="picture")
    given = layer(entry)
    output = next(iter(given.values())) if isinstance(given, dict) else given
    return keras.Model(entry, output, name="saved_model")


def topologies(found: Adapted, say: Say) -> Topologies:
    """Writes a model as both topologies, or as a graph by the official converter where we cannot read it.

    Raises:
        ExportError: a layer that neither can carry, by name and class, or a weight that is not finite.
    """
    if not found.readable:
        return _by_fallback(found, ExportError("A SavedModel has no layers to read."), say)
    try:
        network = simplify(read_network(found.model))
    except ExportError as error:
        return _by_fallback(found, error, say)
    network.outputs = dict(zip(found.outputs, network.outputs.values(), strict=True))
    graph = graph_model(network, probabilities=found.outputs[0])
    try:
        return Topologies(layers_model(_first_output(network)), graph, None, network)
    except OnlyGraph as error:
        say(f"Only graph.json is written: {error.what}")
        return Topologies(None, graph, error.what, network)


def _first_output(network: Network) -> Network:
    """What its first output needs: ml5 and Teachable Machine expect one."""
    (name, wanted), *others = network.outputs.items()
    if not others:
        return network
    needed = {wanted}
    for node in reversed(network.nodes):
        if node.name in needed:
            needed.update(node.inputs)
    return Network([node for node in network.nodes if node.name in needed], {name: wanted})


def _by_fallback(found: Adapted, error: ExportError, say: Say) -> Topologies:
    if not all(np.isfinite(values).all() for values in found.model.get_weights()):
        raise error
    if fallback.find() is None:
        raise ExportError(
            error.what,
            expected=error.expected,
            fix=f"{error.fix or 'Replace it.'} Or let the official converter try: {fallback.INSTALL}",
        ) from None
    converted = fallback.convert_model(found.single, why=error.what, say=say)
    why = f"{error.what} The official converter wrote graph.json."
    return Topologies(None, converted, why, None)
