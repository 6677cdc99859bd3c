import numpy as np

from pytrain.model.backend import tf
from pytrain.training.augment import Augmentation

NOTHING = Augmentation(
    moved=0, mixed=0, grey=0, inverted=0, contrast=0, light=0, curve=0, blur=0, noise=0, covered=0
)
PIXELS = np.random.default_rng(0).integers(0, 256, (6, 20, 20, 3), dtype=np.uint8)


def changed(augmentation, seed=(1, 2)):
    return augmentation(tf.constant(PIXELS), tf.constant(seed)).numpy()


def test_without_changes_only_mirrored_pictures_come_out():
    for before, after in zip(PIXELS / np.float32(127.5) - 1, changed(NOTHING), strict=True):
        mirrored = [before, before[::-1], before[:, ::-1], before[::-1, ::-1]]
        assert min(np.abs(after - picture).max() for picture in mirrored) < 1e-4


def test_same_seed_same_batch_and_another_seed_another():
    np.testing.assert_array_equal(changed(Augmentation()), changed(Augmentation()))
    assert np.abs(changed(Augmentation()) - changed(Augmentation(), (1, 3))).mean() > 0.05


def test_values_stay_in_the_image_contract():
    values = changed(Augmentation(contrast=1, light=1, noise=1))
    assert values.dtype == np.float32
    assert values.min() >= -1
    assert values.max() <= 1


def test_smaller_pictures_show_the_same_from_edge_to_edge():
    halves = (PIXELS.reshape(6, 10, 2, 10, 2, 3).mean(axis=(2, 4)) / 127.5 - 1).astype(np.float32)
    smaller = NOTHING(tf.constant(PIXELS), tf.constant((1, 2)), size=10).numpy()
    for half, after in zip(halves, smaller, strict=True):
        mirrored = [half, half[::-1], half[:, ::-1], half[::-1, ::-1]]
        assert min(np.abs(after - picture).max() for picture in mirrored) < 1e-4


def test_negative_of_a_picture_is_its_opposite():
    always = Augmentation(**{**vars(NOTHING), "inverted": 1.0})
    np.testing.assert_allclose(changed(always), -changed(NOTHING), atol=1e-5)
