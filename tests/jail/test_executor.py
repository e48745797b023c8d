"""The jail's executor: standbys, and what becomes of a run whose processes are killed."""

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psutil
import pytest

from analyzer.errors import CpuLimit, Crashed, RunTimeout
from analyzer.executors.base import RunCode
from analyzer.executors.jail import JailExecutor
from analyzer.jail.limits import Limits
from analyzer.settings import JailBackend
from tests.waiting import alive, family, jailed, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is a jail on Linux alone")


BACKENDS: tuple[JailBackend, ...] = ("own", "bubblewrap")


@pytest.fixture(params=BACKENDS, autouse=True)
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both keep the same promises."""
    if request.param == "bubblewrap" and shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    monkeypatch.setattr(f"{__name__}.BACKEND", request.param)


BACKEND: JailBackend = "own"


@asynccontextmanager
async def _jail(limits: Limits | None = None, standbys: int = 0) -> AsyncIterator[JailExecutor]:
    jail = JailExecutor(limits or Limits(), min_level=2, places=2, standbys=standbys, backend=BACKEND)
    before = family()
    try:
        await jail.prove()
        yield jail
    finally:
        await jail.aclose()
    assert family() <= before


async def _ignore(kind: str, members: dict[str, Any]) -> None:
    """Nobody listens."""


async def _run(jail: JailExecutor, code: str) -> Any:
    return json.loads(await jail.call(RunCode(code, {}), _ignore))["value"]


async def _until_it_prints(jail: JailExecutor, code: str) -> "asyncio.Task[bytes]":
    """The run, once its code has printed something."""
    printed = asyncio.Event()

    async def hear(kind: str, members: dict[str, Any]) -> None:
        printed.set()

    running = asyncio.create_task(jail.call(RunCode(f"print('begun')\n{code}", {}), hear))
    await printed.wait()
    return running


async def test_a_standby_is_replaced_when_it_was_used_or_has_died() -> None:
    async with _jail(standbys=1) as jail:
        for _ in range(2):
            await until(lambda: jail._ready)
            (standby,) = jail._ready
            assert await _run(jail, "1") == 1
            assert standby not in jail._ready
        await until(lambda: jail._ready)
        (standby,) = jail._ready
        standby.kill()
        await until(lambda: standby.has_gone)
        assert await _run(jail, "2") == 2


def _forkserver(jail: JailExecutor) -> int:
    process = jail._launcher._forkserver._process
    assert process is not None
    return process.pid


async def _kill_forkserver(jail: JailExecutor) -> None:
    (standby,) = jail._ready
    os.kill(_forkserver(jail), signal.SIGKILL)
    await until(lambda: standby.has_gone, "the standby to die with its forkserver")


async def test_the_death_of_the_forkserver_is_survived() -> None:
    async with _jail(standbys=1) as jail:
        for number in range(3):
            await until(lambda: jail._ready)
            await _kill_forkserver(jail)
            assert await _run(jail, str(number)) == number


async def test_runs_that_wait_for_a_dying_forkserver_get_another() -> None:
    async with _jail() as jail:
        first = _forkserver(jail)
        os.kill(first, signal.SIGSTOP)
        running = [asyncio.create_task(_run(jail, str(number))) for number in range(2)]
        await until(lambda: len(jail._launcher._forkserver._asked) == len(running), "both to be asked for")
        os.kill(first, signal.SIGKILL)
        assert await asyncio.gather(*running) == [0, 1]


async def test_the_one_that_waits_for_its_order_may_be_killed() -> None:
    async with _jail() as jail:
        forkserver = psutil.Process(_forkserver(jail))
        await until(lambda: len(forkserver.children()) == 1, "it to be one fork ahead, and no more")
        forkserver.children()[0].kill()
        assert await _run(jail, "1") == 1


async def test_a_forkserver_that_hangs_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    async with _jail() as jail:
        first = _forkserver(jail)
        os.kill(first, signal.SIGSTOP)
        with monkeypatch.context() as patched:
            patched.setattr("analyzer.executors.jail_launcher.STARTING_SECONDS", 0.2)
            running = asyncio.create_task(_run(jail, "1"))
            await until(lambda: not alive(first), "the one that hangs to end")
        assert await running == 1


async def test_a_run_that_is_cancelled_before_its_process_is_there_leaves_none() -> None:
    async with _jail() as jail:
        os.kill(_forkserver(jail), signal.SIGSTOP)
        running = asyncio.create_task(_run(jail, "1"))
        await until(lambda: jail._launcher._forkserver._asked, "a process to be asked for")
        running.cancel()
        await asyncio.wait([running])
        assert jail._launcher._numbers, "its user is nobody else's as long as it may come to be"
        os.kill(_forkserver(jail), signal.SIGCONT)
        await until(lambda: not jail._launcher._numbers, "it to come and to end")
        assert not jailed()


async def test_cancelling_ends_code_that_ignores_every_signal() -> None:
    async with _jail() as jail:
        running = await _until_it_prints(
            jail, "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nsum(range(10**15))"
        )
        ours = jailed()
        assert len(ours) == 2 + (BACKEND == "bubblewrap"), "a supervisor, its jailed child, what wraps it"
        running.cancel()
        await asyncio.wait([running])
        assert running.cancelled()
        await until(lambda: not any(alive(pid) for pid in ours), "all are gone")


async def test_jailed_code_dies_with_its_supervisor() -> None:
    async with _jail() as jail:
        running = await _until_it_prints(jail, "sum(range(10**15))")
        ours = jailed()
        (supervisor,) = ours & {child.pid for child in psutil.Process(_forkserver(jail)).children()}
        os.kill(supervisor, signal.SIGKILL)
        with pytest.raises(Crashed):
            await running
        await until(lambda: not any(alive(pid) for pid in ours), "the child is gone too")


@pytest.mark.parametrize(
    ("limits", "code", "error"),
    [
        (Limits(wall_seconds=0.3), "import time\ntime.sleep(60)", RunTimeout),
        (Limits(cpu_seconds=1), "sum(range(10**15))", CpuLimit),
    ],
)
async def test_time_has_walls(limits: Limits, code: str, error: type[Exception]) -> None:
    async with _jail(limits) as jail:
        with pytest.raises(error):
            await _run(jail, code)


async def test_closing_ends_what_runs() -> None:
    async with _jail(standbys=1) as jail:
        running = await _until_it_prints(jail, "sum(range(10**15))")
        running.cancel()
    assert running.done()
