"""How long `/health` takes while every core computes: this server beside a FastAPI server that computes in threads.

python benchmarks/loop_health.py --peers /path/to/peers/bin/python [--seconds 8] [--rounds 3] [--at-once 8]

Both compute the same: pandas' summary of a mapped Arrow table of 100,000 × 25, so many at once. Meanwhile somebody asks
for `/health` 200 times a second, on time whatever the answers do; each is timed from when it was due. Who asks stands
for another machine: where it may, it runs at real-time priority, so that both servers are measured and not how long it
waits for a core itself. The peers' environment holds fastapi, uvicorn, pandas and pyarrow. Medians of the rounds, taken
in turns; JSON at the end.

Beside it stands what the machine itself does to an answer: `/health` of the same server while it does nothing, and a
process on every core sorts numbers at the lowest priority. No server can be calmer under a load that uses the caches.
"""

import argparse
import asyncio
import contextlib
import json
import os
import selectors
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Coroutine
from itertools import count
from pathlib import Path
from typing import Any

ROWS = 100_000
PER_SECOND = 200
SORTING = "import os, numpy; os.nice(19); x = numpy.random.rand(3_000_000)\nwhile True: numpy.sort(x)"
GOALS = {"p99": "at most 0.05", "idle": "at most 1.5", "analyses": "at least 1.5"}


def make_table(path: Path) -> None:
    import numpy as np
    import pyarrow as pa

    chance = np.random.default_rng(7)
    columns: dict[str, Any] = {f"float_{number}": chance.normal(size=ROWS) for number in range(12)}
    columns |= {f"int_{number}": chance.integers(0, 1000, ROWS) for number in range(7)}
    columns |= {f"text_{number}": chance.choice(["red", "green", "blue"], ROWS) for number in range(6)}
    table = pa.table(columns)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


# --- the servers ------------------------------------------------------------------------------------------------------


def serve_fastapi(path: str) -> None:
    import pyarrow as pa
    import uvicorn
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "healthy"}

    @app.post("/analyse", status_code=201)
    def analyse() -> dict[str, int]:  # not async: FastAPI gives it a thread
        with pa.memory_map(path) as source:
            return {"size": int(pa.ipc.open_file(source).read_all().to_pandas().describe(include="all").size)}

    class Server(uvicorn.Server):
        async def startup(self, *given: Any, **named: Any) -> None:
            await super().startup(*given, **named)
            print(self.servers[0].sockets[0].getsockname()[1], flush=True)

    Server(uvicorn.Config(app, port=0, log_level="warning", access_log=False)).run()


def start(system: str, python: str, folder: str) -> tuple["subprocess.Popen[str]", int]:
    command = [python, "-W", "ignore", __file__, "--serve", system, folder]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    return server, int(server.stdout.readline())


# --- who asks ---------------------------------------------------------------------------------------------------------


