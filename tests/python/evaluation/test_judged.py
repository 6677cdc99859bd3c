"""The figures of judged pictures."""

from pathlib import Path

import numpy as np
import pytest
from transfer_sample import THRESHOLD, make_judged, make_pictures

from pytrain.dataset.pictures import NO_CLASS
from pytrain.evaluation.judged import Judged, Outsiders, Share
from pytrain.evaluation.metrics import wilson_interval

LABELS = ("bird", "cat", "dog")


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    """30 pictures, 10 of each class; two cats are called dogs."""
    return make_judged(make_pictures(tmp_path, LABELS, 10), LABELS, {10: 2, 11: 2})


def test_accuracy_counts_pictures_and_its_interval_counts_what_differs(judged: Judged) -> None:
    share = judged.accuracy()
    assert (share.count, share.total, share.groups) == (28, 30, 30)
    assert share.interval == wilson_interval(28, 30)
    bursts = Judged(**{**vars(judged), "groups": np.arange(30) // 5}).accuracy()
    assert bursts.value == share.value
    assert bursts.interval == wilson_interval(28 / 5, 6)
    assert bursts.interval[0] < share.interval[0]


def test_each_class_has_recall_and_precision_of_its_own(judged: Judged) -> None:
    bird, cat, dog = judged.classes(THRESHOLD)
    assert (bird.recall.value, bird.precision.value) == (1, 1)
    assert (cat.recall.value, cat.precision.value) == (0.8, 1)
    assert dog.recall.value == 1
    assert dog.precision.value == pytest.approx(10 / 12)
    assert dog.f1 == pytest.approx(2 * (10 / 12) / (1 + 10 / 12))


def test_unknown_is_an_answer_and_leaves_precision_alone(judged: Judged) -> None:
    known = judged.known.copy()
    known[10] = 0.1
    unsure = Judged(**{**vars(judged), "known": known})
    assert unsure.answers(THRESHOLD)[10] == NO_CLASS
    assert unsure.rejected(THRESHOLD).count == 1
    assert unsure.right_when_answered(THRESHOLD).total == 29
    assert unsure.right_when_answered(THRESHOLD).count == 28
    assert unsure.accuracy() == judged.accuracy()


def test_the_cells_hold_every_picture_once(judged: Judged) -> None:
    cells = judged.cells(THRESHOLD)
    assert cells[1, 2].tolist() == [10, 11]
    assert sorted(np.concatenate(list(cells.values())).tolist()) == list(range(30))
    for (truth, answer), numbers in cells.items():
        assert set(judged.truth[numbers].tolist()) == {truth}
        assert set(judged.answers(THRESHOLD)[numbers].tolist()) == {answer}


def test_auroc_and_false_accepts_of_outsiders(judged: Judged) -> None:
    apart = Outsiders("far", np.full(5, 0.1, np.float32), chosen_on=False)
    mixed = Outsiders("near", np.array([0.95, 0.1], np.float32), chosen_on=False)
    assert judged.auroc(apart) == 1
    assert judged.auroc(mixed) == 0.5
    assert judged.auroc(Outsiders("none", np.array([], np.float32), chosen_on=False)) is None
    assert mixed.accepted(THRESHOLD).value == 0.5
    assert apart.accepted(THRESHOLD).count == 0


def test_nothing_counted_is_nothing_known() -> None:
    assert Share(0, 0, 0).value is None
    assert Share(0, 0, 0).interval == (0.0, 1.0)
