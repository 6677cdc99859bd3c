"""What `pytrain train` makes of a few photographs answers in the page, in ml5 and elsewhere as in Python."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clients import CLIENTS, answers_of, png
from fake_camera import write_frames
from live import SECONDS, Launch, Open, Server
from photographs import CAT, COFFEE, MOTORCYCLE, tiles, write_class
from PIL import Image
from playwright.sync_api import Browser, expect

import pytrain
from pytrain.image import to_input
from pytrain.training.outsiders import pattern

PHOTOGRAPHS = {"cat": CAT, "coffee": COFFEE, "motorcycle": MOTORCYCLE}
LEARNED, ASKED = 12, 3
"""Tiles of each photograph."""

PATTERN = 7
"""Number of a generated picture of nothing: stripes."""

TOLERANCE = 1e-3

Frame = np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(frozen=True)
class Trained:
    """A model that the command made, as Python runs it.

    Attributes:
        path: the bundle.
        frames: pictures that it did not see, one of each class, and one of none: uint8 [240, 320, 3].
        answers: what Python says of them.
    """

    path: Path
    frames: tuple[Frame, ...]
    answers: tuple[pytrain.Prediction, ...]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Three classes of a dozen tiles, and no option."""
    root = tmp_path_factory.mktemp("trained")
    for label, photograph in PHOTOGRAPHS.items():
        write_class(root / "photos" / label, photograph, LEARNED)
    command = [sys.executable, "-m", "pytrain", "train", "photos"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    bundle = root / "exported_models" / "photos"
    unseen = [tiles(photograph, LEARNED + ASKED)[-1] for photograph in PHOTOGRAPHS.values()]
    frames = (*(on_camera(tile) for tile in unseen), pattern(PATTERN))
    answers = tuple(next(iter(pytrain.predict(bundle, frame))) for frame in frames)
    return Trained(bundle, frames, answers)


@pytest.fixture(scope="module")
def exact(trained: Trained) -> str:
    """The name of the same model with weights as trained, so that nothing but the client can differ."""
    made = pytrain.export(
        trained.path, trained.path.with_name("photos-float32"), weights="float32", verify=False
    )
    return made.name


@pytest.fixture(scope="module")
def trained_server(trained: Trained, exact: str) -> Iterator[Server]:
    started = Server(trained.path.parents[1])
    yield started
    started.stop()


def on_camera(tile: Frame) -> Frame:
    """A tile in the middle of a camera's frame, its edges repeated at the sides."""
    square = np.asarray(Image.fromarray(tile).resize((240, 240), Image.Resampling.BICUBIC))
    return np.pad(square, ((0, 0), (40, 40), (0, 0)), mode="edge")


def test_python_names_the_classes_and_calls_a_pattern_unknown(trained: Trained) -> None:
    assert [prediction.answer for prediction in trained.answers] == [*PHOTOGRAPHS, "unknown"]


def test_the_webcam_page_says_what_python_says(
    open_page: Open, launch: Launch, trained: Trained, trained_server: Server, tmp_path: Path
) -> None:
    video = tmp_path / "camera.y4m"
    write_frames(video, trained.frames)
    browser = launch(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={video}",
    )
    page = open_page(browser, "/?model=photos&backend=wasm", url=trained_server.url).page
    page.get_by_test_id("start-camera").click()
    for prediction in trained.answers:
        # The video comes round again for those who are late.
        expect(page.get_by_test_id("answer")).to_have_attribute("data-label", prediction.answer)
    expect(page.get_by_test_id("check")).to_have_text("Same as Python", timeout=3 * SECONDS * 1000)


def test_a_picture_in_the_page_is_as_familiar_as_in_python(
    open_page: Open,
    plain_browser: Browser,
    trained: Trained,
    exact: str,
    trained_server: Server,
    tmp_path: Path,
) -> None:
    page = open_page(plain_browser, f"/?model={exact}&backend=wasm", url=trained_server.url).page
    meter = page.get_by_test_id("known")
    for number, (frame, prediction) in enumerate(zip(trained.frames, trained.answers, strict=True)):
        picture = tmp_path / f"{number}.png"
        picture.write_bytes(png(frame))
        page.get_by_test_id("file-input").set_input_files(picture)
        expect(page.get_by_test_id("answer")).to_have_attribute("data-label", prediction.answer)
        assert prediction.known is not None
        # To a tenth of a percent, either side of which the rounding may fall.
        near = {f"{100 * (prediction.known + shift):.1f}" for shift in (-TOLERANCE, 0, TOLERANCE)}
        expect(meter).to_have_attribute("aria-valuenow", re.compile("|".join(map(re.escape, sorted(near)))))


@pytest.mark.parametrize(
    "client", ["ml5 in p5 2", pytest.param("Teachable Machine", marks=pytest.mark.thorough)]
)
def test_unmodified_libraries_give_pythons_probabilities(
    open_page: Open,
    plain_browser: Browser,
    trained: Trained,
    exact: str,
    trained_server: Server,
    client: str,
) -> None:
    from pytrain.model.backend import keras

    libraries, program, divisor = CLIENTS[client]
    pictures = [np.rint((to_input(frame) + 1) * 127.5).astype(np.uint8) for frame in trained.frames]
    frames, labels = [png(picture) for picture in pictures], list(PHOTOGRAPHS)
    answers = answers_of(open_page, plain_browser, trained_server, libraries, program, frames, exact, labels)
    model = keras.saving.load_model(trained.path / "model.keras")
    given = model(np.stack(pictures).astype(np.float32) / divisor - 1, training=False)
    assert np.abs(answers - np.asarray(given["probabilities"])).max() <= TOLERANCE
