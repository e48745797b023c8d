"""A page of rows of a large table over HTTP, sorted and filtered, at rest and while every slot computes.

    python benchmarks/pages.py [--rows 3000000] [--repeats 5]

Every figure is in milliseconds; each question is new to the server, since those asked before are partly remembered.
The last line is JSON. The table is made once and kept in `--cache`.
"""

import argparse
import json
import statistics
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent)]

from ingest import Bench, server  # noqa: E402

GOAL_MS = 200
QUESTIONS = {
    "first rows": "limit=100",
    "far down": "offset={middle}",
    "sort numbers": "sort=number_{digit}",
    "sort numbers, middle": "sort=-number_{digit}&offset={middle}",
    "sort few words": "sort=category_{few}&offset={place}",
    "sort many words": "sort=remark&offset={place}",
    "sort many words, middle": "sort=-remark&offset={middle}",
    "sort three columns": "sort=category_{few}&sort=-paid_at&sort=remark&offset={place}",
    "filter numbers": "filter=number_{digit}:ge:{digit}",
    "filter words": "filter=remark:contains:a{letter}",
    "filter words, sort": "filter=remark:contains:b{letter}&sort=paid_at",
    "filter half, sort": "filter=integer_4:lt:{half}&sort=number_{digit}",
}


class Client:
    """One person with a grid."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"

    def ask(self, path: str, body: bytes | None = None, kind: str = "application/json") -> Any:
        request = urllib.request.Request(self._url + path, body, {"Content-Type": kind})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def page_ms(self, dataset: str, question: str, turn: int, rows: int) -> float:
        given = {"middle": rows // 2 + turn, "place": turn, "digit": turn % 8, "few": turn % 6,
                 "letter": chr(97 + turn), "half": 500_000 + turn}  # fmt: skip
        began = time.perf_counter()
        self.ask(f"/api/datasets/{dataset}/rows?{question.format(**given)}")
        return (time.perf_counter() - began) * 1000


def busy(client: Client, dataset: str) -> None:
    """Make all slots busy, and wait until they are."""
    for _ in range(6):
        client.ask("/api/run", json.dumps({"file_id": dataset, "task_id": "eda_full"}).encode())
    while (slots := client.ask("/api/run/status")["slots"])["busy"] < slots["total"]:
        time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "analyzer-benchmarks")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    bench = Bench(argparse.Namespace(**vars(options), peers_python=sys.executable))
    figures: dict[str, dict[str, float]] = {name: {} for name in QUESTIONS}
    with server(bench) as port:
        client = Client(port)
        content = bench.table().read_bytes()
        dataset = client.ask("/api/upload?filename=t.csv", content, "text/csv")["file_id"]
        turn = 0
        for state in ("at_rest", "all_slots_busy"):
            if state != "at_rest":
                busy(client, dataset)
            for name, question in QUESTIONS.items():
                times = [client.page_ms(dataset, question, turn + n, options.rows) for n in range(options.repeats)]
                figures[name] |= {f"{state}_ms": round(statistics.median(times)), f"{state}_worst": round(max(times))}
            turn += options.repeats
        slots = client.ask("/api/run/status")["slots"]
    print(f"A page of {options.rows:,} rows (goal: ≤ {GOAL_MS} ms while all slots are busy); slots at the end: {slots}")
    for name, one in figures.items():
        print(f"{name:26}" + "".join(f"{figure:8.0f}" for figure in one.values()))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
