"""The way in, for who opens the address the server printed."""

from importlib.metadata import version

from aiohttp import web

from analyzer.web.answers import json_answer

routes = web.RouteTableDef()

VERSION = version("analyzer")


@routes.get("/")
async def show_index(request: web.Request) -> web.Response:
    """What this is and where to go from here."""
    router = request.app.router
    links = {name: str(router[name].url_for()) for name in ("upload", "tasks", "datasets", "runs", "health")}
    return json_answer({"name": "analyzer", "version": VERSION, "links": links})
