"""Runs of ten people while workers are killed and stopped, some work never ends or eats memory, and the server dies.

`make test` takes a small crowd, `make chaos` the whole one.
"""

import asyncio
import json
import os
import random
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from analyzer.client import AnalyzerClient
from analyzer.models import Event
from tests.api import Api
from tests.serverprocess import ServerProcess, server
from tests.test_restart import _free_port
from tests.waiting import until

PEOPLE = 10
RUNS = int(os.environ.get("CHAOS_RUNS", "40"))
DEATHS = 3  # of the server
SEED = int(os.environ.get("CHAOS_SEED", "4"))
PAUSE_SECONDS = 0.3  # between two attacks

ENDS = {"spin": "/problems/timeout", "memory": "/problems/memory-limit"}
CRASHED = "/problems/crashed"  # where the third worker died under it before that: they last longer than attacks wait


class Person:
    """Somebody with a table of his own, who asks until he is answered and watches until the end."""

    def __init__(self, url: str, number: int) -> None:
        self.url = url
        self.session = f"person-{number}"
        self.number = number
        self.file_id = ""
        self.results: dict[str, Any] = {}  # what each accepted run has to end with
        self.events: dict[str, list[Event]] = {}

    async def live(self, wanted: list[dict[str, Any]], ended: Counter[str]) -> None:
        self.file_id = file_id = await self._insist(
            "/api/upload?filename=t.csv", "table", data=b"a,b\n%d,x\n" % self.number
        )
        await asyncio.gather(*(self._run(file_id, number, body, ended) for number, body in enumerate(wanted)))

    async def _run(self, file_id: str, number: int, body: dict[str, Any], ended: Counter[str]) -> None:
        run_id = await self._insist("/api/run", f"run {number}", json=body | {"file_id": file_id})
        self.results[run_id] = body["params"]
        async with AnalyzerClient(self.url, session_id=self.session) as client:
            self.events[run_id] = [event async for event in client.events(run_id)]
        ended[self.events[run_id][-1].type] += 1

    async def _insist(self, path: str, key: str, **body: Any) -> str:
        """Ask until there is an answer: with a key, asking again does nothing twice."""
        while True:
            try:
                async with aiohttp.ClientSession(self.url) as http:
                    api = Api(http, {"X-Session-ID": self.session, "Idempotency-Key": f"{self.session} {key}"})
                    answer = await api.ask("POST", path, **body)
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)
                continue
            if answer.status in (201, 202):
                return str(answer.json["file_id" if "upload" in path else "task_execution_id"])
            assert answer.status in (429, 503), answer.body
            await asyncio.sleep(0.1)


def _wishes(choice: random.Random) -> list[list[dict[str, Any]]]:
    """What each person wants: mostly work, some of it the same, and a little of what should not be done."""
    kinds = ["spin"] * max(1, RUNS // 60) + ["memory"] * max(2, RUNS // 20)
    wishes: list[dict[str, Any]] = [{"task_id": "test_trouble", "params": {"kind": kind}} for kind in kinds]
    while len(wishes) < RUNS:
        params = {"parts": choice.randint(1, 5), "text": f" {choice.randint(0, RUNS // 2)}"}
        wishes.append({"task_id": "test_parts", "params": params})
    choice.shuffle(wishes)
    return [wishes[person::PEOPLE] for person in range(PEOPLE)]


async def _attack(process: ServerProcess, choice: random.Random) -> None:
    """Kill a worker, or stop it and kill it a little later, again and again; sometimes kill all of them with the
    forkserver that they came from."""
    while True:
        await asyncio.sleep(PAUSE_SECONDS)
        try:
            children = psutil.Process(process.process.pid).children()
            workers = [worker for child in children for worker in child.children()]
            if not workers:
                continue
            victim = choice.choice(workers)
            if choice.random() < 0.05:
                victim = victim.parent() or victim
            elif choice.random() < 0.5:
                victim.send_signal(signal.SIGSTOP)
                await asyncio.sleep(PAUSE_SECONDS)
            victim.kill()
        except psutil.NoSuchProcess:
            continue


def _check(person: Person) -> None:
    for run_id, params in person.results.items():
        events = person.events[run_id]
        assert [event.is_final for event in events] == [False] * (len(events) - 1) + [True]
        kind = params.get("kind")
        if kind is None:
            assert events[-1].type == "run.completed", events[-1]
        else:
            assert events[-1].data["error"]["type"] in (ENDS[kind], CRASHED), events[-1]
        seen: list[str] = []
        for event in events:
            if event.type == "run.snapshot":
                seen = [section["section"] for section in event.data["sections"]]
            if event.type == "result.section":
                seen.append(event.data["section"])
        assert len(seen) == len(set(seen)), "a section was seen twice without a snapshot before it"
        assert kind is not None or sorted(seen) == [f"part {part}" for part in range(params["parts"])]


async def _check_results(api: Api, person: Person) -> None:
    """What the server has of a person's runs, those among them whose acceptance got lost on its way."""
    api.headers = {"X-Session-ID": person.session}
    listed = (await api.get("/api/runs?limit=200")).json["runs"]
    assert set(person.results) <= {run["task_execution_id"] for run in listed}
    for run in listed:
        assert run["status"] in ("completed", "failed")
        events = await api.watch(run["task_execution_id"])
        assert sum(event.type in ("run.completed", "run.failed") for event in events) == 1
        if run["status"] == "completed":
            params = run["params"]
            result = await api.get(f"/api/run/{run['task_execution_id']}/result")
            assert result.json == {"lines": [f"part {part}{params['text']}" for part in range(params["parts"])]}


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where the server finds room for temporary files; by a short path, since sockets are among them."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        yield Path(folder)


@pytest.mark.timeout(120 + 3 * RUNS)
async def test_every_accepted_run_ends_once_and_rightly_whatever_dies(tmp_path: Path, temporary: Path) -> None:
    choice, ended = random.Random(SEED), Counter[str]()
    settings: dict[str, Any] = {
        "workers": 2,
        "max_concurrent_tasks": 2,
        "max_queued_tasks": RUNS,
        "port": _free_port(),
        "run_attempts": 2 * DEATHS,
        "task_timeout_seconds": 10,
        "task_memory_bytes": 128 * 1024 * 1024,
    }
    people = [Person(f"http://127.0.0.1:{settings['port']}", number) for number in range(PEOPLE)]
    wishes = _wishes(choice)
    lives = asyncio.gather(*(person.live(wishes[person.number], ended) for person in people))
    for deaths in range(DEATHS + 1):
        async with server(tmp_path / "data", {"TMPDIR": str(temporary)}, **settings) as process:
            # First the tables: a worker that dies while it reads a file is taken to have died of the file.
            await until(lambda: all(person.file_id for person in people), "everybody's table")
            attack = asyncio.create_task(_attack(process, choice))
            if deaths < DEATHS:
                enough = (deaths + 1) * RUNS // (DEATHS + 2)
                await until(lambda: ended.total() >= enough or lives.done(), "some ends", 30 + RUNS)  # noqa: B023
                attack.cancel()
                assert not lives.done()
                await process.stop(signal.SIGKILL)
                continue
            await lives
            attack.cancel()
            async with aiohttp.ClientSession(process.url) as http:
                for person in people:
                    _check(person)
                    await _check_results(Api(http), person)
            assert await process.stop() == 0
    assert sum(len(person.results) for person in people) == RUNS
    assert not list((tmp_path / "data" / "drafts").iterdir())
    assert not list(temporary.iterdir()), json.dumps([str(path) for path in temporary.rglob("*")])
