"""Saliency: which pixels the class score hangs on."""

from __future__ import annotations

from typing import Any

import numpy as np

from pytrain.explain.grad_cam import scaled
from pytrain.explain.network import Floats, Network, gradient_of
from pytrain.image import Frame, to_input
from pytrain.model.backend import tf


def saliency(
    network: Network,
    frame: Frame,
    label: str | None = None,
    *,
    samples: int = 16,
    noise: float = 0.15,
    seed: int = 0,
) -> Floats:
    """The size of the score's gradient at each pixel, mean over noisy copies of the picture.

    After Simonyan and others, Deep inside convolutional networks (2014), and Smilkov and others, SmoothGrad
    (2017), without whose noise the map is mostly speckle.

    Args:
        network: any classifier that can be differentiated.
        frame: uint8 [height, width, 3].
        label: the class; the most probable one unless told.
        samples: noisy copies; 1 and noise 0 give the plain gradient.
        noise: their standard deviation, as a part of the input's range from -1 to 1.
        seed: of the noise.

    Returns:
        float32 [224, 224] over the centre square, from 0 to 1: the greatest of the three colours.

    Raises:
        ModelError: a label that is none.
    """
    number = network.chosen(frame, label)
    asked = network.with_maps([])
    draw = np.random.default_rng(seed)
    inputs = to_input(frame)
    total = np.zeros(inputs.shape, np.float64)
    slope = tf.function(lambda x: gradient_of(lambda y: _only(asked(y, training=False))[0, number], x)[1])
    for _ in range(samples):
        noisy = inputs + draw.normal(0, 2 * noise, inputs.shape).astype(np.float32)
        total += np.abs(np.asarray(slope(tf.constant(noisy[None])))[0])
    return scaled((total / samples).max(axis=2).astype(np.float32))


def _only(outputs: Any) -> Any:
    return outputs[0] if isinstance(outputs, list) else outputs
