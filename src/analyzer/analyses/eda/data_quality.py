"""
How good the data is: a score for each dimension with its formula, and every issue with the rows that show it.

## Scores

Each score lies between 0 and 1 and comes with its formula and the counts that went into it.

| dimension | formula | what counts |
|---|---|---|
| completeness | 1 − missing / cells | nulls, and NaN in floating-point columns |
| uniqueness | 1 − extra_copies / rows | rows that repeat an earlier row in all chosen columns |
| validity | 1 − invalid / present | ±∞, blank text, stand-ins for missing values, lost characters, lists, structs |
| consistency | 1 − inconsistent / present | case variants, padded text, numbers among text, text among numbers |
| timeliness | 1 − untimely / moments | moments after `as_of`, and placeholders such as 1900-01-01 |

The overall score is the mean of those that are not `null`. A score is `null` where there is nothing to judge, and its
note says why.

## Duplicates, in three ways

`extra_copies` is what removing duplicates would remove, `rows_in_groups` are all rows that are not alone, `groups` is
how many different rows occur more than once. A thousand equal rows are 999, 1000 and 1. Rows are compared exactly;
missing values equal each other. Near duplicates are the same after folding case and blanks of text. Blanks are, here
and below, Unicode's white space, no-break spaces too.

## Issues

An issue has a `code`, a `severity` (`error`, `warning`, `info`), the `column` (`null`: the table), the `other` column
of a pair, how many cells or rows it is about (`n`) and which `share` of those present, the `value` that was compared
with the `threshold`, and at most ten row numbers, counted from 0. What does not apply is `null`. Issues are sorted by
severity, then code, column and other column.

## Methods and their bounds

- Skewness and kurtosis are G1 and G2; normality is the omnibus test of D'Agostino & Pearson (1973) from 20 values on;
  bimodality is Sarle's coefficient, not asked of distributions with abs(skewness) > 1.
- Even spread is Pearson's χ² over the bins of the histogram or over categories, with at least five expected in each.
- Correlation is Pearson's r over complete pairs of numeric columns, and Cramér's V, bias-corrected (Bergsma 2013) and
  without Yates's correction, of text and boolean columns with 2 to 50 levels; a side with one level has none. The
  first 500 numeric and 60 categorical columns are paired. Above 100,000 rows that many are drawn with `seed`.
- Equal distributions: two-sample Kolmogorov–Smirnov test on up to 1,000 values, drawn with `seed`, of each of the
  first 60 numeric columns; the note `distributions` of `correlation` says so where more were there.
- Where a datetime column puts the table in order, up to 50 numeric columns are tested over their last 1,000 values:
  the augmented Dickey–Fuller test (constant, lags by AIC) and Fisher's g (1929) on the
  periodogram of the differences, which finds a season where one period seen at least three times stands out.
- Text is examined by its distinct values, the first 100,000 of them. Similarity is Ratcliff & Obershelp's ratio
  between the 100 most frequent ones, where they are not nearly all different.

## The same in pandas

    df.isna().sum() / len(df)
    df.duplicated().sum(), df.duplicated(keep=False).sum()
    df.corr(numeric_only=True)
    scipy.stats.normaltest(df[column].dropna())
    statsmodels.tsa.stattools.adfuller(df[column].dropna().tail(1000))
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pydantic import AwareDatetime, Field

from analyzer.analyses.columns import chosen, in_table_order, numeric
from analyzer.analyses.eda.correlation import MAX_RANKED, PEARSON, listed_pearson, pearson_part
from analyzer.analyses.eda.statistical_summary import figure_parts, figures, is_figures
from analyzer.analyses.findings.codes import CODES, empty_table
from analyzer.analyses.findings.duplicates import COUNTING, duplicates_part, find_duplicates
from analyzer.analyses.findings.duplicates import NAME as DUPLICATES
from analyzer.analyses.findings.scores import OVERALL, dimensions, overall
from analyzer.analyses.findings.thresholds import Thresholds
from analyzer.analyses.issues import Severity
from analyzer.analyses.notes import Note, undefined
from analyzer.analyses.recipes import recipe
from analyzer.charts import missing_shares, scores
from analyzer.models.base import Frozen, Moment, now, rfc3339
from analyzer.registry import Analysis, Chart, Params, Part, Result, Schemas, Section, Tables

MAX_CHARTED = 64
"""So many columns, those with most missing cells, are drawn."""

MAX_PAIRED_ROWS = 100_000
"""Of more rows, so many are drawn for what is found out about pairs of columns."""

WHOLE_TABLE = ("duplicates", "correlation", "series")
"""The parts that look at all chosen columns together."""

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")

METHODS = {
    "missing": "nulls and NaN; left out of every other figure",
    "duplicates": "exact, missing values equal each other",
    "outliers": "outside q25 − 1.5 iqr and q75 + 1.5 iqr, quantiles type 7",
    "skewness": "G1, adjusted Fisher–Pearson",
    "kurtosis": "G2, excess",
    "normality": "D'Agostino–Pearson omnibus",
    "correlation": "Pearson's r over complete pairs; Cramér's V, bias-corrected, without Yates",
    "distribution": "two-sample Kolmogorov–Smirnov, asymptotic",
    "stationarity": "augmented Dickey–Fuller with a constant, lags by AIC",
    "seasonality": "Fisher's g on the periodogram of differences",
}


RECIPE = (
    COUNTING
    + """

