"""The backbones as a table for people: what each costs, what it is worth, whether it is here."""

from __future__ import annotations

from collections.abc import Sequence

from pytrain.model.backbones import DEFAULT, BackboneInfo

HEAD = ("name", "parameters", "size", "ImageNet", "features", "weights")


def table(backbones: Sequence[BackboneInfo]) -> list[str]:
    """Lines of a table, and below it what the columns mean and where the figures come from."""
    rows = [HEAD, *(_cells(info) for info in backbones)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
    sources = dict.fromkeys(info.source for info in backbones)
    unchecked = [info.name for info in backbones if not info.checked]
    names = [(source, [info.name for info in backbones if info.source == source]) for source in sources]
    return [
        *lines,
        "",
        f"{DEFAULT} is the default. Size: what a model weighs with it, in float32.",
        "ImageNet: published share of ImageNet's pictures whose most probable class is right, by",
        *(f"  {source}: {', '.join(some)}" for source, some in names),
        "Weights are checked by their published hash when they are loaded"
        + (f"; there is none for {', '.join(unchecked)}." if unchecked else "."),
    ]


def _cells(info: BackboneInfo) -> tuple[str, ...]:
    first_use = f"downloads {info.download_megabytes} MB" if info.download_megabytes else "missing"
    return (
        info.name,
        f"{info.parameters / 1e6:.1f} M",
        f"{info.megabytes:.0f} MB",
        f"{info.top1:.1f} %",
        f"{info.features:,}",
        "here" if info.here else first_use,
    )


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Names and words to the left, numbers to the right."""
    last = len(row) - 1
    return [
        cell.ljust(width) if column in (0, last) else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
