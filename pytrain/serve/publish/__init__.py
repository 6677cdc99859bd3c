"""Writes a static site: the page with some models, for any web space, to be installed and used offline."""

from pytrain.serve.publish.publish import publish

__all__ = ["publish"]
