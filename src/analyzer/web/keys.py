"""What the application and its requests carry for the handlers."""

from aiohttp import web

from analyzer.service import Analyzer

ANALYZER = web.AppKey("analyzer", Analyzer)
PREPARED = web.RequestKey("prepared", bool)
REQUEST_ID = web.RequestKey("request_id", str)
