"""
The table at a glance: how large it is, what is in it, what is missing, what repeats, and what reading the file found.

`bytes_on_disk` is the size of the uploaded file, `bytes_in_memory` what the values take up as Arrow columns, buffers of
all values included. `kinds` counts the columns by what they turned out to hold. A row is `complete` without a missing
cell and `empty` without a value. `duplicates` are given in three ways: what removing them would remove, all rows that
are not alone, and how many different rows occur more than once.

A column is `constant` with a single distinct value, and `id_like` where every row has a value, all of them differ, and
they are whole numbers, text or moments; `empty` columns have no value at all. Each column comes with its type as it is
stored, what reading said about why, how much is missing and how many distinct values there are.
"""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from analyzer.analyses.columns import chosen, in_table_order
from analyzer.analyses.eda.statistical_summary import figure_parts, figures, is_figures
from analyzer.analyses.findings.duplicates import NAME as WHOLE
from analyzer.analyses.findings.duplicates import duplicates_part, find_duplicates
from analyzer.analyses.notes import Note
from analyzer.analyses.recipes import recipe
from analyzer.charts import missing_shares, top_values
from analyzer.models import ReadingReport, TableSchema
from analyzer.models.base import Frozen
from analyzer.registry import Analysis, Chart, Params, Part, Result, Schemas, Section, Tables

ROWS = "all columns: rows"
MAX_CHARTED = 64

RECIPE = """
table = df[columns]
gaps = table.isna()
copies, alike = table.duplicated(), table.duplicated(keep=False)

result = {
    "rows": len(df),
    "column_count": len(columns),
    "cells": table.size,
    "missing": gaps.sum().sum(),
    "complete_rows": (~gaps.any(axis=1)).sum(),
    "empty_rows": gaps.all(axis=1).sum(),
    "duplicates": {"extra_copies": copies.sum(), "rows_in_groups": alike.sum(), "groups": (alike & ~copies).sum()},
    "constant": [name for name in columns if df[name].nunique() == 1],
    "columns": [
        {"name": name, "missing": gaps[name].sum(), "distinct": df[name].nunique() or None} for name in columns
    ],
}
"""


class OverviewParams(Params):
    """What to look at."""

    columns: list[str] | None = Field(None, description="Only these columns. None: all.")
    seed: int = Field(0, ge=0, description="Taken by every eda_ task; without effect here, as nothing is sampled.")


class OverviewColumn(Frozen):
    """One column in a line."""

    name: str
    kind: str
    type: str = Field(description="The Arrow type.")
    reason: str | None = Field(description="Why reading gave it this type. None: it is not known.")
    missing: int
    distinct: int | None
    notes: dict[str, Note]


class Duplicates(Frozen):
    """Equal rows, counted in three ways."""

    extra_copies: int
    rows_in_groups: int
    groups: int


class Found(Frozen):
    """What reading the file found and did."""

    format: str
    encoding: str | None
    coercions: int = Field(description="Cells stored as something other than what they literally say.")
    bad_rows: int = Field(description="Rows that did not fit the table and are not in it.")
    replaced_bytes: int
    renamed: list[str] = Field(description="Columns whose header was changed.")
    warnings: list[str]


class OverviewResult(Result):
    """The table at a glance."""

    task_id: str = "eda_overview"
    schema_version: int = 1
    rows: int
    column_count: int
    cells: int
    bytes_on_disk: int | None = Field(description="Of the uploaded file. None: it is not known.")
    bytes_in_memory: int
    missing: int
    missing_share: float | None
    complete_rows: int
    empty_rows: int
    duplicates: Duplicates
    kinds: dict[str, int] = Field(description="How many columns there are of each kind, the most frequent first.")
    constant: list[str]
    id_like: list[str]
    empty: list[str]
    columns: list[OverviewColumn] = Field(description="In the table's order.")
    reading: Found | None
    notes: dict[str, Note]
    methods: dict[str, str]
    charts: list[Chart] = Field(description="Vega-Lite v5: kinds of columns, missing shares.")


METHODS = {
    "missing": "nulls and NaN",
    "duplicates": "exact, missing values equal each other",
    "bytes_in_memory": "Arrow buffers, text included",
}


