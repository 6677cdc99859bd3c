"""Can I trust it? The words fit the figures."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transfer_sample import make_judged, make_pictures, make_report

from pytrain.evaluation.judged import Outsiders
from pytrain.evaluation.label_errors import LabelError
from pytrain.evaluation.verdict import Light, Point, Verdict, verdict

LABELS = ("bird", "cat", "dog")
FAR = Outsiders("photographs", np.full(50, 0.1, np.float32), chosen_on=False)


def judge(folder: Path, wrong: dict[int, int] | None = None, each: int = 40, **other: Any) -> Verdict:
    """The verdict on `each` pictures of three classes."""
    suspects = other.pop("suspects", [])
    judged = make_judged(make_pictures(folder, LABELS, each), LABELS, wrong, **{"outsiders": (FAR,), **other})
    report = make_report(folder, judged)
    return verdict(type(report)(**{**vars(report), "judged": judged}), suspects)


def point(answer: Verdict, title: str) -> Point:
    return next(point for point in answer.points if point.title == title)


def test_a_good_model_may_be_trusted(tmp_path: Path) -> None:
    answer = judge(tmp_path, {number: (number // 40 + 1) % 3 for number in range(0, 120, 10)})
    assert answer.light is Light.GOOD
    assert answer.headline.startswith("Yes")
    assert "108 of 120 times" in point(answer, "Right answers").text
    assert answer.steps == ("Try it with a webcam, where you mean to use it: pytrain serve --open",)


def test_a_poor_model_may_not(tmp_path: Path) -> None:
    answer = judge(tmp_path, {number: (number // 40 + 1) % 3 for number in range(0, 120, 2)})
    assert answer.light is Light.BAD
    assert answer.headline == "Not yet."


def test_the_weakest_class_is_named_with_what_it_is_taken_for(tmp_path: Path) -> None:
    answer = judge(tmp_path, dict.fromkeys(range(40, 60), 2))
    weakest = point(answer, "Weakest class")
    assert "“cat” is found 20 of 40 times" in weakest.text
    assert "“dog”" in weakest.text
    assert answer.light is Light.CARE
    assert any("Add pictures of “cat”, above all such as it takes for “dog”" in step for step in answer.steps)


def test_a_model_that_hides_behind_unknown_is_not_trusted(tmp_path: Path) -> None:
    known = np.full(120, 0.1, np.float32)
    assert judge(tmp_path, known=known).light is Light.BAD
    known[:50] = 0.9
    assert judge(tmp_path, known=known).light is Light.BAD


@pytest.mark.parametrize(
    ("scores", "chosen_on", "light"),
    [
        ([0.1] * 50, False, Light.GOOD),
        ([0.9] * 8 + [0.1] * 42, False, Light.CARE),
        ([0.9] * 50, True, Light.BAD),
    ],
)
def test_what_it_says_in_front_of_something_else(
    tmp_path: Path, scores: list[float], chosen_on: bool, light: Light
) -> None:
    outsiders = Outsiders("your unknown folder", np.array(scores, np.float32), chosen_on)
    answer = judge(tmp_path, outsiders=(outsiders,))
    elsewhere = point(answer, "In front of something else")
    assert elsewhere.light is light
    assert "your unknown folder" in elsewhere.text
    asked = [step for step in answer.steps if "what else your camera may see" in step]
    assert bool(asked) == (light is not Light.GOOD)
    assert all(("more" in step) == chosen_on for step in asked)


def test_the_outsiders_that_fool_it_most_count_also_where_the_threshold_was_chosen_on_them(
    tmp_path: Path,
) -> None:
    chosen = Outsiders("generated scenes", np.full(50, 0.9, np.float32), chosen_on=True)
    told = point(judge(tmp_path, outsiders=(chosen, FAR)), "In front of something else")
    assert "0 of 50 times (generated scenes)" in told.text


def test_things_very_like_the_classes_are_told_and_do_not_decide(tmp_path: Path) -> None:
    near = Outsiders("a class not taught", np.full(50, 0.9, np.float32), chosen_on=False, near=True)
    elsewhere = point(judge(tmp_path, outsiders=(near, FAR)), "In front of something else")
    assert elsewhere.light is Light.GOOD
    assert "photographs" in elsewhere.text
    assert "very like your classes it takes 50 of 50" in elsewhere.text


def test_no_outsiders_are_no_proof(tmp_path: Path) -> None:
    assert point(judge(tmp_path, outsiders=()), "In front of something else").light is Light.CARE


def test_too_few_pictures_and_repeats_are_said(tmp_path: Path) -> None:
    answer = judge(tmp_path, each=8)
    assert point(answer, "Enough pictures").light is Light.BAD
    assert answer.light is Light.CARE
    repeats = judge(tmp_path / "more", groups=np.arange(120) // 8)
    assert "5 different ones" in point(repeats, "Enough pictures").text
    assert any("repeats of one another" in step for step in repeats.steps)


def test_likely_label_errors_are_the_first_thing_to_do(tmp_path: Path) -> None:
    assert "the 1 picture that seems" in judge(tmp_path, suspects=[LabelError(3, 1, 0.1, 0.9)]).steps[0]


@pytest.mark.parametrize(
    ("each", "wrong", "light", "said"),
    [(4, 2, Light.GOOD, "6.9 off by chance"), (8, 4, Light.CARE, "4.9 off by chance")],
)
def test_of_few_pictures_percentages_are_not_blamed_for_chance(
    each: int, wrong: int, light: Light, said: str, tmp_path: Path
) -> None:
    """All of them are 90 % sure; of 12 answers 10 are right, which is as near as it gets but for one."""
    percentages = point(judge(tmp_path, dict.fromkeys(range(wrong), 2), each=each), "Its percentages")
    assert percentages.light is light
    assert said in percentages.text


def test_wrong_percentages_are_said_with_their_direction(tmp_path: Path) -> None:
    answer = judge(tmp_path, dict.fromkeys(range(40), 2))
    assert "more sure than right" in point(answer, "Its percentages").text
