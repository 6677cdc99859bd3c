"""Spreads a training over devices and machines with TensorFlow's own strategies (tf.distribute).

`open_workers` is called before anything else touches TensorFlow. All that follows is then written once for
one process and for many: each worker does its `shard`, `gather` brings the parts together, and only the
chief writes files.

With "multi-worker" every machine runs the same command with its own TF_CONFIG, as TensorFlow documents it
(tensorflow.org/guide/distributed_training):

    TF_CONFIG='{"cluster": {"worker": ["10.0.0.1:2222", "10.0.0.2:2222"]},
                "task": {"type": "worker", "index": 0}}'
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from pytrain.errors import TrainingError
from pytrain.model.backend import tf

STRATEGIES = ("mirrored", "multi-worker")

TIMEOUT = 300.0
"""Seconds that a worker waits for the others to start: somebody may have to log in to the next machine."""

HAIL = "pytrain worker"
"""How workers greet each other."""

GATHERED = 1 << 22
"""Bytes that each worker sends at once: what is gathered may be much larger than what fits in a message."""

EXAMPLE = (
    '{"cluster": {"worker": ["10.0.0.1:2222", "10.0.0.2:2222"]}, "task": {"type": "worker", "index": 0}}'
)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Workers:
    """The processes that train together; a single one where no strategy was asked for.

    To be used in a `with`: it ends when all the workers have come to its end, or when one of them is lost.
    """

    strategy: Any
    """A tf.distribute.Strategy."""
    index: int = 0
    count: int = 1

    @property
    def chief(self) -> bool:
        """Whether this is the worker that writes files and talks."""
        return self.index == 0

    @property
    def devices(self) -> int:
        """How many devices of this worker compute alike."""
        return int(self.strategy.num_replicas_in_sync) // self.count

    def shard(self, count: int) -> npt.NDArray[np.int64]:
        """Which of `count` things are this worker's: every one, or every second, third, ...

        A list that is sorted by class gives every worker some of each class.
        """
        return np.arange(self.index, count, self.count, dtype=np.int64)

    def gather(self, part: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
        """What all the workers have made, in the order of the things they made it from.

        Every worker must call it, with arrays of the same type and trailing shape.

        Args:
            part: one row for each of shard(count): [len(shard), ...]; float, int32 or int64.
            count: how many rows there are in all.

        Returns:
            [count, ...], the same on every worker.
        """
        if self.count == 1:
            return part
        rows = -(-count // self.count)
        whole = np.empty((rows, self.count, *part.shape[1:]), part.dtype)
        at_once = max(1, GATHERED // max(1, whole[:1, :1].nbytes))
        for start in range(0, rows, at_once):
            sent = np.zeros((min(at_once, rows - start), *part.shape[1:]), part.dtype)
            mine = part[start : start + at_once]
            sent[: len(mine)] = mine
            # Each device of a worker says the same; the first is listened to.
            said = self._gathered(sent).reshape(self.count, self.devices, *sent.shape)[:, 0]
            whole[start : start + len(sent)] = said.swapaxes(0, 1)
        return whole.reshape(-1, *part.shape[1:])[:count]

    def broadcast(self, data: bytes) -> bytes:
        """What the chief has, on every worker; the others' `data` is not looked at."""
        if self.count == 1:
            return data
        sizes = self.gather(np.array([len(data)], np.int64), self.count)
        padded = np.zeros((1, -(-int(sizes[0]) // 4) * 4), np.uint8)
        if self.chief:
            padded[0, : len(data)] = np.frombuffer(data, np.uint8)
        rows = self.gather(padded.view(np.int32), self.count)
        return bytes(rows[0].tobytes()[: int(sizes[0])])

    def _gathered(self, rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """[n, ...] from each device of each worker, one after another: [devices in all * n, ...]."""
        values = self.strategy.experimental_distribute_values_from_function(lambda _: tf.constant(rows))
        gathered: npt.NDArray[Any] = self.strategy.gather(values, axis=0).numpy()
        return gathered

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.count == 1:
            return
        if error is None:
            # Whoever is done waits here: the chief's process carries the others' connections.
            try:
                self.gather(np.zeros(len(self.shard(self.count)), np.int32), self.count)
            except tf.errors.OpError as lost:
                raise _lost() from lost
        elif isinstance(error, tf.errors.OpError):
            raise _lost() from error


def _lost() -> TrainingError:
    return TrainingError(
        "The connection to another worker was lost: it was stopped, or it failed.",
        fix="Read what that worker says; then start all of them again, with --resume.",
    )


def alone() -> Workers:
    """One process on one device."""
    return Workers(tf.distribute.get_strategy())


def open_workers(name: str | None = None, say: Say = print, timeout: float = TIMEOUT) -> Workers:
    """Opens a strategy; for "multi-worker" it waits until all the workers are there.

    Args:
        name: one of STRATEGIES, or None for one process on one device.
        say: is told what is being waited for.
        timeout: seconds that the other workers have to appear.

    Raises:
        TrainingError: no such strategy, TF_CONFIG is missing or wrong, a worker did not appear, or TensorFlow
            has already computed something in this process.
    """
    if name is None:
        return alone()
    if name == "mirrored":
        return Workers(tf.distribute.MirroredStrategy())
    if name != "multi-worker":
        raise TrainingError(f"There is no strategy {name!r}.", expected=f"one of: {', '.join(STRATEGIES)}")
    addresses, index = read_cluster(os.environ.get("TF_CONFIG"))
    _meet(addresses, index, timeout, say)
    strategy = _connect()
    say(f"This is worker {index + 1} of {len(addresses)}; all of them are there.")
    return Workers(strategy, index, len(addresses))


def read_cluster(text: str | None) -> tuple[list[str], int]:
    """Reads TF_CONFIG.

    Returns:
        All the workers' addresses as host:port, the chief's first, and the place of this one among them.

    Raises:
        TrainingError: it is missing, or says what cannot be.
    """
    if not text or not text.strip():
        raise _wrong("is not set")
    try:
        told = json.loads(text)
    except ValueError as error:
        raise _wrong(f"is not JSON: {error}") from error
    cluster, task = (told.get("cluster"), told.get("task")) if isinstance(told, dict) else (None, None)
    if not isinstance(cluster, dict) or not isinstance(task, dict):
        raise _wrong('lacks "cluster" or "task"')
    jobs = {kind: _addresses(cluster.get(kind, []), kind) for kind in ("chief", "worker")}
    addresses = jobs["chief"] + jobs["worker"]
    if not addresses:
        raise _wrong('names no "worker" in its "cluster"')
    if len(jobs["chief"]) > 1:
        raise _wrong("names more than one chief")
    if len(set(addresses)) < len(addresses):
        raise _wrong("names an address twice")
    kind, index = task.get("type"), task.get("index")
    if kind not in ("chief", "worker") or not jobs[kind]:
        raise _wrong(f'has a "task" of type {kind!r}, which cannot train', 'the type "worker" or "chief"')
    if type(index) is not int or not 0 <= index < len(jobs[kind]):
        raise _wrong(
            f'has a "task" with index {index!r}, but lists {len(jobs[kind])} of type {kind!r}',
            f"an index from 0 to {len(jobs[kind]) - 1}; each machine has its own",
        )
    return addresses, index + (len(jobs["chief"]) if kind == "worker" else 0)


def _addresses(listed: Any, kind: str) -> list[str]:
    if not isinstance(listed, list):
        raise _wrong(f'lists its "{kind}" as {listed!r}', 'a list of "host:port"')
    for address in listed:
        host, _, port = address.rpartition(":") if isinstance(address, str) else ("", "", "")
        if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16):
            raise _wrong(f"has the address {address!r}", '"host:port", as "10.0.0.1:2222"')
    return list(listed)


def _wrong(what: str, expected: str | None = None) -> TrainingError:
    return TrainingError(
        f"The environment variable TF_CONFIG {what}.",
        expected=expected or EXAMPLE,
        fix="Set it on every machine to the same cluster, each with its own index, and start them all.",
    )


def _meet(addresses: list[str], index: int, timeout: float, say: Say) -> None:
    """Returns once every worker has called on every other. TensorFlow alone would wait for an hour, deaf to
    Ctrl-C, and would take any program that answers at an address for a worker."""
    others = [place for place in range(len(addresses)) if place != index]
    known = {_greeting(addresses, place): place for place in others}
    untold, unheard = set(others), set(others)
    say_at = time.monotonic()
    deadline = say_at + timeout
    with _listening(addresses[index]) as door:
        while untold or unheard:
            untold = {place for place in untold if not _told(addresses[place], _greeting(addresses, index))}
            unheard.discard(_heard(door, known))
            now = time.monotonic()
            missing = ", ".join(addresses[place] for place in sorted(untold | unheard))
            if missing and now > deadline:
                raise TrainingError(
                    f"After {timeout:.0f} seconds there is still no worker at {missing}.",
                    fix="Start the same command there, with its own TF_CONFIG, and let its port through the "
                    "firewall.",
                )
            if missing and now >= say_at:
                say(f"Waiting for the worker at {missing}.")
                say_at = now + 30


def _greeting(addresses: list[str], index: int) -> bytes:
    """What this worker says to the others: the same cluster gives the same words, and always as many."""
    cluster = sha256("\n".join(addresses).encode()).hexdigest()[:16]
    return f"{HAIL} {cluster} {index:06d}".encode()


def _told(address: str, greeting: bytes) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=2) as other:
            other.sendall(greeting)
    except OSError:
        return False
    return True


def _heard(door: socket.socket, known: dict[bytes, int]) -> int | None:
    """Which worker has called; None where nobody does within the door's timeout."""
    try:
        guest, _ = door.accept()
        with guest:
            guest.settimeout(2)
            said = guest.recv(len(_greeting([], 0)), socket.MSG_WAITALL)
    except OSError:
        return None
    if said.startswith(HAIL.encode()) and said not in known:
        raise TrainingError(
            "A worker called that has another cluster in its TF_CONFIG, or this one's index.",
            fix="Give every machine the same cluster, and each its own index.",
        )
    return known.get(said)


def _listening(address: str) -> socket.socket:
    """A socket on this worker's own port that lets the others see that it is there."""
    port = int(address.rpartition(":")[2])
    try:
        if socket.has_dualstack_ipv6():
            door = socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        else:
            door = socket.create_server(("", port))
    except OSError as error:
        raise TrainingError(
            f"Port {port}, this worker's in TF_CONFIG, cannot be opened: {error.strerror or error}.",
            fix="Choose a free port in the TF_CONFIG of every machine.",
        ) from error
    door.settimeout(0.2)
    return door


def _connect() -> Any:
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.OpError, RuntimeError) as error:
        raise TrainingError(
            f"TensorFlow cannot connect the workers: {error}",
            fix="Open the strategy before anything else is computed with TensorFlow.",
        ) from error
