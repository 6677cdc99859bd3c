"""The report of a transfer-learned model: what it promises of its page, its files and its limits."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from transfer_sample import make_judged, make_pictures, make_report

from pytrain.dataset.image_folder import Picture, Problem
from pytrain.evaluation.judged import Activation, Outsiders, Phase, Shown, TransferReport
from pytrain.evaluation.report import gallery, write_transfer_report
from pytrain.evaluation.report.heat import overlay

LABELS = ("bird", "cat", "dog")
WRONG = {3: 1, 12: 0, 13: 0, 25: 1}


@pytest.fixture
def report(tmp_path: Path) -> TransferReport:
    source = tmp_path / "pets"
    return make_report(source, make_judged(make_pictures(source, LABELS, 10), LABELS, WRONG))


def changed(report: TransferReport, **other: Any) -> TransferReport:
    return TransferReport(**{**vars(report), **other})


def written(folder: Path, report: TransferReport) -> str:
    return write_transfer_report(folder, report).read_text(encoding="utf-8")


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="report-data">(.*?)</script>', page)
    assert found is not None
    return json.loads(found[1])


def test_every_file_that_the_page_shows_is_there_and_nothing_is_asked_of_the_network(
    tmp_path: Path, report: TransferReport
) -> None:
    folder = tmp_path / "report"
    page = written(folder, report)
    shown = set(re.findall(r'src="(images/[^"]+)"', page))
    shown |= {f"images/{identity}.jpg" for identity in data_of(page)["pictures"]}
    assert shown
    for name in shown:
        with Image.open(folder / name) as picture:
            assert picture.format == "JPEG"
    assert {f"images/{path.name}" for path in (folder / "images").iterdir()} == shown
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert address.startswith(("images/", "data:", "#"))
    for place in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{place}"' in page


def test_the_pictures_behind_every_cell_are_named(tmp_path: Path, report: TransferReport) -> None:
    data = data_of(written(tmp_path, report))
    assert data["cells"]["1,0"][0] == 2
    names = [data["pictures"][identity][0] for identity in data["cells"]["1,0"][1:]]
    assert sorted(names) == ["cat/002.png", "cat/003.png"]
    assert sum(cell[0] for cell in data["cells"].values()) == 30
    assert all(len(cell) == cell[0] + 1 for cell in data["cells"].values())


def test_figures_stand_in_the_page_and_in_the_json(tmp_path: Path, report: TransferReport) -> None:
    page = written(tmp_path, report)
    figures = json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))
    assert figures["accuracy"]["count"] == 26
    assert figures["verdict"]["headline"] in page
    assert figures["outsiders"][0]["name"] in page
    assert f"{figures['outsiders'][0]['auroc']:.3f}" in page
    assert f"{figures['calibration_error'] * 100:.1f} %" in page
    for section in ("Head", "Fine-tuning", "tried, not kept", "It did not help.", "bad.jpg", "is damaged"):
        assert section in page
    assert "2 pictures are there twice." in page
    assert "fine_tune" in page


def test_a_phase_of_one_step_is_told_in_words_and_of_several_drawn(
    tmp_path: Path, report: TransferReport
) -> None:
    step = {"strength": 10.0, "val_loss": 0.4567, "val_accuracy": 0.9, "temperature": 1.0}
    epochs = (
        {"epoch": 0, "val_loss": 0.5, "val_accuracy": 0.8},
        {"epoch": 1, "loss": 0.7, "accuracy": 0.7, "val_loss": 0.4, "val_accuracy": 0.9},
        {"epoch": 2, "loss": 0.6, "accuracy": 0.8, "val_loss": 0.3, "val_accuracy": 0.9},
    )
    phases = (Phase("head", (step,), 0, True), Phase("fine-tuning", epochs, 2, True))
    page = written(tmp_path, changed(report, phases=phases))
    head, tuning = page.partition("<h3>Head")[2].split("<h3>Fine-tuning")
    assert "90.0 % of the left-out pictures were right, with a loss of 0.457" in head
    assert "<svg" not in head
    # Before the first epoch there is no training loss.
    lines = re.findall(r'<polyline class="(\w+)" points="([^"]*)"', tuning.partition("</section>")[0])
    assert [(css, len(points.split())) for css, points in lines] == [("training", 2), ("validation", 3)] * 2


def test_the_server_finds_each_picture_again_by_its_place_and_digest(
    tmp_path: Path, report: TransferReport
) -> None:
    write_transfer_report(tmp_path, report)
    content = json.loads((tmp_path / "pictures.json").read_text(encoding="utf-8"))
    places = {entry["path"]: entry for entry in content["pictures"].values()}
    for picture in report.judged.pictures:
        entry = places[f"{picture.label}/{picture.path.name}"]
        assert entry["digest"] == picture.digest
        assert entry["label"] == picture.label
    assert str(report.source) not in (tmp_path / "pictures.json").read_text(encoding="utf-8")
    assert str(report.source) not in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_two_files_of_the_same_bytes_stay_two(tmp_path: Path, report: TransferReport) -> None:
    first, second, *others = report.judged.pictures
    twin = Picture(second.path, second.label, first.digest)
    judged = type(report.judged)(**{**vars(report.judged), "pictures": (first, twin, *others)})
    write_transfer_report(tmp_path, changed(report, judged=judged))
    content = json.loads((tmp_path / "pictures.json").read_text(encoding="utf-8"))
    paths = [entry["path"] for entry in content["pictures"].values() if entry["digest"] == first.digest]
    assert sorted(paths) == ["bird/000.png", "bird/001.png"]


HOSTILE = ('<img src=x onerror="alert(1)">', "</script><script>alert(2)</script>", "猫 & \u2028 ' \"")


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    source = tmp_path / "data"
    plain = make_pictures(source, ("a", "b", "c"), 4)
    names = dict(zip(("a", "b", "c"), HOSTILE, strict=True))
    pictures = tuple(
        Picture(picture.path.with_name(f"{HOSTILE[0]}.png"), names[picture.label], picture.digest)
        for picture in plain
    )
    judged = make_judged(
        pictures, HOSTILE, {0: 1, 5: 2}, outsiders=(Outsiders(HOSTILE[1], np.ones(3, np.float32), False),)
    )
    report = make_report(
        source,
        judged,
        title=HOSTILE[1],
        findings=(HOSTILE[0],),
        problems=(Problem(Path(HOSTILE[0]), HOSTILE[1]),),
    )
    page = written(tmp_path / "report", changed(report, settings={HOSTILE[0]: HOSTILE[1]}))
    reader = Tags()
    reader.feed(page)
    assert reader.scripts == 2
    assert reader.handlers == []
    assert data_of(page)["labels"] == list(HOSTILE)


class Tags(HTMLParser):
    """Counts scripts, and collects attributes that would run something."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def test_a_large_data_set_makes_a_small_report_that_says_so(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(gallery, "MOST", 20)
    source = tmp_path / "pets"
    judged = make_judged(make_pictures(source, LABELS, 30), LABELS, dict.fromkeys(range(0, 30, 2), 1))
    page = written(tmp_path / "report", make_report(source, judged, views=(), activations=()))
    data = data_of(page)
    assert len([identity for identity in data["pictures"] if "generated" not in identity]) == 20
    assert data["cells"]["0,1"][0] == 15
    assert "20 of 90 pictures are in this page" in page
    for key in ("0,1", "1,1", "2,2"):
        assert len(data["cells"][key]) > 1, "no cell is left without a picture"


