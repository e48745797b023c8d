"""The API reference, for programs and for people."""

import asyncio
from functools import lru_cache

from aiohttp import web

from analyzer.web.answers import encoded, tagged_answer
from analyzer.web.html import page_of
from analyzer.web.keys import ANALYZER, RESOURCES
from analyzer.web.openapi import Document, document
from analyzer.web.operations import JSON, NOT_MODIFIED, Operation, Reply, describe
from analyzer.web.reference import render
from analyzer.web.routes.index import VERSION

routes = web.RouteTableDef()


@lru_cache(maxsize=4)
def _document(resources: tuple[web.RouteTableDef, ...], prefix: str) -> Document:
    return document((route for routes in resources for route in routes), VERSION, prefix)


@lru_cache(maxsize=4)
def _page(resources: tuple[web.RouteTableDef, ...], prefix: str) -> str:
    return render(_document(resources, prefix))


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
    prefix = request.app[ANALYZER].public_prefix
    found = await asyncio.to_thread(_document, request.app[RESOURCES], prefix)  # once; it takes a while to make
    return tagged_answer(request, encoded(found))


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
    prefix = request.app[ANALYZER].public_prefix
    body = await asyncio.to_thread(_page, request.app[RESOURCES], prefix)
    return page_of(request, "The API · analyzer", body)
