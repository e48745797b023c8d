"""How the server is: for people, for load balancers and for orchestrators."""

from typing import Any

from aiohttp import web

from analyzer.errors import NotReady, ShuttingDown
from analyzer.service import Analyzer
from analyzer.status import Status
from analyzer.web.answers import json_answer
from analyzer.web.keys import ANALYZER
from analyzer.web.operations import Operation, Reply, describe
from analyzer.web.shapes import Health, Probe, RunStatusAnswer

routes = web.RouteTableDef()


@routes.get("/health", name="health")
@describe(Operation("health", {200: Reply("Its state, in figures.", Health)}))
async def show_health(request: web.Request) -> web.Response:
    """How the server is."""
    analyzer = request.app[ANALYZER]
    return json_answer(_health(analyzer, await analyzer.status()))


def _health(analyzer: Analyzer, status: Status) -> dict[str, Any]:
    kept = status.kept
    return {
        "status": "shutting-down" if analyzer.draining else "healthy",
        "system": {
            "storage": {
                "datasets_count": kept.datasets,
                "results_count": kept.results,
                "total_items": kept.datasets + kept.results,
            },
            "streaming": {
                "active_streams": status.streams,
                "completed_streams": kept.logs,
                "cached_events_count": kept.events + status.live_events,
            },
            "execution": _execution(status),
            "jail": _jail(analyzer, status),
        },
        "capabilities": {
            "concurrent_users": "unlimited",
            "concurrent_tasks": analyzer.settings.max_concurrent_tasks,
            "queued_tasks": analyzer.settings.max_queued_tasks,
            "thread_safe": True,
            "resumable_streams": True,
        },
    }


def _jail(analyzer: Analyzer, status: Status) -> dict[str, Any]:
    """What was proved of it. Before anybody has asked for it, its level is null."""
    told = {"level": None, "layers": {}} if status.jail is None else status.jail.told()
    return {"min_level": analyzer.settings.jail_min_level} | told


def _execution(status: Status) -> dict[str, Any]:
    slots, pulse = status.slots, status.pulse
    return {
        "active_tasks": status.active,
        "queued_tasks": status.queued,
        "slots": {"total": slots.total, "busy": slots.busy, "restarts": slots.restarts},
        "principals": {
            name: {"active_tasks": one.active, "queued_tasks": one.queued, "principals": one.principals}
            for name, one in status.standings.items()
        },
        "loop": {
            "lag_ms": round(pulse.lag_seconds * 1000, 1),
            "worst_lag_ms": round(pulse.worst_seconds * 1000, 1),
            "late": pulse.late,
        },
    }


@routes.get("/api/run/status")
@describe(Operation("health", {200: Reply("In figures, and as a sentence.", RunStatusAnswer)}))
async def show_status(request: web.Request) -> web.Response:
    """How much is running and waiting."""
    status = await request.app[ANALYZER].status()
    return json_answer(_execution(status) | {"message": f"Currently processing {status.active} task(s)"})


@routes.get("/health/live")
@describe(Operation("health", {200: Reply("It is.", Probe)}))
async def show_live(request: web.Request) -> web.Response:
    """The loop answers: the process need not be restarted."""
    return json_answer({"status": "live"})


@routes.get("/health/ready")
@describe(Operation("health", {200: Reply("It is.", Probe)}, refuses=(NotReady, ShuttingDown)))
async def show_ready(request: web.Request) -> web.Response:
    """Workers are warm and work is taken: traffic may come."""
    analyzer = request.app[ANALYZER]
    if analyzer.draining:
        raise ShuttingDown("The server is shutting down.")
    if not analyzer.is_ready:
        raise NotReady("The workers are starting.", retry_after=1)
    return json_answer({"status": "ready"})
