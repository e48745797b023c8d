"""The way in, for who opens the address the server printed."""

from aiohttp import web

from analyzer import __version__
from analyzer.web.answers import json_answer

routes = web.RouteTableDef()


@routes.get("/")
async def show_index(request: web.Request) -> web.Response:
    """What this is and where to go from here."""
    router = request.app.router
    links = {name: str(router[name].url_for()) for name in ("upload", "tasks", "datasets", "runs", "health")}
    return json_answer({"name": "analyzer", "version": __version__, "links": links})