table = df[columns]
cells, missing = table.size, int(table.isna().sum().sum())
exact = counts(table)

result = {
    "rows": len(df),
    "dimensions": {
        "completeness": {"score": 1 - missing / cells if cells else None},
        "uniqueness": {"score": 1 - exact["extra_copies"] / len(df) if cells else None},
    },
    "duplicates": {"exact": exact, "near": counts(table.map(folded))},
}
"""
)
"""Completeness and duplicates; the page says how the other figures are found."""


class QualityParams(Params):
    """What to examine, and from where on something is an issue."""

    columns: list[str] | None = Field(None, description="Only these columns. None: all.")
    seed: int = Field(0, ge=0, description="Chooses the rows where only a sample is looked at.")
    as_of: AwareDatetime | None = Field(None, description="Later moments are future ones. None: this minute.")
    thresholds: Thresholds = Field(default_factory=Thresholds)


class Issue(Frozen):
    """Something that is wrong, or worth knowing."""

    code: str
    severity: Severity
    column: str | None = Field(description="None: the table as a whole.")
    other: str | None = Field(description="The second column, where it takes two.")
    n: int | None = Field(description="How many cells, rows or distinct values it is about.")
    share: float | None = Field(description="Of the values that are present, or of the rows.")
    value: float | None = Field(description="What was compared with the threshold, where that is not the share.")
    threshold: float | None
    rows: list[int] = Field(description="The first rows that show it, from 0, at most ten.")
    message: str


class Dimension(Frozen):
    """One score and where it comes from."""

    dimension: str
    score: float | None
    formula: str
    inputs: dict[str, int]
    notes: dict[str, Note]


class Overall(Frozen):
    """The score of the whole."""

    score: float | None
    formula: str
    notes: dict[str, Note]


class Duplicates(Frozen):
    """Equal rows, counted in three ways."""

    extra_copies: int
    rows_in_groups: int
    groups: int


class Repeated(Frozen):
    """Rows that repeat exactly, and those that do once case and blanks are folded."""

    exact: Duplicates
    near: Duplicates
    compared: int = Field(description="How many columns were compared; those of unsupported types are not.")


class Pairing(Frozen):
    """What was paired in search of correlation."""

    rows: int
    numeric: int
    categorical: int
    pairs: int
    notes: dict[str, Note] = Field(
        description="`rows`: how many were drawn; `distributions`: so many values of a column at most were compared."
    )


class Series(Frozen):
    """What was tested in the order of time."""

    ordered_by: str | None
    tested: int
    notes: dict[str, Note]


class QualityResult(Result):
    """Scores and issues."""

    task_id: str = "eda_data_quality"
    schema_version: int = 1
    rows: int
    as_of: Moment
    overall: Overall
    dimensions: list[Dimension]
    duplicates: Repeated
    correlation: Pairing
    series: Series
    issues: list[Issue] = Field(description="By severity, code, column, other column.")
    thresholds: Thresholds
    methods: dict[str, str] = Field(description="How figures were computed where more than one way is common.")
    charts: list[Chart] = Field(description="Vega-Lite v5: scores, then missing shares, the worst first.")


def parts(schemas: Schemas, params: QualityParams) -> Sequence[Part]:
    """The parts of the columns, then those that look at all columns together."""
    schema, names = schemas["df"], chosen(schemas["df"], params.columns)
    looks = [Part(part.name, part.columns, needs=(part,)) for part in figure_parts(schema, names)]
    paired = numeric(schema, names)
    known = (pearson_part(paired),) if schema.rows <= MAX_PAIRED_ROWS and len(paired) <= MAX_RANKED else ()
    whole = [Part("all columns: correlation", needs=known), Part("all columns: series")]
    return [*looks, duplicates_part(schema, params.columns), *whole]


def compute(tables: Tables, part: Part, params: QualityParams) -> Section:
    """`{columns: […]}` for a part of columns, `{duplicates | correlation | series: …}` for one of the whole table."""
    table = tables["df"]
    if is_figures(part):
        return figures(tables, part)
    if part.shared == PEARSON:
        return listed_pearson(tables, part)
    if part.name == DUPLICATES:
        return find_duplicates(tables, params.columns)
    if part.columns:
        return Section(part.name, _examine_columns(tables, part, params))
    if params.columns is not None:
        table = table.select([name for name in table.column_names if name in params.columns])
    from analyzer.analyses.findings import pairs, series

    topic = part.name.rpartition(" ")[2]
    if topic == "correlation":
        known = part.given[0].data if part.given else None
        return Section(part.name, {topic: pairs.examine(table, params.thresholds, params.seed, known)})
    return Section(part.name, {topic: series.examine(table, params.thresholds)})


def _examine_columns(tables: Tables, part: Part, params: QualityParams) -> dict[str, Any]:
    import numpy as np

    from analyzer.analyses.findings.column import examine

    moment = _now(params)
    as_of = np.datetime64(moment.removesuffix("Z"), "s")
    known = part.given[0].data["columns"]
    found = [examine(one["name"], tables["df"].column(one["name"]), params.thresholds, as_of, one) for one in known]
    return {"columns": found, "as_of": moment}


def merge(sections: Sequence[Section], schemas: Schemas, params: QualityParams) -> QualityResult:
    """Adds up what the parts counted, and sorts their issues."""
    rows = schemas["df"].rows
    of_columns = in_table_order([section for section in sections if "columns" in section.data], schemas["df"])
    columns = [column for section in of_columns for column in section.data["columns"]]
    whole = {topic: section.data[topic] for section in sections for topic in WHOLE_TABLE if topic in section.data}
    issues = _sorted([issue for found in (*columns, *whole.values()) for issue in found["issues"]])
    if not rows or not columns:
        issues.insert(0, empty_table(params.thresholds))
    scored = dimensions([column["cells"] for column in columns], whole["duplicates"]["exact"]["extra_copies"], rows)
    score = overall(scored)
    notes: dict[str, Any] = {} if score is not None else {"score": undefined("no-rows")}
    return QualityResult(
        rows=rows,
        as_of=max((section.data["as_of"] for section in sections if "as_of" in section.data), default=_now(params)),
        overall={"score": score, "formula": OVERALL, "notes": notes},
        dimensions=scored,
        **{topic: {name: found[name] for name in found if name != "issues"} for topic, found in whole.items()},
        issues=issues,
        thresholds=params.thresholds,
        methods=METHODS,
        charts=_charts(scored, columns),
    )


def _sorted(issues: list[dict[str, Any]]) -> list[dict[str, Any]]:
    def place(issue: dict[str, Any]) -> tuple[Any, ...]:
        return SEVERITIES.index(issue["severity"]), issue["code"], issue["column"] or "", issue["other"] or ""

    return sorted(issues, key=place)


def settle(params: QualityParams) -> QualityParams:
    """Later than all that is now: to the end of the minute, so that asking twice in it is asking the same."""
    minute = now().replace(second=0, microsecond=0) + timedelta(minutes=1)
    return params if params.as_of else params.model_copy(update={"as_of": minute})


def _now(params: QualityParams) -> str:
    """The moment after which others are in the future, as ISO 8601 in UTC."""
    return rfc3339(params.as_of or now())


def _charts(scored: Sequence[dict[str, Any]], columns: Sequence[dict[str, Any]]) -> list[Chart]:
    bars = scores("Quality by dimension", [(one["dimension"], one["score"]) for one in scored])
    charts = [Chart("scores", "Quality by dimension", bars)]
    shares = [(column["name"], column["cells"]["missing"] / (column["cells"]["rows"] or 1)) for column in columns]
    worst = sorted((pair for pair in shares if pair[1]), key=lambda pair: -pair[1])[:MAX_CHARTED]
    if worst:
        charts.append(Chart("missing", "Missing cells", missing_shares("Missing cells", worst)))
    return charts


def _codes_table() -> str:
    """Every code with its default threshold, so that the page cannot forget one."""
    defaults = Thresholds()
    lines = ["## Codes", "", "| code | severity | meaning | threshold |", "|---|---|---|---|"]
    for name, code in CODES.items():
        limit = f"`{code.threshold}` = {getattr(defaults, code.threshold):.4g}" if code.threshold else ""
        lines.append(f"| {name} | {code.severity} | {code.meaning} | {limit} |")
    return "\n".join(lines)


analysis = Analysis(
    id="eda_data_quality",
    title="Data quality",
    page=f"{__doc__}\n{_codes_table()}\n",
    params=QualityParams,
    result=QualityResult,
    parts=parts,
    compute=compute,
    merge=merge,
    version=8,
    settle=settle,
    recipe=lambda schemas, params: recipe(RECIPE, params.columns),
)
