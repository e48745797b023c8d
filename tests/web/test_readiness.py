"""When traffic may come, and how others see that a server lives."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from analyzer import desk
from analyzer.models import now
from analyzer.settings import Settings
from analyzer.web import ANALYZER, create_app
from tests.api import Api
from tests.conftest import serving
from tests.waiting import Gate


async def test_traffic_may_come_once_workers_are_warm(make_settings: Callable[..., Settings]) -> None:
    app = create_app(make_settings())
    async with serving(app) as url, aiohttp.ClientSession(url) as http:
        api = Api(http)
        answer = await api.get("/health/ready")  # in the time of one answer no process has imported pyarrow
        answer.problem(503, "not-ready")
        assert answer.headers["Retry-After"] == "1"
        assert (await api.get("/health/live")).status == 200
        await app[ANALYZER].ready()
        assert (await api.get("/health/ready")).json == {"status": "ready"}


async def test_a_run_that_lives_renews_its_lease(
    make_settings: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "LEASE", timedelta(seconds=0.3))
    app, gate = create_app(make_settings()), Gate(tmp_path / "gate")
    async with serving(app) as url, aiohttp.ClientSession(url) as http:
        api, state = Api(http), app[ANALYZER]._state
        run_id = await api.start(await api.dataset(b"a\n1\n"), "test_gate", gate=str(gate.folder))
        await gate.reached()
        begun = now()

        until = begun + 3 * desk.LEASE
        while not ((owned := await state.run(run_id)) and owned.lease_until and owned.lease_until > until):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        gate.open()
        await api.result(run_id)
