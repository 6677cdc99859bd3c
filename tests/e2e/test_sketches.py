"""The sketches run as they stand, do what they promise, and run as pasted into a page of somebody else's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elsewhere import keep_in_browser, pasted, relabelled
from fake_camera import side_by_side, write_frames
from live import CHECKOUT, SLOW_SCREEN, THEMES, Launch, Open, Server, findings, in_every_look, until
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from pytrain.dataset.four_shapes import draw_classic, draw_scene

SOURCES = CHECKOUT / "web" / "sketches"
LISTED = [entry["name"] for entry in json.loads((SOURCES / "sketches.json").read_text(encoding="utf-8"))]
MOST_LINES = 40
MOST_CHARACTERS = 100
LABELS = ["circle", "square", "star", "triangle"]

SAYS = {
    "webcam-label": "label",
    "shape-instrument": "strings.find(({ loud }) => loud > 0.6)?.label",
    "gesture-brush": "['circle', 'square', 'star', 'triangle'][colours.indexOf(ink)]",
    "rock-paper-scissors": "({ rock: 'circle', paper: 'square', scissors: 'star' })[seen]",
    "sure-dots": "sure > 0.5 && seen",
    "send-results": "answer",
    "ml5-webcam": "label",
    "ml5-p5-1": "label",
    "teachable-machine": "label",
    "tensorflow": "label",
}
"""Sketches that follow the camera, and which shape each says it sees now: an expression in its own words."""

RUNS = {
    **SAYS,
    "duet": "players.length === 2 && video.width > 0 && players[1].answer",
    "image-sorter": "piles.map(({ name }) => name).join() === 'circle,square,star,triangle,unknown'",
    "second-window": "typeof gotMessage === 'function'",
}
"""For every sketch: what is true once it runs."""

COLOURS = """() => {
  const { width, height } = document.querySelector('canvas');
  const copy = new OffscreenCanvas(width, height).getContext('2d');
  copy.drawImage(document.querySelector('canvas'), 0, 0);
  const { data } = copy.getImageData(0, 0, width, height);
  const seen = new Set();
  for (let at = 0; at < data.length; at += 4) seen.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
  return seen.size;
}"""
"""How many colours a sketch's canvas has."""

ASKS = {"duet": "?second=four-shapes"}
"""What a sketch's address names; the page of one for two models goes on to another that it finds."""

COPIED = ("webcam-label", "duet", "ml5-webcam", "teachable-machine")
"""Sketches whose copies every run of the tests starts: one of each library, and the one with two models."""

COPYING = ["clipboard-read", "clipboard-write"]
"""What a page may do that copies."""


