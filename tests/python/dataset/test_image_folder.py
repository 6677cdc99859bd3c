"""Reading folders of images: what is bad is named, what cannot be used says what to do."""

import shutil

import pytest

from pytrain.dataset.image_folder import check, scan, without
from pytrain.errors import DataError


def test_scan_lists_labels_and_pictures_in_order(make_folder):
    folder = scan(make_folder(dogs=2, cats=3, unknown=1))
    assert folder.name == "pets"
    assert folder.labels == ("cats", "dogs")
    assert [f"{p.label}/{p.path.name}" for p in folder.pictures] == [
        "cats/000.png", "cats/001.png", "cats/002.png", "dogs/000.png", "dogs/001.png", "unknown/000.png",
    ]  # fmt: skip
    assert folder.counts() == {"cats": 3, "dogs": 2, "unknown": 1}
    assert folder.problems == ()


def test_labels_can_be_chosen_and_ordered(make_folder):
    folder = scan(make_folder(a=1, b=1, c=1), labels=["c", "a"])
    assert folder.labels == ("c", "a")
    assert {picture.label for picture in folder.pictures} == {"a", "c"}


def test_bad_files_are_set_aside_by_name(make_folder):
    root = make_folder(cats=2, dogs=2)
    (root / "cats" / "empty.jpg").write_bytes(b"")
    (root / "cats" / "letter.png").write_text("Dear cat", encoding="utf-8")
    folder = scan(root)
    assert {problem.path.name: problem.why for problem in folder.problems} == {
        "empty.jpg": "is empty (0 bytes)",
        "letter.png": "is not a picture that can be read",
    }
    assert len(folder.pictures) == 4


def test_files_of_the_system_are_passed_over(make_folder):
    root = make_folder(cats=1, dogs=1)
    for name in (".DS_Store", "Thumbs.db", "desktop.ini"):
        (root / "cats" / name).write_bytes(b"x")
    (root / ".cache").mkdir()
    (root / "dataset.json").write_text("{}", encoding="utf-8")
    folder = scan(root)
    assert folder.labels == ("cats", "dogs")
    assert folder.problems == ()


def test_check_finds_what_a_header_hides(make_folder):
    root = make_folder(cats=2, dogs=2)
    whole = root / "cats" / "001.png"
    whole.write_bytes(whole.read_bytes()[:-60])
    folder = scan(root)
    assert folder.problems == ()
    problems = check(folder)
    assert [problem.path for problem in problems] == [whole]
    assert "damaged" in problems[0].why
    rest = without(folder, problems)
    assert len(rest.pictures) == 3
    assert rest.problems == problems
    assert rest.fingerprint != folder.fingerprint


def test_same_picture_under_two_labels_is_named_and_neither_label_trusted(make_folder):
    root = make_folder(cats=2, dogs=2)
    shutil.copy(root / "cats" / "000.png", root / "dogs" / "copy.png")
    shutil.copy(root / "cats" / "000.png", root / "cats" / "twin.png")
    folder = scan(root)
    assert {problem.path.name: problem.why.split(";")[0] for problem in folder.problems} == {
        "000.png": "is the same picture as dogs/copy.png",
        "twin.png": "is the same picture as dogs/copy.png",
        "copy.png": "is the same picture as cats/000.png",
    }
    assert folder.counts() == {"cats": 1, "dogs": 2}


def test_fingerprint_follows_contents_not_names(make_folder, write_picture):
    root = make_folder(cats=2, dogs=2)
    before = scan(root).fingerprint
    (root / "cats" / "000.png").rename(root / "cats" / "renamed.png")
    assert scan(root).fingerprint == before
    write_picture(root / "cats" / "new.png", 77)
    assert scan(root).fingerprint != before


@pytest.mark.parametrize(
    ("counts", "message", "fix"),
    [
        ({"cats": 3}, "only the class 'cats'", "Add a folder with pictures of something else"),
        ({"unknown": 3}, "only the reserved folder 'unknown'", "Add a folder"),
        ({"cats": 2, "dogs": 0}, "no readable picture", "Put pictures into"),
    ],
)
def test_folder_that_cannot_be_used(make_folder, counts, message, fix):
    root = make_folder(**counts)
    for label in counts:
        (root / label).mkdir(parents=True, exist_ok=True)
    with pytest.raises(DataError, match=message) as caught:
        scan(root)
    assert fix in caught.value.fix
    assert caught.value.expected


def test_class_with_only_bad_files_names_one(make_folder):
    root = make_folder(cats=1, dogs=1)
    (root / "dogs" / "000.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"'dogs'.*1 set aside, such as 000\.png"):
        scan(root)


def test_missing_folder_and_file_and_empty_folder(tmp_path):
    with pytest.raises(DataError, match="There is no folder"):
        scan(tmp_path / "nowhere")
    (file := tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match="is a file"):
        scan(file)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no class folders"):
        scan(tmp_path / "empty")


def test_unknown_cannot_be_asked_for_as_a_class(make_folder):
    root = make_folder(cats=1, dogs=1, unknown=1)
    with pytest.raises(DataError, match="reserved"):
        scan(root, labels=["cats", "unknown"])
    with pytest.raises(DataError, match="no folder 'birds'"):
        scan(root, labels=["cats", "birds"])
