"""Runs: started, watched, cancelled, and what came of them."""

import json
from typing import Any

import pydantic
from aiohttp import web

from analyzer.errors import (
    BudgetExhausted,
    Busy,
    DoesNotFit,
    Expired,
    IdempotencyKeyReused,
    InvalidParameters,
    ModelNotConfigured,
    NoResult,
    NotFinished,
    NotFound,
    RequestTooLarge,
    ShuttingDown,
    StorageFull,
    UnknownDataset,
    UnknownRun,
    UnknownTask,
)
from analyzer.models import Run, RunStatus, Wish
from analyzer.web.answers import encoded, json_answer, principal_of, read_body, read_query
from analyzer.web.files import sent_file
from analyzer.web.idempotency import REPLAYED, once
from analyzer.web.keys import ANALYZER
from analyzer.web.operations import NOT_MODIFIED, Operation, Reply, describe
from analyzer.web.pages import PageQuery, page_answer
from analyzer.web.preferences import applied, wait_seconds
from analyzer.web.shapes import EndedRun, Prompts, RunAnswer, Runs
from analyzer.web.tags import JSON, not_modified

routes = web.RouteTableDef()

RUN = "/api/run/{run_id:(?!status$)[^/]+}"  # `status` has a path of its own, and no run to cancel

ARROW = "application/vnd.apache.arrow.file"
ARROW_FILE = {ARROW: {"type": "string", "format": "binary"}}


class RunRequest(Wish):
    """What to run on what, and how."""

    file_id: str
    task_id: str
    params: dict[str, Any] = pydantic.Field(default_factory=dict)


@routes.post("/api/run")
@describe(
    Operation(
        "runs",
        {
            202: Reply(
                "The run, which waits for its turn.",
                RunAnswer,
                headers=("Location",),
                leads_to={
                    name: {"run_id": "$response.body#/task_execution_id"}
                    for name in ("show_run", "watch_run", "show_result", "cancel_run")
                },
            ),
            200: Reply("With `Prefer: wait=`: the run, which has ended.", EndedRun, headers=("Location",)),
        },
        refuses=(
            *(UnknownDataset, UnknownTask, InvalidParameters, IdempotencyKeyReused, RequestTooLarge),
            *(DoesNotFit, Expired, Busy, ShuttingDown, StorageFull, UnknownRun, ModelNotConfigured, BudgetExhausted),
        ),
        body=RunRequest,
        heeds=("Session", "IdempotencyKey", "Prefer"),
    )
)
async def start_run(request: web.Request) -> web.Response:
    """Start an analysis on a dataset."""
    wanted = await read_body(request, RunRequest)
    analyzer, principal = request.app[ANALYZER], principal_of(request)

    async def do() -> str:
        return (await analyzer.submit(wanted.file_id, wanted.task_id, wanted.params, principal, wanted)).id

    def said() -> list[str]:
        return [json.dumps(wanted.model_dump(mode="json"), sort_keys=True)]

    run_id, again = await once(request, principal, said, do)
    seconds = wait_seconds(request)
    run = await (analyzer.run(run_id, principal) if seconds is None else analyzer.outcome(run_id, seconds, principal))
    shown = _show(request, run)
    headers = {"Location": shown["links"]["self"], **(REPLAYED if again else {})}
    if seconds is None or not run.status.is_final:
        return json_answer(shown, status=202, headers=headers)
    body = encoded(shown)
    if run.status is RunStatus.COMPLETED:
        body = b'%s,"result":%s}' % (body[:-1], await analyzer.result_json(run_id, principal))
    return json_answer(body, headers=headers | applied(seconds))


@routes.get(RUN, name="run")
@describe(
    Operation("runs", {200: Reply("The run.", RunAnswer)}, refuses=(UnknownRun, Expired), heeds=("Session", "Prefer"))
)
async def show_run(request: web.Request) -> web.Response:
    """Where a run stands; with `Prefer: wait=`, once it has ended."""
    return json_answer(_show(request, await _awaited(request)), headers=_applied(request))


