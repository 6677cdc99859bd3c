"""Answers for others, with the examples of docs/results.md as they are pasted: pages, programs, OSC."""

from __future__ import annotations

import contextlib
import json
import queue
import re
import runpy
import shutil
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from live import CHECKOUT, SECONDS, Open, Server, ask_camera, findings
from playwright.sync_api import Browser, BrowserContext, Page, expect

from pytrain.serve.publish import publish

DOC = (CHECKOUT / "docs" / "results.md").read_text(encoding="utf-8")
BRIDGE = CHECKOUT / "docs" / "examples" / "osc_bridge.py"
WRITTEN = "http://127.0.0.1:8000"
"""Where the examples say that pytrain serves."""

ANSWER = re.compile(r"^(circle|square|star|triangle|unknown)( [01]\.\d\d)?$")


def example(language: str, title: str, url: str) -> str:
    """The code below a heading of the page; only the address is another one."""
    section = DOC.split(f"# {title}\n", 1)[1].split("\n## ")[0]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found is not None, f"docs/results.md has no {language} example below {title}"
    return found[1].replace(WRITTEN, url)


class OtherSite:
    """A site that has nothing to do with ours: it serves one page."""

    def __init__(self) -> None:
        self.page = b""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(site.page)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/listen.html"


@pytest.fixture
def other_site() -> Iterator[OtherSite]:
    site = OtherSite()
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest.fixture
def context(camera_browser: Browser) -> Iterator[BrowserContext]:
    made = camera_browser.new_context()
    made.set_default_timeout(SECONDS * 1000)
    yield made
    made.close()


def open_from(context: BrowserContext, site: OtherSite, html: str) -> tuple[Page, Page]:
    """A page of another site, and ours, which its button opened; the camera is on."""
    site.page = html.encode()
    page = context.new_page()
    page.goto(site.url)
    with page.expect_popup() as popup:
        page.get_by_role("button").click()
    ask_camera(popup.value)
    return page, popup.value


def test_a_page_of_another_site_hears_the_page_that_it_opened(
    context: BrowserContext, server: Server, other_site: OtherSite
) -> None:
    page, _ = open_from(context, other_site, example("html", "A page of yours", server.url))
    expect(page.locator("#answer")).to_have_text(ANSWER)


def test_the_code_on_the_page_works_where_it_is_pasted(
    context: BrowserContext, server: Server, other_site: OtherSite
) -> None:
    ours = context.new_page()
    ours.goto(f"{server.url}/?model=four-shapes")
    code = ours.locator("#out-snippet")
    expect(code).to_contain_text("/?model=four-shapes")
    page, _ = open_from(context, other_site, code.inner_text())
    expect(page.locator("#answer")).to_have_text(ANSWER)


def test_the_p5_sketch_grows_with_the_answer(
    context: BrowserContext, server: Server, other_site: OtherSite
) -> None:
    page, popup = open_from(context, other_site, example("html", "A p5 sketch", server.url))
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    popup.get_by_test_id("freeze").click()
    page.wait_for_function("() => answer !== 'unknown' || confidence > 0")
    page.bring_to_front()  # a hidden window draws nothing
    page.wait_for_function("() => size > 20")
    assert errors == []


def test_a_page_of_the_same_site_hears_without_opening_anything(
    context: BrowserContext, server: Server
) -> None:
    html = example("html", "A page of the same site", server.url)
    context.route(
        f"{server.url}/listen.html", lambda route: route.fulfill(body=html, content_type="text/html")
    )
    page = context.new_page()
    page.goto(f"{server.url}/listen.html")
    ours = context.new_page()
    ours.goto(server.url)
    ask_camera(ours)
    expect(page.locator("#answer")).to_have_text(ANSWER)


def test_a_page_around_ours_hears_it(context: BrowserContext, server: Server) -> None:
    section = DOC.split("# A page of the same site\n", 1)[1]
    frame = re.findall(r"```html\n(.*?)```", section, re.DOTALL)[1]
    html = f"""<p id="answer"></p>{frame}
      <script>addEventListener('message', ({{ data }}) => {{
        document.querySelector('#answer').textContent = data.answer; }});</script>"""
    context.route(
        f"{server.url}/frame.html", lambda route: route.fulfill(body=html, content_type="text/html")
    )
    page = context.new_page()
    page.goto(f"{server.url}/frame.html")
    expect(page.locator("#answer")).to_have_text(ANSWER)


