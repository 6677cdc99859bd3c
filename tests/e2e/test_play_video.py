"""A video from a file: played, paused, gone through, classified like the camera; and what is no video."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from live import Open, Server, findings
from playwright.sync_api import Browser, Page, expect

SECONDS = 9
"""All shapes and a bit: the camera shows each for two seconds."""

RECORD = """async ([type, seconds]) => {
  const stream = await navigator.mediaDevices.getUserMedia({ video: true });
  const recorder = new MediaRecorder(stream, { mimeType: type });
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  recorder.start();
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  recorder.stop();
  await new Promise((resolve) => (recorder.onstop = resolve));
  for (const track of stream.getTracks()) track.stop();
  const reader = new FileReader();
  reader.readAsDataURL(new Blob(parts));
  await new Promise((resolve) => (reader.onload = resolve));
  return reader.result.split(',')[1];
}"""


@pytest.fixture(scope="module")
def recordings(
    server: Server, camera_browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """What the camera shows, recorded by the browser: as WebM, which does not say its length, and as MP4."""
    folder = tmp_path_factory.mktemp("videos")
    context = camera_browser.new_context()
    page = context.new_page()
    page.goto(server.url)
    paths = {}
    for name, kind in {"webm": "video/webm;codecs=vp8", "mp4": "video/mp4;codecs=vp9"}.items():
        data = page.evaluate(RECORD, [kind, SECONDS])
        paths[name] = folder / f"shapes.{name}"
        paths[name].write_bytes(base64.b64decode(data))
    context.close()
    return paths


def seek(page: Page, share: float) -> None:
    page.get_by_test_id("clip-seek").evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }", share
    )


def label_at(page: Page, share: float) -> str | None:
    seek(page, share)
    page.wait_for_function("() => !document.querySelector('#clip').seeking")
    page.wait_for_timeout(1000)
    return page.get_by_test_id("answer").get_attribute("data-label")


@pytest.mark.parametrize("kind", ["webm", "mp4"])
def test_a_video_is_classified_while_it_plays_and_wherever_it_stands(
    open_page: Open, plain_browser: Browser, recordings: dict[str, Path], kind: str
) -> None:
    page = open_page(plain_browser).page
    page.get_by_test_id("source-clip").click()
    page.get_by_test_id("clip-input").set_input_files(recordings[kind])
    answer = page.get_by_test_id("answer")
    expect(answer).not_to_have_attribute("data-label", "")
    play = page.get_by_test_id("clip-play")
    expect(play).to_have_text("Pause")
    expect(page.get_by_test_id("clip-clock")).to_contain_text("/ 0:0")
    first = page.evaluate("document.querySelector('#clip').currentTime")
    page.wait_for_function(f"() => document.querySelector('#clip').currentTime !== {first}")
    page.keyboard.press(" ")
    expect(play).to_have_text("Play")
    assert page.evaluate("document.querySelector('#clip').paused")
    # Two places that are four seconds apart never show the same shape; a busy browser takes a while for it.
    turns = ((label_at(page, 0.1), label_at(page, 0.1 + 4 / SECONDS)) for _ in range(10))
    assert any(first != second for first, second in turns)
    play.click()
    expect(play).to_have_text("Pause")


def test_a_dropped_video_is_played_and_rests_while_something_else_is_looked_at(
    open_page: Open, plain_browser: Browser, recordings: dict[str, Path]
) -> None:
    page = open_page(plain_browser).page
    page.evaluate(
        """([data]) => {
          const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([bytes], 'shapes.webm', { type: 'video/webm' }));
          const how = { dataTransfer, bubbles: true, cancelable: true };
          document.body.dispatchEvent(new DragEvent('drop', how));
        }""",
        [base64.b64encode(recordings["webm"].read_bytes()).decode()],
    )
    expect(page.get_by_test_id("source-clip")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_test_id("clip-play")).to_have_text("Pause")
    assert findings(page) == []
    page.get_by_test_id("source-pad").click()
    assert page.evaluate("document.querySelector('#clip').paused")


def test_what_is_no_video_is_explained(open_page: Open, plain_browser: Browser, tmp_path: Path) -> None:
    odd = tmp_path / "holiday.mp4"
    odd.write_bytes(b"no video at all")
    page = open_page(plain_browser).page
    page.get_by_test_id("source-clip").click()
    page.get_by_test_id("clip-input").set_input_files(odd)
    message = page.get_by_test_id("message")
    expect(message).to_contain_text("holiday.mp4 is not a video that this browser can play")
    expect(message).to_contain_text("MP4 (H.264) or WebM")
    expect(page.get_by_test_id("clip-play")).to_be_disabled()
