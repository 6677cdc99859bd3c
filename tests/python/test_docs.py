"""The documentation says what the code does."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

import pytrain

CHECKOUT = Path(__file__).resolve().parents[2]


def test_the_commands_page_is_the_commands_own_help() -> None:
    made = runpy.run_path(str(CHECKOUT / "docs" / "make_commands.py"))["text"]()
    written = (CHECKOUT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert written == made, "run: python docs/make_commands.py"


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CHANGELOG.md",
        *sorted(f"docs/{page.name}" for page in (CHECKOUT / "docs").glob("*.md")),
    ],
)
def test_every_link_leads_somewhere(page: str) -> None:
    text = (CHECKOUT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        if not target.startswith("http"):
            assert ((CHECKOUT / page).parent / target).exists(), target


def test_the_album_shows_every_page_of_the_studio() -> None:
    album = runpy.run_path(str(CHECKOUT / "docs" / "take_pictures.py"))["ALBUM"]
    source = (CHECKOUT / "web" / "pages.mjs").read_text(encoding="utf-8")
    places = re.findall(r"^  '?([\w-]*)'?: '[A-Z]", source, re.MULTILINE)
    assert len(places) == 5
    assert {f"/{place}/".replace("//", "/") for place in places} <= {path for path, _ in album.values()}


def test_the_readme_has_its_figures() -> None:
    assert "@@" not in (CHECKOUT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(set(pytrain.__all__) - {"__version__"}))
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert getattr(pytrain, name).__doc__


def test_the_version_is_the_same_everywhere() -> None:
    for page, pattern in [
        ("pyproject.toml", r'^version = "(.+)"'),
        ("package.json", r'"version": "(.+)"'),
        ("CHANGELOG.md", r"^## (\d\S+)"),
    ]:
        found = re.search(pattern, (CHECKOUT / page).read_text(encoding="utf-8"), re.MULTILINE)
        assert found is not None, page
        assert found[1] == pytrain.__version__, page
