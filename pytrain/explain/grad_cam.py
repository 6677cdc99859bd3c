"""Grad-CAM: where in the picture the evidence for a class lies, for any network with convolutions."""

from __future__ import annotations

import numpy as np

from pytrain.explain.network import Floats, Network
from pytrain.image import Frame, to_input
from pytrain.model.backend import tf


def grad_cam(network: Network, frame: Frame, label: str | None = None, layer: str | None = None) -> Floats:
    """Weighs a layer's maps by how much each lifts the class score, and adds them up.

    After Selvaraju and others, Grad-CAM: visual explanations from deep networks (2017). For a network that
    ends in global average pooling and one Dense layer it is the class activation map of Zhou and others
    (2016), up to a factor; it asks for neither.

    Args:
        network: any classifier with convolutions.
        frame: uint8 [height, width, 3].
        label: the class; the most probable one unless told.
        layer: whose maps; the last ones unless told.

    Returns:
        float32 [h, w] of the layer's size over the centre square, from 0 to 1; all 0 where nothing speaks for
        the class.

    Raises:
        ModelError: a label or layer that is none, or a network without convolutions.
    """
    name = network.last_maps() if layer is None else layer
    number = network.chosen(frame, label)
    asked = network.with_maps([name])
    inputs = tf.constant(to_input(frame)[None])
    with tf.GradientTape() as tape:
        # The maps hang on the input, so a tape that watches it can tell the gradient by the maps.
        tape.watch(inputs)
        maps, scores = asked(inputs, training=False)
        score = scores[0, number]
    weights = np.asarray(tape.gradient(score, maps))[0].mean((0, 1))
    return scaled(np.maximum(np.asarray(maps)[0] @ weights, 0))


def scaled(values: Floats) -> Floats:
    """Divided by the greatest, unless that is 0."""
    greatest = float(values.max(initial=0))
    return (values / greatest if greatest > 0 else values).astype(np.float32)
