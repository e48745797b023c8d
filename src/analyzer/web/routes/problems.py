"""A page for every error code, at the address that a problem's `type` names."""

import inspect

from aiohttp import web

from analyzer.errors import NotFound, error_classes

routes = web.RouteTableDef()


@routes.get("/problems/{code}")
async def show_problem(request: web.Request) -> web.Response:
    """What an error code means."""
    code = request.match_info["code"]
    for cls in error_classes():
        if cls.code == code:
            text = f"{cls.code} ({cls.status})\n{cls.title}\n\n{inspect.getdoc(cls)}\n"
            return web.Response(text=text)
    raise NotFound(f"There is no error code {code!r}.")
