"""Opening data sets as people have them: nested folders, links, zips from any system, spreadsheets."""

import io
import os
import shutil
import stat
import zipfile

import numpy as np
import pytest
from PIL import Image

from pytrain.dataset import unpack
from pytrain.dataset.image_folder import open_dataset
from pytrain.dataset.pictures import shown
from pytrain.errors import DataError


def png(value=0):
    """The bytes of a small picture that depend on a number."""
    data = io.BytesIO()
    pixels = np.random.default_rng(value).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()


@pytest.fixture
def make_zip(tmp_path):
    """Writes a zip: name -> content."""

    def make(entries, name="pets.zip"):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as archive:
            for entry, content in entries.items():
                archive.writestr(entry, content)
        return path

    return make


PETS = {"cats/1.png": png(1), "cats/2.png": png(2), "dogs/1.png": png(3)}


def reasons(folder):
    return {problem.path.name: problem.why for problem in folder.problems}


# Folders


def test_pictures_in_nested_folders_belong_to_the_class_on_top(make_folder, write_picture):
    root = make_folder(cats=1, dogs=1)
    write_picture(root / "cats" / "Monday" / "kitchen" / "1.png", 7)
    write_picture(root / "cats" / ".cache" / "2.png", 8)
    assert open_dataset(root).counts() == {"cats": 2, "dogs": 1}


@pytest.mark.parametrize("name", ["кошки", "猫", "قطط", "chat à moustaches", "a b'c\"d"])
def test_labels_in_any_script(make_folder, write_picture, name):
    root = make_folder(dogs=1)
    write_picture(root / name / f"{name}.png".replace('"', ""), 7)
    folder = open_dataset(root)
    assert folder.counts() == {name: 1, "dogs": 1}
    assert set(folder.labels) == {name, "dogs"}


def test_a_label_is_the_same_however_its_accents_are_stored(make_folder, write_picture):
    root = make_folder(dogs=1)
    write_picture(root / "caf\u00e9" / "1.png", 7)
    write_picture(root / "cafe\u0301" / "2.png", 8)
    assert open_dataset(root).counts() == {"caf\u00e9": 2, "dogs": 1}
    assert open_dataset(root, labels=["dogs", "cafe\u0301"]).labels == ("dogs", "caf\u00e9")


def test_names_that_are_no_unicode_can_be_read_and_printed(make_folder, write_picture):
    root = make_folder(dogs=1)
    folder = os.fsdecode(os.fsencode(root) + b"/caf\xe9")
    try:
        os.mkdir(folder)  # noqa: PTH102
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    shutil.copy(root / "dogs" / "000.png", root / "1.png")
    write_picture(root / "one.png", 7)
    (root / "one.png").rename(os.path.join(folder, "1.png"))  # noqa: PTH118
    with open(os.path.join(folder, "bad.png"), "w"):  # noqa: PTH118, PTH123
        pass
    opened = open_dataset(root)
    assert opened.counts() == {"café": 1, "dogs": 1}
    assert all(str(problem).encode("utf-8") for problem in opened.problems)
    assert shown(opened.pictures[0].path).encode("utf-8")


def test_links_in_a_loop_end_and_links_outside_are_followed(make_folder, write_picture, tmp_path):
    root = make_folder(cats=1, dogs=1)
    write_picture(tmp_path / "elsewhere" / "1.png", 7)
    (root / "cats" / "more").symlink_to(tmp_path / "elsewhere")
    (root / "cats" / "loop").symlink_to(root / "cats")
    (root / "dogs" / "all").symlink_to(root)
    (root / "dogs" / "nowhere.png").symlink_to(tmp_path / "gone.png")
    (root / "dogs" / "itself.png").symlink_to("itself.png")
    folder = open_dataset(root)
    assert folder.counts() == {"cats": 2, "dogs": 1}
    assert reasons(folder) == {
        "loop": "is a link to a folder that is read already",
        "all": "is a link to a folder that is read already",
        "nowhere.png": "is a link that leads nowhere",
        "itself.png": "cannot be read: Too many levels of symbolic links",
    }


def test_a_pipe_is_not_waited_for(make_folder):
    root = make_folder(cats=1, dogs=1)
    os.mkfifo(root / "cats" / "pipe.png")
    assert "not a file" in reasons(open_dataset(root))["pipe.png"]


def test_a_file_that_vanishes_while_reading_is_set_aside(make_folder, monkeypatch):
    from pytrain.dataset import image_folder

    root = make_folder(cats=2, dogs=2)
    usual = image_folder.files_of

    def meanwhile(folders, top):
        found = usual(folders, top)
        (root / "cats" / "001.png").unlink(missing_ok=True)
        return found

    monkeypatch.setattr(image_folder, "files_of", meanwhile)
    folder = open_dataset(root)
    assert reasons(folder) == {"001.png": "vanished while the folder was read"}
    assert folder.counts() == {"cats": 1, "dogs": 2}


def test_a_bomb_among_the_pictures_is_set_aside_by_name(make_folder):
    root = make_folder(cats=1, dogs=1)
    Image.new("1", (20_000, 10_000)).save(root / "cats" / "bomb.png")
    folder = open_dataset(root)
    assert reasons(folder) == {"bomb.png": "has 200,000,000 pixels, more than 100,000,000"}


