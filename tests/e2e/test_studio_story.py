"""The whole way of somebody new: from three gestures to a model, a sketch and a site of one's own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urljoin

import pytest
from elsewhere import pasted
from gestures import GESTURES, name_classes, record, wait_until_shown
from live import Server, Watched, start_camera
from playwright.sync_api import Browser, Page, expect

WIDE = {"width": 1280, "height": 800}
PROJECT = "Hand signs"

TRAINING = 600_000
"""How long a training in Python may take on a busy machine, in milliseconds."""


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder, as `pytrain serve` finds it on a new machine."""
    return tmp_path_factory.mktemp("workshop")


@pytest.fixture(scope="module")
def studio(workshop: Path) -> Iterator[Server]:
    started = Server(workshop)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def album() -> Path | None:
    """Where pictures of the pages go, for whoever wants to look at them: $PYTRAIN_ALBUM."""
    chosen = os.environ.get("PYTRAIN_ALBUM")
    if not chosen:
        return None
    folder = Path(chosen)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def photograph(page: Page, album: Path | None, name: str) -> None:
    """Wide and as on a phone, light and dark."""
    if album is None:
        return
    for width, height, size in ((1280, 800, "wide"), (390, 844, "phone")):
        page.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            page.wait_for_timeout(300)
            page.screenshot(path=album / f"{name}-{size}-{theme}.png")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]


def tells_gestures(page: Page) -> None:
    """Whatever the camera shows, the answer follows."""
    expect(page.get_by_test_id("answer")).to_have_attribute("data-state", "known")
    for gesture in GESTURES:
        wait_until_shown(page, gesture)
        expect(page.get_by_test_id("answer")).to_have_attribute("data-label", gesture, timeout=8000)


def play(teach: Page, album: Path | None, name: str) -> None:
    """Follows the link to the page Play, and shows it the gestures."""
    href = teach.get_by_test_id("play").get_attribute("href")
    assert href is not None
    page = teach.context.new_page()
    page.goto(urljoin(teach.url, href))
    start_camera(page)
    tells_gestures(page)
    photograph(page, album, name)
    page.close()


def train_in_python(page: Page, album: Path | None) -> None:
    page.get_by_test_id("train-python").click()
    way = page.get_by_test_id("way-python")
    expect(way).to_have_attribute("data-state", "running")
    progress = page.get_by_test_id("python-progress")
    expect(progress).to_contain_text("Looking at", timeout=TRAINING)
    # The camera is on, but answering would cost the training time.
    expect(page.get_by_test_id("answer")).to_contain_text("It rests")
    expect(page.get_by_test_id("headline")).to_have_text("Python learns.")
    photograph(page, album, "teach-python")
    expect(way).to_have_attribute("data-state", "done", timeout=TRAINING)
    expect(page.get_by_test_id("python-outcome")).to_have_text(re.compile(r"^\d+ %$"))


def better_of_both(page: Page, album: Path | None) -> str:
    """Compares both, makes the better one answer, and gives its way: here or python."""
    page.get_by_test_id("compare").click()
    compared = page.get_by_test_id("compared")
    expect(compared).to_be_visible(timeout=60_000)
    photograph(page, album, "teach-compared")
    overall = compared.locator(".overall td").all_inner_texts()
    here, python = (int(text.removesuffix(" %")) for text in overall)
    assert min(here, python) >= 80
    better = "here" if here > python else "python"
    page.get_by_test_id(f"try-{better}").click()
    return better


def take_away(teach: Page, model: str, browser: Browser, album: Path | None) -> None:
    """Follows the link to the page Take away, and runs its sketch as pasted into a page of somebody else."""
    href = teach.get_by_test_id("take-away").get_attribute("href")
    assert href is not None
    page = teach.context.new_page()
    page.goto(urljoin(teach.url, href))
    page.get_by_test_id("model-select").select_option(model)
    page.get_by_test_id("way-p5").click()
    expect(page.get_by_test_id("code")).to_contain_text("p5.min.js")
    photograph(page, album, "take-away")
    sketch = page.get_by_test_id("code").text_content()
    assert sketch is not None
    page.close()
    with pasted(browser, sketch) as elsewhere:
        elsewhere.wait_for_function(
            """(labels) => {
              window.said ??= new Set();
              window.said.add(label);
              return labels.every((one) => window.said.has(one));
            }""",
            arg=list(GESTURES),
            timeout=90_000,
        )


def static_server(folder: Path) -> ThreadingHTTPServer:
    """Any web server that only hands out files."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    return server


def test_from_three_gestures_to_a_published_site(
    gesture_browser: Browser, studio: Server, workshop: Path, album: Path | None
) -> None:
    context = gesture_browser.new_context(viewport=WIDE)  # type: ignore[arg-type]
    watched = Watched(context, studio.url)
    teach = watched.page
    teach.goto(studio.url + "/teach/")
    photograph(teach, album, "teach-new")

    # Record three gestures.
    teach.get_by_test_id("project-name").fill(PROJECT)
    teach.keyboard.press("Enter")
    name_classes(teach)
    start_camera(teach)
    for number, gesture in enumerate(GESTURES, 1):
        record(teach, gesture, number, 30)
    photograph(teach, album, "teach-recorded")

    # Train here.
    teach.get_by_test_id("train-here").click()
    expect(teach.get_by_test_id("way-here")).to_have_attribute("data-state", "done", timeout=90_000)
    expect(teach.get_by_test_id("answer")).to_have_attribute("data-state", "known")
    photograph(teach, album, "teach-trained")

    # Train again in Python from the same pictures, and play the better one.
    train_in_python(teach, album)
    expect(teach.get_by_test_id("answer")).to_have_attribute("data-state", "known")
    # It goes on answering as long as its camera is on.
    teach.get_by_test_id("stop-camera").click()
    assert (workshop / "exported_models" / PROJECT / "graph.json").is_file()
    better = better_of_both(teach, album)
    play(teach, album, "play-better")

    # Take the sketch away; what was trained here is put on the server for that.
    model = PROJECT
    if better == "here":
        model = f"{PROJECT} here"
        teach.get_by_test_id("server-name").fill(model)
        teach.get_by_test_id("keep-server").click()
        expect(teach.get_by_test_id("kept-server")).to_contain_text("Saved as")
    take_away(teach, model, gesture_browser, album)
    assert watched.errors == []
    assert watched.foreign == []
    context.close()

    # Publish, and open the folder from any web server, without pytrain.
    command = [sys.executable, "-m", "pytrain", "publish", model, "--out", "site/signs"]
    subprocess.run(command, cwd=workshop, check=True, capture_output=True)
    studio.stop()
    server = static_server(workshop / "site")
    site = f"http://127.0.0.1:{server.server_port}"
    visitor = Watched(gesture_browser.new_context(viewport=WIDE), site)  # type: ignore[arg-type]
    visitor.page.goto(f"{site}/signs/")
    start_camera(visitor.page)
    tells_gestures(visitor.page)
    photograph(visitor.page, album, "published")
    assert visitor.errors == []
    assert visitor.foreign == []
    visitor.page.context.close()
    server.shutdown()
    server.server_close()
