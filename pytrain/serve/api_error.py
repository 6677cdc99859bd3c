"""An answer of the JSON API that is an error."""

from __future__ import annotations

from pytrain.errors import PytrainError


class ApiError(PytrainError):
    """What was asked cannot be done; `status` is the HTTP status of the answer."""

    def __init__(self, status: int, what: str, expected: str | None = None, fix: str | None = None) -> None:
        super().__init__(what, expected, fix)
        self.status = status