def test_a_picture_in_no_class_is_named(make_folder):
    root = make_folder(cats=1, dogs=1)
    (root / "loose.jpg").write_bytes(png(9))
    (root / "readme.txt").write_text("about cats", encoding="utf-8")
    assert reasons(open_dataset(root)) == {"loose.jpg": "lies in no class folder"}


def test_parts_of_a_data_set_are_no_classes(make_folder):
    root = make_folder(train=1, test=1, validation=1)
    with pytest.raises(DataError, match="parts of a data set, not classes") as caught:
        open_dataset(root)
    assert str(root / "train") in caught.value.fix


def test_one_folder_too_high_is_told(make_folder, tmp_path):
    root = make_folder(cats=1, dogs=1)
    (tmp_path / "all").mkdir()
    root.rename(tmp_path / "all" / "pets")
    with pytest.raises(DataError, match="only the class 'pets'") as caught:
        open_dataset(tmp_path / "all")
    assert caught.value.fix == f"If cats and dogs are the classes, give {tmp_path / 'all' / 'pets'} instead."


def test_a_folder_without_any_picture_says_so_once(tmp_path):
    for label in ("cats", "dogs"):
        (tmp_path / "pets" / label).mkdir(parents=True)
        (tmp_path / "pets" / label / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"no readable picture; 2 set aside, such as a\.jpg"):
        open_dataset(tmp_path / "pets")


def test_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "pets.tar.gz").write_bytes(b"x")
    with pytest.raises(DataError, match="holds no data set") as caught:
        open_dataset(tmp_path / "pets.tar.gz")
    assert "Unpack it" in caught.value.fix


def test_progress_comes_to_its_end(make_folder):
    told = []
    open_dataset(make_folder(cats=3, dogs=2), progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (5, 5)


# Zips


@pytest.mark.parametrize("top", ["", "pets/", "Downloads/pets/"])
def test_a_zip_is_read_whatever_folder_it_was_packed_in(make_zip, top):
    path = make_zip(
        {
            **{top + name: content for name, content in PETS.items()},
            "__MACOSX/._1.png": b"x",
            ".DS_Store": b"x",
        }
    )
    folder = open_dataset(path)
    assert folder.name == "pets"
    assert folder.counts() == {"cats": 2, "dogs": 1}
    assert folder.problems == ()
    assert folder.root.is_relative_to(path.parent / ".pytrain")


def test_a_zip_is_unpacked_once_and_its_problems_remembered(make_zip, monkeypatch):
    path = make_zip({**PETS, "../../outside.png": png(9)})
    first = open_dataset(path)
    monkeypatch.setattr(unpack, "_unpack", lambda *arguments: pytest.fail("unpacked again"))
    assert open_dataset(path) == first
    assert [problem.why for problem in first.problems] == ["points outside the archive"]


def test_a_changed_zip_is_unpacked_anew(make_zip):
    open_dataset(make_zip(PETS))
    assert open_dataset(make_zip({**PETS, "dogs/2.png": png(4)})).counts() == {"cats": 2, "dogs": 2}


@pytest.mark.parametrize(
    "name",
    ["../../outside.png", "/tmp/outside.png", "..\\..\\outside.png", "C:\\outside.png", "cats/../../o.png"],
)
def test_nothing_is_written_outside(make_zip, tmp_path, name):
    before = set(tmp_path.parent.rglob("*"))
    path = make_zip({**PETS, name: png(9)})
    folder = open_dataset(path, work=tmp_path / "work")
    assert [problem.why for problem in folder.problems] == ["points outside the archive"]
    new = {found for found in tmp_path.parent.rglob("*") if found not in before} - {path}
    assert all(found.is_relative_to(tmp_path / "work") for found in new)


def test_names_that_windows_refuses_are_changed_there(make_zip, monkeypatch):
    strange = {
        "12:30 cats/IMG 12:31.png": png(1),
        "12:30 cats/what?.png": png(2),
        "dogs. /1.png": png(3),
        "dogs. /con<>.png": png(4),
    }
    path = make_zip(strange)
    monkeypatch.setattr(unpack, "WINDOWS", True)
    folder = open_dataset(path)
    assert folder.counts() == {"12_30 cats": 2, "dogs": 2}
    assert {picture.path.name for picture in folder.pictures} == {
        "IMG 12_31.png",
        "what_.png",
        "1.png",
        "con__.png",
    }


def test_a_link_in_a_zip_is_not_made(make_zip, tmp_path):
    path = make_zip(PETS)
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("cats/link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert reasons(open_dataset(path)) == {"link.png": "is a link"}


def test_a_zip_bomb_is_refused_before_it_is_unpacked(make_zip, monkeypatch, tmp_path):
    monkeypatch.setattr(unpack, "SMALL", 1_000_000)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cats/1.png", bytes(3_000_000))
    with pytest.raises(DataError, match="would unpack to 3,000,000 in 1 files") as caught:
        open_dataset(path)
    assert "decompression bomb" in caught.value.fix
    assert not list((tmp_path / ".pytrain").rglob("*.png"))


def test_an_entry_that_lies_about_its_size_is_cut_off(make_zip, monkeypatch):
    monkeypatch.setattr(unpack, "MAX_FILE_BYTES", 5_000)
    path = make_zip({**PETS, "cats/big.png": bytes(20_000)})
    assert "more than 5,000 bytes" in reasons(open_dataset(path))["big.png"]


def test_a_zip_larger_than_the_disk_says_so(make_zip, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(DataError, match="1 are free on the disk") as caught:
        open_dataset(make_zip(PETS))
    assert "Free some space" in caught.value.fix


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_zip_that_was_cut_off_says_so_and_leaves_nothing(make_zip, cut):
    path = make_zip(PETS)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * cut)])
    with pytest.raises(DataError, match="not a whole zip file"):
        open_dataset(path)
    assert not list((path.parent / ".pytrain").glob("unpacked/*"))


