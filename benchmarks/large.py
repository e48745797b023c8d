"""Tables much larger than what a worker may take: every analysis of 20,000,000 rows, each worker within 1.5 GB.

python benchmarks/large.py [--rows 20000000] [--wall-mb 1500] [--tasks eda_statistical_summary …]

The table has numbers, whole numbers, moments, categories, flags and a text that nearly every row has for itself. It
is uploaded as CSV and analysed over HTTP, one analysis after the other, by a server whose workers are killed where they
take more memory of their own than the wall. Printed for each: seconds from POST to the final event, and the most that
any worker held – of its own, and of the mapped table's pages, which are the system's cache and go when memory is
wanted. Looked at fifty times a second, so a peak between two looks is missed; that a run completes says that the
server, which looks ten times a second by itself, saw none above the wall either. JSON at the end.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from catalogue import make, server, upload, watch

sys.path[:0] = [str(Path(__file__).parent.parent / "src")]

from analyzer.analyses.eda.full import ORDER  # noqa: E402

LOOK_SECONDS = 0.02
MB = 1_000_000


@asynccontextmanager
async def watched(pid: int) -> AsyncIterator[dict[str, float]]:
    """The most megabytes that any process below this one holds meanwhile: `own`, and `mapped`."""
    most = {"own": 0.0, "mapped": 0.0}

    async def look() -> None:
        while True:
            for worker in psutil.Process(pid).children(recursive=True):
                with suppress(psutil.Error, OSError, IndexError):  # it has ended
                    text = Path(f"/proc/{worker.pid}/status").read_text()
                    for name, field in (("own", "RssAnon"), ("mapped", "RssFile")):
                        kib = int(text.partition(f"\n{field}:")[2].split()[0])
                        most[name] = max(most[name], kib * 1024 / MB)
            await asyncio.sleep(LOOK_SECONDS)

    looking = asyncio.create_task(look(), name="memory")
    try:
        yield most
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


async def measure(folder: Path, rows: int, wall_mb: int, tasks: list[str]) -> dict[str, Any]:
    csv, found = folder / "long.csv", {}
    make("long", rows, csv)
    settings = {
        "task_memory_bytes": wall_mb * MB,
        "task_timeout_seconds": 3600,
        "task_cpu_seconds": 7200,
        "shared_sections_bytes": 0,
    }
    async with server(folder / "data", **settings) as (http, pid):
        async with watched(pid) as most:
            began = time.perf_counter()
            file_id = await upload(http, csv)
            found["upload"] = most | {"seconds": time.perf_counter() - began}
        show("upload", found["upload"], csv.stat().st_size)
        csv.unlink()
        for task_id in tasks:
            try:
                async with watched(pid) as most:
                    seconds = (await watch(http, file_id, task_id)).final
            except SystemExit as refused:
                print(f"  {task_id:26} {most['own']:7,.0f} MB   {refused}", flush=True)
                continue
            found[task_id] = most | {"seconds": seconds}
            show(task_id, found[task_id])
    return found


def show(what: str, told: dict[str, float], size: int = 0) -> None:
    of = f"   of {size / MB:,.0f} MB" if size else ""
    print(
        f"  {what:26} {told['own']:7,.0f} MB own {told['mapped']:7,.0f} MB mapped {told['seconds']:7.1f} s{of}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--wall-mb", type=int, default=1500)
    parser.add_argument("--tasks", nargs="+", default=[*ORDER, "eda_full"])
    given = parser.parse_args()
    print(f"{given.rows:,} rows, each worker within {given.wall_mb:,} MB of its own")
    with tempfile.TemporaryDirectory(prefix="analyzer-bench-", dir=os.environ.get("BENCH_DIR", "/var/tmp")) as folder:
        print(json.dumps(asyncio.run(measure(Path(folder), given.rows, given.wall_mb, given.tasks))))


if __name__ == "__main__":
    main()
