"""The plain network between Keras and TensorFlow.js: few kinds of operation, written to both formats.

`reading` makes it of a Keras model by the tables there, `fold.py` simplifies it, `writing` puts it into both
formats. Everything is channels last and float32; every shape but the batch is known.

kind                 config                                    weights
input
conv2d               strides, padding, dilation, activation    kernel [h, w, in, out], bias? [out]
depthwise_conv2d     strides, padding, dilation, activation    depthwise_kernel [h, w, in, m], bias? [in * m]
conv2d_transpose     strides, padding, activation              kernel [h, w, out, in], bias? [out]
dense                activation                                kernel [in, out], bias? [out]
scale                                                          scale [c], offset [c]
layer_norm           epsilon                                   gamma? [c], beta? [c]
activation           activation, and its settings              alpha (prelu only)
softmax
log_softmax
max_pool             pool, strides, padding
average_pool         pool, strides, padding
global_max           keepdims
global_mean          keepdims
add, subtract, multiply, average, maximum, minimum
concatenate          axis
reshape              shape
permute              order
pad                  padding
crop                 crop
upsample             factors
resize               size, interpolation                       rows [height, size], columns [width, size]

- dense works on the last axis of an input of any rank; scale (x * scale + offset) and layer_norm too.
- padding is "same" (TensorFlow's), "valid" or ((top, bottom), (left, right)); the last only a graph can say.
- average_pool leaves the padding out of the mean. global_* go over height and width.
- pad, crop are ((top, bottom), (left, right)); upsample repeats rows and columns (height, width) times.
- softmax and log_softmax go over the last axis.
- resize is linear in the picture: rows^T x columns, whatever its interpolation. Where that is "bilinear" or
  "nearest", TensorFlow's own resize with half-pixel centres and no antialias gives the same; else "other".
- An axis counts from 1 after the batch; so do the entries of `order`.
- Binary kinds take two inputs or more (subtract: two) and broadcast. An input may come twice.
- Two nodes that hold the same array objects share their weights.
- activation is "linear", "relu" or "relu6" where it is a part of another kind; else one of ACTIVATIONS.
- prelu's alpha has the input's rank without the batch, 1 where an axis is shared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

FUSING = ("conv2d", "depthwise_conv2d", "conv2d_transpose", "dense")
"""Kinds that can carry a bias and an activation."""

ACTIVATIONS = {
    "relu": (),
    "relu6": (),
    "leaky_relu": ("negative_slope",),
    "thresholded_relu": ("threshold",),
    "prelu": (),
    "elu": (),
    "selu": (),
    "sigmoid": (),
    "tanh": (),
    "softplus": (),
    "softsign": (),
    "silu": (),
    "mish": (),
    "gelu": (),
    "gelu_tanh": (),
    "exponential": (),
    "log": (),
    "sqrt": (),
    "reciprocal": (),
}
"""Activations of the kind `activation`, and the settings of each. thresholded_relu is x where x > threshold,
else 0; gelu is the one with the error function. TensorFlow.js's layers format has all but the last four."""


@dataclass(eq=False)
class Node:
    """One operation with one output.

    Attributes:
        name: unique in the network; the Keras layer's where it stands for one.
        kind: one of the table above.
        config: its settings.
        weights: float32 arrays by name.
        inputs: names of the nodes it reads.
        shape: of its output, without the batch.
    """

    name: str
    kind: str
    inputs: list[str]
    shape: tuple[int, ...]
    config: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, Array] = field(default_factory=dict)


@dataclass
class Network:
    """Nodes in an order in which each comes after those it reads.

    Attributes:
        nodes: the operations, the input first.
        outputs: the model's outputs: what Keras calls them, and the node that gives each.
    """

    nodes: list[Node]
    outputs: dict[str, str]

    def __getitem__(self, name: str) -> Node:
        return next(node for node in self.nodes if node.name == name)

    def readers(self, name: str) -> list[Node]:
        return [node for node in self.nodes if name in node.inputs]

    def only_read_by(self, name: str, reader: Node) -> bool:
        """Whether nobody but `reader` sees what the node `name` gives."""
        return self.readers(name) == [reader] and name not in self.outputs.values()

    def remove(self, node: Node) -> None:
        """Takes a node with one input out; whoever read it reads that input."""
        (source,) = node.inputs
        for reader in self.readers(node.name):
            reader.inputs = [source if name == node.name else name for name in reader.inputs]
        self.outputs = {key: source if name == node.name else name for key, name in self.outputs.items()}
        self.nodes.remove(node)
