"""`pytrain publish`: gathers page, models, icons and the service worker in one folder, in one step."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytrain import bundle
from pytrain.bundle import Bundle
from pytrain.errors import BundleError, ServeError
from pytrain.resources import page_folder, shipped_models
from pytrain.serve.listed import listed
from pytrain.serve.publish import icons, offline
from pytrain.serve.publish.pages import published_page, published_sketch

MARKER = ".pytrain-site"
"""In a published folder: names what was put there, so that the next time all else can stay."""

MODELS = Path("exported_models")
TOOLS = ("verify.html", "verify.js", "verify-node.mjs")
"""Of the built page: what only `pytrain verify` uses."""

PICTURES = ("golden", "report")
"""Folders of a bundle that show pictures of the training."""


@dataclass(frozen=True)
class Site:
    """What was published.

    Attributes:
        folder: where it lies.
        bytes: of all files.
        first_bytes: of those that a browser keeps at the first visit, to work offline.
        left_out: whether pictures of the training were left out.
    """

    folder: Path
    bytes: int
    first_bytes: int
    left_out: bool


def publish(
    models: Sequence[str | Path],
    out: str | Path,
    *,
    name: str | None = None,
    with_pictures: bool = False,
    replace: bool = False,
    page: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Site:
    """Writes a site of the page and some models.

    Args:
        models: their folders, or names below `exported_models`; the page starts with the first.
        out: the folder; if it is a published one already, all in it that was not published stays.
        name: what the site is called; the first model's name if not given.
        with_pictures: publish the pictures of the training, too: check pictures and reports.
        replace: write into a folder that holds other things; only files of the same names are replaced.
        page: the built page's folder; found by default.
        say: takes lines about what happens.

    Raises:
        BundleError: a model is missing or damaged, or the disk refused; what was there is untouched.
        ServeError: the page is not built, two models have one name, or the folder holds something else.
    """
    built = (page or page_folder()).resolve()
    bundles = [bundle.read(_found(model)) for model in models]
    _check_names(bundles)
    title = name or bundles[0].name
    out = Path(out).resolve()
    kept = _kept(out, built, bundles, replace=replace)
    with bundle.replacing_folder(out) as staging:
        for file in sorted(path for path in built.rglob("*") if path.is_file()):
            place = file.relative_to(built).as_posix()
            if place not in TOOLS:
                _copy_page_file(file, place, staging / place, title, bundles[0].name)
        for found in bundles:
            _copy_model(found, staging / "models" / found.name, with_pictures=with_pictures)
        _write_list(staging, bundles)
        icons.write(staging / "icons")
        offline.write_manifest(staging, title)
        # Otherwise GitHub's pages leave out whatever begins with an underscore.
        (staging / ".nojekyll").touch()
        first_bytes = offline.write_worker(staging, bundles)
        made = sorted(entry.name for entry in staging.iterdir())
        bundle.write_json(staging / MARKER, {"made": [*made, MARKER]})
        size = sum(path.stat().st_size for path in staging.rglob("*") if path.is_file())
        for entry in kept:
            _copy(entry, staging / entry.name)
    private = [found.path / place for found in bundles for place in PICTURES]
    site = Site(out, size, first_bytes, not with_pictures and any(place.is_dir() for place in private))
    for line in _told(site):
        say(line)
    return site


def _told(site: Site) -> list[str]:
    kept = f"a browser keeps {_megabytes(site.first_bytes)} of it to work offline"
    lines = [f"{site.folder}: {_megabytes(site.bytes)}; {kept}."]
    if site.left_out:
        lines.append("Left out, for they show your pictures: report and check pictures (--with-pictures).")
    lines.append(f"Try it:     python -m http.server --directory {site.folder}")
    lines.append("Publish it: copy the folder to any web space that answers with https.")
    return lines


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _found(model: str | Path) -> Path:
    """A model's folder: the path itself, or a name below `exported_models` or among those that came along."""
    path = Path(model)
    shipped = [folder for folder in shipped_models() if folder.name == path.name]
    named = [MODELS / path, *shipped] if len(path.parts) == 1 else []
    return next((place for place in (path, *named) if (place / bundle.METADATA).is_file()), path)


def _check_names(bundles: Sequence[Bundle]) -> None:
    names = [found.name for found in bundles]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ServeError(f"Two models are called {twice}.", fix="Copy one of them under another name.")


def _kept(out: Path, built: Path, bundles: Sequence[Bundle], *, replace: bool) -> list[Path]:
    """What lies in the folder and stays there.

    Raises:
        ServeError: the folder is no published one, or it holds what would be read.
    """
    bundle.recover(out)
    sources = [built, *(found.path.resolve() for found in bundles)]
    if any(source.is_relative_to(out) or out.is_relative_to(source) for source in sources):
        raise ServeError(f"{out} belongs to the page or to a model.", fix="Choose another folder with --out.")
    if not out.exists():
        return []
    if not out.is_dir():
        raise ServeError(f"{out} is a file.", fix="Choose another name with --out.")
    entries = sorted(out.iterdir())
    made = _made(out)
    if made is None and entries and not replace:
        raise ServeError(
            f"{out} is there, and pytrain publish did not make it.",
            expected="a new folder, or one published before",
            fix="Choose another folder. Or add --replace: only files of the same names are replaced.",
        )
    return [entry for entry in entries if entry.name not in (made or ())]


def _made(out: Path) -> list[str] | None:
    try:
        content = json.loads((out / MARKER).read_text(encoding="utf-8"))
        return [str(name) for name in content["made"]]
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _copy_page_file(file: Path, place: str, target: Path, title: str, model: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if place.endswith(".html"):
        text = published_page(file.read_text(encoding="utf-8"), place, title)
        target.write_text(text, encoding="utf-8")
    elif place.startswith("sketches/") and file.name == "sketch.js":
        target.write_text(published_sketch(file.read_text(encoding="utf-8"), model), encoding="utf-8")
    else:
        shutil.copyfile(file, target)


def _copy_model(found: Bundle, target: Path, *, with_pictures: bool) -> None:
    """What browsers need: not the Keras model, and no picture of the training unless that is wanted."""
    target.mkdir(parents=True)
    for name in (*found.topologies, *found.shards):
        shutil.copyfile(found.path / name, target / name)
    if with_pictures:
        for folder in PICTURES:
            if (found.path / folder).is_dir():
                shutil.copytree(found.path / folder, target / folder)
        shutil.copyfile(found.path / bundle.METADATA, target / bundle.METADATA)
    else:
        # Clients then know that there is nothing to compare themselves with.
        block: dict[str, Any] = {**found.metadata["pytrain"], "golden": 0}
        bundle.write_json(target / bundle.METADATA, {**found.metadata, "pytrain": block})


def _write_list(staging: Path, bundles: Sequence[Bundle]) -> None:
    entries = [listed(bundle.read(staging / "models" / found.name)) for found in bundles]
    entries[0]["first"] = True
    content = {"api": False, "models": entries, "problems": []}
    bundle.write_json(staging / "models.json", content)


def _copy(entry: Path, target: Path) -> None:
    """What was there stays there, but for files of the same names."""
    if target.exists() and not (target.is_dir() and entry.is_dir() and not entry.is_symlink()):
        return
    if entry.is_symlink() or entry.is_file():
        shutil.copy2(entry, target, follow_symlinks=False)
    elif target.is_dir():
        for below in entry.iterdir():
            _copy(below, target / below.name)
    else:
        shutil.copytree(entry, target, symlinks=True)


__all__ = ["BundleError", "Site", "publish"]
