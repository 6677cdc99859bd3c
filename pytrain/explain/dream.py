"""Pictures made by a network: what drives a unit or a class most, and deep dreams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from pytrain.errors import ModelError
from pytrain.explain.network import Floats, Network, gradient_of
from pytrain.image import SIZE, Frame, crop_square, resize
from pytrain.model.backend import tf

Progress = Callable[[int, int], None]

JITTER = 16
"""Pixels by which the picture is shifted before each step, so that no pattern settles on the grid."""

SMOOTHING = 0.6
"""Standard deviation, in pixels, of the blur of the first noise and of each step: it keeps speckle from
winning."""

STEP = 0.04
"""How far a step moves pixels on the average, of the input's range from -1 to 1."""


def maximise(
    network: Network,
    layer: str | None = None,
    channel: int | None = None,
    label: str | None = None,
    *,
    steps: int = 120,
    seed: int = 0,
    progress: Progress | None = None,
) -> Frame:
    """A picture, out of noise, that drives a channel of a layer, or a class, as far as it will go.

    After Erhan and others, Visualizing higher-layer features of a deep network (2009), with the shifts and
    blurs of Mordvintsev and others (2015).

    Args:
        network: a classifier with convolutions.
        layer: whose maps; with `channel`.
        channel: number of the map, from 0.
        label: a class, instead of both.
        steps: of gradient ascent.
        seed: of the noise and the shifts.
        progress: told how many of how many steps are done.

    Returns:
        uint8 [224, 224, 3].

    Raises:
        ModelError: neither or both, a layer or a channel alone, or names and numbers that are none.
    """
    check_asked(network, layer, channel, label)
    draw = np.random.default_rng(seed)
    inputs = _blurred(draw.normal(0, 0.1, (SIZE, SIZE, 3)).astype(np.float32))
    slope = _slope(network, layer, channel, label)
    for step in range(steps):
        inputs = _climbed(inputs, slope, draw, 1 - step / steps)
        if progress:
            progress(step + 1, steps)
    return _as_frame(inputs)


def deep_dream(
    network: Network,
    frame: Frame,
    layer: str | None = None,
    channel: int | None = None,
    label: str | None = None,
    *,
    octaves: int = 3,
    scale: float = 1.4,
    steps: int = 20,
    seed: int = 0,
    progress: Progress | None = None,
) -> Frame:
    """A picture in which a network sees more of what it sees anyway.

    After Mordvintsev, Olah & Tyka, Inceptionism (2015): gradient ascent on the strength of a layer, first on
    a small picture, then on larger ones, each time with the detail put back that the smaller one could not
    hold.

    Args:
        network: a classifier with convolutions.
        frame: uint8 [height, width, 3]; its centre square is used.
        layer: whose maps grow; the last unless told.
        channel: number of the only map of `layer` that grows, from 0.
        label: a class that the picture shall look like, instead of both.
        octaves: sizes, the first 224 pixels.
        scale: from one size to the next.
        steps: on each size.
        seed: of the shifts.
        progress: told how many of how many steps are done.

    Returns:
        uint8 [side, side, 3], side = 224 * scale ** (octaves - 1).

    Raises:
        ModelError: names and numbers that are none, a label beside a layer or channel, a channel alone, a
            network without convolutions, or octaves and a scale that cannot be.
    """
    if octaves < 1 or scale < 1:
        raise ModelError(f"octaves {octaves} and scale {scale} came.", "octaves from 1, a scale from 1")
    if label is not None or channel is not None:
        check_asked(network, layer, channel, label)
    slope = _slope(network, layer or network.last_maps(), channel, label)
    draw = np.random.default_rng(seed)
    square = crop_square(frame)
    originals = [resize(square, round(SIZE * scale**octave)) / 127.5 - 1 for octave in range(octaves)]
    dreamt = originals[0]
    for octave, original in enumerate(originals):
        if octave:
            # What the smaller picture lost of the original comes back with the size.
            smaller = _resized(originals[octave - 1], len(original))
            dreamt = _resized(dreamt, len(original)) + original - smaller
        for step in range(steps):
            dreamt = _climbed(dreamt.astype(np.float32), slope, draw, 0.5)
            if progress:
                progress(octave * steps + step + 1, octaves * steps)
    return _as_frame(dreamt)


