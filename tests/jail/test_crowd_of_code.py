"""Many runs of code at once, a fifth of them hostile: the honest ones are right, and nothing is left behind.

ANALYZER_TEST_JAILED_RUNS says how many; the full measure is 1000.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.jail.places import WAYS, Host, watched
from tests.waiting import family, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is a jail on Linux alone")

RUNS = int(os.environ.get("ANALYZER_TEST_JAILED_RUNS", "60"))
AT_ONCE = 16
MIB = 2**20

HOSTILE = [
    ("import os\nos._exit(1)", {"crashed"}),
    ("import ctypes\nctypes.string_at(0)", {"crashed"}),
    ("hoard = []\nwhile True: hoard.append(np.ones(8_000_000))", {"memory-limit", "crashed"}),
    ("import os\nfor fd in range(3, 9):\n    try: os.write(fd, b'R' + bytes(100))\n    except OSError: pass",
     {"result-invalid"}),
    ("while True: print('x' * 10_000)", {"output-limit"}),
    ("import threading\ndef f():\n    while True: pass\n[threading.Thread(target=f).start() for _ in range(8)]\n1 / 0",
     {"code-error"}),
    ("for n in range(900):\n    try: open(f'/tmp/{n}', 'w').write('x')\n    except OSError: break\nraise SystemExit(3)",
     {"code-error"}),
    ("while True: pass", {"cpu-limit", "timeout"}),
]  # fmt: skip


@pytest.mark.timeout(120 + RUNS)
async def test_honest_runs_among_hostile_ones_are_right_and_nothing_leaks() -> None:
    async with watched(WAYS[0], workers=4, jail_cpu_seconds=1, jail_standbys=2, max_queued_tasks=100) as host:
        await _work(host, 10)
        before = await _at_rest(host)
        wrong = await _work(host, RUNS)
        after = await _at_rest(host)
        assert wrong == []
        assert after["processes"] == before["processes"]
        assert after["descriptors"] <= before["descriptors"]
        assert after["files"] == before["files"]
        assert after["mounts"] == before["mounts"]
        assert after["cgroups"] == before["cgroups"]
        assert after["memory"] - before["memory"] < 20 * MIB + RUNS * 8192  # every run's log and state are kept
        assert host.heard == []


async def _work(host: Host, runs: int) -> list[Any]:
    """What came out otherwise than it should have."""
    places, wrong = asyncio.Semaphore(AT_ONCE), list[Any]()

    async def one(number: int) -> None:
        async with places:
            if number % 5 == 4:
                code, expected = HOSTILE[number // 5 % len(HOSTILE)]
                ended, told, _ = await host.run(code)
                if ended not in expected:
                    wrong.append((code, ended, told))
            else:
                ended, told, said = await host.run(f"print('run {number}')\nint(df['b'].sum()) * 1000 + {number}")
                if ended != "completed" or told["value"] != 6000 + number or f"run {number}\\n" not in said:
                    wrong.append((number, ended, told))

    async with asyncio.TaskGroup() as group:
        for number in range(runs):
            group.create_task(one(number))
    return wrong


def _descriptors(server: psutil.Process) -> int:
    """Without the connections that clients keep, and those to the state that were opened when they were needed."""
    state = [file for file in server.open_files() if "state.sqlite" in file.path]
    return server.num_fds() - len(server.net_connections("inet")) - len(state)


async def _at_rest(host: Host) -> dict[str, Any]:
    """What there is of the server once nothing runs."""
    pid = host.server.process.pid
    counts: list[int] = []

    def settled() -> bool:
        counts.append(len(family(pid)))
        return len(counts) > 20 and len(set(counts[-20:])) == 1

    await until(settled, "the number of processes settles")
    server = psutil.Process(pid)
    return {
        "processes": counts[-1],
        "descriptors": _descriptors(server),
        "memory": server.memory_info().rss,
        "files": sorted(path.name for path in host.folder.glob("tmp/analyzer-jail-*/*")),
        "mounts": sum(host.folder.name in line for line in Path("/proc/self/mountinfo").read_text().splitlines()),
        "cgroups": sum(1 for _ in Path("/sys/fs/cgroup").rglob("*analyzer*")),
    }
