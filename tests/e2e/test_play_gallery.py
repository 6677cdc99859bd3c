"""The gallery of models: what it shows of each, choosing by mouse and keyboard, forty, broken ones."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import Open, Server, findings, in_every_look
from playwright.sync_api import Browser, Page, expect

from pytrain.resources import SHIPPED

LABELS = ["circle", "square", "star", "triangle"]


@pytest.fixture(scope="module")
def forty(
    exported_bundle: Path, second_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server with 41 models of our own, the shipped ones, and two that cannot be used."""
    models = tmp_path_factory.mktemp("forty") / "exported_models"
    shutil.copytree(second_model, models / "a-second")
    for number in range(40):
        shutil.copytree(exported_bundle, models / f"model-{number:02}")
        name_classes(models / f"model-{number:02}", [f"thing {number}", "b", "c", "d"], number / 100)
    (models / "model-07" / "golden" / "00.png").unlink()
    shutil.copytree(exported_bundle, models / "cut")
    shard = next((models / "cut").glob("weights-*.bin"))
    shard.write_bytes(shard.read_bytes()[:1000])
    (models / "half").mkdir()
    started = Server(models.parent)
    yield started
    started.stop()


def name_classes(bundle: Path, labels: list[str], accuracy: float) -> None:
    path = bundle / "metadata.json"
    metadata = json.loads(path.read_text(encoding="utf-8"))
    metadata["labels"] = labels
    metadata["pytrain"]["metrics"] = {"test": {"accuracy": accuracy}}
    path.write_text(json.dumps(metadata), encoding="utf-8")


def chosen(page: Page) -> str:
    return str(page.locator("#gallery [aria-selected=true]").get_attribute("data-address"))


def ready(page: Page) -> None:
    expect(page.get_by_test_id("answer")).to_have_attribute("data-state", "idle")


def test_a_model_shows_its_picture_classes_accuracy_and_size(open_page: Open, plain_browser: Browser) -> None:
    page = open_page(plain_browser).page
    entry = page.get_by_test_id("model-four-shapes")
    expect(entry).to_contain_text("Circle, square, star, triangle")
    expect(entry).to_contain_text("97.2 % right, 129 KB")
    expect(entry).to_have_attribute("aria-selected", "true")
    entry.scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('#gallery img').naturalWidth > 0")


def test_choosing_one_switches_the_model_and_is_kept_in_the_address(
    open_page: Open, plain_browser: Browser, two_models: Server
) -> None:
    page = open_page(plain_browser, "/?model=four-shapes", url=two_models.url).page
    ready(page)
    page.get_by_test_id("model-a-second").click()
    expect(page.get_by_test_id("model-select")).to_have_value("a-second")
    expect(page.get_by_test_id("accuracy")).to_have_text("36.0 %")
    assert "model=a-second" in page.url
    assert chosen(page) == "a-second"
    page.get_by_test_id("model-select").select_option("four-shapes")
    expect(page.get_by_test_id("model-four-shapes")).to_have_attribute("aria-selected", "true")
    page.reload()
    ready(page)
    assert chosen(page) == "four-shapes"


def test_forty_models_are_reached_by_keyboard_alone(
    open_page: Open, plain_browser: Browser, forty: Server
) -> None:
    page = open_page(plain_browser, "/?model=model-00", url=forty.url).page
    ready(page)
    page.get_by_test_id("gallery-find").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.address") == "model-00"
    steps = {"ArrowRight": "model-01", "ArrowLeft": "model-00", "End": "half", "Home": "a-second"}
    for key, reached in steps.items():
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.dataset.address") == reached
    page.keyboard.press("ArrowDown")
    below = page.evaluate(
        """() => {
          const [one, first] = [document.activeElement, document.querySelector('#gallery [role=option]')];
          return one.offsetTop > first.offsetTop && one.offsetLeft === first.offsetLeft;
        }"""
    )
    assert below, "the arrow goes to the one that is seen below"
    address = page.evaluate("document.activeElement.dataset.address")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("model-select")).to_have_value(address)
    assert page.evaluate("document.activeElement.dataset.address") == address
    stops = page.locator("#gallery [tabindex='0']")
    expect(stops).to_have_count(1)


