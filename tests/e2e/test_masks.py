"""What is where: masks are Keras's on every backend, and the pages show them, beside an answer too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from digits import LABELS as DIGITS
from digits import LINES, PLACES, SAYS, export_digits
from live import Launch, Open, Server, findings
from masking import LABELS, SIDE, export_masks, picture
from parity import BACKENDS, Job, open_parity
from PIL import Image
from playwright.sync_api import Browser, Page, Playwright, expect
from shared import shake

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

AREAS = [0.625, 0.25, 0, 0.125]
"""Of the background, red, green and blue in the picture."""

COLOURS_ON = """(id) => {
  const canvas = document.querySelector(id);
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const at = (x, y) => [...data.slice(4 * (y * canvas.width + x), 4 * (y * canvas.width + x) + 4)];
  const side = canvas.width;
  return [at(side >> 2, side >> 2), at(side >> 2, side - (side >> 3)), at(3 * (side >> 2), side >> 1)];
}"""
"""RGBA in the red quarter, the blue eighth and the white rest."""


@pytest.fixture(scope="module")
def masks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the network of colours, and with one that tells drawn digits."""
    models = tmp_path_factory.mktemp("masks") / "exported_models"
    export_masks(models / "colours")
    export_digits(models / "digits")
    started = Server(models.parent)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def picture_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("picture") / "colours.png"
    Image.fromarray(picture()).save(path)
    return path


