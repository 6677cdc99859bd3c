"""The backbone is the published one, layer for layer."""

import numpy as np
import pytest

from pytrain.model import efficientnet_lite0
from pytrain.model.backend import keras


@pytest.fixture(scope="module")
def network():
    return efficientnet_lite0.build()


def test_it_has_the_published_number_of_parameters(network):
    trained = sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)
    assert trained == 4_652_008
    assert f"{network.count_params():,}" in efficientnet_lite0.__doc__


def test_it_takes_the_contracts_input_and_gives_probabilities(network):
    frames = np.random.default_rng(0).uniform(-1, 1, (2, 224, 224, 3)).astype(np.float32)
    probabilities = network(frames).numpy()
    assert probabilities.shape == (2, 1000)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_the_stages_give_the_sizes_of_the_table(network):
    sizes = {
        "stem": (112, 32),
        "block1a_project": (112, 16),
        "block2b_add": (56, 24),
        "block3b_add": (28, 40),
        "block4c_add": (14, 80),
        "block5c_add": (14, 112),
        "block6d_add": (7, 192),
        "block7a_project": (7, 320),
        "head": (7, 1280),
    }
    for name, (size, channels) in sizes.items():
        assert network.get_layer(name).output.shape == (None, size, size, channels)


def test_every_normalisation_has_the_published_epsilon(network):
    norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(norms) == 49
    assert {norm.epsilon for norm in norms} == {1e-3}


def test_saved_weights_come_back(tmp_path):
    first = efficientnet_lite0.build(3)
    path = tmp_path / "lite0.weights.h5"
    first.save_weights(path)
    second = efficientnet_lite0.build(3, weights=path)
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
