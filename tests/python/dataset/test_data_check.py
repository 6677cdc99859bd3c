"""pytrain data check: everything odd about a folder is in the table, the JSON and the page."""

import json
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from pytrain.cli import main
from pytrain.dataset.findings import examine


def noise(seed, size=(160, 120)):
    draw = np.random.default_rng(seed)
    small = Image.fromarray(draw.integers(0, 256, (12, 12, 3), dtype=np.uint8))
    return small.resize(size, Image.Resampling.BICUBIC)


@pytest.fixture
def messy(tmp_path):
    """A folder with one of everything."""
    root = tmp_path / "мои фото <b>"
    for label, count in (("cats", 30), ("dogs", 4), ("birds", 22)):
        (root / label).mkdir(parents=True)
        for number in range(count):
            noise(first_seed(label) + number).save(
                root / label / f"{chr(97 + number % 26)}{number // 26}.png"
            )
    cats, dogs, birds = (root / label for label in ("cats", "dogs", "birds"))
    shutil.copy(cats / "a0.png", cats / "a0 copy.png")
    shutil.copy(cats / "b0.png", dogs / "b0.png")
    noise(first_seed("cats") + 2).save(birds / "from cats.jpg", quality=60)
    noise(first_seed("cats") + 3).save(cats / "again.jpg", quality=60)
    noise(7000, (40, 30)).save(birds / "small.png")
    noise(7001, (700, 100)).save(birds / "wide.png")
    noise(7002, (200, 200)).resize((5200, 5000)).save(birds / "large.jpg")
    Image.new("RGB", (90, 90), "white").save(birds / "white.png")
    (birds / "text.png").write_text("no picture", encoding="utf-8")
    (birds / "cut.png").write_bytes((birds / "a0.png").read_bytes()[:-200])
    noise(7003).save(root / "loose.png")
    return root


def first_seed(label):
    return {"cats": 100, "dogs": 200, "birds": 300}[label]


def test_everything_is_found(messy):
    examination = examine(messy)
    found = {finding.kind: finding for finding in examination.findings}
    assert {kind: finding.what for kind, finding in found.items()} == {
        "unreadable": "Unreadable: 2 files.",
        "two labels": "The very same bytes under two labels: 1 picture.",
        "alike across": "Nearly the same pictures under two labels: 1 group.",
        "blank": "Nothing but a plain surface: 1 picture.",
        "few": "'dogs' has 3 pictures.",
        "imbalance": "'cats' has 10 times as many pictures as 'dogs' (31 and 3).",
        "stray": "Of no class, or no picture: 1 entry.",
        "copies": "Exact copies of others in their class: 1 picture.",
        "alike": "Near-duplicates or frames of one recording: 2 pictures in 1 group.",
        "tiny": "Smaller than 64 pixels: 1 picture.",
        "huge": "Larger than 25 megapixels: 1 picture.",
        "long": "More than 3 times as long as broad: 1 picture.",
    }
    levels = [finding.level for finding in examination.findings]
    assert levels == sorted(levels, key="warning note".index)
    assert {picture.path.name for picture in found["two labels"].examples[0]} == {"b0.png"}
    assert all(finding.fix for finding in found.values())
    assert examination.rows()[1] == {
        "label": "cats", "pictures": 31, "groups": 29, "set_aside": 1, "width": 160, "height": 120,
    }  # fmt: skip


def test_a_class_of_one_recording_is_told(tmp_path):
    for label in "ab":
        (tmp_path / "set" / label).mkdir(parents=True)
    for number in range(12):
        noise(number).save(tmp_path / "set" / "b" / f"{chr(97 + number)}.png")
        noise(99).save(tmp_path / "set" / "a" / f"{number}.jpg", quality=60 + number)
    found = {finding.kind: finding for finding in examine(tmp_path / "set").findings}
    assert found["one recording"].what == "'a' has 12 pictures, but only 1 that differ."
    assert "too good" in found["one recording"].fix


class Page(HTMLParser):
    """Collects what a page shows and loads."""

    def __init__(self, text):
        super().__init__()
        self.text, self.sources = "", []
        self.feed(text)

    def handle_data(self, data):
        self.text += data

    def handle_starttag(self, tag, attrs):
        self.sources += [value for name, value in attrs if name == "src"]


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(["data", "check", *map(str, arguments)])
    return int(ended.value.code or 0)


def test_the_command_prints_a_table_and_writes_a_page_that_needs_no_other_file(messy, capsys):
    assert run(messy) == 0
    printed = capsys.readouterr().out
    assert "Warning: Unreadable: 2 files. They are set aside" in printed
    assert f"set aside: {messy / 'birds' / 'text.png'}: is not a picture that can be read" in printed
    path = messy.parent / ".pytrain" / "мои фото <b>-check.html"
    assert f"With pictures: {path}" in printed
    page = Page(path.read_text(encoding="utf-8"))
    assert "мои фото <b>" in page.text
    assert "Nearly the same pictures under two labels: 1 group." in page.text
    assert "is damaged" in page.text
    assert len(page.sources) > 20
    assert all(source.startswith("data:image/jpeg;base64,") for source in page.sources)


def test_checking_leaves_the_pictures_alone_and_a_second_check_says_the_same(messy, capsys):
    before = {path: path.stat().st_mtime_ns for path in messy.rglob("*")}
    run(messy, "--json")
    first = capsys.readouterr().out
    run(messy, "--json")
    assert capsys.readouterr().out == first
    assert {path: path.stat().st_mtime_ns for path in messy.rglob("*")} == before


def test_json_is_for_programs(messy, capsys, tmp_path):
    page = tmp_path / "new" / "page.html"
    assert run(messy, "--json", "--out", page) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["page"] == str(page)
    assert page.is_file()
    assert found["pictures"] == 61
    assert [row["label"] for row in found["classes"]] == ["birds", "cats", "dogs"]
    assert {entry["kind"] for entry in found["set_aside"]} == {"unreadable", "stray", "two labels"}
    alike = next(finding for finding in found["findings"] if finding["kind"] == "alike across")
    assert [len(group) for group in alike["pictures"]] == [2]


@pytest.mark.parametrize("counts", [{"cats": 1}, {"cats": 3, "dogs": 0}, {"cats": 1, "dogs": 1}])
def test_what_cannot_be_trained_on_can_still_be_checked(make_folder, capsys, counts):
    root = make_folder(**counts)
    for label in counts:
        (root / label).mkdir(exist_ok=True)
    assert run(root) == 0
    assert "Warning" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, b"", b"no picture"])
def test_where_nothing_can_be_used_the_check_ends_with_one_message(tmp_path, capsys, content):
    for label in ("cats", "dogs"):
        (tmp_path / "set" / label).mkdir(parents=True)
        if content is not None:
            (tmp_path / "set" / label / "a.jpg").write_bytes(content)
    assert run(tmp_path / "set") == 2
    error = capsys.readouterr().err
    assert "holds no readable picture" in error
    assert "Traceback" not in error


def test_a_damaged_folder_of_only_cut_files_ends_with_one_message(tmp_path, capsys):
    for label in ("cats", "dogs"):
        (tmp_path / "set" / label).mkdir(parents=True)
        noise(first_seed(label)).save(tmp_path / "whole.jpg")
        content = (tmp_path / "whole.jpg").read_bytes()
        (tmp_path / "set" / label / "a.jpg").write_bytes(content[: len(content) // 2])
    assert run(tmp_path / "set") == 2
    assert "holds no readable picture; 2 set aside" in capsys.readouterr().err
