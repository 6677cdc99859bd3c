"""Unmodified clients from npm open what we export: the same labels, for the same pixels the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clients import CLIENTS, Pixels, answers_of, png
from live import Open, Server
from playwright.sync_api import Browser
from shared import LABELS

from pytrain.dataset.four_shapes import draw_classic, draw_scene
from pytrain.image import SIZE, to_input

TOLERANCE = 1e-3

Reference = Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]


@pytest.fixture(scope="module")
def pictures() -> list[Pixels]:
    """Drawings and camera scenes, cropped and resized already, so that no client has to."""
    frames = [draw(label, seed) for draw, seed in ((draw_classic, 5), (draw_scene, 3)) for label in LABELS]
    return [np.rint((to_input(frame) + 1) * 127.5).astype(np.uint8) for frame in frames]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_gives_the_probabilities_of_python(
    open_page: Open,
    plain_browser: Browser,
    exported: Server,
    reference: Reference,
    pictures: list[Pixels],
    client: str,
) -> None:
    libraries, program, divisor = CLIENTS[client]
    answers = answers_of(open_page, plain_browser, exported, libraries, program, [png(p) for p in pictures])
    expected = reference(np.stack(pictures).astype(np.float32) / divisor - 1)
    assert [LABELS[row.argmax()] for row in answers] == [LABELS[row.argmax()] for row in expected]
    assert np.abs(answers - expected).max() <= TOLERANCE


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_takes_a_model_with_a_further_output(
    open_page: Open,
    plain_browser: Browser,
    knowing_server: Server,
    knowing_model: Any,
    pictures: list[Pixels],
    client: str,
) -> None:
    libraries, program, divisor = CLIENTS[client]
    frames = [png(picture) for picture in pictures]
    answers = answers_of(open_page, plain_browser, knowing_server, libraries, program, frames, "knowing")
    given = knowing_model(np.stack(pictures).astype(np.float32) / divisor - 1, training=False)
    assert np.abs(answers - np.asarray(given["probabilities"])).max() <= TOLERANCE


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_names_what_the_golden_frames_show(
    open_page: Open, plain_browser: Browser, exported: Server, golden: list[tuple[Path, str]], client: str
) -> None:
    """Each in its own way: ml5 squashes the frame to a square, the others see its centre."""
    libraries, program, _ = CLIENTS[client]
    program = program.replace(
        "tf.browser.fromPixels(picture)", "tf.browser.fromPixels(picture).slice([0, 20], [120, 120])"
    ).replace(".toFloat()", f".resizeBilinear([{SIZE}, {SIZE}], false, true)")
    frames = [path.read_bytes() for path, _ in golden]
    answers = answers_of(open_page, plain_browser, exported, libraries, program, frames)
    assert [LABELS[row.argmax()] for row in answers] == [label for _, label in golden]
