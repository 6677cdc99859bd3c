"""Moves pictures of a data set to another label's folder, out of it, and back."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytrain.bundle import REPORT, UNKNOWN, write_json
from pytrain.serve.api_error import ApiError
from pytrain.serve.places import REMOVED, free
from pytrain.serve.training_runs import TrainingRun

PICTURES = "pictures.json"
CHANGES = "changes.json"
MAX_NAME = 255
SEPARATORS = "/\0\\:" if os.name == "nt" else "/\0"
"""What no name can hold; elsewhere than on Windows a colon is as good as any letter."""

AGAIN = "Train again and look at the new report."

_lock = threading.Lock()
"""One change at a time, for two could take the same free name."""


@dataclass(frozen=True)
class DataSet:
    """The pictures behind a model's report.

    Attributes:
        run: the training.
        bundle: the model's folder, whose report names the pictures.
    """

    run: TrainingRun
    bundle: Path

    def labels(self) -> list[str]:
        """What a picture may be called: the data set's folders, and `unknown`."""
        folders = (entry for entry in self.run.source.iterdir() if _is_plain(entry.name) and entry.is_dir())
        return sorted({UNKNOWN, *(entry.name for entry in folders)})

    def changes(self) -> dict[str, dict[str, Any]]:
        """What was changed since the report was made, by the identity of the picture."""
        return {
            identity: {"removed": True} if change["label"] is None else {"label": change["label"]}
            for identity, change in self._changes().items()
        }

    def change(self, identity: str, wish: Mapping[str, Any]) -> None:
        """Moves one picture.

        Args:
            identity: of the picture, as the report names it.
            wish: {"label": name}, {"removed": true} or {"undo": true}.

        Raises:
            ApiError: no such picture or label, the file is another one now, or the disk refuses. Nothing has
                moved then.
        """
        with _lock:
            picture, changes = self._picture(identity), self._changes()
            change = changes.get(identity)
            here = change["to"] if change else picture["path"]
            label = self._wanted(wish)
            back = wish.get("undo") is True or label == picture["label"]
            place = None
            if back:
                if change:
                    place = self._move(here, picture["digest"], picture["path"])
                    del changes[identity]
            else:
                # Below a label's folder others may lie: the picture keeps its name alone.
                folder = f"{REMOVED}/{picture['label']}" if label is None else label
                place = self._move(here, picture["digest"], f"{folder}/{Path(picture['path']).name}")
                changes[identity] = {"to": place, "label": label}
            try:
                self._save(changes)
            except OSError as error:
                # What is not remembered could not be undone.
                if place is not None:
                    self._move(place, picture["digest"], here)
                raise ApiError(
                    507,
                    f"The change cannot be kept in {self.run.folder}: {error.strerror or error}.",
                    fix="Make room on the disk, then try again.",
                ) from error

    def _wanted(self, wish: Mapping[str, Any]) -> str | None:
        """The label asked for; None for a picture to be removed (or put back)."""
        label = wish.get("label")
        if label is None and (wish.get("removed") is True or wish.get("undo") is True):
            return None
        if not isinstance(label, str) or not _is_plain(label) or label not in self.labels():
            raise ApiError(
                400,
                f"There is no label {label!r} in {self.run.source.name}.",
                expected=f"one of {', '.join(self.labels()[:20])}",
                fix=f"Make a folder of that name in {self.run.source} first.",
            )
        return label

    def _move(self, place: str, digest: str, target: str) -> str:
        """Moves a file within the data set, if it still is what the report showed; never over another.

        Returns:
            Where it lies now, as a path within the data set.
        """
        path = self._inside(place)
        if path.is_symlink() or not path.is_file():
            raise ApiError(409, f"{place} is no longer there.", fix=AGAIN)
        try:
            if _digest(path) != digest:
                raise ApiError(409, f"{place} is another picture than the report shows.", fix=AGAIN)
            new = free(self._inside(target))
            new.parent.mkdir(parents=True, exist_ok=True)
            path.rename(new)
        except OSError as error:
            raise ApiError(
                500, f"{place} cannot be moved: {error.strerror or error}.", fix="Check the permissions."
            ) from None
        return new.relative_to(self.run.source).as_posix()

    def _inside(self, place: str) -> Path:
        """The path of a place within the data set; whatever would lead out of it is refused."""
        parts = place.split("/")
        odd = not all(_is_plain(part) for part in (parts[1:] if parts[0] == REMOVED else parts))
        path = self.run.source.joinpath(*parts) if not odd else self.run.source
        if odd or len(parts) < 2 or not path.parent.resolve().is_relative_to(self.run.source):
            raise ApiError(400, f"{place} is no place in {self.run.source.name}.", fix=AGAIN)
        return path

    def _picture(self, identity: str) -> dict[str, str]:
        content = self._report()
        picture = content.get("pictures", {}).get(identity) if content else None
        keys = ("path", "label", "digest")
        if not isinstance(picture, dict) or not all(isinstance(picture.get(key), str) for key in keys):
            raise ApiError(404, f"The report of {self.bundle.name} has no picture {identity}.", fix=AGAIN)
        return {key: picture[key] for key in keys}

    def _report(self) -> dict[str, Any]:
        try:
            content = json.loads(self._report_bytes())
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    def _report_bytes(self) -> bytes:
        try:
            return (self.bundle / REPORT).with_name(PICTURES).read_bytes()
        except OSError:
            return b""

    def _changes(self) -> dict[str, dict[str, Any]]:
        try:
            content = json.loads((self.run.folder / CHANGES).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        # A new training makes a new report, in which the changes are the ordinary state of things.
        if content.get("report") != hashlib.sha256(self._report_bytes()).hexdigest():
            return {}
        changes: dict[str, dict[str, Any]] = content["changes"]
        return changes

    def _save(self, changes: Mapping[str, Any]) -> None:
        report = hashlib.sha256(self._report_bytes()).hexdigest()
        temporary = self.run.folder / f"{CHANGES}.part"
        write_json(temporary, {"report": report, "changes": changes})
        temporary.replace(self.run.folder / CHANGES)


def _is_plain(name: str) -> bool:
    """Whether this is a plain, visible name on every system: of a label, a folder in it or a file."""
    odd = not name or name.startswith(".") or any(sign in name for sign in SEPARATORS)
    return not odd and len(name) <= MAX_NAME


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
