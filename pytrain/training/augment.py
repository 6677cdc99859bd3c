"""Makes new pictures of old ones while training: turned, moved, in other light, seen by a worse camera.

Works on whole batches at the lens's resolution, in TensorFlow, so that it costs a small part of a training
step. Every draw comes from the seed it is given: the same seed gives the same batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from typing import Any

import numpy as np

from pytrain.model.backend import tf
from pytrain.model.lens import LUMINANCE

COLUMNS = 64
"""Random numbers drawn for each picture; more than the changes below need."""

NOISE_FIELDS = 64
"""Different fields of noise."""


@dataclass(frozen=True)
class Augmentation:
    """How strongly pictures are changed; 0 switches a change off. Chances are 0..1, the rest as said."""

    moved: float = 0.4
    """Chance of the changes of geometry down to `tilt`; the others stay pixel-sharp and are only flipped."""
    turn: float = 180.0
    """Greatest turn to either side, in degrees. Shapes have no upright."""
    zoom: float = 0.25
    """Greatest change of size, as a logarithm: 0.35 is 0.70 to 1.42 times."""
    squash: float = 0.2
    """Greatest change of width against height, as a logarithm."""
    shift: float = 0.12
    """Greatest move, as a part of the picture's side."""
    tilt: float = 0.1
    """Greatest perspective: how much nearer one side is than the other."""
    mixed: float = 0.3
    """Chance that red, green and blue are mixed anew."""
    grey: float = 0.1
    """Chance of a grey picture."""
    inverted: float = 0.05
    """Chance of a negative."""
    contrast: float = 0.15
    """Greatest loss of contrast, as a part of it."""
    light: float = 0.1
    """Greatest change of brightness, of each colour, and from one side to the other (0..1 scale)."""
    curve: float = 0.3
    """Greatest bend of the tone curve: x + c x (1 - x)."""
    blur: float = 0.2
    """Greatest blend with a blurred copy; to the other side half as much sharpening."""
    noise: float = 0.02
    """Greatest standard deviation of noise (0..1 scale)."""
    covered: float = 0.0
    """Chance that a plain rectangle covers a part (Zhong et al., Random erasing, 2020)."""

    def __call__(self, pixels: Any, seed: Any, size: int | None = None) -> Any:
        """Changes a batch.

        Args:
            pixels: uint8 [batch, s, s, 3].
            seed: int32 [2].
            size: side of the new pictures, where it is to be another one than s.

        Returns:
            float32 [batch, size, size, 3], values in [-1, 1].
        """
        size = size or pixels.shape[1]
        draws = _Draws(tf.shape(pixels)[0], seed)
        x = self._move(tf.cast(pixels, tf.float32) / 255.0, size, draws)
        soft = tf.nn.avg_pool2d(tf.nn.avg_pool2d(x, 3, 1, "SAME"), 3, 1, "SAME")
        # From here on one row per picture: [batch, 1] times [batch, n] is many times faster than in 4-D.
        x, soft = _rows(x), _rows(soft)
        x = x + draws.column(-self.blur / 2, self.blur) * (soft - x)
        x = x + draws.column(-self.curve, self.curve) * x * (1.0 - x)
        x = self._recolour(x, size, draws)
        x = self._light_from_one_side(x, size, draws)
        if self.covered:
            x = self._cover(x, size, draws)
        x = self._add_noise(x, size, draws)
        return tf.reshape(tf.clip_by_value(x, 0.0, 1.0) * 2.0 - 1.0, [-1, size, size, 3])

    def _move(self, x: Any, size: int, draws: _Draws) -> Any:
        """One projective map per picture, about its centre; what comes in from outside repeats the edge."""
        side = x.shape[1]
        old_centre, centre = (side - 1) / 2, (size - 1) / 2
        moved = draws.chance(self.moved)
        mirror_x, mirror_y = (1.0 - 2.0 * draws.chance(0.5) for _ in range(2))
        angle = moved * draws.between(-self.turn, self.turn) * (pi / 180)
        zoom = tf.exp(moved * draws.between(-self.zoom, self.zoom)) * (side / size)
        squash = tf.exp(moved * draws.between(-self.squash, self.squash) / 2)
        a, b = mirror_x * tf.cos(angle) * zoom * squash, -mirror_y * tf.sin(angle) * zoom * squash
        c, d = mirror_x * tf.sin(angle) * zoom / squash, mirror_y * tf.cos(angle) * zoom / squash
        g, h = (moved * draws.between(-self.tilt, self.tilt) / centre for _ in range(2))
        to_x, to_y = (old_centre + moved * draws.between(-self.shift, self.shift) * side for _ in range(2))
        # An output pixel p comes from (M (p - centre) + to) / (1 + (g, h) (p - centre)).
        rows = [[a + to_x * g, b + to_x * h, to_x], [c + to_y * g, d + to_y * h, to_y], [g, h, 1.0]]
        rows = [[u, v, w - centre * (u + v)] for u, v, w in rows]
        entries = [entry / rows[2][2] for row in rows for entry in row]
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=x,
            transforms=tf.stack(entries[:8], axis=1),
            output_shape=[size, size],
            interpolation="BILINEAR",
            fill_mode="NEAREST",
            fill_value=0.0,
        )

    def _recolour(self, x: Any, size: int, draws: _Draws) -> Any:
        """Mixing, greying, negative, contrast and strength are one 3 x 3 matrix and one offset."""
        mix = tf.nn.softmax(tf.reshape(draws.many(9, -3.0, 3.0), [-1, 3, 3]), axis=2)
        mix = _choose(draws.chance(self.mixed), mix, tf.eye(3)[None])
        mix = _choose(draws.chance(self.grey), tf.constant([[LUMINANCE] * 3]), mix)
        strength = tf.exp(draws.many(3, -self.light, self.light))
        contrast = 1.0 - self.contrast * draws.column(0.0, 1.0) ** 2
        contrast *= 1.0 - 2.0 * draws.chance(self.inverted)[:, None]
        matrix = mix * (strength * contrast)[:, :, None]
        offset = 0.5 - 0.5 * contrast + draws.column(-self.light, self.light)
        return _rows(tf.matmul(tf.reshape(x, [-1, size * size, 3]), matrix, transpose_b=True)) + offset

    def _light_from_one_side(self, x: Any, size: int, draws: _Draws) -> Any:
        ramp = np.broadcast_to(np.linspace(-1, 1, size, dtype=np.float32)[:, None], (size, size))
        ramps = np.stack([np.repeat(ramp, 3), np.repeat(ramp.T, 3)])
        return x + tf.matmul(draws.many(2, -self.light, self.light), tf.constant(ramps))

    def _cover(self, x: Any, size: int, draws: _Draws) -> Any:
        place = tf.linspace(0.0, 1.0, size)[None, :]
        across, down = (
            tf.cast(tf.abs(place - draws.column(0.0, 1.0)) < draws.column(0.04, 0.15), tf.float32)
            for _ in range(2)
        )
        down *= draws.chance(self.covered)[:, None]
        mask = tf.reshape(down[:, :, None] * across[:, None, :], [-1, size * size, 1])
        colour = draws.many(3, 0.0, 1.0)[:, None, :]
        return x * (1.0 - _rows(tf.matmul(mask, tf.ones_like(colour)))) + _rows(tf.matmul(mask, colour))

    def _add_noise(self, x: Any, size: int, draws: _Draws) -> Any:
        # A new normal draw for every pixel would cost as much as all the rest; a fixed set of fields does.
        fields = np.random.default_rng(0).standard_normal((NOISE_FIELDS, size * size * 3), dtype=np.float32)
        chosen = tf.gather(tf.constant(fields), tf.cast(draws.between(0.0, NOISE_FIELDS - 0.01), tf.int32))
        return x + draws.column(-self.noise, self.noise) * chosen


