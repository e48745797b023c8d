"""The catalogue."""

from aiohttp import web

from analyzer.web.answers import encoded, tagged_answer
from analyzer.web.keys import ANALYZER

routes = web.RouteTableDef()


@routes.get("/api/tasks", name="tasks")
async def list_tasks(request: web.Request) -> web.Response:
    """The catalogue."""
    return tagged_answer(request, encoded({"tasks": request.app[ANALYZER].tasks(), "next": None}))


@routes.get("/api/tasks/{task_id}")
async def show_task(request: web.Request) -> web.Response:
    """One analysis: what it computes, its parameters and its result."""
    return tagged_answer(request, encoded(request.app[ANALYZER].task(request.match_info["task_id"])))
