"""Reads what a request brings, never more than was said."""

from __future__ import annotations

import json
from typing import IO, Any

from flask import request

from pytrain.serve.api_error import ApiError

CHUNK = 1 << 20
MOST_JSON_BYTES = 256_000


def read_json(example: str) -> dict[str, Any]:
    """A JSON object.

    Args:
        example: what errors say is expected.

    Raises:
        ApiError: there is none, or it is too large.
    """
    try:
        content = json.loads(read_bytes(MOST_JSON_BYTES, "The request") or b"null")
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise ApiError(400, "The request holds no JSON object.", example, "Send one.")
    return content


def read_bytes(most: int, what: str) -> bytes:
    """All of it.

    Raises:
        ApiError: (413) it is larger than `most` bytes.
    """
    _check_length(most, what)
    content = request.stream.read(most + 1)
    if len(content) > most:
        raise _too_large(most, what)
    return content


def copy_to(target: IO[bytes], most: int, what: str) -> None:
    """Writes it to a file, piece by piece; the file is then at its beginning.

    Raises:
        ApiError: (413) it is larger than `most` bytes.
    """
    _check_length(most, what)
    while piece := request.stream.read(CHUNK):
        if target.tell() + len(piece) > most:
            raise _too_large(most, what)
        target.write(piece)
    target.seek(0)


def _check_length(most: int, what: str) -> None:
    if request.headers.get("Transfer-Encoding"):
        raise ApiError(411, f"{what} came without its length.", "the header Content-Length", "Send it whole.")
    if (request.content_length or 0) > most:
        raise _too_large(most, what)


def _too_large(most: int, what: str) -> ApiError:
    size = f"{most // 1_000_000} MB" if most >= 1_000_000 else f"{most // 1_000} KB"
    return ApiError(413, f"{what} is too large.", f"at most {size}", "Make it smaller, then try again.")
