"""Small charts as SVG text: sharp at any size, a few kilobytes, in the page's colours, dark or light."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 320, 200
LEFT, RIGHT, TOP, BOTTOM = 38, 10, 10, 24


def line_chart(title: str, series: Mapping[str, Sequence[float | None]], chosen: int | None = None) -> str:
    """A figure with one line for each series, a point for each epoch.

    Args:
        title: stands above the chart.
        series: values by name, None where there is none; the names are CSS classes too ("training",
            "validation").
        chosen: index of the point whose weights were taken; it is marked.
    """
    values = [value for line in series.values() for value in line if value is not None]
    if not values:
        return _figure(title, "", "nothing was recorded")
    low, high = _round_limits(min(values), max(values))
    count = max(len(line) for line in series.values())
    parts = [
        _scale(low, high),
        _text(LEFT, HEIGHT - 6, "1"),
        _text(WIDTH - RIGHT, HEIGHT - 6, str(count), "end"),
    ]
    for place, (name, line) in enumerate(series.items()):
        points = " ".join(
            f"{_x(index / max(1, count - 1)):.1f},{_y((value - low) / (high - low)):.1f}"
            for index, value in enumerate(line)
            if value is not None
        )
        parts.append(f'<polyline class="{escape(name)}" points="{points}"/>')
        parts.append(_text(LEFT + 60 + 80 * place, HEIGHT - 6, name, css=name))
    if chosen is not None and 0 <= chosen < count:
        x = _x(chosen / max(1, count - 1))
        parts.append(f'<line class="chosen" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
    said = "; ".join(
        f"{name} ends at {line[-1]:.4g}" for name, line in series.items() if line and line[-1] is not None
    )
    return _figure(title, "".join(parts), said)


def reliability_chart(title: str, entries: Sequence[tuple[float, float, float]]) -> str:
    """Confidence against share right, a dot for each bin, its area the share of the pictures.

    Args:
        title: stands above the chart.
        entries: mean confidence, share right, share of the pictures.
    """
    dots = "".join(
        f'<circle class="dot" cx="{_x(sure):.1f}" cy="{_y(right):.1f}" r="{3 + 9 * share**0.5:.1f}"/>'
        for sure, right, share in entries
    )
    diagonal = f'<line class="ideal" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>'
    axis = _text(LEFT, HEIGHT - 6, "0") + _text(WIDTH - RIGHT, HEIGHT - 6, "how sure: 1", "end")
    said = "; ".join(f"{sure:.0%} sure, {right:.0%} right" for sure, right, _ in entries)
    return _figure(title, _scale(0.0, 1.0) + diagonal + dots + axis, said)


def histogram(title: str, series: Mapping[str, Sequence[float]], threshold: float, bins: int = 40) -> str:
    """How values in 0..1 are spread, one row of columns for each series, and a line where they are cut.

    Args:
        title: stands above the chart.
        series: values by name; the first is what should lie right of the line, all others left of it.
        threshold: where the line stands.
        bins: columns from 0 to 1.
    """
    row = 64
    height = TOP + row * len(series) + BOTTOM
    parts = []
    for place, values in enumerate(series.values()):
        bottom = TOP + row * (place + 1)
        css = "inside" if place == 0 else "outside"
        parts.append(_columns(values, bottom, row - 20, bins, css))
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>')
    x = _x(threshold)
    parts.append(
        f'<line class="chosen" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{TOP + row * len(series)}"/>'
    )
    # Names come last, for they stand across the line.
    parts += [
        _text(LEFT, TOP + row * place + 14, name, css="outside" if place else "inside")
        for place, name in enumerate(series)
    ]
    anchors = ("start", "middle", "middle", "middle", "end")
    parts += [_text(_x(at / 4), height - 8, f"{at / 4:g}", anchor) for at, anchor in enumerate(anchors)]
    said = "; ".join(
        f"{name}: {sum(value >= threshold for value in values)} of {len(values)} above {threshold:.2f}"
        for name, values in series.items()
    )
    return _figure(title, "".join(parts), said, height)


def _columns(values: Sequence[float], bottom: int, height: int, bins: int, css: str) -> str:
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, max(0, int(value * bins)))] += 1
    # By the square root: a few outsiders far right matter, beside hundreds far left.
    most = max(max(counts), 1) ** 0.5
    width = _x(1 / bins) - _x(0)
    return "".join(
        f'<rect class="{css}" x="{_x(place / bins):.1f}" y="{bottom - height * count**0.5 / most:.1f}" '
        f'width="{width - 1:.1f}" height="{height * count**0.5 / most:.1f}"/>'
        for place, count in enumerate(counts)
        if count
    )


def _figure(title: str, inside: str, said: str, height: int = HEIGHT) -> str:
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(f"{title}: {said}")}">'
        f"{inside}</svg></figure>"
    )


def _scale(low: float, high: float) -> str:
    lines = ""
    for step in range(5):
        value = low + (high - low) * step / 4
        y = _y(step / 4)
        lines += f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        lines += _text(LEFT - 6, y + 4, f"{value:.2f}", "end")
    return lines


def _round_limits(low: float, high: float) -> tuple[float, float]:
    room = max(high - low, 1e-3) * 0.05
    return max(0.0, low - room), high + room


def _text(x: float, y: float, text: str, anchor: str = "start", css: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" class="{escape(css)}">{escape(text)}</text>'


def _x(share: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * share


def _y(share: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)
