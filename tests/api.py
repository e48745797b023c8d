"""The API as tests talk to it: real requests, answers checked for what must hold of every one."""

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from analyzer.eventstream import EventStreamParser, Frame


@dataclass
class Answer:
    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body, parse_constant=_refuse_constant)

    def problem(self, status: int, code: str) -> dict[str, Any]:
        """The problem this answer is; fails when it is another one."""
        assert self.status == status, self.body
        assert self.headers["Content-Type"].startswith("application/problem+json")
        problem = self.json
        assert problem["type"] == f"/problems/{code}"
        assert problem["status"] == status
        assert problem["detail"]
        assert problem["instance"] == self.headers["X-Request-ID"]
        return dict(problem)


def _refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


@dataclass
class Api:
    http: aiohttp.ClientSession
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, **more: Any) -> Answer:
        headers = self.headers | more.pop("headers", {})
        async with self.http.request(method, path, headers=headers, **more) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def get(self, path: str, **more: Any) -> Answer:
        return await self.ask("GET", path, **more)

    async def upload(self, content: bytes | Path, filename: str = "table.csv", **more: Any) -> Answer:
        """As a form, the way browsers and curl do it."""
        form = aiohttp.FormData()
        body = content.read_bytes() if isinstance(content, Path) else content
        form.add_field("file", io.BytesIO(body), filename=filename)
        return await self.ask("POST", "/api/upload", data=form, **more)

    async def dataset(self, content: bytes | Path, filename: str = "table.csv") -> str:
        """The id of a new dataset of this content."""
        answer = await self.upload(content, filename)
        assert answer.status == 201, answer.body
        return str(answer.json["file_id"])

    async def start(self, file_id: str, task_id: str, **params: Any) -> str:
        """The id of a new run."""
        answer = await self.ask("POST", "/api/run", json={"file_id": file_id, "task_id": task_id, "params": params})
        assert answer.status == 202, answer.body
        return str(answer.json["task_execution_id"])

    async def watch(self, run_id: str, last_event_id: str | None = None) -> list[Frame]:
        """Every event until the server closes the stream."""
        headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
        answer = await self.get(f"/api/run/{run_id}/events", headers=headers)
        assert answer.status == 200, answer.body
        return list(EventStreamParser().feed(answer.body))

    async def result(self, run_id: str) -> Any:
        """The result, once the run has completed."""
        events = await self.watch(run_id)
        assert events[-1].type == "run.completed", events[-1]
        return (await self.get(f"/api/run/{run_id}/result")).json