def source_of(name: str) -> str:
    return (SOURCES / name / "sketch.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a model `hands` that says rock for a circle, paper for a square, scissors for a star."""
    folder = tmp_path_factory.mktemp("hands")
    relabelled(folder, "hands", ["rock", "paper", "scissors", "lizard"])
    started = Server(folder)
    yield started
    started.stop()


def camera_of(launch: Launch, folder: Path, frames: list[Any]) -> Browser:
    """A browser whose camera shows these pictures, uint8 [240, 320, 3], a second each."""
    video = folder / "camera.y4m"
    write_frames(video, frames)
    return launch(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={video}",
    )


@pytest.mark.parametrize("name", LISTED)
def test_a_sketch_is_short_enough_to_copy(name: str) -> None:
    lines = source_of(name).splitlines()
    assert len(lines) <= MOST_LINES
    assert max(map(len, lines)) <= MOST_CHARACTERS


@pytest.mark.parametrize("name", SAYS)
def test_a_sketch_follows_what_the_camera_shows(open_page: Open, camera_browser: Browser, name: str) -> None:
    page = open_page(camera_browser, f"/sketches/{name}/", before=SLOW_SCREEN).page
    expect(page.locator("canvas").first).to_be_visible()
    watch(page, SAYS[name])
    # Triangle and star are both scissors there.
    shapes = 3 if name == "rock-paper-scissors" else 4
    page.wait_for_function(f"() => window.said.size === {shapes}", timeout=60_000)
    assert page.evaluate(COLOURS) > 2


def watch(page: Page, says: str) -> None:
    """Writes down which of the shapes a sketch says, while the camera goes through all four."""
    page.evaluate(
        f"""() => {{
          window.said = new Set();
          setInterval(() => {{
            const now = {says};
            if (['circle', 'square', 'star', 'triangle'].includes(now)) window.said.add(now);
          }}, 100);
        }}"""
    )


def test_the_instrument_sounds_after_a_click_and_loudest_what_is_seen(
    open_page: Open, camera_browser: Browser
) -> None:
    page = open_page(camera_browser, "/sketches/shape-instrument/").page
    page.wait_for_function("() => strings.length === 4")
    assert page.evaluate("audio === undefined")
    page.locator("canvas").click()
    page.wait_for_function("() => audio.state === 'running'")
    # The loudest string sounds, and the quietest does not: measured on the way to the loudspeaker.
    page.evaluate(
        """() => {
          for (const string of strings) {
            string.scope = new AnalyserNode(audio, { fftSize: 2048 });
            string.volume.connect(string.scope);
          }
          window.power = ({ scope }) => {
            const samples = new Float32Array(2048);
            scope.getFloatTimeDomainData(samples);
            return Math.sqrt(samples.reduce((sum, value) => sum + value ** 2, 0) / 2048);
          };
        }"""
    )
    page.wait_for_function(
        """() => {
          const [first, ...others] = [...strings].sort((a, b) => b.loud - a.loud);
          return first.loud > 0.9 && power(first) > 0.03 && power(others[2]) < 0.01;
        }"""
    )


def test_the_instrument_starts_by_keyboard_too(open_page: Open, camera_browser: Browser) -> None:
    page = open_page(camera_browser, "/sketches/shape-instrument/").page
    page.wait_for_function("() => strings.length === 4")
    page.locator("#stage").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => audio?.state === 'running'")


@pytest.mark.parametrize(("shift", "side"), [(-70, "right"), (70, "left")])
def test_the_brush_paints_where_the_shape_is_held(
    open_page: Open, launch: Launch, tmp_path: Path, shift: int, side: str
) -> None:
    browser = camera_of(launch, tmp_path, [np.roll(draw_scene("star", 1), shift, 1)])
    page = open_page(browser, "/sketches/gesture-brush/").page
    # As in a mirror: what is left in the camera's picture is painted at the right.
    there = "brush[0] > 380" if side == "right" else "brush[0] < 260"
    page.wait_for_function(f"() => ink === '#ff7fb0' && {there} && frameCount > 200")
    x = page.evaluate("Math.round(brush[0])")
    assert page.evaluate(f"get({x}, Math.round(brush[1]))")[:3] == [255, 127, 176]
    page.locator("canvas").click(position={"x": 5, "y": 5})
    page.wait_for_function("() => get(Math.round(brush[0]), 20)[0] === 242")


def test_rock_paper_scissors_judges_by_the_rules(
    open_page: Open, camera_browser: Browser, hands: Server
) -> None:
    page = open_page(camera_browser, "/sketches/rock-paper-scissors/?model=hands", url=hands.url).page
    page.wait_for_function("() => ['rock', 'paper', 'scissors'].includes(seen)")
    rounds = set()
    for played in range(1, 4):
        page.wait_for_function(f"() => score['you win'] + score['I win'] + score['a draw'] === {played}")
        yours, mine, word = page.evaluate("[yours, mine, word]")
        assert mine in ("rock", "paper", "scissors")
        wins = {("rock", "scissors"), ("paper", "rock"), ("scissors", "paper")}
        assert word == ("a draw" if yours == mine else "you win" if (yours, mine) in wins else "I win")
        rounds.add((yours, mine))
    assert rounds


def test_dots_gather_into_what_is_seen_and_not_before(open_page: Open, camera_browser: Browser) -> None:
    page = open_page(camera_browser, "/sketches/sure-dots/").page
    strayed = """dots.filter(([x, y], i) => {
      const [goalX, goalY] = places[i % places.length];
      return Math.hypot(x - goalX, y - goalY) > 12;
    }).length / dots.length"""
    page.wait_for_function(f"() => sure < 0.5 && {strayed} > 0.5")
    page.wait_for_function(f"() => sure > 0.9 && {strayed} < 0.1", timeout=60_000)


def test_two_models_see_a_half_each_and_snap_when_they_agree(
    open_page: Open, launch: Launch, tmp_path: Path
) -> None:
    star, circle, square = (draw_scene(label, 1) for label in ("star", "circle", "square"))
    browser = camera_of(launch, tmp_path, [side_by_side(star, star), side_by_side(circle, square)])
    page = open_page(browser, "/sketches/duet/?second=shape-masks").page
    page.wait_for_function("() => snaps === 1 && players[0].answer === 'star'", timeout=60_000)
    page.wait_for_function("() => players[0].answer === 'circle' && players[1].answer === 'square'")
    page.wait_for_function("() => snaps >= 2", timeout=60_000)


def test_the_second_of_two_models_may_be_another(
    open_page: Open, launch: Launch, tmp_path: Path, hands: Server
) -> None:
    star = draw_scene("star", 1)
    browser = camera_of(launch, tmp_path, [side_by_side(star, star)])
    page = open_page(browser, "/sketches/duet/?second=hands", url=hands.url).page
    page.wait_for_function("() => players[0]?.answer === 'star' && players[1]?.answer === 'scissors'")


def test_a_second_model_that_knows_the_same_is_taken_by_itself_and_copied(
    open_page: Open, camera_browser: Browser, two_models: Server
) -> None:
    page = open_page(camera_browser, "/sketches/duet/", url=two_models.url, permissions=COPYING).page
    expect(page.get_by_test_id("second-select")).to_have_value("a-second")
    expect(page.get_by_test_id("source")).to_contain_text("get('second') ?? 'a-second'")
    page.get_by_test_id("copy-page").click()
    expect(page.get_by_test_id("copy-page")).to_have_text("Copied")
    html = str(page.evaluate("navigator.clipboard.readText()"))
    with pasted(camera_browser, html) as elsewhere:
        for model in ("four-shapes", "a-second"):
            asked = f"({{ name }}) => name.includes('/models/{model}/weights')"
            elsewhere.wait_for_function(
                f"() => performance.getEntriesByType('resource').some({asked})", timeout=60_000
            )
        elsewhere.wait_for_function(f"() => {RUNS['duet']}")


def test_pictures_fly_into_the_pile_of_their_class(
    open_page: Open, plain_browser: Browser, tmp_path: Path
) -> None:
    page = open_page(plain_browser, "/sketches/image-sorter/").page
    page.wait_for_function("() => piles.length === 5")
    files = [tmp_path / f"{label}.png" for label in LABELS]
    for file in files:
        Image.fromarray(draw_classic(file.stem, 5)).save(file)
    with page.expect_file_chooser() as chooser:
        page.locator("canvas").click()
    chooser.value.set_files(files[:3])
    drop(page, files[3])
    page.wait_for_function("() => piles.slice(0, 4).every(({ count }) => count === 1)")
    # Each card lies in the column of its class in the end.
    page.wait_for_function(
        """() => cards.map(({ x }) => Math.floor(x / 128)).sort().join() === '0,1,2,3' &&
          cards.every(({ y }) => y > 490)"""
    )


def drop(page: Page, file: Path) -> None:
    transfer = page.evaluate_handle(
        """([bytes, name]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], name, { type: 'image/png' }));
          return transfer;
        }""",
        [list(file.read_bytes()), file.name],
    )
    page.locator("canvas").dispatch_event("drop", {"dataTransfer": transfer})


def test_results_reach_a_window_of_the_same_site_and_the_one_that_was_opened(
    open_page: Open, camera_browser: Browser
) -> None:
    page = open_page(camera_browser, "/sketches/send-results/").page
    page.wait_for_function("() => sent > 0")
    listening = page.context.new_page()
    listening.goto(page.url.replace("send-results", "second-window"))
    with page.expect_popup() as popup:
        page.locator("canvas").click()
    for window in (listening, popup.value):
        window.wait_for_function("() => message?.type === 'pytrain.results'")
        window.wait_for_function("() => labels.length >= 2", timeout=60_000)
        assert set(window.evaluate("labels")) <= set(LABELS)
        assert len(window.evaluate("message.results")) == 4
        assert window.evaluate(COLOURS) > 3


@pytest.mark.parametrize("name", LISTED)
def test_the_page_shows_the_source_and_copies_it(
    open_page: Open, camera_browser: Browser, server: Server, name: str
) -> None:
    page = open_copying(open_page, camera_browser, name)
    # Where the sketch here counts on its own place, the copy has the whole address.
    expected = re.sub(
        r"new URL\((['`])\.\./(?:\.\./)?(.+?)\1, location\.href\)\.href",
        lambda found: found[1] + server.url + "/" + _from_root(found[2]) + found[1],
        source_of(name).replace("get('second') ?? model", "get('second') ?? 'four-shapes'"),
    )
    expect(page.get_by_test_id("source")).to_have_text(re.compile(re.escape(expected.splitlines()[0])))
    assert (page.get_by_test_id("source").text_content() or "").strip() == expected.strip()
    page.get_by_test_id("copy-code").click()
    until(page, "navigator.clipboard.readText().then((text) => text.includes('function draw'))")
    assert str(page.evaluate("navigator.clipboard.readText()")).strip() == expected.strip()


def _from_root(path: str) -> str:
    return path if path.startswith("models/") else f"sketches/{path}"


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in COPIED else pytest.mark.thorough) for name in LISTED]
)
def test_the_copied_page_runs_on_another_origin(open_page: Open, camera_browser: Browser, name: str) -> None:
    page = open_copying(open_page, camera_browser, name)
    page.get_by_test_id("copy-page").click()
    until(page, "navigator.clipboard.readText().then((text) => text.includes('<script'))")
    html = str(page.evaluate("navigator.clipboard.readText()"))
    page.context.close()
    with pasted(camera_browser, html, before=SLOW_SCREEN) as elsewhere:
        elsewhere.wait_for_function(f"() => {RUNS[name]}", timeout=60_000)
        elsewhere.wait_for_function(f"() => ({COLOURS})() > 1")
        if "textFont" in html:
            loaded = "[...document.fonts].some(({ status }) => status === 'loaded')"
            elsewhere.wait_for_function(f"() => {loaded}")


