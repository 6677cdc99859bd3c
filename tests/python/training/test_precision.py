"""bfloat16: where the processor has it, and only while a training asks for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pytrain.model.backend import keras, tf
from pytrain.training.precision import OPTION, has_bfloat16, in_bfloat16


@pytest.mark.parametrize(
    ("flags", "has"),
    [("fpu avx512f avx512_bf16 sse", True), ("fpu amx_bf16", True), ("fpu avx512f sse avx512_bf16x", False)],
)
def test_the_processors_flags_tell(tmp_path: Path, flags: str, has: bool) -> None:
    told = tmp_path / "cpuinfo"
    told.write_text(f"processor\t: 0\nflags\t\t: {flags}\n\nprocessor\t: 1\n", encoding="utf-8")
    assert has_bfloat16(told) is has


def test_where_nothing_tells_there_is_none(tmp_path: Path) -> None:
    assert not has_bfloat16(tmp_path / "nowhere")


@pytest.mark.skipif(not has_bfloat16(), reason="this processor has no instructions for bfloat16")
def test_products_are_rounded_within_and_exact_again_afterwards() -> None:
    one, two = (np.random.default_rng(seed).normal(size=(64, 64)).astype(np.float32) for seed in (0, 1))
    network = keras.Sequential(
        [keras.Input((64,)), keras.layers.Dense(64, use_bias=False, activation="relu")]
    )
    network.layers[0].set_weights([two])
    exact = np.maximum(one @ two, 0)

    def error() -> float:
        answer = tf.function(network)(one)
        assert answer.dtype == tf.float32
        return float(np.abs(answer - exact).max())

    assert error() < 1e-4
    with in_bfloat16(True):
        rounded = error()
    assert 1e-3 < rounded < 0.5
    assert error() < 1e-4


def test_an_error_within_ends_it_too_and_off_changes_nothing() -> None:
    with pytest.raises(ValueError, match="stop"), in_bfloat16(True):
        assert tf.config.optimizer.get_experimental_options()[OPTION]
        raise ValueError("stop")
    with in_bfloat16(False):
        assert not tf.config.optimizer.get_experimental_options()[OPTION]
