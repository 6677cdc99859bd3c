"""Writes docs/layers.md from the tables of the exporter and from what the parity tests measured.

Run: make parity
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
TARGET = CHECKOUT / "docs" / "layers.md"
RESULTS = CHECKOUT / "build" / "parity"
sys.path.insert(0, str(CHECKOUT / "tests"))

from parity import BACKENDS, FORMATS, TOLERANCE  # noqa: E402
from python.export.cases import CASES  # noqa: E402

from pytrain.export.reading.lower import ELSEWHERE, TABLE, Row  # noqa: E402
from pytrain.export.reading.operators import OPERATIONS  # noqa: E402

Results = Mapping[str, Any]

OPERATION = "ops."
"""What the tests' cases of operations begin with."""

INTRODUCTION = f"""\
# What can be exported

Written by `make parity` from the exporter's tables and from what the tests measured.

`pytrain export` reads functional and Sequential Keras 3 models made of the layers and operations below,
nested and shared ones included, and writes them in both formats of TensorFlow.js: `model.json` (layers) and
`graph.json` (graph). Every row is tested with small models over its options, in unmodified TensorFlow.js 4.22
in Chromium, on the backends cpu, wasm and webgl, with batches of 1 and 3 pictures.

The last columns say how far a backend is from Keras: the greatest difference of any number of any output, in
either format, as a part of the greatest number of that output. The tests allow {TOLERANCE:g}. It is rounding:
each backend adds in an order of its own. (A Keras model that counts in float16 itself is allowed more, and is
left out of these columns.)

{ELSEWHERE} A layer that is not here, or that somebody wrote, goes through the official converter where
`pip install 'pytrain[tensorflowjs]'` has brought it; then there is a graph.json and no model.json. Without
it, the export ends with one error that names the layer.
"""

NETWORKS = """\
## Whole networks

With 10 classes and random weights, made lifelike: normalisations have the statistics of the pictures, and the
probabilities tell pictures apart. *Picture* is the size that they were tested at: the same layers as at full
size, in a fraction of the time. The difference is that of the probabilities.
"""


def text(layers: Results, networks: Results) -> str:
    """The whole page."""
    operations = {f"{OPERATION}{name}" for name in OPERATIONS}
    whole = {case.layer: None for case in CASES if case.layer not in TABLE and case.layer not in operations}
    return "\n".join(
        [
            INTRODUCTION,
            "## Layers\n",
            *rows(TABLE.values(), layers),
            "\n## Operations\n",
            "What a functional model does without a layer, such as `x + 3` or `keras.ops.relu6(x)`.\n",
            *rows(OPERATIONS.values(), layers, OPERATION),
            "\n## Models of several layers\n",
            *rows((Row(name, "as its layers", "", no_layer) for name in whole), layers),
            f"\n{NETWORKS}",
            *network_rows(networks),
            "",
        ]
    )


def no_layer(call: Any) -> str:
    raise NotImplementedError


def rows(table: Iterable[Row], results: Results, prefix: str = "") -> Iterator[str]:
    """A table of layers or operations, with what the tests found; those that are alike share a line."""
    yield f"| | carried as | restriction | model.json | graph.json | models tested | {' | '.join(BACKENDS)} |"
    yield "| --- | --- | --- | --- | --- | --- |" + " ---: |" * len(BACKENDS)
    alike: dict[tuple[Any, ...], list[str]] = {}
    for row in sorted(table, key=lambda row: row.name.lower()):
        alike.setdefault((row.lower, row.carried, row.restriction), []).append(row.name)
    for (_, carried, restriction), names in alike.items():
        cases = [f"{prefix}{name}" for name in names]
        found = [results[case] for case in cases]
        shown = ", ".join(f"`{name}`" for name in names)
        has = " | ".join(carries(found, form) for form in FORMATS)
        measured = f"{tested(cases)} | {differences(found)}"
        yield f"| {shown} | {carried} | {restriction or '-'} | {has} | {measured} |"


def carries(found: Sequence[Results], form: str) -> str:
    """Whether a format carries all of the models that were tested."""
    cases = sum(one[form]["cases"] for one in found if form in one)
    total = sum(one["graph"]["cases"] for one in found)
    return "yes" if cases == total else "no" if cases == 0 else f"{cases} of {total}"


def tested(names: Collection[str]) -> str:
    """How many models, and over which options."""
    mine = [case.options for case in CASES if case.layer in names]
    options = {option: None for case in mine for option in re.findall(r"([a-z]\w*)=", case)}
    return f"{len(mine)}: {', '.join(options)}" if options else str(len(mine))


def differences(found: Iterable[Results]) -> str:
    forms = [form["differences"] for one in found for form in one.values()]
    return " | ".join(f"{max(form[backend] for form in forms):.0e}" for backend in BACKENDS)


def network_rows(networks: Results) -> Iterator[str]:
    yield f"| | parameters | picture | model.json | graph.json | {' | '.join(BACKENDS)} |"
    yield "| --- | ---: | ---: | --- | --- |" + " ---: |" * len(BACKENDS)
    for name, found in networks.items():
        has = ["yes" if form in found["formats"] else "no" for form in FORMATS]
        worst = " | ".join(
            f"{max(form[backend] for form in found['formats'].values()):.0e}" for backend in BACKENDS
        )
        yield f"| {name} | {found['parameters']:,} | {found['size']} | {' | '.join(has)} | {worst} |"


def read(name: str) -> Results:
    path = RESULTS / name
    if not path.is_file():
        sys.exit(f"{path} is missing; run: make parity")
    found: Results = json.loads(path.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    TARGET.write_text(text(read("layers.json"), read("networks.json")), encoding="utf-8")
    print(TARGET)
