"""What the routes of one server share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytrain.serve.datasets import Datasets
from pytrain.serve.events import Streams
from pytrain.serve.guard import Guard
from pytrain.serve.jobs import Jobs
from pytrain.serve.share.share import Share

EXTENSION = "pytrain"
"""Under this name an application keeps its services."""


@dataclass(frozen=True)
class Services:
    """What the API works with.

    Attributes:
        roots: folders of models; what is new goes into the first.
        root_of: gives the folder of models that holds a name; raises an HTTP 404 where none does.
        datasets: what the page records.
        guard: says who may call.
        jobs: runs trainings.
        streams: tells programs and pages what happens.
        share: lets other devices in, or None.
    """

    roots: Sequence[Path]
    root_of: Callable[[str], Path]
    datasets: Datasets
    guard: Guard
    jobs: Jobs
    streams: Streams
    share: Share | None

    def close(self) -> None:
        """Lets all go that would keep the server from its end; waits for nothing."""
        self.streams.close()
        self.jobs.let_go()
