"""Take away: what the page offers runs as it is pasted, in pages of another origin and in Python."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from elsewhere import keep_in_browser, pasted, relabelled
from live import Open, Server, findings, in_every_look, until
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from pytrain.dataset.four_shapes import draw_classic

LABELS = ["circle", "square", "star", "triangle"]
ANSWER = "document.querySelector('#answer').textContent"

SAYS = {
    "p5": "label",
    "ml5": "label",
    "teachable-machine": ANSWER,
    "javascript": f"{ANSWER}.split(',')[0]",
}
"""Ways that are pages, and what each says it sees: an expression in the pasted page."""

PROGRAMS = ("python", "keras")


def open_take_away(open_page: Open, browser: Browser, query: str = "", url: str | None = None) -> Page:
    permissions = ["clipboard-read", "clipboard-write"]
    page: Page = open_page(browser, f"/take-away/{query}", url=url, permissions=permissions).page
    expect(page.get_by_test_id("code")).not_to_be_empty()
    return page


def copied(page: Page, way: str) -> str:
    """The code of a way, as the button gives it."""
    page.get_by_test_id(f"way-{way}").click()
    expect(page.get_by_test_id(f"way-{way}")).to_have_attribute("aria-selected", "true")
    page.evaluate("navigator.clipboard.writeText('')")
    page.get_by_test_id("copy-code").click()
    until(page, "navigator.clipboard.readText().then((text) => text !== '')")
    text = str(page.evaluate("navigator.clipboard.readText()")).replace("\r\n", "\n")
    assert text == page.get_by_test_id("code").text_content()
    return text


def sees_all_shapes(page: Page, says: str) -> None:
    page.wait_for_function(
        f"""() => {{
          window.said ??= new Set();
          window.said.add({says});
          return ['circle', 'square', 'star', 'triangle'].every((label) => window.said.has(label));
        }}""",
        timeout=60_000,
    )


@pytest.mark.parametrize("way", SAYS)
def test_a_page_runs_as_pasted_on_another_origin(open_page: Open, camera_browser: Browser, way: str) -> None:
    page = open_take_away(open_page, camera_browser)
    html = copied(page, way)
    page.context.close()
    with pasted(camera_browser, html) as elsewhere:
        sees_all_shapes(elsewhere, SAYS[way])


@pytest.mark.parametrize("way", SAYS)
def test_a_page_runs_as_pasted_beside_a_model_that_was_in_the_browser(
    open_page: Open, camera_browser: Browser, way: str
) -> None:
    page = open_take_away(open_page, camera_browser)
    keep_in_browser(page, "my shapes")
    page.goto(page.url.partition("#")[0] + "?model=browser:my%20shapes")
    expect(page.get_by_test_id("first")).to_be_visible()
    html = copied(page, way)
    with page.expect_download() as download:
        page.get_by_test_id("download").click()
    assert download.value.suggested_filename == "my shapes.zip"
    files = {}
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        for name in archive.namelist():
            files[f"my shapes/{name}"] = archive.read(name)
    page.context.close()
    assert "my shapes/metadata.json" in files
    with pasted(camera_browser, html, files=files) as elsewhere:
        sees_all_shapes(elsewhere, SAYS[way])


def run(program: str, folder: Path) -> list[tuple[str, float]]:
    """Runs a pasted program in a process of its own; what it prints: label and per cent, best first."""
    (folder / "predict.py").write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "predict.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [(label, float(share)) for label, share in re.findall(r"^(.+): ([\d.]+)%$", done.stdout, re.M)]


@pytest.fixture(scope="module")
def with_photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the shipped model, and a wide photo with a star in its middle."""
    folder = tmp_path_factory.mktemp("python")
    relabelled(folder, "four-shapes", LABELS)
    photo = np.full((300, 460, 3), 255, np.uint8)
    photo[:, 80:380] = np.asarray(Image.fromarray(draw_classic("star", 5)).resize((300, 300)))
    Image.fromarray(photo).save(folder / "photo.jpg", quality=95)
    return folder


def test_the_programs_run_as_pasted_and_agree(
    open_page: Open, plain_browser: Browser, with_photo: Path
) -> None:
    page = open_take_away(open_page, plain_browser)
    first, second = (run(copied(page, way), with_photo) for way in PROGRAMS)
    assert first[0][0] == "star"
    assert [label for label, _ in first] == [label for label, _ in second]
    assert [share for _, share in second] == pytest.approx([share for _, share in first], abs=0.11)


