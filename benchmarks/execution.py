"""What it costs to have something done that costs nothing: our parts and runs beside bare pools and other engines.

python benchmarks/execution.py [--rounds 3] [--calls 1500] [--runs 600] [--peers /path/to/peers/bin/python]

- a part: from the runner, through the scheduler, to a slot and back, beside a warm ProcessPoolExecutor as it comes with
  Python, Dask's LocalCluster and a Jupyter kernel, all with as many workers: round trip and calls per second.
- a run over HTTP: POST, the events to the final one, over kept connections to a server in a process of its own. Every
  run has other parameters, so nothing is answered from memory. Afterwards the server is killed with SIGKILL, and every
  run whose end was seen has to be there in the state and with its result.

The peers' environment holds distributed, jupyter_client and ipykernel. Medians of the rounds, in which all take turns;
JSON at the end.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import uvloop

sys.path[:0] = [str(Path(__file__).parent.parent / "src")]

from tasks import Call, nothing, timed  # noqa: E402

from analyzer import Analyzer, Settings, create_app  # noqa: E402
from analyzer.blobs.local import LocalBlobs  # noqa: E402
from analyzer.executors.base import Allowance  # noqa: E402
from analyzer.registry import DECORATED, Part  # noqa: E402
from analyzer.retention import stored_result  # noqa: E402
from analyzer.state.sql import SqlState  # noqa: E402

# Workers find them where this program lies.
DECORATED.update({"bench_trivial": "chores:trivial", "bench_describe": "chores:describing"})

WORKERS = len(os.sched_getaffinity(0))
CONCURRENCIES = (1, 8, 64)
TABLE = b"a,b\n1,x\n2,y\n"
WARM_UP = 100
GOALS = {"part, c=1": "at most 1.50", "part, c=64": "at least 0.80", "others": "at least 5"}
Timed = tuple[list[float], float]


def settings(folder: str) -> Settings:
    return Settings(
        data_dir=Path(folder),
        workers=WORKERS,
        jail_standbys=0,
        log_level="error",
        max_concurrent_tasks=64,
        max_queued_tasks=200,
        allowed_hosts=("*",),
    )


# --- a part -----------------------------------------------------------------------------------------------------------


async def bare_pool(calls: int) -> dict[int, Timed]:
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(WORKERS, get_context("forkserver")) as pool:

        async def call(number: int) -> int:
            return await loop.run_in_executor(pool, nothing, number)

        return await measured(call, calls)


async def our_parts(calls: int) -> dict[int, Timed]:
    """Parts of one run that holds its place, as its runner has them done."""
    with tempfile.TemporaryDirectory() as folder:
        async with Analyzer(settings(folder)) as analyzer:
            path = Path(folder, "t.csv")
            path.write_bytes(TABLE)
            dataset = await analyzer.add_dataset(path)
            async with analyzer._intake._plan(dataset.id, "bench_trivial", {}, "public") as plan:
                desk: Any = analyzer._desk
                run = await analyzer.submit(dataset.id, "bench_trivial")
                live = desk._live_run((await analyzer._state.run(run.id)), plan)
                live.allowance = Allowance(sys.maxsize)
                await analyzer.outcome(run.id, 60)
                analyzer._scheduler.admit(live.id, "public", parts=sys.maxsize)
                async with analyzer._scheduler.turn(live.id) as turn:

                    async def call(number: int) -> Any:
                        return await desk._runner._compute_part(live, turn, Part("nothing"))

                    return await measured(call, calls)


async def measured(call: Call, calls: int) -> dict[int, Timed]:
    await timed(call, WARM_UP, 8)
    return {concurrency: await timed(call, calls, concurrency) for concurrency in CONCURRENCIES}


def peer(python: str, name: str, calls: int) -> dict[int, Timed]:
    place = str(Path(__file__).with_name("tasks.py"))
    command = [python, place, name, str(WORKERS), str(calls), *map(str, CONCURRENCIES)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return {int(concurrency): tuple(found) for concurrency, found in json.loads(told).items()}


# --- a run over HTTP --------------------------------------------------------------------------------------------------


async def serve(folder: str) -> None:
    from aiohttp import web

    from analyzer.web import Runner, collect_seldom

    runner = Runner(create_app(settings(folder)), handle_signals=False)
    await runner.setup()
    collect_seldom()  # as `analyzer serve` does
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


class Connection:
    """A kept connection that speaks just enough HTTP: the benchmark shall measure the server, not a client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.waits = False  # for the end of a run, when it starts one

    @classmethod
    async def open(cls, port: int) -> "Connection":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def post(self, path: str, kind: str, body: bytes) -> Any:
        """The answer, of a run that is waited for the ended run."""
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        prefer = "Prefer: wait=60\r\n" if self.waits else ""
        self._writer.write(f"{head}{prefer}\r\n".encode() + body)
        status, answer = await self._answer()
        if status not in ("200", "201", "202"):
            raise RuntimeError(f"the server refused: {answer.decode()}")
        return json.loads(answer)

    async def get(self, path: str) -> bytes:
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return (await self._answer())[1]

    async def _answer(self) -> tuple[str, bytes]:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        return head.split()[1], await self._reader.readexactly(length)

    async def watch(self, path: str) -> bytes:
        """The stream of events, to its end."""
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        await self._reader.readuntil(b"\r\n\r\n")
        said = b""
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            said += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readexactly(2)
        return said

    def close(self) -> None:
        self._writer.close()