def parts(schemas: Schemas, params: OverviewParams) -> Sequence[Part]:
    """The rows, the columns' figures and the duplicates, the cheapest first."""
    names = chosen(schemas["df"], params.columns)
    of_rows = Part(ROWS, shared=f"rows 1 {'all' if params.columns is None else json.dumps(names)}")
    return [of_rows, *figure_parts(schemas["df"], names), duplicates_part(schemas["df"], params.columns)]


def compute(tables: Tables, part: Part, params: OverviewParams) -> Section:
    """`{rows: …}`, `{columns: figures}` or `{duplicates: …}`."""
    if is_figures(part):
        return figures(tables, part)
    if part.name == WHOLE:
        return find_duplicates(tables, params.columns)
    from analyzer.analyses.findings.cells import count_rows

    table = tables["df"]
    if params.columns is not None:
        table = table.select([name for name in table.column_names if name in params.columns])
    return Section(part.name, count_rows(table))


def merge(sections: Sequence[Section], schemas: Schemas, params: OverviewParams) -> OverviewResult:
    """Puts together what stands in the sections."""
    schema, rows = schemas["df"], schemas["df"].rows
    known = [column for section in in_table_order(sections[1:-1], schema) for column in section.data["columns"]]
    missing, cells = sum(column["missing"] for column in known), rows * len(known)
    columns = _columns(known, schema)
    kinds = dict(Counter(column["kind"] for column in known).most_common())
    worst = sorted(((one["name"], one["missing"] / rows) for one in known if one["missing"]), key=lambda pair: -pair[1])
    bars = [{"value": kind, "count": n} for kind, n in kinds.items()]
    charts = [Chart("kinds", "Kinds of columns", top_values("Kinds of columns", bars, "columns"))] if bars else []
    if worst:
        shares = missing_shares("Missing cells", worst[:MAX_CHARTED])
        charts.append(Chart("missing", "Missing cells", shares))
    return OverviewResult(
        rows=rows,
        column_count=len(known),
        cells=cells,
        bytes_on_disk=schema.size_bytes,
        missing=missing,
        missing_share=missing / cells if cells else None,
        duplicates=sections[-1].data["duplicates"]["exact"],
        kinds=kinds,
        constant=[one["name"] for one in known if one.get("distinct") == 1],
        id_like=[one["name"] for one in known if _is_id_like(one, rows)],
        empty=[one["name"] for one in known if one["kind"] == "empty"],
        columns=columns,
        reading=None if schema.reading is None else _found(schema.reading),
        notes={} if cells else {"missing_share": {"kind": "undefined", "reason": "no-rows"}},
        methods=METHODS,
        charts=charts,
        **sections[0].data,
    )


def _columns(known: Sequence[dict[str, Any]], schema: TableSchema) -> list[dict[str, Any]]:
    reasons = {} if schema.reading is None else {one.name: one.reason for one in schema.reading.columns}
    return [
        {name: one.get(name) for name in ("name", "kind", "type", "missing", "distinct")}
        | {"reason": reasons.get(one["name"])}
        | {"notes": {} if "distinct" in one else {"distinct": {"kind": "undefined", "reason": "no-values"}}}
        for one in known
    ]


def _is_id_like(one: dict[str, Any], rows: int) -> bool:
    if rows < 2 or one.get("distinct") != rows:
        return False
    return one["kind"] in ("categorical", "text", "datetime") or "int" in one["type"]


def _found(report: ReadingReport) -> Found:
    return Found(
        format=report.format,
        encoding=report.encoding,
        coercions=sum(coercion.count for coercion in report.coercions),
        bad_rows=0 if report.bad_rows is None else report.bad_rows.count,
        replaced_bytes=report.replaced,
        renamed=[one.name for one in report.columns if one.original_name is not None],
        warnings=list(report.warnings),
    )


analysis = Analysis(
    id="eda_overview",
    title="Overview",
    page=__doc__ or "",
    params=OverviewParams,
    result=OverviewResult,
    parts=parts,
    compute=compute,
    merge=merge,
    recipe=lambda schemas, params: recipe(RECIPE, params.columns),
    version=2,
)
