"""The tables all benchmarks use, made from a seed: `mixed` (25 columns), `slim` (6), `long` (8) and `wide`.

python benchmarks/tables.py mixed 1000000 mixed-1m.csv     # 203 MB
python benchmarks/tables.py slim 20000000 slim-20m.csv     # 1.3 GB
python benchmarks/tables.py long 20000000 long-20m.csv     # 1.7 GB
python benchmarks/tables.py wide 5000 wide.csv             # 74 MB
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

SEED = 20_240_229
CHUNK_ROWS = 100_000
WIDE_COLUMNS = 2_000
LEVELS = (3, 4, 6, 12, 25, 60)
"""How many different texts each of the six categories has."""


def mixed(rows: int, seed: int = SEED) -> Iterator[pa.RecordBatch]:
    """8 numbers, 5 integers, 6 categories, 2 long texts, 2 times, 1 boolean, 1 mostly empty; with gaps."""
    generator = np.random.default_rng(seed)
    for start in range(0, rows, CHUNK_ROWS):
        yield _mixed_chunk(generator, start, min(CHUNK_ROWS, rows - start))


def slim(rows: int, seed: int = SEED) -> Iterator[pa.RecordBatch]:
    """A reference, a time, a number, an integer, a category and a boolean; with gaps."""
    generator = np.random.default_rng(seed)
    words = pa.array([f"level {level:02d}" for level in range(25)])
    for start in range(0, rows, CHUNK_ROWS):
        size = min(CHUNK_ROWS, rows - start)
        columns = {
            "reference": pa.array(np.arange(start, start + size)),
            "ordered_at": _times(1_600_000_000 + np.arange(start, start + size)),
            "number": pa.array(generator.normal(0, 100, size).round(4)),
            "integer": pa.array(generator.integers(0, 10**6, size)),
            "category": words.take(pa.array(generator.integers(0, 25, size))),
            "active": pa.array(generator.random(size) < 0.3),
        }
        gaps = [columns["reference"], *(_with_gaps(generator, column, 0.02) for column in list(columns.values())[1:])]
        yield pa.record_batch(gaps, list(columns))


def long(rows: int, seed: int = SEED) -> Iterator[pa.RecordBatch]:
    """What `slim` has, a text that nearly every row has for itself, and a number that follows another one."""
    generator = np.random.default_rng(seed + 1)
    for batch in slim(rows, seed):
        places = pa.array(generator.integers(0, 10**9, batch.num_rows)).cast(pa.string())
        names = pc.binary_join_element_wise("customer", places, "-")
        follower = pc.add(batch["number"], pa.array(generator.normal(0, 50, batch.num_rows).round(4)))
        names = _with_gaps(generator, names, 0.02)
        yield pa.record_batch([*batch.columns, names, follower], [*batch.schema.names, "name", "follower"])


def _mixed_chunk(generator: np.random.Generator, start: int, rows: int) -> pa.RecordBatch:
    columns: dict[str, pa.Array] = {}
    for place in range(8):
        numbers = generator.normal(10.0**place / 10, 10.0 ** (place - 1), rows).round(max(0, 6 - place))
        columns[f"number_{place}"] = _with_gaps(generator, pa.array(numbers), 0.02)
    for place in range(5):
        integers = generator.integers(0, 10 ** (place + 2), rows)
        columns[f"integer_{place}"] = _with_gaps(generator, pa.array(integers), 0.01)
    for place, levels in enumerate(LEVELS):
        words = pa.array([f"level {level:02d}" for level in range(levels)])
        columns[f"category_{place}"] = _with_gaps(generator, words.take(generator.integers(0, levels, rows)), 0.03)
    columns["reference"] = pa.array([f"R-{start + row:09d}" for row in range(rows)])
    letters = generator.integers(97, 123, (rows, 12), dtype=np.uint8)
    columns["remark"] = _with_gaps(generator, pa.array([bytes(row).decode() for row in letters]), 0.05)
    seconds = 1_600_000_000 + start * 60 + np.arange(rows) * 60
    columns["ordered_at"] = _with_gaps(generator, _times(seconds), 0.01)
    columns["paid_at"] = _with_gaps(generator, _times(seconds + generator.integers(0, 10**6, rows)), 0.2)
    columns["active"] = _with_gaps(generator, pa.array(generator.random(rows) < 0.3), 0.01)
    columns["rarely"] = _with_gaps(generator, pa.array(generator.normal(0, 1, rows).round(4)), 0.95)
    return pa.record_batch(columns)


def wide(rows: int, columns: int = WIDE_COLUMNS, seed: int = SEED) -> Iterator[pa.RecordBatch]:
    """Numbers with four decimals, correlated within groups of ten columns, without gaps."""
    generator = np.random.default_rng(seed)
    for start in range(0, rows, 1_000):
        size = min(1_000, rows - start)
        shared = generator.normal(0, 20, (size, columns // 10 + 1)).repeat(10, axis=1)[:, :columns]
        numbers = (shared + generator.normal(0, 20, (size, columns))).round(4)
        yield pa.record_batch({f"x{place}": pa.array(numbers[:, place]) for place in range(columns)})


def write_csv(batches: Iterator[pa.RecordBatch], target: Path) -> None:
    """Write the batches as one CSV file, without quotes, which nothing in it needs."""
    first = next(batches)
    with pacsv.CSVWriter(str(target), first.schema, write_options=pacsv.WriteOptions(quoting_style="none")) as writer:
        writer.write_batch(first)
        for batch in batches:
            writer.write_batch(batch)


def _times(seconds: np.ndarray) -> pa.Array:
    return pc.strftime(pa.array(seconds).cast(pa.timestamp("s")), "%Y-%m-%d %H:%M:%S")


def _with_gaps(generator: np.random.Generator, values: pa.Array, share: float) -> pa.Array:
    gaps = pa.array(generator.random(len(values)) < share)
    return pc.if_else(gaps, pa.scalar(None, values.type), values)


TABLES: dict[str, Callable[[int], Iterator[pa.RecordBatch]]] = {
    "mixed": mixed,
    "slim": slim,
    "long": long,
    "wide": wide,
}


def main() -> None:
    kind, rows, target = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    write_csv(TABLES[kind](rows), target)
    print(f"{target}: {rows} rows, {target.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
