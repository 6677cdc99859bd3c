"""What a trained network is shown in the browser, computed for the small pictures that it learns from.

A picture of 28 x 28 pixels reaches the exported model enlarged to 224 x 224, by the image contract, and its
lens takes the mean of each 8 x 8 square. Both are linear, along rows and along columns: with E [224, 28] for
the enlarging and P [28, 224] for the means, a picture X becomes M X M^T, M = P E. That is a slight blur: a
pixel keeps 3/4 of its value along each axis and takes 1/8 of each neighbour's. Training and testing on
M X M^T instead of X makes Python's figures those of the browser.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pytrain.image import SIZE, in_range
from pytrain.training import lens_cache

Floats = npt.NDArray[np.float32]


def lens_matrix(side: int) -> Floats:
    """M: float32 [side, side], each row sums to 1.

    Args:
        side: of the pictures, in pixels; a divisor of 224.
    """
    return lens_cache.lens_matrix(side, SIZE // side)


def through_lens(images: npt.NDArray[np.uint8]) -> Floats:
    """Pictures as the network behind the lens sees them.

    Args:
        images: uint8 [n, side, side, channels].

    Returns:
        float32 of the same shape, values in [-1, 1].
    """
    matrix = lens_matrix(images.shape[1])
    planes = np.moveaxis(images, 3, 1).astype(np.float32)
    seen = np.moveaxis(matrix @ planes @ matrix.T, 1, 3)
    return np.ascontiguousarray(in_range(seen))
