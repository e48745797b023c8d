"""The same code in Jupyter kernels, cold and warm; `benchmarks/jail.py` starts this in the peers' environment.

python benchmarks/kernels.py REPEATS PREPARE CODE…     # prints JSON
"""

import json
import sys
import time
from typing import Any


def execute(client: Any, code: str) -> tuple[float, float]:
    """Seconds to the first output, and to the end."""
    began, first = time.perf_counter(), 0.0
    said = client.execute(code)
    while True:
        message = client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") != said:
            continue
        if message["msg_type"] == "stream" and not first:
            first = time.perf_counter() - began
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return first, time.perf_counter() - began


def started() -> tuple[Any, Any]:
    from jupyter_client.manager import KernelManager  # type: ignore[import-not-found] # of the peers' environment

    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    return manager, client


def cold(prepare: str, code: str) -> tuple[float, float]:
    began = time.perf_counter()
    manager, client = started()
    ready = time.perf_counter() - began
    first, last = execute(client, f"{prepare}\n{code}")
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    return ready + first, ready + last


def main() -> None:
    repeats, prepare, codes = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    manager, client = started()
    execute(client, prepare)
    measured: dict[str, Any] = {}
    for code in codes:
        execute(client, code)
        measured[code] = {
            "kernel, warm": [execute(client, code) for _ in range(repeats * 5)],
            "kernel, cold": [cold(prepare, code) for _ in range(repeats)],
        }
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
