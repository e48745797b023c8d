"""The part that looks for rows and columns that repeat, the same for every analysis that asks for it."""

import json
from collections.abc import Sequence

from analyzer.analyses import costs
from analyzer.analyses.findings.thresholds import Thresholds
from analyzer.models import TableSchema
from analyzer.registry import Part, Section, Tables

NAME = "all columns: duplicates"

COUNTING = """
def counts(table):
    copies, alike = table.duplicated(), table.duplicated(keep=False)
    return {"extra_copies": copies.sum(), "rows_in_groups": alike.sum(), "groups": (alike & ~copies).sum()}


def folded(cell):
    return " ".join(cell.lower().split()) if isinstance(cell, str) else cell
"""
"""What recipes begin with that count rows in three ways."""


def duplicates_part(schema: TableSchema, columns: Sequence[str] | None) -> Part:
    """Looks at these columns; None: all."""
    chosen = "all" if columns is None else json.dumps(sorted(set(columns)))
    return Part(NAME, shared=f"duplicates 2 {chosen}", cost=costs.Costs(schema).of(costs.DUPLICATES))


def find_duplicates(tables: Tables, columns: Sequence[str] | None) -> Section:
    """`{duplicates: {exact, near, compared, issues}}`; none of these issues depends on a threshold."""
    from analyzer.analyses.findings import rows

    table = tables["df"]
    if columns is not None:
        table = table.select([name for name in table.column_names if name in columns])
    return Section(NAME, {"duplicates": rows.examine(table, Thresholds())})
