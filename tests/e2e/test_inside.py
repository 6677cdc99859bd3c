"""Look inside: layers, maps and filters of what the camera shows, and a kernel whose sums are right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elsewhere import keep_in_browser
from live import Open, ask_camera, findings, in_every_look
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from pytrain.dataset.four_shapes import draw_classic

PIXELS = """canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]"""
"""RGBA of a canvas."""


def open_inside(open_page: Open, browser: Browser, query: str = "", **options: Any) -> Page:
    page: Page = open_page(browser, f"/inside/{query}", **options).page
    expect(page.locator("[data-testid=strip] button").first).to_be_visible()
    return page


def choose_picture(page: Page, folder: Path, pixels: np.ndarray[Any, Any]) -> None:
    path = folder / "picture.png"
    Image.fromarray(pixels).save(path)
    page.get_by_test_id("file-input").set_input_files(path)


def pixels_of(page: Page, testid: str) -> np.ndarray[Any, Any]:
    """uint8 [height, width, 4]."""
    canvas = page.get_by_test_id(testid)
    width, height = canvas.evaluate("canvas => [canvas.width, canvas.height]")
    return np.array(canvas.evaluate(PIXELS), np.uint8).reshape(height, width, 4)


def lit(page: Page, selector: str) -> list[int]:
    """For each canvas, how many colours it shows."""
    return list(
        page.locator(selector).evaluate_all(
            """all => all.map((canvas) => {
              const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
              return new Set(new Uint32Array(data.buffer)).size;
            })"""
        )
    )


def test_the_answer_and_every_layer_follow_the_camera(open_page: Open, camera_browser: Browser) -> None:
    page = open_inside(open_page, camera_browser)
    ask_camera(page)
    page.wait_for_function(
        """() => {
          window.seen ??= new Set();
          window.seen.add(document.querySelector('[data-testid=answer]').dataset.label);
          return ['circle', 'square', 'star', 'triangle'].every((label) => window.seen.has(label));
        }""",
        timeout=60_000,
    )
    names = page.locator("[data-testid=strip] strong").all_text_contents()
    assert names[:2] == ["lens", "stem_conv"]
    assert names[-1] == "probabilities"
    assert min(lit(page, "[data-testid=strip] canvas")) > 1


def test_the_maps_of_the_chosen_layer_stand_most_active_first(
    open_page: Open, plain_browser: Browser, tmp_path: Path
) -> None:
    page = open_inside(open_page, plain_browser)
    choose_picture(page, tmp_path, draw_classic("star", 5))
    expect(page.get_by_test_id("answer")).to_have_attribute("data-label", "star")
    page.locator("[data-layer=block2_conv]").click()
    expect(page.get_by_test_id("layer-name")).to_have_text("block2_conv: 48 maps of 14 x 14")
    tiles = page.locator("[data-testid=maps] button")
    expect(tiles).to_have_count(48)
    page.wait_for_function("() => document.querySelector('[data-testid=maps] canvas').width === 14")
    shown = tiles.evaluate_all("all => all.map((tile) => Number(tile.ariaLabel.replace('Map ', '')) - 1)")
    activity = page.evaluate(
        """async () => {
          const { imageClassifier } = await import('../pytrain.mjs');
          const classifier = await imageClassifier('four-shapes', { backend: 'wasm' });
          const picture = document.querySelector('#picture');
          const { block2_conv: { values } } = await classifier.activations(picture, 'block2_conv');
          classifier.dispose();
          const sums = Array(48).fill(0);
          values.forEach((value, at) => { sums[at % 48] += Math.abs(value); });
          return sums;
        }"""
    )
    in_order = [activity[channel] for channel in shown]
    assert sorted(shown) == list(range(48))
    assert in_order == pytest.approx(sorted(activity, reverse=True), abs=1e-3)


def test_a_map_is_enlarged_over_the_picture(open_page: Open, plain_browser: Browser, tmp_path: Path) -> None:
    page = open_inside(open_page, plain_browser)
    choose_picture(page, tmp_path, draw_classic("square", 5))
    page.wait_for_function("() => document.querySelector('[data-testid=maps] canvas').width === 28")
    tile = page.locator("[data-testid=maps] button").first
    name = tile.get_attribute("aria-label") or ""
    tile.click()
    expect(tile).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_test_id("stamp")).to_have_text(f"stem_conv, {name.lower()}")
    over = page.get_by_test_id("over")
    expect(over).to_be_visible()
    assert len(np.unique(pixels_of(page, "over")[..., 3])) > 10
    page.get_by_test_id("blend").click()
    page.wait_for_function("() => document.querySelector('[data-testid=over]').width === 28")
    assert set(np.unique(pixels_of(page, "over")[..., 3])) == {255}
    tile.click()
    expect(over).to_be_hidden()


def test_brightness_is_measured_for_each_map_or_for_all(
    open_page: Open, plain_browser: Browser, tmp_path: Path
) -> None:
    page = open_inside(open_page, plain_browser)
    choose_picture(page, tmp_path, draw_classic("circle", 5))
    page.wait_for_function("() => document.querySelector('[data-testid=maps] canvas').width === 28")

    def brightest() -> list[int]:
        return list(
            page.locator("[data-testid=maps] canvas").evaluate_all(
                """all => all.map((canvas) => {
                  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
                  let most = 0;
                  for (let at = 0; at < data.length; at += 4) most = Math.max(most, data[at + 1]);
                  return most;
                })"""
            )
        )

    # Each by itself: whatever a map found most is white. Alike: only one of all maps gets that far.
    each = brightest()
    assert sum(value > 240 for value in each) > 5
    page.get_by_test_id("scale").select_option("all")
    alike = brightest()
    assert 1 <= sum(value > 240 for value in alike) < sum(value > 240 for value in each)


def test_where_it_looks_lies_over_the_picture(
    open_page: Open, plain_browser: Browser, tmp_path: Path
) -> None:
    page = open_inside(open_page, plain_browser)
    # A star in the upper left of a wide white sheet.
    sheet = np.full((400, 400, 3), 255, np.uint8)
    sheet[20:220, 20:220] = np.asarray(Image.fromarray(draw_classic("star", 5)).resize((200, 200)))
    choose_picture(page, tmp_path, sheet)
    expect(page.get_by_test_id("heat")).to_be_enabled()
    page.get_by_test_id("heat").click()
    expect(page.get_by_test_id("stamp")).to_have_text("Where it looks")
    red, _, _, alpha = np.moveaxis(pixels_of(page, "over").astype(float), -1, 0)
    glow = np.where(red > 200, alpha, 0)
    half = glow.shape[0] // 2
    assert glow[:half, :half].sum() > 0.8 * glow.sum() > 0


def test_filters_stand_beside_what_they_find(open_page: Open, camera_browser: Browser) -> None:
    page = open_inside(open_page, camera_browser)
    ask_camera(page)
    page.get_by_test_id("view-filters").click()
    patterns = page.locator("[data-testid=filters] .pattern")
    expect(patterns).to_have_count(24)
    assert patterns.first.evaluate("canvas => [canvas.width, canvas.height]") == [5, 5]
    assert min(lit(page, "[data-testid=filters] .pattern")) > 5
    page.wait_for_function(
        "() => document.querySelector('[data-testid=filters] li canvas:last-child').width === 28"
    )
    assert max(lit(page, "[data-testid=filters] li canvas:last-child")) > 5


def open_bench(open_page: Open, browser: Browser, folder: Path, pixels: np.ndarray[Any, Any]) -> Page:
    page = open_inside(open_page, browser)
    page.get_by_test_id("view-bench").click()
    choose_picture(page, folder, pixels)
    expect(page.get_by_test_id("sizes")).not_to_be_empty()
    return page


def grey_picture() -> np.ndarray[Any, Any]:
    """uint8 [224, 224, 3]: a grey picture of the size that networks get, so that nothing is resized."""
    values = np.random.default_rng(5).integers(0, 256, (28, 28), dtype=np.uint8)
    return np.repeat(np.kron(values, np.ones((8, 8), np.uint8))[..., None], 3, axis=2)


def set_kernel(page: Page, numbers: list[float]) -> None:
    for at, number in enumerate(numbers):
        page.get_by_test_id(f"cell-{at}").fill(f"{number:g}")


def convolved(values: np.ndarray[Any, Any], kernel: np.ndarray[Any, Any], stride: int, padding: str) -> Any:
    """What Keras's convolution gives: [height, width] to [height, width]."""
    import keras

    out = keras.ops.conv(
        values[None, ..., None].astype(np.float32),
        kernel[..., None, None].astype(np.float32),
        strides=stride,
        padding=padding,
    )
    return np.asarray(out)[0, ..., 0]