@pytest.fixture(scope="module")
def colour_camera(launch: Launch, tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """A browser whose camera shows the picture of colours."""
    path = tmp_path_factory.mktemp("camera") / "colours.mjpeg"
    Image.fromarray(picture()).resize((240, 240)).save(path, "JPEG", quality=95, subsampling=0)
    return launch(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={path}",
    )


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_the_unet_gives_kerass_mask_on_every_backend(
    playwright: Playwright, dtype: str, tmp_path: Path
) -> None:
    import keras

    from pytrain.export.evaluate import evaluate
    from pytrain.export.fold import simplify
    from pytrain.export.precision import plan, with_stored_weights
    from pytrain.export.prepare import adapted, opened
    from pytrain.export.reading.read import read_network
    from pytrain.export.writing.graph_model import graph_model
    from pytrain.export.writing.weights import write_manifests
    from pytrain.model.unet import build

    keras.utils.set_random_seed(3)
    model = build(4)
    shake(model)
    found = adapted(opened(model, print), "-1..1", False, None)
    network = simplify(read_network(found.model))
    network.outputs = dict(zip(found.outputs, network.outputs.values(), strict=True))
    graph = graph_model(network, probabilities=found.outputs[0])
    dtypes = plan(network, dtype)
    write_manifests(tmp_path, None, graph, dtypes)
    inputs = np.random.default_rng(6).uniform(-1, 1, (2, 224, 224, 3)).astype(np.float32)
    stored = evaluate(with_stored_weights(network, dtypes), inputs)
    expected = [np.asarray(stored[name]) for name in ("mask", "probabilities")]
    if dtype == "float32":
        given = model(inputs, training=False)
        assert np.abs(np.asarray(given["mask"]) - expected[0]).max() < 1e-4
    job = Job(dtype, tmp_path, "graph", inputs, ["mask", "probabilities"], expected, (1, 2))
    with open_parity(playwright, tmp_path) as page:
        answers = [page.run(backend, [job])[0] for backend in BACKENDS]
    assert all(answer.agrees for answer in answers), [str(answer) for answer in answers]


def open_picture(page: Page, file: Path) -> None:
    page.get_by_test_id("file-input").set_input_files(file)
    expect(page.get_by_test_id("answer")).not_to_have_attribute("data-label", "")


@pytest.mark.parametrize("backend", ["wasm", "webgl", "cpu"])
def test_the_library_says_what_is_where(
    open_page: Open, plain_browser: Browser, masks: Server, picture_file: Path, backend: str
) -> None:
    page = open_page(plain_browser, f"/?model=colours&backend={backend}", url=masks.url).page
    open_picture(page, picture_file)
    found: dict[str, Any] = page.evaluate(
        """async (backend) => {
          const { imageClassifier } = await import('./pytrain.mjs');
          const classifier = await imageClassifier('colours', { backend });
          const source = document.querySelector('#picture');
          const before = await classifier.memory();
          const without = (await classifier.classify(source)).mask;
          classifier.mask = true;
          const { mask } = await classifier.classify(source);
          const after = await classifier.memory();
          const old = await imageClassifier('digits', { backend, mask: true });
          const none = (await old.classify(source)).mask;
          classifier.dispose();
          old.dispose();
          const { labels, width, height, areas } = mask;
          const values = [...mask.values];
          return { without: without === undefined, none, labels, width, height, areas, values,
            left: after.numTensors - before.numTensors };
        }""",
        backend,
    )
    assert found["without"]
    assert found["none"] is None
    assert found["left"] == 0
    assert found["labels"] == ["background", *LABELS]
    assert (found["width"], found["height"]) == (SIDE, SIDE)
    assert found["areas"] == pytest.approx(AREAS, abs=0.01)
    values = np.array(found["values"]).reshape(SIDE, SIDE, 4)
    assert np.allclose(values.sum(axis=-1), 1, atol=1e-5)
    assert values[10, 10].argmax() == 1
    assert values[50, 10].argmax() == 3


def test_play_paints_each_thing_in_its_colour_and_says_how_large_it_is(
    open_page: Open, plain_browser: Browser, masks: Server, picture_file: Path
) -> None:
    page = open_page(plain_browser, "/?model=colours", url=masks.url).page
    open_picture(page, picture_file)
    page.get_by_test_id("mask-toggle").click()
    expect(page.get_by_test_id("mask")).to_be_visible()
    # A canvas keeps its colours times their opacity, rounded.
    expected = [[255, 91, 31, 140], [242, 194, 0, 140], [12, 12, 11, 110]]
    assert np.allclose(page.evaluate(COLOURS_ON, "#mask"), expected, atol=2)
    expect(page.get_by_test_id("areas").get_by_role("listitem")).to_have_text(["Red25 %", "Blue13 %"])
    assert findings(page) == []
    page.get_by_test_id("heat-toggle").click()
    expect(page.get_by_test_id("mask")).to_be_hidden()
    expect(page.get_by_test_id("heat")).to_be_visible()
    page.keyboard.press("w")
    expect(page.get_by_test_id("mask")).to_be_visible()
    expect(page.get_by_test_id("heat")).to_be_hidden()
    page.get_by_test_id("model-select").select_option("four-shapes")
    expect(page.get_by_test_id("mask-toggle")).to_be_hidden()
    expect(page.get_by_test_id("mask")).to_be_hidden()
    expect(page.get_by_test_id("areas")).to_be_hidden()


def test_it_lies_over_the_cameras_picture_and_turns_with_it(
    open_page: Open, colour_camera: Browser, masks: Server
) -> None:
    page = open_page(colour_camera, "/?model=colours", url=masks.url).page
    page.get_by_test_id("start-camera").click()
    expect(page.get_by_test_id("answer")).not_to_have_attribute("data-label", "")
    page.get_by_test_id("mask-toggle").click()
    expect(page.get_by_test_id("mask")).to_be_visible()
    expect(page.get_by_test_id("areas").locator("[data-label=red]")).to_contain_text("2")
    place = """() => {
      const mask = document.querySelector('#mask');
      const box = (element) => JSON.stringify(element.getBoundingClientRect());
      const under = mask.previousElementSibling;
      return [under.id, box(mask) === box(under), getComputedStyle(mask).transform];
    }"""
    assert page.evaluate(place) == ["video", True, "matrix(-1, 0, 0, 1, 0, 0)"]
    page.get_by_test_id("stop-camera").click()
    expect(page.get_by_test_id("mask")).to_be_hidden()


def test_look_inside_sets_the_answer_beside_the_mask(
    open_page: Open, colour_camera: Browser, masks: Server
) -> None:
    page = open_page(colour_camera, "/inside/?model=colours", url=masks.url).page
    expect(page.locator("[data-testid=strip] button").first).to_be_visible()
    page.get_by_test_id("view-versus").click()
    page.get_by_test_id("start-camera").click()
    expect(page.get_by_test_id("versus-answer")).to_have_text("Red")
    areas = page.get_by_test_id("versus-areas").get_by_role("listitem")
    expect(areas).to_have_count(2)
    expect(areas.nth(0)).to_contain_text("Red2")
    red, blue, rest = np.array(page.evaluate(COLOURS_ON, "#versus-mask"))[:, :3].astype(int)
    assert red[0] > red[2] + 100, "the mask's orange over red"
    assert blue[0] > 100, "the mask's yellow over blue"
    assert np.ptp(rest) < 12, "what belongs to nothing is only darker"
    assert findings(page) == []
    # Nothing of it stays on when another view is chosen.
    page.get_by_test_id("view-layers").click()
    expect(page.get_by_test_id("versus")).to_be_hidden()
    expect(page.get_by_test_id("answer")).to_have_attribute("data-label", "red")


def test_a_network_without_masks_says_so(open_page: Open, plain_browser: Browser, masks: Server) -> None:
    page = open_page(plain_browser, "/inside/?model=four-shapes", url=masks.url).page
    expect(page.locator("[data-testid=strip] button").first).to_be_visible()
    page.get_by_test_id("view-versus").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("versus-none")).to_contain_text("This network gives no mask")
    expect(page.get_by_test_id("versus")).to_be_hidden()
    assert findings(page) == []


