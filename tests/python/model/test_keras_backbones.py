"""The networks of keras.applications as backbones: Keras's own files and answers, and how to do without."""

import hashlib
import urllib.error
from dataclasses import replace

import numpy as np
import pytest
from keras.src.backend import config
from keras.src.utils import file_utils

from pytrain.errors import ModelError
from pytrain.keras_home import PATIENCE_SECONDS
from pytrain.model import backbones, keras_networks, keras_weights
from pytrain.model.backend import keras

BY_NAME = {network.name: network for network in keras_networks.NETWORKS}
EVERY = pytest.mark.parametrize("network", BY_NAME.values(), ids=BY_NAME)

SHAPE = (224, 224, 3)

USUAL = ("mobilenet-v2", "resnet50")
"""Of those below: one whose pixels are scaled, one whose pixels have a mean taken off."""

PREPROCESSING = {
    "mobilenet-v2": keras.applications.mobilenet_v2,
    "mobilenet-v3-small": keras.applications.mobilenet_v3,
    "efficientnet-b0": keras.applications.efficientnet,
    "resnet50": keras.applications.resnet50,
    "densenet121": keras.applications.densenet,
}
"""One for each range of pixels; MobileNetV3 besides, whose own scaling is left out."""


class AskedError(Exception):
    """Stops Keras where it would go for a file."""


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    """A folder of Keras with nothing in it, and no network."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(config, "_KERAS_DIR", str(tmp_path))
    models = tmp_path / "models"
    models.mkdir()

    def offline(*_):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(file_utils, "urlretrieve", offline)
    return models


def write_random_weights(path, function):
    """A weight file as Keras publishes them, but of a network that learned nothing."""
    keras.utils.set_random_seed(5)
    network = getattr(keras.applications, function)(weights=None, input_shape=SHAPE)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            for variable in layer.weights:
                variable.assign(np.random.default_rng(3).uniform(0.8, 1.2, variable.shape))
    network.save(path)


@EVERY
def test_keras_would_fetch_the_very_file_that_the_table_names(network, monkeypatch):
    asked = {}

    def ask(fname, origin, cache_subdir, file_hash=None):
        asked.update(file=fname, url=origin, folder=cache_subdir, md5=file_hash)
        raise AskedError

    monkeypatch.setattr(file_utils, "get_file", ask)
    with pytest.raises(AskedError):
        getattr(keras.applications, network.function)(weights="imagenet", input_shape=SHAPE)
    assert asked == {
        "file": network.file,
        "url": network.origin + network.file,
        "folder": "models",
        "md5": network.md5,
    }


@pytest.mark.parametrize("home", ["given", "user", "read-only"])
def test_the_weights_are_looked_for_where_keras_keeps_them(home, tmp_path, monkeypatch):
    network = BY_NAME["mobilenet-v2"]
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".keras"
    if home == "given":
        monkeypatch.setenv("KERAS_HOME", str(tmp_path / "mine"))
        folder = tmp_path / "mine"
    folder.mkdir()
    if home == "read-only":
        # Root may write everywhere, so the question itself is answered.
        monkeypatch.setattr("os.access", lambda path, _: str(path) != str(folder))
    seen = []
    monkeypatch.setattr(config, "_KERAS_DIR", str(folder))
    monkeypatch.setattr(file_utils, "urlretrieve", lambda origin, target, hook: seen.append(target))
    monkeypatch.setattr("os.makedirs", lambda *_, **__: None)
    file_utils.get_file(network.file, network.origin + network.file, cache_subdir="models")
    assert seen == [str(keras_weights.weights_file(network))]


@EVERY
def test_the_table_tells_the_true_sizes(network):
    whole = keras_weights.build(network)
    backbone = backbones._from_keras(network, whole)
    info = backbones._info(network)
    assert backbone.model.count_params() == info.parameters
    assert backbone.model.input.shape == (None, 224, 224, 3)
    assert backbone.model.output.shape == (None, 7, 7, info.features)
    assert whole.output.shape == (None, 1000)
    assert info.download_megabytes == pytest.approx(whole.count_params() * 4 / 1e6, rel=0.05)
    assert info.megabytes == pytest.approx(info.parameters / 250_000)
    assert backbone.model.trainable_variables == []
    assert_stages_cut_the_network(backbone)


def assert_stages_cut_the_network(backbone):
    tensors = [backbone.model.get_layer(name).output for name in backbone.stages]
    rest = [keras.Model(tensor, backbone.model.output).count_params() for tensor in tensors[:-1]]
    assert rest == sorted(set(rest), reverse=True)
    assert rest[0] < backbone.model.count_params()
    assert tensors[-1] is backbone.model.output


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in USUAL else pytest.mark.thorough) for name in PREPROCESSING],
)
def test_a_backbone_answers_as_keras_with_its_own_preprocessing(name, keras_home, monkeypatch):
    network = BY_NAME[name]
    path = keras_home / network.file
    write_random_weights(path, network.function)
    # These are not the published weights; their hash is not what is tested here.
    monkeypatch.setattr(file_utils, "validate_file", lambda *_, **__: True)
    md5 = hashlib.md5(path.read_bytes()).hexdigest() if network.md5 else None
    monkeypatch.setattr(backbones, "NETWORKS", (replace(network, md5=md5),))

    pixels = np.random.default_rng(1).uniform(0, 255, (2, 224, 224, 3)).astype(np.float32)
    theirs = getattr(keras.applications, network.function)(weights="imagenet", input_shape=SHAPE)
    asked = PREPROCESSING[name].preprocess_input(pixels.copy())
    features = keras.Model(theirs.input, keras_weights.before_pooling(theirs))(asked).numpy()

    frames = pixels / np.float32(127.5) - np.float32(1)
    backbone = backbones.load(name)
    ours = backbone.model(frames).numpy()
    np.testing.assert_allclose(ours, features, atol=2e-4 * np.abs(features).max())
    probabilities = theirs(asked).numpy()
    if backbone.classifier is None:
        # MobileNetV3 has a layer between the features and the classes; there the whole network must do.
        np.testing.assert_allclose(backbones.load_classifier(name)(frames), probabilities, rtol=1e-3)
        return
    kernel, bias = backbone.classifier
    logits = ours.mean(axis=(1, 2)) @ kernel + bias
    np.testing.assert_allclose(keras.ops.softmax(logits), probabilities, rtol=1e-3)


def test_the_lightest_layers_are_in_front():
    """A scaling that the network does itself is not done twice, and a swap of colours costs nothing."""
    kinds = {
        name: [type(layer).__name__ for layer in keras_weights.build(BY_NAME[name]).layers[1:3]]
        for name in ("mobilenet-v2", "mobilenet-v3-small", "resnet50")
    }
    assert kinds["mobilenet-v2"][0] == "Conv2D"
    assert kinds["mobilenet-v3-small"][0] == "Conv2D"
    assert kinds["resnet50"] == ["Rescaling", "ZeroPadding2D"]


@pytest.mark.parametrize(
    "network", [BY_NAME[name] for name in ("mobilenet-v3-small", "resnet50")], ids=["v3", "resnet"]
)
def test_without_network_the_message_says_what_to_put_where(network, keras_home, capsys):
    assert not backbones._info(network).here
    with pytest.raises(ModelError) as error:
        backbones.load(network.name)
    text = str(error.value)
    assert f"{network.name} are not here and could not be fetched: Name or service not known." in text
    assert str(keras_home / network.file) in text
    assert network.origin + network.file in text
    assert "take efficientnet-lite0" in text
    assert capsys.readouterr().out == ""


def test_a_silent_server_is_not_waited_for_long(keras_home, monkeypatch):
    import socket

    waited = []
    monkeypatch.setattr(file_utils, "urlretrieve", lambda *_: waited.append(socket.getdefaulttimeout()))
    with pytest.raises(ModelError):
        backbones.load("mobilenet")
    assert waited == [PATIENCE_SECONDS]
    assert socket.getdefaulttimeout() is None


def test_a_file_with_another_hash_is_named_and_left_alone(keras_home):
    path = keras_home / BY_NAME["resnet50"].file
    path.write_bytes(b"half a file")
    with pytest.raises(ModelError, match="is damaged or another file: its MD5 is") as error:
        backbones.load("resnet50")
    assert BY_NAME["resnet50"].md5 in str(error.value)
    assert path.read_bytes() == b"half a file"


def test_a_damaged_file_without_a_published_hash_is_named(keras_home):
    path = keras_home / BY_NAME["mobilenet-v2"].file
    path.write_bytes(b"half a file")
    with pytest.raises(ModelError, match="cannot be loaded") as error:
        backbones.load("mobilenet-v2")
    assert str(path) in str(error.value)
    assert "Delete it" in str(error.value)


def test_weights_of_another_network_are_refused(keras_home):
    path = keras_home / BY_NAME["mobilenet-v2"].file
    write_random_weights(path, "MobileNet")
    with pytest.raises(ModelError, match="cannot be loaded"):
        backbones.load("mobilenet-v2")
    assert path.exists()
