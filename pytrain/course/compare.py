"""`pytrain compare`: runs side by side, in the terminal and on a page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pytrain.course.compare_page import lines, write_page
from pytrain.course.comparison import Comparison, compare_runs
from pytrain.course.results import RESULTS, Run, read_run

Say = Callable[[str], None]


def compare(
    *runs: Run | Path | str, out: Path | str | None = None, results: Path | str = RESULTS, say: Say = print
) -> Comparison:
    """Sets runs side by side: table, plot, and whether their differences are more than noise.

    Args:
        runs: results folders, their names in `results`, or runs; several seeds of a recipe become one row.
        out: folder for compare.html and compare.png; `comparison` beside the first run by default.
        results: where runs lie.
        say: takes the table, line by line.

    Returns:
        The groups, best first, and what is to be said of each two of them.

    Raises:
        DataError: they are of different data sets or test pictures, or one of them is damaged.
    """
    opened = [run if isinstance(run, Run) else read_run(run, Path(results)) for run in runs]
    found = compare_runs(opened)
    for line in lines(found):
        say(line)
    folder = Path(out) if out else opened[0].folder.parent / "comparison"
    say(f"Page: {write_page(found, folder)}")
    return found
