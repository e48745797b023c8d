"""A call that does nothing in Dask's LocalCluster and in a Jupyter kernel; `benchmarks/execution.py` starts this in the
peers' environment.

python benchmarks/tasks.py dask|kernel WORKERS CALLS CONCURRENCY…     # prints JSON: concurrency → [seconds, …], seconds
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

Call = Callable[[int], Awaitable[Any]]


def nothing(number: int) -> int:
    return number


async def timed(call: Call, calls: int, concurrency: int) -> tuple[list[float], float]:
    """The seconds of each call, and of all: so many at a time."""
    numbers, seconds = iter(range(calls)), []

    async def work() -> None:
        for number in numbers:
            began = time.perf_counter()
            await call(number)
            seconds.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(concurrency)))
    return seconds, time.perf_counter() - began


async def dask(workers: int, calls: int, concurrencies: list[int]) -> dict[int, Any]:
    from distributed import Client, LocalCluster  # type: ignore[import-not-found] # of the peers' environment

    found = {}
    async with (
        LocalCluster(n_workers=workers, threads_per_worker=1, asynchronous=True, dashboard_address=None) as cluster,
        Client(cluster, asynchronous=True) as client,
    ):

        async def call(number: int) -> Any:
            return await client.submit(nothing, number, pure=False)

        await timed(call, 100, 8)
        for concurrency in concurrencies:
            found[concurrency] = await timed(call, calls, concurrency)
    return found


async def kernel(workers: int, calls: int, concurrencies: list[int]) -> dict[int, Any]:
    """A kernel does one thing at a time, so the others wait for it."""
    from jupyter_client.manager import start_new_async_kernel  # type: ignore[import-not-found]

    manager, client = await start_new_async_kernel(kernel_name="python3")
    one = asyncio.Lock()

    async def call(number: int) -> None:
        async with one:
            said = client.execute(f"{number}")
            while True:
                message = await client.get_iopub_msg(timeout=60)
                ours = message["parent_header"].get("msg_id") == said and message["msg_type"] == "status"
                if ours and message["content"]["execution_state"] == "idle":
                    return

    await timed(call, 20, 1)
    found = {concurrency: await timed(call, calls, concurrency) for concurrency in concurrencies}
    client.stop_channels()
    await manager.shutdown_kernel(now=True)
    return found


if __name__ == "__main__":
    way = {"dask": dask, "kernel": kernel}[sys.argv[1]]
    print(json.dumps(asyncio.run(way(int(sys.argv[2]), int(sys.argv[3]), [int(one) for one in sys.argv[4:]]))))