async def runs_over_http(folder: str, port: int, runs: int, numbers: Any) -> tuple[dict[int, Timed], set[str]]:
    first = await Connection.open(port)
    dataset = await first.post("/api/upload?filename=t.csv", "text/csv", TABLE)
    free, done = [first], set()

    async def call(_: int) -> None:
        connection = free.pop() if free else await Connection.open(port)
        wanted = {"file_id": dataset["file_id"], "task_id": "bench_trivial", "params": {"number": next(numbers)}}
        run = await connection.post("/api/run", "application/json", json.dumps(wanted).encode())
        said = await connection.watch(run["links"]["events"])
        assert b"event: run.completed\n" in said, said
        done.add(run["task_execution_id"])
        free.append(connection)

    found = await measured(call, runs)
    for connection in free:
        connection.close()
    return found, done


async def look_after(folder: str, done: set[str]) -> None:
    """What was seen to have ended has to be there after the server was killed."""
    state, blobs = SqlState(Path(folder, "state.sqlite")), LocalBlobs(Path(folder))
    await state.open()
    for run_id in done:
        owned = await state.run(run_id)
        assert owned is not None, run_id
        assert owned.run.status == "completed", run_id
        assert await state.log(run_id), run_id
        assert await stored_result(state, blobs, run_id), run_id
    await state.aclose()


def http(runs: int) -> dict[int, Timed]:
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__, "--serve", folder], stdout=subprocess.PIPE, text=True
        )
        assert server.stdout is not None
        try:
            port = int(server.stdout.readline())
            found, done = uvloop.run(runs_over_http(folder, port, runs, iter(range(10**9))))
        finally:
            server.send_signal(signal.SIGKILL)
            server.wait()
        uvloop.run(look_after(folder, done))
    return found


# --- the table --------------------------------------------------------------------------------------------------------


def figures(rounds: list[dict[int, Timed]]) -> dict[str, Any]:
    """Of each concurrency: the median round trip in milliseconds, and calls per second, of the rounds' medians."""
    return {
        str(concurrency): {
            "ms": round(statistics.median(statistics.median(one[concurrency][0]) for one in rounds) * 1000, 3),
            "per_second": round(statistics.median(len(one[concurrency][0]) / one[concurrency][1] for one in rounds)),
        }
        for concurrency in CONCURRENCIES
    }


def show(found: dict[str, dict[str, Any]]) -> None:
    ours, pool = found["our parts"], found["bare pool"]
    print(f"\n{WORKERS} workers: median round trip, calls per second; [× the pool's time, ours × its calls]")
    print(f"{'at a time':14}" + "".join(f"{concurrency:>36}" for concurrency in CONCURRENCIES))
    for name, row in found.items():
        cells = []
        for concurrency in map(str, CONCURRENCIES):
            one, slower = row[concurrency], row[concurrency]["ms"] / pool[concurrency]["ms"]
            ratio = ours[concurrency]["per_second"] / one["per_second"]
            cells.append(f"{one['ms']:>9.2f} ms {one['per_second']:>6,}/s [{slower:4.1f} {ratio:4.1f}]")
        print(f"{name:14}" + "".join(f"{cell:>36}" for cell in cells))
    slower = ours["1"]["ms"] / pool["1"]["ms"]
    share = ours["64"]["per_second"] / pool["64"]["per_second"]
    print(f"a part takes {slower:.2f} × the bare pool's time at c=1 (goal: {GOALS['part, c=1']})")
    print(f"parts per second are {share:.2f} × the bare pool's at c=64 (goal: {GOALS['part, c=64']})")
    for name in ("dask", "kernel"):
        if name in found:
            faster = found[name]["1"]["ms"] / ours["1"]["ms"]
            more = ours["64"]["per_second"] / found[name]["64"]["per_second"]
            goal = GOALS["others"]
            print(
                f"{name} takes {faster:.1f} × our time at c=1, ours does {more:.1f} × its parts at c=64 (goal: {goal})"
            )
    run = found["run over HTTP"]
    best = max(row["per_second"] for row in run.values())
    print(f"a run over HTTP: {run['1']['ms']} ms at c=1 (goal: at most 6), {best} runs/s (goal: at least 300)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=1500)
    parser.add_argument("--runs", type=int, default=600)
    parser.add_argument("--peers", help="a Python with the peers installed")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        uvloop.run(serve(arguments.serve))
        return
    rounds: dict[str, list[dict[int, Timed]]] = {}
    for _ in range(arguments.rounds):
        took = {
            "bare pool": uvloop.run(bare_pool(arguments.calls)),
            "our parts": uvloop.run(our_parts(arguments.calls)),
        }
        if arguments.peers:
            took |= {name: peer(arguments.peers, name, arguments.calls // 3) for name in ("dask", "kernel")}
        took["run over HTTP"] = http(arguments.runs)
        for name, one in took.items():
            rounds.setdefault(name, []).append(one)
    found = {name: figures(of) for name, of in rounds.items()}
    show(found)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
