"""The page as people use it: a webcam, a file, a drawing, and what can go wrong with each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import CHECKOUT, Launch, Open, Server, ask_camera, findings, in_every_look
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from pytrain.dataset.four_shapes import draw_classic

LABELS = ["circle", "square", "star", "triangle"]
BACKENDS = ["webgl", "wasm"]

STEADY = """() => {
  window.seen = [];
  const answer = document.querySelector('[data-testid=answer]');
  let since = performance.now();
  let label;
  new MutationObserver(() => {
    const now = performance.now();
    if ([label, 'unknown'].includes(answer.dataset.label)) return;
    if (now - since > 700 && label) window.seen.push(label);
    since = now;
    label = answer.dataset.label;
  }).observe(answer, { attributes: true, attributeFilter: ['data-label'] });
}"""
"""Writes down which shapes stood for most of a second, in their order; before them and between two it may be
unsure."""


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_webcam_tells_the_four_shapes(open_page: Open, camera_browser: Browser, backend: str) -> None:
    page = open_page(camera_browser, f"/?backend={backend}").page
    ask_camera(page)
    expect(page.get_by_test_id("backend")).to_contain_text(backend, ignore_case=True)
    page.evaluate(STEADY)
    page.wait_for_function("() => window.seen.length >= 6", timeout=60_000)
    seen = page.evaluate("window.seen")
    # The first may have begun before the watch; from then on each shape must follow the one before it.
    first = LABELS.index(seen[0])
    assert seen == [LABELS[(first + turn) % 4] for turn in range(len(seen))]


def test_every_class_has_a_bar_and_the_time_is_shown(open_page: Open, camera_browser: Browser) -> None:
    page = open_page(camera_browser).page
    ask_camera(page)
    for label in LABELS:
        value = page.get_by_test_id(f"bar-{label}").get_attribute("aria-valuenow")
        assert value is not None
        assert 0 <= float(value) <= 100
    expect(page.get_by_test_id("frame-time")).to_contain_text("ms")


def test_freeze_holds_the_answer_and_mirror_turns_the_picture(
    open_page: Open, camera_browser: Browser
) -> None:
    page = open_page(camera_browser).page
    ask_camera(page)
    page.get_by_test_id("freeze").click()
    answer = page.get_by_test_id("answer")
    page.wait_for_timeout(500)
    held = [answer.get_attribute("data-label")]
    for _ in range(5):
        page.wait_for_timeout(1000)
        held.append(answer.get_attribute("data-label"))
    assert len(set(held)) == 1, "the shape in front of the camera changed four times meanwhile"
    mirrored = page.get_by_test_id("video").evaluate("video => getComputedStyle(video).transform")
    page.get_by_test_id("mirror").click()
    assert page.get_by_test_id("video").evaluate("video => getComputedStyle(video).transform") != mirrored


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("label", LABELS)
def test_a_chosen_picture_is_named(
    open_page: Open, plain_browser: Browser, tmp_path: Path, label: str, backend: str
) -> None:
    picture = tmp_path / "picture.png"
    Image.fromarray(draw_classic(label, 5)).save(picture)
    page = open_page(plain_browser, f"/?backend={backend}").page
    page.get_by_test_id("file-input").set_input_files(picture)
    expect(page.get_by_test_id("answer")).to_have_attribute("data-label", label)


def test_a_dropped_picture_is_named(open_page: Open, plain_browser: Browser, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    Image.fromarray(draw_classic("star", 5)).save(picture)
    page = open_page(plain_browser).page
    drop(page, picture.read_bytes(), "star.png", "image/png")
    expect(page.get_by_test_id("answer")).to_have_attribute("data-label", "star")


def test_a_pasted_picture_is_named(open_page: Open, plain_browser: Browser, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    Image.fromarray(draw_classic("triangle", 5)).save(picture)
    page = open_page(plain_browser).page
    page.evaluate(
        """(bytes) => {
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([new Uint8Array(bytes)], 'image.png', { type: 'image/png' }));
          document.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
        }""",
        list(picture.read_bytes()),
    )
    expect(page.get_by_test_id("answer")).to_have_attribute("data-label", "triangle")


def test_a_dropped_text_is_refused_in_plain_words(open_page: Open, plain_browser: Browser) -> None:
    page = open_page(plain_browser).page
    drop(page, b"hello", "notes.txt", "text/plain")
    expect(page.get_by_test_id("message")).to_contain_text("notes.txt")


def drop(page: Page, content: bytes, name: str, kind: str) -> None:
    transfer = page.evaluate_handle(
        """([bytes, name, type]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
          return transfer;
        }""",
        [list(content), name, kind],
    )
    page.get_by_test_id("drop-zone").dispatch_event("drop", {"dataTransfer": transfer})


def open_pad(page: Page) -> dict[str, float]:
    page.get_by_test_id("source-pad").click()
    pad = page.get_by_test_id("pad")
    expect(pad).to_be_visible()
    box = pad.bounding_box()
    assert box is not None
    return dict(box)


@pytest.mark.parametrize(
    ("label", "corners"),
    [
        ("square", [(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75), (0.25, 0.25)]),
        ("triangle", [(0.5, 0.2), (0.8, 0.75), (0.2, 0.75), (0.5, 0.2)]),
    ],
)
def test_a_drawing_is_named(
    open_page: Open, plain_browser: Browser, label: str, corners: list[tuple[float, float]]
) -> None:
    page = open_page(plain_browser).page
    box = open_pad(page)
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*points[0])
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(x, y, steps=8)
    page.mouse.up()
    answer = page.get_by_test_id("answer")
    expect(answer).to_have_attribute("data-label", label)
    page.get_by_test_id("pad-clear").click()
    expect(answer).not_to_have_attribute("data-label", label)


def test_a_denied_camera_is_explained(open_page: Open, launch: Launch) -> None:
    browser = launch("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream=deny")
    page = open_page(browser).page
    page.get_by_test_id("start-camera").click()
    expect(page.get_by_test_id("message")).to_contain_text("allow the camera", ignore_case=True)


def test_no_camera_is_explained(open_page: Open, launch: Launch) -> None:
    page = open_page(launch("--use-fake-ui-for-media-stream")).page
    page.get_by_test_id("start-camera").click()
    expect(page.get_by_test_id("message")).to_contain_text("No camera was found")


def test_an_unplugged_camera_is_noticed_and_can_be_started_again(
    open_page: Open, camera_browser: Browser
) -> None:
    page = open_page(camera_browser).page
    ask_camera(page)
    # A fake camera cannot be pulled out; its track ends as the track of a real one does.
    page.get_by_test_id("video").evaluate(
        """video => {
          const [track] = video.srcObject.getVideoTracks();
          track.stop();
          track.dispatchEvent(new Event('ended'));
        }"""
    )
    expect(page.get_by_test_id("message")).to_contain_text("camera", ignore_case=True)
    ask_camera(page)
    page.wait_for_function(
        """() => {
          const [track] = document.querySelector('video').srcObject?.getVideoTracks() ?? [];
          return track?.readyState === 'live';
        }"""
    )


@pytest.mark.parametrize("form", ["graph", "layers"])
def test_300_frames_leave_no_tensor_behind(
    open_page: Open, camera_browser: Browser, exported: Server, form: str
) -> None:
    page = open_page(camera_browser, url=exported.url).page
    ask_camera(page)
    counts = page.evaluate(
        """async (format) => {
          const { imageClassifier } = await import('./pytrain.mjs');
          const classifier = await imageClassifier('four-shapes', { backend: 'wasm', format });
          const video = document.querySelector('video');
          await classifier.classify(video);
          const before = await classifier.memory();
          for (let frame = 0; frame < 300; frame++) await classifier.classify(video);
          const after = await classifier.memory();
          classifier.dispose();
          return [before.numTensors, after.numTensors];
        }""",
        form,
    )
    assert counts[0] > 0
    assert counts[1] == counts[0]


def test_axe_finds_nothing(open_page: Open, camera_browser: Browser) -> None:
    sizes = (390, 844), (1440, 900)
    page = open_page(camera_browser).page
    for _ in in_every_look(page, *sizes):
        assert findings(page) == []
    ask_camera(page)
    for _ in in_every_look(page, *sizes):
        assert findings(page) == []
    cut = "all => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent)"
    for source in ("picture", "clip", "pad"):
        page.get_by_test_id(f"source-{source}").click()
        for _ in in_every_look(page, *sizes):
            assert findings(page) == [], source
            assert page.locator(".hint:visible").evaluate_all(cut) == []


@pytest.mark.parametrize("size", [(390, 844), (360, 740), (844, 390), (1280, 860)])
def test_picture_and_answer_are_on_the_first_screen_and_nothing_lies_beside_it(
    open_page: Open, camera_browser: Browser, size: tuple[int, int]
) -> None:
    width, height = size
    page = open_page(camera_browser, viewport={"width": width, "height": height}).page
    ask_camera(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if height > width or width > 1000:
        for part in ("video", "verdict"):
            box = page.locator(f"#{part}").bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= height


def test_what_happens_by_itself_is_said_calmly_and_goes_away(
    open_page: Open, camera_browser: Browser
) -> None:
    page = open_page(camera_browser).page
    ask_camera(page)
    # A fake camera is never taken by another program; its track tells so as the track of a real one does.
    page.get_by_test_id("video").evaluate(
        "video => video.srcObject.getVideoTracks()[0].dispatchEvent(new Event('mute'))"
    )
    status = page.get_by_test_id("status")
    expect(status).to_contain_text("The camera gives no pictures for now")
    expect(page.get_by_test_id("message")).to_be_hidden()
    page.get_by_test_id("video").evaluate(
        "video => video.srcObject.getVideoTracks()[0].dispatchEvent(new Event('unmute'))"
    )
    expect(status).to_contain_text("The camera gives pictures again")
    expect(status).to_be_empty()


def test_a_camera_of_one_side_has_nothing_to_turn(open_page: Open, camera_browser: Browser) -> None:
    page = open_page(camera_browser).page
    ask_camera(page)
    expect(page.get_by_test_id("turn-camera")).to_be_hidden()


@pytest.fixture
def damaged_server(tmp_path: Path) -> Iterator[Server]:
    """A server whose models cannot be used: a truncated one and one of another schema version."""
    models = tmp_path / "exported_models"
    for name in ("cut", "future"):
        shutil.copytree(CHECKOUT / "exported_models" / "four-shapes", models / name)
    shard = next((models / "cut").glob("weights-*.bin"))
    shard.write_bytes(shard.read_bytes()[:1000])
    path = models / "future" / "metadata.json"
    metadata = json.loads(path.read_text(encoding="utf-8"))
    metadata["pytrain"]["schema"] = 99
    path.write_text(json.dumps(metadata), encoding="utf-8")
    started = Server(tmp_path)
    yield started
    started.stop()


@pytest.mark.parametrize(("name", "words"), [("cut", "1,000|1000"), ("future", "99"), ("missing", "missing")])
def test_a_model_that_cannot_be_used_says_why(
    playwright: object, plain_browser: Browser, damaged_server: Server, name: str, words: str
) -> None:
    import re

    context = plain_browser.new_context()
    page = context.new_page()
    page.goto(f"{damaged_server.url}/?model={name}")
    expect(page.get_by_test_id("message")).to_contain_text(re.compile(words))
    context.close()
