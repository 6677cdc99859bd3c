"""Runs TensorFlow.js in Node.js, where no browser is there."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytrain.errors import BrowserError
from pytrain.image import Frame
from pytrain.resources import page_folder

BACKENDS = ("cpu", "wasm")
TIMEOUT_SECONDS = 300
REPEAT = 10


def find() -> str | None:
    """The path of Node.js, or None."""
    return shutil.which("node")


def run(
    program: str, folder: Path, frames: Sequence[Frame], formats: Sequence[str], backends: Sequence[str]
) -> tuple[str, dict[str, Any]]:
    """Feeds frames to a bundle's topologies ("graph", "layers") on some backends.

    Returns:
        (what ran it, {"tfjs": version, "results": [{"format", "backend", "probabilities", "milliseconds"} or
        {"format", "backend", "error"}]}).
    """
    with tempfile.TemporaryDirectory(prefix="pytrain-") as scratch:
        entries = []
        for number, frame in enumerate(frames):
            file = Path(scratch) / f"{number}.rgb"
            file.write_bytes(frame.tobytes())
            entries.append({"width": frame.shape[1], "height": frame.shape[0], "file": str(file)})
        job = Path(scratch) / "job.json"
        content = {
            "bundle": str(folder.resolve()),
            "frames": entries,
            "formats": list(formats),
            "backends": list(backends),
            "repeat": REPEAT,
        }
        job.write_text(json.dumps(content), encoding="utf-8")
        finished = _call([program, str(page_folder() / "verify-node.mjs"), str(job)])
    version = _call([program, "--version"]).strip()
    try:
        answer: dict[str, Any] = json.loads(finished.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise BrowserError(f"Node.js gave no answer: {finished[-500:]!r}.") from None
    return f"Node.js {version}", answer


def _call(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", timeout=TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BrowserError(f"Node.js could not run: {error}.") from None
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise BrowserError(f"Node.js ended with code {done.returncode}: {reason}")
    return done.stdout
