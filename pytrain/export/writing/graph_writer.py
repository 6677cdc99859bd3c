"""What writing a graph keeps in mind: the operations so far, and the tensor that each node gives."""

from __future__ import annotations

from pytrain.export.network import Network, Node
from pytrain.export.shapes import Shape
from pytrain.export.writing.graph_ops import Graph
from pytrain.export.writing.padding import Padding
from pytrain.export.writing.stored import Stored, stored_weights


class Writer:
    """A graph in the making.

    Attributes:
        graph: the operations so far.
        tensors: the tensor that each node of the network gives.
        stored: what each node keeps in the shared shards.
        readers: the nodes that read each node.
        outputs: the nodes that give the network's outputs.
        padding: what convolutions take over from a padding in front of them.
    """

    def __init__(self, network: Network) -> None:
        self.graph = Graph()
        self.tensors: dict[str, str] = {}
        self.stored: dict[str, Stored] = stored_weights(network)
        self._nodes = {node.name: node for node in network.nodes}
        self.readers: dict[str, list[Node]] = {node.name: [] for node in network.nodes}
        for node in network.nodes:
            for name in node.inputs:
                self.readers[name].append(node)
        self.outputs = set(network.outputs.values())
        self.padding: dict[str, Padding] = {}

    def weight(self, node: Node, weight: str) -> str:
        """The constant that holds one of a node's weights."""
        return self.stored[node.name].full_name(weight)

    def input_shape(self, node: Node) -> Shape:
        """Of what a node reads, without the batch."""
        return self._nodes[node.inputs[0]].shape

    def only_reader(self, node: Node) -> Node | None:
        """The node that reads this one, where nobody else sees what it gives."""
        readers = self.readers[node.name]
        return readers[0] if len(readers) == 1 and node.name not in self.outputs else None

    def flat_rows(self, name: str, tensor: str) -> str:
        """[batch, ..., n] as a matrix [.., n]. Its first axis is no batch, so it is no plain reshape."""
        shape = self.graph.shape(tensor)
        if len(shape) == 1:
            return tensor
        return self.graph.op(name, "Reshape", [tensor, self.graph.constant((-1, shape[-1]))], shape[-1:])
