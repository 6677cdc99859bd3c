"""Works a few items ahead in threads, so that pictures are read while the network computes."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 24
"""Items in work or waiting to be taken; bounds the memory used."""


def ahead(work: Callable[[Item], Result], items: Iterable[Item], held: int = AHEAD) -> Iterator[Result]:
    """The results in the order of the items; at most so many of them are held at a time."""
    waiting: deque[Future[Result]] = deque()
    threads = ThreadPoolExecutor(os.cpu_count())
    try:
        for item in items:
            waiting.append(threads.submit(work, item))
            if len(waiting) >= held:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        threads.shutdown(cancel_futures=True)