def draw_one(page: Page) -> None:
    """A line near the left edge."""
    box = page.get_by_test_id("pad").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.15, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.6, steps=6)
    page.mouse.up()


def seen_ink(page: Page) -> np.ndarray:
    """What the model gets of the drawing: float64 [28, 28], 0 to 255."""
    values = page.get_by_test_id("pad-seen").evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data]"
    )
    return np.array(values, float).reshape(28, 28, 4)[..., 0]


def with_mouse(page: Page, points: list[tuple[float, float]]) -> None:
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=6)
    page.mouse.up()


def with_finger(page: Page, points: list[tuple[float, float]]) -> None:
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *at: tuple[float, float]) -> None:
        touched = [{"x": x, "y": y} for x, y in at]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})

    send("touchStart", points[0])
    for before, after in pairwise(points):
        for part in np.linspace(0, 1, 7)[1:]:
            x, y = np.array(before) + part * (np.array(after) - before)
            send("touchMove", (float(x), float(y)))
    send("touchEnd")


def test_a_digit_drawn_in_a_corner_with_mouse_or_finger_is_told(
    open_page: Open, plain_browser: Browser, masks: Server
) -> None:
    page = open_page(plain_browser, "/?model=digits", url=masks.url, has_touch=True).page
    page.wait_for_function("() => document.querySelector('#line').value === '44'")
    page.get_by_test_id("source-pad").click()
    box = page.get_by_test_id("pad").bounding_box()
    assert box is not None
    answer = page.get_by_test_id("answer")
    for label, corners in LINES.items():
        # Where it is drawn, a network that gets the pad as it is takes it for another digit.
        points = [
            (box["x"] + box["width"] * (0.55 + 0.36 * x), box["y"] + box["height"] * (0.5 + 0.4 * y))
            for x, y in corners
        ]
        seen = []
        for draw in (with_mouse, with_finger):
            draw(page, points)
            expect(answer).to_have_attribute("data-label", label)
            seen.append(seen_ink(page))
            page.get_by_test_id("pad-clear").click()
            expect(answer).not_to_have_attribute("data-label", label)
        worked_out = sum(seen[0][place].mean() * np.array(SAYS[name]) for name, place in PLACES.items())
        assert DIGITS[int(np.argmax(worked_out))] == label
        assert np.abs(seen[0] - seen[1]).mean() < 5


@pytest.mark.parametrize("path", ["/", "/inside/"])
def test_the_pad_draws_as_mnist_did_where_the_model_says_so(
    open_page: Open, plain_browser: Browser, masks: Server, path: str
) -> None:
    page = open_page(plain_browser, f"{path}?model=digits", url=masks.url).page
    page.wait_for_function("() => document.querySelector('#line').value === '44'")
    page.get_by_test_id("source-pad").click()
    draw_one(page)
    expect(page.get_by_test_id("pad-seen")).to_be_visible()
    ink = seen_ink(page)
    rows = np.flatnonzero((ink > 12).any(axis=1))
    assert np.ptp(rows) + 1 in (19, 20)
    places = np.arange(28) + 0.5
    centre = [ink.sum(axis=axis) @ places / ink.sum() for axis in (0, 1)]
    assert np.abs(np.array(centre) - 14).max() < 0.6, "the centre of mass is in the middle"
    corner = page.get_by_test_id("pad").evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(2, 2, 1, 1).data]"
    )
    assert corner == [0, 0, 0, 255], "white on black"
    page.get_by_test_id("model-select").select_option("four-shapes")
    expect(page.get_by_test_id("pad-seen")).to_be_hidden()
    page.wait_for_function("() => document.querySelector('#line').value === '16'")
