"""Unmodified clients from npm open what we export: the same labels, for the same pixels the same numbers."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live import Open, Server
from PIL import Image
from playwright.sync_api import Browser
from shared import LABELS

from pytrain.dataset.four_shapes import draw_classic, draw_scene
from pytrain.image import SIZE, to_input

TOLERANCE = 1e-3

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
Reference = Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]

# Each client fills `answers`: one object of label and probability for each picture. `pictures` are addresses.
HELPERS = """
  const pictures = PICTURES;
  const address = new URL('models/NAME/', location.href).href;
  const answers = [];
  async function opened(url) {
    const image = new Image();
    image.src = url;
    await image.decode();
    return image;
  }
  const byLabel = (results) =>
    Object.fromEntries(results.map(({ label, confidence }) => [label, confidence]));
"""

ML5_IN_P5_2 = """
  async function setup() {
    const classifier = await ml5.imageClassifier(address + 'model.json');
    for (const url of pictures) {
      const picture = await loadImage(url);
      answers.push(byLabel(await classifier.classify(picture)));
    }
  }
"""

ML5_IN_P5_1 = """
  let classifier;
  const loaded = [];
  function preload() {
    classifier = ml5.imageClassifier(address + 'model.json');
    for (const url of pictures) loaded.push(loadImage(url));
  }
  function setup() {
    const next = () => loaded.length && classifier.classify(loaded.shift(), (results) => {
      answers.push(byLabel(results));
      next();
    });
    next();
  }
"""

TEACHABLE_MACHINE = """
  (async () => {
    const model = await tmImage.load(address + 'model.json', address + 'metadata.json');
    for (const url of pictures) {
      const results = await model.predict(await opened(url));
      answers.push(Object.fromEntries(results.map(({ className, probability }) => [className, probability])));
    }
  })();
"""

TENSORFLOW = """
  (async () => {
    const { labels } = await (await fetch(address + 'metadata.json')).json();
    const model = await LOAD;
    for (const url of pictures) {
      const picture = await opened(url);
      const output = tf.tidy(() => {
        const input = tf.browser.fromPixels(picture).toFloat().div(127.5).sub(1).expandDims();
        return RUN;
      });
      const values = await output.data();
      output.dispose();
      answers.push(Object.fromEntries(labels.map((label, i) => [label, values[i]])));
    }
  })();
"""

LAYERS = TENSORFLOW.replace("LOAD", "tf.loadLayersModel(address + 'model.json')").replace(
    "RUN", "model.predict(input)"
)
GRAPH = TENSORFLOW.replace("LOAD", "tf.loadGraphModel(address + 'graph.json')").replace(
    "RUN", "model.execute(input, 'probabilities')"
)

CLIENTS = {
    "ml5 in p5 2": (("p5", "ml5"), ML5_IN_P5_2, 127),
    "ml5 in p5 1": (("p5-1", "ml5"), ML5_IN_P5_1, 127),
    "Teachable Machine": (("tf", "teachablemachine-image"), TEACHABLE_MACHINE, 127),
    "tf.loadLayersModel": (("tf",), LAYERS, 127.5),
    "tf.loadGraphModel": (("tf",), GRAPH, 127.5),
}
"""Libraries of vendor/, the program, and what the client divides pixels by before it subtracts 1."""


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


def answers_of(
    open_page: Open,
    browser: Browser,
    server: Server,
    libraries: tuple[str, ...],
    program: str,
    pictures: list[bytes],
    name: str = "four-shapes",
) -> np.ndarray[Any, Any]:
    """Probabilities [pictures, labels] that a page of its own with these libraries gives by a model."""
    watched = open_page(browser, "/verify.html", url=server.url)
    page = watched.page
    files = {f"{server.url}/picture-{number}.png": content for number, content in enumerate(pictures)}
    page.route(
        "**/picture-*.png",
        lambda route: route.fulfill(body=files[route.request.url], content_type="image/png"),
    )
    scripts = "".join(f'<script src="vendor/{library}.min.js"></script>' for library in libraries)
    helpers = HELPERS.replace("PICTURES", str(list(files))).replace("NAME", name)
    html = (
        f"<!doctype html><html><head>{scripts}<script>{helpers}{program}</script></head><body></body></html>"
    )
    page.route(f"{server.url}/client", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(f"{server.url}/client")
    page.wait_for_function(f"() => answers.length === {len(pictures)}", timeout=40_000)
    return np.array([[answer[label] for label in LABELS] for answer in page.evaluate("answers")])


def png(pixels: Pixels) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()
