"""Sessions of code: what a run finds of those before it, and how a session ends."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from analyzer import Settings, create_app
from analyzer.web.keys import ANALYZER
from tests.api import Api
from tests.conftest import serving
from tests.serverprocess import server
from tests.waiting import family, jailed, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is a jail on Linux alone")

TABLE = b"city,count\nBonn,1\nLima,2\n"


def _one_is_stopped() -> bool:
    return any(psutil.pid_exists(pid) and psutil.Process(pid).status() == psutil.STATUS_STOPPED for pid in family())


async def _end(api: Api, file_id: str, code: str, session_id: str | None = "work") -> dict[str, Any]:
    """The result of a run in the session, or its problem."""
    run_id = await api.start(file_id, "code", code=code, session_id=session_id)
    await api.watch(run_id)
    run = (await api.get(f"/api/run/{run_id}")).json
    return dict(run["error"] or (await api.get(f"/api/run/{run_id}/result")).json)


async def test_variables_functions_and_modules_survive(api: Api) -> None:
    file_id = await api.dataset(TABLE)
    first = await _end(api, file_id, "import math\nseen = [1]\ndef twice(x):\n    return 2 * x\nlen(df)", "survive")
    assert (first["value"], first["session"]) == (2, {"session_id": "survive", "run": 1})
    second = await _end(api, file_id, "seen.append(twice(math.floor(3.5)))\nseen", "survive")
    assert (second["value"], second["session"]["run"]) == ([1, 6], 2)
    outside = await _end(api, file_id, "seen", None)
    assert outside["type"] == "/problems/code-error"
    assert (await _end(api, file_id, "result = 1", "survive"))["value"] == 1
    assert (await _end(api, file_id, "x = 3", "survive"))["kind"] == "text", "a result is one run's"


async def test_what_code_made_of_its_table_stays_with_the_dataset(api: Api) -> None:
    one, other = await api.dataset(TABLE), await api.dataset(b"a\n5\n6\n7\n")
    await _end(api, one, "df = df.assign(more=df['count'] + 1)", "table")
    assert (await _end(api, one, "int(df['more'].sum())", "table"))["value"] == 5
    assert (await _end(api, other, "list(df.columns)", "table"))["value"] == ["a"]
    assert (await _end(api, one, "list(df.columns)", "table"))["value"] == ["city", "count"]


async def test_a_mistake_ends_a_run_and_not_its_session(api: Api) -> None:
    file_id = await api.dataset(TABLE)
    await _end(api, file_id, "x = 5", "mistake")
    for wrong in ("1 / 0", "import sys\nsys.exit(3)", "result = object()", "def"):
        assert "type" in await _end(api, file_id, wrong, "mistake")
    assert (await _end(api, file_id, "x", "mistake"))["value"] == 5


async def test_a_session_belongs_to_one_principal(api: Api) -> None:
    file_id = await api.dataset(TABLE)
    for principal in ("one", "two"):
        api.headers["X-Session-ID"] = principal
        told = await _end(api, file_id, "x = globals().get('x', 0) + 1\nx", "shared")
        assert (told["value"], told["session"]["run"]) == (1, 1)


async def test_a_thread_that_was_left_running_rests_with_its_session(api: Api) -> None:
    """Between two runs the process is stopped."""
    file_id = await api.dataset(TABLE)
    left = """
import threading
n = 0
def go():
    global n
    while True:
        n += 1
