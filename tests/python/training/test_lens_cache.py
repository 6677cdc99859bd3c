import numpy as np
import pytest
from PIL import Image
from threadpoolctl import threadpool_info, threadpool_limits

from pytrain.errors import DataError, TrainingError
from pytrain.image import crop_square, read_image, resize, to_input
from pytrain.model.backend import keras
from pytrain.training.lens_cache import CROPPED, SQUASHED, build_lens_cache, pooled

RANDOM = np.random.default_rng(0)


def picture(height, width):
    return RANDOM.integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(240, 320), (320, 241), (224, 224), (56, 90), (1, 3), (900, 700)])
@pytest.mark.parametrize("pool", [4, 8])
def test_one_matrix_per_axis_is_the_image_contract_and_the_lens(shape, pool):
    frame = picture(*shape)
    lens = keras.layers.AveragePooling2D(pool)
    expected = lens(to_input(frame)[None]).numpy()[0]
    got = pooled(crop_square(frame), pool) / 127.5 - 1
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_squashed_view_is_the_whole_frame():
    frame = picture(240, 320)
    # A square picture resized by the contract's own function, whose columns are those of the frame.
    square = resize(np.ascontiguousarray(np.repeat(np.repeat(frame, 4, axis=0), 3, axis=1)), 224)
    expected = square.reshape(56, 4, 56, 4, 3).mean(axis=(1, 3))
    assert np.abs(pooled(frame, 4) - expected).mean() < 6
    np.testing.assert_allclose(pooled(np.full((30, 70, 3), 77, np.uint8), 4), 77, atol=1e-3)


def cache_of(tmp_path, pictures):
    return build_lens_cache(pictures, "some", 4, tmp_path / "cache")


def test_cache_holds_both_views_of_every_picture_rounded(tmp_path):
    paths = []
    for number in range(5):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(picture(60 + number, 80)).save(paths[-1])
    cache = cache_of(tmp_path, paths)
    rows, views = np.array([4, 0, 2, 2]), np.array([CROPPED, SQUASHED, CROPPED, SQUASHED])
    for got, row, view in zip(cache.read(rows, views), rows, views, strict=True):
        frame = read_image(paths[row])
        seen = crop_square(frame) if view == CROPPED else frame
        assert np.abs(got - pooled(seen, 4)).max() <= 0.5 + 1e-3


def test_second_time_the_pictures_are_not_read_again(tmp_path):
    path = tmp_path / "one.png"
    Image.fromarray(picture(30, 30)).save(path)
    first = cache_of(tmp_path, [path]).read([0], np.array([0]))
    path.unlink()
    np.testing.assert_array_equal(cache_of(tmp_path, [path]).read([0], np.array([0])), first)


def test_threads_of_the_matrix_library_do_not_wait_for_each_other_below_those_that_decode(tmp_path):
    path = tmp_path / "one.png"
    Image.fromarray(picture(30, 30)).save(path)
    matrices = []

    def look(done, total):
        matrices.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")

    with threadpool_limits(2):
        build_lens_cache([path], "some", 4, tmp_path / "cache", look)
    assert matrices
    assert set(matrices) == {1}


def test_damaged_picture_is_set_aside_by_name(tmp_path):
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    Image.fromarray(picture(30, 30)).save(good)
    bad.write_bytes(good.read_bytes()[:200])
    cache = cache_of(tmp_path, [bad, good])
    assert cache.set_aside == (0,)
    assert "bad.png" in cache.problems[0]


def test_nothing_but_damaged_pictures_is_an_error(tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    with pytest.raises(DataError, match="Not one picture"):
        cache_of(tmp_path, [bad])


def test_truncated_cache_says_what_to_do(tmp_path):
    path = tmp_path / "one.png"
    Image.fromarray(picture(30, 30)).save(path)
    cache = cache_of(tmp_path, [path])
    cache.path.write_bytes(cache.path.read_bytes()[:100])
    with pytest.raises(TrainingError) as error:
        cache.read([0], np.array([0]))
    assert "Delete it" in str(error.value)


def test_interrupted_building_leaves_no_cache_behind(tmp_path):
    path = tmp_path / "one.png"
    Image.fromarray(picture(30, 30)).save(path)

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_lens_cache([path], "some", 4, tmp_path / "cache", interrupt)
    assert list((tmp_path / "cache").iterdir()) == []
