"""The small server that hosts the page and the models; it knows bundles and nothing of training."""

from pytrain.serve.app import create_app
from pytrain.serve.server import serve

__all__ = ["create_app", "serve"]
