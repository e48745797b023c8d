"""A queue that is full: who comes then is told when to come back, and who was let in is served."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import aiohttp

from analyzer import Settings, create_app
from tests.api import Api
from tests.conftest import serving
from tests.waiting import Gate

TABLE = b"a,b\n1,x\n2,y\n"
PLACES, WAITING = 2, 3


async def test_who_finds_no_room_is_told_so_and_who_was_let_in_is_served(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    gate = Gate(tmp_path / "gate")
    settings = make_settings(workers=1, max_concurrent_tasks=PLACES, max_queued_tasks=WAITING)
    async with serving(create_app(settings)) as url, aiohttp.ClientSession(url) as http:
        api = Api(http)
        dataset = await api.dataset(TABLE)
        body = {"file_id": dataset, "task_id": "test_gate", "params": {"gate": str(gate.folder), "parts": 1}}
        answers = await asyncio.gather(*(api.ask("POST", "/api/run", json=body) for _ in range(PLACES + WAITING + 4)))
        accepted = [answer.json["task_execution_id"] for answer in answers if answer.status == 202]
        assert len(accepted) == PLACES + WAITING
        for answer in answers:
            if answer.status != 202:
                problem = answer.problem(429, "busy")
                assert problem["limit"] == PLACES + WAITING
                assert problem["retry_after"] == int(answer.headers["Retry-After"]) > 0
        queued = [(await api.get(f"/api/run/{run}")).json["status"] for run in accepted].count("queued")
        assert queued == WAITING
        gate.open()
        for run in accepted:
            assert await api.result(run) == {"lines": ["part 0"]}
        assert await api.result(await api.start(dataset, "test_parts", parts=1)) == {"lines": ["part 0"]}
