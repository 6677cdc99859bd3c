"""Draws the three four-shapes data sets into folders, each picture from a seed of its own."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image

from pytrain.dataset.four_shapes.classic import draw_classic
from pytrain.dataset.four_shapes.dice import Dice, seed_of
from pytrain.dataset.four_shapes.glyphs import draw_glyph
from pytrain.dataset.four_shapes.outlines import LABELS
from pytrain.dataset.four_shapes.scenes import draw_scene
from pytrain.dataset.image_folder import SYSTEM_FILES, UNKNOWN
from pytrain.errors import DataError
from pytrain.image import Frame

Item = TypeVar("Item")
Result = TypeVar("Result")

GENERATOR = "pytrain four-shapes"
VERSION = 4
"""Of the drawing code: raised when the same seed would give other pictures."""

CLASSIC, SCENES, GLYPHS = "four-shapes-classic", "four-shapes-scenes", "four-shapes-glyphs"
MANIFEST = "dataset.json"
BATCH = 25
"""Pictures that a process draws before it reports."""

DRAW: dict[str, Callable[[str, int], Frame]] = {CLASSIC: draw_classic, SCENES: draw_scene, GLYPHS: draw_glyph}


@dataclass(frozen=True)
class Batch:
    """Some pictures of one label, for one process."""

    folder: Path
    dataset: str
    label: str
    seed: int
    first: int
    last: int


def generate(
    out: Path,
    seed: int = 0,
    classic_per_class: int = 300,
    scenes_per_class: int = 2000,
    unknown: int = 2500,
    glyphs_per_class: int = 150,
    glyphs_unknown: int = 200,
    progress: Callable[[int, int], None] | None = None,
    workers: int | None = None,
) -> tuple[Path, Path, Path]:
    """Draws the data sets that are not there yet with these settings.

    Each set is drawn in a folder beside its place, its `dataset.json` last, and renamed when it is whole:
    whatever interrupts it, what was there before stays. The number of processes changes no picture.

    Args:
        out: the folder in which the three data sets go.
        seed: another seed, other pictures.
        progress: called with (pictures done, pictures in all) from time to time.
        workers: processes; by default one for each core.

    Returns:
        The folders (classic, scenes, glyphs).

    Raises:
        DataError: the disk is full or not writable, or a folder of that name holds something else.
    """
    _end_if_imported_by_a_worker()
    shapes = dict.fromkeys(LABELS, 0)
    plans = {
        CLASSIC: dict.fromkeys(shapes, classic_per_class),
        SCENES: {**dict.fromkeys(shapes, scenes_per_class), UNKNOWN: unknown},
        GLYPHS: {**dict.fromkeys(shapes, glyphs_per_class), UNKNOWN: glyphs_unknown},
    }
    wanted = {name: _manifest(name, seed, counts) for name, counts in plans.items()}
    missing = [name for name in plans if not is_finished(out / name, wanted[name])]
    total = sum(sum(plans[name].values()) for name in missing)
    done = 0
    for name in missing:
        staging = staging_folder(out / name)
        try:
            _make_room(out / name, staging)
            for count in _drawn(_batches(staging, name, seed, plans[name]), workers):
                done += count
                if progress is not None:
                    progress(done, total)
            write_manifest(staging, wanted[name])
            swap(staging, out / name)
        except OSError as error:
            raise DataError(
                f"The data set {out / name} could not be written: {error.strerror or error}.",
                fix="Free some disk space (about 150 MB are needed) or choose another folder with --data.",
            ) from error
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return out / CLASSIC, out / SCENES, out / GLYPHS


def _end_if_imported_by_a_worker() -> None:
    """A new worker imports the script that started it; one without a main guard would draw there, too.

    It must end before it touches the folders that its parent is drawing in.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise RuntimeError('the work of this script must start below `if __name__ == "__main__":`')


