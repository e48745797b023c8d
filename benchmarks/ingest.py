"""From a CSV file to a stored table, and from the socket to the disk: ours beside the usual ways, in one run.

    python benchmarks/ingest.py [--only read,receive,slow,reopen,memory,huge] [--repeats 3] [--rows 1000000]

The peers live in an environment of their own (.venv-peers, made when it is missing, or `--peers-python`). Tables are
made once and kept in `--cache`. Every figure is the median of the repeats, which alternate between all contestants.
The last line is JSON.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

from readers import peak_mb  # noqa: E402

from tables import TABLES, write_csv  # noqa: E402

PEERS = ("fastapi", "uvicorn[standard]", "python-multipart", "polars", "duckdb", "pandas", "pyarrow")
OURS = ("analyzer", "analyzer, one thread", "pyarrow.csv", "pyarrow.csv, system")  # read with our own Python
THEIRS = ("pandas C", "pandas pyarrow", "polars", "duckdb")
UPLOADS = (("fastapi", "form"), ("analyzer", "form"), ("analyzer", "body"), ("bare", "body"))
TIMEOUT_SECONDS = 300
ENVIRONMENT = os.environ | {"PYTHONPATH": str(HERE.parent / "src")}

Figures = dict[str, float]


class Bench:
    """Where the parts of the benchmark find each other's files and pythons."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.repeats: int = options.repeats
        self.rows: int = options.rows
        self.cache: Path = options.cache
        self.peers: str = str(options.peers_python or _made_environment(HERE.parent / ".venv-peers"))

    def table(self, times: int = 1, kind: str = "mixed") -> Path:
        """The table of this kind with this many times the rows."""
        path = self.cache / f"{kind}-{self.rows * times}.csv"
        if not path.exists():
            draft = path.with_suffix(".draft")
            write_csv(TABLES[kind](self.rows * times), draft)
            draft.replace(path)
        return path

    def read(self, reader: str, path: Path, target: Path) -> Figures:
        """Have a fresh process read the file once."""
        python = self.peers if reader in THEIRS else sys.executable
        return _told(python, "readers.py", reader, path, target)

    def medians(self, names: tuple[str, ...], path: Path) -> dict[str, Figures]:
        """Of what each reader told, in turns."""
        told: dict[str, list[Figures]] = {name: [] for name in names}
        with tempfile.TemporaryDirectory(dir=self.cache) as folder:
            for _ in range(self.repeats):
                for name in names:
                    told[name].append(self.read(name, path, Path(folder, "table")))
        return {name: _median(figures) for name, figures in told.items()}


def _made_environment(folder: Path) -> Path:
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
    return python


def _told(python: str, script: str, *given: object) -> dict[str, Any]:
    command = [python, str(HERE / script), *map(str, given)]
    done = subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, check=True, timeout=TIMEOUT_SECONDS)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _median(figures: list[Figures]) -> Figures:
    return {name: round(statistics.median(one[name] for one in figures), 4) for name in figures[0]}


# --- the parts --------------------------------------------------------------------------------------------------------


def read(bench: Bench) -> dict[str, Any]:
    """CSV on disk to a table: ours is stored and can be mapped, theirs is in memory."""
    figures = bench.medians((*OURS, *THEIRS), bench.table())
    base = min(figures[name]["seconds"] for name in OURS if name.startswith("pyarrow"))  # the better of its two
    for one in figures.values():
        one["times_pyarrow"] = round(one["seconds"] / base, 2)
    _print("CSV on disk → table (goal: ours ≤ 1.5 × pyarrow.csv)", figures)
    return figures


def receive(bench: Bench) -> dict[str, Any]:
    """Uploads over loopback, hashed and on disk, not read; and the server's memory after one and after four files.

    What the server's processor does for a megabyte is said too: it hardly depends on what else the machine does.
    """
    path, four = bench.table(), bench.table(4)
    size_mb = path.stat().st_size / 1e6
    rates: dict[str, list[float]] = {}
    costs: dict[str, list[float]] = {}
    figures: dict[str, Figures] = {}
    with ExitStack() as stack:
        servers = {names: stack.enter_context(_receiver(bench, names[0])) for names in UPLOADS}
        for turn in range(bench.repeats + 1):
            for names, (pid, port, folder) in servers.items():
                before = _processor_seconds(pid)
                sent = _told(sys.executable, "receivers.py", "send", port, "/api/upload", names[1], path)
                if turn:  # the first warms up
                    rates.setdefault(" ".join(names), []).append(size_mb / sent["seconds"])
                    costs.setdefault(" ".join(names), []).append((_processor_seconds(pid) - before) * 1000 / size_mb)
                _empty(folder)
        for names, (pid, port, folder) in servers.items():
            once = peak_mb(str(pid))
            _told(sys.executable, "receivers.py", "send", port, "/api/upload", names[1], four)
            _empty(folder)
            rate, cost = (statistics.median(told[" ".join(names)]) for told in (rates, costs))
            figures[" ".join(names)] = {
                "mb_per_second": round(rate),
                "times_fastapi": round(rate / statistics.median(rates["fastapi form"]), 2),
                "cpu_ms_per_mb": round(cost, 3),
                "fastapi_cpu_x": round(statistics.median(costs["fastapi form"]) / cost, 2),
                "peak_mb": round(once, 1),
                "peak_mb_4x": round(peak_mb(str(pid)), 1),
            }
    _print("Receive an upload (goals: form ≥ 1.7 × FastAPI, body ≥ 2.5 ×)", figures)
    return figures


