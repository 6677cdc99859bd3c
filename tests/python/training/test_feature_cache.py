"""The feature cache: nothing is computed twice, nothing that was computed is lost, memory stays flat."""

import threading
from pathlib import Path

import numpy as np
import pytest
from embedded import features_of

from pytrain.errors import DataError, TrainingError
from pytrain.image import read_image, to_input
from pytrain.model.backend import keras
from pytrain.training import feature_cache
from pytrain.training.ahead import AHEAD
from pytrain.training.feature_cache import AT_ONCE, Items, embed, widened
from pytrain.training.views import WebcamViews

KEY = "small-net"
WIDTH = 12


@pytest.fixture(scope="module")
def model():
    """The mean colours of four quarters: what it says of a picture is plain."""
    image = keras.Input((224, 224, 3))
    return keras.Model(image, keras.layers.Flatten()(keras.layers.AveragePooling2D(112)(image)))


@pytest.fixture
def computed(monkeypatch):
    """The number of rows in each batch that went through the network."""
    batches = []
    compiled = feature_cache._compiled

    def counting(model):
        run = compiled(model)

        def counted(batch):
            batches.append(len(batch))
            return run(batch)

        return counted

    monkeypatch.setattr(feature_cache, "_compiled", counting)
    return batches


def frame(number):
    """Four quarters of plain colours."""
    quarters = np.random.default_rng(number).integers(0, 256, (2, 2, 3), dtype=np.uint8)
    return quarters.repeat(20, axis=0).repeat(20, axis=1)


def items(*numbers):
    return Items([f"content-{number}" for number in numbers], lambda at: frame(numbers[at]))


def said(model, *numbers):
    return model.predict(np.stack([to_input(frame(number)) for number in numbers]), verbose=0)


def files(folder: Path, suffix: str) -> list[Path]:
    return sorted(folder.glob(f"{KEY}-*{suffix}"))


def test_a_row_is_what_the_network_makes_of_the_picture(model, tmp_path):
    features = embed(model, items(*range(40)), tmp_path, KEY)
    assert features.width == WIDTH
    assert features.views == 0
    assert features.read(np.arange(40)) == pytest.approx(said(model, *range(40)), abs=1e-3)
    assert features.read(np.array([7, 3])) == pytest.approx(said(model, 7, 3), abs=1e-3)


def test_views_are_what_the_network_makes_of_what_is_drawn(model, tmp_path):
    drawn = []

    class Drawing(WebcamViews):
        def draw(self, frame, count, seed, flips=True):
            views = super().draw(frame, count, seed, flips)
            drawn.append((frame, views))
            return views

    features = embed(model, items(5), tmp_path, KEY, views=3, draw=Drawing())
    ((_, views),) = drawn
    expected = model.predict(np.float32(views) / np.float32(127.5) - 1, verbose=0)
    assert features.views == 3
    assert features.read(np.zeros(3, int), np.array([1, 2, 3])) == pytest.approx(expected, abs=1e-3)


def test_a_second_run_computes_nothing(model, tmp_path, computed):
    first = embed(model, items(*range(20)), tmp_path, KEY, views=2, draw=WebcamViews())
    assert sum(computed) == 60
    computed.clear()

    def never(at):
        raise AssertionError("a picture was read again")

    told = []
    again = Items(items(*range(20)).contents, never)
    second = embed(
        model, again, tmp_path, KEY, views=2, draw=WebcamViews(), advance=lambda *done: told.append(done)
    )
    assert computed == []
    assert told == []
    for view in range(3):
        assert np.array_equal(first.read(np.arange(20), view), second.read(np.arange(20), view))


def test_only_what_is_new_is_computed_and_the_rest_is_found_in_other_files(model, tmp_path, computed):
    embed(model, items(0, 1, 2), tmp_path, KEY)
    computed.clear()
    features = embed(model, items(3, 1, 4, 0), tmp_path, KEY)
    assert sum(computed) == 2
    assert len(list(tmp_path.glob("*.rows"))) == 2
    assert features.read(np.arange(4)) == pytest.approx(said(model, 3, 1, 4, 0), abs=1e-3)


