"""This API from Python: uploads, runs, and streams that resume by themselves."""

import asyncio
import json
import logging
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiofiles
import aiohttp

from analyzer.errors import StreamLost, from_problem
from analyzer.eventstream import EventStreamParser
from analyzer.models import Dataset, Event, ReadingOptions, Run, TaskDescription, Wish

log = logging.getLogger("analyzer.client")

NOTHING_LEFT = 204
HTTP_ERRORS = 400
READ_BYTES = 1024 * 1024
TRIES = 4  # of one request, when there is no answer
PASSING = frozenset({502, 503, 504})  # what a server, or a proxy before it, answers while it is about to be there again
FIRST_PAUSE_SECONDS = 0.1  # then twice as long each time,
LONGEST_PAUSE_SECONDS = 3.0  # to this, unless the stream says how long
MAX_BREAKS = 30  # of a stream, in a row and without an event in between: about a minute

Sent = Callable[[int, int], None]
"""Told how many bytes of how many were sent."""


class AnalyzerClient:
    """An analyzer that runs elsewhere, with the methods of one that runs here. An async context manager.

    Raises the errors of `analyzer.errors` that the server answers with, and aiohttp.ClientError when there is none.
    """

    def __init__(self, url: str, *, session_id: str | None = None) -> None:
        """`session_id` keeps what you upload and run to yourself; without it, whoever knows an id may use it."""
        self._url = url.rstrip("/")
        self._headers = {} if session_id is None else {"X-Session-ID": session_id}

    async def __aenter__(self) -> Self:
        # A stream is silent between heartbeats, so only the connecting and the silence have limits.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)
        self._http = aiohttp.ClientSession(headers=self._headers, timeout=timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()

    async def add_dataset(
        self, path: str | Path, options: ReadingOptions | None = None, *, sent: Sent | None = None
    ) -> Dataset:
        """Upload a file of this machine, once, however often it has to be sent; `sent` is told how far that is."""
        path = Path(path)
        given = (options or ReadingOptions()).model_dump(mode="json", exclude_defaults=True)
        query = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
        answer = await self._ask(
            *("POST", "/api/upload"),
            params=query | {"filename": path.name},
            content=lambda: _content(path, sent),
            headers={"Content-Type": "application/octet-stream", "Idempotency-Key": secrets.token_hex(16)},
        )
        return Dataset.model_validate_json(answer, extra="ignore")

    async def submit(
        self, file_id: str, task_id: str, params: Mapping[str, Any] | None = None, *, wish: Wish | None = None
    ) -> Run:
        """Start an analysis on a dataset, once, however often that has to be asked."""
        said = {} if wish is None else wish.model_dump(mode="json", exclude_defaults=True)
        body = {"file_id": file_id, "task_id": task_id, "params": dict(params or {})} | said
        answer = await self._ask("POST", "/api/run", json=body, headers={"Idempotency-Key": secrets.token_hex(16)})
        return Run.model_validate_json(answer, extra="ignore")

    async def run(self, run_id: str) -> Run:
        return Run.model_validate_json(await self._ask("GET", f"/api/run/{quote(run_id)}"), extra="ignore")

    async def cancel(self, run_id: str) -> Run:
        return Run.model_validate_json(await self._ask("DELETE", f"/api/run/{quote(run_id)}"), extra="ignore")

    async def result(self, run_id: str) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(await self._ask("GET", f"/api/run/{quote(run_id)}/result"))
        return result

    async def tasks(self) -> list[TaskDescription]:
        """Every analysis of the server's catalogue."""
        answer = json.loads(await self._ask("GET", "/api/tasks"))
        return [TaskDescription.model_validate(task, extra="ignore") for task in answer["tasks"]]

    @property
    def handouts(self) -> "ClientHandouts":
        """What can be made of a run to take away: its pictures and its report."""
        return ClientHandouts(self._ask)

    async def events(self, run_id: str, after: str | None = None) -> AsyncIterator[Event]:
        """What the run has said and says, to its final event, whatever happens to the connection meanwhile.

        `after` is the id of the last event already seen. A `run.snapshot` replaces all that was seen before it.
        Raises StreamLost when the server cannot be reached for about a minute.
        """
        last_seen, longest_seconds, breaks = after or "", LONGEST_PAUSE_SECONDS, 0
        while breaks <= MAX_BREAKS:
            parser = EventStreamParser(last_seen)
            try:
                async with self._stream(run_id, last_seen) as answer:
                    if answer.status == NOTHING_LEFT:
                        return
                    async for event in _events(answer, parser):
                        breaks = 0
                        yield event
                        if event.is_final:
                            return
            except (aiohttp.ClientError, TimeoutError) as failure:
                log.info("stream broke and is taken up again", extra={"run": run_id, "failure": repr(failure)})
            last_seen = parser.last_event_id
            if parser.retry_milliseconds is not None:
                longest_seconds = parser.retry_milliseconds / 1000
            await _pause(breaks, longest_seconds)
            breaks += 1
        raise StreamLost(f"The events of run {run_id!r} broke off {MAX_BREAKS} times in a row.")

    @asynccontextmanager
    async def _stream(self, run_id: str, last_seen: str) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_seen} if last_seen else {})
        async with self._http.get(self._url + f"/api/run/{quote(run_id)}/events", headers=headers) as answer:
            if answer.status in PASSING:
                answer.raise_for_status()
            await _raise_problem(answer)
            yield answer

    async def _ask(
        self, method: str, path: str, *, content: Callable[[], AsyncIterator[bytes]] | None = None, **more: Any
    ) -> bytes:
        """The answer to a request that may be repeated: it changes nothing, or has a key, or repeats to no effect."""
        for attempt in range(TRIES):
            last = attempt + 1 == TRIES
            try:
                data = None if content is None else content()
                async with self._http.request(method, self._url + path, data=data, **more) as answer:
                    if last or answer.status not in PASSING:
                        await _raise_problem(answer)
                        return await answer.read()
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError):
                if last:
                    raise
            await _pause(attempt, LONGEST_PAUSE_SECONDS)
        raise AssertionError("the last try returns or raises")


