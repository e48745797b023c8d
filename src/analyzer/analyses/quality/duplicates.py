"""
What repeats: whole rows, rows with the same key, columns, and names of columns.

## Three counts

Of equal rows, `extra_copies` is what removing duplicates would remove, `rows_in_groups` are all rows that are not
alone, and `groups` is how many different rows occur more than once. A thousand equal rows are 999, 1000 and 1. Rows are
compared exactly, and missing values equal each other. `near` are the same counts once case and surrounding or repeated
blanks of text are ignored; exact ones are among them. Blanks are Unicode's white space, no-break spaces too.

## Keys

`keys` are sets of columns to compare rows by; each gets the same three counts, the number of rows in which a part of
the key is missing, whether the key is `unique` (no copies, nothing missing), and its largest groups with their first
rows. The whole row always comes first, without its lists and structs. `samples` limits how many groups are shown. Rows
are not compared by a key with lists or structs in it: the counts are `null`, the reason `unsupported`.

## Columns and headers

`columns` are those that equal an earlier one of the same type, cell by cell. `headers` are names that are the same but
for case, blanks, punctuation and encoding (NFKC), and those that reading had to change because they were there before.
"""

import json
import unicodedata
from collections.abc import Sequence

from pydantic import Field

from analyzer.analyses.columns import chosen
from analyzer.analyses.findings.duplicates import COUNTING, duplicates_part, find_duplicates
from analyzer.analyses.findings.duplicates import NAME as WHOLE
from analyzer.analyses.notes import Note
from analyzer.analyses.recipes import recipe
from analyzer.charts import top_values
from analyzer.errors import InvalidParameters
from analyzer.models import TableSchema
from analyzer.models.base import Frozen
from analyzer.registry import Analysis, Chart, Params, Part, Result, Schemas, Section, Tables

MAX_KEYS = 20

RECIPE = (
    COUNTING
    + """

def of_key(key):
    found, gaps = counts(df[key]), int(df[key].isna().any(axis=1).sum())
    unique = len(df) > 0 and not gaps and not found["extra_copies"]
    return {"columns": key, **found, "rows_with_missing": gaps, "unique": unique}


result = {
    "rows": len(df),
    "exact": counts(df[columns]),
    "near": counts(df[columns].map(folded)),
    "keys": [of_key(key) for key in keys],
}
"""
)


class DuplicatesParams(Params):
    """What to compare."""

    columns: list[str] | None = Field(None, description="Only these columns. None: all.")
    seed: int = Field(0, ge=0, description="Taken by every analysis; without effect here, as nothing is sampled.")
    keys: list[list[str]] = Field(
        default_factory=list, max_length=MAX_KEYS, description="Sets of columns to compare rows by, beside whole rows."
    )
    samples: int = Field(10, ge=0, le=100, description="How many groups of equal rows to show, the largest ones.")


class Counts(Frozen):
    """Equal rows, counted in three ways."""

    extra_copies: int
    rows_in_groups: int
    groups: int


class Group(Frozen):
    """Equal rows."""

    n: int
    rows: list[int] = Field(description="Their numbers, from 0, at most ten.")
    values: dict[str, str | None] = Field(description="What they have in common, as text; of at most 50 columns.")


class Key(Frozen):
    """Rows compared by some of their columns."""

    columns: list[str]
    extra_copies: int | None
    rows_in_groups: int | None
    groups: int | None
    rows_with_missing: int = Field(description="Rows in which one of these is missing.")
    unique: bool | None = Field(description="No copies and nothing missing: fit for a primary key.")
    samples: list[Group] = Field(description="The largest groups first.")
    notes: dict[str, Note]


class SameColumn(Frozen):
    """A column that equals an earlier one."""

    column: str
    other: str


class SameHeader(Frozen):
    """Columns that were meant to have, or had, the same name."""

    name: str
    columns: list[str]