def test_forty_models_can_be_searched_by_name_and_by_class(
    open_page: Open, plain_browser: Browser, forty: Server
) -> None:
    page = open_page(plain_browser, "/?model=model-00", url=forty.url).page
    ready(page)
    entries = page.locator("#gallery [role=option]:not([hidden])")
    expect(entries).to_have_count(43 + len(SHIPPED))
    page.get_by_test_id("gallery-find").fill("thing 31")
    expect(entries).to_have_count(1)
    expect(entries).to_contain_text("model-31")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("headline")).to_contain_text("thing 31")
    page.get_by_test_id("gallery-find").fill("zebra")
    expect(entries).to_have_count(0)
    expect(page.get_by_text(f"None of the {43 + len(SHIPPED)} models has “zebra”.")).to_be_visible()


def test_a_model_without_a_picture_is_shown_by_a_sign(
    open_page: Open, plain_browser: Browser, forty: Server
) -> None:
    page = open_page(plain_browser, "/?model=model-00", url=forty.url).page
    expect(page.get_by_test_id("model-model-07").locator("svg")).to_have_count(1)


@pytest.mark.parametrize(
    ("name", "says", "fix"), [("cut", "1,000 bytes", "Copy"), ("half", "metadata.json", "")]
)
def test_a_broken_model_says_what_is_wrong_and_the_one_in_use_goes_on(
    open_page: Open, plain_browser: Browser, forty: Server, name: str, says: str, fix: str
) -> None:
    page = open_page(plain_browser, "/?model=model-00", url=forty.url).page
    ready(page)
    entry = page.get_by_test_id(f"model-{name}")
    expect(entry).to_contain_text("Cannot be used")
    expect(entry).to_contain_text(says)
    entry.click()
    expect(page.get_by_test_id("message")).to_contain_text(says)
    expect(page.get_by_test_id("message")).to_contain_text(fix)
    expect(page.get_by_test_id("model-select")).to_have_value("model-00")
    expect(page.get_by_test_id("answer")).to_have_attribute("data-state", "idle")


def test_models_of_this_browser_stand_beside_those_of_the_server(
    open_page: Open, plain_browser: Browser
) -> None:
    page = open_page(plain_browser).page
    ready(page)
    save_in_browser(page, "mine 🌱")
    entry = page.get_by_test_id("model-mine 🌱")
    expect(entry).to_contain_text("in this browser")
    entry.click()
    expect(page.get_by_test_id("answer")).to_have_attribute("data-state", "idle")
    expect(page.get_by_test_id("check")).to_have_text("Same as Python")
    page.reload()
    ready(page)
    assert chosen(page) == "browser:mine 🌱"
    expect(page.locator("#snippet")).to_contain_text("./mine 🌱/")


def save_in_browser(page: Page, name: str) -> None:
    """Keeps the files of four-shapes in the browser's own storage, as the page Teach keeps its own."""
    page.evaluate(
        """async (name) => {
          const folder = new URL('models/four-shapes/', location.href);
          const read = async (file) => (await fetch(new URL(file, folder))).arrayBuffer();
          const graph = await (await fetch(new URL('graph.json', folder))).json();
          const golden = await (await fetch(new URL('golden/golden.json', folder))).json();
          const shards = graph.weightsManifest.flatMap(({ paths }) => paths);
          const pictures = ['golden.json', ...golden.frames.map(({ file }) => file)];
          const inGolden = pictures.map((file) => `golden/${file}`);
          const names = ['metadata.json', 'graph.json', ...shards, ...inGolden];
          const files = await Promise.all(names.map(async (file) => [file, await read(file)]));
          const labels = ['circle', 'square', 'star', 'triangle'];
          const opened = indexedDB.open('pytrain-models');
          const database = await new Promise((resolve) => {
            opened.onsuccess = () => resolve(opened.result);
          });
          const transaction = database.transaction(['models', 'files'], 'readwrite');
          for (const [file, content] of files) transaction.objectStore('files').put(content, [name, file]);
          const row = { name, labels, bytes: 129000, made: new Date(), accuracy: 0.9 };
          transaction.objectStore('models').put(row);
          await new Promise((resolve) => (transaction.oncomplete = resolve));
          database.close();
          new BroadcastChannel('pytrain-saved-models').postMessage(null);
        }""",
        name,
    )


def test_axe_finds_nothing_about_forty_models(open_page: Open, plain_browser: Browser, forty: Server) -> None:
    sizes = (390, 860), (1280, 860)
    page = open_page(plain_browser, "/?model=model-00", url=forty.url).page
    ready(page)
    for _ in in_every_look(page, *sizes):
        assert findings(page) == []
    page.get_by_test_id("model-cut").click()
    expect(page.get_by_test_id("message")).to_be_visible()
    for _ in in_every_look(page, *sizes):
        assert findings(page) == []
