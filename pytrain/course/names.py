"""The names of the recipes, for whoever must not wait for TensorFlow to list them."""

from __future__ import annotations

from collections.abc import Mapping

DIGITS_AND_CLOTHES = ("mnist", "fashion-mnist")

RECIPES: Mapping[str, tuple[str, ...]] = {
    "mlp": DIGITS_AND_CLOTHES,
    "cnn": DIGITS_AND_CLOTHES,
    "cnn-plain": ("cifar-10",),
    "cnn-regularised": ("cifar-10",),
    "separable": ("mnist", "fashion-mnist", "cifar-10"),
    "strong": ("fashion-mnist",),
}
"""For each recipe the data sets that it is meant for; each is a file in recipes/."""

DEFAULTS: Mapping[str, str] = {"mnist": "cnn", "fashion-mnist": "cnn", "cifar-10": "cnn-regularised"}
"""What is trained where no recipe is named."""

UNMIRRORED = ("mnist",)
"""Data sets in which a mirrored picture does not show its class any more."""