def wait_for_result(page: Page, expected: np.ndarray[Any, Any]) -> None:
    """Until the result's pixels are these, 0 to 255; rounding may differ by one."""
    height, width = expected.shape
    page.wait_for_function(
        """([height, width, expected]) => {
          const canvas = document.querySelector('[data-testid=result]');
          if (canvas.width !== width || canvas.height !== height) return false;
          const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
          return expected.every((value, at) => Math.abs(data[4 * at] - value) <= 1);
        }""",
        arg=[height, width, np.rint(expected).astype(int).ravel().tolist()],
    )


@pytest.mark.parametrize(
    ("stride", "padding", "sizes"),
    [
        (1, "same", "224 x 224 → 224 x 224"),
        (2, "same", "224 x 224 → 112 x 112"),
        (3, "valid", "224 x 224 → 74 x 74"),
    ],
)
def test_the_bench_adds_up_as_keras_does(
    open_page: Open, plain_browser: Browser, tmp_path: Path, stride: int, padding: str, sizes: str
) -> None:
    picture = grey_picture()
    page = open_bench(open_page, plain_browser, tmp_path, picture)
    kernel = np.array([[0, -1, 0.5], [2, 1, -1], [0, 0.5, -1]])
    set_kernel(page, kernel.ravel().tolist())
    page.get_by_test_id("divide").fill("2")
    page.get_by_test_id("stride").select_option(str(stride))
    page.get_by_test_id("padding").select_option(padding)
    page.get_by_test_id("shown").select_option("signed")
    result = convolved(picture[..., 0] / 255, kernel / 2, stride, padding)
    wait_for_result(page, np.clip(127.5 + 127.5 * result, 0, 255))
    expect(page.get_by_test_id("sizes")).to_have_text(sizes)


