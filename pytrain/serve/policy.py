"""What our pages may load, served or published: nothing from another origin."""

from __future__ import annotations

POLICY = (
    "default-src 'self' data: blob:; script-src 'self' blob: 'unsafe-inline' 'wasm-unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'"
)

SKETCH_POLICY = POLICY.replace("script-src", "script-src 'unsafe-eval'")
"""Teachable Machine's library looks for the global object by evaluating a string."""

SKETCHES = "sketches/"
"""Where in the page's folder the second one holds."""


def policy_of(path: str) -> str:
    """The policy of a page.

    Args:
        path: within the page's folder.
    """
    return SKETCH_POLICY if path.startswith(SKETCHES) else POLICY
