"""The bundle contract: what a folder under `exported_models/` holds, how it is read and replaced."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytrain.errors import BundleError, PytrainError

SCHEMA = 1
"""Version of metadata.json's `pytrain` block; readers refuse any other."""

LAYERS_MODEL = "model.json"
GRAPH_MODEL = "graph.json"
FORMATS = {"graph": GRAPH_MODEL, "layers": LAYERS_MODEL}
"""The two topologies of TensorFlow.js, as metadata.json calls them, and their files."""

METADATA = "metadata.json"
KERAS_MODEL = "model.keras"
GOLDEN = "golden/golden.json"
REPORT = "report/index.html"

RUNS = ".runs"
"""The folder beside the models that keeps what trainings need to be resumed, or done again and quicker."""

SETTINGS = "settings.json"
"""In a training's folder there: how it was started."""

UNKNOWN = "unknown"
"""The answer below the threshold, and the reserved folder of pictures that show none of the classes."""

KNOWN = "known"
"""The graph's output that says, from 0 to 1, how surely a picture shows one of the classes at all."""

MAX_PROBABILITY = "max_probability"
SCORES = (MAX_PROBABILITY, KNOWN)
"""What the threshold of `unknown` may be held against: the greatest probability, or that output."""

MASK = "mask"
"""The graph's output that says of every place of the picture what it belongs to: float32 [batch, side, side,
1 + labels], the background first, then the labels in their order; what a place is told adds up to 1. Metadata
tells its `side` and its `labels`."""

BACKGROUND = "background"

DRAWING = "drawing"
MNIST = "mnist"
DRAWINGS = (MNIST,)
"""What the `pytrain` block's `drawing` may say: how the model's pictures were drawn, so that a drawing pad
does the same. "mnist": light lines on black, scaled to a box of 20 x 20 pixels, which lies in 28 x 28 so that
the centre of mass is in the middle (LeCun, Cortes & Burges). Left out where drawings need no such care."""

STALE_SECONDS = 3600
"""A temporary folder this old belongs to a run that was killed."""

RENAME_TRIES = 5
RENAME_PAUSE_SECONDS = 0.3

BYTES = {"float32": 4, "float16": 2, "int32": 4, "uint16": 2, "uint8": 1, "bool": 1}
"""Bytes of one number in a shard, by the manifest's dtype."""


@dataclass(frozen=True)
class Bundle:
    """One exported model on disk, checked when it was read.

    Attributes:
        path: the folder.
        labels: class names in the order of the model's outputs.
        metadata: all of metadata.json.
        shards: names of the weight files that model.json and graph.json name, each once.
        topologies: which of the two there are, by file name.
    """

    path: Path
    labels: tuple[str, ...]
    metadata: Mapping[str, Any]
    shards: tuple[str, ...]
    topologies: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def unknown_threshold(self) -> float:
        """Below this `score` the answer is `unknown`; 0 means never."""
        return float(self._calibration.get("unknown_threshold", 0.0))

    @property
    def score(self) -> str:
        """What the threshold is held against: "max_probability", or the graph's output "known"."""
        return str(self._calibration.get("score", MAX_PROBABILITY))

    @property
    def drawing(self) -> str | None:
        """How a drawing has to be prepared for it: "mnist", or None for as it is."""
        drawing: str | None = self.metadata["pytrain"].get(DRAWING)
        return drawing

    @property
    def _calibration(self) -> Mapping[str, Any]:
        calibration: Mapping[str, Any] = self.metadata["pytrain"].get("calibration", {})
        return calibration

    @property
    def size(self) -> int:
        """Bytes of everything in the folder."""
        return sum(file.stat().st_size for file in self.path.rglob("*") if file.is_file())


def read(path: Path) -> Bundle:
    """Opens a bundle and checks that it is whole: its JSON files, the schema, every weight file's size.

    Raises:
        BundleError: the folder is missing, incomplete, truncated or of another schema version.
    """
    recover(path)
    if not path.is_dir():
        raise BundleError(
            f"There is no model at {path}.",
            expected=f"a folder with {LAYERS_MODEL} or {GRAPH_MODEL}, and {METADATA}",
            fix="Check the name, or make one with: pytrain train four-shapes",
        )
    metadata = _read_json(path / METADATA)
    labels = _labels(path, metadata)
    contents = {file: _read_json(path / file) for file in _topologies(path, metadata)}
    named = [shard for file, content in contents.items() for shard in _check_shards(path, file, content)]
    found = Bundle(path, labels, metadata, tuple(dict.fromkeys(named)), tuple(contents))
    _check_score(found, contents.get(GRAPH_MODEL, {}))
    if found.drawing not in (None, *DRAWINGS):
        raise BundleError(
            f"{found.name}: {METADATA} has the drawing {found.drawing!r}.",
            expected=f"{' or '.join(DRAWINGS)}, or none",
            fix="Install the pytrain that wrote it, or export the model again.",
        )
    return found


