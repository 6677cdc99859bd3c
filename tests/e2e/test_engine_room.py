"""The library keeps going: graphics lost, cameras gone, pages hidden, browsers that lack something."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live import Launch, Open, Server, until
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Route

from pytrain.dataset.four_shapes import draw_classic

PLAIN = "/verify.html"
"""A page of ours that loads no model by itself."""

START = """async ([options, shape]) => {
  const { imageClassifier } = await import('./pytrain.mjs');
  window.told = [];
  window.errors = [];
  window.classifier = await imageClassifier('four-shapes', {
    ...options,
    onStatus: ({ kind }) => window.told.push(kind),
    onError: (error) => window.errors.push(error.message),
  });
  window.picture = new Image();
  picture.src = shape;
  await picture.decode();
  window.answer = async () => (await classifier.classify(picture)).answer;
}"""


@pytest.fixture(scope="module")
def star(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A picture of a star, as a data: address."""
    path = tmp_path_factory.mktemp("star") / "star.png"
    Image.fromarray(draw_classic("star", 5)).save(path)
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def start(page: Page, star: str, **options: object) -> None:
    page.evaluate(START, [options, star])


# Graphics lost.


@pytest.mark.parametrize("backend", ["webgl", "wasm"])
def test_when_the_graphics_process_dies_the_same_backend_starts_again(
    launch: Launch, server: Server, star: str, backend: str
) -> None:
    browser = launch()
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.url + PLAIN)
    start(page, star, backend=backend)
    assert page.evaluate("answer()") == "star"
    browser.new_browser_cdp_session().send("Browser.crashGpuProcess")
    if backend == "webgl":
        page.wait_for_function("() => told.join() === 'lost,recovered'", timeout=60_000)
    assert page.evaluate("answer()") == "star"
    assert page.evaluate("[classifier.backend, errors]") == [backend, []]
    context.close()


LOSING = """
const contexts = [];
const original = OffscreenCanvas.prototype.getContext;
OffscreenCanvas.prototype.getContext = function (...asked) {
  const context = original.apply(this, asked);
  if (String(asked[0]).startsWith('webgl') && context) contexts.push(context);
  return context;
};
new BroadcastChannel('lose').onmessage = () => {
  for (const context of contexts) context.getExtension('WEBGL_lose_context').loseContext();
};
"""
"""In front of an engine script: a browser that takes the WebGL context away at a word."""


@pytest.fixture
def losing(plain_browser: Browser, server: Server) -> Iterator[Page]:
    context = plain_browser.new_context()

    def worse(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=LOSING + answer.text())

    context.route("**/engine-webgl.js", worse)
    page = context.new_page()
    page.goto(server.url + PLAIN)
    yield page
    context.close()


def test_a_frame_that_a_lost_context_took_along_is_answered_all_the_same(losing: Page, star: str) -> None:
    start(losing, star, backend="webgl")
    answers = losing.evaluate(
        """async () => {
          const waiting = [answer(), answer(), answer()];
          new BroadcastChannel('lose').postMessage('');
          return Promise.all(waiting);
        }"""
    )
    assert answers == ["star"] * 3
    losing.wait_for_function("() => told.join() === 'lost,recovered'")
    assert losing.evaluate("errors") == []


def test_a_backend_that_is_lost_again_and_again_becomes_an_error_that_says_what_to_do(
    losing: Page, star: str
) -> None:
    start(losing, star, backend="webgl")
    losing.evaluate("new BroadcastChannel('lose').postMessage('')")
    losing.wait_for_function("() => told.join() === 'lost,recovered'")
    losing.evaluate("new BroadcastChannel('lose').postMessage('')")
    losing.wait_for_function("() => errors.length === 1")
    assert "choose another backend than webgl" in losing.evaluate("errors[0]")
    assert "choose another backend" in losing.evaluate("answer().catch(({ message }) => message)")


# What comes and goes: the video and the page.

WATCH = """async () => {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d');
  canvas.width = canvas.height = 224;
  window.alive = true;
  let hue = 0;
  setInterval(() => {
    if (!alive) return;
    context.drawImage(picture, 0, 0, 224, 224);
    context.fillStyle = `hsl(${(hue += 9)} 90% 50%)`;
    context.fillRect(0, 0, 4, 4);
  }, 40);
  window.video = document.createElement('video');
  Object.assign(video, { muted: true, playsInline: true });
  document.body.append(video);
  window.open_ = async () => {
    video.srcObject = canvas.captureStream(25);
    await video.play();
  };
  await open_();
  window.counted = 0;
  classifier.classifyStart(video, () => window.counted++);
}"""
"""A video of a moving canvas, whose track ends as that of a camera does."""