def as_another_machine(measuring: Coroutine[Any, Any, dict[str, float]]) -> dict[str, float]:
    """Run it before everything else, on a loop whose timers are exact to microseconds (uvloop's: milliseconds)."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    try:
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
            return runner.run(measuring)
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))  # the next server is started from here


async def ask_for_health(port: int, seconds: float) -> list[float]:
    """Milliseconds from when each was due to its answer."""
    from execution import Connection

    # first in, first out: a connection that nobody uses for five seconds is closed by uvicorn
    free = deque([await Connection.open(port) for _ in range(20)])
    took: list[float] = []
    began = time.perf_counter()

    async def one(due: float) -> None:
        connection = free.popleft() if free else await Connection.open(port)
        await connection.get("/health")
        took.append((time.perf_counter() - due) * 1000)
        free.append(connection)

    async with asyncio.TaskGroup() as group:
        for number in range(int(seconds * PER_SECOND)):
            due = began + number / PER_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(one(due))
    for connection in free:
        connection.close()
    return took


async def ask_beside_sorting(port: int, seconds: float) -> list[float]:
    """The same, while every core is taken by a process that has nothing to do with the server."""
    sorting = [await asyncio.create_subprocess_exec(sys.executable, "-c", SORTING) for _ in range(os.cpu_count() or 1)]
    try:
        await asyncio.sleep(1)
        return await ask_for_health(port, seconds)
    finally:
        for one in sorting:
            one.kill()
            await one.wait()


class Load:
    """Keeps so many analyses under way, and counts those that ended."""

    def __init__(self, port: int, path: str, bodies: Any) -> None:
        self.port, self.path, self.bodies = port, path, bodies
        self.ended = 0

    async def press(self) -> None:
        from execution import Connection

        connection = await Connection.open(self.port)
        connection.waits = True
        while True:
            answer = await connection.post(self.path, "application/json", next(self.bodies))
            assert "status" not in answer or answer["status"] == "completed", answer
            self.ended += 1


async def measure(system: str, port: int, table: Path, seconds: float, at_once: int) -> dict[str, float]:
    from execution import Connection

    path, bodies = "/analyse", (b"{}" for _ in count())
    if system == "ours":
        connection = await Connection.open(port)
        kind = "application/vnd.apache.arrow.file"
        dataset = await connection.post("/api/upload?filename=t.arrow", kind, table.read_bytes())
        wanted = {"file_id": dataset["file_id"], "task_id": "bench_describe"}
        path, bodies = "/api/run", (json.dumps(wanted | {"params": {"number": n}}).encode() for n in count())
        connection.close()
    idle = await ask_for_health(port, seconds / 2)
    beside = await ask_beside_sorting(port, seconds / 2)
    load = Load(port, path, bodies)
    pressing = [asyncio.create_task(load.press()) for _ in range(at_once)]
    await asyncio.sleep(1)
    ended, began = load.ended, time.perf_counter()
    busy = await ask_for_health(port, seconds)
    rate = (load.ended - ended) / (time.perf_counter() - began)
    for one in pressing:
        one.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*pressing)
    return {
        "idle p50": statistics.median(idle),
        "idle p99": statistics.quantiles(idle, n=100)[98],
        "beside p50": statistics.median(beside),
        "beside p99": statistics.quantiles(beside, n=100)[98],
        "p50": statistics.median(busy),
        "p99": statistics.quantiles(busy, n=100)[98],
        "analyses/s": rate,
    }


def show(found: dict[str, dict[str, float]]) -> None:
    print(f"{'':18}" + "".join(f"{name:>12}" for name in found["ours"]))
    for name, row in found.items():
        print(f"{name:18}" + "".join(f"{value:12.2f}" for value in row.values()))
    ours = found["ours"]
    print(f"p99 under load is {ours['p99'] / ours['idle p99']:.2f} × our idle p99 (goal: {GOALS['idle']})")
    print(f"and {ours['p99'] / ours['beside p99']:.2f} × that of the idle server beside processes that sort")
    if "fastapi + threads" in found:
        theirs = found["fastapi + threads"]
        print(f"p99 under load is {ours['p99'] / theirs['p99']:.3f} × theirs (goal: {GOALS['p99']})")
        print(f"analyses/s are {ours['analyses/s'] / theirs['analyses/s']:.2f} × theirs (goal: {GOALS['analyses']})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", help="a Python with the peers installed")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve and arguments.serve[0] != "ours":
        serve_fastapi(arguments.serve[1])
        return
    import execution  # of ours, which the peers' Python lacks
    import uvloop

    if arguments.serve:
        uvloop.run(execution.serve(arguments.serve[1]))
        return
    systems = {"ours": sys.executable} | ({"fastapi + threads": arguments.peers} if arguments.peers else {})
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in systems}
    with tempfile.TemporaryDirectory(prefix="analyzer-bench-", dir=os.environ.get("BENCH_DIR")) as folder:
        table = Path(folder, "table.arrow")
        make_table(table)
        for number in range(arguments.rounds):
            for name, python in systems.items():
                server, port = start(name, python, str(Path(folder, str(number)) if name == "ours" else table))
                try:
                    measuring = measure(name, port, table, arguments.seconds, arguments.at_once)
                    seen[name].append(as_another_machine(measuring))
                finally:
                    server.kill()
                    server.wait()
    found = {
        name: {figure: statistics.median(one[figure] for one in rows) for figure in rows[0]}
        for name, rows in seen.items()
    }
    show(found)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
