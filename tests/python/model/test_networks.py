import numpy as np
import pytest

from pytrain.model import cnn, mlp
from pytrain.model.backend import keras
from pytrain.model.files import load_model, save_model
from pytrain.model.lens import LENS, LUMINANCE, core, logits_model

NETWORKS = pytest.mark.parametrize("network", [mlp, cnn], ids=["mlp", "cnn"])


@NETWORKS
def test_any_model_takes_224_pixels_and_gives_probabilities(network):
    model = network.build(3)
    frames = np.random.default_rng(0).uniform(-1, 1, (2, 224, 224, 3)).astype(np.float32)
    probabilities = model(frames).numpy()
    assert probabilities.shape == (2, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


@NETWORKS
def test_core_behind_the_lens_gives_what_the_whole_model_gives(network):
    model = network.build(4)
    frames = np.random.default_rng(1).uniform(-1, 1, (3, 224, 224, 3)).astype(np.float32)
    small = keras.Model(model.input, model.get_layer(LENS).output)(frames)
    np.testing.assert_allclose(core(model)(small), logits_model(model)(frames), atol=1e-6)


def test_core_of_any_size_is_the_same_network():
    model = cnn.build(4)
    pixels = np.random.default_rng(2).uniform(-1, 1, (3, 56, 56, 3)).astype(np.float32)
    part = core(model, any_size=True)
    np.testing.assert_allclose(part(pixels), core(model)(pixels), atol=1e-6)
    assert part(pixels[:, :40, :40]).shape == (3, 4)
    for one, other in zip(part.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@NETWORKS
def test_core_and_whole_model_share_their_weights(network):
    model = network.build(4)
    part = core(model)
    part.set_weights([np.full_like(weights, 0.01) for weights in part.get_weights()])
    for weights in model.get_weights():
        assert (weights == np.float32(0.01)).all()


@NETWORKS
def test_docstring_tells_the_true_number_of_parameters(network):
    assert f"{network.build(4).count_params():,}" in network.__doc__


def test_cnn_stays_small_enough_for_a_bundle_of_one_megabyte():
    # Twice in a bundle, as model.keras and for the browser, 4 bytes each.
    assert cnn.build(4).count_params() * 4 * 2 < 850_000


def test_lens_is_the_mean_of_each_square():
    model = cnn.build(4)
    frame = np.random.default_rng(2).uniform(-1, 1, (1, 224, 224, 3)).astype(np.float32)
    small = keras.Model(model.input, model.get_layer(LENS).output)(frame).numpy()
    pool = cnn.LENS_POOL
    expected = frame.reshape(1, 224 // pool, pool, 224 // pool, pool, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(small, expected, atol=1e-6)


def test_grey_is_luminance_and_never_trained():
    model = mlp.build(4)
    grey = model.get_layer("grey")
    assert not grey.trainable
    np.testing.assert_allclose(grey.get_weights()[0].ravel(), LUMINANCE, atol=1e-7)


@NETWORKS
def test_saved_model_gives_the_same_answers(network, tmp_path):
    model = network.build(4)
    save_model(model, tmp_path / "model.keras")
    frames = np.random.default_rng(3).uniform(-1, 1, (2, 224, 224, 3)).astype(np.float32)
    np.testing.assert_array_equal(load_model(tmp_path / "model.keras")(frames), model(frames))
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]