def test_a_hundred_classes_are_drawn_and_the_largest_confusions_listed(tmp_path: Path) -> None:
    labels = tuple(f"class {number:03}" for number in range(100))
    picture = make_pictures(tmp_path, ("one",), 1)[0]
    pictures = tuple(
        Picture(picture.path, label, f"{label[-3:]}{number}") for label in labels for number in range(4)
    )
    judged = make_judged(pictures, labels, {0: 7, 1: 7, 2: 7, 9: 50})
    page = written(tmp_path / "report", make_report(tmp_path, judged, views=(), activations=()))
    assert 'data-testid="heat"' in page
    buttons = re.findall(r'<button type="button" data-cell="([^"]+)"', page)
    assert buttons == ["0,7", "2,50"]
    assert page.count('class="opener"') == 100
    assert len(page) < 400_000


def test_a_model_without_mistakes_outsiders_or_history_has_a_report(tmp_path: Path) -> None:
    source = tmp_path / "pets"
    judged = make_judged(make_pictures(source, LABELS[:2], 5), LABELS[:2], outsiders=())
    report = make_report(source, judged)
    bare = changed(report, judged=judged, phases=(), views=(), activations=(), problems=(), settings={})
    page = written(tmp_path / "report", bare)
    assert "None: every answer was right or unknown." in page
    assert "No picture seems to lie in the wrong folder." in page


def test_a_picture_that_has_gone_leaves_a_grey_place(tmp_path: Path, report: TransferReport) -> None:
    report.judged.pictures[3].path.unlink()
    written(tmp_path / "report", report)
    identity = report.judged.pictures[3].digest[:16]
    with Image.open(tmp_path / "report" / "images" / f"{identity}.jpg") as picture:
        assert np.ptp(np.asarray(picture)) <= 2


def test_outsiders_from_files_can_be_relabelled_and_generated_ones_cannot(
    tmp_path: Path, report: TransferReport
) -> None:
    (picture,) = make_pictures(report.source, ("unknown",), 1)
    shown = (Shown(picture, "cat", 0.8, 0.8), Shown(np.zeros((30, 40, 3), np.uint8), "cat", 0.7, 0.7))
    outsiders = (Outsiders("your unknown folder", np.array([0.8, 0.7], np.float32), False, shown),)
    judged = type(report.judged)(**{**vars(report.judged), "outsiders": outsiders})
    write_transfer_report(tmp_path, changed(report, judged=judged))
    content = json.loads((tmp_path / "pictures.json").read_text(encoding="utf-8"))["pictures"]
    assert content[picture.digest[:16]]["path"] == "unknown/000.png"
    assert not any(identity.startswith("generated") for identity in content)


def test_the_heat_is_brightest_where_the_map_is_largest() -> None:
    activation = np.zeros((7, 7), np.float32)
    activation[1, 5] = 3.0
    activation[5, 1] = -9.0
    heated = overlay(np.full((224, 224, 3), 128, np.uint8), activation).astype(int).sum(axis=2)
    brightest = np.unravel_index(heated.argmax(), heated.shape)
    assert abs(brightest[0] - 48) < 16
    assert abs(brightest[1] - 176) < 16
    assert heated[176, 48] == heated.min()


def test_a_flat_map_is_no_error(tmp_path: Path, report: TransferReport) -> None:
    first = report.activations[0]
    for values in (0.0, np.nan, -1.0):
        flat = Activation(
            first.picture, first.answer, first.confidence, first.image, np.full((7, 7), values, np.float32)
        )
        assert overlay(flat.image, flat.map).shape == (224, 224, 3)
