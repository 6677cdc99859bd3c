"""docs/layers.md has the rows that the exporter has today; only the measured numbers may be older."""

from __future__ import annotations

import re
import runpy
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from networks import NETWORKS
from parity import BACKENDS
from python.export.cases import CASES

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs" / "layers.md"
AGAIN = "run: make parity"


def as_if_measured() -> dict[str, Any]:
    """Results of the present cases, all numbers 0."""
    counts = Counter((case.layer, form) for case in CASES for form in forms(case.only_graph))
    results: dict[str, Any] = defaultdict(dict)
    for (layer, form), count in counts.items():
        results[layer][form] = {"cases": count, "differences": dict.fromkeys(BACKENDS, 0.0)}
    return results


def forms(only_graph: bool) -> tuple[str, ...]:
    return ("graph",) if only_graph else ("layers", "graph")


def without_numbers(text: str) -> str:
    return re.sub(r"\d+e[+-]\d+", "#", text)


def test_every_layer_and_operation_stands_in_the_page_as_it_is_today() -> None:
    made = runpy.run_path(str(CHECKOUT / "docs" / "make_layers.py"))["text"](as_if_measured(), {})
    written = PAGE.read_text(encoding="utf-8")
    before_networks = re.split("(?m)^## Whole networks", written)[0]
    wanted = re.split("(?m)^## Whole networks", made)[0]
    assert without_numbers(before_networks) == without_numbers(wanted), AGAIN


def test_every_network_stands_in_the_page() -> None:
    _, _, part = PAGE.read_text(encoding="utf-8").partition("## Whole networks")
    rows = [line.split(" | ") for line in part.splitlines() if line.startswith("| ")][2:]
    assert [(row[0].removeprefix("| "), int(row[2])) for row in rows] == [
        (network.name, network.size) for network in NETWORKS
    ], AGAIN
