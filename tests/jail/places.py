"""Servers whose jails reach different levels, and the host that watches what foreign code gets at."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

import analyzer
from analyzer.jail.identity import FIRST_USER
from tests.api import Api
from tests.serverprocess import COMMAND, ServerProcess
from tests.waiting import until

SOURCE = Path(analyzer.__file__).parents[1]
LAUNCHER = Path(__file__).parent / "launcher.py"
USER = FIRST_USER - 1

IN_FILE, IN_ENVIRONMENT, IN_DATA = "SECRET-OF-THE-FILE-7351", "SECRET-OF-THE-ENVIRONMENT-7352", "DATA-OF-ANOTHER-7353"
"""What no foreign code may ever see: not one of them may stand in anything the server says."""

WALLS = {
    "jail_timeout_seconds": 20,
    "jail_cpu_seconds": 2,
    "jail_memory_bytes": 256 * 2**20,
    "jail_result_bytes": 2**20,
    "workers": 2,
}


@dataclass(frozen=True)
class Way:
    """How a server is started, and the level its jail must reach."""

    name: str
    level: int
    as_user: bool = False
    without: str = "nothing"  # or namespaces, or landlock
    backend: str = "own"

    @property
    def prefix(self) -> list[str]:
        if not self.as_user and self.without == "nothing":
            return []
        user = USER if self.as_user else os.getuid()
        return [sys.executable, str(LAUNCHER), str(user), self.without]


WAYS: tuple[Way, ...] = (
    Way("as it is", 3),
    Way("as another user", 3, as_user=True),
    Way("as another user, without namespaces", 2, as_user=True, without="namespaces"),
)
WRAPPED_WAYS: tuple[Way, ...] = (Way("in bubblewrap", 3, backend="bubblewrap"),)
ALL_WAYS = bool(os.environ.get("ANALYZER_TEST_ALL_JAILS"))
if ALL_WAYS:  # the first as root of a container; it shares all but the user with another
    WAYS += (Way("as it is, without namespaces", 2, without="namespaces"),)
    WRAPPED_WAYS += (
        Way("in bubblewrap as another user", 3, as_user=True, backend="bubblewrap"),
        Way("in bubblewrap, without Landlock", 2, as_user=True, without="landlock", backend="bubblewrap"),
    )


@asynccontextmanager
async def served_so(way: Way, folder: Path, **settings: object) -> AsyncIterator[ServerProcess]:
    """A server started that way, which owns the folder."""
    log = folder / "log"
    environment = os.environ | {
        "PYTHONPATH": str(SOURCE),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "ANALYZER_DATA_DIR": str(folder / "data"),
        "ANALYZER_PORT": "0",
        "ANALYZER_JAIL_BACKEND": way.backend,
        "MY_PASSWORD": IN_ENVIRONMENT,
        "ANALYZER_LLM_KEY": IN_ENVIRONMENT,
        **{f"ANALYZER_{name.upper()}": str(value) for name, value in (WALLS | settings).items()},
    }
    with log.open("w") as file:
        process = await asyncio.create_subprocess_exec(
            *way.prefix, *COMMAND, env=environment, cwd=folder, stdout=file, stderr=subprocess.STDOUT
        )
    server = ServerProcess(process, log)
    try:
        await until(lambda: "url" in server.log or process.returncode is not None, "serving")
        assert process.returncode is None, server.log
        yield server
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@contextmanager
def owned_folder() -> Iterator[Path]:
    """A folder that the server's user owns, on a way that everybody may go."""
    folder = Path(tempfile.mkdtemp(prefix="analyzer-watched-"))
    try:
        folder.chmod(0o755)
        (folder / "secrets").mkdir()
        (folder / "tmp").mkdir()
        secret = folder / "secrets" / "secret.csv"
        secret.write_text(f"secret\n{IN_FILE}\n")
        secret.chmod(0o600)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def give_away(folder: Path) -> None:
    """To the user that servers are started as, where we may."""
    if os.getuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, USER, USER)


