"""This API from Python: uploads, runs, and streams that resume by themselves."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiofiles
import aiohttp

from analyzer.errors import StreamLost, from_problem
from analyzer.eventstream import EventStreamParser
from analyzer.models import Dataset, Event, ReadingOptions, Run, TaskDescription

log = logging.getLogger("analyzer.client")

NOTHING_LEFT = 204
HTTP_ERRORS = 400
BINARY = {"Content-Type": "application/octet-stream"}
READ_BYTES = 1024 * 1024
PAUSE_SECONDS = 3.0  # before a broken stream is taken up again, unless the server says otherwise
MAX_BREAKS = 10  # in a row, without an event in between


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

    async def add_dataset(self, path: str | Path, options: ReadingOptions | None = None) -> Dataset:
        """Upload a file of this machine."""
        path = Path(path)
        given = (options or ReadingOptions()).model_dump(mode="json", exclude_defaults=True)
        query = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
        answer = await self._ask(
            "POST", "/api/upload", params=query | {"filename": path.name}, data=_content(path), headers=BINARY
        )
        return Dataset.model_validate_json(answer, extra="ignore")

    async def submit(self, file_id: str, task_id: str, params: Mapping[str, Any] | None = None) -> Run:
        """Start an analysis on a dataset."""
        body = {"file_id": file_id, "task_id": task_id, "params": dict(params or {})}
        return Run.model_validate_json(await self._ask("POST", "/api/run", json=body), extra="ignore")

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

    async def events(self, run_id: str, after: str | None = None) -> AsyncIterator[Event]:
        """What the run has said and says, to its final event, whatever happens to the connection meanwhile.

        `after` is the id of the last event already seen. A `run.snapshot` replaces all that was seen before it.
        """
        last_seen, pause_seconds, breaks = after, PAUSE_SECONDS, 0
        while breaks <= MAX_BREAKS:
            parser = EventStreamParser(last_seen or "")
            headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_seen} if last_seen else {})
            try:
                async with self._http.get(self._url + f"/api/run/{quote(run_id)}/events", headers=headers) as answer:
                    if answer.status == NOTHING_LEFT:
                        return
                    await _raise_problem(answer)
                    async for chunk in answer.content.iter_any():
                        for frame in parser.feed(chunk):
                            if frame.type == "shutdown":
                                continue  # the server's word, not the run's
                            event = Event(id=frame.id, type=frame.type, data=json.loads(frame.data))
                            last_seen, breaks = event.id, 0
                            yield event
                            if event.is_final:
                                return
            except (aiohttp.ClientError, TimeoutError) as failure:
                log.info("stream broke and is taken up again", extra={"run": run_id, "failure": repr(failure)})
            if parser.retry_milliseconds is not None:
                pause_seconds = parser.retry_milliseconds / 1000
            breaks += 1
            await asyncio.sleep(pause_seconds)
        raise StreamLost(f"The events of run {run_id!r} broke off {MAX_BREAKS} times in a row.")

    async def _ask(self, method: str, path: str, **more: Any) -> bytes:
        async with self._http.request(method, self._url + path, **more) as answer:
            await _raise_problem(answer)
            return await answer.read()


async def _raise_problem(answer: aiohttp.ClientResponse) -> None:
    if answer.status >= HTTP_ERRORS:
        body = await answer.read()
        try:
            problem = json.loads(body)
        except ValueError:
            problem = {"detail": f"The server answered {answer.status} {answer.reason}."}
        raise from_problem(problem)


async def _content(path: Path) -> AsyncIterator[bytes]:
    async with aiofiles.open(path, "rb") as file:
        while chunk := await file.read(READ_BYTES):
            yield chunk
