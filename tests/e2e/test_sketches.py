"""The sketches run as they stand, and as pasted into somebody's own page."""

from __future__ import annotations

import re

import pytest
from live import CHECKOUT, Open, Server, serious
from playwright.sync_api import Browser, Page, expect

SKETCHES = sorted(path.parent.name for path in (CHECKOUT / "web" / "sketches").glob("*/sketch.js"))
MOST_LINES = 40


@pytest.mark.parametrize("name", SKETCHES)
def test_a_sketch_is_short_enough_to_copy(name: str) -> None:
    lines = (CHECKOUT / "web" / "sketches" / name / "sketch.js").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= MOST_LINES


@pytest.mark.parametrize("name", SKETCHES)
def test_a_sketch_names_what_the_camera_shows(
    open_page: Open, camera_browser: Browser, exported: Server, name: str
) -> None:
    page = open_page(camera_browser, f"/sketches/{name}/", url=exported.url).page
    expect(page.locator("canvas").first).to_be_visible()
    watch(page)
    page.wait_for_function("() => window.said.size === 4", timeout=60_000)


@pytest.mark.parametrize("name", SKETCHES)
def test_the_page_shows_the_source_and_copies_it(
    open_page: Open, camera_browser: Browser, exported: Server, name: str
) -> None:
    page = open_copying(open_page, camera_browser, exported, name)
    source = (CHECKOUT / "web" / "sketches" / name / "sketch.js").read_text(encoding="utf-8")
    # Where the sketch here counts on its own place, the copy has the whole address.
    source = re.sub(r"new URL\('\.\./\.\./(.+)', location\.href\)\.href", rf"'{exported.url}/\1'", source)
    expect(page.get_by_test_id("source")).to_have_text(re.compile(re.escape(source.splitlines()[0])))
    assert (page.get_by_test_id("source").text_content() or "").strip() == source.strip()
    page.get_by_test_id("copy-code").click()
    page.wait_for_function(
        "() => navigator.clipboard.readText().then((text) => text.includes('function draw'))"
    )
    copied = str(page.evaluate("navigator.clipboard.readText()"))
    assert copied.strip() == source.strip()


@pytest.mark.parametrize("name", SKETCHES)
def test_the_copied_page_runs_elsewhere(
    open_page: Open, camera_browser: Browser, exported: Server, name: str
) -> None:
    page = open_copying(open_page, camera_browser, exported, name)
    page.get_by_test_id("copy-page").click()
    page.wait_for_function("() => navigator.clipboard.readText().then((text) => text.includes('<script'))")
    html = str(page.evaluate("navigator.clipboard.readText()"))
    address = page.url.split("/sketches/")[0] + "/somebody-elses-page"
    page.route(address, lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(address)
    watch(page)
    page.wait_for_function("() => window.said.size > 0", timeout=60_000)


def open_copying(open_page: Open, browser: Browser, server: Server, name: str) -> Page:
    permissions = ["clipboard-read", "clipboard-write"]
    return open_page(browser, f"/sketches/{name}/", url=server.url, permissions=permissions).page


def watch(page: Page) -> None:
    """Writes down which of the shapes a sketch's own `label` says, while the camera goes through all four."""
    page.evaluate(
        """() => {
          window.said = new Set();
          setInterval(() => {
            if (['circle', 'square', 'star', 'triangle'].includes(label)) window.said.add(label);
          }, 100);
        }"""
    )


def test_the_gallery_leads_to_every_sketch(open_page: Open, plain_browser: Browser) -> None:
    page = open_page(plain_browser, "/sketches/").page
    for name in SKETCHES:
        expect(page.locator(f'a[href*="{name}"]').first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/sketches/", "/sketches/ml5-webcam/"])
def test_axe_finds_nothing_serious_about_sketches(
    open_page: Open, camera_browser: Browser, exported: Server, path: str, scheme: str
) -> None:
    page = open_page(camera_browser, path, url=exported.url, color_scheme=scheme).page
    assert serious(page) == []
