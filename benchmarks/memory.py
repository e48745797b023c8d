"""Memory of 1, 4 and 8 runs at once over one large dataset, and how long it takes to hand it to a worker.

python benchmarks/memory.py [--megabytes 1000] [--runs 1 4 8] [--rounds 3]

What counts is the proportional memory (PSS) of the server and all its workers: of a page that several have mapped, each
has its share. Every run looks at every number of the table and then stays until all have; the most that was seen
meanwhile counts. What is no page of the table, or of another file, is told apart.
Beside it: what the same would cost where the table is pickled into each worker, by the time one such hand-over takes.
Linux only. Medians of the rounds; JSON at the end.
"""

# ruff: noqa: ASYNC110 - nobody tells a benchmark that the systems it looks at have done something

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent.parent / "src")]

from analyzer import Analyzer, Settings  # noqa: E402
from analyzer.registry import DECORATED  # noqa: E402

DECORATED.update({"bench_stay": "chores:staying", "bench_first": "chores:first"})

COLUMNS = 25
Memory = tuple[int, int]
GOALS = {"memory": "at most 0.5", "faster": "at least 100"}


def make_table(path: Path, megabytes: int) -> int:
    """Numbers in batches; the bytes of the table."""
    import numpy as np
    import pyarrow as pa

    chance, rows, left = np.random.default_rng(7), 100_000, megabytes * 10**6
    schema = pa.schema([(f"number_{number}", pa.float64()) for number in range(COLUMNS)])
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        while left > 0:
            arrays = [pa.array(chance.normal(size=rows)) for _ in range(COLUMNS)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            left -= rows * COLUMNS * 8
    return path.stat().st_size


def pss_bytes(pids: set[int]) -> Memory:
    """Proportional memory of these processes together: all of it, and what is no page of a file."""
    all_of_it, own = 0, 0
    for pid in pids:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        all_of_it += int(text.partition("\nPss:")[2].split()[0]) * 1024
        own += int(text.partition("\nPss_Anon:")[2].split()[0]) * 1024
    return all_of_it, own


def processes(analyzer: Any) -> set[int]:
    return {os.getpid(), analyzer._executor._forkserver._process.pid} | {
        slot._pid for slot in analyzer._executor._slots if slot._pid
    }


async def one_round(analyzer: Analyzer, file_id: str, runs: int, number: int) -> Memory:
    """The most that is taken while so many runs look at the table, and stay."""
    with tempfile.TemporaryDirectory() as folder:
        begun = [
            await analyzer.submit(file_id, "bench_stay", {"number": number * 100 + one, "folder": folder})
            for one in range(runs)
        ]
        taken = (0, 0)
        arrived = False
        while not arrived:
            await asyncio.sleep(0.005)
            arrived = len(list(Path(folder).iterdir())) == runs
            now = pss_bytes(processes(analyzer))
            taken = max(taken[0], now[0]), max(taken[1], now[1])
        Path(folder, "go").touch()
        for run in begun:
            assert (await analyzer.outcome(run.id, 60)).status == "completed"
    return taken


async def ours(path: Path, runs: list[int], rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        settings = Settings(data_dir=Path(folder), workers=max(runs), jail_standbys=0, shared_results_bytes=0)
        async with Analyzer(settings) as analyzer:
            file_id = (await analyzer.add_dataset(path)).file_id
            while sum(lane.idle for lane in analyzer._executor._lanes.values()) < max(runs) + 2:
                await asyncio.sleep(0.05)
            at_rest = pss_bytes(processes(analyzer))
            handed = []
            for number in range(rounds * 5):
                began = time.perf_counter()
                run = await analyzer.submit(file_id, "bench_first", {"number": number})
                assert (await analyzer.outcome(run.id, 60)).status == "completed"
                handed.append(time.perf_counter() - began)
            taken = {
                count: [await one_round(analyzer, file_id, count, number * 10 + count) for number in range(rounds)]
                for count in runs
            }
    beyond = {
        count: [statistics.median(one[which] for one in of) - at_rest[which] for which in (0, 1)]
        for count, of in taken.items()
    }
    return {"seconds": statistics.median(handed), "bytes": beyond}


def _length(table: Any) -> int:
    return len(table.column(0)[:1])


def pickled(path: Path, rounds: int) -> float:
    """Seconds until a warm worker of a bare pool has the table."""
    import pyarrow as pa

    with pa.memory_map(str(path)) as source, ProcessPoolExecutor(1, get_context("forkserver")) as pool:
        table = pa.ipc.open_file(source).read_all()
        pool.submit(_length, table[:1]).result()
        took = []
        for _ in range(rounds):
            began = time.perf_counter()
            pool.submit(_length, table).result()
            took.append(time.perf_counter() - began)
    return statistics.median(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--runs", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="analyzer-bench-", dir=os.environ.get("BENCH_DIR", "/var/tmp")) as folder:
        path = Path(folder, "table.arrow")
        size = make_table(path, arguments.megabytes)
        found = asyncio.run(ours(path, arguments.runs, arguments.rounds))
        theirs = pickled(path, arguments.rounds)
    for runs, (taken, own) in found["bytes"].items():
        print(
            f"{runs} runs over {size / 1e6:,.0f} MB: {taken / 1e6:,.0f} MB, {own / 1e6:,.0f} without the table's pages"
        )
    most = max(found["bytes"])
    taken, own = found["bytes"][most]
    print(
        f"{most} runs: {taken / size:.2f} × the dataset, {own / size:.2f} × without its pages (goal: {GOALS['memory']})"
    )
    print(
        f"a whole run that looks at one number: {found['seconds'] * 1000:.1f} ms; pickled to a worker: {theirs:.2f} s"
    )
    print(f"handing over is {theirs / found['seconds']:,.0f} × faster (goal: {GOALS['faster']})")
    print(json.dumps({"dataset_bytes": size, "pickled_seconds": theirs} | found))


if __name__ == "__main__":
    main()
