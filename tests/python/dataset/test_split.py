"""Splitting: always alike, nothing in two parts, nothing moves when pictures come."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytrain.dataset.image_folder import ImageFolder, Picture
from pytrain.dataset.split import folds, loosened, split
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


# Folds


def pictures_in_groups(sizes, label="a", start=0):
    """Labels and groups: one group of each size."""
    groups = [start + number for number, size in enumerate(sizes) for _ in range(size)]
    return [label] * len(groups), groups


@given(
    st.lists(st.integers(1, 9), min_size=5, max_size=60),
    st.lists(st.integers(1, 9), min_size=5, max_size=60),
    st.integers(2, 5),
    st.integers(0, 9),
)
def test_folds_tear_no_group_and_give_each_fold_every_class(first, second, count, seed):
    labels, groups = pictures_in_groups(first)
    more_labels, more_groups = pictures_in_groups(second, "b", start=10_000)
    labels, groups = np.array(labels + more_labels), np.array(groups + more_groups)
    fold = folds(labels.tolist(), groups, count, seed)
    assert fold.dtype == np.int64
    for group in set(groups.tolist()):
        assert len(set(fold[groups == group].tolist())) == 1
    for label in "ab":
        in_folds = np.bincount(fold[labels == label], minlength=count)
        assert in_folds.min() >= 1
        # Greedy, largest first: no fold is ahead by more than one group.
        assert in_folds.max() - in_folds.min() <= 9
    order = np.random.default_rng(seed).permutation(len(labels))
    assert folds(labels[order].tolist(), groups[order], count, seed).tolist() == fold[order].tolist()


def test_folds_of_single_pictures_are_even():
    labels = ["a"] * 53 + ["b"] * 201
    fold = folds(labels, np.arange(254), 5)
    assert np.ptp(np.bincount(fold[:53])) <= 1
    assert np.ptp(np.bincount(fold[53:])) <= 1
    assert np.ptp(np.bincount(fold)) <= 2
    assert folds(labels, np.arange(254), 5, seed=1).tolist() != fold.tolist()


def test_a_group_of_two_classes_stays_whole():
    fold = folds(["a", "b", "a", "b", "a", "b"], np.array([1, 1, 2, 3, 4, 5]), 2)
    assert fold[0] == fold[1]


def test_a_class_that_is_one_recording_is_cut_in_order_and_named():
    labels = ["a"] * 10 + ["b"] * 6
    groups = np.array([7] * 10 + list(range(20, 26)))
    names = [f"frame{number}.jpg" for number in range(10)] + [f"{number}.jpg" for number in range(6)]
    order = np.random.default_rng(0).permutation(16)
    cut, torn = loosened([labels[at] for at in order], groups[order], 5, [names[at] for at in order])
    assert torn == ("a",)
    back = cut[np.argsort(order)]
    assert back[10:].tolist() == groups[10:].tolist()
    assert [len(set(back[at : at + 2].tolist())) for at in range(0, 10, 2)] == [1] * 5
    assert len(set(back[:10].tolist())) == 5


def test_split_keeps_groups_on_one_side():
    folder = folder_of({"a": 200, "b": 100})
    groups = np.array([at // 4 for at in range(300)])
    parts = split(folder, groups=groups)
    group_of = dict(zip((p.path for p in folder.pictures), groups.tolist(), strict=True))
    sides = [{group_of[p.path] for p in part} for part in (parts.train, parts.validation, parts.test)]
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]
    assert abs(len(parts.test) - 45) <= 8
    assert abs(len(parts.validation) - 45) <= 8
    for part in (parts.train, parts.validation, parts.test):
        assert {p.label for p in part} == {"a", "b"}


def test_split_of_three_groups_gives_each_part_one_and_of_two_says_what_is_missing():
    folder = folder_of({"a": 9, "b": 9})
    parts = split(folder, groups=[at // 3 for at in range(18)])
    assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [6, 6, 6]
    with pytest.raises(DataError, match="'a' in made-up has 2 groups") as caught:
        split(folder, groups=[min(at // 3, 1) for at in range(9)] + list(range(100, 109)))
    assert "another time or place" in caught.value.fix
