"""Groups of ImageNet's classes: found in a classifier's weights alone, and yet what people have words for."""

import numpy as np
import pytest

from pytrain.model import backbones
from pytrain.model.imagenet_groups import COUNTS, groups_of

DOGS, BIRDS = range(151, 269), [*range(7, 25), *range(80, 101), *range(127, 147)]
"""Numbers of ImageNet's classes: of all breeds, and from the cock to the albatross."""


@pytest.fixture(scope="module")
def groups():
    return groups_of(backbones.load().classifier[0])


def test_every_class_is_in_one_group_of_each_parting(groups):
    assert groups.shape == (1000, sum(COUNTS))
    ends = np.cumsum(COUNTS)
    for parting in np.split(groups, ends[:-1], axis=1):
        assert (parting.sum(1) == 1).all()
        assert (parting.sum(0) >= 1).all()


@pytest.mark.parametrize("kind", [DOGS, BIRDS], ids=["dogs", "birds"])
def test_what_people_call_by_one_word_is_one_group(kind, groups):
    """Some group has nearly all of them and little else."""
    inside = groups[list(kind)].sum(0)
    both = inside / len(kind) * inside / groups.sum(0)
    assert both.max() > 0.7


def test_the_order_of_the_classes_changes_nothing():
    kernel = np.random.default_rng(0).normal(size=(12, 300)).astype(np.float32)
    order = np.random.default_rng(1).permutation(300)
    alike, again = (groups @ groups.T for groups in (groups_of(kernel), groups_of(kernel[:, order])))
    assert np.array_equal(alike[np.ix_(order, order)], again)


def test_fewer_classes_than_groups_are_groups_of_one():
    kernel = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
    assert (groups_of(kernel).sum(0) == 1).all()
