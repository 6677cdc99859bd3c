"""End-to-end tests: the real server in its own process, a real Chromium, a fake camera that plays scenes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_camera import write_video
from gestures import write_gestures
from live import CHECKOUT, SECONDS, Launch, Open, Server, Watched
from playwright.sync_api import Browser, Playwright, expect, sync_playwright
from shared import LABELS

from pytrain.dataset.four_shapes import draw_scene
from pytrain.export import chromium
from pytrain.image import read_image, to_input

SHIPPED = CHECKOUT / "exported_models" / "four-shapes"

expect.set_options(timeout=SECONDS * 1000)

SEEDS = dict.fromkeys(LABELS, (1, 17))
"""Two scenes for each shape that the fake camera shows; the shipped model is sure of all of them."""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose only model is the shipped four-shapes."""
    started = Server(tmp_path_factory.mktemp("empty"))
    yield started
    started.stop()


@pytest.fixture(scope="session")
def keras_model() -> Any:
    """The shipped four-shapes, as it was trained."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    return keras.saving.load_model(SHIPPED / "model.keras")


@pytest.fixture(scope="session")
def reference(keras_model: Any) -> Callable[[Any], Any]:
    """What Keras gives: [batch, 224, 224, 3] to [batch, classes]."""
    return lambda inputs: np.asarray(keras_model(inputs, training=False))


@pytest.fixture(scope="session")
def golden() -> list[tuple[Path, str]]:
    """The shipped golden frames that show a shape, each with the label that Python gives it."""
    entries = json.loads((SHIPPED / "golden" / "golden.json").read_text(encoding="utf-8"))["frames"]
    shapes = [entry for entry in entries if entry["label"] in LABELS]
    return [
        (SHIPPED / "golden" / entry["file"], LABELS[int(np.argmax(entry["probabilities"]))])
        for entry in shapes
    ]


@pytest.fixture(scope="session")
def exported_bundle(
    keras_model: Any, golden: list[tuple[Path, str]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The shipped four-shapes exported just now: both forms, weights as they were trained."""
    from pytrain.export import export

    bundle = export(
        keras_model,
        tmp_path_factory.mktemp("exported") / "exported_models" / "four-shapes",
        labels=LABELS,
        weights="float32",
        input_range="-1..1",
        golden=[(read_image(path), label) for path, label in golden],
        verify=False,
    )
    return bundle.path


@pytest.fixture(scope="session")
def exported(exported_bundle: Path) -> Iterator[Server]:
    """A server whose only model is the one exported just now."""
    started = Server(exported_bundle.parents[1])
    yield started
    started.stop()


@pytest.fixture(scope="session")
def knowing_model() -> Any:
    """A small untrained network with the outputs `probabilities` and `known`."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from known_heads import near_prototypes, two_outputs

    return two_outputs(near_prototypes)


@pytest.fixture(scope="session")
def knowing(knowing_model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its bundle, called `knowing`; half of its golden frames lie below the threshold of `unknown`."""
    from pytrain.export import Facts, export

    frames = [draw_scene(label, seed) for label in LABELS for seed in (1, 2)]
    inputs = np.stack([to_input(frame) for frame in frames])
    known = np.sort(np.asarray(knowing_model(inputs, training=False)["known"])[:, 0])
    assert known[4] - known[3] > 1e-3
    threshold = float((known[3] + known[4]) / 2)
    made = export(
        knowing_model,
        tmp_path_factory.mktemp("knowing") / "exported_models" / "knowing",
        labels=LABELS,
        input_range="-1..1",
        golden=[(frame, None) for frame in frames],
        facts=Facts(calibration={"score": "known", "unknown_threshold": threshold}),
        verify=False,
    )
    return made.path


@pytest.fixture(scope="session")
def knowing_server(knowing: Path) -> Iterator[Server]:
    """A server whose only model is `knowing`."""
    started = Server(knowing.parents[1])
    yield started
    started.stop()


@pytest.fixture(scope="session")
def second_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle called `a-second`: an untrained network without convolutions, right 36 times of 100."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from pytrain.export import Facts, export

    keras.utils.set_random_seed(3)
    layers = keras.layers
    network = [
        keras.Input((64, 64, 3)),
        layers.AveragePooling2D(8),
        layers.Flatten(),
        layers.Dense(len(LABELS), activation="softmax"),
    ]
    made = export(
        keras.Sequential(network),
        tmp_path_factory.mktemp("second") / "exported_models" / "a-second",
        labels=LABELS,
        input_range="-1..1",
        golden=[(draw_scene(label, 3), None) for label in LABELS],
        facts=Facts(metrics={"test": {"accuracy": 0.36}}),
        verify=False,
    )
    return made.path


@pytest.fixture(scope="session")
def two_models(second_model: Path) -> Iterator[Server]:
    """A server with `a-second` and the shipped models."""
    started = Server(second_model.parents[1])
    yield started
    started.stop()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the fake camera shows: each shape for a few seconds, in the order of the labels, in a loop."""
    path = tmp_path_factory.mktemp("camera") / "shapes.y4m"
    write_video(path, SEEDS)
    return path


@pytest.fixture(scope="session")
def launch(playwright: Playwright) -> Iterator[Launch]:
    """Starts a headless Chromium with further arguments; all are closed at the end."""
    program = chromium.find()
    assert program is not None, "run: make browser"
    with ExitStack() as stack:

        def start(*arguments: str) -> Browser:
            browser = playwright.chromium.launch(
                executable_path=program, args=[*chromium.ARGUMENTS, *arguments]
            )
            stack.callback(browser.close)
            return browser

        yield start


@pytest.fixture(scope="session")
def camera_browser(launch: Launch, video: Path) -> Browser:
    return launch(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={video}",
    )


@pytest.fixture(scope="session")
def gesture_browser(launch: Launch, tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """Its camera shows a hand: open, closed, pointing, four seconds each."""
    path = tmp_path_factory.mktemp("camera") / "gestures.y4m"
    write_gestures(path)
    return launch(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={path}",
    )


@pytest.fixture(scope="session")
def plain_browser(launch: Launch) -> Browser:
    """No camera at all."""
    return launch()


@pytest.fixture
def open_page(server: Server) -> Iterator[Open]:
    """Opens a path of the server; no console error and no request to another origin may come of it.

    What is to run `before` a page's own scripts may be given, and what a context is opened with.
    """
    opened: list[Watched] = []
    with ExitStack() as stack:

        def start(
            browser: Browser,
            path: str = "/",
            url: str | None = None,
            *,
            before: str | None = None,
            **options: object,
        ) -> Watched:
            context = browser.new_context(**options)  # type: ignore[arg-type]
            stack.callback(context.close)
            if before is not None:
                context.add_init_script(before)
            watched = Watched(context, url or server.url)
            opened.append(watched)
            watched.page.goto((url or server.url) + path)
            return watched

        yield start
        for watched in opened:
            assert watched.foreign == []
            assert watched.errors == []
