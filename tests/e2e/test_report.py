"""The report as people use it: from disk to look, from the server to put labels right and train again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from live import Open, Server, findings
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from pytrain.dataset.image_folder import Picture
from pytrain.evaluation.calibration import Calibration
from pytrain.evaluation.judged import BackboneFacts, Judged, Outsiders, TransferReport
from pytrain.evaluation.report import write_transfer_report

LABELS = ("blue", "green", "red")
EACH = 12
WRONG = 3
"""The picture of `blue` that lies in the wrong folder: it is red."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a data set of coloured cards, a model's report on them and the run that made it."""
    source = tmp_path / "datasets" / "cards"
    pictures = [card(source, label, number) for label in range(3) for number in range(EACH)]
    report = TransferReport(
        title="cards",
        source=source,
        backbone=BackboneFacts("efficientnet-lite0", 3_400_000),
        judged=judged(pictures),
        calibration=Calibration(1.0, 0.5, "unknown pictures", 0.0, 0.0, 0.1, 0.1, 0.1, 0.02),
        phases=(),
        settings={"seed": 0},
    )
    models = tmp_path / "exported_models"
    write_transfer_report(models / "cards" / "report", report)
    run = models / ".runs" / "cards"
    run.mkdir(parents=True)
    settings = {"source": str(source), "command": ["--version"]}
    (run / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    return tmp_path


def card(source: Path, label: int, number: int) -> Picture:
    """A card of one colour, each of another shade; one of them lies in the wrong folder."""
    colour = 0 if (label, number) == (0, WRONG) else 2 - label
    pixels = np.full((60, 80, 3), 3 * number, np.uint8)
    pixels[:, :, colour] = 200 + number
    path = source / LABELS[label] / f"{number:02}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return Picture(path, LABELS[label], hashlib.sha256(path.read_bytes()).hexdigest())


def judged(pictures: list[Picture]) -> Judged:
    truth = np.repeat(np.arange(3), EACH)
    looks = truth.copy()
    looks[WRONG] = 2
    probabilities = np.full((len(truth), 3), 0.02, np.float32)
    probabilities[np.arange(len(truth)), looks] = 0.96
    # One picture that nobody could be sure of.
    probabilities[EACH] = (0.3, 0.4, 0.3)
    known = probabilities.max(axis=1)
    outsiders = Outsiders("generated scenes", np.linspace(0.1, 0.45, 30).astype(np.float32), True)
    groups = np.arange(len(truth))
    method = "5-fold cross-validation"
    return Judged(LABELS, tuple(pictures), truth, probabilities, known, known, groups, (outsiders,), method)


@pytest.fixture
def cards(place: Path) -> Iterator[Server]:
    """A server whose own model is called cards."""
    started = Server(place)
    yield started
    started.stop()


PAGE = "/models/cards/report/index.html"


def cell(page: Page, truth: str, answer: str) -> None:
    row, column = LABELS.index(truth), LABELS.index(answer)
    page.locator(f'button[data-cell="{row},{column}"]').click()


def test_from_disk_a_cell_opens_its_pictures_and_nothing_can_be_changed(
    open_page: Open, plain_browser: Browser, place: Path
) -> None:
    folder = (place / "exported_models").as_uri()
    page = open_page(plain_browser, PAGE.removeprefix("/models"), url=folder).page
    cell(page, "blue", "red")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("blue called red: 1")
    picture = dialog.get_by_role("img")
    expect(picture).to_have_count(1)
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 144
    expect(dialog).to_contain_text("is blue")
    expect(page.locator("select")).to_have_count(0)
    expect(page.get_by_text("Wrong label?")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_cells_are_reached_by_keyboard(open_page: Open, plain_browser: Browser, place: Path) -> None:
    folder = (place / "exported_models").as_uri()
    page = open_page(plain_browser, PAGE.removeprefix("/models"), url=folder).page
    page.locator('button[data-cell="0,2"]').focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("blue called red: 1")
    page.keyboard.press("Escape")
    expect(page.locator('button[data-cell="0,2"]')).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_report_is_accessible_and_never_wider_than_the_screen(
    open_page: Open, plain_browser: Browser, cards: Server, scheme: str, width: int
) -> None:
    look = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    page = open_page(plain_browser, PAGE, url=cards.url, **look).page
    expect(page.get_by_text("Wrong label?").first).to_be_attached()
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    cell(page, "blue", "red")
    assert findings(page) == []


def test_a_wrong_label_is_put_right_undone_and_trained_on(
    open_page: Open, plain_browser: Browser, cards: Server, place: Path
) -> None:
    source = place / "datasets" / "cards"
    page = open_page(plain_browser, PAGE, url=cards.url).page
    cell(page, "blue", "red")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Wrong label?").click()
    dialog.get_by_role("combobox").select_option("red")
    expect(dialog).to_contain_text("Now red")
    assert (source / "red" / f"{WRONG:02}-2.png").is_file()
    assert not (source / "blue" / f"{WRONG:02}.png").exists()

    dialog.get_by_role("button", name="Undo").click()
    expect(dialog.get_by_role("button", name="Wrong label?")).to_be_visible()
    assert (source / "blue" / f"{WRONG:02}.png").is_file()
    page.keyboard.press("Escape")

    # The same picture stands among the likely label errors, with the answer beside it.
    page.get_by_role("button", name="It is red").click()
    bar = page.get_by_role("complementary", name="Changes")
    expect(bar).to_contain_text("1 change")
    assert (source / "red" / f"{WRONG:02}-2.png").is_file()
    with page.expect_navigation():
        bar.get_by_role("button", name="Train again").click()
    expect(bar).to_contain_text("1 change")


def test_a_picture_is_taken_out(open_page: Open, plain_browser: Browser, cards: Server, place: Path) -> None:
    page = open_page(plain_browser, PAGE, url=cards.url).page
    cell(page, "green", "green")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Wrong label?").first.click()
    dialog.get_by_role("combobox").select_option("remove")
    expect(dialog).to_contain_text("Removed")
    assert len(list((place / "datasets" / "cards" / ".removed" / "green").iterdir())) == 1


def test_a_training_that_fails_says_why(
    open_page: Open, plain_browser: Browser, cards: Server, place: Path
) -> None:
    settings = place / "exported_models" / ".runs" / "cards" / "settings.json"
    content = json.loads(settings.read_text(encoding="utf-8"))
    settings.write_text(json.dumps({**content, "command": ["verify", "none"]}), encoding="utf-8")
    page = open_page(plain_browser, PAGE, url=cards.url).page
    page.get_by_role("button", name="It is red").click()
    bar = page.get_by_role("complementary", name="Changes")
    bar.get_by_role("button", name="Train again").click()
    expect(bar.get_by_role("alert")).to_contain_text("the model is as it was")
    bar.get_by_text("What it said").click()
    expect(bar).to_contain_text("There is no model")


def test_a_training_can_be_stopped(
    open_page: Open, plain_browser: Browser, cards: Server, place: Path
) -> None:
    settings = place / "exported_models" / ".runs" / "cards" / "settings.json"
    content = json.loads(settings.read_text(encoding="utf-8"))
    settings.write_text(json.dumps({**content, "command": ["serve", "--port", "0"]}), encoding="utf-8")
    page = open_page(plain_browser, PAGE, url=cards.url).page
    page.get_by_role("button", name="It is red").click()
    bar = page.get_by_role("complementary", name="Changes")
    bar.get_by_role("button", name="Train again").click()
    expect(bar).to_contain_text("The page is at")
    page.reload()
    expect(bar).to_contain_text("Training")
    bar.get_by_role("button", name="Stop").click()
    expect(bar.get_by_role("button", name="Train again")).to_be_visible()
