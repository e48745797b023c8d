"""The product over HTTP."""

from analyzer.web.app import create_app
from analyzer.web.keys import ANALYZER
from analyzer.web.serving import Runner, collect_seldom

__all__ = ["ANALYZER", "Runner", "collect_seldom", "create_app"]