def test_few_rows_are_held_in_memory_and_many_are_read_from_disk_alike(model, tmp_path, monkeypatch):
    embed(model, items(0, 1, 2), tmp_path, KEY, views=1, draw=WebcamViews())
    asked = items(2, 0, 1, 2)
    few = embed(model, asked, tmp_path, KEY, views=1, draw=WebcamViews())
    monkeypatch.setattr(feature_cache, "HELD", few.files[0].nbytes - 1)
    many = embed(model, asked, tmp_path, KEY, views=1, draw=WebcamViews())
    assert not isinstance(few.files[0], np.memmap)
    assert isinstance(many.files[0], np.memmap)
    for view in (0, 1, np.array([1, 0, 0, 1])):
        assert np.array_equal(few.read(np.arange(4), view), many.read(np.arange(4), view))


def test_views_depend_on_the_picture_alone(model, tmp_path):
    few = embed(model, items(4, 5), tmp_path / "a", KEY, views=2, draw=WebcamViews())
    many = embed(model, items(*range(9)), tmp_path / "b", KEY, views=2, draw=WebcamViews())
    for view in (1, 2):
        assert few.read(np.arange(2), view) == pytest.approx(many.read(np.array([4, 5]), view), abs=1e-3)


def test_identical_files_are_computed_once(model, tmp_path, computed):
    features = embed(model, items(1, 2, 1, 1, 2), tmp_path, KEY)
    assert sum(computed) == 2
    assert features.read(np.arange(5)) == pytest.approx(said(model, 1, 2, 1, 1, 2), abs=1e-3)


def test_another_key_or_version_shares_nothing(model, tmp_path, computed, monkeypatch):
    embed(model, items(0, 1), tmp_path, KEY)
    embed(model, items(0, 1), tmp_path, "other-net")
    assert sum(computed) == 4
    monkeypatch.setattr(feature_cache, "VERSION", feature_cache.VERSION + 1)
    embed(model, items(0, 1), tmp_path, KEY)
    assert sum(computed) == 6


def test_what_was_computed_before_an_interruption_is_kept(model, tmp_path, computed):
    def stop(done, total):
        if done == 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed(model, items(*range(60)), tmp_path, KEY, advance=stop)
    before = sum(computed)
    assert before == 40 // AT_ONCE * AT_ONCE
    computed.clear()
    features = embed(model, items(*range(60)), tmp_path, KEY)
    assert sum(computed) == 60 - before
    assert features.read(np.arange(60)) == pytest.approx(said(model, *range(60)), abs=1e-3)


@pytest.mark.parametrize(
    ("suffix", "cut"), [(".rows", 3), (".rows", 2 * WIDTH), (".names", 1), (".names", 6)]
)
def test_a_row_that_was_cut_off_is_computed_again(suffix, cut, model, tmp_path, computed):
    embed(model, items(*range(10)), tmp_path, KEY)
    (file,) = files(tmp_path, suffix)
    file.write_bytes(file.read_bytes()[:-cut])
    computed.clear()
    features = embed(model, items(*range(10)), tmp_path, KEY)
    assert computed == [1]
    assert features.read(np.arange(10)) == pytest.approx(said(model, *range(10)), abs=1e-3)


@pytest.mark.parametrize(
    "rubbish", [b"\0" * 30, b"\xff\xfe\n" * 4, b"no number of a view\n" * 4, b"\n" * 4, b""]
)
def test_damaged_names_only_cost_time(rubbish, model, tmp_path, computed):
    embed(model, items(*range(4)), tmp_path, KEY)
    (names,) = files(tmp_path, ".names")
    names.write_bytes(rubbish)
    computed.clear()
    features = embed(model, items(*range(4)), tmp_path, KEY)
    assert sum(computed) == 4
    assert features.read(np.arange(4)) == pytest.approx(said(model, *range(4)), abs=1e-3)


def test_names_whose_rows_are_gone_only_cost_time(model, tmp_path, computed):
    embed(model, items(*range(4)), tmp_path, KEY)
    files(tmp_path, ".rows")[0].unlink()
    computed.clear()
    embed(model, items(*range(4)), tmp_path, KEY)
    assert sum(computed) == 4


