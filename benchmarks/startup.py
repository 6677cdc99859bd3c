"""Time of `pytrain --help`, and of `pytrain serve` until the page came. Run: python benchmarks/startup.py"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
from urllib.request import urlopen

RUNS = 7


def help_seconds() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "pytrain", "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def serve_seconds() -> float:
    start = time.perf_counter()
    command = [sys.executable, "-m", "pytrain", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = re.search(r"http://\S+/", server.stdout.readline())
        assert address is not None
        with urlopen(address[0], timeout=10) as answer:
            answer.read()
        seconds = time.perf_counter() - start
        server.terminate()
    return seconds


def report(what: str, measure: object, limit: float) -> None:
    assert callable(measure)
    measure()
    times = [measure() for _ in range(RUNS)]
    middle = statistics.median(times)
    print(f"{what:<34} median {middle:.2f} s  (min {min(times):.2f}, max {max(times):.2f}; goal {limit} s)")


if __name__ == "__main__":
    report("pytrain --help", help_seconds, 0.3)
    report("pytrain serve until the page came", serve_seconds, 1.0)
