"""Batch normalisation as one operation while a network learns: two thirds of the time of a small CNN's step.

Keras computes it from eight operations, each of which reads or writes all maps. TensorFlow has one that does
the whole (`fused_batch_norm`), and one for its gradient. Both compute what Ioffe & Szegedy (Batch
normalization, 2015) wrote down; the fused one keeps the running variance of n values with the factor
n / (n - 1), as their algorithm 2 does and Keras does not.
"""

from __future__ import annotations

from typing import Any

from pytrain.model.backend import keras, tf

MAPS = 4
"""Dimensions of [batch, h, w, channels]."""


class FusedNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]
    """Keras's layer, but for the time of training: float32 [batch, h, w, channels] to the same."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if not (training and self.trainable) or mask is not None:
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.convert_to_tensor(self.gamma),
            offset=tf.convert_to_tensor(self.beta),
            mean=[],
            variance=[],
            epsilon=self.epsilon,
            is_training=True,
        )
        for running, present in ((self.moving_mean, mean), (self.moving_variance, variance)):
            running.assign(self.momentum * running + (1.0 - self.momentum) * present)
        return outputs


def fused(network: Any) -> Any:
    """A twin of a network that learns the same more quickly; `network` is what should be saved and exported.

    The twin has weights of its own, in the same order: `network.set_weights(twin.get_weights())` brings back
    what it has learned.

    Args:
        network: a built keras.Model.

    Returns:
        A keras.Model with the same layers, names and weights; each BatchNormalization of maps is fused.
        Where a network cannot be made anew from its layers' settings (a Lambda, a layer without get_config,
        a subclass of keras.Model), the network itself: it learns as well, only more slowly.
    """
    try:
        twin = keras.models.clone_model(network, clone_function=_twin)
    except (NotImplementedError, TypeError, ValueError):
        return network
    twin.set_weights(network.get_weights())
    return twin


def _twin(layer: Any) -> Any:
    kind = FusedNormalization if _can_be_fused(layer) else type(layer)
    return kind.from_config(layer.get_config())


def _can_be_fused(layer: Any) -> bool:
    return (
        type(layer) is keras.layers.BatchNormalization
        and len(layer.input.shape) == MAPS
        and layer.axis in (-1, MAPS - 1)
        and layer.scale
        and layer.center
        and not layer.renorm
    )
