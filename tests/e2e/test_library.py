"""What pytrain.js tells beside the answer: where a model looks, what its layers make, its filters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live import Open, Server
from playwright.sync_api import Browser, Page
from shared import LABELS

from pytrain.image import read_image, to_input

BACKENDS = ["wasm", "webgl", "cpu"]
FRAME = "golden/00.png"

TAKE = """async ([options, frame]) => {
  const { imageClassifier } = await import('./pytrain.mjs');
  const image = new Image();
  image.src = `models/four-shapes/${frame}`;
  await image.decode();
  const classifier = await imageClassifier('four-shapes', options);
  try {
    return await (CODE)(classifier, image);
  } finally {
    classifier.dispose();
  }
}"""


def take(page: Page, code: str, **options: object) -> Any:
    """What a function of (classifier, image) gives."""
    return page.evaluate(TAKE.replace("CODE", code), [options, FRAME])


@pytest.fixture
def page(open_page: Open, plain_browser: Browser, exported: Server) -> Page:
    return open_page(plain_browser, "/verify.html", url=exported.url).page


@pytest.fixture(scope="module")
def inputs(exported_bundle: Path) -> Any:
    return to_input(read_image(exported_bundle / FRAME))[None]


@pytest.fixture(scope="module")
def made(keras_model: Any, inputs: Any) -> dict[str, Any]:
    """What Keras's layers make of the frame, by layer, without the batch."""
    import keras

    layers = [layer for layer in keras_model.layers if layer.name != "image"]
    every = keras.Model(keras_model.input, [layer.output for layer in layers])
    outputs = every(inputs, training=False)
    return {layer.name: np.asarray(output)[0] for layer, output in zip(layers, outputs, strict=True)}


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_heat_map_is_the_class_activation_of_the_best_label(
    page: Page, keras_model: Any, made: dict[str, Any], backend: str
) -> None:
    found = take(
        page,
        """async (classifier, image) => {
          const results = await classifier.classify(image);
          return { best: results[0].label, ...results.heatMap, values: [...results.heatMap.values] };
        }""",
        backend=backend,
        heatMap=True,
    )
    features, best = made["block4_relu"], int(made["probabilities"].argmax())
    of_mean, of_peak = np.split(np.asarray(keras_model.get_layer("logits").kernel)[:, best], 2)
    at_peak = features == features.max(axis=(0, 1))
    share = at_peak * features / at_peak.sum(axis=(0, 1))
    activation = np.maximum(features @ of_mean / 49 + share @ of_peak, 0)
    assert found["best"] == found["label"] == LABELS[best]
    assert (found["height"], found["width"]) == (7, 7)
    values = np.reshape(found["values"], (7, 7))
    assert values.max() == 1
    assert np.allclose(values, activation / activation.max(), atol=1e-3)


def test_a_heat_map_is_given_when_it_is_asked_for(page: Page) -> None:
    found = take(
        page,
        """async (classifier, image) => {
          const given = async () => (await classifier.classify(image)).heatMap;
          const off = await given();
          classifier.heatMap = true;
          const on = await given();
          classifier.heatMap = false;
          return [off === undefined, on.label, (await given()) === undefined];
        }""",
        backend="wasm",
    )
    assert found == [True, found[1], True]
    assert found[1] in LABELS


def test_model_json_has_no_heat_map_and_says_so(page: Page) -> None:
    asked = "async (classifier, image) => (await classifier.classify(image)).heatMap === null"
    assert take(page, asked, backend="wasm", format="layers", heatMap=True) is True


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("form", ["graph", "layers"])
def test_layers_make_what_keras_s_layers_make(
    page: Page, made: dict[str, Any], form: str, backend: str
) -> None:
    layers, maps = take(
        page,
        """async (classifier, image) => {
          const layers = await classifier.layers();
          const maps = await classifier.activations(image, layers.map(({ name }) => name));
          for (const one of Object.values(maps)) one.values = [...one.values];
          return [layers, maps];
        }""",
        backend=backend,
        format=form,
    )
    named = [(layer["name"], layer["kind"]) for layer in layers]
    assert named[:4] == [
        ("lens", "pooling"),
        ("stem_conv", "convolution"),
        ("block1_conv", "convolution"),
        ("block1_pool", "pooling"),
    ]
    assert named[-2] == ("logits", "dense")
    assert set(maps) == {name for name, _ in named}
    for layer in layers:
        name = layer["name"]
        # A convolution carries the normalisation and the activation that follow it.
        expected = made[name.replace("_conv", "_relu")]
        size = (layer["height"], layer["width"], layer["channels"])
        assert size == (expected.shape if expected.ndim == 3 else (1, 1, len(expected)))
        given = maps[name]
        assert (given["height"], given["width"], given["channels"]) == size
        assert np.allclose(np.reshape(given["values"], size), expected.reshape(size), atol=2e-3), name


def test_only_so_many_channels_are_sent(page: Page, made: dict[str, Any]) -> None:
    found = take(
        page,
        """async (classifier, image) => {
          const { block1_conv: maps } = await classifier.activations(image, 'block1_conv', { most: 3 });
          return { ...maps, values: [...maps.values] };
        }""",
        backend="wasm",
    )
    assert (found["height"], found["width"], found["channels"]) == (28, 28, 3)
    expected = made["block1_relu"][..., :3]
    assert np.allclose(np.reshape(found["values"], (28, 28, 3)), expected, atol=1e-3)


