"""Writes a network as a TensorFlow.js graph model (graph.json): few, fused operations; what our page opens.

The operations are those that the cpu, wasm, webgl and webgpu backends all have. Where several would do, the
fastest on wasm was taken: pooling instead of Mean and Max over the picture, a depthwise convolution of 1 x 1
instead of Mul and AddV2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytrain.errors import ExportError
from pytrain.export.network import Array, Network
from pytrain.export.writing.class_activation import add_head
from pytrain.export.writing.graph_kinds import write
from pytrain.export.writing.graph_ops import Constant, Graph, tensor_shape
from pytrain.export.writing.graph_writer import Writer
from pytrain.export.writing.stored import shared_weights

PROBABILITIES = "probabilities"


@dataclass(frozen=True)
class GraphTopology:
    """A graph model without its weights manifest.

    Attributes:
        json: what graph.json holds beside `weightsManifest`.
        weights: full name (`conv1/kernel`) to float32 array; those of the layers model, named the same.
        own: int32 and float32 constants of the graph alone.
    """

    json: dict[str, Any]
    weights: dict[str, Array]
    own: dict[str, Constant]


def graph_model(network: Network, *, probabilities: str | None = None) -> GraphTopology:
    """Writes a network.

    Args:
        network: as `simplify` leaves it.
        probabilities: the output that is to be called "probabilities"; the only one where not told.

    Returns:
        The topology. Its outputs: `probabilities` [batch, classes], `embedding` [batch, n] (what goes into
        the last Dense, where there is one), `class_activation` [batch, h, w, classes] (where pooling feeds
        it, see class_activation.py), and every further output by its Keras name.

    Raises:
        ExportError: no such output, or a node that a graph cannot carry, by name.
    """
    if probabilities is None and len(network.outputs) == 1:
        (probabilities,) = network.outputs
    if probabilities is not None and probabilities not in network.outputs:
        raise ExportError(
            f"The network has no output {probabilities}.",
            expected=f"one of {', '.join(network.outputs)}",
        )
    writer = Writer(network)
    for node in network.nodes:
        write(writer, node)
    outputs: dict[str, str] = {}
    if probabilities is not None:
        outputs[PROBABILITIES] = writer.tensors[network.outputs[probabilities]]
        outputs.update(add_head(writer, network, network.outputs[probabilities]))
    for key, name in network.outputs.items():
        if key != probabilities:
            outputs[key] = writer.tensors[name]
    outputs = _apart(writer.graph, outputs)
    nodes = writer.graph.needed(outputs.values())
    (entry,) = (node.name for node in network.nodes if node.kind == "input")
    return GraphTopology(
        {
            "format": "graph-model",
            "generatedBy": "pytrain",
            "convertedBy": "pytrain",
            "signature": {
                "inputs": {entry: _signature(writer.graph, entry)},
                "outputs": {key: _signature(writer.graph, name) for key, name in outputs.items()},
            },
            "modelTopology": {"node": nodes, "library": {}, "versions": {"producer": 1}},
        },
        shared_weights(writer.stored),
        writer.graph.own,
    )


def _apart(graph: Graph, outputs: Mapping[str, str]) -> dict[str, str]:
    """Gives each output a node of its own: TensorFlow.js tells outputs apart by their nodes."""
    seen: set[str] = set()
    apart: dict[str, str] = {}
    for key, name in outputs.items():
        if name in seen or graph.is_input(name):
            name = graph.op(f"output/{len(apart)}", "Identity", [name], graph.shape(name))
        seen.add(name)
        apart[key] = name
    return apart


def _signature(graph: Graph, name: str) -> dict[str, Any]:
    return {"name": f"{name}:0", "dtype": "DT_FLOAT", "tensorShape": tensor_shape((-1, *graph.shape(name)))}
