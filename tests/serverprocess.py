"""A server as people start it: `python -m analyzer` in a process of its own."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType

from tests.conftest import PLUGIN
from tests.waiting import alive, family, until

SOURCE = Path(__file__).parents[1] / "src"

COMMAND = (sys.executable, "-W", "error", "-m", "analyzer", "serve")


class ServerProcess:
    """The process, its log and its URL."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def url(self) -> str:
        """Where the one that was started last listens."""
        urls: list[str] = re.findall(r'url(?:=|": ")(http://[^\s"]+)', self.log)
        return urls[-1]

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and return the exit status. No process of the server's may be left."""
        children = family(self.process.pid)
        self.process.send_signal(number)
        async with asyncio.timeout(30):
            status = await self.process.wait()
        await until(lambda: not any(alive(pid) for pid in children), "no orphan")
        return status


@asynccontextmanager
async def server(
    data_dir: Path, more: Mapping[str, str] = MappingProxyType({}), **settings: object
) -> AsyncIterator[ServerProcess]:
    """A server that serves, with these settings and `more` in its environment, and is gone afterwards."""
    log = data_dir.with_suffix(".log")
    environment = os.environ | {
        "ANALYZER_DATA_DIR": str(data_dir),
        "ANALYZER_PORT": "0",
        "ANALYZER_JAIL_STANDBYS": "0",
        "PYTHONPATH": f"{PLUGIN}{os.pathsep}{SOURCE}",
        **more,
        **{f"ANALYZER_{name.upper()}": str(value) for name, value in settings.items()},
    }
    with log.open("a") as file:
        process = await asyncio.create_subprocess_exec(*COMMAND, env=environment, stdout=file, stderr=subprocess.STDOUT)
    started = ServerProcess(process, log)
    before = started.log.count("url")
    try:
        await until(lambda: started.log.count("url") > before or process.returncode is not None, "serving")
        assert process.returncode is None, started.log
        yield started
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def refusal_of(*arguments: str) -> tuple[int, str]:
    """What a server that does not start says, and its exit status."""
    process = await asyncio.create_subprocess_exec(*COMMAND, "--port", "0", *arguments, stderr=asyncio.subprocess.PIPE)
    _, told = await process.communicate()
    assert process.returncode is not None
    return process.returncode, told.decode()
