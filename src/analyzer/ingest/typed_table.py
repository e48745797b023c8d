"""Spilled columns of text as a stored table: typed by plan, read again where a cell contradicts one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from analyzer.ingest.arrow_file import ArrowFile, arrow_file
from analyzer.ingest.column_types import ColumnPlan, Hints, replan
from analyzer.ingest.conversion import ChangedCells, convert
from analyzer.ingest.findings import MAX_SAMPLES, Change, Findings, shortened
from analyzer.ingest.text_spill import TextSpill
from analyzer.models.datasets import CellSample, TableSchema

MAX_PASSES = 8


@dataclass
class SpilledTable:
    """The columns `keys` of a spill, to be stored under `names`; `line_of` tells the line of a row, if it has one."""

    spill: TextSpill
    keys: Sequence[str]
    names: Sequence[str]
    plans: list[ColumnPlan]
    hints: Hints
    line_of: Callable[[int], int | None]
    _changes: list[tuple[str, Change]] = field(default_factory=list)

    def store(self, target: Path, findings: Findings) -> TableSchema:
        """Write the table as an Arrow file. Plans that turn out too narrow are widened."""
        for _ in range(MAX_PASSES):
            self._changes.clear()
            types = [plan.arrow_type for plan in self.plans]
            with arrow_file(target, pa.schema(list(zip(self.names, types, strict=True)))) as file:
                holds = self._write(file)
            if holds:
                for name, change in self._changes:
                    findings.add_change(name, change)
                return file.shape
        raise AssertionError("a plan is widened at most to grouped digits, to number and to text")

    def _write(self, file: ArrowFile) -> bool:
        """Write all rows, as long as the plans hold; whether they held to the end."""
        first, holds = 0, True
        for chunk in self.spill.chunks(self.keys):
            columns = [self._column(place, cells, first) for place, cells in enumerate(chunk)]
            holds = holds and all(column is not None for column in columns)
            if holds:
                file.write(pa.record_batch(columns, schema=file.schema))
            first += len(chunk[0])
        return holds

    def _column(self, place: int, cells: pa.StringArray, first: int) -> pa.Array | None:
        """A column of the chunk that begins with row `first` in its type; None if that had to be widened."""
        converted = convert(cells, self.plans[place])
        if converted.misfit is not None:
            self.plans[place] = replan(self.plans[place], cells, converted.misfit, self.hints)
            return None
        for changed in converted.changed:
            self._changes.append((self.names[place], self._change(changed, cells, first)))
        return converted.values

    def _change(self, changed: ChangedCells, cells: pa.StringArray, first: int) -> Change:
        samples = tuple(
            CellSample(line=self.line_of(first + row), text=shortened(cells[row].as_py()))
            for row in changed.rows[:MAX_SAMPLES].tolist()
        )
        return Change(changed.change, len(changed.rows), samples, changed.token)