@pytest.mark.parametrize("form", ["graph", "layers"])
def test_filters_are_the_weights_with_their_normalisation(page: Page, keras_model: Any, form: str) -> None:
    first, named = take(
        page,
        """async (classifier) => {
          const all = [await classifier.filters(), await classifier.filters('block2_conv')];
          return all.map((one) => ({ ...one, values: [...one.values] }));
        }""",
        backend="wasm",
        format=form,
    )
    for found, conv, norm in (
        (first, "stem_conv", "stem_norm"),
        (named, "block2_conv", "block2_norm"),
    ):
        layer = keras_model.get_layer(norm)
        scale = layer.gamma / np.sqrt(layer.moving_variance + layer.epsilon)
        expected = np.asarray(keras_model.get_layer(conv).kernel * scale)
        assert found["name"] == conv
        size = (found["height"], found["width"], found["inputs"], found["filters"])
        assert size == expected.shape
        assert np.allclose(np.reshape(found["values"], size), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("(c, image) => c.activations(image, 'blok1_conv')", "Did you mean 'block1_conv'"),
        ("(c, image) => c.activations(image, 7)", "names of layers"),
        ("(c, image) => c.activations(image, 'lens', { most: 0 })", "a whole number from 1"),
        ("(c, image) => c.activations('a picture', 'lens')", "activations was given 'a picture'"),
        ("(c) => c.filters('logits')", "The layer logits has no filters"),
        ("(c) => { c.heatMap = 'yes'; }", "The option heatMap is 'yes'"),
    ],
)
def test_what_is_asked_wrongly_is_answered_with_what_there_is(page: Page, code: str, words: str) -> None:
    caught = """async (classifier, image) => {
      try {
        await (ASKED)(classifier, image);
      } catch (error) {
        return error.message;
      }
    }"""
    assert words in take(page, caught.replace("ASKED", code), backend="wasm")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_feature_extractor_gives_what_goes_into_the_last_dense(
    page: Page, made: dict[str, Any], backend: str
) -> None:
    found = page.evaluate(
        """async ([backend, frame]) => {
          const { featureExtractor } = await import('./pytrain.mjs');
          const image = new Image();
          image.src = `models/four-shapes/${frame}`;
          await image.decode();
          const extractor = await featureExtractor('four-shapes', { backend });
          await extractor.embed(image);
          const before = (await extractor.memory()).numTensors;
          const values = [...(await extractor.embed(image))];
          const after = (await extractor.memory()).numTensors;
          const told = [extractor.width, extractor.backend, extractor.timings.latest > 0];
          extractor.dispose();
          return { values, told, tensors: [before, after] };
        }""",
        [backend, FRAME],
    )
    assert found["told"] == [128, backend, True]
    assert np.allclose(found["values"], made["embedding"], atol=2e-3)
    assert found["tensors"][0] == found["tensors"][1]


FROM_MEMORY = """async ([names, without]) => {
  const { imageClassifier } = await import('./pytrain.mjs');
  const files = {};
  const forms = [(blob) => blob, async (blob) => new Uint8Array(await blob.arrayBuffer())];
  for (const [index, name] of names.entries()) {
    const blob = await (await fetch(`models/four-shapes/${name}`)).blob();
    if (name !== without) files[name] = await forms[index % 2](blob);
  }
  const text = await (await fetch('models/four-shapes/metadata.json')).text();
  files['metadata.json'] = text;
  const progress = [];
  try {
    const classifier = await imageClassifier(
      { name: 'mine', files },
      { backend: 'wasm', onProgress: (one) => progress.push(one) },
    );
    const check = await classifier.check();
    const told = [classifier.name, classifier.url, classifier.labels];
    classifier.dispose();
    return { check, told, progress };
  } catch (error) {
    return { error: error.message };
  }
}"""


def files_of(bundle: Path) -> list[str]:
    names = ["graph.json", *(file.name for file in bundle.glob("*.bin")), "golden/golden.json"]
    frames = json.loads((bundle / "golden" / "golden.json").read_text(encoding="utf-8"))["frames"]
    return names + [f"golden/{entry['file']}" for entry in frames]


def test_a_model_in_memory_answers_as_one_from_a_server(page: Page, exported_bundle: Path) -> None:
    found = page.evaluate(FROM_MEMORY, [files_of(exported_bundle), None])
    assert found["told"] == ["mine", "", LABELS]
    assert found["check"]["same"] is True
    assert found["check"]["frames"] == 4
    assert found["progress"][-1]["loaded"] == found["progress"][-1]["total"] > 0


def test_a_model_in_memory_that_lacks_a_file_says_which(page: Page, exported_bundle: Path) -> None:
    shard = next(exported_bundle.glob("weights-*.bin")).name
    found = page.evaluate(FROM_MEMORY, [files_of(exported_bundle), shard])
    assert f"The model 'mine' has no file {shard}" in found["error"]
    assert "graph.json" in found["error"]
