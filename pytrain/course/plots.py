"""The pictures of a results folder, drawn by matplotlib: curves, confusion matrix, mistakes, comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

TRAINING, VALIDATION = "#2f6fb0", "#e0672a"
INK, SOFT, GRID = "#22272e", "#6b7480", "#e4e7eb"
DPI = 150
MISTAKES = 24
MISTAKES_ACROSS = 6
MOST_LABELS = 20
"""Classes of which each cell of the confusion matrix still has room for its number."""


def plot_curves(history: Sequence[Mapping[str, float]], best_epoch: int, title: str, path: Path) -> None:
    """Loss and accuracy over the epochs, of the training and of the validation part.

    Args:
        history: rows with loss, accuracy, val_loss, val_accuracy.
        best_epoch: whose weights were kept, from 1; it is marked.
        title: above both.
        path: of the PNG.
    """
    figure = _figure(9.0, 3.6)
    epochs = np.arange(1, len(history) + 1)
    for number, (name, label) in enumerate(
        (("accuracy", "accuracy"), ("loss", "loss (cross entropy, nats)"))
    ):
        axes = _axes(figure, 1, 2, number + 1)
        lines = ((name, "training", TRAINING), (f"val_{name}", "validation", VALIDATION))
        for key, words, colour in lines:
            values = [row[key] for row in history]
            axes.plot(epochs, values, color=colour, label=words, marker="o", markersize=3, linewidth=1.6)
        axes.axvline(best_epoch, color=SOFT, linewidth=1, linestyle=(0, (2, 2)), zorder=0)
        axes.set_xlabel("epoch")
        axes.set_title(label, fontsize=10, loc="left")
        axes.xaxis.get_major_locator().set_params(integer=True)
        if name == "accuracy":
            axes.yaxis.set_major_formatter(_percent())
            axes.legend(frameon=False, loc="best")
        axes.grid(axis="y", color=GRID, linewidth=0.8)
        if len(history) == 1:
            axes.set_xlim(0, 2)
    figure.suptitle(f"{title}; the dotted line is the epoch that was kept", fontsize=11, x=0.01, ha="left")
    _save(figure, path)


def plot_confusion(confusion: npt.NDArray[np.int64], labels: Sequence[str], title: str, path: Path) -> None:
    """The confusion matrix as a heat map; its colour is the share of the row.

    Args:
        confusion: int64 [classes, classes], rows what a picture is, columns what the network says.
        labels: of the classes.
        title: above it.
        path: of the PNG.
    """
    count = len(labels)
    size = max(5.0, 0.55 * count + 1.6) if count <= MOST_LABELS else 9.0
    figure = _figure(size + 0.9, size)
    axes = figure.add_subplot()
    share = confusion / np.maximum(1, confusion.sum(1, keepdims=True))
    # The root makes rare mistakes visible beside a diagonal of nearly 1.
    image = axes.imshow(np.sqrt(share), cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(count), labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(count), labels)
    axes.set_xlabel("what the network says")
    axes.set_ylabel("what the picture is")
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if count <= MOST_LABELS:
        for row in range(count):
            for column in range(count):
                number = int(confusion[row, column])
                colour = "white" if share[row, column] > 0.35 else INK if number else "#c3cad2"
                axes.text(column, row, f"{number}", ha="center", va="center", fontsize=8, color=colour)
    bar = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.03)
    ticks = np.array([0, 0.01, 0.05, 0.2, 0.5, 1])
    bar.set_ticks(np.sqrt(ticks).tolist(), labels=[f"{tick:.0%}" for tick in ticks])
    bar.outline.set_visible(False)
    bar.set_label("share of the row", fontsize=9)
    axes.set_title(title, fontsize=11, loc="left")
    _save(figure, path)


def plot_mistakes(
    images: npt.NDArray[np.uint8],
    captions: Sequence[tuple[str, str, float]],
    title: str,
    path: Path,
) -> None:
    """Wrongly answered pictures with what they are and what the network says.

    Args:
        images: uint8 [n, side, side, channels], the surest mistakes first; at most 24 are shown.
        captions: for each the truth, the answer, its probability.
        title: above them.
        path: of the PNG.
    """
    shown = min(len(captions), MISTAKES)
    rows = max(1, -(-shown // MISTAKES_ACROSS))
    figure = _figure(9.0, 1.85 * rows + 0.5)
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    if not shown:
        figure.text(0.5, 0.4, "No picture was answered wrongly.", ha="center", color=SOFT)
    for number, (image, (truth, answer, sure)) in enumerate(zip(images[:shown], captions, strict=False)):
        axes = figure.add_subplot(rows, MISTAKES_ACROSS, number + 1)
        grey = image.shape[-1] == 1
        axes.imshow(image[..., 0] if grey else image, cmap="gray" if grey else None, vmin=0, vmax=255)
        axes.set_axis_off()
        axes.set_title(f"{answer} {sure:.0%}\nis {truth}", fontsize=8, color=INK, linespacing=1.25, pad=3)
    _save(figure, path)


def plot_comparison(entries: Sequence[Mapping[str, Any]], title: str, path: Path) -> None:
    """Accuracy of recipes side by side, with 95 % intervals and a dot for each seed.

    Args:
        entries: for each recipe name, mean, interval (low, high) and accuracies.
        title: above it.
        path: of the PNG.
    """
    figure = _figure(8.0, 1.3 + 0.55 * len(entries))
    axes = _axes(figure, 1, 1, 1)
    for place, entry in enumerate(entries):
        low, high = entry["interval"]
        axes.plot([low, high], [place, place], color=TRAINING, linewidth=5, alpha=0.3, solid_capstyle="round")
        axes.plot(entry["accuracies"], [place] * len(entry["accuracies"]), "o", color=TRAINING, markersize=4)
        axes.plot([entry["mean"]] * 2, [place - 0.24, place + 0.24], color=INK, linewidth=2)
        axes.annotate(
            f"{entry['mean']:.2%}",
            (high, place),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=INK,
        )
    lows, highs = zip(*(entry["interval"] for entry in entries), strict=True)
    room = max(max(highs) - min(lows), 0.004)
    axes.set_xlim(min(lows) - 0.08 * room, max(highs) + 0.2 * room)
    axes.set_ylim(len(entries) - 0.5, -0.5)
    axes.set_yticks(range(len(entries)), [entry["name"] for entry in entries])
    axes.xaxis.set_major_formatter(_percent())
    axes.set_xlabel("test accuracy: line the mean, dots the seeds, band 95 %")
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_title(title, fontsize=11, loc="left")
    _save(figure, path)


def _figure(width: float, height: float) -> Any:
    # Without pyplot, which keeps every figure and looks for a screen.
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")


def _axes(figure: Any, rows: int, columns: int, number: int) -> Any:
    axes = figure.add_subplot(rows, columns, number)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(SOFT)
    axes.tick_params(colors=INK, labelsize=9)
    axes.set_axisbelow(True)
    return axes


def _percent() -> Any:
    from matplotlib.ticker import PercentFormatter

    return PercentFormatter(1.0)


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, format="png", bbox_inches="tight", pad_inches=0.12)