def test_keras_alone_is_enough_for_the_program_without_pytrain(
    open_page: Open, plain_browser: Browser, with_photo: Path
) -> None:
    page = open_take_away(open_page, plain_browser)
    program = copied(page, "keras")
    assert "pytrain" not in re.sub(r"#.*", "", program)
    blocked = "import sys\nsys.modules['pytrain'] = None\n" + program
    assert run(blocked, with_photo)[0][0] == "star"


def test_the_command_publishes_the_model(open_page: Open, plain_browser: Browser, tmp_path: Path) -> None:
    page = open_take_away(open_page, plain_browser)
    command = (page.get_by_test_id("publish").text_content() or "").splitlines()[0]
    assert command == "pytrain publish four-shapes --out site"
    relabelled(tmp_path, "four-shapes", LABELS)
    done = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "models" / "four-shapes" / "graph.json").is_file()


@pytest.fixture(scope="module")
def odd_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a model that has no model.json, one that no Python made, and one with an odd name."""
    folder = tmp_path_factory.mktemp("odd")
    for name in ("no-layers", "from-browser", "it's mine"):
        path = relabelled(folder, name, LABELS)
        metadata = json.loads((path / "metadata.json").read_text(encoding="utf-8"))
        if name == "no-layers":
            metadata["pytrain"]["formats"] = {"layers": False, "graph": True}
        if name == "from-browser":
            metadata["pytrain"]["versions"] = {"tfjs": "4.22.0"}
        (path / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    started = Server(folder)
    yield started
    started.stop()


def test_only_what_the_model_can_do_is_offered(
    open_page: Open, plain_browser: Browser, odd_models: Server
) -> None:
    page = open_take_away(open_page, plain_browser, "?model=no-layers", odd_models.url)
    offered = page.locator("[role=tab] strong")
    expect(offered).to_have_text(["p5.js", "JavaScript", "Python", "Keras"])
    page.get_by_test_id("model-select").select_option("from-browser")
    expect(offered).to_have_text(["p5.js", "ml5.js", "Teachable Machine", "JavaScript"])


def test_a_name_with_a_quote_and_a_space_runs_too(
    open_page: Open, camera_browser: Browser, odd_models: Server, with_photo: Path, tmp_path: Path
) -> None:
    page = open_take_away(open_page, camera_browser, "?model=it%27s%20mine", odd_models.url)
    html = copied(page, "ml5")
    sketch = copied(page, "p5")
    program = copied(page, "python")
    page.context.close()
    for code in (html, sketch):
        with pasted(camera_browser, code) as elsewhere:
            elsewhere.wait_for_function(f"() => {json.dumps(LABELS)}.includes(label)", timeout=60_000)
    relabelled(tmp_path, "it's mine", LABELS)
    (tmp_path / "photo.jpg").write_bytes((with_photo / "photo.jpg").read_bytes())
    assert run(program, tmp_path)[0][0] == "star"


def test_what_was_chosen_stays_in_the_address(open_page: Open, plain_browser: Browser) -> None:
    page = open_take_away(open_page, plain_browser)
    page.get_by_test_id("way-p5").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_test_id("way-ml5")).to_be_focused()
    expect(page.get_by_test_id("code")).to_contain_text("ml5.imageClassifier")
    page.keyboard.press("End")
    page.reload()
    expect(page.get_by_test_id("code")).to_contain_text("keras.saving.load_model")


def test_the_file_that_is_saved_is_the_code_that_is_shown(open_page: Open, plain_browser: Browser) -> None:
    page = open_take_away(open_page, plain_browser)
    page.get_by_test_id("way-javascript").click()
    with page.expect_download() as download:
        page.get_by_test_id("save-code").click()
    assert download.value.suggested_filename == "index.html"
    saved = Path(download.value.path()).read_text(encoding="utf-8")
    assert saved == page.get_by_test_id("code").text_content()


def test_axe_finds_nothing(open_page: Open, plain_browser: Browser) -> None:
    page = open_page(plain_browser, "/take-away/").page
    expect(page.get_by_test_id("code")).not_to_be_empty()
    keep_in_browser(page, "mine")
    page.goto(page.url.partition("#")[0] + "?model=browser:mine")
    expect(page.get_by_test_id("first")).to_be_visible()
    for width in in_every_look(page, (390, 844), (1280, 900)):
        assert findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
