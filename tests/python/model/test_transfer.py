"""The whole transfer network: a flat model whose two outputs and activation map are what the heads say."""

from dataclasses import replace

import numpy as np
import pytest
from photographs import CAT, tiles
from scipy.special import softmax

from pytrain.evaluation.cross_validation import known_score
from pytrain.image import to_input
from pytrain.model import backbones, keras_networks, keras_weights, transfer
from pytrain.model.backend import keras
from pytrain.model.imagenet_groups import COUNTS, GROUP_LEVEL, groups_of
from pytrain.model.lens import LOGITS
from pytrain.training.head import Head

CLASSES = 3


def random_head(width, outputs, seed):
    draw = np.random.default_rng(seed)
    return Head(
        draw.normal(0, 0.2, (width, outputs)).astype(np.float32),
        draw.normal(0, 0.2, outputs).astype(np.float32),
    )


def learned_nothing(name):
    """A network of keras.applications as a backbone, its weights at random."""
    network = next(network for network in keras_networks.NETWORKS if network.name == name)
    keras.utils.set_random_seed(1)
    return backbones._from_keras(network, keras_weights.build(network))


@pytest.fixture(scope="module")
def lite0():
    return backbones.load()


@pytest.fixture(scope="module", params=["efficientnet-lite0", "mobilenet-v3-small"])
def backbone(request, lite0):
    return lite0 if request.param == lite0.name else learned_nothing(request.param)


@pytest.fixture(scope="module")
def heads(backbone):
    width = len(transfer.level_of(backbone))
    return random_head(width, CLASSES, 0), random_head(width, CLASSES + 1, 1)


@pytest.fixture(scope="module")
def model(backbone, heads):
    logits, known = heads
    built = transfer.build(backbone, CLASSES)
    transfer.set_heads(built, (logits.kernel, logits.bias), (known.kernel, known.bias))
    return built


@pytest.fixture(scope="module")
def inputs():
    return np.stack([to_input(tile) for tile in tiles(CAT, 3)])


@pytest.fixture(scope="module")
def embeddings(backbone, inputs):
    return transfer.embedder(backbone).predict(inputs, verbose=0)


def test_lite0_is_looked_into_at_the_end_and_where_its_resolution_begins(lite0):
    assert transfer.levels(lite0) == (lite0.stages[-1], "block6d_add")
    level_of = transfer.level_of(lite0)
    cells = 4 * (1280 + 192)
    assert (level_of[:cells] == np.tile(np.repeat([0, 1], [1280, 192]), 4)).all()
    assert (level_of[cells:] == GROUP_LEVEL).all()
    assert len(level_of) == cells + sum(COUNTS)


def test_every_level_has_the_resolution_of_the_last(backbone):
    sizes = {backbone.model.get_layer(name).output.shape[1:3] for name in transfer.levels(backbone)}
    assert sizes == {backbone.model.output.shape[1:3]}
    assert transfer.levels(backbone)[0] == backbone.stages[-1]


def test_the_embedding_is_the_means_of_four_quarters_that_overlap(backbone, inputs, embeddings):
    outputs = [backbone.model.get_layer(name).output for name in transfer.levels(backbone)]
    maps = keras.Model(backbone.model.input, outputs).predict(inputs, verbose=0)
    features = np.concatenate(maps if isinstance(maps, list) else [maps], axis=-1)
    assert features.shape[1:3] == (7, 7)
    quarters = [features[:, row : row + 4, column : column + 4] for row in (0, 3) for column in (0, 3)]
    expected = np.concatenate([quarter.mean((1, 2)) for quarter in quarters], axis=1)
    level_of = transfer.level_of(backbone)
    cells = embeddings[:, level_of != GROUP_LEVEL]
    assert cells == pytest.approx(expected, abs=1e-4 * np.abs(expected).max().item())
    assert embeddings.shape[1] == len(level_of)


