"""The four shapes: circle, square, star, triangle, drawn from a seed as a camera may see them.

Which proportions count as which shape, and which are never drawn, is said in `outlines`.
"""

from pytrain.dataset.four_shapes.archive import load_archive
from pytrain.dataset.four_shapes.classic import draw_classic
from pytrain.dataset.four_shapes.generator import generate
from pytrain.dataset.four_shapes.outlines import LABELS
from pytrain.dataset.four_shapes.scenes import draw_scene

__all__ = ["LABELS", "draw_classic", "draw_scene", "generate", "load_archive"]
