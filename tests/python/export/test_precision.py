"""Smaller weights are taken only where they keep the answers, and what they cost is measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from shared import random_frame

from pytrain.errors import DataError, ExportError
from pytrain.export.answers import Answers, Threshold
from pytrain.export.evaluate import evaluate
from pytrain.export.network import Network, Node
from pytrain.export.precision import (
    EXACT,
    Agreement,
    answers,
    choose,
    compare,
    evaluator,
    fits_uint8,
    plan,
    with_stored_weights,
)
from pytrain.export.source.check_images import MOST, inputs_of, read_check_images
from pytrain.export.writing.stored import shared_weights, stored_weights
from pytrain.export.writing.weights import as_stored

SIDE = 4
CLASSES = 40
KERNEL = np.random.default_rng(1).normal(0, 0.2, (SIDE * SIDE * 3, CLASSES)).astype(np.float32)


def pictures() -> Any:
    """40 to which the network below has a clear answer."""
    found = np.random.default_rng(0).uniform(-1, 1, (400, SIDE, SIDE, 3)).astype(np.float32)
    logits = np.sort(found.reshape(400, -1) @ KERNEL, axis=1)
    return found[np.argsort(logits[:, -2] - logits[:, -1])[:40]]


PICTURES = pictures()


def network(change: Callable[[Any], Any] = lambda kernel: kernel, classes: int = CLASSES) -> Network:
    """A Dense layer on tiny pictures; `change` works on its kernel [48, classes]."""
    kernel = KERNEL[:, :classes].copy()
    nodes = [
        Node("image", "input", [], (SIDE, SIDE, 3), {"shape": (SIDE, SIDE, 3)}),
        Node("flat", "reshape", ["image"], (SIDE * SIDE * 3,), {"shape": (SIDE * SIDE * 3,)}),
        Node(
            "logits",
            "dense",
            ["flat"],
            (classes,),
            {"activation": "linear"},
            {"kernel": change(kernel), "bias": np.zeros(classes, np.float32)},
        ),
        Node("probabilities", "softmax", ["logits"], (classes,)),
    ]
    return Network(nodes, {"probabilities": "probabilities"})


def nearly_alike(kernel: Any) -> Any:
    """Classes that only a fine step can tell apart: every answer hangs on the last bits."""
    kernel[:, 1:] = kernel[:, :1] + kernel[:, 1:] * 1e-3
    return kernel


def small_channel(kernel: Any) -> Any:
    kernel[:, 0] *= 0.01
    return kernel


def test_the_smallest_that_keeps_the_answers_is_taken() -> None:
    said: list[str] = []
    choice = choose(network(), "auto", PICTURES, say=said.append)
    assert choice.dtype == "uint8"
    assert choice.dtypes == {"logits/kernel": "uint8"}
    assert choice.agreement is not None
    assert choice.agreement.images == 40
    assert choice.agreement.passes
    assert "40 of 40 images" in said[0]


def test_what_changes_answers_is_not_taken() -> None:
    said: list[str] = []
    choice = choose(network(nearly_alike), "auto", PICTURES, say=said.append)
    assert choice.dtype in {"float16", "float32"}
    assert said[0].strip().startswith("uint8")


def test_what_cannot_pass_any_more_sees_no_further_images() -> None:
    said: list[str] = []
    choose(network(nearly_alike), "auto", PICTURES, say=said.append)
    assert "of 16 images" in said[0]
    choose(network(nearly_alike), "uint8", PICTURES, accept_loss=True, say=said.append)
    assert "of 40 images" in said[-1], "who asks for it is told all that it costs"


def test_the_compiled_network_computes_as_the_plain_one() -> None:
    whole = network()
    run = evaluator(whole)
    for one in (whole, with_stored_weights(whole, {"logits/kernel": "uint8"})):
        expected = evaluate(one, PICTURES)["probabilities"]
        assert np.abs(answers(run, one, PICTURES).probabilities - expected).max() < 1e-6


def test_a_loss_that_was_asked_for_is_refused_unless_it_is_accepted() -> None:
    with pytest.raises(ExportError, match="With uint8 weights") as caught:
        choose(network(nearly_alike), "uint8", PICTURES)
    assert "99.5%" in str(caught.value.expected)
    assert "--accept-loss" in str(caught.value.fix)
    choice = choose(network(nearly_alike), "uint8", PICTURES, accept_loss=True)
    assert choice.dtype == "uint8"
    assert choice.agreement is not None
    assert not choice.agreement.passes


@pytest.mark.parametrize("inputs", [None, PICTURES[:5]])
def test_without_enough_images_weights_stay_exact(inputs: Any) -> None:
    said: list[str] = []
    assert choose(network(), "auto", inputs, say=said.append) == EXACT
    assert "--check" in said[0]
    with pytest.raises(ExportError, match="uint8") as caught:
        choose(network(), "uint8", inputs)
    assert "at least 20 images" in str(caught.value.expected)
    assert choose(network(), "uint8", inputs, accept_loss=True).dtype == "uint8"


def test_an_unknown_dtype_is_refused() -> None:
    with pytest.raises(ExportError, match="int4"):
        choose(network(), "int4", PICTURES)


def test_a_network_with_nothing_to_save_stays_exact() -> None:
    said: list[str] = []
    assert choose(network(classes=2), "uint8", PICTURES, say=said.append) == EXACT
    assert "saves nothing" in said[0]


def test_an_array_with_a_small_channel_stays_float16_in_a_uint8_bundle() -> None:
    assert plan(network(small_channel), "uint8") == {"logits/kernel": "float16"}
    assert plan(network(), "float16") == {"logits/kernel": "float16"}
    assert plan(network(), "float32") == {}


def test_each_channel_counts_by_its_own_size() -> None:
    kernel = np.random.default_rng(2).normal(0, 1, (3, 3, 8, 16)).astype(np.float32)
    assert fits_uint8(kernel, (3,))
    assert not fits_uint8(kernel * np.geomspace(1, 1e-3, 16, dtype=np.float32), (3,))
    by_input = kernel[..., :1] * np.geomspace(1, 1e-3, 8, dtype=np.float32)[:, None]
    assert not fits_uint8(by_input, (2, 3))
    dead = kernel.copy()
    dead[..., 0] = 0
    assert fits_uint8(dead, (3,))


def test_numbers_beyond_float16_are_never_rounded_to_infinity() -> None:
    assert plan(network(lambda kernel: kernel * 1e6), "float16") == {}


def test_the_rounded_network_computes_with_what_is_stored() -> None:
    exact, dtypes = network(), {"logits/kernel": "uint8"}
    rounded = with_stored_weights(exact, dtypes)
    kernel = rounded["logits"].weights["kernel"]
    assert len(np.unique(kernel)) <= 256
    logits = PICTURES.reshape(40, -1) @ kernel
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.abs(answers(evaluator(exact), rounded, PICTURES).probabilities - expected).max() < 1e-5
    assert exact["logits"].weights["kernel"] is not kernel


@pytest.mark.parametrize("dtype", ["uint8", "float16"])
def test_only_what_can_be_measured_is_rounded(dtype: str) -> None:
    channels = 1200
    random = np.random.default_rng(2).normal(0, 1, (3, channels)).astype(np.float32)
    picture = (1, 1, channels)
    nodes = [
        Node("image", "input", [], picture, {"shape": picture}),
        Node("scaled", "scale", ["image"], picture, {}, {"scale": random[0], "offset": random[1]}),
        Node("bent", "activation", ["scaled"], picture, {"activation": "prelu"}, {"alpha": random[2:, None]}),
    ]
    whole = Network(nodes, {"bent": "bent"})
    dtypes = plan(whole, dtype)
    measured = stored_weights(with_stored_weights(whole, dtypes))
    for name, values in shared_weights(stored_weights(whole)).items():
        expected = as_stored(values, dtypes.get(name, "float32"))
        np.testing.assert_array_equal(shared_weights(measured)[name], expected)


def test_agreement_counts_the_answer_unknown_too() -> None:
    exact = np.array([[0.9, 0.1], [0.6, 0.4], [0.55, 0.45], [0.2, 0.8]], np.float32)
    rounded = np.array([[0.8, 0.2], [0.72, 0.28], [0.45, 0.55], [0.1, 0.9]], np.float32)
    assert compare(Answers(exact), Answers(rounded)) == Agreement(4, 0.75, 0.75, pytest.approx(0.12))
    # Below 0.7 the second was unknown and is not any more; the third is unknown both times.
    agreement = compare(Answers(exact), Answers(rounded), Threshold(0.7))
    assert agreement.answers == 0.75
    assert agreement.top1 == 0.75


def test_agreement_tells_unknown_by_the_score_that_the_model_gives() -> None:
    same = np.array([[0.9, 0.1], [0.6, 0.4]], np.float32)
    exact = Answers(same, np.array([0.8, 0.2], np.float32))
    rounded = Answers(same, np.array([0.8, 0.35], np.float32))
    agreement = compare(exact, rounded, Threshold(0.3, "known"))
    assert (agreement.top1, agreement.answers) == (1.0, 0.5)
    assert agreement.as_json()["known_change"] == pytest.approx(0.15)
    assert compare(exact, rounded, Threshold(0.3)).answers == 1.0


def test_check_images_come_from_folders_files_patterns_and_frames(tmp_path: Path) -> None:
    for number, name in enumerate(["cats/a.png", "cats/deep/b.jpg", "dogs/c.png", "notes.txt"]):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("txt"):
            (tmp_path / name).write_text("no picture", encoding="utf-8")
        else:
            Image.fromarray(random_frame(number)).save(tmp_path / name)
    assert [image.label for image in read_check_images(tmp_path)] == ["cats", "deep", "dogs"]
    assert len(read_check_images([str(tmp_path / "cats" / "*.png"), tmp_path / "dogs" / "c.png"])) == 2
    assert len(read_check_images([str(tmp_path / "**" / "*.jpg"), random_frame(5)])) == 2
    frames = np.stack([random_frame(6), random_frame(7)])
    assert len(read_check_images(frames)) == 2
    assert len(read_check_images(frames[0])) == 1
    inputs = inputs_of(read_check_images(tmp_path))
    assert inputs.shape == (3, 224, 224, 3)
    assert inputs.dtype == np.float32
    assert -1 <= inputs.min() < inputs.max() <= 1


def test_unreadable_check_images_are_named_and_set_aside(tmp_path: Path) -> None:
    Image.fromarray(random_frame(1)).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes((tmp_path / "good.png").read_bytes()[:500])
    said: list[str] = []
    assert len(read_check_images(tmp_path, said.append)) == 1
    assert "bad.png" in said[0]
    (tmp_path / "good.png").unlink()
    with pytest.raises(DataError, match="Not one of 1"):
        read_check_images(tmp_path)


@pytest.mark.parametrize("given", ["nowhere", "nowhere/*.png"])
def test_check_images_that_are_not_there_are_said(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="nowhere"):
        read_check_images(given)


def test_many_check_images_are_thinned_out_evenly() -> None:
    frames = [np.full((2, 2, 3), number % 256, np.uint8) for number in range(3 * MOST)]
    said: list[str] = []
    found = read_check_images(frames, said.append)
    assert len(found) == MOST
    assert (found[0].frame == 0).all()
    assert (found[-1].frame == (3 * MOST - 1) % 256).all()
    assert f"{MOST} of {3 * MOST}" in said[0]
