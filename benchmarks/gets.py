"""A plain JSON GET: bare aiohttp and this server with all that every request passes, side by side.

Both run on uvloop on one core, the client on another; the ratio of each round counts, and the worst must be 0.6.

    apt-get install wrk
    python benchmarks/gets.py [--rounds 5] [--seconds 3]
"""

import argparse
import asyncio
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import uvloop
from aiohttp import web

sys.path[:0] = [str(Path(__file__).parent.parent / "src")]

PATH = "/health/live"
BODY = b'{"status":"live"}'
WANTED = 0.6


def bare() -> web.AppRunner:
    """The least that answers the same."""

    async def live(request: web.Request) -> web.Response:
        return web.Response(body=BODY, content_type="application/json")

    app = web.Application()
    app.router.add_get(PATH, live)
    return web.AppRunner(app, access_log=None)


def ours(folder: str) -> web.AppRunner:
    """The server as `analyzer serve` sets it up: with its list of hosts."""
    from analyzer import Settings
    from analyzer.web import Runner, create_app

    settings = Settings(data_dir=Path(folder), workers=1)
    return Runner(create_app(settings.model_copy(update={"allowed_hosts": settings.hosts_to_answer_for})))


async def serve(which: str) -> None:
    """Serve until SIGTERM; print the port."""
    pin(0)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    with tempfile.TemporaryDirectory() as folder:
        runner = bare() if which == "bare" else ours(folder)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(runner.addresses[0][1], flush=True)
        await stop.wait()
        await runner.cleanup()


def measure(port: int, seconds: int) -> float:
    """Requests per second at 16 connections."""
    told = subprocess.run(
        ["wrk", "-t1", "-c16", f"-d{seconds}s", f"http://127.0.0.1:{port}{PATH}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "Non-2xx" not in told, told
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert found, told
    return float(found[1])


def pin(core: int) -> None:
    """Keep servers and client out of each other's way, where there are cores to choose from."""
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[core]})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--serve", choices=["bare", "ours"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.Runner(loop_factory=uvloop.new_event_loop).run(serve(arguments.serve))
        return
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed: apt-get install wrk")
    servers = {
        which: subprocess.Popen([sys.executable, __file__, "--serve", which], stdout=subprocess.PIPE, text=True)
        for which in ("bare", "ours")
    }
    ports = {which: int(server.stdout.readline()) for which, server in servers.items() if server.stdout}
    pin(-1)  # and with this process the client it starts
    ratios = []
    for number in range(1, arguments.rounds + 1):
        rates = {which: measure(port, arguments.seconds) for which, port in ports.items()}
        ratios.append(rates["ours"] / rates["bare"])
        print(f"round {number}: bare {rates['bare']:,.0f}/s  ours {rates['ours']:,.0f}/s  ratio {ratios[-1]:.2f}")
    print(f"ratio: median {statistics.median(ratios):.2f}, worst {min(ratios):.2f}; wanted {WANTED}")
    for server in servers.values():
        server.terminate()
        server.wait()
    sys.exit(min(ratios) < WANTED)


if __name__ == "__main__":
    main()
