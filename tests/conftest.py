"""What all tests share: one loop and one server for the session, since warming workers takes a second."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import uvloop
from aiohttp import web
from blockbuster import blockbuster_ctx

PLUGIN = str(Path(__file__).parent / "plugin")
sys.path.insert(0, PLUGIN)  # workers import from where the server does

from analyzer import Settings, create_app  # noqa: E402
from analyzer.service import Analyzer  # noqa: E402
from analyzer.web.keys import ANALYZER  # noqa: E402
from analyzer.web.serving import Runner  # noqa: E402
from tests.api import Api  # noqa: E402
from tests.stuck import ended_when_stuck  # noqa: E402

PENGUINS = Path(__file__).parents[1] / "src/analyzer/samples/penguins.csv"


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The server's own loop; ANALYZER_TEST_LOOP=asyncio takes Python's, whose debug mode sees more."""
    if os.environ.get("ANALYZER_TEST_LOOP") == "asyncio":
        return {"asyncio": asyncio.new_event_loop}
    return {"uvloop": uvloop.new_event_loop}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    with ended_when_stuck(item):
        return (yield)


class Failures:
    """Tells each failure when it happens: of a run that is cut short, nothing else would remain."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            print(f"\n{report.nodeid} failed ({report.when}):\n{report.longreprtext[-4000:]}", flush=True)


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("CI") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Failures())


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """The app on a real socket; its URL."""
    runner = Runner(app, shutdown_timeout=5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@pytest.fixture(scope="session")
def session_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data_dir=tmp_path_factory.mktemp("data"), workers=2, jail_standbys=0)


@pytest.fixture(scope="session", autouse=True)
def nothing_blocks_the_loop() -> Iterator[None]:
    """A call of ours that blocks the event loop fails the test it happens in."""
    with blockbuster_ctx("analyzer") as guard:
        for quick in ("os.stat", "os.unlink", "os.path.abspath"):  # a thread would take longer than they do
            guard.functions[quick].deactivate()
        for reading in ("io.TextIOWrapper.read", "io.BufferedReader.read"):  # of /proc, which is memory
            if reading in guard.functions:
                guard.functions[reading].can_block_in("analyzer/executors/slot.py", "_private_bytes")
                guard.functions[reading].can_block_in("analyzer/executors/forkserver.py", "is_stopped")
        for taking in ("threading.Lock.acquire", "threading.Lock.acquire_lock"):
            guard.functions[taking].deactivate()  # grpc takes one to let go of a call, wherever the collector runs
        for telling in ("_check_alive", "_send"):  # multiprocessing's tracker, a pipe that is always read
            guard.functions["os.write"].can_block_in("multiprocessing/resource_tracker.py", telling)
        yield


@dataclass(frozen=True)
class Served:
    """An app on a real socket."""

    analyzer: Analyzer
    url: str


@pytest_asyncio.fixture(scope="session")
async def served(session_settings: Settings) -> AsyncIterator[Served]:
    """The app that most tests talk to."""
    app = create_app(session_settings)
    async with serving(app) as url:
        await app[ANALYZER].ready()
        yield Served(app[ANALYZER], url)


@pytest.fixture
def analyzer(served: Served) -> Analyzer:
    """The analyzer behind that app."""
    return served.analyzer


@pytest_asyncio.fixture
async def api(served: Served) -> AsyncIterator[Api]:
    """That app over HTTP, as the public sees it."""
    async with aiohttp.ClientSession(served.url) as http:
        yield Api(http)


@pytest.fixture(scope="session")
def penguins() -> Path:
    return PENGUINS


@pytest.fixture
def make_settings(tmp_path: Path) -> Callable[..., Settings]:
    """Settings with a data folder of the test's own."""

    def make(**given: Any) -> Settings:
        usual: dict[str, Any] = {
            "data_dir": tmp_path / "data",
            "workers": 1,
            "shutdown_grace_seconds": 0.2,
            "jail_standbys": 0,
        }
        return Settings(**(usual | given))

    return make
