"""Datasets: uploaded, listed, described, read and forgotten."""

import pydantic
from aiohttp import web

from analyzer.web.answers import json_answer, principal_of, read_query
from analyzer.web.keys import ANALYZER
from analyzer.web.pages import PageQuery, page_answer
from analyzer.web.receive import receive_file

routes = web.RouteTableDef()


class RowsQuery(pydantic.BaseModel):
    """Which rows, and which columns of them."""

    model_config = pydantic.ConfigDict(extra="forbid")

    offset: int = pydantic.Field(0, ge=0)
    limit: int = pydantic.Field(100, ge=1, le=10_000)
    columns: list[str] | None = None

    @pydantic.field_validator("columns", mode="before")
    @classmethod
    def _one_is_a_list_too(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value


@routes.post("/api/upload")
async def upload(request: web.Request) -> web.Response:
    """Store a table: a form with a part named `file`, or the file as the body and its name as `?filename=`."""
    dataset = await receive_file(request, request.app[ANALYZER], principal_of(request))
    location = request.app.router["dataset"].url_for(file_id=dataset.file_id)
    return json_answer(dataset, status=201, headers={"Location": str(location)})


@routes.get("/api/datasets", name="datasets")
async def list_datasets(request: web.Request) -> web.Response:
    """Your datasets, newest first."""
    page = read_query(request, PageQuery)
    found = await request.app[ANALYZER].datasets(page.limit + 1, page.after, principal_of(request))
    return page_answer(request, "datasets", page, found, lambda dataset: dataset)


@routes.get("/api/datasets/{file_id}", name="dataset")
async def show_dataset(request: web.Request) -> web.Response:
    """One dataset: its columns, and what reading it did."""
    return json_answer(await request.app[ANALYZER].dataset(request.match_info["file_id"], principal_of(request)))


@routes.delete("/api/datasets/{file_id}")
async def forget_dataset(request: web.Request) -> web.Response:
    """Forget a dataset. Runs under way on it still finish."""
    await request.app[ANALYZER].remove_dataset(request.match_info["file_id"], principal_of(request))
    return web.Response(status=204)


@routes.get("/api/datasets/{file_id}/rows")
async def show_rows(request: web.Request) -> web.Response:
    """A page of rows, with exact cells."""
    query, file_id = read_query(request, RowsQuery), request.match_info["file_id"]
    analyzer, principal = request.app[ANALYZER], principal_of(request)
    return json_answer(await analyzer.rows(file_id, query.offset, query.limit, query.columns, principal))
