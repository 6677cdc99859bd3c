"""What a network sees: checked on networks whose answer is known by construction, and on the shipped one."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pytrain.cli import main
from pytrain.dataset.four_shapes import draw_scene
from pytrain.errors import ModelError
from pytrain.explain import (
    Network,
    activations,
    deep_dream,
    filters,
    grad_cam,
    maximise,
    occlusion,
    open_network,
    saliency,
)
from pytrain.explain.network import randomised
from pytrain.image import SIZE, to_input
from pytrain.model.backend import keras

SHIPPED = Path(__file__).resolve().parents[3] / "exported_models" / "four-shapes"
TOP, LEFT, SIDE = 32, 136, 48
"""Where the red patch is planted."""


@pytest.fixture(scope="module")
def shapes() -> Network:
    return open_network(SHIPPED)


def red_finder(pooled: bool) -> Network:
    """A network whose classes are "red" and "grey": it counts red pixels, and nothing else."""
    inputs = keras.Input((SIZE, SIZE, 3), name="image")
    x = keras.layers.AveragePooling2D(8)(inputs)
    redness = np.array([1.0, -0.5, -0.5], np.float32).reshape(1, 1, 3, 1)
    x = keras.layers.Conv2D(1, 1, activation="relu", name="redness")(x)
    x = keras.layers.GlobalAveragePooling2D()(x) if pooled else keras.layers.Flatten()(x)
    logits = keras.layers.Dense(2, name="logits")(x)
    model = keras.Model(inputs, keras.layers.Softmax()(logits))
    cells = 1 if pooled else 28 * 28
    model.get_layer("redness").set_weights([redness, np.array([-0.2], np.float32)])
    weight = np.full((cells, 1), 100 / cells, np.float32)
    model.get_layer("logits").set_weights([np.hstack([weight, -weight]), np.array([-2, 2], np.float32)])
    return Network("red-finder", model, ("red", "grey"))


def planted() -> np.ndarray:
    frame = np.full((SIZE, SIZE, 3), 128, np.uint8)
    frame[TOP : TOP + SIDE, LEFT : LEFT + SIDE] = (230, 20, 20)
    return frame


def share_inside(heat: np.ndarray) -> float:
    """How much of the heat lies where the patch is."""
    scale = len(heat) / SIZE
    rows = slice(round(TOP * scale), round((TOP + SIDE) * scale))
    columns = slice(round(LEFT * scale), round((LEFT + SIDE) * scale))
    return float(heat[rows, columns].sum() / heat.sum())


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """The size of the correlation; a map that is the same everywhere is like nothing."""
    return 0.0 if not np.ptp(other) else float(abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]))


@pytest.mark.parametrize("pooled", [True, False], ids=["global pooling", "no global pooling"])
def test_grad_cam_finds_a_planted_patch(pooled: bool) -> None:
    network = red_finder(pooled)
    heat = grad_cam(network, planted())
    assert heat.shape == (28, 28)
    assert heat.max() == 1
    assert share_inside(heat) > 0.99
    assert grad_cam(network, planted(), "grey").max() == 0, "nothing there speaks for grey"


def test_grad_cam_is_the_class_activation_where_there_is_global_pooling() -> None:
    network = red_finder(True)
    maps = activations(network, planted(), ["redness"])["redness"][..., 0]
    assert np.allclose(grad_cam(network, planted()), maps / maps.max(), atol=1e-6)


@pytest.mark.parametrize("pooled", [True, False])
def test_saliency_finds_a_planted_patch(pooled: bool) -> None:
    heat = saliency(red_finder(pooled), planted(), samples=8, noise=0.02)
    assert heat.shape == (SIZE, SIZE)
    assert share_inside(heat) > 0.9


def test_occlusion_finds_a_planted_patch() -> None:
    drops = occlusion(red_finder(False), planted(), patch=SIDE, stride=8)
    top, left = np.unravel_index(drops.argmax(), drops.shape)
    assert (top * 8, left * 8) == (TOP, LEFT), "covering exactly the patch costs most"
    before = red_finder(False).probabilities(to_input(planted())[None])[0, 0]
    assert 0.5 < drops.max() <= before
    assert drops[-1, 0] == pytest.approx(0, abs=1e-6), "covering grey with grey costs nothing"


def test_on_a_real_model_the_maps_lie_on_the_shape_and_a_randomised_one_loses_them(shapes: Network) -> None:
    frame = draw_scene("star", 29)
    real, lost = grad_cam(shapes, frame), grad_cam(randomised(shapes), frame, "star")
    assert likeness(real, lost) < 0.5
    real, lost = saliency(shapes, frame), saliency(randomised(shapes), frame, "star")
    assert likeness(real, lost) < 0.3
    middle = saliency(shapes, frame)[48:176, 48:176].sum() / saliency(shapes, frame).sum()
    assert middle > 1.5 * (128 / SIZE) ** 2, "the star fills the middle"


def test_activations_are_what_the_layers_give(shapes: Network) -> None:
    frame = draw_scene("circle", 1)
    found = activations(shapes, frame)
    assert list(found) == list(shapes.convolutions)
    part = keras.Model(shapes.model.inputs[0], shapes.model.get_layer("block3_conv").output)
    expected = part(to_input(frame)[None], training=False)
    assert np.allclose(found["block3_conv"], np.asarray(expected)[0], atol=1e-5)


def test_a_frozen_networks_convolutions_are_seen_and_the_lens_is_not(shapes: Network) -> None:
    assert "grey" not in shapes.convolutions
    frozen = keras.models.clone_model(shapes.model)
    frozen.trainable = False
    assert Network("frozen", frozen, shapes.labels).convolutions == shapes.convolutions


def test_filters_are_the_first_convolutions_weights(shapes: Network) -> None:
    weights = filters(shapes)
    assert weights.shape == (5, 5, 3, 24)
    assert np.array_equal(weights, np.asarray(shapes.model.get_layer("stem_conv").kernel))


def test_a_maximised_class_is_that_class(shapes: Network) -> None:
    for label in shapes.labels:
        made = maximise(shapes, label=label, steps=40)
        answer = shapes.probabilities(to_input(made)[None])[0]
        assert shapes.labels[answer.argmax()] == label
        assert answer.max() > 0.9


def test_a_maximised_channel_answers_more_than_to_pictures(shapes: Network) -> None:
    made = maximise(shapes, "block3_relu", 5, steps=40)
    strength = activations(shapes, made, ["block3_relu"])["block3_relu"][..., 5].mean()
    usual = activations(shapes, draw_scene("star", 29), ["block3_relu"])["block3_relu"][..., 5].mean()
    assert strength > 2 * usual


def test_a_deep_dream_strengthens_its_layer_and_grows_by_octaves(shapes: Network) -> None:
    frame = draw_scene("square", 3)
    made = deep_dream(shapes, frame, "block2_relu", octaves=2, scale=1.5, steps=6)
    assert made.shape == (336, 336, 3)

    def strength(picture: np.ndarray) -> float:
        return float((activations(shapes, picture, ["block2_relu"])["block2_relu"] ** 2).mean())

    assert strength(made) > 1.5 * strength(frame)
    again = deep_dream(shapes, frame, "block2_relu", octaves=2, scale=1.5, steps=6)
    assert np.array_equal(made, again), "the same seed gives the same dream"


def test_a_wrong_layer_name_suggests_the_nearest(shapes: Network) -> None:
    with pytest.raises(ModelError) as raised:
        activations(shapes, draw_scene("star", 1), ["block2_con"])
    assert raised.value.fix == "Did you mean block2_conv?"


def test_a_wrong_label_suggests_the_nearest(shapes: Network) -> None:
    with pytest.raises(ModelError) as raised:
        grad_cam(shapes, draw_scene("star", 1), "triangel")
    assert raised.value.fix == "Did you mean triangle?"


def test_a_network_without_convolution_is_told() -> None:
    inputs = keras.Input((SIZE, SIZE, 3))
    flat = keras.layers.Flatten()(keras.layers.AveragePooling2D(8)(inputs))
    plain = Network("mlp", keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(flat)), ("a", "b"))
    for ask in (activations, grad_cam):
        with pytest.raises(ModelError, match="mlp has no convolution"):
            ask(plain, planted())
    assert occlusion(plain, planted(), "a", patch=112, stride=112).shape == (2, 2)


def test_the_commands_write_pictures_and_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "star.png"
    Image.fromarray(draw_scene("star", 29)).save(picture)
    out = tmp_path / "out"
    assert run(["explain", str(SHIPPED), str(picture), "--layer", "block2_conv", "--out", str(out)]) == 0
    page = (out / "index.html").read_text(encoding="utf-8")
    shown = re.findall(r'<img src="([^"]+)"', page)
    assert {"picture.png", "grad-cam.png", "occlusion.png", "saliency.png"} < set(shown)
    assert "maps-1-block2_conv.png" in shown
    for file in shown:
        with Image.open(out / file) as opened:
            assert opened.convert("L").getextrema()[0] != opened.convert("L").getextrema()[1]
    assert run(["dream", str(SHIPPED), "--label", "star", "--steps", "3", "--out", str(out)]) == 0
    assert "class-1.png" in (out / "index.html").read_text(encoding="utf-8"), "its own folder is replaced"
    (tmp_path / "mine").mkdir()
    capsys.readouterr()
    assert run(["dream", str(SHIPPED), "--steps", "1", "--out", str(tmp_path / "mine")]) == 2
    assert "holds something else" in capsys.readouterr().err
    (tmp_path / "text.png").write_text("no picture")
    assert run(["explain", str(SHIPPED), str(tmp_path / "text.png")]) == 2
    assert "text.png" in capsys.readouterr().err


def run(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def test_of_a_network_with_masks_the_answers_part_is_explained(tmp_path: Path) -> None:
    from masking import export_masks, picture

    network = open_network(export_masks(tmp_path / "exported_models" / "colours"))
    assert network.convolutions == (), "its only convolution makes the mask"
    assert network.map_layers == ("places",)
    assert network.labels[network.chosen(picture(), None)] == "red"
