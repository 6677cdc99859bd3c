"""Runs side by side: planted differences are found, planted noise is called noise, others are refused."""

from __future__ import annotations

import csv
import json
from math import comb

import numpy as np
import pytest

import pytrain
from pytrain.course.compare_page import lines, write_page
from pytrain.course.comparison import compare_runs, holm, mcnemar, over_seeds
from pytrain.course.results import KIND, METRICS, PREDICTIONS, SETTINGS, read_run
from pytrain.errors import DataError
from pytrain.evaluation.metrics import wilson_interval

LABELS = ("cat", "dog")
PICTURES = 2000
RANDOM = np.random.default_rng(11)
HARD = RANDOM.random(PICTURES)
"""Of each picture: networks agree on what is hard, which is why pictures are paired."""


def planted(folder, recipe, seed, right, collection="fashion-mnist", fingerprint="same", **settings):
    """A results folder in which these test pictures were answered rightly: bool [pictures]."""
    place = folder / f"{collection}-{recipe}-seed{seed}{len(settings)}"
    place.mkdir(parents=True)
    truth = np.arange(len(right)) % 2
    answer = np.where(right, truth, 1 - truth)
    told = {"kind": KIND, "collection": collection, "recipe": recipe, "seed": seed, "labels": LABELS}
    told |= {"fingerprint": fingerprint, "epochs": 2, "augment": {"shift": 1}, **settings}
    count = int(right.sum())
    metrics = {
        "accuracy": count / len(right),
        "accuracy_interval": wilson_interval(count, len(right)),
        "test_pictures": len(right),
        "parameters": 123,
        "seconds_per_epoch": 4.5,
    }
    (place / SETTINGS).write_text(json.dumps(told), encoding="utf-8")
    (place / METRICS).write_text(json.dumps(metrics), encoding="utf-8")
    with (place / PREDICTIONS).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["index", "truth", "prediction"])
        writer.writerows(
            [number, LABELS[true], LABELS[said]]
            for number, (true, said) in enumerate(zip(truth, answer, strict=True))
        )
    return read_run(place)


OWN = 0.15
"""How much a network's own luck counts beside that."""

SCORES = np.sort(OWN * RANDOM.random(50_000) + (1 - OWN) * RANDOM.random(50_000))


def network(accuracy, draw, spread=0.003):
    """Which pictures a network answers rightly whose recipe has this accuracy: bool [pictures]."""
    level = np.quantile(SCORES, accuracy + draw.normal(0, spread))
    return OWN * draw.random(PICTURES) + (1 - OWN) * HARD < level


def test_mcnemar_is_the_sign_test_of_the_pictures_that_only_one_has_right():
    first = np.array([True] * 10 + [False] * 2 + [True] * 50)
    second = np.array([False] * 10 + [True] * 2 + [True] * 50)
    expected = 2 * sum(comb(12, k) for k in range(3)) / 2**12
    assert mcnemar(first, second) == pytest.approx(expected)
    assert mcnemar(first, first) == 1


def test_equal_networks_are_noise_and_different_ones_are_not(tmp_path):
    runs = [
        planted(tmp_path, name, 0, network(accuracy, np.random.default_rng(number), spread=0))
        for number, (name, accuracy) in enumerate({"cnn": 0.92, "separable": 0.92, "mlp": 0.86}.items())
    ]
    found = compare_runs(runs)
    by_names = {frozenset((each.better, each.worse)): each for each in found.differences}
    assert not by_names[frozenset(("cnn", "separable"))].more_than_noise
    for other in ("cnn", "separable"):
        difference = by_names[frozenset((other, "mlp"))]
        assert difference.more_than_noise
        assert difference.worse == "mlp"
        assert difference.interval[0] > 0.03
        assert difference.interval[0] < difference.difference < difference.interval[1]
    assert found.groups[-1].name == "mlp"


def test_seeds_of_a_recipe_become_mean_and_spread(tmp_path):
    runs = [planted(tmp_path, "cnn", seed, network(0.92, RANDOM)) for seed in range(3)]
    runs += [planted(tmp_path, "mlp", seed, network(0.88, RANDOM)) for seed in range(3)]
    found = compare_runs(runs)
    assert [group.name for group in found.groups] == ["cnn", "mlp"]
    accuracies = [run.accuracy for run in runs[:3]]
    assert found.groups[0].mean == pytest.approx(np.mean(accuracies))
    assert found.groups[0].spread == pytest.approx(np.std(accuracies, ddof=1))
    low, high = found.groups[0].interval
    assert low < found.groups[0].mean < high
    assert found.differences[0].more_than_noise


def test_recipes_that_are_the_same_are_rarely_called_different():
    """At 5 %: of 100 comparisons of equal recipes about 5 may be."""
    draw = np.random.default_rng(2)
    called = sum(
        over_seeds(*(np.stack([network(0.92, draw) for _ in range(3)]) for _ in range(2)), seed)[0] < 0.05
        for seed in range(100)
    )
    assert called <= 10


def test_a_difference_of_the_size_of_the_spread_is_noise_with_few_seeds():
    draw = np.random.default_rng(3)
    first, second = (np.stack([network(mean, draw, 0.01) for _ in range(3)]) for mean in (0.92, 0.915))
    assert over_seeds(first, second)[0] > 0.05


def test_seeds_that_come_out_alike_by_chance_leave_the_difference_uncertain():
    """Two networks of each recipe that are wrong at 9 and 10 pictures of 100, each at others."""
    first, second = np.ones((2, 2, 100), bool)
    first[0, :9] = first[1, 20:29] = second[0, 40:50] = second[1, 60:70] = False
    p, (low, high) = over_seeds(first, second)
    assert p > 0.5
    assert low < -0.05
    assert high > 0.07


