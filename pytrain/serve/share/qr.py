"""A QR code, for a terminal and for a page."""

from __future__ import annotations

BLACK_ON_WHITE, PLAIN = "\x1b[38;5;16;48;5;231m", "\x1b[0m"
"""Whatever the terminal's own colours are: not every phone reads a code of light on dark."""

QUIET = 2
"""Empty modules around it. The standard asks for 4; with 2 it fits into a terminal of 80 x 24 and is read."""

HALVES = {(False, False): " ", (True, False): "\u2580", (False, True): "\u2584", (True, True): "\u2588"}


def for_terminal(text: str) -> list[str]:
    """Lines of half blocks, each line two rows of modules."""
    import segno

    made = segno.make(text, micro=False)
    rows = [[bool(module) for module in row] for row in made.matrix_iter(border=QUIET)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    pairs = zip(rows[::2], rows[1::2], strict=True)
    lines = ["".join(HALVES[both] for both in zip(upper, lower, strict=True)) for upper, lower in pairs]
    return [f"{BLACK_ON_WHITE}{line}{PLAIN}" for line in lines]


def as_svg(text: str) -> str:
    """An inline SVG, black on white, of any size."""
    import segno

    made = segno.make(text, micro=False)
    return str(made.svg_inline(scale=1, border=4, dark="#000", light="#fff", omitsize=True))
