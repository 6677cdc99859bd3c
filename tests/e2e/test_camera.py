"""The camera in its video element: what browsers and phones do to it, and that it comes back by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from live import CHECKOUT, Server
from playwright.sync_api import Browser, Page, Route

LIBRARY = CHECKOUT / "web" / "lib"

START = """async () => {
  const { Camera } = await import('/source/camera.js');
  window.told = [];
  window.camera = new Camera(document.createElement('video'));
  for (const name of ['onGone', 'onBack', 'onStill', 'onMoving']) camera[name] = () => told.push(name);
  window.track = () => camera.video.srcObject.getVideoTracks()[0];
  return camera.start();
}"""

END = """() => {
  const ended = track();
  ended.stop();
  ended.dispatchEvent(new Event('ended'));
}"""
"""A fake camera cannot be pulled out; its track ends as the track of a real one does."""


@pytest.fixture
def page(camera_browser: Browser, server: Server) -> Iterator[Page]:
    """A page of ours with a camera that runs, in a video element that is not in the document."""
    context = camera_browser.new_context()

    def source(route: Route) -> None:
        route.fulfill(path=LIBRARY / route.request.url.split("/")[-1])

    context.route("**/source/*.js", source)
    opened = context.new_page()
    opened.goto(server.url + "/verify.html")
    assert opened.evaluate(START) is True
    yield opened
    context.close()


def test_the_video_is_as_an_iphone_wants_it(page: Page) -> None:
    assert page.evaluate(
        "(({ video }) => [video.muted, video.playsInline, video.isConnected, video.paused])(camera)"
    ) == [True, True, True, False]


def test_a_camera_that_went_away_is_opened_when_it_is_there_again(page: Page) -> None:
    page.evaluate(END)
    assert page.evaluate("[camera.running, told]") == [False, ["onGone"]]
    page.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    page.wait_for_function("() => told.length === 2")
    assert page.evaluate("[camera.running, told, track().readyState]") == [
        True,
        ["onGone", "onBack"],
        "live",
    ]


def test_a_camera_that_a_phone_took_while_the_page_was_hidden_is_opened_when_it_is_seen(page: Page) -> None:
    page.evaluate(END)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_function("() => told.at(-1) === 'onBack'")
    assert page.evaluate("track().readyState") == "live"


def test_a_camera_that_was_stopped_stays_off(page: Page) -> None:
    page.evaluate("camera.stop()")
    page.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(500)
    assert page.evaluate("[camera.running, told]") == [False, []]


def test_a_call_that_takes_the_pictures_is_told_and_the_video_plays_after_it(page: Page) -> None:
    page.evaluate("track().dispatchEvent(new Event('mute'))")
    page.evaluate("camera.video.pause()")
    page.evaluate("track().dispatchEvent(new Event('unmute'))")
    page.wait_for_function("() => !camera.video.paused")
    assert page.evaluate("told") == ["onStill", "onMoving"]


def test_the_other_side_of_a_phone_is_asked_for(page: Page) -> None:
    asked = page.evaluate(
        """async () => {
          const asked = [];
          const devices = navigator.mediaDevices;
          const open = devices.getUserMedia.bind(devices);
          devices.getUserMedia = ({ video }) => (asked.push(video.facingMode?.ideal), open({ video: true }));
          await camera.start();
          await camera.turn();
          return asked;
        }"""
    )
    assert asked == ["environment", "environment"], "a camera that does not say its side may be the front one"


def test_a_phone_that_opens_no_second_camera_closes_the_first(page: Page) -> None:
    opened = page.evaluate(
        """async () => {
          const devices = navigator.mediaDevices;
          const open = devices.getUserMedia.bind(devices);
          const first = track();
          devices.getUserMedia = (wanted) => first.readyState === 'live'
            ? Promise.reject(new DOMException('busy', 'NotReadableError'))
            : open(wanted);
          return [await camera.turn(), first.readyState, track().readyState];
        }"""
    )
    assert opened == [True, "ended", "live"]
