"""The catalogue over HTTP, from POST to the final event, beside other profilers; and when its first section comes.

    python -m venv peers && peers/bin/pip install pandas pyarrow polars duckdb
    python -m venv ydata && ydata/bin/pip install ydata-profiling pyarrow
    python benchmarks/catalogue.py --peers peers/bin/python --ydata ydata/bin/python [--tables wide] [--repeats 3]

Tables: 1,000,000 × 25 and 100,000 × 25 of all kinds, 5,000 × 2,000 numbers. Ours reads them from their file on disk,
with all that a run is: queue, workers, events, the stored result. The others have theirs in memory, and are timed for
the figures alone, ydata-profiling for its page as well; DuckDB's distinct counts and quantiles are approximate, polars
counts no distinct values. Each of our measurements has a server of its own, which has done all of it on other tables
and knows nothing of this one. Medians of one run, and beside them processor time, ours that of server and workers: on a
machine that does other things as well, our workers, which step back behind everything, look slower than they are. JSON
at the end.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import psutil

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "src")]

SUMMARY, FULL = ("eda_statistical_summary",), ("eda_full",)
OVERVIEW = ("eda_overview", "eda_data_quality", "quality_missing", "quality_duplicates")
SIX = (*OVERVIEW, "eda_statistical_summary", "eda_correlation")
PEARSON = {"eda_correlation": {"methods": ["pearson"]}}
BUNDLES = {"summary": SUMMARY, "six analyses": SIX, "eda_full": FULL}
MIB = 1024 * 1024


Both = tuple[float, float]  # seconds, processor seconds


class Table(NamedTuple):
    """A table, what is asked of it, and how many times the others' time ours is to fit into."""

    kind: str
    rows: int
    bundles: tuple[str, ...]
    wanted: dict[tuple[str, str], float]
    first_ms: float | None = None


TABLES = {
    "mixed-1m": Table(
        "mixed",
        1_000_000,
        ("summary", "eda_full"),
        {
            ("summary", "DuckDB SUMMARIZE"): 2.0,
            ("summary", "pandas describe"): 1.8,
            ("summary", "polars describe"): 0.0,
        },
        first_ms=150,
    ),
    "mixed-100k": Table(
        "mixed",
        100_000,
        ("summary", "six analyses", "eda_full"),
        {
            ("six analyses", "ydata minimal"): 40.0,
            ("six analyses", "ydata minimal's page"): 40.0,
            ("eda_full", "ydata full"): 5.0,
            ("eda_full", "ydata full's page"): 5.0,
        },
    ),
    "wide": Table(
        "wide",
        5_000,
        ("summary",),
        {("summary", "DuckDB SUMMARIZE"): 8.0, ("summary", "pandas describe"): 2.5, ("Pearson", "pandas corr"): 20.0},
    ),
}

# --- ours -------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def server(data_dir: Path, **settings: object) -> AsyncIterator[tuple[aiohttp.ClientSession, int]]:
    """A server as `analyzer serve` makes it; a session with it, and its pid."""
    own = {"data_dir": data_dir, "port": 0, "ttl_seconds": 0, "max_upload_bytes": 1 << 40, "log_format": "text"}
    environment = os.environ | {f"ANALYZER_{name.upper()}": str(value) for name, value in (own | settings).items()}
    with data_dir.with_suffix(".log").open("w") as log:
        command = [sys.executable, "-m", "analyzer", "serve"]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=log, stderr=log, env=environment, cwd=HERE.parent / "src"
        )
    try:
        while not (found := re.search(r"url=(http://[^\s\"]+)", data_dir.with_suffix(".log").read_text())):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(found[1], timeout=timeout, read_bufsize=MIB) as http:
            while (await http.get("/health/ready")).status != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            yield http, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def upload(http: aiohttp.ClientSession, path: Path) -> str:
    """Its id, once it is a dataset."""
    with path.open("rb") as content:
        async with http.post("/api/upload", params={"filename": path.name}, data=content) as answer:
            answer.raise_for_status()
            file_id: str = (await answer.json())["file_id"]
            return file_id


class Timed(NamedTuple):
    first_section: float
    final: float
    processor: float = 0.0


async def watch(http: aiohttp.ClientSession, file_id: str, task_id: str) -> Timed:
    """Seconds from POST to the first section, and to the final event."""
    began = time.perf_counter()
    body = {"file_id": file_id, "task_id": task_id, "params": PEARSON.get(task_id, {})}
    async with http.post("/api/run", json=body) as answer:
        if answer.status != 202:
            raise SystemExit(f"{task_id} was refused: {(await answer.json())['detail']}")
        events = (await answer.json())["links"]["events"]
    first, end = 0.0, b""
    async with http.get(events) as stream:
        async for content in stream.content.iter_any():
            now = time.perf_counter() - began
            end = (end + content)[-4096:] if len(content) < 4096 else content[-4096:]
            first = first or (now if b"event: result.section" in content else 0.0)
    if b"event: run.completed" not in end:
        raise SystemExit(f"{task_id} did not complete: {end.decode(errors='replace').rpartition('data: ')[2].strip()}")
    return Timed(first, now)


