"""The API reference, for programs and for people."""

from aiohttp import web

from analyzer.web.answers import encoded
from analyzer.web.html import HTML, POLICY, page_of
from analyzer.web.keys import ANALYZER, RESOURCES, UNCHANGING
from analyzer.web.openapi import Document, document
from analyzer.web.operations import NOT_MODIFIED, Operation, Reply, describe
from analyzer.web.reference import render
from analyzer.web.routes.index import VERSION
from analyzer.web.tags import JSON, tagged_answer

routes = web.RouteTableDef()


def _document(request: web.Request) -> Document:
    every = (route for routes in request.app[RESOURCES] for route in routes)
    return document(every, VERSION, request.app[ANALYZER].public_prefix)


@routes.get("/openapi.json", name="openapi")
@describe(
    Operation(
        "pages",
        {200: Reply("The document.", content={JSON: {"type": "object"}}, headers=("ETag",)), 304: NOT_MODIFIED},
        heeds=("IfNoneMatch",),
    )
)
async def show_document(request: web.Request) -> web.Response:
    """This API as an OpenAPI 3.1 document, to generate clients from."""
    found = await request.app[UNCHANGING].get("openapi", lambda: encoded(_document(request)))
    return tagged_answer(request, found)


@routes.get("/docs", name="docs")
@describe(
    Operation(
        "pages",
        {200: Reply("The page.", content={"text/html": {"type": "string"}}, headers=("ETag",)), 304: NOT_MODIFIED},
        heeds=("IfNoneMatch",),
    )
)
async def show_reference(request: web.Request) -> web.Response:
    """This API for people to read, with nothing fetched from elsewhere."""
    page = await request.app[UNCHANGING].get(
        "docs", lambda: page_of(request, "The API · analyzer", render(_document(request))), HTML
    )
    return tagged_answer(request, page, POLICY)
