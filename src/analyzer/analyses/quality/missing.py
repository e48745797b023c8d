"""
What is missing: how much of each column, together with what else, hidden behind which stand-ins, and whether by chance.

## Per column

`missing` counts nulls, and NaN in floating-point columns. `blank` counts text that is empty or nothing but blanks,
and `disguised` values that stand for a missing one: in text `NA`, `n/a`, `null`, `none`, `-`, `?`, `unknown`, `-999`
and their like, whatever their case; in numbers -999, 9999 and their like where they repeat, are an end of the range,
and lie three IQRs beyond the quartiles; in dates 1900-01-01, 1970-01-01 and 9999-12-31. Blank and disguised values are
not in `missing`, and every one is counted. Blanks are Unicode's white space, no-break and ideographic spaces too.

## Together

`patterns` are the sets of columns that are missing in the same rows, the 50 most frequent ones; the empty set are the
complete rows. `pairs` say how being missing in one column goes with being missing in another: Pearson's *r* of the two
indicators, which for two-valued variables is φ. Columns that are never or always missing have none. The first 200
columns with gaps are paired, and the 500 strongest pairs kept.

## By chance?

`mcar` is Little's test (1988, JASA 83:1198) of whether values are missing completely at random: with pattern *j* in nⱼ
rows,

    d² = Σⱼ nⱼ (ȳⱼ − μⱼ)ᵀ Σⱼ⁻¹ (ȳⱼ − μⱼ),   χ² with Σ pⱼ − p degrees of freedom,

where μ and Σ are maximum likelihood estimates (EM algorithm of Dempster, Laird & Rubin 1977, run until nothing moves by
more than 10⁻⁹ standard deviations). A small `p` says that it is not by chance alone. Tested are the first 20 numeric
columns, ±∞ taken as missing and constants left out; of more than 100,000 rows that many, drawn with `seed`. There is no
test, and a note says why, where nothing is missing, where there are more than 200 patterns, or where columns determine
each other.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from analyzer.analyses.columns import chosen, in_table_order
from analyzer.analyses.eda.statistical_summary import figure_parts, figures, is_figures
from analyzer.analyses.notes import Note
from analyzer.analyses.recipes import recipe
from analyzer.charts import missing_shares
from analyzer.models.base import Frozen
from analyzer.registry import Analysis, Chart, Params, Part, Result, Schemas, Section, Tables

TOGETHER, TEST = "all columns: patterns", "all columns: Little's test"
MAX_CHARTED = 64

RECIPE = """
from collections import Counter
from itertools import combinations

gaps = df[columns].isna()
kinds = Counter(zip(*(gaps[name] for name in columns)))
paired = [name for name in columns if 0 < gaps[name].sum() < len(df)][:200]
r = gaps[paired].astype(float).corr()
pairs = [
    {"column": one, "other": other, "r": r.loc[one, other], "n": (gaps[one] & gaps[other]).sum()}
    for one, other in combinations(paired, 2)
]

