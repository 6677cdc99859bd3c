"""What a page sees, told to other programs on this machine as it happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytrain.serve.api_error import ApiError

MOST_LABELS = 1_000
MOST_SIGNS = 200
MOST = 1e15
"""Of any number; JSON may bring some that no program can hold."""

EXAMPLE = (
    '{"model": "pets", "answer": "cat", "results": [{"label": "cat", "confidence": 0.9}, ...], '
    '"known": 0.8 (may be missing), "time": 1234.5}'
)


def checked(content: Mapping[str, Any]) -> dict[str, Any]:
    """Only what belongs there, each of its kind.

    Raises:
        ApiError: something is missing or of another kind.
    """
    rows = content.get("results")
    if not isinstance(rows, list) or len(rows) > MOST_LABELS:
        raise _odd("results")
    found: dict[str, Any] = {
        "model": _text(content, "model"),
        "answer": _text(content, "answer"),
        "results": [_row(row) for row in rows],
        "time": _number(content, "time"),
    }
    if content.get("known") is not None:
        found["known"] = _number(content, "known")
    return found


def _row(row: object) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise _odd("results")
    return {"label": _text(row, "label"), "confidence": _number(row, "confidence")}


def _text(content: Mapping[str, Any], key: str) -> str:
    value = content.get(key)
    if not isinstance(value, str) or len(value) > MOST_SIGNS:
        raise _odd(key)
    return value


def _number(content: Mapping[str, Any], key: str) -> float:
    value = content.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < MOST:
        raise _odd(key)
    return value


def _odd(key: str) -> ApiError:
    return ApiError(400, f"{key} is missing or of another kind.", EXAMPLE, "Send it so.")
