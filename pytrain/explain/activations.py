"""What the layers answer to a picture, and what their filters look for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pytrain.errors import ModelError
from pytrain.explain.network import Floats, Network
from pytrain.image import Frame, to_input


def activations(network: Network, frame: Frame, layers: Sequence[str] | None = None) -> dict[str, Floats]:
    """The maps that layers give for a picture.

    Args:
        network: any classifier with convolutions.
        frame: uint8 [height, width, 3].
        layers: names; all convolutions unless told.

    Returns:
        By layer, float32 [h, w, channels].

    Raises:
        ModelError: a name that is none, or a network without convolutions.
    """
    network.require_convolution()
    names = network.convolutions if layers is None else tuple(layers)
    *maps, _ = network.with_maps(names)(to_input(frame)[None], training=False)
    return {name: np.asarray(found[0]) for name, found in zip(names, maps, strict=True)}


def filters(network: Network, layer: str | None = None) -> Floats:
    """The weights of a convolution.

    Args:
        network: any classifier with convolutions.
        layer: its name; the first that learns unless told.

    Returns:
        float32 [h, w, inputs, filters].

    Raises:
        ModelError: a name that is none, or no convolution.
    """
    network.require_convolution()
    name = network.convolutions[0] if layer is None else layer
    found = network.layer(name)
    if name not in network.convolutions:
        raise ModelError(
            f"The layer {name} of {network.name} is no convolution.",
            expected=f"for example {', '.join(network.convolutions[:6])}",
        )
    weights = np.asarray(found.get_weights()[0], np.float32)
    # Keras keeps the filters of a depthwise convolution as [h, w, inputs, multiplier].
    depthwise = "Depthwise" in type(found).__name__
    return weights.transpose(0, 1, 3, 2) if depthwise else weights
