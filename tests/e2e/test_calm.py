"""What a page says while nobody has to do anything: how much has come, and what was put right by itself."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from live import Server
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from pytrain.dataset.four_shapes import draw_scene

CAMERA_PAGES = ["/", "/inside/", "/teach/"]

LOSING = """
let asked;
addEventListener('message', ({ data }) => {
  if (['predict', 'embed'].includes(data.type)) asked = data.type;
});
new BroadcastChannel('lose').onmessage = ({ data }) => {
  if (data === asked) postMessage({ lost: 'The graphics are gone' });
};
"""
"""In front of an engine script: the loss of a graphics device, told as the engine tells it, at a word."""

TELL = """(name) => {
  const [track] = document.querySelector('#video').srcObject.getVideoTracks();
  track.dispatchEvent(new Event(name));
}"""

LOSE = """(asked) => {
  const channel = new BroadcastChannel('lose');
  const telling = setInterval(() => channel.postMessage(asked), 200);
  window.said = [];
  new MutationObserver((changes) => {
    const texts = changes.flatMap(({ addedNodes }) => [...addedNodes].map((node) => node.textContent));
    window.said.push(...texts);
    if (texts.some((text) => text.startsWith('The graphics are gone'))) clearInterval(telling);
  }).observe(document.querySelector('#status'), { childList: true });
}"""
"""One engine is lost, as soon as it has been asked, and every text of the status is kept: some are short."""

END = """() => {
  const [track] = document.querySelector('#video').srcObject.getVideoTracks();
  track.stop();
  track.dispatchEvent(new Event('ended'));
}"""
"""A fake camera cannot be pulled out; its track ends as the track of a real one does."""

SIDES = """
const devices = navigator.mediaDevices;
const open = devices.getUserMedia.bind(devices);
window.wanted = [];
devices.enumerateDevices = async () => [
  { kind: 'videoinput', deviceId: 'front', label: 'Front Camera' },
  { kind: 'videoinput', deviceId: 'back', label: 'Back Camera' },
];
devices.getUserMedia = async ({ video }) => {
  window.wanted.push(video.deviceId?.exact ?? video.facingMode.ideal);
  const facingMode = video.facingMode?.ideal ?? (video.deviceId.exact === 'front' ? 'user' : 'environment');
  const stream = await open({ video: true });
  const [track] = stream.getVideoTracks();
  track.getSettings = () => ({ facingMode, deviceId: facingMode === 'user' ? 'front' : 'back' });
  return stream;
};
"""
"""A phone: one camera on each side."""


@pytest.fixture
def page(camera_browser: Browser) -> Iterator[Page]:
    context = camera_browser.new_context()
    yield context.new_page()
    context.close()


def teach_picture(page: Page, number: int) -> None:
    """A class of Teach gets its first picture."""
    file = io.BytesIO()
    Image.fromarray(draw_scene("star", number)).save(file, "PNG")
    row = page.get_by_test_id("class").nth(number - 1)
    row.locator("input[type=file]:not([webkitdirectory])").set_input_files(
        {"name": "star.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    expect(row.locator(".count")).to_have_text("1")


@pytest.mark.parametrize("path", CAMERA_PAGES)
def test_what_is_put_right_by_itself_is_said_and_no_message_stays(
    page: Page, server: Server, path: str
) -> None:
    page.context.route(
        "**/engine-*.js",
        lambda route: route.fulfill(body=LOSING + route.fetch().text(), content_type="text/javascript"),
    )
    page.goto(server.url + path)
    status = page.get_by_test_id("status")
    message = page.get_by_test_id("message")
    page.get_by_test_id("start-camera").click()
    expect(page.get_by_test_id("stop-camera")).to_be_enabled()
    page.evaluate(TELL, "mute")
    expect(status).to_contain_text("The camera gives no pictures for now")
    page.evaluate(TELL, "unmute")
    expect(status).to_contain_text("The camera gives pictures again")
    page.evaluate(END)
    expect(message).to_contain_text("The camera is gone.")
    page.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    expect(message).to_be_hidden()
    expect(status).to_have_text("The camera is back.")
    if path == "/teach/":
        teach_picture(page, 1)
    page.evaluate(LOSE, "embed" if path == "/teach/" else "predict")
    expect(status).to_contain_text("The classifier runs again")
    gone, again = page.evaluate("said")[-2:]
    assert gone.startswith("The graphics are gone. The classifier starts again")
    assert again.startswith("The classifier runs again")
    expect(message).to_be_hidden()


def test_a_phone_turns_its_camera_on_every_page_and_only_its_front_is_mirrored(
    page: Page, server: Server
) -> None:
    page.add_init_script(SIDES)
    for path in CAMERA_PAGES:
        page.goto(server.url + path)
        # A device that came before the first start is no choice of anybody's.
        page.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
        expect(page.get_by_test_id("camera-select")).to_be_enabled()
        page.get_by_test_id("start-camera").click()
        expect(page.get_by_test_id("camera-select")).to_have_value("back")
        mirrored = page.locator("#video.mirrored")
        expect(mirrored).to_have_count(0)
        page.get_by_test_id("turn-camera").click()
        expect(page.get_by_test_id("camera-select")).to_have_value("front")
        expect(mirrored).to_have_count(0 if path == "/inside/" else 1)
        page.get_by_test_id("turn-camera").click()
        expect(page.get_by_test_id("camera-select")).to_have_value("back")
        expect(mirrored).to_have_count(0)
        assert page.evaluate("wanted") == ["environment", "user", "environment"]


def test_every_page_shows_how_much_has_come(page: Page, server: Server) -> None:
    held: list[Route] = []
    page.context.route("**/*.bin", lambda route: held.append(route))
    for path in ("/inside/", "/sketches/webcam-label/", "/"):
        page.goto(server.url + path)
        bar = page.get_by_role("progressbar", name="Loading the")
        expect(bar).to_be_visible()
        expect(page.get_by_test_id("loading")).to_contain_text(re.compile(r": 0 of \d+ KB"))
        assert bar.evaluate("bar => [bar.value, bar.position]") == [0, 0]
    for route in held:
        route.continue_()
    expect(page.get_by_test_id("loading")).to_be_hidden()
    # The network that Teach learns with begins to load before anybody waits for it.
    page.goto(f"{server.url}/teach/")
    with page.expect_request("**/backbone/*.bin"):
        teach_picture(page, 1)
    teach_picture(page, 2)
    page.get_by_test_id("train-here").click()
    expect(page.get_by_test_id("here-progress")).to_contain_text(
        re.compile(r"Loading the network\s*0\.0 of \d+\.\d MB")
    )
    expect(page.get_by_role("progressbar", name="Training here")).to_be_visible()