@pytest.mark.parametrize(("kind", "fold"), [("max", np.max), ("average", np.mean)])
def test_pooling_keeps_one_of_four(
    open_page: Open, plain_browser: Browser, tmp_path: Path, kind: str, fold: Any
) -> None:
    picture = grey_picture()
    page = open_bench(open_page, plain_browser, tmp_path, picture)
    page.get_by_role("button", name="Box blur").click()
    page.get_by_test_id("stride").select_option("2")
    page.get_by_test_id("pooling").select_option(kind)
    result = convolved(picture[..., 0] / 255, np.ones((3, 3)) / 9, 2, "same")
    pooled = fold(result.reshape(56, 2, 56, 2), axis=(1, 3))
    wait_for_result(page, 255 * pooled)
    expect(page.get_by_test_id("sizes")).to_have_text("224 x 224 → 112 x 112 → 56 x 56")


def test_a_kernel_of_five_by_five_and_each_colour(
    open_page: Open, plain_browser: Browser, tmp_path: Path
) -> None:
    picture = grey_picture()
    picture[..., 1] = picture[::-1, :, 1]
    page = open_bench(open_page, plain_browser, tmp_path, picture)
    page.get_by_test_id("kernel-side").select_option("5")
    page.get_by_role("button", name="Soft blur").click()
    page.get_by_test_id("colour").select_option("colour")
    row = np.array([1, 4, 6, 4, 1]) / 16
    wait_for_result(page, 255 * convolved(picture[..., 0] / 255, np.outer(row, row), 1, "same"))
    green = 255 * convolved(picture[..., 1] / 255, np.outer(row, row), 1, "same")
    assert np.abs(pixels_of(page, "result")[..., 1] - green).max() <= 1


