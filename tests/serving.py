"""Calls a server's JSON API as its own page does."""

from __future__ import annotations

import io
from typing import Any

from flask.testing import FlaskClient
from PIL import Image

ORIGIN = "http://localhost"


class Caller:
    """A page: it has the token and says where it comes from."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.token = client.get("/api/session").get_json()["token"]

    def __call__(
        self, method: str, path: str, body: bytes | None = None, **options: Any
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON of an answer; keywords become the JSON that is sent."""
        headers = {"X-Pytrain-Token": self.token, "Origin": ORIGIN, **options.pop("headers", {})}
        sent: dict[str, Any] = {"data": body} if body is not None else {"json": options} if options else {}
        answer = self.client.open(f"/api/{path}", method=method, headers=headers, **sent)
        return answer.status_code, answer.get_json(silent=True)


def picture(kind: str = "JPEG", size: tuple[int, int] = (32, 32), colour: str = "orange") -> bytes:
    """Bytes of a small picture."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return file.getvalue()


def assert_refused(answer: tuple[int, dict[str, Any]], status: int) -> None:
    """An error has three parts, and says what to do."""
    assert answer[0] == status, answer[1]
    assert set(answer[1]["error"]) == {"what", "expected", "fix"}
    assert answer[1]["error"]["what"]
    assert answer[1]["error"]["fix"]
