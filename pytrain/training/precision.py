"""Arithmetic in bfloat16: half the bits, in two thirds of the time, where the processor can."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytrain.model.backend import tf

CPU_FLAGS = Path("/proc/cpuinfo")
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}

OPTION = "auto_mixed_precision_onednn_bfloat16"


def has_bfloat16(cpu_flags: Path = CPU_FLAGS) -> bool:
    """Whether this processor multiplies bfloat16 by itself.

    TensorFlow would do it on every processor with AVX-512; one that has to imitate it takes twice as long.
    Known on Linux only; False elsewhere.
    """
    try:
        lines = cpu_flags.read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return not BFLOAT16_FLAGS.isdisjoint(flags.split())


@contextmanager
def in_bfloat16(on: bool) -> Iterator[None]:
    """Graphs that first run within compute convolutions and products of matrices in bfloat16.

    Weights, losses and sums stay float32 (Kalamkar et al., A study of bfloat16 for deep learning training,
    2019), so the network is the same as ever outside.

    Args:
        on: False changes nothing.
    """
    before = tf.config.optimizer.get_experimental_options().get(OPTION, False)
    tf.config.optimizer.set_experimental_options({OPTION: on or before})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({OPTION: before})
