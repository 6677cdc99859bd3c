"""Makes new pictures of old ones while training: moved, mirrored, partly covered, mixed.

These are the changes that courses teach, on small pictures in one batch; training/augment.py has those that a
webcam makes. Every draw comes from the seed that is given: the same seed gives the same batch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import pi
from typing import Any

from pytrain.model.backend import tf

COLUMNS = 12
"""Random numbers drawn for each picture; more than the changes below need."""

EDGES = {"black": "CONSTANT", "reflect": "REFLECT"}


@dataclass(frozen=True)
class Augment:
    """How strongly pictures are changed; 0 switches a change off."""

    shift: int = 0
    """Greatest move along each axis, in whole pixels."""
    flip: bool = False
    """Every second picture is mirrored; only where that shows the same class (a mirrored 2 is no digit)."""
    turn: float = 0.0
    """Greatest turn to either side, in degrees."""
    zoom: float = 0.0
    """Greatest change of size, as a logarithm: 0.1 is 0.90 to 1.11 times."""
    edge: str = "black"
    """What comes in from outside: "black", or "reflect" for the picture's own border, mirrored."""
    erase: float = 0.0
    """Chance that a rectangle becomes noise (Zhong et al., Random erasing data augmentation, 2020)."""
    erase_side: float = 0.5
    """Greatest width and height of that rectangle, as a part of the picture's side."""
    mixup: float = 0.0
    """Alpha of mixup (Zhang et al., 2018): pictures and targets are mixed in pairs, by a share that is drawn
    from Beta(alpha, alpha) for each batch."""

    def unmirrored(self) -> Augment:
        """The same without mirroring."""
        return replace(self, flip=False)

    def __call__(self, pixels: Any, targets: Any, seed: Any) -> tuple[Any, Any]:
        """Changes one batch.

        Args:
            pixels: float32 [batch, side, side, channels] in [-1, 1].
            targets: float32 [batch, classes].
            seed: int32 [2].

        Returns:
            The same shapes and ranges; targets differ only with mixup.
        """
        batch, side = pixels.shape[0], pixels.shape[1]
        draws = tf.random.stateless_uniform([batch, COLUMNS], seed)
        if self.shift or self.flip or self.turn or self.zoom:
            pixels = self._moved(pixels, side, draws)
        if self.erase:
            pixels = self._erased(pixels, side, draws, seed)
        if self.mixup:
            pixels, targets = self._mixed(pixels, targets, seed)
        return pixels, targets

    def _moved(self, pixels: Any, side: int, draws: Any) -> Any:
        """One projective transform; moves by whole pixels and mirroring alone keep every value as it is."""
        angle = (2 * draws[:, 0] - 1) * self.turn * pi / 180
        scale = tf.exp((2 * draws[:, 1] - 1) * self.zoom)
        mirror = tf.where(draws[:, 2] < 0.5, -1.0, 1.0) if self.flip else tf.ones_like(angle)
        across, down = (tf.floor(draws[:, column] * (2 * self.shift + 1)) - self.shift for column in (3, 4))
        a, b = tf.cos(angle) * scale, -tf.sin(angle) * scale
        centre = (side - 1) / 2
        # Pixel p of the new picture comes from M (p - centre) + centre + move of the old one.
        rows = [
            [mirror * a, mirror * b, centre - centre * mirror * (a + b) + across],
            [-b, a, centre - centre * (a - b) + down],
        ]
        zeros = tf.zeros_like(a)
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=pixels,
            transforms=tf.stack([*rows[0], *rows[1], zeros, zeros], axis=1),
            output_shape=[side, side],
            interpolation="BILINEAR",
            fill_mode=EDGES[self.edge],
            fill_value=-1.0,
        )

    def _erased(self, pixels: Any, side: int, draws: Any, seed: Any) -> Any:
        place = tf.range(side, dtype=tf.float32)[None, :] + 0.5
        inside = []
        for centre, extent in ((5, 6), (7, 8)):
            half = side * (0.1 + (self.erase_side - 0.1) * draws[:, extent, None]) / 2
            inside.append(tf.abs(place - side * draws[:, centre, None]) < half)
        chosen = draws[:, 9, None, None] < self.erase
        mask = (inside[0][:, :, None] & inside[1][:, None, :] & chosen)[..., None]
        noise = tf.random.stateless_uniform(tf.shape(pixels), seed + 1, -1.0, 1.0)
        return tf.where(mask, noise, pixels)

    def _mixed(self, pixels: Any, targets: Any, seed: Any) -> tuple[Any, Any]:
        first, second = tf.unstack(tf.random.stateless_gamma([2], seed + 2, self.mixup))
        share = first / tf.maximum(first + second, 1e-12)
        # The batch is in random order already, so its reverse is as good as another shuffling.
        return (
            share * pixels + (1 - share) * pixels[::-1],
            share * targets + (1 - share) * targets[::-1],
        )