def test_a_pixel_of_the_result_says_how_it_was_added_up(
    open_page: Open, plain_browser: Browser, tmp_path: Path
) -> None:
    picture = grey_picture()
    page = open_bench(open_page, plain_browser, tmp_path, picture)
    page.get_by_role("button", name="Edges across").click()
    result = page.get_by_test_id("result")
    result.focus()
    page.keyboard.press("ArrowRight")
    value = convolved(picture[..., 0] / 255, np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 4, 1, "same")
    expect(page.get_by_test_id("probe")).to_contain_text("Row 113, column 114")
    said = f"{value[112, 113]:.2f}".replace("-0.00", "0.00")
    expect(page.get_by_test_id("probe")).to_contain_text(said)
    below = page.locator("[data-testid=kernel] small").all_text_contents()
    expected = (picture[111:114, 112:115, 0] / 255).ravel()
    assert [float(number) for number in below] == pytest.approx(expected, abs=0.006)
    expect(page.get_by_test_id("over")).to_be_visible()


def test_numbers_change_by_keys_and_by_buttons(
    open_page: Open, plain_browser: Browser, tmp_path: Path
) -> None:
    page = open_bench(open_page, plain_browser, tmp_path, grey_picture())
    page.get_by_role("button", name="Identity").click()
    cell = page.get_by_test_id("cell-4")
    cell.focus()
    page.keyboard.press("ArrowUp")
    expect(cell).to_have_value("2")
    page.keyboard.press("Shift+ArrowDown")
    expect(cell).to_have_value("1.9")
    page.keyboard.press("Control+ArrowRight")
    expect(page.get_by_test_id("cell-5")).to_be_focused()
    page.get_by_test_id("plus").click()
    page.get_by_test_id("sign").click()
    expect(page.get_by_test_id("cell-5")).to_have_value("-1")
    expect(page.get_by_test_id("kernel-says")).to_contain_text("adds up to 0.9")
    page.get_by_test_id("cell-0").fill("much")
    expect(page.get_by_test_id("cell-0")).to_have_attribute("aria-invalid", "true")
    page.get_by_test_id("cell-1").focus()
    expect(page.get_by_test_id("cell-0")).to_have_value("0")


def test_a_drawing_is_looked_into_when_it_changes(open_page: Open, plain_browser: Browser) -> None:
    page = open_inside(open_page, plain_browser)
    page.get_by_test_id("source-pad").click()
    box = page.get_by_test_id("pad").bounding_box()
    assert box is not None
    corners = [(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75), (0.25, 0.25)]
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*points[0])
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(x, y, steps=8)
    page.mouse.up()
    expect(page.get_by_test_id("answer")).to_have_attribute("data-label", "square")


def test_the_page_opens_models_of_the_browsers_own(open_page: Open, plain_browser: Browser) -> None:
    page = open_inside(open_page, plain_browser)
    keep_in_browser(page, "mine")
    page.goto(page.url + "?model=browser:mine")
    expect(page.get_by_test_id("model-select")).to_have_value("browser:mine")
    expect(page.locator("[data-layer=stem_conv]")).to_be_visible()


def test_the_whole_page_by_keyboard(open_page: Open, camera_browser: Browser) -> None:
    page = open_inside(open_page, camera_browser)
    ask_camera(page)
    page.get_by_test_id("view-layers").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_test_id("model-select")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("[data-layer=stem_conv]")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("layer-name")).to_contain_text("block1_conv")
    first = page.locator("[data-testid=maps] button").first
    # Past brightness and order; a button that is not to be used yet is passed over.
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("stamp")).to_contain_text("block1_conv, map")
    page.get_by_test_id("view-layers").focus()
    page.keyboard.press("End")
    expect(page.get_by_test_id("kernel")).to_be_visible()


def test_axe_finds_nothing(open_page: Open, camera_browser: Browser) -> None:
    page = open_inside(open_page, camera_browser)
    ask_camera(page)
    tabs = page.locator("[data-testid^=view-]")
    for view in ("layers", "filters", "bench"):
        page.get_by_test_id(f"view-{view}").click()
        for width in in_every_look(page, (390, 844), (1280, 900)):
            assert findings(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert max(tabs.evaluate_all("all => all.map((tab) => tab.offsetHeight)")) < 50, "in one line"