def test_the_rest_of_the_embedding_is_how_surely_each_group_of_imagenet_is_there(lite0, inputs):
    embeddings = transfer.embedder(lite0).predict(inputs, verbose=0)
    kernel, bias = lite0.classifier
    logits = lite0.model.predict(inputs, verbose=0).mean((1, 2)) @ kernel + bias
    sure = softmax(logits / transfer.SOFTENING, axis=1) @ groups_of(kernel) * transfer.STEEPNESS
    groups = embeddings[:, transfer.level_of(lite0) == GROUP_LEVEL]
    assert groups == pytest.approx(sure / (1 + sure), abs=1e-4)
    assert groups.max() > 0.5


def test_a_network_without_a_classifier_knows_no_groups(lite0, inputs):
    without = replace(lite0, classifier=None)
    cells = transfer.level_of(lite0) != GROUP_LEVEL
    assert np.array_equal(transfer.level_of(without), transfer.level_of(lite0)[cells])
    alone, whole = (transfer.embedder(one).predict(inputs, verbose=0) for one in (without, lite0))
    assert alone == pytest.approx(whole[:, cells], abs=1e-5)


def test_probabilities_are_the_softmax_of_the_heads_logits(model, heads, inputs, embeddings):
    said = model.predict(inputs, verbose=0)["probabilities"]
    assert said == pytest.approx(softmax(heads[0].logits(embeddings), axis=1), abs=1e-4)


def test_known_is_the_score_that_the_threshold_was_chosen_on(model, heads, inputs, embeddings):
    known = model.predict(inputs, verbose=0)["known"]
    assert known.shape == (3, 1)
    assert known[:, 0] == pytest.approx(known_score(heads[1], embeddings), abs=1e-4)
    assert ((known >= 0) & (known <= 1 + 1e-6)).all()


def test_the_activation_map_adds_up_to_the_logit_without_bias_and_groups(
    model, backbone, heads, inputs, embeddings
):
    features = keras.Model(model.input, model.get_layer(transfer.CELLS).input).predict(inputs, verbose=0)
    logits = heads[0].logits(embeddings * (transfer.level_of(backbone) != GROUP_LEVEL))
    for maps, row in zip(features, logits, strict=True):
        for number in range(CLASSES):
            activation = transfer.activation_map(maps, heads[0].kernel[:, number])
            assert activation.shape == maps.shape[:2]
            assert activation.sum() + heads[0].bias[number] == pytest.approx(row[number], abs=1e-3)


def test_a_place_speaks_for_a_class_by_its_own_features_alone(model, heads, inputs):
    features = keras.Model(model.input, model.get_layer(transfer.CELLS).input).predict(inputs[:1], verbose=0)[
        0
    ]
    before = transfer.activation_map(features, heads[0].kernel[:, 0])
    features[2, 5] = 0
    after = transfer.activation_map(features, heads[0].kernel[:, 0])
    changed = before != after
    assert changed[2, 5]
    assert changed.sum() == 1
    assert after[2, 5] == 0


def test_the_network_is_flat_and_only_its_heads_may_learn(model):
    assert not any(isinstance(layer, keras.Model) for layer in model.layers)
    learning = {layer.name for layer in model.layers if layer.trainable_weights}
    assert learning == {LOGITS, transfer.KNOWN_SCORES}


def test_a_saved_network_gives_the_same_answers(model, inputs, tmp_path):
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for name, values in model.predict(inputs, verbose=0).items():
        assert again.predict(inputs, verbose=0)[name] == pytest.approx(values, abs=1e-6)


def test_pictures_are_answered_alike_one_by_one_and_together(model, inputs):
    together = model.predict(inputs, verbose=0)
    for number in range(len(inputs)):
        alone = model.predict(inputs[number : number + 1], verbose=0)
        for name, values in together.items():
            assert alone[name][0] == pytest.approx(values[number], abs=1e-5)
