"""Columns of text on disk, for formats of which the columns and types are known only at the end."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa

from analyzer.ingest.arrow_file import arrow_file
from analyzer.ingest.column_types import ColumnPlan, Hints, replan
from analyzer.ingest.conversion import convert
from analyzer.ingest.findings import MAX_SAMPLES, Change, Findings, shortened
from analyzer.models.datasets import CellSample, TableSchema

CHUNK_ROWS = 65_536
MAX_PASSES = 6


class TextSpill:
    """Chunks of named text columns in a temporary file. A chunk without some column has nulls there."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._starts: list[int] = []
        self.rows = 0

    def add(self, columns: Mapping[str, Sequence[str | None]]) -> None:
        """Append rows."""
        batch = pa.record_batch({name: pa.array(cells, pa.string()) for name, cells in columns.items()})
        self._starts.append(self._file.tell())
        with pa.ipc.new_stream(self._file, batch.schema) as writer:
            writer.write_batch(batch)
        self.rows += batch.num_rows

    def chunks(self, names: Sequence[str]) -> Iterator[list[pa.StringArray]]:
        """The rows from the first on, as these columns."""
        for start in self._starts:
            self._file.seek(start)
            batch = pa.ipc.open_stream(self._file).read_next_batch()
            present = set(batch.schema.names)
            yield [batch[name] if name in present else pa.nulls(batch.num_rows, pa.string()) for name in names]


@contextmanager
def text_spill() -> Iterator[TextSpill]:
    """A spill that is gone when the block ends."""
    with tempfile.TemporaryFile() as file:
        yield TextSpill(file)


def store(
    spill: TextSpill,
    keys: Sequence[str],
    names: Sequence[str],
    plans: list[ColumnPlan],
    hints: Sequence[Hints],
    target: Path,
    findings: Findings,
    line_of: Callable[[int], int | None],
) -> TableSchema:
    """Store the spilled columns `keys` under their `names` in the planned types; plans that do not hold are widened."""
    for _ in range(MAX_PASSES):
        noted: list[tuple[str, Change]] = []
        contradicted = False
        schema = pa.schema([(name, plan.arrow_type) for name, plan in zip(names, plans, strict=True)])
        with arrow_file(target, schema) as file:
            first = 0
            for chunk in spill.chunks(keys):
                columns = []
                for place, cells in enumerate(chunk):
                    converted = convert(cells, plans[place])
                    columns.append(converted.values)
                    if converted.misfit is not None:
                        plans[place] = replan(plans[place], cells, converted.misfit, hints[place])
                        contradicted = True
                    for changed in converted.changed:
                        samples = tuple(
                            CellSample(line=line_of(first + row), text=shortened(cells[row].as_py()))
                            for row in changed.rows[:MAX_SAMPLES].tolist()
                        )
                        change = Change(changed.change, len(changed.rows), samples, changed.token)
                        noted.append((names[place], change))
                if not contradicted:
                    file.write(pa.record_batch(columns, schema=schema))
                first += len(chunk[0])
        if not contradicted:
            for name, change in noted:
                findings.add_change(name, change)
            return file.shape
    raise AssertionError("a plan is widened at most from whole number to number to text")
