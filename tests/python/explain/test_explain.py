"""What a network sees: checked on networks whose answer is known by construction, and on the shipped one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from pytrain.cli import main
from pytrain.dataset.four_shapes import draw_scene
from pytrain.errors import ModelError
from pytrain.explain import (
    Network,
    activations,
    deep_dream,
    dream,
    filters,
    grad_cam,
    maximise,
    occlusion,
    open_network,
    saliency,
)
from pytrain.explain.network import randomised
from pytrain.image import SIZE, resize, to_input
from pytrain.model.backend import keras

SHIPPED = Path(__file__).resolve().parents[3] / "exported_models" / "four-shapes"
SIDE = 48
PATCHES = {"red": (32, 136), "blue": (144, 40), "green": (24, 16)}
"""Where each colour is planted: top, left."""
COLOURS = {"red": (230, 20, 20), "blue": (20, 20, 230), "green": (20, 230, 20)}
LABELS = ("red", "blue", "grey")
SPEAKS = np.array([[1.0, 0.0, -0.5], [0.0, 0.9, -0.25], [-0.3, -0.3, 0.4]], np.float32)
"""What the red, blue and green channels say for each label; green speaks against red and blue."""


@pytest.fixture(scope="module")
def shapes() -> Network:
    return open_network(SHIPPED)


def colour_finder(pooled: bool, weights: np.ndarray | None = None) -> Network:
    """A network that counts red, blue and green pixels, and nothing else.

    Args:
        pooled: with global average pooling; else each place has its own weight.
        weights: these, [28, 28, channels, labels]; the same at every place unless told.
    """
    inputs = keras.Input((SIZE, SIZE, 3), name="image")
    x = keras.layers.AveragePooling2D(8)(inputs)
    x = keras.layers.Conv2D(3, 1, activation="relu", name="colours")(x)
    x = keras.layers.GlobalAveragePooling2D()(x) if pooled else keras.layers.Flatten()(x)
    logits = keras.layers.Dense(3, name="logits")(x)
    model = keras.Model(inputs, keras.layers.Softmax()(logits))
    # How much more of the one than of the other two; rows are red, green and blue of a pixel.
    much = np.array([[1.0, -0.5, -0.5], [-0.5, -0.5, 1.0], [-0.5, 1.0, -0.5]], np.float32)
    model.get_layer("colours").set_weights([much.reshape(1, 1, 3, 3), np.full(3, -0.2, np.float32)])
    cells = 1 if pooled else 28 * 28
    if weights is None:
        weights = np.tile(40 / cells * SPEAKS.T, (cells, 1))
    model.get_layer("logits").set_weights([weights.reshape(-1, 3), np.zeros(3, np.float32)])
    return Network("colour-finder", model, LABELS)


def planted(*names: str) -> np.ndarray:
    frame = np.full((SIZE, SIZE, 3), 128, np.uint8)
    for name in names or ("red", "blue"):
        top, left = PATCHES[name]
        frame[top : top + SIDE, left : left + SIDE] = COLOURS[name]
    return frame


def share_inside(heat: np.ndarray, name: str) -> float:
    """How much of the heat lies where this patch is."""
    scale = len(heat) / SIZE
    rows, columns = (slice(round(at * scale), round((at + SIDE) * scale)) for at in PATCHES[name])
    return float(heat[rows, columns].sum() / heat.sum())


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """The size of the correlation; a map that is the same everywhere is like nothing."""
    return 0.0 if not np.ptp(other) else float(abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]))


@pytest.mark.parametrize("pooled", [True, False], ids=["global pooling", "no global pooling"])
def test_grad_cam_finds_the_planted_patch_of_the_label(pooled: bool) -> None:
    network = colour_finder(pooled)
    for label in ("red", "blue"):
        heat = grad_cam(network, planted("red", "blue", "green"), label)
        assert heat.shape == (28, 28)
        assert heat.max() == 1
        assert share_inside(heat, label) > 0.99
    assert np.array_equal(grad_cam(network, planted()), grad_cam(network, planted(), "red")), "the likeliest"
    assert grad_cam(network, planted(), "grey").max() == 0, "nothing there speaks for grey"


def test_grad_cam_is_what_its_formula_says_where_gradients_differ_from_place_to_place() -> None:
    draw = np.random.default_rng(1)
    # By place, channel and label: some channels speak for a label here and against it there.
    weights = (draw.normal(0, 0.02, (28, 28, 3, 3)) + 0.01 * SPEAKS.T).astype(np.float32)
    network, frame = colour_finder(False, weights), planted("red", "blue", "green")
    maps = activations(network, frame, ["colours"])["colours"]
    for at, label in enumerate(LABELS):
        expected = np.maximum((maps * weights[..., at].mean((0, 1))).sum(2), 0)
        assert len(np.unique(expected.round(5))) >= 2
        heat = grad_cam(network, frame, label)
        np.testing.assert_allclose(heat, expected / expected.max(), atol=1e-5)


def test_grad_cam_is_the_class_activation_where_there_is_global_pooling() -> None:
    network, frame = colour_finder(True), planted("red", "blue", "green")
    maps = activations(network, frame, ["colours"])["colours"]
    for at, label in enumerate(LABELS):
        activation = np.maximum(maps @ SPEAKS[at], 0)
        np.testing.assert_allclose(grad_cam(network, frame, label), activation / activation.max(), atol=1e-6)


@pytest.mark.parametrize("pooled", [True, False])
@pytest.mark.parametrize("label", ["red", "blue"])
def test_saliency_finds_the_planted_patch_of_the_label(pooled: bool, label: str) -> None:
    heat = saliency(colour_finder(pooled), planted(), label, samples=8, noise=0.02)
    assert heat.shape == (SIZE, SIZE)
    assert share_inside(heat, label) > 0.9


def test_saliency_is_the_mean_over_noise_of_the_size_that_was_asked_for() -> None:
    """A pixel one standard deviation below a threshold passes it in 15.9 % of the noisy copies."""
    inputs = keras.Input((SIZE, SIZE, 3))
    redness = keras.layers.Conv2D(1, 1, activation="relu", name="redness")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(keras.layers.Flatten()(redness)))
    model.get_layer("redness").set_weights([np.eye(3, 1).reshape(1, 1, 3, 1), np.array([-0.2])])
    model.get_layer("logits").set_weights([np.repeat([[1.0, -1.0]], SIZE * SIZE, axis=0), np.zeros(2)])
    frame = np.full((SIZE, SIZE, 3), 255, np.uint8)
    frame[:, 112:] = 128
    heat = saliency(Network("threshold", model, ("above", "below")), frame, samples=8, noise=0.1)
    assert heat[:, :112].mean() == pytest.approx(1, abs=0.01)
    assert heat[:, 112:].mean() == pytest.approx(0.159, abs=0.01)


def test_occlusion_finds_the_planted_patch_of_the_label() -> None:
    network = colour_finder(False)
    before = network.probabilities(to_input(planted())[None])[0]
    for label, other in (("red", "blue"), ("blue", "red")):
        drops = occlusion(network, planted(), label, patch=SIDE, stride=8)
        top, left = np.unravel_index(drops.argmax(), drops.shape)
        assert (top * 8, left * 8) == PATCHES[label], "covering exactly the patch costs most"
        assert 0.2 < drops.max() <= before[LABELS.index(label)]
        top, left = np.unravel_index(drops.argmin(), drops.shape)
        assert (top * 8, left * 8) == PATCHES[other], "and covering what speaks for another one helps"
        assert drops[0, 0] == pytest.approx(0, abs=1e-6), "covering grey with grey costs nothing"


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


def test_a_maximised_picture_has_less_speckle_than_without_the_blur(
    shapes: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    def speckle() -> float:
        values = maximise(shapes, "block3_relu", 5, steps=10) / 255
        return float(np.abs(values - gaussian_filter(values, (1, 1, 0))).mean())

    made = speckle()
    monkeypatch.setattr(dream, "_blurred", lambda values: values)
    assert speckle() > 1.5 * made


def test_a_deep_dream_strengthens_its_layer_and_grows_by_octaves(shapes: Network) -> None:
    frame = draw_scene("square", 3)
    made = deep_dream(shapes, frame, "block2_relu", octaves=2, scale=1.5, steps=6)
    assert made.shape == (336, 336, 3)

    def strength(picture: np.ndarray) -> float:
        return float((activations(shapes, picture, ["block2_relu"])["block2_relu"] ** 2).mean())

    assert strength(made) > 1.5 * strength(frame)
    again = deep_dream(shapes, frame, "block2_relu", octaves=2, scale=1.5, steps=6)
    assert np.array_equal(made, again), "the same seed gives the same dream"


def test_a_deep_dream_of_a_class_or_of_one_map_makes_more_of_that_one(shapes: Network) -> None:
    frame = draw_scene("square", 3)
    of_star = deep_dream(shapes, frame, label="star", octaves=1, steps=6)
    of_map = deep_dream(shapes, frame, "block2_relu", 5, octaves=1, steps=6)

    def star(picture: np.ndarray) -> float:
        return float(shapes.probabilities(to_input(picture)[None])[0, 2])

    def fifth(picture: np.ndarray) -> float:
        return float(activations(shapes, picture, ["block2_relu"])["block2_relu"][..., 5].mean())

    assert star(of_star) > star(of_map) + 0.2
    assert fifth(of_map) > 1.5 * max(fifth(of_star), fifth(frame))
    with pytest.raises(ModelError, match="Channel 5 came without its layer"):
        deep_dream(shapes, frame, channel=5)


def test_a_deep_dream_keeps_the_fine_detail_of_the_picture(shapes: Network) -> None:
    frame = np.random.default_rng(4).integers(0, 256, (440, 440, 3), np.uint8)
    untouched = deep_dream(shapes, frame, "block2_relu", octaves=3, scale=1.4, steps=0)
    expected = resize(frame, 439)
    assert np.abs(untouched.astype(float) - expected).max() <= 1, "without a step it is the picture itself"
    dreamt = deep_dream(shapes, frame, "block2_relu", octaves=2, scale=1.4, steps=1)
    detail = [
        values - gaussian_filter(values, (1, 1, 0)) for values in (dreamt / 255, resize(frame, 314) / 255)
    ]
    assert likeness(*detail) > 0.9


def test_a_deep_dream_takes_its_steps_on_each_octave(
    shapes: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, told = [], []
    climbed = dream._climbed

    def counted(inputs: np.ndarray, *others: Any) -> np.ndarray:
        sizes.append(len(inputs))
        return climbed(inputs, *others)

    monkeypatch.setattr(dream, "_climbed", counted)
    deep_dream(
        shapes,
        draw_scene("square", 3),
        "block2_relu",
        octaves=3,
        scale=1.2,
        steps=2,
        progress=lambda *step: told.append(step),
    )
    assert sizes == [224, 224, 269, 269, 323, 323]
    assert told == [(step, 6) for step in range(1, 7)]


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


@pytest.mark.parametrize(
    ("arguments", "said", "fix"),
    [
        (["--layer", "block2_conv"], "The layer block2_conv came without a channel", "Give the channel, too"),
        (["--channel", "3"], "Channel 3 came without its layer", "Give a layer and a channel, for example"),
        (["--label", "star", "--channel", "3"], "The label star came together", "Leave one of them out"),
        (["--layer", "block2_conv", "--channel", "900"], "has no channel 900", "Choose one of these"),
    ],
)
def test_what_cannot_be_driven_is_one_clear_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str, fix: str
) -> None:
    assert run(["dream", str(SHIPPED), *arguments, "--steps", "1", "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert f"What to do: {fix}" in told.err
    assert "Driving" not in told.out
    assert not (tmp_path / "out").exists()


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
