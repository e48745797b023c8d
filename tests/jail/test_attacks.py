"""The attacks in `attacks/`, one file each: what the host saw of them, and what they saw of the host.

They run against real servers whose jails reach level 3 and level 2, these as a user who owns the server's files and
processes, so that nothing but the jail stands in between.
"""

import ast
import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from analyzer.jail.syscalls import ARCHITECTURE
from tests.jail.places import ALL_WAYS, IN_DATA, IN_ENVIRONMENT, IN_FILE, SOURCE, WAYS, WRAPPED_WAYS, Host, Way, watched
from tests.waiting import family, until

pytestmark = pytest.mark.skipif(
    ARCHITECTURE != "x86_64" or sys.platform != "linux", reason="attacks call the kernel by number"
)

ATTACKS = sorted((Path(__file__).parent / "attacks").glob("*.py"))
AIMS = ("files", "network", "processes", "kernel", "resources", "channel", "native", "secrets")

ONE_OF_EACH_AIM = [next(attack for attack in ATTACKS if attack.stem.startswith(aim)) for aim in AIMS]

PRELUDE = """
breaches = []
HOST = {host!r}
def attempt(name, act):
    try:
        act()
    except BaseException as failure:
        print(name, type(failure).__name__)
    else:
        breaches.append(name)
exec(compile({attack!r}, "<attack>", "exec"), globals())
result = breaches
"""


@pytest_asyncio.fixture(params=WAYS, ids=lambda way: way.name, scope="module")
async def host(request: pytest.FixtureRequest) -> AsyncIterator[Host]:
    async with _attacked(request.param) as host:
        yield host


@pytest_asyncio.fixture(params=WRAPPED_WAYS, ids=lambda way: way.name, scope="module")
async def wrapped_host(request: pytest.FixtureRequest) -> AsyncIterator[Host]:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    async with _attacked(request.param) as host:
        yield host


@asynccontextmanager
async def _attacked(way: Way) -> AsyncIterator[Host]:
    async with watched(way) as host:
        await host.run("1")
        jail = (await host.api.get("/health")).json["system"]["jail"]
        if jail["level"] < way.level:
            pytest.skip(f"this machine reaches level {jail['level']} {way.name}: {jail['layers']}")
        assert jail["level"] == way.level, jail
        yield host
        assert "SECRET" not in host.server.log
        assert "Traceback" not in host.server.log


def _ends(attack: Path) -> list[str]:
    told = re.search(r"^Ends: (.*)$", ast.get_docstring(ast.parse(attack.read_text())) or "", re.MULTILINE)
    return told[1].split(", ") if told else ["completed"]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.stem)
async def test_the_attack_fails(host: Host, attack: Path) -> None:
    await _attack(host, attack)


# A Python is started for each of these, so all of them are tried only where all ways are.
@pytest.mark.parametrize("attack", ATTACKS if ALL_WAYS else ONE_OF_EACH_AIM, ids=lambda attack: attack.stem)
async def test_the_attack_fails_in_bubblewrap(wrapped_host: Host, attack: Path) -> None:
    await _attack(wrapped_host, attack)


async def _attack(host: Host, attack: Path) -> None:
    files, server = host.files(), psutil.Process(host.server.process.pid)
    memory = server.memory_info().rss
    ended, told, said = await host.run(PRELUDE.format(host=host.told, attack=attack.read_text()))
    assert ended in _ends(attack), told
    if ended == "completed":
        assert (told["kind"], told["value"]) == ("value", []), told["output"]
    for secret in (IN_FILE, IN_ENVIRONMENT, IN_DATA):
        assert secret not in said
    assert host.heard == []
    assert host.files() == files
    assert host.victim.returncode is None
    assert psutil.Process(host.victim.pid).status() == psutil.STATUS_SLEEPING
    assert server.memory_info().rss - memory < 20 * 2**20
    # Another run finds all as it was.
    assert (await host.run("int(df['b'].sum())"))[1]["value"] == 6


ALLOWED = """
import os, socket
from contextlib import suppress
print(open({secret!r}).read(), os.kill({victim}, 0))
for family, kind, address in (
    (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", {tcp})),
    (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", {tcp})),
    (socket.AF_UNIX, socket.SOCK_STREAM, {unix!r}),
    (socket.AF_UNIX, socket.SOCK_STREAM, chr(0) + {abstract!r}),
):
    with socket.socket(family, kind) as caller:
        caller.connect(address)
        with suppress(BrokenPipeError):
            caller.send(b"x")
os.chmod({secret!r}, 0o640)
"""


async def test_without_a_jail_all_of_that_succeeds_and_is_noticed(host: Host) -> None:
    """Else the attacks would prove nothing."""
    files = host.files()
    process = await asyncio.create_subprocess_exec(
        *(*host.way.prefix, sys.executable, "-c", ALLOWED.format(**host.told)),
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    assert IN_FILE in out.decode()
    await until(lambda: len(host.heard) == 4, "everybody has heard")
    assert {name.split()[0] for name in host.heard} == {"tcp", "udp", "unix", "abstract"}
    assert host.files() != files
    host.heard.clear()


async def test_nothing_is_left_behind(host: Host) -> None:
    """No process, mount or folder, once the runs are over; forkservers, slots, a standby and one fork ahead stay."""
    expected = 2 + 2 + 3 + 2 + 1
    await until(lambda: len(family(host.server.process.pid)) <= expected, "only what is kept ready")
    mounts = Path("/proc/self/mountinfo").read_text()
    assert "analyzer-jail" not in mounts


def test_every_aim_is_attacked_and_every_attack_says_what_it_aims_at() -> None:
    assert {attack.stem.partition("_")[0] for attack in ATTACKS} == set(AIMS)
    texts = {attack.stem: ast.get_docstring(ast.parse(attack.read_text())) or "" for attack in ATTACKS}
    assert [name for name, text in texts.items() if not text.startswith("Aim: ")] == []
    behind = " ".join(texts.values())
    for peer in ("pandas-ai", "Vanna", "Langflow", "n8n", "RestrictedPython", "dify-sandbox", "Judge0"):
        assert peer in behind, peer
