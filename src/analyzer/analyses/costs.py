"""What parts take of a worker, at the least: told before anything is begun, from the shape of the table alone.

The rates are measured by `benchmarks/costs.py`, on 500,000 to 4,000,000 rows with 2, 4 and 12 columns of real numbers,
and then of whole numbers that all differ: resident memory beyond what the worker held before, and processor time. Each
is a little below the least that was measured. What text and moments take hangs on their values, so a part takes for
them what it takes by the row, or nothing; and what does not grow with the table has no rate. Tests hold the rates
against what parts take of real workers.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.models import TableSchema
from analyzer.registry import Cost

WHOLE = ("int", "uint")
REAL = ("float", "double")

SPEARMAN_CELLS = 100_000_000
ASSOCIATED_CELLS = 200_000_000
"""Pairs times rows: where there are more, as many rows are drawn as keep it."""


@dataclass(frozen=True)
class Rate:
    """Bytes and nanoseconds that a part takes for each row; for each cell of its columns; and for each pair of them."""

    row_bytes: float = 0.0
    whole_bytes: float = 0.0  # a cell
    real_bytes: float = 0.0
    row_ns: float = 0.0
    cell_ns: float = 0.0
    pair_ns: float = 0.0  # a row of a pair of numeric columns
    together: bool = False  # it holds all of its columns at once, and not one after the other
    most_cells: int | None = None  # pairs times rows, at the most

    def cell_bytes(self, type_: str) -> float:
        """Of a column of this Arrow type."""
        if type_.startswith(WHOLE):
            return self.whole_bytes
        return self.real_bytes if type_.startswith(REAL) else 0.0


FIGURES = Rate(whole_bytes=15, real_bytes=8, cell_ns=45)
DISTRIBUTION = Rate(whole_bytes=47, real_bytes=47, cell_ns=300)
DUPLICATES = Rate(row_bytes=15, row_ns=40)
PEARSON = Rate(cell_ns=8)
RANKS = Rate(row_bytes=38, whole_bytes=4, real_bytes=4, pair_ns=330, together=True, most_cells=SPEARMAN_CELLS)
ASSOCIATION = Rate(
    row_bytes=8, whole_bytes=16, real_bytes=8, row_ns=100, pair_ns=15, together=True, most_cells=ASSOCIATED_CELLS
)


class Costs:
    """The costs of parts on one table."""

    def __init__(self, schema: TableSchema) -> None:
        self._rows = schema.rows
        self._types = {column.name: column.type for column in schema.columns}

    def of(self, rate: Rate, names: Sequence[str] = (), share: float = 1.0) -> Cost:
        """Of a part with these columns, that does this share of what is done for their pairs."""
        held = 0.0
        for type_, count in Counter(map(self._types.__getitem__, names)).items():
            cell_bytes = rate.cell_bytes(type_)
            held = held + count * cell_bytes if rate.together else max(held, cell_bytes)
        pairs = len(names) * (len(names) - 1) // 2
        rows = self._rows if rate.most_cells is None else min(self._rows, rate.most_cells // max(pairs, 1))
        ns = rate.row_ns + rate.cell_ns * len(names) + rate.pair_ns * pairs * share
        return Cost(rows * (rate.row_bytes + held), rows * ns * 1e-9)
