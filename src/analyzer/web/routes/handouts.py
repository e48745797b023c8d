"""What a run leaves to take away: its code, its pictures, its report."""

from typing import Literal
from urllib.parse import quote

import pydantic
from aiohttp import web

from analyzer.errors import (
    Crashed,
    Expired,
    InvalidParameters,
    MemoryLimit,
    NoCode,
    NoResult,
    NotFinished,
    NotFound,
    NotInstalled,
    RunTimeout,
    UnknownDataset,
    UnknownRun,
)
from analyzer.executors.base import PictureFormat, ReportFormat
from analyzer.web.answers import principal_of, read_query
from analyzer.web.html import HTML
from analyzer.web.keys import ANALYZER
from analyzer.web.operations import NOT_MODIFIED, Operation, Reply, describe
from analyzer.web.tags import Tagged, tagged_answer

routes = web.RouteTableDef()

PYTHON, NOTEBOOK = "text/x-python", "application/x-ipynb+json"

UNTRUSTED = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"}
"""On what is made of somebody's table, so that a browser which opens it runs nothing of it."""


class CodeQuery(pydantic.BaseModel):
    """In which form code is wanted."""

    model_config = pydantic.ConfigDict(extra="forbid")

    format: Literal["py", "ipynb"] = pydantic.Field("py", description="A Python file, or a Jupyter notebook.")


PAGE = {"Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'"}

PDF = "application/pdf"

PICTURES = {"svg": "image/svg+xml", "png": "image/png"}


@routes.get("/api/run/{run_id}/chart/{chart}.{form:svg|png}", name="chart")
@describe(
    Operation(
        "runs",
        {
            200: Reply(
                "The picture.",
                content={kind: {"type": "string", "format": "binary"} for kind in PICTURES.values()},
                headers=("ETag",),
            ),
            304: NOT_MODIFIED,
        },
        refuses=(
            *(UnknownRun, Expired, NotFinished, NoResult, NotFound),
            *(NotInstalled, RunTimeout, Crashed, MemoryLimit),
        ),
        heeds=("Session", "IfNoneMatch"),
    )
)
async def show_chart(request: web.Request) -> web.Response:
    """A chart of a completed run as a picture: its name is that in `charts` of the result."""
    run_id, name = request.match_info["run_id"], request.match_info["chart"]
    form: PictureFormat = "svg" if request.match_info["form"] == "svg" else "png"
    picture = await request.app[ANALYZER].handouts.picture(run_id, name, form, principal_of(request))
    return tagged_answer(request, Tagged.of(picture, PICTURES[form]), UNTRUSTED)


@routes.get("/api/run/{run_id}/report.{form:html|pdf}", name="report")
@describe(
    Operation(
        "runs",
        {
            200: Reply(
                "The report.",
                content={HTML: {"type": "string"}, PDF: {"type": "string", "format": "binary"}},
                headers=("ETag",),
            ),
            304: NOT_MODIFIED,
        },
        refuses=(
            *(UnknownRun, UnknownDataset, Expired, NotFinished, NoResult),
            *(NotInstalled, RunTimeout, Crashed, MemoryLimit),
        ),
        heeds=("Session", "IfNoneMatch"),
    )
)
async def show_report(request: web.Request) -> web.Response:
    """A completed run as one HTML file, which needs no network and no script, or set for paper as PDF."""
    form: ReportFormat = "pdf" if request.match_info["form"] == "pdf" else "html"
    run_id, principal = request.match_info["run_id"], principal_of(request)
    made = await request.app[ANALYZER].handouts.report(run_id, form, principal)
    if form == "pdf":
        return tagged_answer(request, Tagged.of(made, PDF), UNTRUSTED)
    return tagged_answer(request, Tagged.of(made, HTML), UNTRUSTED | PAGE)


@routes.get("/api/run/{run_id}/code", name="code")
@describe(
    Operation(
        "runs",
        {
            200: Reply(
                "The code.",
                content={PYTHON: {"type": "string"}, NOTEBOOK: {"type": "object"}},
                headers=("ETag",),
            ),
            304: NOT_MODIFIED,
        },
        refuses=(UnknownRun, UnknownDataset, Expired, NoCode, InvalidParameters),
        query=CodeQuery,
        heeds=("Session", "IfNoneMatch"),
    )
)
async def show_code(request: web.Request) -> web.Response:
    """The few lines of pandas that give the main figures of a run again, with where they find its tables."""
    query, run_id = read_query(request, CodeQuery), request.match_info["run_id"]
    place = request.app.router["download"].url_for(file_id="FILE").with_query(format="parquet")
    address = str(request.url.origin().join(place)).replace("FILE", "{file_id}")
    program = await request.app[ANALYZER].handouts.program(run_id, address, principal_of(request))
    is_script = query.format == "py"
    body = (program.script() if is_script else program.notebook()).encode()
    name = f"{run_id}.{query.format}"
    headers = UNTRUSTED | {"Content-Disposition": f"inline; filename*=UTF-8''{quote(name, safe='')}"}
    return tagged_answer(request, Tagged.of(body, PYTHON if is_script else NOTEBOOK), headers)