HIDE = """(hidden) => {
  const get = () => (hidden ? 'hidden' : 'visible');
  Object.defineProperty(document, 'visibilityState', { configurable: true, get });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


@pytest.fixture
def watching(open_page: Open, plain_browser: Browser, star: str) -> Page:
    """A page on which classifyStart looks at a video."""
    page = open_page(plain_browser, PLAIN).page
    start(page, star, backend="wasm")
    page.evaluate(WATCH)
    page.wait_for_function("() => counted > 5")
    return page


def stands_still(page: Page) -> bool:
    """Whether no answer comes for a while, but for one that was under way."""
    page.wait_for_timeout(300)
    before = page.evaluate("counted")
    page.wait_for_timeout(1000)
    return bool(page.evaluate("counted") == before)


def test_when_the_camera_goes_nothing_is_classified_until_there_is_one_again(watching: Page) -> None:
    watching.evaluate("video.srcObject.getTracks().forEach((track) => track.stop())")
    watching.wait_for_function("() => told.at(-1) === 'no-pictures'")
    assert stands_still(watching)
    watching.evaluate("open_()")
    watching.wait_for_function("() => told.at(-1) === 'pictures'")
    watching.wait_for_function(f"() => counted > {watching.evaluate('counted')} + 5")
    assert watching.evaluate("errors") == []


def test_a_frame_of_a_slow_camera_is_classified_once(open_page: Open, camera_browser: Browser) -> None:
    page = open_page(camera_browser, PLAIN).page
    seconds, frames, counted = page.evaluate(
        """async () => {
          const { imageClassifier } = await import('./pytrain.mjs');
          const classifier = await imageClassifier('four-shapes', { backend: 'wasm' });
          const video = document.createElement('video');
          video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
          await video.play();
          let counted = 0;
          classifier.classifyStart(video, () => counted++);
          const frames = () => video.getVideoPlaybackQuality().totalVideoFrames;
          const now = () => [performance.now() / 1000, frames(), counted];
          const before = now();
          await new Promise((resolve) => setTimeout(resolve, 3000));
          return now().map((value, at) => value - before[at]);
        }"""
    )
    assert counted > 0
    # One that does not come for a quarter of a second is looked for all the same.
    assert counted <= frames + 4 * seconds + 1


def test_nothing_is_classified_while_the_page_is_hidden_and_then_it_goes_on(watching: Page) -> None:
    watching.evaluate(HIDE, True)
    watching.wait_for_function("() => told.at(-1) === 'asleep'")
    assert stands_still(watching)
    # A phone pauses the video of a page that nobody sees.
    watching.evaluate("video.pause()")
    before = watching.evaluate("counted")
    watching.evaluate(HIDE, False)
    watching.wait_for_function(f"() => !video.paused && counted > {before} + 5")
    assert watching.evaluate("told") == ["asleep", "awake"]


def test_a_video_that_the_page_paused_stays_paused(watching: Page) -> None:
    watching.evaluate("video.pause()")
    watching.wait_for_timeout(700)
    watching.evaluate(HIDE, True)
    watching.evaluate(HIDE, False)
    watching.wait_for_timeout(300)
    assert watching.evaluate("video.paused") is True


def test_a_stopped_run_leaves_nothing_behind_that_answers(watching: Page) -> None:
    watching.evaluate(HIDE, True)
    watching.evaluate("classifier.classifyStop()")
    watching.evaluate(HIDE, False)
    assert stands_still(watching)


# Leaks.


def test_2000_frames_leave_no_tensor_and_no_canvas_behind(
    open_page: Open, plain_browser: Browser, star: str
) -> None:
    context = open_page(plain_browser, PLAIN)
    page = context.page
    start(page, star, backend="wasm")
    found = page.evaluate(
        """async () => {
          let canvases = 0;
          const make = document.createElement.bind(document);
          document.createElement = (name, ...rest) => {
            if (name === 'canvas') canvases++;
            return make(name, ...rest);
          };
          const source = make('canvas');
          source.width = source.height = 64;
          const paint = source.getContext('2d');
          const tensors = new Set();
          await classifier.layers();
          for (let frame = 0; frame < 2000; frame++) {
            paint.fillStyle = `hsl(${frame} 90% 50%)`;
            paint.fillRect(0, 0, 64, 64);
            classifier.heatMap = frame % 3 === 0;
            await classifier.classify(source);
            if (frame % 100 === 50) await classifier.activations(source, ['block1_conv'], { most: 2 });
            if (frame % 50 === 0) tensors.add((await classifier.memory()).numTensors);
          }
          return { tensors: [...tensors], canvases };
        }"""
    )
    assert len(found["tensors"]) == 1
    assert found["canvases"] == 0


# Weights that were read before.


def weights_asked(context: BrowserContext) -> list[str]:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url) if request.url.endswith(".bin") else None)
    return asked


PROGRESS = """async () => {
  const { imageClassifier } = await import('./pytrain.mjs');
  const progress = [];
  const classifier = await imageClassifier('four-shapes', {
    backend: 'wasm',
    onProgress: ({ loaded, total }) => progress.push([loaded, total]),
  });
  const check = await classifier.check();
  classifier.dispose();
  return { progress, same: check.same };
}"""

KEPT = """async () => {
  const keys = await (await caches.open('pytrain-weights-1')).keys();
  return keys.map(({ url }) => url.split('/').at(-1)).sort();
}"""


def test_the_second_load_asks_the_network_for_no_weights(open_page: Open, plain_browser: Browser) -> None:
    page = open_page(plain_browser, PLAIN).page
    asked = weights_asked(page.context)
    first = page.evaluate(PROGRESS)
    assert len(asked) == 2
    until(page, f"({KEPT})().then((kept) => kept.length === 2)")
    second = page.evaluate(PROGRESS)
    assert len(asked) == 2, "all weight files came from what was kept"
    for found in (first, second):
        assert found["same"] is True
        assert found["progress"][0][0] == 0
        loaded, total = found["progress"][-1]
        assert loaded == total > 100_000


def test_weights_that_were_kept_damaged_are_read_anew_the_next_time(
    open_page: Open, plain_browser: Browser
) -> None:
    page = open_page(plain_browser, PLAIN).page
    page.evaluate(PROGRESS)
    page.evaluate(
        """async () => {
          const store = await caches.open('pytrain-weights-1');
          const [first] = (await store.keys()).filter(({ url }) => url.includes('weights-'));
          await store.put(first, new Response(new Uint8Array(10)));
        }"""
    )
    said = page.evaluate(f"({PROGRESS})().catch(({{ message }}) => message)")
    assert "Load the page again" in said
    assert page.evaluate(PROGRESS)["same"] is True


def test_a_model_that_was_replaced_leaves_none_of_its_old_weights(
    open_page: Open, plain_browser: Browser
) -> None:
    page = open_page(plain_browser, PLAIN).page
    page.evaluate(
        """async () => {
          const store = await caches.open('pytrain-weights-1');
          for (const folder of ['models/four-shapes', 'models/another']) {
            const url = new URL(`${folder}/weights-0123456789abcdef.bin`, document.baseURI).href;
            await store.put(url, new Response('old'));
          }
        }"""
    )
    page.evaluate(PROGRESS)
    until(page, f"({KEPT})().then((kept) => kept.length === 3)")
    kept = page.evaluate(KEPT)
    assert kept[0].startswith("constants-")
    assert kept[1] == "weights-0123456789abcdef.bin", "that of the other model"


# Browsers that lack something.

TRY = """async ([star]) => {
  const { imageClassifier } = await import('./pytrain.mjs');
  const told = [];
  const picture = new Image();
  picture.src = star;
  await picture.decode();
  const classifier = await imageClassifier('four-shapes', { onStatus: ({ text }) => told.push(text) });
  const { answer } = await classifier.classify(picture);
  const measured = await classifier.ready;
  return { answer, backend: classifier.backend, told, measured, here: {
    secure: isSecureContext, caches: typeof caches, wasm: typeof WebAssembly } };
}"""


def tried(open_page: Open, launch: Launch, server: Server, star: str, *flags: str) -> tuple[Any, list[str]]:
    """What comes of classifying a star in a Chromium with these flags, and the files that were asked for."""
    browser = launch(*flags)
    watched = open_page(browser, PLAIN)
    files: list[str] = []
    watched.page.context.on("request", lambda request: files.append(request.url.split("/")[-1]))
    found = watched.page.evaluate(TRY, [star])
    browser.close()
    return found, files


def test_without_webassembly_another_backend_answers_and_it_is_said(
    open_page: Open, launch: Launch, server: Server, star: str
) -> None:
    found, _ = tried(open_page, launch, server, star, "--js-flags=--jitless")
    assert found["here"]["wasm"] == "undefined"
    assert (found["answer"], found["backend"]) == ("star", "webgl")
    assert found["told"] == [
        "The backend wasm cannot run in this browser. webgl is used instead, which may be slower."
    ]


def test_without_simd_the_plain_wasm_file_is_loaded(
    open_page: Open, launch: Launch, server: Server, star: str
) -> None:
    flags = "--js-flags=--no-enable-ssse3 --no-enable-sse4-1"
    found, files = tried(open_page, launch, server, star, flags)
    assert (found["answer"], found["backend"]) == ("star", "wasm")
    assert "tfjs-backend-wasm.wasm" in files
    assert "tfjs-backend-wasm-simd.wasm" not in files


def test_without_webgl_it_is_not_tried(open_page: Open, launch: Launch, server: Server, star: str) -> None:
    flags = ("--disable-gpu", "--disable-software-rasterizer")
    found, files = tried(open_page, launch, server, star, *flags)
    assert (found["answer"], found["backend"]) == ("star", "wasm")
    assert [row["backend"] for row in found["measured"]] == ["wasm"]
    assert "engine-webgl.js" not in files


def test_webgl_without_a_graphics_unit_is_not_tried_unless_asked(
    open_page: Open, plain_browser: Browser, star: str
) -> None:
    page = open_page(plain_browser, PLAIN).page
    start(page, star)
    assert page.evaluate("answer()") == "star"
    wasm, webgl = page.evaluate("classifier.ready")
    assert wasm["milliseconds"] > 0
    assert webgl == {"backend": "webgl", "note": "no graphics unit here, so it was not tried"}
    measured = page.evaluate("classifier.measure()")
    assert all(row["milliseconds"] > 0 for row in measured)
    assert {row["backend"] for row in measured} == {"wasm", "webgl"}


@pytest.mark.parametrize(
    "missing",
    [
        "delete window.OffscreenCanvas;",
        "delete window.createImageBitmap;",
        "window.createImageBitmap = () => Promise.reject(new DOMException('no room', 'InvalidStateError'));",
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no'); } });",
        "delete window.caches;",
        "CacheStorage.prototype.open = () => Promise.reject(new DOMException('full', 'QuotaExceededError'));",
    ],
)
def test_what_a_browser_lacks_is_done_without(
    open_page: Open, plain_browser: Browser, star: str, missing: str
) -> None:
    page = open_page(plain_browser, PLAIN).page
    page.add_init_script(missing)
    page.reload()
    found = page.evaluate(TRY, [star])
    assert (found["answer"], found["backend"]) == ("star", "wasm")


@pytest.mark.parametrize("without", ["", "delete window.createImageBitmap;"])
def test_a_picture_of_another_site_is_told_of_with_what_opens_it(
    launch: Launch, server: Server, star: str, without: str
) -> None:
    page = launch().new_context(bypass_csp=True).new_page()
    page.add_init_script(without)
    page.goto(server.url + PLAIN)
    start(page, star, backend="wasm")
    body = base64.b64decode(star.split(",")[1])
    page.route("https://elsewhere.test/**", lambda route: route.fulfill(body=body, content_type="image/png"))
    said = page.evaluate(
        """async () => {
          const foreign = new Image();
          foreign.src = 'https://elsewhere.test/star.png';
          return classifier.classify(foreign).then(() => null, (error) => error.message);
        }"""
    )
    assert said.startswith("The picture cannot be read")
    assert 'crossOrigin="anonymous"' in said
    assert page.evaluate("answer()") == "star"


def test_a_plain_address_on_the_network_has_no_cache_storage_and_works(
    launch: Launch, server: Server, star: str
) -> None:
    browser = launch("--host-resolver-rules=MAP lab.example 127.0.0.1")
    page = browser.new_page()
    page.goto(server.url.replace("127.0.0.1", "lab.example") + PLAIN)
    found = page.evaluate(TRY, [star])
    assert found["here"]["secure"] is False
    assert found["here"]["caches"] == "undefined"
    assert (found["answer"], found["backend"]) == ("star", "wasm")
    browser.close()


def test_where_a_page_may_store_nothing_it_works(launch: Launch, server: Server, star: str) -> None:
    """A sandboxed frame has neither localStorage nor Cache Storage, and is an origin of its own."""
    browser = launch()
    page = browser.new_page()
    page.set_content('<iframe sandbox="allow-scripts" srcdoc="<p>A sketch</p>"></iframe>')
    frame = page.frames[1]
    frame.wait_for_load_state()
    found = frame.evaluate(
        """async ([url, star]) => {
          const { imageClassifier } = await import(`${url}/pytrain.mjs`);
          let storage = 'there';
          try { localStorage.length; } catch { storage = 'refused'; }
          const classifier = await imageClassifier('four-shapes');
          const picture = new Image();
          picture.src = star;
          await picture.decode();
          return [storage, (await classifier.classify(picture)).answer];
        }""",
        [server.url, star],
    )
    assert found == ["refused", "star"]
    browser.close()


def test_a_page_opened_as_a_file_is_told_to_use_a_server(
    launch: Launch, exported_bundle: Path, tmp_path: Path
) -> None:
    from pytrain.resources import page_folder

    sketch = tmp_path / "sketch.html"
    sketch.write_text(f'<script src="{(page_folder() / "pytrain.js").as_uri()}"></script>', encoding="utf-8")
    browser = launch()
    page = browser.new_page()
    page.goto(sketch.as_uri())
    said = page.evaluate("pytrain.imageClassifier('four-shapes').catch(({ message }) => message)")
    assert "opened as a file" in said
    assert "pytrain serve" in said
    browser.close()
