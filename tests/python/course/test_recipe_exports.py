"""Every recipe and every block reaches the browser: exported, it gives Keras's answers in TensorFlow.js."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytrain.course.lens import through_lens
from pytrain.course.names import RECIPES
from pytrain.course.network import finished, logits_of, whole
from pytrain.course.recipe import Pictures, recipe_named
from pytrain.dataset.catalogue import CATALOGUE
from pytrain.export import chromium, export, node
from pytrain.export.verify import verify
from pytrain.model.backend import keras
from pytrain.model.blocks import alexnet_block, residual_block, separable_block, vgg_block

BLOCKS = "blocks"
EXPORTED = [(name, collections[0]) for name, collections in RECIPES.items()]
EXPORTED += [("separable", "cifar-10"), (BLOCKS, "mnist")]
"""A recipe's collections of the same size and colours give the same network."""


def of_blocks(pictures: Pictures, classes: int) -> Any:
    """One of each block."""
    pixels = keras.Input((pictures.side, pictures.side, pictures.channels))
    x = alexnet_block(pixels, 6, "first")
    x = alexnet_block(x, 8, "middle", size=3, pool=False)
    x = vgg_block(x, 8, "vgg")
    x = residual_block(x, 12, "residual", stride=2)
    x = separable_block(x, 16, "separable")
    x = keras.layers.Flatten()(x)
    return keras.Model(pixels, keras.layers.Dense(classes, name="logits")(x))


@pytest.mark.parametrize(("name", "collection"), EXPORTED)
def test_it_answers_in_tensorflow_js_as_in_keras(
    name: str, collection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chromium, "find", lambda: None)
    monkeypatch.setattr(node, "REPEAT", 1)
    keras.utils.set_random_seed(4)
    entry = CATALOGUE[collection]
    pictures = Pictures(entry.side, entry.channels, (-0.2,) * entry.channels, (0.4,) * entry.channels)
    recipe = None if name == BLOCKS else recipe_named(name, collection)
    views = recipe.views if recipe else ()
    network = (recipe.build if recipe else of_blocks)(pictures, len(entry.labels))
    images = random_bars(entry.side, entry.channels)
    normalise(network, images)
    small = finished(network, views)
    speak_up(small, images)
    frames = [image.repeat(3, axis=2) if entry.channels == 1 else image for image in images]
    made = export(
        whole(small, network, views),
        tmp_path / name,
        labels=entry.labels,
        input_range="-1..1",
        check=frames,
        golden=[(frame, None) for frame in frames],
        verify=False,
    )
    result = verify(made.path, ["wasm"])
    result.require()
    assert [each.format for each in result.results if each.agrees] == ["graph", "layers"]


def random_bars(side: int, channels: int) -> np.ndarray:
    """Bars at different places, in different colours, alike neither upside down nor mirrored."""
    images = np.zeros((3, side, side, channels), np.uint8)
    draw = np.random.default_rng(6)
    for image, at in zip(images, (3, 9, 15), strict=True):
        image[at : at + 6, 2 : at + 8] = draw.integers(90, 256, channels)
    return images


def normalise(network: Any, images: np.ndarray) -> None:
    """Gives every normalisation the statistics of these pictures, as training would."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    network(through_lens(images), training=True)


def speak_up(small: Any, images: np.ndarray) -> None:
    """Makes an untrained network's answers differ: else a wrong one would be as near as a right one."""
    seen, last = through_lens(images), small.get_layer("logits")
    kernel, bias = last.get_weights()
    logits = logits_of(small, seen)
    scale = 2 / logits.std(axis=0).mean()
    last.set_weights([scale * kernel, scale * (bias - logits.mean(axis=0))])
    answers = small.predict(seen, verbose=0)
    assert np.abs(answers[0] - answers[1]).max() > 0.1