class DuplicatesResult(Result):
    """What repeats."""

    task_id: str = "quality_duplicates"
    schema_version: int = 1
    rows: int
    compared: int = Field(description="How many columns were compared; those of unsupported types are not.")
    exact: Counts
    near: Counts
    keys: list[Key] = Field(description="The whole row, then the keys asked for, in their order.")
    columns: list[SameColumn]
    headers: list[SameHeader] = Field(description="By name.")
    methods: dict[str, str]
    charts: list[Chart] = Field(description="Vega-Lite v5: extra copies of each key, where there are any.")


METHODS = {
    "equality": "exact; missing values equal each other, and 0 equals -0",
    "near": "case folded, surrounding blanks removed, repeated blanks taken for one",
}


def parts(schemas: Schemas, params: DuplicatesParams) -> Sequence[Part]:
    """The whole table, then each key. Raises InvalidParameters for a column that the table does not have."""
    names = chosen(schemas["df"], params.columns)
    for place, key in enumerate(params.keys):
        if not key:
            problem = {"pointer": f"/keys/{place}", "detail": "A key has at least one column."}
            raise InvalidParameters(problem["detail"], errors=[problem])
        chosen(schemas["df"], key)
    keys = [Part(_label(place, key), tuple(key)) for place, key in enumerate(params.keys)]
    whole = duplicates_part(schemas["df"], params.columns)
    return [whole, Part("whole rows", names, needs=(whole,), cost=whole.cost), *keys]


def _label(place: int, key: Sequence[str]) -> str:
    return f"key {place + 1}: {', '.join(key)}"


def compute(tables: Tables, part: Part, params: DuplicatesParams) -> Section:
    """The counts of whole rows, or `{key: …}`."""
    if part.name == WHOLE:
        return find_duplicates(tables, params.columns)
    from analyzer.analyses.findings import groups

    whole = bool(part.given)
    none = whole and not part.given[0].data["duplicates"]["exact"]["extra_copies"]
    found = groups.of_key(tables["df"], part.columns, params.samples, whole=whole, none=none)
    return Section(part.name, {"key": found})


def merge(sections: Sequence[Section], schemas: Schemas, params: DuplicatesParams) -> DuplicatesResult:
    """Puts the counts beside each other."""
    whole = sections[0].data["duplicates"]
    keys = [section.data["key"] for section in sections[1:]]
    same = [issue for issue in whole["issues"] if issue["code"] == "duplicate_column"]
    bars = [
        {"value": "whole rows" if place == 0 else ", ".join(key["columns"]), "count": key["extra_copies"]}
        for place, key in enumerate(keys)
        if key["extra_copies"]
    ]
    return DuplicatesResult(
        rows=schemas["df"].rows,
        compared=whole["compared"],
        exact=whole["exact"],
        near=whole["near"],
        keys=keys,
        columns=[{"column": issue["column"], "other": issue["other"]} for issue in same],
        headers=_headers(schemas["df"], chosen(schemas["df"], params.columns)),
        methods=METHODS,
        charts=[Chart("copies", "Extra copies", top_values("Extra copies", bars))] if bars else [],
    )


def _headers(schema: TableSchema, names: Sequence[str]) -> list[SameHeader]:
    """Names that are the same once folded; where reading changed one, the name that stood in the file counts."""
    written = {name: name for name in names}
    if schema.reading is not None:
        written |= {one.name: one.original_name for one in schema.reading.columns if one.original_name is not None}
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(_folded(written[name]) or json.dumps(written[name]), []).append(name)
    return [SameHeader(name=written[alike[0]], columns=alike) for _, alike in sorted(found.items()) if len(alike) > 1]


def _folded(name: str) -> str:
    """Letters, digits and the marks on them, whatever their case and however they are encoded."""
    letters = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(letter for letter in letters if letter.isalnum() or unicodedata.category(letter)[0] == "M")


analysis = Analysis(
    id="quality_duplicates",
    title="Duplicates",
    page=__doc__ or "",
    params=DuplicatesParams,
    result=DuplicatesResult,
    parts=parts,
    compute=compute,
    merge=merge,
    recipe=lambda schemas, params: recipe(
        RECIPE, params.columns, keys=[list(chosen(schemas["df"], params.columns)), *params.keys]
    ),
    version=3,
)