def is_finished(folder: Path, manifest: Mapping[str, Any]) -> bool:
    """Whether a data set was drawn to its end with these settings, and no picture is missing."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if found != manifest:
        return False
    suffix = _suffix(manifest["name"])
    return all(
        len(list((folder / label).glob(f"*{suffix}"))) >= count for label, count in manifest["counts"].items()
    )


def _manifest(name: str, seed: int, counts: Mapping[str, int]) -> dict[str, Any]:
    return {
        "schema": 1,
        "name": name,
        "generator": GENERATOR,
        "version": VERSION,
        "seed": seed,
        "counts": dict(counts),
    }


def _batches(folder: Path, name: str, seed: int, counts: Mapping[str, int]) -> list[Batch]:
    return [
        Batch(folder, name, label, seed, first, min(first + BATCH, count))
        for label, count in counts.items()
        for first in range(0, count, BATCH)
    ]


def _drawn(batches: list[Batch], workers: int | None) -> Iterator[int]:
    """Draws all batches and gives the size of each as it gets done."""
    for label in {(batch.folder / batch.label) for batch in batches}:
        label.mkdir(parents=True, exist_ok=True)
    yield from spread(_draw_batch, batches, workers)


def spread(work: Callable[[Item], Result], items: list[Item], workers: int | None = None) -> Iterator[Result]:
    """The results in the order of the items, worked out by several processes.

    Args:
        work: a function of a module, for the processes import it.
        items: few of them stay in this process, where they are done before others would have started.
        workers: processes; by default one for each core.

    Raises:
        DataError: a process died.
    """
    processes = workers or os.cpu_count() or 1
    if processes == 1 or len(items) < 4:
        yield from map(work, items)
        return
    # "spawn" everywhere: the same on all systems, and no copy of a parent that holds threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        min(processes, len(items)), mp_context=context, initializer=_leave_ctrl_c_to_parent
    )
    try:
        yield from pool.map(work, items)
    except BrokenProcessPool:
        raise DataError(
            "A process that draws pictures ended before its time.",
            expected='a script whose work starts below `if __name__ == "__main__":`, and enough memory',
            fix="Call it from such a script, or draw in this process with workers=1.",
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _leave_ctrl_c_to_parent() -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _draw_batch(batch: Batch) -> int:
    for index in range(batch.first, batch.last):
        seed = seed_of(batch.seed, batch.dataset, batch.label, index)
        frame = DRAW[batch.dataset](batch.label, seed)
        path = batch.folder / batch.label / f"{index:04d}{_suffix(batch.dataset)}"
        path.write_bytes(_encoded(frame, path.suffix, seed))
    return batch.last - batch.first


def _encoded(frame: Frame, suffix: str, seed: int) -> bytes:
    """The file's bytes; JPEG quality varies as cameras' does."""
    target = io.BytesIO()
    picture = Image.fromarray(frame)
    if suffix == ".png":
        picture.convert("L").save(target, "PNG")
    else:
        dice = Dice(seed_of(seed, "jpeg"))
        quality = dice.integer(72, 95) if dice.chance(0.7) else dice.integer(38, 72)
        picture.save(target, "JPEG", quality=quality, subsampling=dice.pick([0, 2, 2]))
    return target.getvalue()


def _suffix(dataset: str) -> str:
    return ".png" if dataset == CLASSIC else ".jpg"


def staging_folder(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.new"


def _make_room(folder: Path, staging: Path) -> None:
    """An empty staging folder; refuses to replace a folder that holds more than this generator drew."""
    if folder.is_dir() and any(folder.iterdir()) and not _is_ours(folder):
        raise DataError(
            f"{folder} holds files that pytrain did not draw.",
            expected="a new folder, an empty one, or one drawn before",
            fix="Move it away or choose another folder with --data.",
        )
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)


def _is_ours(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(manifest, dict) or manifest.get("generator") != GENERATOR:
        return False
    suffix = _suffix(str(manifest.get("name")))
    drawn = {
        Path(label) / f"{index:04d}{suffix}"
        for label, count in manifest.get("counts", {}).items()
        for index in range(count)
    }
    found = {file.relative_to(folder) for file in folder.rglob("*") if file.is_file()}
    return all(file in drawn or file.name in {MANIFEST, *SYSTEM_FILES} for file in found)


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def swap(staging: Path, folder: Path) -> None:
    """Puts the new folder in the old one's place; the old one goes only when the new one stands."""
    former = folder.parent / f".{folder.name}.former"
    shutil.rmtree(former, ignore_errors=True)
    if folder.exists():
        folder.rename(former)
    try:
        staging.rename(folder)
    except OSError:
        if former.exists():
            former.rename(folder)
        raise
    shutil.rmtree(former, ignore_errors=True)
