"""Whether pictures are the published ones, by the hashes of what the published files hold."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from pytrain.dataset.catalogue.collection import Part
from pytrain.dataset.catalogue.entries import Entry
from pytrain.dataset.catalogue.idx import IDX_PARTS, as_idx

ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256"}
"""By the number of hexadecimal digits. People publish all three; what matters here is damage, not malice."""


def same_content(entry: Entry, parts: Sequence[Part]) -> bool | None:
    """Whether grey pictures and labels are those of the published IDX files, whatever they were packed in.

    Args:
        entry: of the catalogue.
        parts: training and test.

    Returns:
        None where no hashes of IDX files are known.
    """
    named: dict[str, npt.NDArray[Any]] = {}
    for (images, labels), part in zip(IDX_PARTS, parts, strict=True):
        named |= {images: part.images[..., 0], labels: part.truth}
    if not named.keys() <= entry.hashes.keys():
        return None
    return all(_is(as_idx(array), entry.hashes[name]) for name, array in named.items())


def same_file(entry: Entry, name: str, file: Path) -> bool:
    """Whether a file is, byte for byte, the published one of that name; False where its hash is not known."""
    return name in entry.hashes and _is(file.read_bytes(), entry.hashes[name])


def _is(content: bytes, digest: str) -> bool:
    return hashlib.new(ALGORITHMS[len(digest)], content, usedforsecurity=False).hexdigest() == digest
