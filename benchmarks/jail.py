"""From handing in code to its first output and its result: our jail beside what people use instead.

python benchmarks/jail.py [--repeats 5] [--peers /path/to/peers/bin/python]

The peers' environment holds jupyter_client, ipykernel, pandas and pyarrow; bubblewrap is measured where `bwrap` is
installed. Medians of one run, and JSON at the end. The jail is timed at its executor, as the pool is: neither includes
HTTP. A row `analyzer, whole run` adds all of that but HTTP: queue, state, log and stored result.
"""

import argparse
import asyncio
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent.parent / "src")]

from analyzer import Analyzer, Settings  # noqa: E402
from analyzer.executors.base import RunCode  # noqa: E402
from analyzer.executors.jail import JailExecutor  # noqa: E402
from analyzer.jail.limits import Limits  # noqa: E402

ROWS = 100_000
CODES = {"result = 1": "print('begun', flush=True)\nresult = 1",
         "df.describe()": "print('begun', flush=True)\nresult = df.describe()"}  # fmt: skip
PREPARE = """
import pandas as pd, pyarrow as pa
with pa.memory_map({path!r}) as source:
    df = pa.ipc.open_file(source).read_all().to_pandas(types_mapper=pd.ArrowDtype)
"""
Seconds = tuple[float, float]  # to the first output, to the result


def make_table(path: Path) -> None:
    import numpy as np
    import pyarrow as pa

    chance = np.random.default_rng(7)
    columns: dict[str, Any] = {f"float_{number}": chance.normal(size=ROWS) for number in range(8)}
    columns |= {f"int_{number}": chance.integers(0, 1000, ROWS) for number in range(5)}
    columns |= {f"text_{number}": chance.choice(["red", "green", "blue"], ROWS) for number in range(6)}
    table = pa.table(columns)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


# --- ours -------------------------------------------------------------------------------------------------------------


async def in_jail(jail: JailExecutor, code: str, path: Path) -> Seconds:
    began = time.perf_counter()
    first = 0.0

    async def hear(kind: str, members: dict[str, Any]) -> None:
        nonlocal first
        first = first or time.perf_counter() - began

    await jail.call(RunCode(code, {"df": str(path)}), hear)
    return first, time.perf_counter() - began


async def calm(jail: JailExecutor, standbys: int) -> None:
    """Returns when as many stand ready as should, and the last run is buried."""
    await jail.prove()
    while len(jail._ready) < standbys or len(jail._tasks) > 0:  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.005)


async def jails(code: str, path: Path, repeats: int, standbys: int) -> list[Seconds]:
    jail = JailExecutor(Limits(), min_level=2, places=2, standbys=standbys)
    jail.start()
    await jail.prove()
    measured = []
    for _ in range(repeats + 1):
        await calm(jail, standbys)
        measured.append(await in_jail(jail, code, path))
    await jail.aclose()
    return measured[1:]


async def whole_runs(code: str, path: Path, repeats: int) -> list[Seconds]:
    with tempfile.TemporaryDirectory() as folder:
        async with Analyzer(Settings(data_dir=Path(folder), jail_standbys=1, log_level="error")) as analyzer:
            dataset = await analyzer.add_dataset(path)
            await analyzer.ready()
            analyzer._jail.start()
            measured = []
            for _ in range(repeats + 1):
                await calm(analyzer._jail, 1)
                began, first = time.perf_counter(), 0.0
                run = await analyzer.submit(dataset.id, "code", {"code": code})
                async for event in analyzer.events(run.id):
                    if event.type == "output.delta":
                        first = first or time.perf_counter() - began
                measured.append((first, time.perf_counter() - began))
    return measured[1:]


# --- the others -------------------------------------------------------------------------------------------------------


def _prepare_pool(prepare: str) -> None:
    exec(prepare, globals())


def _in_pool(code: str) -> str:
    """The figures as text: a bare pool knows nothing of results."""
    names = dict(globals())
    with redirect_stdout(io.StringIO()):
        exec(code, names)
    return repr(names["result"])


