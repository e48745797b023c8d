"""What the application and its requests carry for the handlers."""

from aiohttp import web

from analyzer.service import Analyzer
from analyzer.web.tags import Unchanging

ANALYZER = web.AppKey("analyzer", Analyzer)
RESOURCES: web.AppKey[tuple[web.RouteTableDef, ...]] = web.AppKey("resources", tuple)
UNCHANGING = web.AppKey("unchanging", Unchanging)
PREPARED = web.RequestKey("prepared", bool)
REQUEST_ID = web.RequestKey("request_id", str)
