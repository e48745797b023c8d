"""The catalogue."""

from aiohttp import web

from analyzer.errors import UnknownTask
from analyzer.models import TaskDescription
from analyzer.web.answers import encoded
from analyzer.web.keys import ANALYZER, UNCHANGING
from analyzer.web.operations import NOT_MODIFIED, Operation, Reply, describe
from analyzer.web.shapes import Catalogue
from analyzer.web.tags import tagged_answer

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
    analyzer = request.app[ANALYZER]
    found = await request.app[UNCHANGING].get("tasks", lambda: encoded({"tasks": analyzer.tasks(), "next": None}))
    return tagged_answer(request, found)


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
    analyzer, task_id = request.app[ANALYZER], request.match_info["task_id"]
    found = await request.app[UNCHANGING].get(f"tasks/{task_id}", lambda: encoded(analyzer.task(task_id)))
    return tagged_answer(request, found)
