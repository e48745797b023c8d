"""Runs: started, watched, cancelled, and what came of them."""

from typing import Any

import pydantic
from aiohttp import web

from analyzer.models import Run
from analyzer.web.answers import json_answer, principal_of, read_body, read_query
from analyzer.web.keys import ANALYZER
from analyzer.web.pages import PageQuery, page_answer
from analyzer.web.sse import stream_events

routes = web.RouteTableDef()


class RunRequest(pydantic.BaseModel):
    """What to run on what."""

    model_config = pydantic.ConfigDict(extra="forbid")

    file_id: str
    task_id: str
    params: dict[str, Any] = {}


@routes.post("/api/run")
async def start_run(request: web.Request) -> web.Response:
    """Start an analysis on a dataset."""
    wanted = await read_body(request, RunRequest)
    run = await request.app[ANALYZER].submit(wanted.file_id, wanted.task_id, wanted.params, principal_of(request))
    shown = _show(request, run)
    return json_answer(shown, status=202, headers={"Location": shown["links"]["self"]})


@routes.get("/api/run/{run_id}", name="run")
async def show_run(request: web.Request) -> web.Response:
    """Where a run stands."""
    run = await request.app[ANALYZER].run(request.match_info["run_id"], principal_of(request))
    return json_answer(_show(request, run))


@routes.delete("/api/run/{run_id}")
async def cancel_run(request: web.Request) -> web.Response:
    """End a run. One that has ended stays as it is."""
    run = await request.app[ANALYZER].cancel(request.match_info["run_id"], principal_of(request))
    return json_answer(_show(request, run), status=200 if run.status.is_final else 202)


@routes.get("/api/run/{run_id}/result", name="result")
async def show_result(request: web.Request) -> web.Response:
    """The result of a completed run."""
    return json_answer(await request.app[ANALYZER].result_json(request.match_info["run_id"], principal_of(request)))


@routes.get("/api/run/{run_id}/events", name="events", allow_head=False)
async def watch_run(request: web.Request) -> web.StreamResponse:
    """What a run says, live or again: server-sent events, or JSON lines by `Accept`."""
    log = await request.app[ANALYZER].log(request.match_info["run_id"], principal_of(request))
    return await stream_events(request, log)


@routes.get("/api/runs", name="runs")
async def list_runs(request: web.Request) -> web.Response:
    """Your runs, newest first."""
    page = read_query(request, PageQuery)
    found = await request.app[ANALYZER].runs(page.limit + 1, page.after, principal_of(request))
    return page_answer(request, "runs", page, found, lambda run: _show(request, run))


def _show(request: web.Request, run: Run) -> dict[str, Any]:
    """A run with links to what belongs to it."""
    router, run_id = request.app.router, run.task_execution_id
    links = {
        "self": str(router["run"].url_for(run_id=run_id)),
        "events": str(router["events"].url_for(run_id=run_id)),
        "result": str(router["result"].url_for(run_id=run_id)),
    }
    return run.model_dump(mode="json") | {"links": links}
