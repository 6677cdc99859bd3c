"""Scenes with masks: what is marked is what was drawn, under the same geometry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from pytrain.dataset.four_shapes import camera, canvas, masks
from pytrain.dataset.four_shapes.dice import Dice
from pytrain.dataset.four_shapes.figures import Figure
from pytrain.dataset.four_shapes.masks import CLASSES, coverage, draw_masked
from pytrain.dataset.four_shapes.outlines import LABELS
from pytrain.dataset.four_shapes.plane import HEIGHT, WIDTH, Plane

SEEDS = range(40)


@pytest.fixture(scope="module")
def scenes() -> list[masks.Masked]:
    return [draw_masked(seed) for seed in SEEDS]


def at(x: float, y: float, radius: float) -> Plane:
    return Plane(np.array([[radius, 0, x], [0, radius, y], [0, 0, 1.0]]))


def circle() -> Figure:
    angles = np.arange(64) * np.pi / 32
    return Figure("circle", np.stack([np.cos(angles), np.sin(angles)], axis=1))


def planted(plane: Plane) -> Any:
    """A black circle on white, and its mask."""
    scene = masks._Scene(Image.new("RGB", (WIDTH, HEIGHT), (255, 255, 255)))
    figure = circle()
    scene.put(figure, plane, lambda: canvas.fill(scene.image, plane.project(figure.area()), (0, 0, 0)))
    return scene


def test_the_same_seed_gives_the_same_scene(scenes: list[masks.Masked]) -> None:
    again = draw_masked(SEEDS[3])
    assert np.array_equal(again.frame, scenes[3].frame)
    assert np.array_equal(again.mask, scenes[3].mask)


def test_scenes_show_all_shapes_several_at_once_and_none(scenes: list[masks.Masked]) -> None:
    assert all(scene.frame.shape == (HEIGHT, WIDTH, 3) for scene in scenes)
    assert all(scene.mask.shape == (HEIGHT, WIDTH) and scene.mask.dtype == np.uint8 for scene in scenes)
    found = [set(np.unique(scene.mask)) - {0} for scene in scenes]
    assert set.union(*found) == set(range(1, len(CLASSES)))
    assert any(len(numbers) > 1 for numbers in found)
    assert any(not numbers for numbers in found)


def test_a_planted_circle_is_marked_to_the_pixel() -> None:
    scene = planted(at(150, 100, 60))
    mask = np.asarray(scene.mask)
    assert mask.max() == 1 + LABELS.index("circle")
    assert (mask > 0).sum() == pytest.approx(np.pi * 60**2, rel=0.01)
    rows, columns = np.nonzero(mask)
    assert (columns.mean(), rows.mean()) == pytest.approx((149.5, 99.5), abs=0.6)
    dark = np.asarray(scene.image)[..., 0] < 128
    assert (dark != (mask > 0)).mean() < 0.001


def test_an_outline_counts_with_its_line_and_all_within() -> None:
    plane, figure = at(160, 120, 60), circle()
    scene = masks._Scene(Image.new("RGB", (WIDTH, HEIGHT), (255, 255, 255)))
    path = plane.project(np.concatenate([figure.corners, figure.corners[:1]]))
    scene.put(figure, plane, lambda: canvas.stroke(scene.image, [path], 12, (0, 0, 0)), lines=True)
    assert (np.asarray(scene.mask) > 0).sum() == pytest.approx(np.pi * 66**2, rel=0.02)


def test_what_is_covered_and_what_is_no_shape_is_not_marked() -> None:
    scene = planted(at(160, 120, 60))
    box = np.array([[160.0, 0], [320, 0], [320, 240], [160, 240]])
    scene.cover(lambda: canvas.fill(scene.image, box, (200, 30, 30)))
    mask = np.asarray(scene.mask)
    assert not mask[:, 161:].any()
    assert (mask > 0).sum() == pytest.approx(np.pi * 60**2 / 2, rel=0.02)
    scene.put(Figure("unknown", circle().corners), at(60, 60, 30), lambda: None)
    assert np.array_equal(np.asarray(scene.mask), mask)


def test_the_lens_bends_a_mask_as_it_bends_the_picture() -> None:
    bent = 0
    for seed in range(60):
        scene = planted(at(70, 70, 45))
        before = np.asarray(scene.mask).copy()
        frame, mask = camera.capture_with(Dice(seed), scene.image, scene.mask)
        dark = np.asarray(Image.fromarray(frame).convert("L")).astype(int)
        truth = np.asarray(mask) > 0
        bent += not np.array_equal(truth, before > 0)
        # Whatever light and noise do, the circle stays the darker part.
        split = (np.median(dark[truth]) + np.median(dark[~truth])) / 2
        assert ((dark < split) & truth).sum() / truth.sum() > 0.9, seed
    assert bent > 2


def test_a_camera_gives_the_same_picture_with_and_without_a_mask() -> None:
    for seed in range(8):
        scene = planted(at(160, 120, 60))
        alone = camera.capture(Dice(seed), scene.image.copy())
        assert np.array_equal(alone, camera.capture_with(Dice(seed), scene.image, scene.mask)[0])


def test_coverage_tells_what_part_of_each_place_a_class_has() -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, 40:160] = 2  # the left half of the centre square
    shares = coverage(mask, 5)
    assert shares.shape == (5, 5, len(CLASSES))
    assert np.allclose(shares.sum(axis=-1), 1, atol=1e-6)
    assert np.allclose(shares[0, :, 2], [1, 1, 0.5, 0, 0], atol=1e-6)
