"""What makes a published site installable and independent of the network: manifest and service worker."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytrain import bundle
from pytrain.bundle import Bundle
from pytrain.serve.publish.icons import MASKABLE, SIZES

MANIFEST = "manifest.webmanifest"
WORKER = "sw.js"
SOURCE = Path(__file__).with_name("worker.js")
SLOT = "const SITE = { version: '', files: {}, first: [], teaching: [] };"

PAPER = ("#f2f3f0", "#131412")
"""The page's background, light and dark (web/styles/base.css)."""

LATER = ("backbone/", "sketches/", "vendor/", "engine-", "licenses.txt", "trainer.js")
"""How those files begin that a visitor gets when they are first needed: large, and not for everybody."""

TEACHING = ("backbone/", "trainer.js")
"""What the page Teach learns with, kept once that page was opened."""

UNUSED = "backbone/golden/"
"""No page reads these."""

ENGINES = ("engine-wasm.js", "engine-webgl.js")
"""Kept from the first visit on nevertheless, for one of the two runs in every browser."""


def write_manifest(site: Path, title: str) -> None:
    """Writes the manifest; see w3.org/TR/appmanifest.

    Args:
        site: the folder.
        title: what the site is called.
    """
    icons = [{"src": f"icons/{size}.png", "sizes": f"{size}x{size}", "type": "image/png"} for size in SIZES]
    largest = max(SIZES)
    maskable = {"src": f"icons/{MASKABLE}", "sizes": f"{largest}x{largest}", "type": "image/png"}
    manifest = {
        "name": title,
        "short_name": title,
        "id": "./",
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "background_color": PAPER[0],
        "theme_color": PAPER[0],
        "icons": [*icons, {**maskable, "purpose": "maskable"}],
    }
    bundle.write_json(site / MANIFEST, manifest)


def write_worker(site: Path, bundles: Sequence[Bundle]) -> int:
    """Writes the service worker, which knows every file by the digest of its content.

    Args:
        site: the folder; all else must be there already.
        bundles: the models in it.

    Returns:
        Bytes of what a browser keeps from its first visit on.
    """
    paths = sorted(path for path in site.rglob("*") if path.is_file() and not path.name.startswith("."))
    files = {path.relative_to(site).as_posix(): _digest(path) for path in paths}
    first = _first(files, bundles)
    version = hashlib.sha256(json.dumps(files).encode()).hexdigest()[:16]
    teaching = [path for path in files if path.startswith(TEACHING) and not path.startswith(UNUSED)]
    content = {"version": version, "files": files, "first": first, "teaching": teaching}
    source = SOURCE.read_text(encoding="utf-8")
    assert SLOT in source
    made = f"const SITE = {json.dumps(content, ensure_ascii=False, indent=1)};"
    (site / WORKER).write_text(source.replace(SLOT, made), encoding="utf-8")
    return sum((site / path).stat().st_size for path in first)


def _first(files: Mapping[str, str], bundles: Sequence[Bundle]) -> list[str]:
    """The page and all it takes to run the models."""
    found = [
        path
        for path in files
        if path in ENGINES or not (path.startswith((*LATER, "models/")) or path.endswith((".mjs", ".map")))
    ]
    for model in bundles:
        # The page takes the graph where there is one, else the layers, which have engines of their own.
        topology = bundle.GRAPH_MODEL if bundle.GRAPH_MODEL in model.topologies else bundle.LAYERS_MODEL
        if topology == bundle.LAYERS_MODEL:
            found += [path for path in files if path.endswith("-layers.js") and path not in found]
        groups = json.loads((model.path / topology).read_text(encoding="utf-8"))["weightsManifest"]
        shards = [path for group in groups for path in group["paths"]]
        found += [f"models/{model.name}/{name}" for name in (bundle.METADATA, topology, *shards)]
        found += [path for path in files if path.startswith(f"models/{model.name}/golden/")]
    return sorted(set(found))


def _digest(path: Path) -> str:
    return base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()