class ClientHandouts:
    """Fetches what the server makes of a completed run."""

    def __init__(self, ask: Callable[..., Awaitable[bytes]]) -> None:
        self._ask = ask

    async def report(self, run_id: str, form: str = "html") -> bytes:
        """The result as one file, `html` or `pdf`."""
        return await self._ask("GET", f"/api/run/{quote(run_id)}/report.{form}")

    async def picture(self, run_id: str, name: str, form: str = "svg") -> bytes:
        """A chart of the result as `svg` or `png`."""
        return await self._ask("GET", f"/api/run/{quote(run_id)}/chart/{quote(name)}.{form}")


async def _events(answer: aiohttp.ClientResponse, parser: EventStreamParser) -> AsyncIterator[Event]:
    """The events of one connection, to its end."""
    async for chunk in answer.content.iter_any():
        for frame in parser.feed(chunk):
            if frame.type != "shutdown":  # which is the server's word, not the run's
                yield Event(id=frame.id, type=frame.type, data=json.loads(frame.data))


async def _pause(failures: int, longest_seconds: float) -> None:
    """Twice as long after each failure; at random, so that not all who lost the same server come back at once."""
    longest = min(FIRST_PAUSE_SECONDS * 2**failures, longest_seconds)
    await asyncio.sleep(longest * random.uniform(0.5, 1))  # noqa: S311 - no secret


async def _raise_problem(answer: aiohttp.ClientResponse) -> None:
    if answer.status >= HTTP_ERRORS:
        body = await answer.read()
        try:
            problem = json.loads(body)
        except ValueError:
            problem = {"detail": f"The server answered {answer.status} {answer.reason}."}
        raise from_problem(problem)


async def _content(path: Path, sent: Sent | None) -> AsyncIterator[bytes]:
    size, done = path.stat().st_size, 0
    async with aiofiles.open(path, "rb") as file:
        while chunk := await file.read(READ_BYTES):
            yield chunk
            done += len(chunk)
            if sent is not None:
                sent(done, size)
