"""How much sooner a training step is done with batch normalisation as one operation.

    python benchmarks/steps.py [--steps 30]

Each network of the course's `strong`, of the U-Net and of the four shapes' `cnn` learns from batches of noise
twice over: as Keras has it, and as pytrain trains it (training/fused.py). Steps of both come in turn, so
whatever else the machine does meets both; the first ones, which trace the graph, do not count.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from pytrain.course.recipe import Pictures, recipe_named
from pytrain.dataset.four_shapes.outlines import LABELS
from pytrain.model import unet
from pytrain.model.backend import keras
from pytrain.model.lens import core
from pytrain.training.fused import fused
from pytrain.training.precision import has_bfloat16, in_bfloat16
from pytrain.training.recipes import recipe_named as shapes_recipe
from pytrain.training.segmentation import Plan

FIRST = 5
"""Steps that do not count."""


def strong() -> tuple[Any, int, bool]:
    recipe = recipe_named("strong", "fashion-mnist")
    return recipe.build(Pictures(28, 1), 10), recipe.batch_size, recipe.bfloat16


def masks() -> tuple[Any, int, bool]:
    return unet.core(unet.build(len(LABELS))), Plan().batch_size, True


def shapes() -> tuple[Any, int, bool]:
    recipe = shapes_recipe("cnn")
    return core(recipe.build(len(LABELS))), recipe.batch_size, False


NETWORKS: dict[str, Callable[[], tuple[Any, int, bool]]] = {
    "strong (Fashion-MNIST)": strong,
    "U-Net (masks)": masks,
    "cnn (four shapes)": shapes,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=30, help="of each; at least 1")
    steps: int = parser.parse_args().steps
    if steps < 1:
        parser.error("--steps takes a whole number from 1")
    print("| a step of | batch | Keras's | fused | ratio |")
    print("| --- | --- | --- | --- | --- |")
    for name, build in NETWORKS.items():
        network, batch, halved = build()
        draw = np.random.default_rng(0)
        pixels = draw.uniform(-1, 1, (batch, *network.input_shape[1:])).astype(np.float32)
        learners = [learner(each, network.output) for each in (network, fused(network))]
        seconds: tuple[list[float], list[float]] = ([], [])
        with in_bfloat16(halved and has_bfloat16()):
            for _ in range(FIRST + steps):
                for step, kept in zip(learners, seconds, strict=True):
                    started = time.perf_counter()
                    step(pixels)
                    kept.append(time.perf_counter() - started)
        keras_s, fused_s = (median(each[FIRST:]) for each in seconds)
        figures = f"{1000 * keras_s:.0f} ms | {1000 * fused_s:.0f} ms | {keras_s / fused_s:.2f}"
        print(f"| {name} | {batch} | {figures} |", flush=True)


def learner(network: Any, outputs: Any) -> Callable[[Any], None]:
    """Makes a function that takes one step of training, for a network of one output or of several by name."""
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    named = outputs if isinstance(outputs, dict) else None
    network.compile(
        optimizer=keras.optimizers.SGD(1e-3, momentum=0.9), loss=dict.fromkeys(named, loss) if named else loss
    )

    def step(pixels: Any) -> None:
        def evenly(output: Any) -> Any:
            return np.full((len(pixels), *output.shape[1:]), 1 / output.shape[-1], np.float32)

        wanted = {name: evenly(output) for name, output in named.items()} if named else evenly(outputs)
        network.train_on_batch(pixels, wanted)

    return step


if __name__ == "__main__":
    main()