def test_a_message_holds_what_the_documentation_says(context: BrowserContext, server: Server) -> None:
    page = context.new_page()
    page.goto(server.url)
    page.evaluate(
        """() => {
          new BroadcastChannel('pytrain').onmessage = ({ data }) => (window.heard = data);
        }"""
    )
    ask_camera(page)
    page.wait_for_function("() => window.heard")
    heard = page.evaluate("window.heard")
    documented = json.loads(re.findall(r"```json\n(.*?)```", DOC, re.DOTALL)[0])
    assert set(heard) == set(documented) - {"known"}, "this model does not tell how familiar a picture is"
    assert heard["type"] == "pytrain.results"
    assert heard["model"] == "four-shapes"
    assert sum(result["confidence"] for result in heard["results"]) == pytest.approx(1, abs=1e-3)
    assert abs(heard["time"] - page.evaluate("Date.now()")) < 60_000


@contextlib.contextmanager
def program(*command: str) -> Iterator[Callable[[], str]]:
    """A running program; gives a function that waits for its next line."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line.strip())

    threading.Thread(target=read, daemon=True).start()
    try:
        yield lambda: lines.get(timeout=SECONDS)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def send_to_server(page: Page) -> None:
    page.get_by_test_id("send").check()
    expect(page.get_by_test_id("send-hint")).to_contain_text("Programs hear it at")


def test_a_program_hears_the_page_through_the_server(
    open_page: Open, camera_browser: Browser, server: Server
) -> None:
    watched = open_page(camera_browser)
    with program(sys.executable, "-c", example("python", "Programs on the computer", server.url)) as line:
        ask_camera(watched.page)
        send_to_server(watched.page)
        answers = {line() for _ in range(5)}
    for answer in answers:
        assert re.fullmatch(r"(circle|square|star|triangle|unknown) [01]\.\d+", answer)


@pytest.mark.skipif(shutil.which("javac") is None, reason="compiling Processing's example takes a JDK")
def test_the_processing_sketch_compiles_and_writes_the_answer(
    open_page: Open, camera_browser: Browser, server: Server, tmp_path: Path
) -> None:
    sketch = example("java", "Programs on the computer", server.url)
    imports = "".join(re.findall(r"^import .*\n", sketch, re.MULTILINE))
    # Processing itself puts a class around a sketch, too.
    body = sketch.replace(imports, "")
    (tmp_path / "Sketch.java").write_text(f"{imports}class Sketch extends PApplet {{{body}}}\n")
    stand_in = CHECKOUT / "tests" / "processing" / "PApplet.java"
    compiling = ["javac", "-d", str(tmp_path), str(stand_in), str(tmp_path / "Sketch.java")]
    compiled = subprocess.run(compiling, capture_output=True, text=True)
    assert compiled.returncode == 0, compiled.stderr
    watched = open_page(camera_browser)
    with program("java", "-cp", str(tmp_path), "PApplet", "Sketch") as line:
        assert line() == "nothing yet"
        ask_camera(watched.page)
        send_to_server(watched.page)
        assert {line() for _ in range(3)} <= {"circle", "square", "star", "triangle", "unknown"}


def test_the_touchdesigner_callback_fills_its_table_from_pieces() -> None:
    names: dict[str, Any] = {}
    exec(example("python", "TouchDesigner", WRITTEN), names)
    rows: list[list[Any]] = []
    table = SimpleNamespace(clear=rows.clear, appendRow=rows.append)
    names["op"] = {"answers": table}.__getitem__
    result = {"answer": "star", "results": [{"label": "star", "confidence": 0.9}]}
    stream = f"id: 1\ndata: {json.dumps(result)}\n\n".encode()
    for piece in (stream[:9], stream[9:]):
        names["onResponse"](None, 200, {}, piece, 1)
    assert rows == [["answer", "star"], ["star", 0.9]]
    names["onResponse"](None, 200, {}, stream.replace(b"star", b"circle"), 1)
    assert rows == [["answer", "circle"], ["circle", 0.9]]


def test_what_touchdesigner_gets_in_pieces_is_put_together() -> None:
    names: dict[str, Any] = {}
    exec(example("python", "TouchDesigner", WRITTEN), names)
    stream = b': still here\n\nid: 1\ndata: {"answer": "star"}\n\nid: 2\ndata: {"answer": "circle"}\n\n'
    for size in (1, 7, len(stream)):
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        found = [event["answer"] for piece in pieces for event in names["events"](piece)]
        assert found == ["star", "circle"]


def read_osc(message: bytes) -> tuple[str, list[Any]]:
    """Address and arguments of an OSC message, read as the specification says."""

    def string(at: int) -> tuple[str, int]:
        end = message.index(b"\0", at)
        return message[at:end].decode(), at + (end - at) // 4 * 4 + 4

    assert len(message) % 4 == 0
    address, at = string(0)
    tags, at = string(at)
    assert tags[0] == ","
    arguments: list[Any] = []
    for tag in tags[1:]:
        if tag == "s":
            text, at = string(at)
            arguments.append(text)
        else:
            assert tag == "f"
            arguments.append(struct.unpack_from(">f", message, at)[0])
            at += 4
    assert at == len(message)
    return address, arguments


def test_the_osc_bridge_sends_every_answer_to_a_socket(
    open_page: Open, camera_browser: Browser, server: Server
) -> None:
    watched = open_page(camera_browser)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(SECONDS)
        to = f"127.0.0.1:{listener.getsockname()[1]}"
        with program(sys.executable, str(BRIDGE), "--from", server.url, "--to", to) as line:
            assert line() == f"Listening to {server.url}"
            ask_camera(watched.page)
            send_to_server(watched.page)
            heard = [read_osc(listener.recv(4096)) for _ in range(10)]
    at = next(place for place, (address, _) in enumerate(heard) if address == "/pytrain/answer")
    answer, labels = heard[at], heard[at + 1 : at + 5]
    assert answer[1][0] in ("circle", "square", "star", "triangle", "unknown")
    assert [address for address, _ in labels] == ["/pytrain/label"] * 4
    assert sorted(arguments[0] for _, arguments in labels) == ["circle", "square", "star", "triangle"]
    assert answer[1][1] == labels[0][1][1]
    assert sum(arguments[1] for _, arguments in labels) == pytest.approx(1, abs=1e-3)


def test_the_bridge_waits_for_a_server_that_is_not_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with program(sys.executable, str(BRIDGE), "--from", url) as line:
        assert line().startswith(f"{url} does not answer")
        assert line().startswith(f"{url} does not answer")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        # https://opensoundcontrol.stanford.edu/spec-1_0-examples.html
        (("/oscillator/4/frequency", 440.0), b"/oscillator/4/frequency\0,f\0\0\x43\xdc\0\0"),
        (("/foo", "hello", 1.234), b"/foo\0\0\0\0,sf\0hello\0\0\0\x3f\x9d\xf3\xb6"),
    ],
)
def test_osc_is_written_as_in_the_examples_of_its_specification(
    message: tuple[Any, ...], expected: bytes
) -> None:
    assert runpy.run_path(str(BRIDGE))["osc"](*message) == expected


def test_a_server_that_goes_away_is_told_calmly(context: BrowserContext, tmp_path: Path) -> None:
    alone = Server(tmp_path)
    page = context.new_page()
    page.goto(alone.url)
    ask_camera(page)
    send_to_server(page)
    alone.stop()
    expect(page.get_by_test_id("send-hint")).to_contain_text(
        "The server does not answer. It goes on by itself"
    )
    expect(page.get_by_test_id("message")).to_be_hidden()
    expect(page.get_by_test_id("answer")).not_to_have_attribute("data-state", "error")


def test_a_published_site_has_no_switch(context: BrowserContext, tmp_path: Path) -> None:
    publish([CHECKOUT / "exported_models" / "four-shapes"], tmp_path / "site")
    with program(
        sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "-d", str(tmp_path / "site")
    ) as line:
        found = re.search(r"port (\d+)", line())
        assert found is not None
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{found[1]}/")
        ask_camera(page)
        expect(page.get_by_test_id("to-server")).to_be_hidden()


def test_the_switch_works_by_keyboard_and_axe_finds_nothing(open_page: Open, camera_browser: Browser) -> None:
    page = open_page(camera_browser).page
    ask_camera(page)
    page.get_by_test_id("send").focus()
    page.keyboard.press(" ")
    expect(page.get_by_test_id("send")).to_be_checked()
    expect(page.get_by_test_id("send-hint")).to_contain_text("Programs hear it at")
    assert findings(page) == []
