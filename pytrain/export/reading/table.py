"""How the tables of Keras layers and operations are kept: a row for each class, one error for all others.

A layer outside the table, or an option that its row does not carry, is one clear error, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pytrain.errors import ExportError
from pytrain.export.reading.builder import Call


@dataclass(frozen=True)
class Row:
    """One supported layer.

    Attributes:
        name: the Keras class.
        carried: as what, in a few words.
        restriction: what of it cannot be carried, or "".
        lower: adds the nodes of one call and returns the last one's name.
    """

    name: str
    carried: str
    restriction: str
    lower: Callable[[Call], str]


TABLE: dict[str, Row] = {}
"""The supported layers by Keras class."""

ELSEWHERE = "Channels first, and data that is no picture where a picture is meant, are refused."
"""A restriction that holds for every row."""


Lower = Callable[[Call], str]


class Keeping(Protocol):
    """What puts a function into a table, under the names of the Keras classes that it lowers."""

    def __call__(self, *names: str, carried: str, restriction: str = "") -> Callable[[Lower], Lower]: ...


def kept_in(table: dict[str, Row]) -> Keeping:
    """A decorator that adds rows to a table."""

    def keep(*names: str, carried: str, restriction: str = "") -> Callable[[Lower], Lower]:
        def add(lower: Lower) -> Lower:
            for name in names:
                table[name] = Row(name, carried, restriction, lower)
            return lower

        return add

    return keep


row = kept_in(TABLE)


def lower(call: Call) -> str:
    """Adds the nodes of one call of a layer.

    Raises:
        ExportError: the layer is not in the table, or an option of it cannot be carried.
    """
    kind = type(call.layer).__name__
    # A class of the same name that somebody else wrote may do anything.
    if kind not in TABLE or not type(call.layer).__module__.startswith("keras."):
        raise unsupported(call)
    if getattr(call.layer, "quantization_mode", None):
        raise call.refusal("is quantized", "Export the model as it was before model.quantize.")
    return TABLE[kind].lower(call)


def unsupported(call: Call) -> ExportError:
    """The error for a layer that the table does not have."""
    fixes = {
        "Lambda": "Write it with layers of the table; what is inside a Lambda cannot be read.",
        "TFSMLayer": "Export the SavedModel itself, not a layer around it.",
        "TextVectorization": "Only pictures can be exported.",
        "StringLookup": "Only pictures can be exported.",
        "Embedding": "Only pictures can be exported.",
        "TimeDistributed": "Call the layer inside directly: Dense works on the last axis of any shape.",
    }
    fix = "Replace it with layers of the table in docs/layers.md."
    return call.refusal("is not supported", fixes.get(type(call.layer).__name__, fix))
