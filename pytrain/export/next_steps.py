"""What to do with a new bundle: the command that serves it, and the address that ml5 takes."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from pytrain.bundle import GRAPH_MODEL, LAYERS_MODEL, Bundle

SERVER = "http://127.0.0.1:8000"
"""Where `pytrain serve` listens unless told otherwise."""


def next_steps(made: Bundle) -> list[str]:
    """Lines for people who have just exported a model."""
    block = made.metadata["pytrain"]["weights"]
    files = " and ".join(made.topologies)
    lines = [f"Model:  {made.path} ({files}, {block['bytes'] / 1024:,.0f} KiB of {block['dtype']} weights)"]
    root = made.path.resolve().parent
    usual = root == Path("exported_models").resolve()
    lines.append(f"Next:   pytrain serve{'' if usual else f' --models {root}'}")
    name = quote(made.name)
    lines.append(f"Webcam: {SERVER}/?model={name}")
    if LAYERS_MODEL in made.topologies:
        lines.append(f"ml5:    ml5.imageClassifier('{SERVER}/models/{name}/{LAYERS_MODEL}')")
    else:
        why = made.metadata["pytrain"]["formats"].get("why", "there is no model.json.")
        lines.append(f"ml5 and Teachable Machine cannot open it: {why}")
        lines.append(f"TensorFlow.js: tf.loadGraphModel('{SERVER}/models/{name}/{GRAPH_MODEL}')")
    return lines
