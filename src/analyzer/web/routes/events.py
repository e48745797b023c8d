"""What runs say, live or again."""

from typing import Annotated, Any

import pydantic
from aiohttp import web

from analyzer.errors import Expired, InvalidParameters, UnknownRun
from analyzer.web.answers import principal_of, read_query
from analyzer.web.feeds import Feed, RunFeed, RunsFeed
from analyzer.web.keys import ANALYZER
from analyzer.web.operations import Operation, Reply, describe
from analyzer.web.sse import Limits, last_event_id, stream, wants_lines
from analyzer.web.tags import JSON

routes = web.RouteTableDef()

MAX_RUNS = 50  # on one connection: every event's id names them all, and an id must fit into a header

EVENTS = {"type": "string", "contentMediaType": JSON, "contentSchema": {"$ref": "#/components/schemas/Event"}}

STREAM = Reply(
    "The stream. The `data` of each event, and each line of NDJSON, is an `Event`.",
    content={"text/event-stream": EVENTS, "application/x-ndjson": EVENTS},
)
NOTHING_LEFT = Reply("You have seen the final event: there is nothing left to say.")


class EventsQuery(pydantic.BaseModel):
    """Where a stream goes on. Other names in the query are left alone: an EventSource keeps its own there."""

    last_event_id: str | None = pydantic.Field(None, description="As the header `Last-Event-ID`, which goes before it.")


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class SeveralQuery(EventsQuery):
    """Whose events."""

    run: Annotated[tuple[str, ...], pydantic.BeforeValidator(_as_list)] = pydantic.Field(
        min_length=1, max_length=MAX_RUNS, description="The id of a run; to be given several times."
    )


@routes.get("/api/run/{run_id}/events", name="events", allow_head=False)
@describe(
    Operation(
        "runs",
        {200: STREAM, 204: NOTHING_LEFT},
        refuses=(UnknownRun, Expired),
        query=EventsQuery,
        heeds=("Session", "LastEventId"),
    )
)
async def watch_run(request: web.Request) -> web.StreamResponse:
    """What a run says, live or again: server-sent events, or JSON lines by `Accept`."""
    log = await request.app[ANALYZER].log(request.match_info["run_id"], principal_of(request))
    return await _stream(request, RunFeed(log, last_event_id(request), as_lines=wants_lines(request)))


@routes.get("/api/events", name="all_events", allow_head=False)
@describe(
    Operation(
        "runs",
        {200: STREAM, 204: NOTHING_LEFT},
        refuses=(UnknownRun, Expired, InvalidParameters),
        query=SeveralQuery,
        heeds=("Session", "LastEventId"),
    )
)
async def watch_runs(request: web.Request) -> web.StreamResponse:
    """What several runs say, on one connection: browsers allow six to a host. It ends after the last final event.

    The id of each event tells where all of them stand: `A=<epoch>:<number>,B=…`.
    """
    ids = dict.fromkeys(read_query(request, SeveralQuery).run)
    logs = [await request.app[ANALYZER].log(run_id, principal_of(request)) for run_id in ids]
    return await _stream(request, RunsFeed(logs, last_event_id(request), as_lines=wants_lines(request)))


async def _stream(request: web.Request, feed: Feed) -> web.StreamResponse:
    return await stream(request, feed, Limits.of(request.app[ANALYZER].settings))