def test_a_full_disk_is_one_clear_error_and_costs_nothing_that_was_there(
    model, tmp_path, monkeypatch, computed
):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no device that is always full")
    embed(model, items(*range(4)), tmp_path, KEY)
    monkeypatch.setattr(feature_cache, "_new_name", lambda key: f"{KEY}-full")
    (tmp_path / f"{KEY}-full.rows").symlink_to(full)
    with pytest.raises(TrainingError) as caught:
        embed(model, items(*range(30)), tmp_path, KEY)
    assert str(tmp_path) in caught.value.what
    assert "No space left" in caught.value.what
    assert "disk" in caught.value.fix
    (tmp_path / f"{KEY}-full.rows").unlink()
    computed.clear()
    embed(model, items(*range(4)), tmp_path, KEY)
    assert computed == []


def test_a_file_where_the_cache_belongs_is_one_clear_error(model, tmp_path):
    (tmp_path / "cache").write_text("not a folder", encoding="utf-8")
    with pytest.raises(TrainingError, match="cannot be kept"):
        embed(model, items(0), tmp_path / "cache", KEY)


def test_an_unreadable_picture_is_a_problem_and_stops_no_other(model, tmp_path):
    numbers = [0, 1, 2, 1, 3]

    def read(at):
        if numbers[at] == 1:
            raise DataError("no picture")
        return frame(numbers[at])

    features = embed(model, Items([f"content-{n}" for n in numbers], read), tmp_path, KEY)
    assert {number: str(error) for number, error in features.problems.items()} == {
        1: "no picture",
        3: "no picture",
    }
    assert features.file_of[[1, 3]].tolist() == [[-1], [-1]]
    assert features.read(np.array([0, 2, 4])) == pytest.approx(said(model, 0, 2, 3), abs=1e-3)


def test_a_picture_that_vanished_is_a_problem_too(model, tmp_path):
    gone = Items(["gone"], lambda _: read_image(tmp_path / "gone.png"))
    features = embed(model, gone, tmp_path / "cache", KEY)
    assert "gone.png" in str(features.problems[0])


def test_a_picture_that_was_unreadable_is_tried_again(model, tmp_path):
    def unreadable(at):
        raise DataError("the stick was pulled")

    embed(model, Items(["content-3"], unreadable), tmp_path, KEY)
    features = embed(model, items(3), tmp_path, KEY)
    assert features.problems == {}
    assert features.read(np.array([0])) == pytest.approx(said(model, 3), abs=1e-3)


def test_only_a_few_pictures_are_in_memory_however_many_there_are(model, tmp_path):
    lock = threading.Lock()
    begun, taken, held = 0, 0, []

    def counted(at):
        nonlocal begun
        with lock:
            begun += 1
            held.append(begun - taken)
        return frame(at)

    def advance(done, total):
        nonlocal taken
        taken = done

    embed(model, Items([f"content-{n}" for n in range(150)], counted), tmp_path, KEY, advance=advance)
    assert 2 < max(held) <= AHEAD


def test_progress_counts_what_is_left_to_do(model, tmp_path):
    embed(model, items(0, 1), tmp_path, KEY)
    told = []
    embed(model, items(*range(5)), tmp_path, KEY, advance=lambda *done: told.append(done))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_chunks_are_all_that_is_read_in_order(monkeypatch):
    monkeypatch.setattr("pytrain.training.feature_cache.CHUNK", 3)
    features = features_of(np.arange(80).reshape(8, 2, 5))
    numbers = np.array([7, 0, 0, 3, 5, 1, 2])
    chunks = list(features.chunks(numbers, view=1))
    assert [len(chunk) for chunk in chunks] == [3, 3, 1]
    assert np.array_equal(np.concatenate(chunks), features.read(numbers, view=1))
    assert list(features.chunks(numbers[:0])) == []


def test_every_finite_half_is_widened_to_what_it_is():
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)].reshape(2, -1)
    wide = widened(halves)
    assert wide.dtype == np.float32
    # Zeros have signs, which == does not see.
    np.testing.assert_array_equal(wide.view(np.uint32), halves.astype(np.float32).view(np.uint32))
