"""Server-sent events: what happens is written down once and told to all who listen, from where they stopped.

The format: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response

from pytrain.serve.api_error import ApiError

HEARTBEAT_SECONDS = 10.0
"""So often something is written, for only then it is noticed that nobody listens any more."""

MOST_STREAMS = 32
"""Each keeps a thread of the server; the others are for everything else."""

HEARTBEAT = b": still here\n\n"


@dataclass(frozen=True)
class Event:
    """One event.

    Attributes:
        number: counts from 1; what a listener that comes back has seen last.
        kind: its name, or None for a plain message.
        data: one line of JSON.
    """

    number: int
    kind: str | None
    data: str

    def as_bytes(self) -> bytes:
        """As it goes over the wire."""
        kind = f"event: {self.kind}\n" if self.kind else ""
        return f"id: {self.number}\n{kind}data: {self.data}\n\n".encode("utf-8", "replace")


class Feed:
    """Events of one thing.

    Args:
        kept: the last events that a listener who comes late, or is slow, still gets.
    """

    def __init__(self, kept: int) -> None:
        self._events: deque[Event] = deque(maxlen=kept)
        self._changed = threading.Condition()
        self.number = 0
        self.ended = False

    def add(self, content: Mapping[str, Any], kind: str | None = None) -> None:
        """Tells all listeners."""
        with self._changed:
            self.number += 1
            self._events.append(Event(self.number, kind, json.dumps(content, ensure_ascii=False)))
            self._changed.notify_all()

    def end(self) -> None:
        """Nothing more will come."""
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def wake(self) -> None:
        """Makes all who wait look whether they still should."""
        with self._changed:
            self._changed.notify_all()

    def since(self, number: int, seconds: float) -> list[Event]:
        """Events after one; waits for some if there are none. Empty if there were none, or it was woken."""
        with self._changed:
            if self.number <= number and not self.ended:
                self._changed.wait(seconds)
            return [event for event in self._events if event.number > number]


class Streams:
    """The open streams of one server."""

    def __init__(self, most: int = MOST_STREAMS, heartbeat: float = HEARTBEAT_SECONDS) -> None:
        self.most = most
        self.heartbeat = heartbeat
        self.closed = False
        self._open: set[_Stream] = set()
        self._lock = threading.Lock()

    def answer(self, feed: Feed, last: str | None, start: int = 0) -> Response:
        """A response that goes on until the feed ends, the listener leaves or the server stops.

        Args:
            feed: what to tell.
            last: the header Last-Event-ID, with which a browser comes back.
            start: where to begin without it; 0 tells all that is kept.

        Raises:
            ApiError: (503) too many listen already.
        """
        number = int(last) if last and last.isascii() and last.isdigit() else start
        if feed.ended and number >= feed.number:
            # On this, and on nothing else, a browser stops coming back.
            return Response(status=204)
        stream = _Stream(self, feed, number)
        with self._lock:
            if self.closed or len(self._open) >= self.most:
                raise ApiError(
                    503,
                    f"{len(self._open)} pages and programs listen already.",
                    expected=f"at most {self.most}",
                    fix="Close one of them, or ask now and then instead.",
                )
            self._open.add(stream)
        response = Response(stream, mimetype="text/event-stream")
        response.headers["X-Accel-Buffering"] = "no"
        return response

    def close(self) -> None:
        """Ends all streams, at once."""
        with self._lock:
            self.closed = True
            streams = list(self._open)
        for stream in streams:
            stream.feed.wake()

    def left(self, stream: _Stream) -> None:
        """One has ended."""
        with self._lock:
            self._open.discard(stream)

    def __len__(self) -> int:
        return len(self._open)


class _Stream:
    """One listener's bytes. No generator: those are not told of an end before their beginning."""

    def __init__(self, streams: Streams, feed: Feed, number: int) -> None:
        self.streams = streams
        self.feed = feed
        self._number = number
        self._begun = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if not self._begun:
            # Something goes out at once, so that the browser knows that it is connected.
            self._begun = True
            return HEARTBEAT
        events = self.feed.since(self._number, self.streams.heartbeat)
        if self.streams.closed:
            raise StopIteration
        if events:
            self._number = events[-1].number
            return b"".join(event.as_bytes() for event in events)
        if self.feed.ended:
            raise StopIteration
        return HEARTBEAT

    def close(self) -> None:
        """Called by the server however it ends."""
        self.streams.left(self)
