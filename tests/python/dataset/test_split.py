"""Splitting: always alike, nothing in two parts, nothing moves when pictures come."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytrain.dataset.image_folder import ImageFolder, Picture
from pytrain.dataset.split import split
from pytrain.errors import DataError


def folder_of(counts, twins=0):
    """A data set that is nowhere on disk; the first `twins` pictures of each label are there twice."""
    pictures = []
    for label, count in counts.items():
        for index in range(count):
            digest = hashlib.sha256(f"{label}{index}".encode()).hexdigest()
            pictures.append(Picture(Path(label) / f"{index}.png", label, digest))
            if index < twins:
                pictures.append(Picture(Path(label) / f"{index}-twin.png", label, digest))
    labels = tuple(label for label in counts if label != "unknown")
    return ImageFolder("made-up", Path("made-up"), labels, tuple(pictures), (), "")


def names(part):
    return {picture.path for picture in part}


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(3, 60), min_size=2), st.integers(0, 99))
def test_every_picture_is_in_one_part_and_every_class_in_each(counts, seed):
    folder = folder_of(counts, twins=3)
    parts = split(folder, seed=seed)
    everything = [*parts.train, *parts.validation, *parts.test]
    assert sorted(p.path for p in everything) == sorted(p.path for p in folder.pictures)
    digests = [{p.digest for p in part} for part in (parts.train, parts.validation, parts.test)]
    assert not digests[0] & digests[1]
    assert not digests[0] & digests[2]
    assert not digests[1] & digests[2]
    for part in (parts.train, parts.validation, parts.test):
        assert {p.label for p in part} == set(counts)
    assert split(folder, seed=seed) == parts


def test_shares_are_about_as_asked():
    parts = split(folder_of({"a": 2000, "b": 2000}), validation=0.2, test=0.1)
    assert 700 < len(parts.validation) < 900
    assert 330 < len(parts.test) < 470


def test_adding_pictures_moves_no_other():
    before = split(folder_of({"a": 100, "b": 100}))
    after = split(folder_of({"a": 150, "b": 120, "c": 30}))
    assert names(before.train) <= names(after.train)
    assert names(before.validation) <= names(after.validation)
    assert names(before.test) <= names(after.test)


def test_another_seed_deals_otherwise():
    folder = folder_of({"a": 100, "b": 100})
    assert split(folder, seed=0) != split(folder, seed=1)


def test_too_few_pictures_say_how_many_are_needed():
    with pytest.raises(DataError, match="'b' in made-up has 2 different pictures") as caught:
        split(folder_of({"a": 10, "b": 2}, twins=2))
    assert "at least 3" in caught.value.expected
    assert "Add pictures" in caught.value.fix


@pytest.mark.parametrize(("validation", "test"), [(0, 0.1), (0.1, 0), (0.5, 0.5), (-0.1, 0.2)])
def test_shares_that_make_no_sense(validation, test):
    with pytest.raises(DataError, match="make no split"):
        split(folder_of({"a": 10, "b": 10}), validation=validation, test=test)