def listing(roots: Iterable[Path]) -> tuple[list[Bundle], dict[str, PytrainError]]:
    """All bundles of some roots. The first of a name counts, even a damaged one: it is what is served.

    Args:
        roots: as for `folders_of`.

    Returns:
        (bundles sorted by name, what is wrong with each folder that is no whole bundle).
    """
    bundles: dict[str, Bundle] = {}
    problems: dict[str, PytrainError] = {}
    for root in roots:
        for hidden in root.glob(".*.previous"):
            recover(root / hidden.name[1 : -len(".previous")])
        for folder in folders_of(root):
            if folder.name in bundles or folder.name in problems:
                continue
            try:
                bundles[folder.name] = read(folder)
            except PytrainError as error:
                problems[folder.name] = error
    return [bundles[name] for name in sorted(bundles)], problems


def folders_of(root: Path) -> list[Path]:
    """Where the bundles of a root lie, whole or damaged: in all that is in it, or it is one itself."""
    if (root / METADATA).is_file():
        return [root]
    if not root.is_dir():
        return []
    return sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Gives an empty folder to write into, and renames it to `target` if the block ends well.

    Whatever goes wrong before (an error, Ctrl-C, a full disk, a kill), the former `target` stays whole.

    Raises:
        BundleError: `target` holds something that is no bundle, or the disk refused.
    """
    check_target(target)
    with replacing_folder(target) as staging:
        yield staging


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """As `replacing`, for a folder that the caller knows may be replaced, whatever it holds.

    Raises:
        BundleError: the disk refused.
    """
    recover(target)
    staging = _staging(target, os.getpid())
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(target)
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        yield staging
        _swap(staging, target)
    except OSError as error:
        raise BundleError(
            f"{target} could not be written: {error.strerror or error}.",
            fix="Free some disk space or choose another folder with --out; what was there is untouched.",
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def discard_unfinished(target: Path, process: int) -> None:
    """Deletes what a process that was killed had begun to write in `replacing`.

    Args:
        target: the bundle that it would have become.
        process: its number.
    """
    shutil.rmtree(_staging(target, process), ignore_errors=True)


def check_target(target: Path) -> None:
    """Raises BundleError where a bundle could not be put, so that nobody trains for nothing.

    A folder that holds something else is never replaced.
    """
    recover(target)
    empty = target.is_dir() and not any(target.iterdir())
    if not target.name or (target.exists() and not empty and not _is_ours(target)):
        raise BundleError(
            f"{target} is there and is no model's folder.",
            expected="a new folder, or one that holds an exported model",
            fix="Choose another folder with --out.",
        )
    # Nothing is made yet, for what comes between may still fail.
    place = next(folder for folder in target.absolute().parents if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise BundleError(
            f"{target.parent} cannot be written to: {error.strerror or error}.",
            fix="Choose another folder with --out.",
        ) from None


def _is_ours(folder: Path) -> bool:
    """Whether its metadata.json is one of ours: Teachable Machine's downloads and others have one, too."""
    try:
        metadata = json.loads((folder / METADATA).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(metadata, dict) and "pytrain" in metadata


def recover(target: Path) -> None:
    """Brings back the former folder if a kill fell between the two renames of a replacement."""
    previous = _previous(target)
    if previous.is_dir() and not target.exists():
        previous.rename(target)


def write_json(path: Path, content: Mapping[str, Any], *, compact: bool = False) -> None:
    """Writes JSON, readable or compact; NaN and infinity are refused, for browsers cannot read them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    style: dict[str, Any] = {"separators": (",", ":")} if compact else {"indent": 1}
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, **style)
    path.write_text(text + "\n", encoding="utf-8")


def weight_bytes(weight: Mapping[str, Any]) -> int:
    """Bytes that one entry of a weights manifest takes in the shards."""
    dtype = weight.get("quantization", {}).get("dtype", weight["dtype"])
    return int(math.prod(weight["shape"])) * BYTES[dtype]


def _swap(staging: Path, target: Path) -> None:
    # Two renames, for no system but Linux can exchange folders in one; recover() closes the gap between them.
    previous = _previous(target)
    if not target.exists():
        _rename(staging, target)
        return
    for last in (False, True):
        shutil.rmtree(previous, ignore_errors=True)
        _rename(target, previous)
        try:
            _rename(staging, target)
            break
        except OSError:
            # A server that lists the models just then brings the former folder back; try once more.
            if not target.exists():
                previous.rename(target)
            if last:
                raise
    shutil.rmtree(previous, ignore_errors=True)


def _rename(source: Path, target: Path) -> None:
    """Windows refuses while a server reads a file of the folder; that lasts for moments only."""
    for _ in range(RENAME_TRIES - 1):
        try:
            source.rename(target)
        except PermissionError:
            time.sleep(RENAME_PAUSE_SECONDS)
        else:
            return
    source.rename(target)


def _staging(target: Path, process: int) -> Path:
    return target.parent / f".{target.name}.new-{process}"


def _previous(target: Path) -> Path:
    return target.parent / f".{target.name}.previous"


def _remove_stale(target: Path) -> None:
    for folder in target.parent.glob(f".{target.name}.new-*"):
        if time.time() - folder.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _read_json(path: Path) -> dict[str, Any]:
    again = "Export the model again, or copy the whole folder again."
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleError(f"{path} is missing.", fix=again) from None
    except (OSError, ValueError, RecursionError) as error:
        raise BundleError(f"{path} cannot be read: {error}.", expected="a JSON file", fix=again) from None
    if not isinstance(content, dict):
        raise BundleError(f"{path} holds no JSON object.", fix=again)
    return content


def _labels(path: Path, metadata: Mapping[str, Any]) -> tuple[str, ...]:
    block = metadata.get("pytrain")
    parts = ("calibration", "metrics", "weights", "outputs")
    if isinstance(block, dict) and not all(isinstance(block.get(part, {}), dict) for part in parts):
        raise BundleError(
            f"{path.name}: {METADATA} is damaged.",
            expected=f"objects for {', '.join(parts)} in its pytrain block",
            fix="Export the model again.",
        )
    schema = block.get("schema") if isinstance(block, dict) else None
    if schema != SCHEMA:
        raise BundleError(
            f"{path.name}: {METADATA} has schema version {schema!r}.",
            expected=f"pytrain schema version {SCHEMA}",
            fix="Export the model again with this version of pytrain, or install the pytrain that wrote it.",
        )
    labels = metadata.get("labels")
    if not isinstance(labels, list) or len(labels) < 2 or not all(isinstance(label, str) for label in labels):
        raise BundleError(
            f"{path.name}: {METADATA} has the labels {labels!r}.",
            expected="a list of at least two names",
            fix="Export the model again.",
        )
    return tuple(labels)


def _topologies(path: Path, metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """The topologies that metadata.json speaks of; it says nothing where there was but model.json."""
    formats = metadata["pytrain"].get("formats", {"layers": True})
    if not isinstance(formats, Mapping) or not (formats.get("layers") or formats.get("graph")):
        raise BundleError(
            f"{path.name}: {METADATA} has the formats {formats!r}.",
            expected="layers, graph or both",
            fix="Export the model again.",
        )
    return tuple(FORMATS[name] for name in ("layers", "graph") if formats.get(name))


def _check_score(found: Bundle, graph: Mapping[str, Any]) -> None:
    """Whoever asks for the answer `unknown` must be able to work it out."""
    if found.score not in SCORES:
        raise BundleError(
            f"{found.name}: {METADATA} has the score {found.score!r}.",
            expected=" or ".join(SCORES),
            fix="Install the pytrain that wrote it, or export the model again.",
        )
    signature = graph.get("signature")
    outputs = signature.get("outputs") if isinstance(signature, dict) else None
    if found.score == KNOWN and KNOWN not in (outputs or {}):
        raise BundleError(
            f"{found.name}: {METADATA} takes {UNKNOWN} from the output {KNOWN}, which {GRAPH_MODEL} has not.",
            fix="Export the model again.",
        )


def _check_shards(path: Path, file: str, topology: Mapping[str, Any]) -> tuple[str, ...]:
    try:
        groups = [
            ([str(path) for path in group["paths"]], sum(weight_bytes(weight) for weight in group["weights"]))
            for group in topology["weightsManifest"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleError(
            f"{path.name}: {file} has no usable weights manifest ({error!r}).",
            fix="Export the model again.",
        ) from None
    for paths, expected in groups:
        missing = [name for name in paths if not (path / name).is_file()]
        if missing:
            raise BundleError(
                f"{path.name}: the weight file {missing[0]} is missing.", fix="Copy the whole folder again."
            )
        size = sum((path / name).stat().st_size for name in paths)
        if size != expected:
            raise BundleError(
                f"{path.name}: the weight files {', '.join(paths)} hold {size:,} bytes.",
                expected=f"{expected:,} bytes, as {file} says",
                fix="Copy the whole folder again; a file was cut off on its way.",
            )
    return tuple(name for paths, _ in groups for name in paths)
