"""Puts the built page and the four-shapes model into the wheel, for users without Node.js."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CARRIED = {
    "web/dist": ("pytrain/_page", "index.html", "npm ci && npm run build"),
    "exported_models/four-shapes": (
        "pytrain/_exported_models/four-shapes",
        "metadata.json",
        "pytrain train four-shapes",
    ),
    "exported_models/shape-masks": (
        "pytrain/_exported_models/shape-masks",
        "metadata.json",
        "pytrain train four-shapes --recipe unet",
    ),
}


class CarryPage(BuildHookInterface[Any]):
    """An editable install reads all of them from the checkout; a real wheel carries them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        for source, (target, proof, command) in CARRIED.items():
            folder = Path(self.root) / source
            if not (folder / proof).is_file():
                raise FileNotFoundError(f"{folder / proof} is missing; make it first with: {command}")
            build_data["force_include"][str(folder)] = target
