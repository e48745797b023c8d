"""What the application carries for its handlers."""

from aiohttp import web

from analyzer.service import Analyzer

ANALYZER = web.AppKey("analyzer", Analyzer)
ALLOWED_HOSTS: web.AppKey[frozenset[str]] = web.AppKey("allowed_hosts", frozenset)
PREPARED = web.RequestKey("prepared", bool)
REQUEST_ID = web.RequestKey("request_id", str)
