"""Near-duplicates: copies and bursts stay together, different pictures of one class do not."""

import io
import sqlite3
from collections import Counter

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from pytrain.dataset import looks as looks_module
from pytrain.dataset.four_shapes import draw_scene
from pytrain.dataset.image_folder import open_dataset
from pytrain.dataset.looks import look
from pytrain.dataset.near_duplicates import groups_of


def scene(label, seed):
    return Image.fromarray(draw_scene(label, seed))


def textured(seed, size=(320, 240)):
    """Something like a photo of a busy place: blobs of all sizes."""
    draw = np.random.default_rng(seed)
    layers = np.zeros((size[1], size[0], 3), np.float32)
    for cells in (3, 6, 12, 24, 48):
        small = draw.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
        layers += (
            np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC), np.float32) / cells**0.5
        )
    layers -= layers.min()
    return Image.fromarray((layers / layers.max() * 255).astype(np.uint8))


def saved(picture, quality=90):
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=quality)
    return data.getvalue()


@pytest.fixture
def grouped(tmp_path):
    """Writes label/name -> picture or bytes; gives the group of each name."""

    def run(pictures, cache=None):
        root = tmp_path / "set"
        for name, picture in pictures.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture if isinstance(picture, bytes) else saved(picture))
        seen, problems = look(open_dataset(root), cache=cache)
        assert problems == ()
        groups = groups_of(seen).tolist()
        return {
            str(item.picture.path.relative_to(root)): group for item, group in zip(seen, groups, strict=True)
        }

    return run


OTHERS = {f"others/{name}": textured(900 + at) for at, name in enumerate("abcdefghijkl")}

