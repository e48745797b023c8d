"""The catalogue."""

from aiohttp import web

from analyzer.errors import UnknownTask
from analyzer.models import TaskDescription
from analyzer.web.answers import encoded, tagged_answer
from analyzer.web.keys import ANALYZER
from analyzer.web.operations import NOT_MODIFIED, Operation, Reply, describe
from analyzer.web.shapes import Catalogue

routes = web.RouteTableDef()


@routes.get("/api/tasks", name="tasks")
@describe(
    Operation(
        "tasks",
        {200: Reply("All of it.", Catalogue, headers=("ETag",)), 304: NOT_MODIFIED},
        heeds=("IfNoneMatch",),
    )
)
async def list_tasks(request: web.Request) -> web.Response:
    """The catalogue."""
    return tagged_answer(request, encoded({"tasks": request.app[ANALYZER].tasks(), "next": None}))


@routes.get("/api/tasks/{task_id}")
@describe(
    Operation(
        "tasks",
        {
            200: Reply("The analysis.", TaskDescription, headers=("ETag",)),
            304: NOT_MODIFIED,
        },
        refuses=(UnknownTask,),
        heeds=("IfNoneMatch",),
    )
)
async def show_task(request: web.Request) -> web.Response:
    """One analysis: what it computes, its parameters and its result."""
    return tagged_answer(request, encoded(request.app[ANALYZER].task(request.match_info["task_id"])))
