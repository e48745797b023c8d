"""What the pages are dressed in."""

from pathlib import Path

from aiohttp import web

from analyzer.errors import NotFound, shown
from analyzer.web.operations import NOT_MODIFIED, Operation, Reply, describe
from analyzer.web.tags import Tagged, tagged_answer

routes = web.RouteTableDef()

TYPES = {".css": "text/css"}
FILES = {
    file.name: Tagged.of(file.read_bytes(), TYPES[file.suffix])
    for file in (Path(__file__).parents[1] / "static").iterdir()
}
"""Few and small, so they are read when the server starts, and no name in a request ever becomes a path."""


@routes.get("/static/{name}", name="static")
@describe(
    Operation(
        "pages",
        {
            200: Reply("The file.", content={"text/css": {"type": "string"}}, headers=("ETag",)),
            304: NOT_MODIFIED,
        },
        refuses=(NotFound,),
        heeds=("IfNoneMatch",),
    )
)
async def show_file(request: web.Request) -> web.Response:
    """A file of the pages."""
    name = request.match_info["name"]
    if name not in FILES:
        raise NotFound(f"There is no file {shown(name)} here.")
    return tagged_answer(request, FILES[name])