@routes.delete(RUN)
@describe(
    Operation(
        "runs",
        {200: Reply("It had ended already.", RunAnswer), 202: Reply("It ends; its final event tells when.", RunAnswer)},
        refuses=(UnknownRun, Expired),
        heeds=("Session",),
    )
)
async def cancel_run(request: web.Request) -> web.Response:
    """End a run. One that has ended stays as it is."""
    run = await request.app[ANALYZER].cancel(request.match_info["run_id"], principal_of(request))
    return json_answer(_show(request, run), status=200 if run.status.is_final else 202)


@routes.get("/api/run/{run_id}/result", name="result")
@describe(
    Operation(
        "runs",
        {
            200: Reply("As `result` in `GET /api/tasks/{task_id}` says.", content={JSON: {}}, headers=("ETag",)),
            304: NOT_MODIFIED,
        },
        refuses=(UnknownRun, Expired, NotFinished, NoResult),
        heeds=("Session", "Prefer", "IfNoneMatch"),
    )
)
async def show_result(request: web.Request) -> web.Response:
    """The result of a completed run; with `Prefer: wait=`, once there is one."""
    run_id, headers = request.match_info["run_id"], _applied(request)
    run = await _awaited(request)
    # A result never changes, so its run's id is its tag: nothing need be read to see that the client has it.
    if run.status is RunStatus.COMPLETED and (same := not_modified(request, run_id, headers)) is not None:
        return same
    answer = json_answer(await request.app[ANALYZER].result_json(run_id, principal_of(request)), headers=headers)
    answer.etag = run_id
    return answer


@routes.get("/api/run/{run_id}/prompt")
@describe(
    Operation("runs", {200: Reply("Every call, in order.", Prompts)}, refuses=(UnknownRun, Expired), heeds=("Session",))
)
async def show_prompts(request: web.Request) -> web.Response:
    """What a run sent to a model, word by word."""
    return json_answer(await request.app[ANALYZER].prompts_json(request.match_info["run_id"], principal_of(request)))


@routes.get("/api/run/{run_id}/{name:[a-z0-9-]+}.arrow", name="attachment")
@describe(
    Operation(
        "runs",
        {
            200: Reply("An Arrow file.", content=ARROW_FILE, headers=("ETag",)),
            206: Reply("The part of it that was wanted.", content=ARROW_FILE, headers=("ETag",)),
            304: NOT_MODIFIED,
            416: Reply("It has no such part."),
        },
        refuses=(UnknownRun, Expired, NotFinished, NoResult, NotFound),
        heeds=("Session", "IfNoneMatch", "Range"),
    )
)
async def show_attachment(request: web.Request) -> web.StreamResponse:
    """What is too large for JSON: the file that a result names as its `attachment`. Takes ranges."""
    run_id, name = request.match_info["run_id"], f"{request.match_info['name']}.arrow"
    async with request.app[ANALYZER].attachment(run_id, name, principal_of(request)) as path:
        return await sent_file(request, path, {"Content-Type": ARROW})


@routes.get("/api/runs", name="runs")
@describe(
    Operation(
        "runs", {200: Reply("A page of them.", Runs)}, refuses=(InvalidParameters,), query=PageQuery, heeds=("Session",)
    )
)
async def list_runs(request: web.Request) -> web.Response:
    """Your runs, newest first."""
    page = read_query(request, PageQuery)
    found = await request.app[ANALYZER].runs(page.limit + 1, page.after, principal_of(request))
    return page_answer(request, "runs", page, found, lambda run: _show(request, run))


async def _awaited(request: web.Request) -> Run:
    """The run, once it has ended if the client would wait for that."""
    analyzer, run_id, principal = request.app[ANALYZER], request.match_info["run_id"], principal_of(request)
    seconds = wait_seconds(request)
    return await (analyzer.run(run_id, principal) if seconds is None else analyzer.outcome(run_id, seconds, principal))


def _applied(request: web.Request) -> dict[str, str]:
    seconds = wait_seconds(request)
    return {} if seconds is None else applied(seconds)


def _show(request: web.Request, run: Run) -> dict[str, Any]:
    """A run with links to what belongs to it."""
    here = f"{request.app[ANALYZER].public_prefix}/api/run/{run.task_execution_id}"
    links = {"self": here} | {name: f"{here}/{name}" for name in ("events", "result", "code")}
    links["report"] = f"{here}/report.html"
    return run.model_dump(mode="json") | {"links": links}