def test_one_seed_each_tells_of_two_networks_and_several_of_recipes(tmp_path):
    rights = {("cnn", 0): 0.93, ("mlp", 0): 0.86, ("cnn", 1): 0.931, ("mlp", 1): 0.861}
    runs = [
        planted(tmp_path, name, seed, network(accuracy, RANDOM, spread=0))
        for (name, seed), accuracy in rights.items()
    ]
    found = compare_runs(runs[:2])
    *_, said, note = lines(found)
    assert found.differences[0].more_than_noise
    assert said.startswith("This network of cnn is better than this network of mlp by")
    assert said.endswith("more than noise of the test pictures; with other seeds it may be otherwise.")
    assert "--seed 0, 1 and 2" in note
    *_, said = lines(compare_runs(runs))
    assert said.startswith("cnn is better than mlp by")
    assert said.endswith(": more than noise.")


def test_holms_procedure_is_that_of_its_formula():
    assert holm([0.04]) == [0.04]
    assert holm([0.03, 0.01, 0.2]) == pytest.approx([0.06, 0.03, 0.2])
    assert holm([0.04, 0.03, 0.02]) == pytest.approx([0.06, 0.06, 0.06]), "none below one that is smaller"


def test_a_difference_that_is_noise_only_as_one_of_several_says_so(tmp_path):
    """9 pictures against 1 is p = 0.021; as the smallest of three it counts thrice."""
    wrong = {"a": range(1), "b": range(1, 10), "c": range(5)}
    runs = [planted(tmp_path, name, 0, ~np.isin(np.arange(1000), places)) for name, places in wrong.items()]
    two, three = compare_runs(runs[:2]), compare_runs(runs)
    assert any("p 0.021): more than noise" in line for line in lines(two))
    (said,) = (line for line in lines(three) if "of a is" in line and "of b" in line)
    assert "p 0.021, corrected 0.064)" in said
    assert said.endswith("no more than noise, being one of several differences.")
    assert three.differences[1].interval[0] > 0, "which alone would read as a contradiction"
    assert "Of 3 differences some seem great by luck" in lines(three)[-1]
    page = write_page(three, tmp_path / "page").read_text(encoding="utf-8")
    assert "being one of several differences" in page
    assert "Of 3 differences some seem great by luck" in page


def test_other_settings_of_a_recipe_are_a_row_of_their_own(tmp_path):
    runs = [
        planted(tmp_path, "cnn", 0, network(0.92, RANDOM)),
        planted(tmp_path, "cnn", 0, network(0.9, RANDOM), epochs=9),
    ]
    assert {group.name for group in compare_runs(runs).groups} == {"cnn (epochs 2)", "cnn (epochs 9)"}


def test_the_page_and_the_lines_say_the_same(tmp_path):
    names = [
        str(planted(tmp_path, name, seed, network(accuracy, RANDOM)).folder)
        for name, accuracy in (("cnn", 0.92), ("mlp", 0.86))
        for seed in range(2)
    ]
    lines = []
    found = pytrain.compare(*names, out=tmp_path / "page", say=lines.append)
    said = "\n".join(lines)
    assert f"{found.groups[0].mean:.2%}" in said
    assert "cnn is better than mlp by" in said
    assert "more than noise" in said
    page = (tmp_path / "page" / "compare.html").read_text(encoding="utf-8")
    assert "cnn is better than mlp by" in page
    assert "compare.png" in page
    assert (tmp_path / "page" / "compare.png").read_bytes().startswith(b"\x89PNG")
    figures = json.loads((tmp_path / "page" / "compare.json").read_text(encoding="utf-8"))
    assert figures["recipes"][0]["seeds"] == [0, 1]
    assert figures["differences"][0]["more_than_noise"] is True
    assert {file.name for file in (tmp_path / "page").iterdir()} == {
        "compare.html",
        "compare.png",
        "compare.json",
    }


def test_runs_that_cannot_be_compared_are_refused(tmp_path):
    right = network(0.9, RANDOM)
    run = planted(tmp_path, "cnn", 0, right)
    others = {
        "1 run came": [run],
        "runs of fashion-mnist and mnist": [run, planted(tmp_path, "cnn", 0, right, "mnist")],
        "tested with different pictures": [
            run,
            planted(tmp_path, "mlp", 0, right[:100], fingerprint="same", limit=100),
        ],
        "were tested with": [run, planted(tmp_path, "mlp", 1, right, fingerprint="other")],
        "with the same seed 0": [run, read_run(run.folder)],
    }
    for said, runs in others.items():
        with pytest.raises(DataError) as error:
            compare_runs(runs)
        assert said in str(error.value)
    told = json.loads((run.folder / SETTINGS).read_text(encoding="utf-8"))
    del told["fingerprint"]
    (run.folder / SETTINGS).write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(DataError, match="is no whole results folder: 'fingerprint' is missing"):
        pytrain.compare(run.folder, planted(tmp_path, "strong", 0, right).folder)


def test_damaged_predictions_are_told(tmp_path):
    runs = [planted(tmp_path, name, 0, network(0.9, RANDOM)) for name in ("cnn", "mlp")]
    path = runs[1].folder / PREDICTIONS
    path.write_text(
        "".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:50]), encoding="utf-8"
    )
    with pytest.raises(DataError, match="has 49 rows"):
        compare_runs(runs)
    path.write_text("index,truth,prediction\n0,cat,horse\n", encoding="utf-8")
    with pytest.raises(DataError, match="is damaged"):
        compare_runs([runs[0], read_run(runs[1].folder)])
