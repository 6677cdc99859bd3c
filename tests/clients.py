"""Unmodified libraries from npm in a page of their own, each classifying pictures as its users write it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from live import Open, Server
from PIL import Image
from playwright.sync_api import Browser
from shared import LABELS

Pixels = np.ndarray[Any, np.dtype[np.uint8]]

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


def answers_of(
    open_page: Open,
    browser: Browser,
    server: Server,
    libraries: tuple[str, ...],
    program: str,
    pictures: list[bytes],
    name: str = "four-shapes",
    labels: Sequence[str] = LABELS,
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
    return np.array([[answer[label] for label in labels] for answer in page.evaluate("answers")])


def png(pixels: Pixels) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()
