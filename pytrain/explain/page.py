"""Writes what was found inside a network as pictures and one HTML page."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

import numpy as np

from pytrain.errors import DataError
from pytrain.evaluation.report.heat import overlay
from pytrain.evaluation.report.page import PAGE, as_page, percent, section, table
from pytrain.explain.activations import activations, filters
from pytrain.explain.dream import check_asked, deep_dream, maximise
from pytrain.explain.grad_cam import grad_cam
from pytrain.explain.network import Network
from pytrain.explain.occlusion import occlusion
from pytrain.explain.pictures import filter_sheet, map_sheet, save
from pytrain.explain.saliency import saliency
from pytrain.image import Frame, as_seen, to_input

Say = Callable[[str], None]
Drawn = tuple[str, str, Frame]
"""(file name, what it is in words, the picture)"""

MOST_LAYERS = 6
MARK = ".explained"
"""In every folder written here, so that only such a folder is ever replaced."""


def explain(
    network: Network,
    frame: Frame,
    out: Path,
    *,
    label: str | None = None,
    layers: Sequence[str] | None = None,
    say: Say = print,
) -> Path:
    """Everything that can be seen of one picture's way through a network.

    Args:
        network: a classifier with convolutions.
        frame: uint8 [height, width, 3].
        out: the folder to write; one written by this function before is replaced.
        label: the class asked for; the most probable one unless told.
        layers: whose maps to show; some convolutions from first to last unless told.
        say: takes lines about what happens.

    Returns:
        The page.

    Raises:
        ModelError: names that are none, or a network without convolutions.
        DataError: `out` is a folder of something else.
    """
    network.require_convolution()
    number = network.chosen(frame, label)
    name = network.labels[number]
    seen = as_seen(frame)
    shown = tuple(layers) if layers else _spread(network.convolutions)
    maps = activations(network, frame, shown)
    say(f"Where {network.name} looks for {name}: Grad-CAM, occlusion, saliency")
    drops = occlusion(network, frame, name)
    where = [
        ("picture.png", "What the model sees", seen),
        (
            "grad-cam.png",
            "Grad-CAM: evidence in the last maps",
            overlay(seen, grad_cam(network, frame, name)),
        ),
        ("occlusion.png", "Occlusion: what hurts when covered", overlay(seen, _whole(drops))),
        ("saliency.png", "Saliency: pixels that count", overlay(seen, saliency(network, frame, name))),
    ]
    inside = [
        (f"maps-{at + 1}-{layer}.png", f"{layer}: {_size(found)}", map_sheet(found))
        for at, (layer, found) in enumerate(maps.items())
    ]
    first = network.convolutions[0]
    look_for = [(f"filters-{first}.png", f"{first}: filters", filter_sheet(filters(network)))]
    probabilities = network.probabilities(to_input(frame)[None])[0]
    best = np.argsort(-probabilities)[:5]
    answers = table(
        ["probability"],
        [(escape(network.labels[at]), [percent(float(probabilities[at]))]) for at in best],
    )
    lost = f"Covering the worst place costs {100 * drops.max():.1f} percentage points."
    title = f"What {network.name} sees"
    sections = [
        f"<header><h1>{escape(title)}</h1><p>One picture, from pixels to answer.</p></header>",
        section("The answer", answers),
        section(f"Where it looks for {name}", _figures(where), f"Bright: counts most. {lost}"),
        section(
            "What its layers answer", _figures(inside), "The strongest maps of a layer first; bright: high."
        ),
        section("What its first layer looks for", _figures(look_for), "Grey: does not count."),
    ]
    return _written(out, [*where, *inside, *look_for], title, sections, say)


def dream(
    network: Network,
    out: Path,
    *,
    frame: Frame | None = None,
    label: str | None = None,
    layer: str | None = None,
    channel: int | None = None,
    octaves: int = 3,
    steps: int | None = None,
    seed: int = 0,
    say: Say = print,
) -> Path:
    """Pictures that a network makes: for each class what drives it most, or for one channel; or a deep dream.

    Args:
        network: a classifier with convolutions.
        out: the folder to write; one written by this function before is replaced.
        frame: the picture to dream on; without one, pictures grow out of noise.
        label: only this class.
        layer: of the dream, or with `channel` of the unit; the last for a dream.
        channel: number of a map.
        octaves: sizes of a deep dream.
        steps: of gradient ascent.
        seed: of noise and shifts.
        say: takes lines about what happens.

    Raises:
        ModelError, DataError: as for `explain`.
    """
    network.require_convolution()
    if frame is not None:
        of = label or layer or network.last_maps()
        if channel is not None:
            of += f", channel {channel}"
        say(f"Dreaming of {of}, {octaves} sizes")
        made = deep_dream(
            network, frame, layer, channel, label, octaves=octaves, steps=steps or 20, seed=seed
        )
        drawn = [("picture.png", "Before", as_seen(frame)), ("dream.png", f"After: more of {of}", made)]
        title, lead = f"{network.name} dreams", "What the network sees, made stronger step by step."
    else:
        drawn = list(_driven(network, label, layer, channel, steps or 120, seed, say))
        title, lead = (
            f"What drives {network.name}",
            "Grown out of noise, so that the answer is as strong as can be.",
        )
    sections = [f"<header><h1>{escape(title)}</h1><p>{lead}</p></header>", section("", _figures(drawn))]
    return _written(out, drawn, title, sections, say)


def _driven(
    network: Network,
    label: str | None,
    layer: str | None,
    channel: int | None,
    steps: int,
    seed: int,
    say: Say,
) -> Sequence[Drawn]:
    if layer is not None or channel is not None:
        check_asked(network, layer, channel, label)
        say(f"Driving channel {channel} of {layer}")
        made = maximise(network, layer, channel, label, steps=steps, seed=seed)
        return [(f"{layer}-{channel}.png", f"{layer}, channel {channel}", made)]
    labels = [label] if label else list(network.labels)[:MOST_LABELS]
    drawn = []
    for at, each in enumerate(labels):
        say(f"Driving {each}: {at + 1} of {len(labels)}")
        drawn.append((f"class-{at + 1}.png", each, maximise(network, label=each, steps=steps, seed=seed)))
    return drawn


MOST_LABELS = 24


def _whole(drops: np.ndarray) -> np.ndarray:
    """Drops over the whole picture: a square's place is its middle, and the edges have the nearest value."""
    edge = round(len(drops) * 20 / 184)
    return np.pad(np.maximum(drops, 0), edge, mode="edge")