threading.Thread(target=go, daemon=True).start()
"""
    await _end(api, file_id, left, "thread")
    seen = (await _end(api, file_id, "n", "thread"))["value"]
    await until(_one_is_stopped, "the process rests")
    assert (await _end(api, file_id, "n", "thread"))["value"] >= seen


async def test_what_ends_a_session_is_told_once(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings(jail_cpu_seconds=1, jail_timeout_seconds=90)
    async with serving(create_app(settings)) as url, aiohttp.ClientSession(url) as http:
        api = Api(http)
        file_id = await api.dataset(TABLE)
        for ending, why in (
            ("while True: pass", "cpu-limit"),
            ("import os\nos._exit(1)", "crashed"),
            ("print('x' * 10_000_000)", "output-limit"),
        ):
            assert (await _end(api, file_id, "x = 1"))["kind"] == "text"
            assert (await _end(api, file_id, ending))["type"] == f"/problems/{why}"
            lost = await _end(api, file_id, "x")
            assert lost["type"] == "/problems/session-lost"
            assert why in lost["detail"]
            anew = await _end(api, file_id, "globals().get('x')")
            assert (anew["value"], anew["session"]["run"]) == (None, 1)
            await _end(api, file_id, "del df")


async def test_processor_time_is_counted_for_each_run(make_settings: Callable[..., Settings]) -> None:
    async with serving(create_app(make_settings(jail_cpu_seconds=1))) as url, aiohttp.ClientSession(url) as http:
        api = Api(http)
        file_id = await api.dataset(TABLE)
        busy = "import time\nbegan = time.process_time()\nwhile time.process_time() - began < 0.6: pass"
        for _ in range(3):
            assert (await _end(api, file_id, busy))["kind"] == "text"


async def test_cancelling_a_run_ends_its_session(api: Api) -> None:
    file_id = await api.dataset(TABLE)
    before = jailed()
    await _end(api, file_id, "x = 1", "cancelled")
    run_id = await api.start(file_id, "code", code="print('begun')\nwhile True: pass", session_id="cancelled")
    async with api.http.get(f"/api/run/{run_id}/events", headers=api.headers) as stream:
        async for line in stream.content:
            if b"output.delta" in line:
                break
    await api.ask("DELETE", f"/api/run/{run_id}")
    lost = await _end(api, file_id, "x", "cancelled")
    assert "cancelled" in lost["detail"]
    await until(lambda: not jailed() - before, "the processes of the session are gone")


async def test_two_runs_in_one_session_take_turns(api: Api) -> None:
    file_id = await api.dataset(TABLE)
    await _end(api, file_id, "log = []", "turns")
    code = "import time\nfor step in range(3):\n    log.append({n})\n    time.sleep(0.01)"
    await asyncio.gather(*(_end(api, file_id, code.format(n=number), "turns") for number in range(3)))
    order = (await _end(api, file_id, "log", "turns"))["value"]
    assert [order[at] for at in (0, 3, 6)] == sorted(set(order), key=order.index)
    assert all(order[at] == order[at + 1] == order[at + 2] for at in (0, 3, 6))


async def test_idle_sessions_go_and_the_oldest_makes_room(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings(jail_max_sessions_per_principal=2, jail_session_idle_seconds=0.3, workers=2)
    app = create_app(settings)
    async with serving(app) as url, aiohttp.ClientSession(url) as http:
        api = Api(http)
        file_id = await api.dataset(TABLE)
        await _end(api, file_id, "1", None)
        before = jailed()
        await _end(api, file_id, "x = 1", "idle")
        await until(lambda: not jailed() - before, "it was idle for too long")
        assert "not used" in (await _end(api, file_id, "x", "idle"))["detail"]
    settings = make_settings(jail_max_sessions_per_principal=2, workers=2, data_dir=settings.data_dir / "other")
    app = create_app(settings)
    async with serving(app) as url, aiohttp.ClientSession(url) as http:
        api = Api(http)
        file_id = await api.dataset(TABLE)
        for name in ("a", "b", "c"):
            await _end(api, file_id, "x = 1", name)
        assert len(app[ANALYZER]._jail.sessions) == 2
        assert (await _end(api, file_id, "x", "c"))["value"] == 1
        assert "made room" in (await _end(api, file_id, "x", "a"))["detail"]


async def test_a_session_is_lost_with_its_process_and_with_its_server(tmp_path: Path) -> None:
    async with server(tmp_path / "data", workers=1) as process, aiohttp.ClientSession(process.url) as http:
        api = Api(http)
        file_id = await api.dataset(TABLE)
        await _end(api, file_id, "1", None)
        before = jailed(process.process.pid)
        await _end(api, file_id, "x = 1")
        kept = jailed(process.process.pid) - before
        assert len(kept) == 2, "a supervisor and its child"
        os.kill(max(kept), signal.SIGKILL)
        await until(lambda: not jailed(process.process.pid) - before, "the supervisor follows its child")
        assert "has died" in (await _end(api, file_id, "x"))["detail"]
        await _end(api, file_id, "x = 2")
        await process.stop()
    async with server(tmp_path / "data", workers=1) as process, aiohttp.ClientSession(process.url) as http:
        api = Api(http)
        assert "started again" in (await _end(api, file_id, "x"))["detail"]
        assert (await _end(api, file_id, "x = 3\nx"))["value"] == 3
