"""The official converter's models and ours give the same numbers; and it stands in for what we lack."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import referee
from lifelike import lifelike, pictures
from parity import Answer, Array, Job, Parity, open_parity, write_models
from playwright.sync_api import Playwright

import pytrain
from pytrain.errors import ExportError
from pytrain.export import fallback
from pytrain.export.fallback import convert_model
from pytrain.export.writing.weights import write_manifests
from pytrain.model import efficientnet_lite0, mlp
from pytrain.model.backend import keras, tf

pytestmark = referee.needed

CLASSES = 10
MODELS = {
    "mlp": lambda: mlp.build(CLASSES),
    "efficientnet_lite0": lambda: efficientnet_lite0.build(CLASSES),
}


@pytest.fixture(scope="module")
def page(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parity]:
    with open_parity(playwright, tmp_path_factory.mktemp("referee")) as opened:
        yield opened


@pytest.mark.parametrize(
    "network",
    [pytest.param(name, marks=() if name == "mlp" else pytest.mark.thorough) for name in MODELS],
)
def test_official_and_ours_give_the_same_numbers(page: Parity, network: str) -> None:
    keras.utils.set_random_seed(7)
    model = MODELS[network]()
    seen = pictures(8, 224)
    lifelike(model, seen)
    inputs = seen[:2]
    folder = page.folder / network
    folder.mkdir()
    outputs, formats = write_models(folder, model)
    official = referee.official(model, network, folder / "official")
    theirs = {form: answer_of(page, official[form], form, ["output_0"], inputs) for form in official}
    for form in formats:
        job = Job(f"our {network}", folder, form, inputs, outputs, [theirs[form]], (1, 2))
        (answer,) = page.run("wasm", [job])
        assert answer.agrees, str(answer)


def answer_of(page: Parity, folder: Path, form: str, outputs: list[str], inputs: Array) -> Array:
    nothing = np.zeros((len(inputs), CLASSES), np.float32)
    (answer,) = page.run("wasm", [Job("official", folder, form, inputs, outputs, [nothing], (len(inputs),))])
    assert not answer.error, answer.error
    return answer.outputs[0]


# The fallback.


@pytest.fixture(autouse=True)
def use_referee(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fallback.VARIABLE, str(referee.PYTHON))


def unsupported_model() -> Any:
    """A layer of somebody's own, of operations that TensorFlow.js has."""

    class Swirl(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return tf.math.sin(x) * tf.reduce_mean(x, axis=-1, keepdims=True)

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    entry = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(8, 3, strides=2, activation="relu")(entry)
    x = keras.layers.GlobalAveragePooling2D()(Swirl(name="swirl")(x))
    return keras.Model(entry, keras.layers.Dense(CLASSES, activation="softmax")(x))


def run_converted(page: Parity, converted: Any, name: str, inputs: Array, expected: Array) -> Answer:
    folder = page.folder / name
    folder.mkdir()
    write_manifests(folder, None, converted)
    job = Job(name, folder, "graph", inputs, ["probabilities"], [expected], (1, len(inputs)))
    (answer,) = page.run("wasm", [job])
    return answer


WITHOUT = ("flax", "jax", "pkg_resources", "tensorflow_decision_forests", "tensorflow_hub", "ydf")
"""What a plain `pip install tensorflowjs` brings in versions that cannot be imported together."""


def test_a_model_with_a_layer_outside_the_table_is_converted_and_says_so(
    page: Parity, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = f"import sys; sys.modules.update(dict.fromkeys({WITHOUT!r}))"
    monkeypatch.setattr(fallback, "PROGRAM", f"{missing}\n{fallback.PROGRAM}")
    model, inputs, said = unsupported_model(), pictures(3, 32), []
    converted = convert_model(
        model, why="The layer swirl is a Swirl, which is not supported.", say=said.append
    )
    (line,) = said
    assert "swirl is a Swirl" in line
    assert "official converter" in line
    answer = run_converted(page, converted, "swirl", inputs, np.asarray(model(inputs)))
    assert answer.agrees, str(answer)


def test_a_saved_model_becomes_a_bundle_that_answers_as_python_does(tmp_path: Path) -> None:
    model = unsupported_model()
    # A space in a folder's name must not split it.
    model.export(tmp_path / "a saved model", format="tf_saved_model", verbose=False)
    classes = model.output_shape[-1]
    made = pytrain.export(
        tmp_path / "a saved model",
        tmp_path / "models" / "mine",
        labels=[str(number) for number in range(classes)],
        input_range="-1..1",
    )
    assert made.topologies == ("graph.json",)
    assert made.metadata["pytrain"]["verification"]["formats"]["graph"]["wasm"]["max_difference"] <= 1e-4


def test_an_operation_that_the_browser_lacks_is_named(tmp_path: Path) -> None:
    class Odd(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec([None, 8, 8, 3])])
        def __call__(self, x: Any) -> Any:
            return {"probabilities": tf.nn.softmax(tf.reduce_mean(tf.linalg.svd(x)[0], [1]))}

    odd = Odd()
    tf.saved_model.save(odd, str(tmp_path / "odd"), signatures={"serving_default": odd.__call__})
    with pytest.raises(ExportError, match="does not have Svd"):
        pytrain.export(tmp_path / "odd", tmp_path / "mine", labels="a,b,c", input_range="-1..1")


def test_the_converter_is_of_the_pinned_version() -> None:
    said = referee.run("-c", "from importlib.metadata import version; print(version('tensorflowjs'))")
    assert said.strip() == "4.22.0"