async def together(http: aiohttp.ClientSession, file_id: str, bundle: Iterable[str]) -> Timed:
    """All of a bundle at once: the first section of any, the last final event."""
    began = time.perf_counter()
    watched = await asyncio.gather(*(watch(http, file_id, task_id) for task_id in bundle))
    return Timed(min(one.first_section for one in watched), time.perf_counter() - began)


async def ours(data_dir: Path, file_id: str, bundle: str) -> Timed:
    """One measurement, by a server that is warm."""
    async with server(data_dir) as (http, pid):
        # Each worker has imported what it needs once it has done all parts of a small table, whichever fell to it.
        for rows in range(60, 64):
            small = data_dir.with_name("small.csv")
            make("mixed", rows, small)
            other = await upload(http, small)
            await together(http, other, BUNDLES[bundle])
        before = processor_seconds(pid)
        found = await together(http, file_id, BUNDLES[bundle])
        return found._replace(processor=processor_seconds(pid) - before)


def processor_seconds(pid: int) -> float:
    """What a server and its workers have used so far."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(sum(member.cpu_times()[:2]) for member in family)


def make(kind: str, rows: int, path: Path) -> None:
    from tables import TABLES as KINDS
    from tables import write_csv

    write_csv(KINDS[kind](rows), path)


def pearson_kernel(path: Path, matrix: Path, repeats: int) -> list[Both]:
    """What a worker does for r of all pairs, in one thread of its own; fails where it is not what pandas says."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from analyzer.analyses.relations.coefficients import pearson

    pa.set_cpu_count(1)
    table = pq.read_table(path)
    took = []
    for _ in range(repeats):
        began = time.perf_counter(), time.process_time()
        r = pearson(table, table.column_names).r
        took.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    np.testing.assert_allclose(r, np.load(matrix), rtol=0, atol=1e-12)
    return took


# --- the table --------------------------------------------------------------------------------------------------------


def others(python: str, path: Path, matrix: Path, whats: Iterable[str], repeats: int) -> dict[str, list[Both]]:
    command = [python, str(HERE / "profilers.py"), str(path), str(repeats), str(matrix), *whats]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    found: dict[str, list[Both]] = json.loads(told.splitlines()[-1])
    return found


async def measure(name: str, folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Everything about one table, ours and the others', side by side."""
    table, data_dir = TABLES[name], folder / f"{name}.data"
    csv, parquet, matrix = folder / f"{name}.csv", folder / f"{name}.parquet", folder / f"{name}.npy"
    make(table.kind, table.rows, csv)
    async with server(data_dir) as (http, _):
        file_id = await upload(http, csv)
        async with http.get(f"/api/datasets/{file_id}/download", params={"format": "parquet"}) as answer:
            parquet.write_bytes(await answer.read())
    timed = {bundle: [await ours(data_dir, file_id, bundle) for _ in range(given.repeats)] for bundle in table.bundles}
    found = {bundle: [(one.final, one.processor) for one in each] for bundle, each in timed.items()}
    firsts = {bundle: statistics.median(one.first_section for one in each) for bundle, each in timed.items()}
    whats = {what for _, what in table.wanted}
    for python, mine in ((given.peers, "ydata"), (given.ydata, "")):
        chosen = sorted(what for what in whats if what.startswith("ydata") is (mine == ""))
        if python and chosen:
            slow = table.kind == "wide" or mine == ""
            found |= others(python, parquet, matrix, chosen, 1 if slow else given.repeats)
    if "pandas corr" in found:
        found["Pearson"] = pearson_kernel(parquet, matrix, given.repeats)
    medians = {what: tuple(map(statistics.median, zip(*took, strict=True))) for what, took in found.items()}
    return show(name, medians, firsts)


def show(name: str, medians: dict[str, Any], firsts: dict[str, float]) -> dict[str, Any]:
    table = TABLES[name]
    print(f"\n{name}: {table.rows:,} rows")
    for what, (seconds, processor) in medians.items():
        first = f"   first section {firsts[what] * 1000:6.0f} ms" if what in firsts else ""
        wanted = f" (wanted: {table.first_ms:g})" if first and what == "eda_full" and table.first_ms else ""
        print(f"  {what:22}{seconds * 1000:8.0f} ms{processor * 1000:8.0f} ms of processor{first}{wanted}")
    ratios = {}
    for (mine, theirs), wanted_ratio in table.wanted.items():
        if mine in medians and theirs in medians:
            wall, processor = (other / own for own, other in zip(medians[mine], medians[theirs], strict=True))
            ratios[f"{mine} / {theirs}"] = wall, processor
            goal = f"wanted {wanted_ratio:g}" if wanted_ratio else "which computes far less"
            print(f"  {mine} is {wall:.2f} × {theirs}, {processor:.2f} × by processor time; {goal}")
    return {"seconds": medians, "first_section_seconds": firsts, "ratios": ratios}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", help="a Python with pandas, polars and DuckDB")
    parser.add_argument("--ydata", help="a Python with ydata-profiling")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="analyzer-bench-", dir=os.environ.get("BENCH_DIR", "/var/tmp")) as folder:
        print(json.dumps({name: asyncio.run(measure(name, Path(folder), given)) for name in given.tables}))


if __name__ == "__main__":
    main()
