"""The whole path in one call, from pictures to a proven bundle; each file is one such path."""

from pytrain.pipeline.four_shapes import DEMO_MODEL, make_four_shapes, run_demo, train_four_shapes
from pytrain.pipeline.shape_masks import SHAPE_MASKS, train_shape_masks
from pytrain.pipeline.transfer import train

__all__ = [
    "DEMO_MODEL",
    "SHAPE_MASKS",
    "make_four_shapes",
    "run_demo",
    "train",
    "train_four_shapes",
    "train_shape_masks",
]
