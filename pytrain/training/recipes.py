"""The recipes: for each network, all that training needs to know besides the pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pytrain.errors import TrainingError
from pytrain.model import cnn, mlp
from pytrain.training.augment import Augmentation


@dataclass(frozen=True)
class Recipe:
    """How one kind of network is trained."""

    build: Callable[[int], Any]
    """Takes the number of classes, gives a new model."""
    lens_pool: int
    epochs: int
    batch_size: int = 64
    learning_rate: float = 1.8e-2
    """Reached after the warm-up; then falls to 0 on a cosine (Loshchilov & Hutter, 2017)."""
    warm_up: float = 0.08
    """Part of the training in which the learning rate rises from 0."""
    weight_decay: float = 0.03
    """AdamW's (Loshchilov & Hutter, 2019)."""
    label_smoothing: float = 0.05
    small_size: int | None = None
    """Side of the pictures that the first part of the training is shown; they cost less, and what is learned
    from them holds for larger ones (Tan & Le, EfficientNetV2, 2021). None: all have the lens's size."""
    small_part: float = 0.5
    """Part of the epochs with small pictures."""
    patience: int = 12
    """Epochs without a better validation loss after which training stops."""
    augmentation: Augmentation = field(default_factory=Augmentation)

    def settings(self) -> dict[str, Any]:
        """Everything that can be written down, for settings.json."""
        return {key: value for key, value in asdict(self).items() if key != "build"}


RECIPES: Mapping[str, Recipe] = {
    "cnn": Recipe(cnn.build, cnn.LENS_POOL, epochs=27, small_size=40),
    # Without convolutions every turn and colour is a new thing to learn, so it is shown few of them.
    "mlp": Recipe(
        mlp.build,
        mlp.LENS_POOL,
        epochs=24,
        learning_rate=1e-3,
        augmentation=Augmentation(moved=0.2, mixed=0.0, inverted=0.0, light=0.05),
    ),
}


def recipe_named(name: str) -> Recipe:
    """Looks a recipe up.

    Raises:
        TrainingError: there is none of that name.
    """
    if name not in RECIPES:
        raise TrainingError(f"There is no recipe {name!r}.", expected=f"one of: {', '.join(RECIPES)}")
    return RECIPES[name]
