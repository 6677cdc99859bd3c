"""Fused batch normalisation learns what Keras's own learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytrain.model.backend import keras
from pytrain.model.blocks import conv, residual_block
from pytrain.training.fused import FusedNormalization, fused

PICTURES = np.random.default_rng(2).normal(0.3, 2.0, (24, 12, 12, 3)).astype(np.float32)
TARGETS = np.eye(3, dtype=np.float32)[np.arange(24) % 3]


def a_network() -> Any:
    keras.utils.set_random_seed(5)
    pixels = keras.Input((12, 12, 3))
    x = residual_block(conv(pixels, 8, "stem"), 12, "block", stride=2)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.BatchNormalization(name="of_vectors")(x)
    return keras.Model(pixels, keras.layers.Dense(3, name="logits")(x))


def learn(network: Any, steps: int = 1) -> Any:
    network.compile(
        optimizer=keras.optimizers.SGD(0.05, momentum=0.9),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
    )
    for _ in range(steps):
        network.train_on_batch(PICTURES, TARGETS)
    return network


def test_the_twin_has_the_same_layers_and_answers() -> None:
    network = a_network()
    learn(network, 3)
    twin = fused(network)
    names, expected = ([layer.name for layer in each.layers[1:]] for each in (twin, network))
    assert names == expected
    np.testing.assert_allclose(twin(PICTURES), network(PICTURES), atol=1e-5)


def test_only_the_normalisation_of_maps_is_exchanged() -> None:
    kinds = {layer.name: type(layer) for layer in fused(a_network()).layers}
    assert kinds["stem_norm"] is kinds["block_2_norm"] is FusedNormalization
    assert kinds["of_vectors"] is keras.layers.BatchNormalization
    assert kinds["stem_conv"] is keras.layers.Conv2D


@pytest.mark.parametrize("layer", [{"scale": False}, {"center": False}, {"axis": 1}])
def test_a_normalisation_of_another_kind_stays(layer: dict[str, Any]) -> None:
    pixels = keras.Input((6, 6, 3))
    network = keras.Model(pixels, keras.layers.BatchNormalization(name="norm", **layer)(pixels))
    assert type(fused(network).get_layer("norm")) is keras.layers.BatchNormalization


def test_it_learns_what_keras_learns() -> None:
    network = a_network()
    twin = learn(fused(network), 4)
    before = network.get_weights()
    learn(network, 4)
    for variable, expected, found, begun in zip(
        network.weights, network.get_weights(), twin.get_weights(), before, strict=True
    ):
        assert not np.array_equal(found, begun), variable.path
        # The running variance of 24 pictures of 6 x 6 is by 1 in 863 larger.
        tolerance = 3e-3 if "moving_variance" in variable.path else 2e-4
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=2e-4, err_msg=variable.path)


def test_the_network_takes_over_what_its_twin_has_learned() -> None:
    network = a_network()
    twin = learn(fused(network), 5)
    network.set_weights(twin.get_weights())
    np.testing.assert_allclose(network(PICTURES), twin(PICTURES), atol=1e-5)


class Scaled(keras.layers.Layer):  # type: ignore[misc]
    """A layer of one's own that cannot be made anew: an array is no setting that Keras writes down."""

    def __init__(self, factors: Any, **settings: Any) -> None:
        super().__init__(**settings)
        self.factors = factors

    def call(self, inputs: Any) -> Any:
        return inputs * self.factors


UNCOPIED = {"own": Scaled(np.full(8, 2, np.float32)), "lambda": keras.layers.Lambda(lambda x: x * 2)}


@pytest.mark.parametrize("layer", UNCOPIED.values(), ids=UNCOPIED)
def test_a_network_that_cannot_be_copied_learns_as_it_is(layer: Any) -> None:
    pixels = keras.Input((12, 12, 3))
    x = layer(conv(pixels, 8, "stem"))
    x = keras.layers.GlobalAveragePooling2D()(x)
    network = keras.Model(pixels, keras.layers.Dense(3)(x))
    assert fused(network) is network


def test_so_does_a_network_that_is_a_class() -> None:
    class Own(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.norm = keras.layers.BatchNormalization()

        def call(self, inputs: Any, training: bool = False) -> Any:
            return self.norm(inputs, training=training)

    network = Own()
    network(PICTURES)
    assert fused(network) is network
