"""Every supported layer keeps Keras's numbers in the plain network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from python.export.cases import CASES, Case

from pytrain.export.evaluate import evaluate
from pytrain.export.fold import simplify
from pytrain.export.network import Network
from pytrain.export.reading.lower import TABLE
from pytrain.export.reading.operators import OPERATIONS
from pytrain.export.reading.read import read_network
from pytrain.model.backend import tf

TOLERANCE = 1e-4
"""Greatest difference in any value, relative to the greatest value (at least 1) of the output."""


def difference(got: Any, expected: Any) -> float:
    """The greatest difference, relative to the greatest expected value or 1."""
    assert got.shape == expected.shape
    return float(np.abs(got - expected).max() / max(1.0, np.abs(expected).max()))


def run(network: Network, x: Any) -> list[Any]:
    """The outputs; on the way every node has the shape that it says, and does what its settings say."""
    values = evaluate(Network(network.nodes, {node.name: node.name for node in network.nodes}), x)
    for node in network.nodes:
        assert values[node.name].shape == (len(x), *node.shape), node
        if node.kind == "resize" and node.config["interpolation"] in ("bilinear", "nearest"):
            own = tf.image.resize(values[node.inputs[0]], node.config["size"], node.config["interpolation"])
            assert difference(values[node.name], np.asarray(own)) < 1e-6
    return [values[name] for name in network.outputs.values()]


def predictions(model: Any, x: Any) -> list[Any]:
    """What Keras says, called as it predicts, without the time that predict takes to trace."""
    outputs = model(x, training=False)
    return [
        np.asarray(output, dtype=np.float32)
        for output in (outputs if isinstance(outputs, list) else [outputs])
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_plain_network_gives_kerass_numbers(case: Case) -> None:
    model = case.build()
    tolerance = 5e-3 if "float16" in case.id else TOLERANCE
    for network, batch in ((read_network(model), 1), (simplify(read_network(model)), 3)):
        x = case.inputs(batch)
        for got, expected in zip(run(network, x), predictions(model, x), strict=True):
            assert difference(got, expected) < tolerance


def test_every_row_of_the_tables_has_a_case() -> None:
    tested = {case.layer for case in CASES}
    rows = {*TABLE, *(f"ops.{name}" for name in OPERATIONS)}
    assert rows <= tested


def test_every_case_has_a_name_of_its_own() -> None:
    ids = [case.id for case in CASES]
    assert len(set(ids)) == len(ids)