def check_asked(network: Network, layer: str | None, channel: int | None, label: str | None) -> None:
    """Raises ModelError unless what is to be driven is a class, or one channel of a layer."""
    wanted = "a label, or a layer and a channel"
    if label is not None:
        if layer is not None or channel is not None:
            raise ModelError(
                f"The label {label} came together with a layer or channel.", wanted, "Leave one of them out."
            )
        network.class_number(label)
        return
    network.require_convolution()
    if layer is None:
        raise ModelError(
            "Neither a label nor a layer came."
            if channel is None
            else f"Channel {channel} came without its layer.",
            wanted,
            f"Give a layer and a channel, for example {network.convolutions[-1]} and {channel or 0}.",
        )
    channels = int(network.layer(layer).output.shape[-1])
    if channel is None:
        raise ModelError(
            f"The layer {layer} came without a channel.",
            f"a channel from 0 to {channels - 1}",
            "Give the channel, too; or a picture, to dream on the whole layer.",
        )
    if not 0 <= channel < channels:
        raise ModelError(
            f"The layer {layer} has no channel {channel}.", f"0 to {channels - 1}", "Choose one of these."
        )


Score = Callable[[Any], Any]
Slope = Callable[[Any], Any]
"""From float32 [1, 224, 224, 3] to the score's gradient there, of the same shape."""


def _slope(network: Network, layer: str | None, channel: int | None, label: str | None) -> Slope:
    score = _score(network, layer, channel, label)
    slope: Slope = tf.function(
        lambda x: gradient_of(score, x)[1], input_signature=[tf.TensorSpec((1, SIZE, SIZE, 3))]
    )
    return slope


def _score(network: Network, layer: str | None, channel: int | None, label: str | None) -> Score:
    """What climbs: a class's score, a channel's mean, or a whole layer's mean square."""
    if label is not None:
        number, asked = network.class_number(label), network.with_maps([])
        return lambda x: tf.reduce_sum(_first(asked(x, training=False))[:, number])
    assert layer is not None
    network.require_convolution()
    asked = network.with_maps([layer])
    if channel is None:
        return lambda x: tf.reduce_mean(tf.square(_first(asked(x, training=False))))
    return lambda x: tf.reduce_mean(_first(asked(x, training=False))[..., channel])


def _climbed(inputs: Floats, slope: Slope, draw: np.random.Generator, pace: float) -> Floats:
    """One step uphill, on a shifted picture."""
    reach = JITTER if len(inputs) == SIZE else SIZE
    down, right = draw.integers(-reach, reach + 1, 2)
    shifted = np.roll(inputs, (down, right), (0, 1))
    gradient = _blurred(_tiled_gradient(shifted, slope))
    gradient /= np.abs(gradient).mean() + 1e-8
    moved = np.roll(shifted + STEP * pace * gradient, (-down, -right), (0, 1))
    return np.clip(moved, -1, 1).astype(np.float32)


def _tiled_gradient(inputs: Floats, slope: Slope) -> Floats:
    """The gradient of windows of the network's size, side by side; random shifts hide where they meet."""
    side = len(inputs)
    starts = sorted({min(start, side - SIZE) for start in range(0, side, SIZE)})
    total, times = np.zeros_like(inputs), np.zeros((side, side, 1), np.float32)
    for top in starts:
        for left in starts:
            here = np.s_[top : top + SIZE, left : left + SIZE]
            total[here] += np.asarray(slope(tf.constant(inputs[here][None])))[0]
            times[here] += 1
    return total / times


def _blurred(values: Floats) -> Floats:
    from scipy.ndimage import gaussian_filter

    blurred: Floats = gaussian_filter(values, (SMOOTHING, SMOOTHING, 0), mode="wrap")
    return blurred


def _resized(values: Floats, side: int) -> Floats:
    channels = [
        Image.fromarray(values[..., at].astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC)
        for at in range(3)
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=-1)


def _as_frame(inputs: Floats) -> Frame:
    frame: Frame = np.rint((np.clip(inputs, -1, 1) + 1) * 127.5).astype(np.uint8)
    return frame


def _first(outputs: Any) -> Any:
    return outputs[0] if isinstance(outputs, list) else outputs
