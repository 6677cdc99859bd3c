"""What a recipe is: one network, and how it is trained. Each file in recipes/ holds one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from importlib import import_module
from typing import Any

from pytrain.course.augment import Augment
from pytrain.course.names import RECIPES
from pytrain.errors import TrainingError

OPTIMIZERS = ("adamw", "sgd")


@dataclass(frozen=True)
class Pictures:
    """What a network has to know of the pictures that it is built for.

    Attributes:
        side: in pixels.
        channels: 1 for grey, 3 for RGB.
        mean: of each channel over all training pictures, of values in [-1, 1].
        variance: the same.
    """

    side: int
    channels: int
    mean: tuple[float, ...] = (0.0,)
    variance: tuple[float, ...] = (1.0,)


@dataclass(frozen=True)
class View:
    """How a picture is shown to a network once more."""

    right: int = 0
    """Whole pixels that it is moved by; to the left if negative. Black comes in from outside."""
    down: int = 0
    """The same; up if negative."""
    mirrored: bool = False
    """Left and right exchanged, before it is moved."""


@dataclass(frozen=True)
class Recipe:
    """One network and how it is trained."""

    name: str
    about: str
    """One line for people."""
    collections: tuple[str, ...]
    """Data sets of the catalogue that it is meant for."""
    build: Callable[[Pictures, int], Any]
    """Takes the pictures' facts and the number of classes; gives a new keras.Model from float32
    [batch, side, side, channels] in [-1, 1] to logits [batch, classes], its last layer a Dense called
    "logits"."""
    epochs: int
    """Passes over the training pictures."""
    batch_size: int = 128
    optimizer: str = "adamw"
    """"adamw" (Loshchilov & Hutter, 2019) or "sgd", with Nesterov's momentum of 0.9."""
    learning_rate: float = 3e-3
    """The greatest: reached after the warm-up, then it falls to 0 on a cosine."""
    warm_up: float = 0.2
    """Part of the training in which the learning rate rises from 0 (Smith & Topin, 2019)."""
    weight_decay: float = 0.0
    """Of kernels; biases and normalisations are left alone."""
    label_smoothing: float = 0.0
    """Part of each target that is spread over all classes (Szegedy et al., 2016)."""
    augment: Augment = field(default_factory=Augment)
    average: float = 0.0
    """Decay of the running average of the weights that is kept in place of the last ones; 0 for none."""
    views: tuple[View, ...] = ()
    """The exported model averages the logits of these views of a picture; none for the picture as it is."""
    bfloat16: bool = False
    """Compute in bfloat16 where the processor has instructions for it."""
    patience: int = 0
    """Epochs without a better validation loss after which training stops; 0 for never."""
    varied: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What is otherwise for some data sets, by their names: {"mnist": {"epochs": 24}}."""

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise TrainingError(
                f"The recipe {self.name} has the optimizer {self.optimizer!r}.",
                expected=f"one of {', '.join(OPTIMIZERS)}",
            )
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise TrainingError(
                    f"The recipe {self.name} has {name} {getattr(self, name)}.",
                    expected="a whole number from 1",
                )

    def varied_for(self, collection: str) -> Recipe:
        """The recipe as it is for this data set."""
        return replace(self, **self.varied.get(collection, {}), varied={})

    def settings(self) -> dict[str, Any]:
        """All that decides how it is trained, as plain values."""
        left_out = ("name", "about", "collections", "build", "augment", "views", "varied")
        plain = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in left_out}
        return {
            "recipe": self.name,
            **plain,
            "augment": asdict(self.augment),
            "views": [asdict(view) for view in self.views],
        }


def recipe_named(name: str, collection: str) -> Recipe:
    """The recipe of this name, for a data set of the catalogue.

    Raises:
        TrainingError: there is none of that name, or it is not meant for that data set.
    """
    fitting = [known for known, collections in RECIPES.items() if collection in collections]
    if name not in RECIPES:
        raise TrainingError(
            f"There is no recipe {name!r} for {collection}.", expected=f"one of: {', '.join(fitting)}"
        )
    if name not in fitting:
        raise TrainingError(
            f"The recipe {name} is for {' and '.join(RECIPES[name])}.",
            expected=f"for {collection} one of: {', '.join(fitting)}",
        )
    module = import_module(f"pytrain.course.recipes.{name.replace('-', '_')}")
    found: Recipe = module.RECIPE
    return found
