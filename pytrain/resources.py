"""Where the built page and the shipped models lie: inside an installed wheel, or in a checkout."""

from __future__ import annotations

from pathlib import Path

from pytrain.errors import ServeError

PACKAGE = Path(__file__).resolve().parent
PAGE_STYLE = PACKAGE / "page.css"
"""What all pages that Python writes look like."""

CHECKOUT = PACKAGE.parent

FOUR_SHAPES = "four-shapes"
"""The shipped classifier; what it learned from is called so, too."""

SHIPPED = (FOUR_SHAPES, "shape-masks")
"""The models that come with pytrain. In a checkout, those of whoever works there lie beside them."""


def page_folder() -> Path:
    """The built page: index.html, pytrain.js, the engines and their wasm files.

    Raises:
        ServeError: a checkout whose page was never built.
    """
    for folder in (PACKAGE / "_page", CHECKOUT / "web" / "dist"):
        if (folder / "index.html").is_file():
            return folder
    raise ServeError(
        "The page is not built yet.",
        expected=f"{CHECKOUT / 'web' / 'dist' / 'index.html'}",
        fix="Run: npm ci && npm run build",
    )


def shipped_models() -> list[Path]:
    """The folders of the models that come with pytrain; none where they were left out."""
    for folder in (PACKAGE / "_exported_models", CHECKOUT / "exported_models"):
        if folder.is_dir():
            return [folder / name for name in SHIPPED if (folder / name).is_dir()]
    return []
