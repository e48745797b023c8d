"""The product over HTTP."""

from analyzer.web.app import create_app
from analyzer.web.keys import ANALYZER
from analyzer.web.serving import Runner

__all__ = ["ANALYZER", "Runner", "create_app"]
