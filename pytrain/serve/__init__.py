"""The small server that hosts the page and the models; it knows bundles and nothing of training."""

from pytrain.serve.app import create_app
from pytrain.serve.server import check_address, serve
from pytrain.serve.share import Share

__all__ = ["Share", "check_address", "create_app", "serve"]
