"""
What every column is: its type, what it seems to mean, whether it may be missing, and what its values look like.

`type` is the Arrow type under which values are stored; `reason` says why reading chose it. `meaning` is a guess:

| meaning | when |
|---|---|
| `identifier` | every row has a value and all differ: whole numbers, text or moments |
| `constant` | there is one distinct value |
| `flag` | truth values, or two distinct whole numbers 0 and 1 |
| `count` | whole numbers, none negative |
| `measure` | other numbers |
| `category` | text whose values repeat |
| `text` | text that hardly repeats |
| `date`, `moment`, `time` | days, points in time, times of day |
| `nothing`, `other` | no value at all; lists, structs and other types |

`format` is the pattern that at least 95 % of up to 10,000 texts have – a web address, an e-mail address, a UUID, an IP
address, a telephone number, a number, a date – or, of moments, their resolution. Which texts are looked at: the first
distinct ones. `coercions` are cells that reading stored as something other than what they literally say, with samples.
`examples` are the first distinct values, at most five; moments as `min` and `max` are written, in UTC where they have
a zone.

Where `distinct`, `min`, `max` or `format` is `null`, `notes` say why: there are `no-values`, an end is `infinite`,
texts have `nothing-common`, or columns of this kind have no such figure (`unsupported`).
"""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from analyzer.analyses.columns import chosen, in_table_order
from analyzer.analyses.eda.statistical_summary import figure_parts, figures, is_figures
from analyzer.analyses.notes import Note
from analyzer.analyses.recipes import recipe
from analyzer.models import TableSchema
from analyzer.models.base import Frozen
from analyzer.registry import Analysis, Chart, Params, Part, Result, Schemas, Section, Tables

RECIPE = """
def ends(x):
    ordered = len(x) > 0 and (x.dtype.kind in "iuf" or isinstance(x.iloc[0], str))
    return {"min": min(x), "max": max(x)} if ordered else {}


result = {
    "rows": len(df),
    "columns": [
        {
            "name": name,
            "nullable": df[name].isna().any(),
            "missing": df[name].isna().sum(),
            "distinct": df[name].nunique(),
            **ends(df[name].dropna()),
        }
        for name in columns
    ],
}
"""


class SchemaParams(Params):
    """What to describe."""

    columns: list[str] | None = Field(None, description="Only these columns. None: all.")
    seed: int = Field(0, ge=0, description="Taken by every eda_ task; without effect here, as nothing is drawn.")


class Changed(Frozen):
    """Cells that reading stored as something other than what they literally say."""

    change: str
    n: int
    samples: list[str]


class DescribedColumn(Frozen):
    """What one column is."""

    name: str
    kind: str
    type: str = Field(description="The Arrow type.")
    reason: str | None = Field(description="Why reading gave it this type. None: it is not known.")
    original_name: str | None = Field(description="The header in the file, where it was changed.")
    meaning: str
    nullable: bool = Field(description="Whether anything is missing.")
    missing: int
    distinct: int | None
    min: int | float | str | None = Field(description="The smallest value, the first in order, or the earliest.")
    max: int | float | str | None
    format: str | None = Field(description="What texts look like, or the resolution of moments.")
    examples: list[str] = Field(description="The first distinct values, at most five.")
    notes: dict[str, Note] = Field(description="Why `distinct`, `min`, `max` or `format` is null.")
    coercions: list[Changed]


class SchemaResult(Result):
    """What every column is."""

    task_id: str = "eda_schema"
    schema_version: int = 1
    rows: int
    columns: list[DescribedColumn] = Field(description="In the table's order.")
    methods: dict[str, str]
    charts: list[Chart] = Field(description="None: a schema is read.")


METHODS = {
    "min": "by value; text by code points",
    "format": "the pattern of at least 95 % of the first 10,000 distinct texts",
    "meaning": "guessed from type, distinct values and range",
}


def parts(schemas: Schemas, params: SchemaParams) -> Sequence[Part]:
    """One column a part, as far as they are few."""
    figured = figure_parts(schemas["df"], chosen(schemas["df"], params.columns))
    return [Part(part.name, part.columns, needs=(part,)) for part in figured]


def compute(tables: Tables, part: Part, params: SchemaParams) -> Section:
    """`{columns: […]}`, without what only reading knows."""
    if is_figures(part):
        return figures(tables, part)
    from analyzer.analyses.findings.described import describe

    found = [describe(tables["df"].column(known["name"]), known) for known in part.given[0].data["columns"]]
    return Section(part.name, {"columns": found})


def merge(sections: Sequence[Section], schemas: Schemas, params: SchemaParams) -> SchemaResult:
    """All columns in the table's order, with what reading said of them."""
    schema = schemas["df"]
    columns = [column for section in in_table_order(sections, schema) for column in section.data["columns"]]
    return SchemaResult(
        rows=schema.rows,
        columns=[column | _as_read(column["name"], schema) for column in columns],
        methods=METHODS,
        charts=[],
    )


def _as_read(name: str, schema: TableSchema) -> dict[str, Any]:
    report = schema.reading
    if report is None:
        return {"reason": None, "original_name": None, "coercions": []}
    read = next((one for one in report.columns if one.name == name), None)
    changed = [
        Changed(change=one.change, n=one.count, samples=[sample.text for sample in one.samples])
        for one in report.coercions
        if one.column == name
    ]
    return {
        "reason": read.reason if read else None,
        "original_name": read.original_name if read else None,
        "coercions": changed,
    }


analysis = Analysis(
    id="eda_schema",
    title="Schema",
    page=__doc__ or "",
    params=SchemaParams,
    result=SchemaResult,
    parts=parts,
    compute=compute,
    merge=merge,
    recipe=lambda schemas, params: recipe(RECIPE, params.columns),
    version=3,
)