class _Draws:
    """All the random numbers of one batch: each call takes the next columns of one table."""

    def __init__(self, batch: Any, seed: Any) -> None:
        self._table = tf.random.stateless_uniform([batch, COLUMNS], seed)
        self._next = 0

    def many(self, count: int, low: float, high: float) -> Any:
        """float32 [batch, count], uniform in low..high."""
        first, self._next = self._next, self._next + count
        if self._next > COLUMNS:
            raise IndexError(f"an augmentation needs more than {COLUMNS} random numbers a picture")
        return low + (high - low) * self._table[:, first : self._next]

    def column(self, low: float, high: float) -> Any:
        """float32 [batch, 1], uniform in low..high."""
        return self.many(1, low, high)

    def between(self, low: float, high: float) -> Any:
        """float32 [batch], uniform in low..high."""
        return self.many(1, low, high)[:, 0]

    def chance(self, probability: float) -> Any:
        """float32 [batch], 1 with this probability, else 0."""
        return tf.cast(self.between(0.0, 1.0) < probability, tf.float32)


def _choose(chosen: Any, yes: Any, no: Any) -> Any:
    """Per picture, the matrix `yes` where `chosen` is 1, else `no`."""
    return tf.where(chosen[:, None, None] > 0.5, yes, no)


def _rows(x: Any) -> Any:
    """[batch, ...] to [batch, n]."""
    return tf.reshape(x, [tf.shape(x)[0], -1])