def slow(bench: Bench) -> dict[str, Any]:
    """A client that takes twice as long as reading does: how long after its last byte the dataset is there."""
    path = bench.table()
    reading = bench.medians(("analyzer, one thread",), path)["analyzer, one thread"]["seconds"]
    figures: dict[str, Figures] = {}
    for shape in ("body", "form"):
        waited = []
        for _ in range(bench.repeats):
            with server(bench) as port:  # a fresh one: a server reads the same bytes only once
                given = ("send", port, "/api/upload", shape, path, 2 * reading)
                waited.append(_told(sys.executable, "receivers.py", *given)["after_last_byte_seconds"])
        figures[shape] = {
            "reading_seconds": reading,
            "upload_seconds": 2 * reading,
            "ready_seconds": round(statistics.median(waited), 3),
        }
    _print("Ready after the last byte of a slow client (goal: ≤ 0.3 s)", figures)
    return figures


def reopen(bench: Bench) -> dict[str, Any]:
    """To the first column of a stored table."""
    table = bench.cache / "reopen.arrow"
    bench.read("analyzer", bench.table(), table)
    figures = bench.medians(("open_table", "bare mmap"), table)
    for one in figures.values():
        one["times_bare"] = round(one["seconds"] / figures["bare mmap"]["seconds"], 2)
    table.unlink()
    _print("Reopen: the first column (goal: ≤ 3 × bare mmap)", figures)
    return figures


def memory(bench: Bench) -> dict[str, Any]:
    """Peak memory of reading files of one, two and four times the size, as in a worker; beside it pyarrow's."""
    figures: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory(dir=bench.cache) as folder:
        for times in (1, 2, 4):
            path = bench.table(times)
            told = bench.read("analyzer, one thread", path, Path(folder, "table"))
            figures[f"{path.stat().st_size / 1e6:.0f} MB"] = {
                "peak_mb": round(told["peak_mb"], 1),
                "seconds": round(told["seconds"], 2),
                "pyarrow_peak_mb": round(bench.read("pyarrow.csv", path, Path(folder))["peak_mb"], 1),
            }
    _print("Peak memory of reading (goal: flat)", figures)
    return figures


def huge(bench: Bench) -> dict[str, Any]:
    """A table of six columns, uploaded whole: peak memory of the server and of its largest worker.

    It grows until as many blocks as may be in memory are there, which the smallest of the files does not have."""
    figures: dict[str, Figures] = {}
    for times in (1, 5, 20):
        path = bench.table(times, "slim")
        with server(bench) as port:
            sent = _told(sys.executable, "receivers.py", "send", port, "/api/upload?filename=t.csv", "body", path)
            processes = _family()
            figures[f"{bench.rows * times:,} rows"] = {
                "file_mb": round(path.stat().st_size / 1e6),
                "seconds": round(sent["seconds"], 2),
                "server_peak_mb": round(peak_mb(str(processes[0])), 1),
                "worker_peak_mb": round(max(peak_mb(str(pid)) for pid in processes[1:]), 1),
            }
    _print("Upload and read by the server (goal: memory is flat)", figures)
    return figures


# --- servers ----------------------------------------------------------------------------------------------------------


@contextmanager
def _receiver(bench: Bench, kind: str) -> Iterator[tuple[int, int, Path]]:
    """A server of receivers.py: its process, port and folder."""
    python = bench.peers if kind == "fastapi" else sys.executable
    with tempfile.TemporaryDirectory(dir=bench.cache) as folder:
        command = [python, str(HERE / "receivers.py"), "serve", kind, folder]
        with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            try:
                yield server.pid, int(server.stdout.readline()), Path(folder)
            finally:
                server.kill()


def _processor_seconds(pid: int) -> float:
    """What another process has used so far: Linux has a clock for each, whose number is made of its pid."""
    return time.clock_gettime(~pid << 3 | 2)


def _empty(folder: Path) -> None:
    """Remove what a server keeps, so that no run pays for removing the one before."""
    shutil.rmtree(folder / "originals", ignore_errors=True)
    (folder / "bare").unlink(missing_ok=True)


@contextmanager
def server(bench: Bench) -> Iterator[int]:
    """`python -m analyzer` with a new data folder: its port."""
    with tempfile.TemporaryDirectory(dir=bench.cache) as folder:
        environment = ENVIRONMENT | {"ANALYZER_DATA_DIR": folder, "ANALYZER_PORT": "0"}
        command = [sys.executable, "-m", "analyzer"]
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as server:
            assert server.stderr is not None
            try:
                url = next(found[1] for line in server.stderr if (found := re.search(r"url=(\S+)", line)))
                _wait_until_ready(url)
                yield int(url.rsplit(":", 1)[1])
            finally:
                server.terminate()


def _family() -> list[int]:
    """The server that was started last, and the processes that descend from it."""
    found = [child for child in _children(os.getpid()) if b"analyzer" in Path(f"/proc/{child}/cmdline").read_bytes()]
    for pid in found:
        found += _children(pid)  # the list grows while it is gone through
    return found


def _children(pid: int) -> list[int]:
    return [int(child) for file in Path(f"/proc/{pid}/task").glob("*/children") for child in file.read_text().split()]


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url + "/health/ready"):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"{url} did not become ready")


def _print(title: str, figures: dict[str, Figures]) -> None:
    heads = list(next(iter(figures.values())))
    print(f"\n{title}\n{'':22}" + "".join(f"{head:>16}" for head in heads))
    for name, one in figures.items():
        print(f"{name:22}" + "".join(f"{one[head]:16,.3f}" for head in heads), flush=True)


PARTS = {part.__name__: part for part in (read, receive, slow, reopen, memory, huge)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PARTS), help="which parts, separated by commas")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "analyzer-benchmarks")
    parser.add_argument("--peers-python", type=Path)
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    bench = Bench(options)
    print(json.dumps({name: PARTS[name](bench) for name in options.only.split(",")}))


if __name__ == "__main__":
    main()