def _spread(names: Sequence[str]) -> tuple[str, ...]:
    """Some of many, evenly from first to last."""
    places = np.linspace(0, len(names) - 1, min(len(names), MOST_LAYERS)).round().astype(int)
    return tuple(names[at] for at in dict.fromkeys(places))


def _size(maps: np.ndarray) -> str:
    height, width, channels = maps.shape
    return f"{channels} maps of {height} x {width}"


def _figures(drawn: Sequence[Drawn]) -> str:
    inside = "".join(
        f'<figure><img src="{escape(file)}" alt="{escape(words)}" width="{picture.shape[1]}" '
        f'height="{picture.shape[0]}"><figcaption>{escape(words)}</figcaption></figure>'
        for file, words, picture in drawn
    )
    return f'<div class="explained">{inside}</div>'


STYLE = """
.explained { display: grid; gap: 1.25rem; }
.explained { grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); }
.explained img { width: 100%; height: auto; display: block; border-radius: 6px; }
"""


def _written(out: Path, drawn: Sequence[Drawn], title: str, sections: Sequence[str], say: Say) -> Path:
    if out.exists() and not (out / MARK).is_file():
        raise DataError(f"{out} is there already and holds something else.", fix="Give another folder: --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        staging.chmod(0o755)
        (staging / MARK).touch()
        for file, _, picture in drawn:
            save(picture, staging / file)
        page = as_page(title, [f"<style>{STYLE}</style>", *sections])
        (staging / PAGE).write_text(page, encoding="utf-8")
        shutil.rmtree(out, ignore_errors=True)
        staging.rename(out)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    say(f"Page: {out / PAGE} ({len(drawn)} pictures beside it)")
    return out / PAGE
