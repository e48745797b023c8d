"""The way in, for who opens the address the server printed."""

from importlib.metadata import version

from aiohttp import web

from analyzer.web.answers import json_answer
from analyzer.web.operations import Operation, Reply, describe
from analyzer.web.shapes import Index

routes = web.RouteTableDef()

VERSION = version("analyzer")


@routes.get("/")
@describe(Operation("pages", {200: Reply("What this is, and links.", Index)}))
async def show_index(request: web.Request) -> web.Response:
    """What this is and where to go from here."""
    router = request.app.router
    links = {
        name: str(router[name].url_for())
        for name in ("upload", "tasks", "datasets", "runs", "health", "docs", "openapi")
    }
    return json_answer({"name": "analyzer", "version": VERSION, "links": links})
