"""The recipes are what their files say, and the exported model is the trained one."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from shared import shake

import pytrain
from pytrain.course import recipes
from pytrain.course.augment import Augment
from pytrain.course.fit import _batches, _optimizer
from pytrain.course.lens import lens_matrix, through_lens
from pytrain.course.names import DEFAULTS, RECIPES
from pytrain.course.network import finished, logits_of, whole
from pytrain.course.parts import parts_of
from pytrain.course.recipe import Pictures, Recipe, View, recipe_named
from pytrain.dataset.catalogue import CATALOGUE
from pytrain.errors import DataError, TrainingError
from pytrain.image import to_input
from pytrain.model.backend import keras, tf
from pytrain.model.blocks import alexnet_block, residual_block, separable_block, vgg_block
from pytrain.model.lens import LENS

ALL = [(name, collection) for name, collections in RECIPES.items() for collection in collections]
SEED = tf.constant([1, 2])


def pictures(collection: str) -> Pictures:
    entry = CATALOGUE[collection]
    return Pictures(entry.side, entry.channels, (-0.2,) * entry.channels, (0.4,) * entry.channels)


def random_images(collection: str, count: int = 5) -> np.ndarray:
    entry = CATALOGUE[collection]
    shape = (count, entry.side, entry.side, entry.channels)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def as_inputs(images: np.ndarray) -> np.ndarray:
    """What a camera that sees the pictures gives the exported model."""
    frames = images.repeat(3, axis=3) if images.shape[3] == 1 else images
    return np.stack([to_input(frame) for frame in frames])


def test_every_file_is_named_and_every_name_has_its_file():
    files = {path.stem for path in Path(recipes.__file__).parent.glob("*.py")} - {"__init__"}
    assert files == {name.replace("-", "_") for name in RECIPES}
    for name, collections in RECIPES.items():
        recipe = recipe_named(name, collections[0])
        assert (recipe.name, recipe.collections) == (name, collections)
    assert all(collection in RECIPES[name] for collection, name in DEFAULTS.items())


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipes_file_says_how_many_parameters_it_has(name):
    module = import_module(f"pytrain.course.recipes.{name.replace('-', '_')}")
    said = re.search(r"^([\d,]+) parameters", module.__doc__, re.MULTILINE)
    network = module.RECIPE.build(pictures(RECIPES[name][0]), 10)
    assert said is not None
    assert int(said[1].replace(",", "")) == network.count_params()


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipes_table_says_how_many_parameters_each_row_has(name):
    module = import_module(f"pytrain.course.recipes.{name.replace('-', '_')}")
    network = module.RECIPE.build(pictures(RECIPES[name][0]), 10)
    counts = {layer.name: layer.count_params() for layer in network.layers}
    counted = 0
    for row in re.findall(r"(?m)^    (\w.*)$", module.__doc__.split("parameters.")[0]):
        part = row.split()[0]
        count = sum(n for layer, n in counts.items() if layer == part or layer.startswith(f"{part}_"))
        # The number behind what the layer gives, with nothing but words of it in between.
        assert not count or re.search(rf"\s{count:,}( parameters|,|$)", row), f"{part} has {count:,}: {row}"
        counted += count
    assert counted == network.count_params()


def test_the_strong_recipe_keeps_to_its_size():
    assert recipe_named("strong", "fashion-mnist").build(pictures("fashion-mnist"), 10).count_params() <= 5e5


@pytest.mark.parametrize("collection", ["mnist", "cifar-10"])
def test_training_sees_what_the_exported_lens_gives(collection):
    images = random_images(collection)
    recipe = recipe_named("separable", collection)
    network = recipe.build(pictures(collection), 10)
    model = whole(finished(network, ()), network, ())
    layer = "grey" if images.shape[3] == 1 else LENS
    seen = keras.Model(model.input, model.get_layer(layer).output).predict(as_inputs(images), verbose=0)
    np.testing.assert_allclose(through_lens(images), seen, atol=2e-6)


def test_the_lens_is_the_slight_blur_that_is_documented():
    matrix = lens_matrix(28)
    np.testing.assert_allclose(matrix.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(matrix[10, 9:12], [1 / 8, 3 / 4, 1 / 8], atol=1e-6)


@pytest.mark.parametrize(("name", "collection"), ALL)
def test_the_whole_model_answers_as_the_network_does(name, collection):
    recipe = recipe_named(name, collection)
    network = recipe.build(pictures(collection), 10)
    shake(network)
    images = random_images(collection)
    seen = through_lens(images)
    logits = network.predict(seen, verbose=0)
    if recipe.views:
        logits = np.mean([network.predict(shown(seen, view), verbose=0) for view in recipe.views], 0)
    small = finished(network, recipe.views)
    np.testing.assert_allclose(logits_of(small, seen), logits, atol=1e-3 * np.abs(logits).max())
    model = whole(small, network, recipe.views)
    np.testing.assert_allclose(
        model.predict(as_inputs(images), verbose=0), small.predict(seen, verbose=0), atol=1e-4
    )
    assert not any(isinstance(layer, keras.Model) for layer in model.layers)


def shown(pixels, view):
    """float32 [n, side, side, channels] as the view shows it, place by place."""
    side = pixels.shape[1]
    seen = np.full_like(pixels, -1)
    for row in range(side):
        for column in range(side):
            of_row, of_column = row - view.down, column - view.right
            if of_row in range(side) and of_column in range(side):
                seen[:, row, column] = pixels[:, of_row, -1 - of_column if view.mirrored else of_column]
    return seen


@pytest.mark.parametrize(
    "view", [View(1, 1), View(-1, -1, mirrored=True), View(right=2, mirrored=True), View(down=-3), View()]
)
def test_a_view_is_moved_and_mirrored_as_it_says(view):
    # A network that gives its pixels back as logits.
    pixels = keras.Input((6, 6, 1))
    network = keras.Model(pixels, keras.layers.Dense(36, name="logits")(keras.layers.Flatten()(pixels)))
    network.get_layer("logits").set_weights([np.eye(36, dtype=np.float32), np.zeros(36, np.float32)])
    images = np.random.default_rng(0).uniform(-1, 1, (3, 6, 6, 1)).astype(np.float32)
    np.testing.assert_array_equal(
        logits_of(finished(network, [view]), images), shown(images, view).reshape(3, 36)
    )


def test_blocks_halve_and_widen_as_they_say():
    assert pytrain.blocks.alexnet_block is alexnet_block
    maps = keras.Input((28, 28, 8))
    assert alexnet_block(maps, 12, "a").shape == (None, 14, 14, 12)
    assert alexnet_block(maps, 12, "b", pool=False).shape == (None, 28, 28, 12)
    assert vgg_block(maps, 12, "c").shape == (None, 14, 14, 12)
    assert residual_block(maps, 12, "d", stride=2).shape == (None, 14, 14, 12)
    assert separable_block(maps, 12, "e", stride=2).shape == (None, 14, 14, 12)


def test_a_residual_block_with_nothing_to_add_leaves_its_input():
    maps = keras.Input((6, 6, 4))
    model = keras.Model(maps, residual_block(maps, 4, "r"))
    model.set_weights([np.zeros_like(weights) for weights in model.get_weights()])
    given = np.random.default_rng(0).random((2, 6, 6, 4)).astype(np.float32)
    np.testing.assert_allclose(model.predict(given, verbose=0), given)


def changed(augment: Augment, count: int = 64) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    images = through_lens(random_images("fashion-mnist", count))
    targets = np.eye(10, dtype=np.float32)[np.arange(count) % 10]
    pixels, wanted = augment(tf.constant(images), tf.constant(targets), SEED)
    return images, pixels.numpy(), wanted.numpy()


def test_moved_and_mirrored_pictures_keep_their_pixels():
    images, pixels, targets = changed(Augment(shift=2, flip=True))
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)), constant_values=-1)
    places = [(mirrored, y, x) for mirrored in (1, -1) for y in range(5) for x in range(5)]
    found = set()
    for picture, original, mirror in zip(pixels, padded, padded[:, :, ::-1], strict=True):
        fits = [
            place
            for place in places
            if np.allclose(
                picture,
                (original if place[0] == 1 else mirror)[place[1] : place[1] + 28, place[2] : place[2] + 28],
                atol=1e-5,
            )
        ]
        assert len(fits) == 1
        found.add(fits[0])
    assert {mirrored for mirrored, _, _ in found} == {1, -1}
    assert {y for _, y, _ in found} == {x for _, _, x in found} == set(range(5))
    np.testing.assert_array_equal(targets, np.eye(10)[np.arange(64) % 10])


def test_the_same_seed_gives_the_same_batch_and_nothing_is_changed_unasked():
    all_of_it = Augment(shift=2, flip=True, turn=10, zoom=0.1, erase=0.5, mixup=0.4)
    np.testing.assert_array_equal(changed(all_of_it)[1], changed(all_of_it)[1])
    images, pixels, _ = changed(Augment())
    np.testing.assert_array_equal(images, pixels)


def test_erasing_covers_a_rectangle_of_about_half_the_pictures():
    images, pixels, _ = changed(Augment(erase=0.5, erase_side=0.5), 200)
    different = (images != pixels).any(axis=3)
    assert 0.4 < different.any(axis=(1, 2)).mean() < 0.6
    for mask in different[different.any(axis=(1, 2))]:
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        assert mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean() > 0.99
        assert max(len(rows), len(columns)) <= 14


def test_mixup_mixes_pictures_and_targets_alike():
    images, pixels, targets = changed(Augment(mixup=1.0))
    share = targets[0, 0]
    assert 0 < share < 1
    np.testing.assert_allclose(targets.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(pixels, share * images + (1 - share) * images[::-1], atol=1e-5)


@pytest.mark.parametrize(("collection", "mirrored"), [("mnist", False), ("fashion-mnist", True)])
def test_digits_are_never_mirrored(clothes, collection, mirrored):
    recipe = Recipe("own", "", (), lambda *_: None, 1, batch_size=20, augment=Augment(flip=True))
    parts = parts_of(clothes)
    batches = _batches(recipe, parts, 10, {"seed": 0, "collection": collection}, range(10))
    known = through_lens(parts.training.images)
    same = [
        bool((np.abs(known - picture).max(axis=(1, 2, 3)) < 1e-5).any())
        for pixels, _ in batches
        for picture in pixels.numpy()
    ]
    assert all(same) != mirrored


def test_a_recipe_is_varied_for_the_data_set_that_it_says():
    recipe = recipe_named("cnn", "mnist")
    assert recipe.varied_for("fashion-mnist").augment.flip
    digits = recipe.varied_for("mnist")
    assert not digits.augment.flip
    assert digits.settings()["epochs"] == 24


def test_weight_decay_leaves_offsets_and_normalisations_alone():
    recipe = recipe_named("cnn", "mnist")
    network = recipe.build(pictures("mnist"), 10)
    optimizer = _optimizer(recipe, 100)
    optimizer.build(network.trainable_variables)
    decayed = {v.path.split("/")[-1] for v in network.trainable_variables if optimizer._use_weight_decay(v)}
    assert decayed == {"kernel"}


def test_parts_have_every_class_and_no_picture_twice(clothes):
    parts = parts_of(clothes, seed=3)
    assert np.bincount(parts.training.truth).tolist() == [22] * 10
    assert np.bincount(parts.validation.truth).tolist() == [2] * 10
    seen = {image.tobytes() for image in parts.training.images}
    assert not seen & {image.tobytes() for image in parts.validation.images}
    assert len(parts.test) == len(clothes.test)
    other = parts_of(clothes, seed=4)
    assert not np.array_equal(parts.validation.images, other.validation.images)


def test_a_limit_takes_every_class_alike_and_the_same_test_pictures_for_each_seed(clothes):
    parts, other = parts_of(clothes, 0, 40), parts_of(clothes, 1, 40)
    assert np.bincount(np.r_[parts.training.truth, parts.validation.truth]).tolist() == [4] * 10
    assert len(parts.validation) == 10
    np.testing.assert_array_equal(parts.test_index, other.test_index)
    assert np.bincount(parts.test.truth).tolist() == [4] * 10


def test_too_few_pictures_are_told(clothes):
    with pytest.raises(DataError, match="The limit is 12 pictures"):
        parts_of(clothes, limit=12)


def test_mean_and_variance_are_those_of_the_training_pictures(clothes):
    parts = parts_of(clothes)
    seen = through_lens(parts.training.images)
    found = parts.pictures()
    np.testing.assert_allclose(found.mean, seen.mean((0, 1, 2)), atol=1e-5)
    np.testing.assert_allclose(found.variance, seen.var((0, 1, 2)), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "collection", "said"),
    [
        ("rnn", "mnist", "There is no recipe 'rnn' for mnist"),
        ("strong", "mnist", "The recipe strong is for fashion-mnist"),
        ("cnn-plain", "mnist", "mlp, cnn, separable"),
    ],
)
def test_a_recipe_that_does_not_fit_is_told_with_those_that_do(name, collection, said):
    with pytest.raises(TrainingError) as error:
        recipe_named(name, collection)
    assert said in str(error.value)


@pytest.mark.parametrize("wrong", [{"optimizer": "adagrad"}, {"epochs": 0}, {"batch_size": 0}])
def test_a_recipe_with_wrong_settings_is_told(wrong):
    with pytest.raises(TrainingError, match="The recipe own has"):
        Recipe("own", "", (), lambda *_: None, **{"epochs": 1, **wrong})