result = {
    "rows": len(df),
    "missing": gaps.sum().sum(),
    "complete_rows": (~gaps.any(axis=1)).sum(),
    "empty_rows": gaps.all(axis=1).sum(),
    "columns": {name: {"missing": gaps[name].sum(), "share": gaps[name].sum() / max(len(df), 1)} for name in columns},
    "patterns": [
        {"columns": [name for name, gone in zip(columns, kind) if gone], "n": n, "share": n / len(df)}
        for kind, n in kinds.most_common(50)
    ],
    "more_patterns": max(0, len(kinds) - 50),
    "paired": len(paired),
    "pairs": sorted(pairs, key=lambda pair: -round(abs(pair["r"]), 9))[:500],
}
"""


class MissingParams(Params):
    """Where to look."""

    columns: list[str] | None = Field(None, description="Only these columns. None: all.")
    seed: int = Field(0, ge=0, description="Chooses the rows that Little's test is done on, of more than 100,000.")


class StandIn(Frozen):
    """A value that stands for a missing one, and how often it occurs."""

    value: str
    count: int


class Gaps(Frozen):
    """What one column lacks."""

    name: str
    kind: str
    count: int = Field(description="Values that are not missing.")
    missing: int
    share: float = Field(description="Of missing in all rows.")
    blank: int
    disguised: list[StandIn] = Field(description="By falling count, at most 20.")


class Pattern(Frozen):
    """Columns that are missing in the same rows, and in no others of these."""

    columns: list[str]
    n: int
    share: float


class Pair(Frozen):
    """How being missing in one column goes with being missing in another."""

    column: str
    other: str
    r: float
    n: int = Field(description="Rows in which both are missing.")


class LittlesTest(Frozen):
    """Whether values are missing completely at random."""

    columns: list[str]
    rows: int = Field(description="With at least one of the values.")
    patterns: int
    statistic: float | None
    df: int | None
    p: float | None
    steps: int = Field(description="Of the EM algorithm.")
    notes: dict[str, Note]


class MissingResult(Result):
    """Gaps by column, by pattern, by pair, and whether they are by chance."""

    task_id: str = "quality_missing"
    schema_version: int = 1
    rows: int
    cells: int
    missing: int
    complete_rows: int
    empty_rows: int
    columns: list[Gaps] = Field(description="In the table's order.")
    patterns: list[Pattern] = Field(description="By falling n, at most 50.")
    more_patterns: int = Field(description="How many are not listed.")
    paired: int = Field(description="How many columns were paired.")
    pairs: list[Pair] = Field(description="The strongest first, at most 500.")
    mcar: LittlesTest
    methods: dict[str, str]
    charts: list[Chart] = Field(description="Vega-Lite v5: missing shares, the worst first.")


METHODS = {
    "missing": "nulls and NaN",
    "pairs": "Pearson's r of the indicators (φ)",
    "mcar": "Little 1988; μ and Σ by maximum likelihood (EM), divided by n",
}


def parts(schemas: Schemas, params: MissingParams) -> Sequence[Part]:
    """The columns, then the patterns, then the test."""
    figured = figure_parts(schemas["df"], chosen(schemas["df"], params.columns))
    looks = [Part(part.name, part.columns, needs=(part,)) for part in figured]
    return [*looks, Part(TOGETHER), Part(TEST)]


def compute(tables: Tables, part: Part, params: MissingParams) -> Section:
    """`{columns: […]}` for columns, else what was found of all of them together."""
    if is_figures(part):
        return figures(tables, part)
    if part.given:
        return Section(part.name, {"columns": _columns(tables, part)})
    from analyzer.analyses.findings import missingness

    table = tables["df"]
    if params.columns is not None:
        table = table.select([name for name in table.column_names if name in params.columns])
    if part.name == TEST:
        return Section(part.name, {"mcar": missingness.tested(table, params.seed)})
    return Section(part.name, missingness.together(table))


def _columns(tables: Tables, part: Part) -> list[dict[str, Any]]:
    import numpy as np

    from analyzer.analyses.figures import categories
    from analyzer.analyses.figures.columns import plain
    from analyzer.analyses.findings import missingness
    from analyzer.analyses.findings.look import Look
    from analyzer.analyses.findings.thresholds import Thresholds

    found = []
    for known in part.given[0].data["columns"]:
        column = plain(tables["df"].column(known["name"]))
        hidden: dict[str, Any] = {"blank": 0, "disguised": []}
        if known["kind"] in ("categorical", "text") and not categories.is_binary(column.type):
            hidden = missingness.in_text(column, few_levels=known["kind"] == "categorical")
        elif known["count"]:
            look = Look.at(known["name"], column, Thresholds(), np.datetime64("2100-01-01", "s"), known)
            hidden["disguised"] = missingness.stand_ins(look)
        gaps = {name: known[name] for name in ("name", "kind", "count", "missing")}
        found.append({**gaps, "share": known["missing"] / len(column) if len(column) else 0.0, **hidden})
    return found


def merge(sections: Sequence[Section], schemas: Schemas, params: MissingParams) -> MissingResult:
    """All columns in the table's order, and what was found of them together."""
    of_columns = in_table_order([section for section in sections if "columns" in section.data], schemas["df"])
    columns = [column for section in of_columns for column in section.data["columns"]]
    whole: dict[str, Any] = {}
    for section in sections:
        if section.name in (TOGETHER, TEST):
            whole |= section.data
    gappy = [(one["name"], one["share"]) for one in columns if one["missing"]]
    worst = sorted(gappy, key=lambda pair: -pair[1])[:MAX_CHARTED]
    charts = [Chart("missing", "Missing cells", missing_shares("Missing cells", worst))] if worst else []
    return MissingResult(
        rows=schemas["df"].rows,
        cells=schemas["df"].rows * len(columns),
        missing=sum(column["missing"] for column in columns),
        columns=columns,
        methods=METHODS,
        charts=charts,
        **whole,
    )


analysis = Analysis(
    id="quality_missing",
    title="Missing values",
    page=__doc__ or "",
    params=MissingParams,
    result=MissingResult,
    parts=parts,
    compute=compute,
    merge=merge,
    version=3,
    recipe=lambda schemas, params: recipe(RECIPE, params.columns),
)
