"""What the parts of each analysis take, by the row: the figures that stand in the analyses as `costs`.

    .venv/bin/python benchmarks/costs.py [--rows 1000000] [--columns 4 12] [--tasks eda_correlation …]

Every part runs in a process of its own, forked from one that holds the table and has imported what computes. Memory is
the highest resident memory after the start (VmHWM, reset before) less that at the start, in which the table is
contained; time is processor time. From both is taken what the same part takes on a thousand rows: libraries that are
touched first. Printed for each kind of column and each kind of part: bytes a row of the part that takes most, and
nanoseconds a row of all parts of that kind together.
"""

import argparse
import os
import pickle
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from analyzer.analyses import catalogue
from analyzer.models import ColumnSchema, TableSchema
from analyzer.registry import Part, Place, Section

KINDS: dict[str, Callable[[np.random.Generator, int], Any]] = {
    "whole": lambda random, rows: random.integers(0, 10**12, rows),
    "real": lambda random, rows: random.normal(size=rows),
    "flag": lambda random, rows: random.integers(0, 2, rows).astype(bool),
    "text": lambda random, rows: [f"{number:010d}" for number in random.integers(0, 10**10, rows)],
    "moment": lambda random, rows: random.integers(0, 10**9, rows).astype("datetime64[s]"),
}
CATALOGUE = catalogue()


def main() -> None:
    """Measure, kind by kind, each in a process that ends with it: what one leaves in memory is not the next one's."""
    told = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    told.add_argument("--rows", type=int, default=1_000_000)
    told.add_argument("--columns", type=int, nargs="+", default=[4, 12])
    told.add_argument("--kinds", nargs="+", default=list(KINDS))
    told.add_argument("--tasks", nargs="+", default=_on_slots())
    asked = told.parse_args()
    for kind in asked.kinds:
        for columns in asked.columns:
            _forked(lambda kind=kind, columns=columns: _measure(kind, asked.rows, columns, asked.tasks))  # type: ignore[misc]


def _on_slots() -> list[str]:
    usable = [CATALOGUE.find(task_id) for task_id in CATALOGUE.ids()]
    return [one.id for one in usable if one.place is Place.SLOT and one.id not in ("eda_full", "compare_drift")]


def _measure(kind: str, rows: int, columns: int, tasks: list[str]) -> None:
    import analyzer.executors.worker  # noqa: F401 - what a worker has imported before its first part

    random = np.random.default_rng(1)
    table = pa.table({f"x{place}": pa.array(KINDS[kind](random, rows)) for place in range(columns)})
    for task_id in tasks:
        first = _parts(table.slice(0, 1000), task_id)
        for group, taken in _parts(table, task_id).items():
            before = first.get(group, taken)
            most = max(taken)[0] - max(before)[0]
            seconds = sum(spent for _, spent in taken) - len(taken) * sum(spent for _, spent in before) / len(before)
            print(
                f"{task_id:24} {kind:7} {columns:3} columns  {group:24} {len(taken):4} parts"
                f" {most / rows:8.1f} B {seconds / rows * 1e9:9.1f} ns a row",
                flush=True,
            )


def _parts(table: pa.Table, task_id: str) -> dict[str, list[tuple[int, float]]]:
    """Bytes and seconds of each part, by kind of part."""
    analysis = CATALOGUE.find(task_id)
    shape = TableSchema(
        rows=table.num_rows, columns=tuple(ColumnSchema(name=one.name, type=str(one.type)) for one in table.schema)
    )
    params = analysis.params()
    taken: dict[str, list[tuple[int, float]]] = {}
    done: dict[tuple[str, tuple[str, ...]], Section] = {}

    def section_of(part: Part) -> Section:
        key = (part.shared or part.name, part.columns)
        if key not in done:
            asked = replace(part, needs=(), given=tuple(section_of(need) for need in part.needs))
            seconds, taken_bytes, done[key] = _forked(lambda: analysis.compute({"df": table}, asked, params))
            group = "a column" if len(part.columns) == 1 else part.name.rstrip("0123456789 of")
            taken.setdefault(group, []).append((taken_bytes, seconds))
        return done[key]

    for part in analysis.parts({"df": shape}, params):
        section_of(part)
    return taken


def _forked(work: Callable[[], Any]) -> tuple[float, int, Any]:
    """Processor seconds, bytes, and what the work gave, done in a fork of this process."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        Path("/proc/self/clear_refs").write_text("5")
        held, begun = _status("VmRSS"), time.process_time()
        given = work()
        answer = time.process_time() - begun, _status("VmHWM") - held, given
        with os.fdopen(theirs, "wb") as pipe:
            pickle.dump(answer, pipe)
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        told: tuple[float, int, Any] = pickle.loads(pipe.read())
    os.waitpid(child, 0)
    return told


def _status(name: str) -> int:
    """In bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


if __name__ == "__main__":
    main()
