"""What the application and its requests carry for the handlers."""

from aiohttp import web

from analyzer.service import Analyzer

ANALYZER = web.AppKey("analyzer", Analyzer)
RESOURCES: web.AppKey[tuple[web.RouteTableDef, ...]] = web.AppKey("resources", tuple)
PREPARED = web.RequestKey("prepared", bool)
REQUEST_ID = web.RequestKey("request_id", str)