def test_a_damaged_entry_is_set_aside(make_zip):
    path = make_zip(PETS)
    content = path.read_bytes()
    where = content.index(PETS["cats/1.png"]) + 50
    path.write_bytes(content[:where] + b"\0\0\0\0" + content[where + 4 :])
    folder = open_dataset(path)
    assert "cannot be unpacked" in reasons(folder)["1.png"]
    assert folder.counts() == {"cats": 1, "dogs": 1}


@pytest.mark.parametrize(
    ("encoding", "label"),
    [("utf-8", "кошки"), ("cp866", "кошки"), ("cp437", "café"), ("cp932", "猫の写真"), ("utf-8", "猫")],
)
def test_names_without_the_unicode_mark_are_read(tmp_path, encoding, label):
    path = tmp_path / "old.zip"
    placeholder = "X" * len(label.encode(encoding))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{placeholder}/1.png", png(1))
        archive.writestr("dogs/1.png", png(2))
    path.write_bytes(path.read_bytes().replace(placeholder.encode(), label.encode(encoding)))
    assert set(open_dataset(path).labels) == {label, "dogs"}


def test_a_zip_with_a_password_says_so(make_zip):
    path = make_zip(PETS)
    content = bytearray(path.read_bytes())
    at = -1
    while (at := content.find(b"PK\x01\x02", at + 1)) >= 0:
        content[at + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="protected by a password"):
        open_dataset(path)


# Lists


def write_list(root, text, encoding="utf-8"):
    path = root / "list.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("path,label\ncats/000.png,cat\ncats/001.png,кот\ndogs/000.png,cat\n", "utf-8"),
        (
            "Label;PATH;note\r\ncat;cats/000.png;x\r\nкот;cats\\001.png;\r\ncat;dogs/000.png;y\r\n",
            "utf-8-sig",
        ),
        ('path\tlabel\n"cats/000.png"\tcat\ncats/001.png\tкот\n\n./dogs/000.png\tcat', "utf-16"),
    ],
)
def test_a_list_from_any_spreadsheet(make_folder, text, encoding):
    folder = open_dataset(write_list(make_folder(cats=2, dogs=1), text, encoding))
    assert folder.name == "list"
    assert folder.counts() == {"cat": 2, "кот": 1}
    assert folder.problems == ()


def test_bad_lines_of_a_list_are_named_by_their_number(make_folder):
    text = (
        "path,label\ncats/000.png,cat\ndogs/000.png,dog\n,cat\ncats/001.png,\nonly one\n"
        "gone.png,cat\ncats/000.png,cat\nhttps://example.org/a.png,cat\ncats,cat\n"
        f"{'a' * 300}.png,cat\ncats\\{'c' * 300}.png,cat\n"
    )
    folder = open_dataset(write_list(make_folder(cats=2, dogs=1), text))
    assert [problem.why for problem in folder.problems] == [
        "line 4 has no path",
        "line 5 has no label",
        "line 6 has no label",
        "line 7 names a file that is not there: gone.png",
        "line 8 says the same as line 2",
        "line 9 names a web address; only files on this machine are read",
        f"line 11 names a path that cannot be followed: {'a' * 80} … (File name too long)",
        f"line 12 names a path that cannot be followed: cats\\{'c' * 75} … (File name too long)",
        "is a folder, not a file",
    ]
    assert folder.counts() == {"cat": 1, "dog": 1}


def test_one_picture_with_two_labels_in_a_list_is_trusted_in_neither(make_folder):
    text = "path,label\ncats/000.png,cat\ncats/000.png,dog\ncats/001.png,cat\ndogs/000.png,dog\n"
    folder = open_dataset(write_list(make_folder(cats=2, dogs=1), text))
    assert folder.counts() == {"cat": 1, "dog": 1}
    assert {problem.kind for problem in folder.problems} == {"two labels"}


@pytest.mark.parametrize("text", ["file,class\na.png,cat\n", "cats/000.png,cat\n", ""])
def test_a_list_without_the_two_columns_says_what_its_first_line_is(make_folder, text):
    with pytest.raises(DataError, match="has no column path") as caught:
        open_dataset(write_list(make_folder(cats=1, dogs=1), text))
    assert "path,label" in caught.value.fix
