"""Occlusion sensitivity: how much of the answer is lost when a patch of the picture is covered."""

from __future__ import annotations

import numpy as np

from pytrain.errors import ModelError
from pytrain.explain.network import Floats, Network
from pytrain.image import SIZE, Frame, to_input

BATCH = 64


def occlusion(
    network: Network, frame: Frame, label: str | None = None, *, patch: int = 40, stride: int = 8
) -> Floats:
    """Slides a grey square over the picture.

    After Zeiler & Fergus, Visualizing and understanding convolutional networks (2014). Asks nothing of the
    network but answers.

    Args:
        network: any classifier.
        frame: uint8 [height, width, 3].
        label: the class; the most probable one unless told.
        patch: side of the square, in pixels of the 224 x 224 input.
        stride: distance between its places, in the same pixels.

    Returns:
        float32 [n, n]: for each place of the square, from the top left, by how much the class's probability
        falls (negative: it rises). The first place covers pixels 0 to patch - 1.

    Raises:
        ModelError: a label that is none, or a patch or stride that cannot be.
    """
    if not 1 <= patch <= SIZE or stride < 1:
        raise ModelError(
            f"patch {patch} and stride {stride} came.", f"a patch from 1 to {SIZE}, a stride from 1"
        )
    inputs = to_input(frame)
    number = network.chosen(frame, label)
    starts = range(0, SIZE - patch + 1, stride)
    places = [(top, left) for top in starts for left in starts]
    whole = network.probabilities(inputs[None])[0, number]
    left_over = []
    for begin in range(0, len(places), BATCH):
        some = places[begin : begin + BATCH]
        covered = np.repeat(inputs[None], len(some), axis=0)
        for row, (top, left) in enumerate(some):
            covered[row, top : top + patch, left : left + patch] = 0
        left_over.append(network.probabilities(covered)[:, number])
    drops = whole - np.concatenate(left_over)
    return np.asarray(drops.reshape(len(starts), len(starts)), np.float32)
