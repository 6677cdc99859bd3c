"""Lets phones in the same network use the page: TLS, a one-time key, and a QR code that holds both."""

from pytrain.serve.share.share import Share

__all__ = ["Share"]
