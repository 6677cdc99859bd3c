"""Many pictures at once: a folder, 5,000 files, odd ones; stopping; the table of pytrain predict."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from live import CHECKOUT, Open, Server, findings, in_every_look
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from pytrain.dataset.four_shapes import draw_classic, draw_scene

LABELS = ["circle", "square", "star", "triangle"]
EACH = 4

DROP = """([count, bytes, every, odd]) => {
  const transfer = new DataTransfer();
  const picture = new Blob([new Uint8Array(bytes)], { type: 'image/png' });
  for (let number = 0; number < count; number++) {
    const name = `${String(number).padStart(5, '0')}.png`;
    const content = number % every === odd ? 'no picture' : picture;
    transfer.items.add(new File([content], name, { type: 'image/png' }));
  }
  document.querySelector('main').dispatchEvent(
    new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures, some in a folder of their own, and with files that are none."""
    root = tmp_path_factory.mktemp("many") / "holiday"
    (root / "day 2").mkdir(parents=True)
    number = 0
    for label in LABELS:
        for seed in range(EACH):
            frame = draw_classic(label, seed) if seed % 2 else draw_scene(label, seed + 50)
            place = root / "day 2" if seed == 0 else root
            Image.fromarray(frame).convert("RGB").save(place / f"{number}.jpg", quality=95)
            number += 1
    (root / "notes.txt").write_text("hello", encoding="utf-8")
    (root / "lies.jpg").write_bytes(b"%PDF-1.7 and so on")
    (root / "empty.png").write_bytes(b"")
    golden = CHECKOUT / "exported_models" / "four-shapes" / "golden" / "00.png"
    (root / "cut.png").write_bytes(golden.read_bytes()[:300])
    Image.new("L", (12_000, 9000)).save(root / "wall.png")
    (root / ".DS_Store").write_bytes(b"\0\1\2")
    return root


def open_folder(page: Page, folder: Path) -> None:
    page.get_by_test_id("source-picture").click()
    page.get_by_test_id("folder-input").set_input_files(folder)


def finished(page: Page) -> None:
    expect(page.get_by_test_id("sheet-note")).to_contain_text("looked at by", timeout=60_000)


def shown(page: Page) -> list[str]:
    """The names on the tiles, in the order that a screen reader says them."""
    return page.locator("#tile-list .tile-name").all_inner_texts()


def test_the_table_is_the_one_that_pytrain_predict_writes(
    open_page: Open, plain_browser: Browser, folder: Path, tmp_path: Path
) -> None:
    page = open_page(plain_browser, "/?model=four-shapes").page
    open_folder(page, folder)
    finished(page)
    with page.expect_download() as download:
        page.get_by_test_id("sheet-csv").click()
    assert download.value.suggested_filename == "four-shapes.csv"
    ours = list(csv.reader(Path(download.value.path()).read_text(encoding="utf-8").splitlines()))
    target = tmp_path / "python.csv"
    model = CHECKOUT / "exported_models" / "four-shapes"
    command = [sys.executable, "-m", "pytrain", "predict", str(model), "holiday", "--csv", str(target)]
    subprocess.run(command, cwd=folder.parent, check=True, capture_output=True)
    theirs = list(csv.reader(target.read_text(encoding="utf-8").splitlines()))
    assert ours[0] == theirs[0]
    python = {row[0].replace("\\", "/"): row for row in theirs[1:]}
    assert sorted(row[0] for row in ours[1:]) == sorted(python)
    for row in ours[1:]:
        assert row[1] == python[row[0]][1]
        # A browser decodes JPEG a little differently from Python.
        assert float(row[2]) == pytest.approx(float(python[row[0]][2]), abs=0.02)


def test_a_folder_dropped_on_the_page_is_gone_through(
    open_page: Open, plain_browser: Browser, folder: Path
) -> None:
    page = open_page(plain_browser, "/?model=four-shapes").page
    devtools = page.context.new_cdp_session(page)
    content = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        # As the system does it: only so does a browser open folders.
        devtools.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 400, "data": content})
    finished(page)
    expect(page.get_by_test_id("sheet-title")).to_have_text("21 files")
    paths = [tile.get_attribute("title") for tile in page.locator(".tile").all()]
    assert "holiday/1.jpg" in paths
    assert "holiday/day 2/0.jpg" in paths


def test_what_cannot_be_read_is_listed_by_name_with_the_reason(
    open_page: Open, plain_browser: Browser, folder: Path
) -> None:
    page = open_page(plain_browser, "/?model=four-shapes").page
    open_folder(page, folder)
    finished(page)
    expect(page.get_by_test_id("sheet-title")).to_have_text("21 files")
    problems = page.get_by_test_id("sheet-problems")
    expect(problems.locator("summary")).to_have_text("5 files could not be read")
    problems.locator("summary").click()
    for said in [
        "holiday/notes.txt is not a picture: it is a text",
        "holiday/lies.jpg is called a picture, but it is a PDF document",
        "holiday/empty.png is empty",
        "holiday/cut.png is damaged",
        "holiday/wall.png has 108 megapixels (12,000 x 9,000)",
    ]:
        expect(problems).to_contain_text(said)
    assert ".DS_Store" not in problems.inner_text()


def test_the_sheet_is_sorted_and_filtered_and_shows_one_large(
    open_page: Open, plain_browser: Browser, folder: Path
) -> None:
    page = open_page(plain_browser, "/?model=four-shapes").page
    open_folder(page, folder)
    finished(page)
    here, below = (1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15), (0, 4, 8, 12)
    assert shown(page) == [f"{number}.jpg" for number in (*here, *below)]
    page.get_by_test_id("sheet-filter").get_by_role("button", name="Star").click()
    stars = shown(page)
    assert set(stars) <= {f"{number}.jpg" for number in range(8, 12)}
    assert stars
    page.get_by_test_id("sheet-filter").get_by_role("button", name="All").click()
    by_name = page.locator("#tile-list .tile-answer").all_inner_texts()
    page.get_by_test_id("sheet-sort").select_option("answer")
    answers = page.locator("#tile-list strong").all_inner_texts()
    assert len(answers) == len(by_name)
    known = [answer for answer in answers if answer != "Not sure"]
    assert known == sorted(known)
    page.get_by_test_id("sheet-sort").select_option("name")
    assert page.locator("#tile-list .tile-answer").all_inner_texts() == by_name
    first = page.locator("#tile-list li[aria-posinset='1'] button")
    first.click()
    expect(page.get_by_test_id("answer")).to_have_attribute("data-label", "circle")


def test_the_tiles_are_walked_by_keyboard(open_page: Open, plain_browser: Browser, folder: Path) -> None:
    page = open_page(plain_browser, "/?model=four-shapes").page
    open_folder(page, folder)
    finished(page)
    page.get_by_test_id("sheet-sort").focus()
    page.keyboard.press("Tab")
    place = "document.activeElement.closest('li').ariaPosInSet"
    assert page.evaluate(place) == "1"
    for key, reached in [("ArrowRight", "2"), ("End", "16"), ("ArrowLeft", "15"), ("Home", "1")]:
        page.keyboard.press(key)
        assert page.evaluate(place) == reached
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("answer")).not_to_have_attribute("data-label", "")
    expect(page.locator("#picture-hint")).to_have_text("1.jpg")


def test_5000_files_at_once_stay_few_on_the_page_and_can_be_stopped(
    open_page: Open, plain_browser: Browser, tmp_path: Path
) -> None:
    picture = tmp_path / "picture.png"
    Image.fromarray(draw_classic("star", 5)).save(picture)
    page = open_page(plain_browser, "/?model=four-shapes").page
    expect(page.get_by_test_id("answer")).to_have_attribute("data-state", "idle")
    page.evaluate(DROP, [5000, list(picture.read_bytes()), 10, 3])
    expect(page.get_by_test_id("sheet-title")).to_have_text("5,000 files")
    page.wait_for_function("() => document.querySelector('#sheet-progress').value > 0.02", timeout=60_000)
    assert page.locator("#tile-list li").count() < 200
    # While it runs, the page answers: it sorts, filters, scrolls.
    page.get_by_test_id("sheet-sort").select_option("sure")
    expect(page.locator("#tile-list li[aria-posinset='1'] strong")).to_have_text("Star")
    page.get_by_test_id("tiles").evaluate("tiles => { tiles.scrollTop = tiles.scrollHeight }")
    expect(page.locator("#tile-list li strong", has_text="Waiting").first).to_be_visible()
    page.get_by_test_id("sheet-stop").click()
    note = page.get_by_test_id("sheet-note")
    expect(note).to_contain_text("Stopped at")
    stopped = note.inner_text()
    problems = page.get_by_test_id("sheet-problems").locator("summary")
    expect(problems).to_contain_text("could not be read")
    # Nothing goes on by itself; all that is there can be saved; then it goes on.
    page.wait_for_timeout(500)
    assert note.inner_text() == stopped
    expect(page.get_by_test_id("sheet-csv")).to_be_enabled()
    before = page.locator("#sheet-progress").evaluate("bar => bar.value")
    page.get_by_test_id("sheet-stop").click()
    page.wait_for_function(
        f"() => document.querySelector('#sheet-progress').value > {before} + 0.005", timeout=60_000
    )
    page.get_by_test_id("sheet-close").click()
    expect(page.get_by_test_id("sheet")).to_be_hidden()


def test_another_model_stops_the_sheet_and_looks_again_when_asked(
    open_page: Open, plain_browser: Browser, two_models: Server, tmp_path: Path
) -> None:
    picture = tmp_path / "picture.png"
    Image.fromarray(draw_classic("star", 5)).save(picture)
    page = open_page(plain_browser, "/?model=four-shapes", url=two_models.url).page
    expect(page.get_by_test_id("answer")).to_have_attribute("data-state", "idle")
    page.evaluate(DROP, [2000, list(picture.read_bytes()), 2001, 2000])
    page.wait_for_function("() => document.querySelector('#sheet-progress').value > 0.01")
    page.get_by_test_id("model-select").select_option("a-second")
    expect(page.get_by_test_id("sheet-note")).to_contain_text("Another model was chosen")
    expect(page.get_by_test_id("sheet-problems")).to_be_hidden()
    again = page.get_by_test_id("sheet-stop")
    expect(again).to_have_text("Again with a-second")
    expect(page.get_by_test_id("check")).to_have_text("Same as Python")
    again.click()
    expect(again).to_have_text("Stop")
    page.wait_for_function("() => document.querySelector('#sheet-progress').value > 0.005")


def test_a_huge_photograph_says_what_to_do(open_page: Open, plain_browser: Browser, folder: Path) -> None:
    page = open_page(plain_browser, "/?model=four-shapes").page
    page.get_by_test_id("file-input").set_input_files(folder / "wall.png")
    message = page.get_by_test_id("message")
    expect(message).to_contain_text("wall.png has 108 megapixels")
    expect(message).to_contain_text("at most 50 megapixels")
    expect(message).to_contain_text("Make it smaller first")


def test_48_megapixels_of_a_phone_are_classified(
    open_page: Open, plain_browser: Browser, tmp_path: Path
) -> None:
    star = Image.fromarray(draw_classic("star", 5)).convert("RGB")
    star.resize((8064, 6048), Image.Resampling.NEAREST).save(tmp_path / "phone.jpg", quality=80)
    page = open_page(plain_browser, "/?model=four-shapes").page
    page.get_by_test_id("file-input").set_input_files(tmp_path / "phone.jpg")
    expect(page.get_by_test_id("answer")).to_have_attribute("data-label", "star", timeout=60_000)


def test_axe_finds_nothing_about_the_sheet(open_page: Open, plain_browser: Browser, folder: Path) -> None:
    page = open_page(plain_browser, "/?model=four-shapes").page
    open_folder(page, folder)
    finished(page)
    page.get_by_test_id("sheet-problems").locator("summary").click()
    for _ in in_every_look(page, (390, 860), (1280, 860)):
        assert findings(page) == []