CHANGES = {
    "saved at low quality": lambda p: saved(p, 30),
    "half the size": lambda p: p.resize((p.width // 2, p.height // 2)),
    "brighter": lambda p: ImageEnhance.Brightness(p).enhance(1.2),
    "darker": lambda p: ImageEnhance.Brightness(p).enhance(0.7),
    "less contrast": lambda p: ImageEnhance.Contrast(p).enhance(0.7),
    "blurred": lambda p: p.filter(ImageFilter.GaussianBlur(1.5)),
    "noisy": lambda p: Image.fromarray(
        np.clip(
            np.asarray(p) + np.random.default_rng(0).normal(0, 10, (p.height, p.width, 3)), 0, 255
        ).astype(np.uint8)
    ),
    "mirrored": lambda p: p.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "cropped by 2 % on each side": lambda p: p.crop((6, 5, p.width - 6, p.height - 5)),
    "cropped by 5 % on each side": lambda p: p.crop((16, 12, p.width - 16, p.height - 12)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_copy_is_found(grouped, change):
    pictures = {f"photos/{name}": textured(at) for at, name in enumerate("abcdefghijkl")}
    copies = {f"photos/copy of {name}": change(textured(at)) for at, name in enumerate("abcdefghijkl")}
    groups = grouped({**pictures, **copies, **OTHERS})
    for name in "abcdefghijkl":
        assert groups[f"photos/{name}"] == groups[f"photos/copy of {name}"]
    assert len(set(groups.values())) == 24


def test_a_copy_under_another_label_is_found(grouped):
    groups = grouped({"photos/x": textured(1), "others/y": saved(textured(1), 40), **OTHERS})
    assert groups["photos/x"] == groups["others/y"]


def test_the_same_bytes_are_one_group_even_where_nothing_can_be_seen(grouped):
    blank = saved(Image.new("RGB", (64, 64), (200, 200, 200)))
    groups = grouped({"photos/a": blank, "photos/b": blank, **OTHERS})
    assert groups["photos/a"] == groups["photos/b"]


def test_plain_surfaces_are_not_taken_for_each_other(grouped):
    draw = np.random.default_rng(3)
    plain = {
        f"plain/{name}": Image.fromarray(
            np.clip(draw.normal(120 + 9 * at, 2, (120, 160, 3)), 0, 255).astype(np.uint8)
        )
        for at, name in enumerate("abcdef")
    }
    assert len(set(grouped({**plain, **OTHERS}).values())) == 18


def test_different_drawings_of_a_class_are_not_merged(grouped):
    pictures = {
        f"{label}/{seed:03d}.jpg": scene(label, seed) for label in ("circle", "square") for seed in range(120)
    }
    sizes = Counter(grouped(pictures).values())
    assert len(sizes) >= 238


def test_the_colour_tells_two_shirts_apart(grouped):
    shirt = np.asarray(textured(5), np.float32).mean(axis=2, keepdims=True)
    red, blue = (
        Image.fromarray((shirt * colour).astype(np.uint8)) for colour in ((0.9, 0.2, 0.2), (0.2, 0.2, 0.9))
    )
    groups = grouped({"shirts/red": red, "shirts/blue": blue, **OTHERS})
    assert groups["shirts/red"] != groups["shirts/blue"]


def burst(seed, frames, step=3):
    """A hand-held camera before a scene: it drifts, the light flickers, every frame is compressed anew."""
    draw = np.random.default_rng(seed)
    big = textured(seed, (480, 360))
    x, y = 40.0, 40.0
    for _ in range(frames):
        x, y = np.clip((x + draw.normal(0, step), y + draw.normal(0, step)), 0, 100)
        part = big.crop((int(x), int(y), int(x) + 360, int(y) + 240))
        yield saved(ImageEnhance.Brightness(part).enhance(draw.uniform(0.9, 1.1)), int(draw.integers(60, 95)))


def test_frames_of_one_recording_stay_together_and_recordings_apart(grouped):
    pictures = {}
    for recording in range(6):
        for number, frame in enumerate(burst(recording, 12)):
            pictures[f"mug/IMG_{100 * recording + number:04d}.jpg"] = frame
    groups = grouped({**pictures, **OTHERS})
    found = [
        {groups[f"mug/IMG_{100 * recording + number:04d}.jpg"] for number in range(12)}
        for recording in range(6)
    ]
    assert [len(some) for some in found] == [1] * 6
    assert len(set.union(*found)) == 6


def test_a_numbered_collection_is_no_recording(grouped):
    pictures = {f"things/{number}.jpg": textured(number) for number in range(60)}
    assert len(set(grouped({**pictures, **OTHERS}).values())) == 72


def test_groups_depend_on_contents_and_not_on_order(tmp_path, grouped):
    grouped({**{f"a/{n}": textured(n % 5) for n in range(9)}, "a/x": saved(textured(0), 40), **OTHERS})
    seen, _ = look(open_dataset(tmp_path / "set"))
    groups = groups_of(seen)
    order = np.random.default_rng(0).permutation(len(seen))
    assert groups_of([seen[at] for at in order]).tolist() == groups[order].tolist()
    assert groups.dtype == np.int64
    assert groups.min() >= 0
    assert groups_of([]).tolist() == []


# Looks


def test_a_look_has_the_upright_size_and_a_damaged_file_is_named(make_folder, tmp_path):
    root = make_folder(cats=1, dogs=1)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20), "red").save(root / "cats" / "turned.jpg", exif=exif)
    (root / "cats" / "cut.jpg").write_bytes(saved(textured(1))[:4000])
    seen, problems = look(open_dataset(root))
    sizes = {item.picture.path.name: (item.width, item.height) for item in seen}
    assert sizes["turned.jpg"] == (20, 40)
    assert [problem.path.name for problem in problems] == ["cut.jpg"]
    assert problems[0].why.startswith("is damaged")


def test_a_second_look_decodes_nothing(make_folder, tmp_path, monkeypatch):
    folder = open_dataset(make_folder(cats=3, dogs=3))
    first = look(folder, cache=tmp_path / "cache")
    monkeypatch.setattr(looks_module, "_seen", lambda picture: pytest.fail("decoded again"))
    assert look(folder, cache=tmp_path / "cache") == first


@pytest.mark.parametrize("content", [b"", b"not a database" * 100])
def test_a_broken_cache_costs_time_and_nothing_else(make_folder, tmp_path, content):
    folder = open_dataset(make_folder(cats=2, dogs=2))
    file = tmp_path / "cache" / looks_module.CACHE_FILE
    file.parent.mkdir()
    file.write_bytes(content)
    assert look(folder, cache=file.parent) == look(folder)
    assert sqlite3.connect(file).execute("SELECT COUNT(*) FROM looks").fetchone() == (4,)


def test_a_cache_that_cannot_be_written_is_done_without(make_folder, tmp_path):
    folder = open_dataset(make_folder(cats=2, dogs=2))
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    assert len(look(folder, cache=tmp_path / "cache")[0]) == 4


def test_a_picture_that_vanishes_before_it_is_decoded_is_set_aside(make_folder):
    root = make_folder(cats=2, dogs=2)
    folder = open_dataset(root)
    (root / "cats" / "000.png").unlink()
    seen, problems = look(folder)
    assert len(seen) == 3
    assert [problem.why for problem in problems] == ["does not exist"]
