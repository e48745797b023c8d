"""A crowd at one server with default settings: 200 uploads and 200 runs, 50 at a time, and somebody asking for health.

Every accepted run must finish with the numbers that pandas gives; whoever is refused must be told when to come back.

    python benchmarks/crowd.py [--people 200] [--at-once 50]
"""

import argparse
import asyncio
import io
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pandas as pd

HEALTH_PAUSE_SECONDS = 0.01


def table_of(person: int) -> pd.DataFrame:
    """A table that no two people share, with missing values and text."""
    source = np.random.default_rng(person)
    numbers = source.normal(person, 3, 500).round(6)
    frame = pd.DataFrame({"n": numbers, "k": source.integers(0, 100, 500), "t": source.choice(list("abc"), 500)})
    frame.loc[::7, "n"] = np.nan
    return frame


class Crowd:
    """What happened to everybody."""

    def __init__(self, url: str, at_once: int, contents: list[bytes]) -> None:
        self.url = url
        self.contents = contents
        self.gate = asyncio.Semaphore(at_once)
        self.uploads: Counter[int] = Counter()
        self.runs: Counter[int] = Counter()
        self.without_retry_after = 0
        self.results: dict[int, tuple[str, Any]] = {}

    async def visit(self, http: aiohttp.ClientSession, person: int) -> None:
        """Upload, run, watch to the end, compare."""
        async with self.gate:
            content = io.BytesIO(self.contents[person])
            uploaded = await self._post(http, "/api/upload?filename=t.csv", self.uploads, data=content)
            if uploaded is None:
                return
            body = {"file_id": uploaded["file_id"], "task_id": "eda_statistical_summary"}
            run = await self._post(http, "/api/run", self.runs, json=body)
            if run is None:
                return
            async with http.get(self.url + run["links"]["events"]) as stream:
                events = (await stream.read()).decode()
            async with http.get(self.url + run["links"]["result"]) as answer:
                self.results[person] = events, await answer.json()

    async def _post(self, http: aiohttp.ClientSession, path: str, told: Counter[int], **body: Any) -> Any:
        async with http.post(self.url + path, **body) as answer:
            told[answer.status] += 1
            if answer.status in (201, 202):
                return await answer.json()
            self.without_retry_after += "Retry-After" not in answer.headers
            return None


def differences(person: int, events: str, result: Any) -> list[str]:
    """What of a person's result is not as pandas has it."""
    frame = table_of(person)
    columns = {column["name"]: column for column in result.get("columns", ())}
    found = [] if "event: run.completed" in events else [f"person {person}: the run did not complete"]
    for name in ("n", "k"):
        for figure in ("mean", "std", "min", "max", "sum", "count"):
            ours, theirs = columns.get(name, {}).get(figure, np.nan), float(getattr(frame[name], figure)())
            if not np.isclose(ours, theirs, rtol=1e-9, atol=0):
                found.append(f"person {person}: {figure} of {name} is {ours}, not {theirs}")
    return found


async def ask_for_health(url: str) -> None:
    """Again and again, as a load balancer would; print how long each took."""
    async with aiohttp.ClientSession() as http:
        while True:
            began = time.perf_counter()
            async with http.get(url + "/health") as answer:
                await answer.read()
                answer.raise_for_status()
            print(time.perf_counter() - began, flush=True)
            await asyncio.sleep(HEALTH_PAUSE_SECONDS)


async def start_server(folder: str) -> tuple[asyncio.subprocess.Process, str]:
    """A server of its own with default settings, and its URL."""
    environment = os.environ | {"ANALYZER_DATA_DIR": folder, "ANALYZER_PORT": "0"}
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "analyzer"), env=environment, stderr=asyncio.subprocess.PIPE
    )
    assert server.stderr is not None
    while line := (await server.stderr.readline()).decode():
        if found := re.search(r"url=(\S+)", line):
            return server, found[1]
    raise RuntimeError("the server did not start")


async def crowd(people: int, at_once: int) -> dict[str, Any]:
    """Let them all come, and tell what happened to them."""
    contents = [table_of(person).to_csv(index=False).encode() for person in range(people)]
    with tempfile.TemporaryDirectory() as folder:
        server, url = await start_server(folder)
        log = asyncio.create_task(server.stderr.read())  # type: ignore[union-attr]
        # In a process of its own: what is measured must be the server, not the crowd's own loop.
        times = Path(folder, "health")
        with times.open("w") as file:  # noqa: ASYNC230 - nothing else is going on yet
            health = await asyncio.create_subprocess_exec(sys.executable, __file__, "--health", url, stdout=file)
        seen = Crowd(url, at_once, contents)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            began = time.perf_counter()
            await asyncio.gather(*(seen.visit(http, person) for person in range(people)))
            seconds = time.perf_counter() - began
        health_status = health.returncode
        health.kill()
        took = [float(line) for line in times.read_text().splitlines()]
        server.terminate()
        status = await server.wait()
        await log
    wrong = [line for person, (events, result) in seen.results.items() for line in differences(person, events, result)]
    return {
        "people": people,
        "at_once": at_once,
        "seconds": round(seconds, 2),
        "uploads": dict(seen.uploads),
        "runs": dict(seen.runs),
        "refused_without_retry_after": seen.without_retry_after,
        "results": len(seen.results),
        "wrong": wrong,
        "health_answers": len(took),
        "health_failed": health_status is not None,
        "health_ms": {
            "p50": round(statistics.median(took) * 1000, 2),
            "p99": round(statistics.quantiles(took, n=100)[98] * 1000, 2),
            "max": round(max(took) * 1000, 2),
        },
        "exit_status": status,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--health", metavar="URL", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.health:
        asyncio.run(ask_for_health(given.health))
        return
    print(json.dumps(asyncio.run(crowd(given.people, given.at_once)), indent=2))


if __name__ == "__main__":
    main()