def open_copying(open_page: Open, browser: Browser, name: str) -> Page:
    path = f"/sketches/{name}/{ASKS.get(name, '')}"
    page: Page = open_page(browser, path, before=SLOW_SCREEN, permissions=COPYING).page
    expect(page.get_by_test_id("source")).to_contain_text("function draw")
    return page


def test_a_copy_keeps_the_model_that_was_chosen(
    open_page: Open, plain_browser: Browser, hands: Server
) -> None:
    page = open_page(plain_browser, "/sketches/image-sorter/?model=hands", url=hands.url).page
    page.wait_for_function("() => piles[0]?.name === 'rock'")
    expect(page.get_by_test_id("source")).to_contain_text("?? 'hands'")
    page.get_by_test_id("model-select").select_option("four-shapes")
    page.wait_for_url("**/?model=four-shapes")
    page.wait_for_function("() => piles[0]?.name === 'circle'")


def test_a_sketch_plays_a_model_of_the_browsers_own(open_page: Open, plain_browser: Browser) -> None:
    page = open_page(plain_browser, "/sketches/image-sorter/").page
    keep_in_browser(page, "mine")
    page.goto(page.url.split("?")[0] + "?model=browser:mine")
    page.wait_for_function("() => piles.length === 5")
    expect(page.get_by_test_id("model-select")).to_have_value("browser:mine")
    # What has an address nowhere is looked for beside the copy.
    expect(page.get_by_test_id("source")).to_contain_text("?? './mine/'")
    expect(page.get_by_text("looks for it in a folder beside it")).to_be_visible()
    page.goto(page.url.replace("image-sorter", "second-window"))
    expect(page.get_by_test_id("model-select")).to_be_hidden()
    page.goto(page.url.replace("second-window/", ""))
    expect(page.get_by_test_id("model-select")).to_have_value("browser:mine")
    expect(page.locator('a[href*="/sure-dots/"]')).to_have_attribute("href", re.compile("browser%3Amine"))
    # Other libraries open addresses only.
    expect(page.locator('a[href="tensorflow/"]')).to_be_visible()