@dataclass
class Host:
    """Everything a jailed process must not reach, watched."""

    way: Way
    folder: Path
    server: ServerProcess
    api: Api
    file_id: str
    victim: asyncio.subprocess.Process
    tcp: int
    heard: list[str] = field(default_factory=list)

    @property
    def told(self) -> dict[str, Any]:
        """What an attack is told of its aims, so that it need not search."""
        return {
            "secret": str(self.folder / "secrets" / "secret.csv"),
            "data": str(self.folder / "data"),
            "cwd": str(self.folder),
            "tcp": self.tcp,
            "unix": str(self.folder / "socket"),
            "abstract": self.folder.name,
            "victim": self.victim.pid,
            "server": self.server.process.pid,
        }

    def files(self) -> dict[str, tuple[int, int, int, int]]:
        """The files around the server, with all that could be changed of them but what the server itself changes."""
        found = {}
        for path in (
            self.folder / "secrets",
            *(self.folder / "secrets").rglob("*"),
            *self.folder.glob("data/blobs/**/*"),
        ):
            status = path.lstat()
            if path.name != "drafts" and "drafts" not in path.parts:
                found[str(path)] = (status.st_mode, status.st_uid, status.st_mtime_ns, status.st_size)
        return found

    async def run(self, code: str, **params: Any) -> tuple[str, Any, str]:
        """How it ended (`completed` or the code of the problem), the result or the problem, and all that was said."""
        run_id = await self.api.start(self.file_id, "code", code=code, **params)
        events = await self.api.watch(run_id)
        said = "\n".join(event.data for event in events if "run.queued" not in event.type)
        last = json.loads(events[-1].data)
        if events[-1].type == "run.completed":
            result = (await self.api.get(f"/api/run/{run_id}/result")).body.decode()
            return "completed", json.loads(result), said + result
        return str(last["error"]["type"]).rpartition("/")[2], last["error"], said


@asynccontextmanager
async def watched(way: Way, **settings: object) -> AsyncIterator[Host]:
    """A server of that kind with everything around it that an attack could aim at."""
    with owned_folder() as folder:
        victim = await asyncio.create_subprocess_exec(
            *(*way.prefix, sys.executable, "-c", "import time; time.sleep(3600)"),
            env=os.environ | {"PYTHONPATH": str(SOURCE)},
        )
        heard: list[str] = []
        give_away(folder)
        try:
            async with (
                _listening(folder, heard) as tcp,
                served_so(way, folder, **settings) as server,
                aiohttp.ClientSession(server.url) as http,
            ):
                foreign = Api(http, {"X-Session-ID": "another"})
                await foreign.dataset(f"a,b\n{IN_DATA},{IN_DATA}\n".encode())
                api = Api(http)
                file_id = await api.dataset(b"a,b\n1,2\n3,4\n")
                yield Host(way, folder, server, api, file_id, victim, tcp, heard)
        finally:
            victim.kill()
            await victim.wait()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, heard: list[str]) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._heard.append(f"udp {data!r}")


@asynccontextmanager
async def _listening(folder: Path, heard: list[str]) -> AsyncIterator[int]:
    """Listeners of every kind, on the same port where they have ports; whoever calls is heard."""

    def hear(name: str) -> Any:
        async def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(name)
            writer.close()

        return called

    loop = asyncio.get_running_loop()
    tcp = await asyncio.start_server(hear("tcp"), "127.0.0.1", 0)
    port: int = tcp.sockets[0].getsockname()[1]
    udp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(heard), ("127.0.0.1", port))
    unix = await asyncio.start_unix_server(hear("unix"), folder / "socket")
    (folder / "socket").chmod(0o777)
    abstract = await asyncio.start_unix_server(hear("abstract"), f"\0{folder.name}")
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
            datagrams.bind(str(folder / "datagrams"))
            datagrams.setblocking(False)
            (folder / "datagrams").chmod(0o777)
            yield port
            with suppress(BlockingIOError):
                heard.append(f"unix datagram {datagrams.recv(100)!r}")
    finally:
        udp.close()
        for one in (tcp, unix, abstract):
            one.close()
            await one.wait_closed()
