"""The product over HTTP."""

from analyzer.web.app import create_app

__all__ = ["create_app"]