def test_the_gallery_leads_to_every_sketch_with_the_chosen_model(
    open_page: Open, plain_browser: Browser, hands: Server
) -> None:
    page = open_page(plain_browser, "/sketches/", url=hands.url).page
    page.get_by_test_id("model-select").select_option("hands")
    for name in LISTED:
        link = page.locator(f'a[href*="/{name}/"]')
        expect(link).to_be_visible()
        expect(link).to_have_attribute("href", re.compile(r"\?model=hands$"))
        picture = link.locator("img")
        picture.scroll_into_view_if_needed()
        page.wait_for_function("image => image.naturalWidth === 640", arg=picture.element_handle())


def test_a_sketch_without_a_camera_says_so(open_page: Open, launch: Launch) -> None:
    watched = open_page(launch("--use-fake-ui-for-media-stream"), "/sketches/webcam-label/")
    expect(watched.page.get_by_test_id("message")).to_contain_text("No camera was found")
    watched.errors.clear()  # p5.js writes the same into the console, as an error


def test_axe_finds_nothing_about_sketches(open_page: Open, camera_browser: Browser, server: Server) -> None:
    page = open_page(camera_browser, "/sketches/", before=SLOW_SCREEN).page
    expect(page.get_by_test_id("model-select")).to_have_value("four-shapes")
    for _ in in_every_look(page, (1280, 800)):
        assert findings(page) == []
    for name in LISTED:
        page.goto(f"{server.url}/sketches/{name}/{ASKS.get(name, '')}")
        expect(page.get_by_test_id("source")).not_to_be_empty()
        expect(page.locator("#stage canvas, #stage video, #stage > *").first).to_be_attached()
        # In the other colours the pages of the sketches differ by their words alone.
        for theme in THEMES if name == LISTED[0] else THEMES[:1]:
            page.emulate_media(color_scheme=theme)
            assert findings(page) == [], name