async def warm_pool(code: str, path: Path, repeats: int) -> list[Seconds]:
    context = get_context("forkserver")
    pool = ProcessPoolExecutor(1, context, _prepare_pool, (PREPARE.format(path=str(path)),))
    measured = []
    for _ in range(repeats + 5):
        began = time.perf_counter()
        await asyncio.wrap_future(pool.submit(_in_pool, code))
        measured.append((0.0, time.perf_counter() - began))
    pool.shutdown()
    return measured[5:]


def program(command: list[str], code: str, path: Path) -> Seconds:
    text = f"{PREPARE.format(path=str(path))}\n{code}\nprint(result)"
    began = time.perf_counter()
    with subprocess.Popen([*command, sys.executable, "-c", text], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        first = time.perf_counter() - began
        process.stdout.read()
    assert process.returncode == 0
    return first, time.perf_counter() - began


async def cold_python(code: str, path: Path, repeats: int) -> list[Seconds]:
    return [await asyncio.to_thread(program, [], code, path) for _ in range(repeats)]


async def bubblewrap(code: str, path: Path, repeats: int) -> list[Seconds]:
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
    for place in ("/usr", "/lib", "/lib64", sys.prefix, sys.base_prefix, str(path)):
        command += ["--ro-bind", place, place]
    command += ["--dev", "/dev", "--tmpfs", "/tmp"] if not str(path).startswith("/tmp") else ["--dev", "/dev"]
    return [await asyncio.to_thread(program, command, code, path) for _ in range(repeats)]


def kernels(python: str, path: Path, repeats: int) -> dict[str, dict[str, list[Seconds]]]:
    place = str(Path(__file__).with_name("kernels.py"))
    command = [python, place, str(repeats), PREPARE.format(path=str(path)), *CODES.values()]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, dict[str, list[Seconds]]] = json.loads(told)
    return found


# --- the table --------------------------------------------------------------------------------------------------------


async def measure(path: Path, repeats: int, peers: str | None) -> dict[str, dict[str, list[Seconds]]]:
    ours: dict[str, Callable[[str, Path, int], Awaitable[list[Seconds]]]] = {
        "warm pool, no jail": lambda code, path, repeats: warm_pool(code, path, repeats * 10),
        "jail, standby ready": lambda code, path, repeats: jails(code, path, repeats * 5, 1),
        "jail, no standby": lambda code, path, repeats: jails(code, path, repeats * 5, 0),
        "analyzer, whole run": lambda code, path, repeats: whole_runs(code, path, repeats * 5),
        "python -c, cold": cold_python,
    }
    if shutil.which("bwrap"):
        ours["bubblewrap + python"] = bubblewrap
    found = kernels(peers, path, repeats) if peers else {}
    return {
        name: {who: await way(code, path, repeats) for who, way in ours.items()} | found.get(code, {})
        for name, code in CODES.items()
    }


def show(measured: dict[str, dict[str, list[Seconds]]]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, rows in measured.items():
        medians = {
            who: [round(statistics.median(column) * 1000, 2) for column in zip(*times, strict=True)]
            for who, times in rows.items()
        }
        ours, pool = medians["jail, standby ready"][1], medians["warm pool, no jail"][1]
        print(f"\n{name}, milliseconds (median)\n{'':24}{'first output':>14}{'result':>10}{'× ours':>9}")
        for who, (first, last) in medians.items():
            print(f"{who:24}{first or '–':>14}{last:>10}{last / ours:>9.1f}")
        cold = medians["jail, no standby"][1]
        print(f"over the warm pool: {ours - pool:.2f} ms with a standby, {cold - pool:.2f} without")
        told[name] = {"medians_ms": medians, "over_warm_pool_ms": round(ours - pool, 2)}
    return told


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--peers", help="Python of an environment with Jupyter's kernel")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="analyzer-bench-", dir=os.environ.get("BENCH_DIR", "/var/tmp")) as folder:
        path = Path(folder, "table.arrow")
        make_table(path)
        told = show(asyncio.run(measure(path, given.repeats, given.peers)))
    print(json.dumps(told))


if __name__ == "__main__":
    main()
