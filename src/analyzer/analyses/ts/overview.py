"""
Values in time: the step of the moments and where some are missing; and of every numeric column, in their order, whether
it rises, wanders, remembers and repeats.

The index is the column that `time` names, else the first one of dates or moments that never falls, else the first one
of dates or moments. Values at the same moment are taken as their mean; missing values and ±∞ are left out, so that
those around them are neighbours. Of more than 10,000 values the last 10,000 are looked at, since a thinned series would
be another one. Below 20, or where all are the same, the figures are `null`.

| figure | what it is |
|---|---|
| `frequency` | the most common step between distinct moments, and its `share` of all; in months where all are on the same day of a month or on its last, in business days where none is on a weekend, if that gives a larger share |
| `missing_moments`, `gaps` | how many moments are missing at that step, and the widest gaps, at most ten |
| `step_cv` | std / mean (ddof 1) of the steps in seconds |
| `trend` | least squares on time: slope per day, r², two-sided p by Student's t |
| `adf` | the augmented Dickey–Fuller test with a constant (1979, 1984); lags by AIC of at most ⌈12 (n / 100)^¼⌉ (Schwert 1989), p by MacKinnon 1994, critical values by MacKinnon 2010 |
| `kpss` | Kwiatkowski, Phillips, Schmidt & Shin 1992, of a level; lags by Hobijn, Franses & Ooms 1998; p from the table, so never below 0.01 or above 0.1 |
| `verdict` | `stationary` where ADF says so and KPSS does not object; `stationary in differences` where KPSS objects; `stationary around a trend` where neither says anything; else `not stationary` |
| `acf` | r₀ … by Σ (xₜ − x̄)(xₜ₊ₖ − x̄) / Σ (xₜ − x̄)², `bounds` by Bartlett 1946 (95 %), `partial` ones by Levinson & Durbin |
| `ljung_box` | Ljung & Box 1978 over the first ten lags |
| `seasonality` | STL (Cleveland et al. 1990, statsmodels' defaults) with the `period` that is given, else that of the calendar (7 days, 12 months, 4 quarters, 52 weeks, 24 hours, 60 minutes, 5 business days), else the strongest one of the periodogram of the differences (Fisher 1929), if the series has it twice. `strength` = max(0, 1 − Var R / Var(S + R)), `trend_strength` the same with T (Wang, Smith & Hyndman 2006) |

## Issues

| code | severity | when |
|---|---|---|
| no_time | info | there is no column of dates or moments |
| unordered | warning | moments fall from one row to the next |
| missing_times | warning | rows have no moment |
| duplicate_times | warning | rows share a moment |
| gaps | warning | moments are missing at a step that most have |
| irregular | warning | no step has more than half of the steps |
| non_stationary | warning | p of ADF ≥ `alpha` (0.05) and p of KPSS < `alpha` |
| trend | info | p of the slope < `alpha` and r² ≥ 0.25 |
| seasonal | info | `strength` ≥ `strength` (0.64, where R's nsdiffs takes seasonal differences) |
| autocorrelated | info | p of Ljung and Box < `alpha` |
"""  # noqa: E501 - a row of a Markdown table is a line

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import Field

from analyzer.analyses.columns import chosen, numeric
from analyzer.analyses.eda.data_quality import Issue
from analyzer.analyses.notes import Note
from analyzer.analyses.recipes import recipe as program
from analyzer.analyses.series.alerts import CODES
from analyzer.analyses.ts.recipe import PROGRAM
from analyzer.charts import curve, stems
from analyzer.errors import InvalidParameters
from analyzer.models import TableSchema
from analyzer.models.base import Frozen
from analyzer.registry import Analysis, Chart, Params, Part, Result, Schemas, Section, Tables

VERSION = 3
INDEX = "all columns: time index"
MAX_COLUMNS = 50
TREND_R2 = 0.25
TEMPORAL_TYPES = ("date", "timestamp")

METHODS = {
    "missing": "left out, and so is ±∞; equal moments are averaged",
    "adf": "with a constant, lags by AIC, p by MacKinnon 1994",
    "kpss": "of a level, lags by Hobijn et al. 1998, p from the table (0.01 to 0.1)",
    "acf": "divided by n at every lag; Bartlett's bounds at 95 %",
    "partial": "Levinson–Durbin",
    "seasonality": "STL",
}


class OverviewParams(Params):
    """What to look at."""

    columns: list[str] | None = Field(None, description="Only these series. None: the first 50 numeric columns.")
    seed: int = Field(0, ge=0, description="Without effect here, as nothing is drawn by chance.")
    time: str | None = Field(None, description="The column of dates or moments. None: one that fits.")
    lags: int = Field(40, ge=1, le=1000, description="The most autocorrelations; never more than half of the values.")
    period: int | None = Field(
        None, ge=2, le=1000, description="After so many steps values may repeat. None: see page."
    )
    alpha: float = Field(0.05, gt=0, lt=1, description="A p below this is taken for real.")
    strength: float = Field(0.64, gt=0, le=1, description="Seasonality of at least this strength is an issue.")


class Frequency(Frozen):
    """The most common step."""

    label: str = Field(description="day, month, 15 minutes …")
    unit: Literal["second", "month", "business day"]
    step: int | float = Field(description="In this unit.")
    share: float = Field(description="Of all steps; 1: regular.")
    period: int | None = Field(description="After so many steps the calendar comes round again.")


class Gap(Frozen):
    """Where moments are missing."""

    after: str
    before: str
    missing: int


class Index(Frozen):
    """The moments of all rows."""

    name: str
    type: str = Field(description="The Arrow type.")
    count: int
    missing: int
    first: str
    last: str
    span_seconds: float
    distinct: int
    duplicates: int = Field(description="Moments that another row has already.")
    order: str = Field(description="How they run in the table's order.")
    frequency: Frequency | None
    step_cv: float | None
    missing_moments: int | None
    gaps: list[Gap] = Field(description="The widest ones, the first ones first, at most ten.")
    notes: dict[str, Note]


class Trend(Frozen):
    """A straight line through the values."""

    slope_per_day: float
    r2: float
    p: float


class Adf(Frozen):
    """The augmented Dickey–Fuller test: a small p speaks against a unit root."""

    statistic: float
    p: float
    lags: int
    n: int
    critical: dict[str, float]


class Kpss(Frozen):
    """The test of Kwiatkowski et al.: a small p speaks against a steady level."""

    statistic: float
    p: float
    lags: int


class Autocorrelation(Frozen):
    """By lag, from 0."""

    values: list[float]
    bounds: list[float] = Field(description="Below, chance explains it.")
    partial: list[float]


class LjungBox(Frozen):
    """Whether the first autocorrelations together are more than chance."""

    statistic: float
    p: float
    lags: int


class Seasonality(Frozen):
    """What STL makes of the series."""

    period: int
    source: Literal["given", "calendar", "found"]
    strength: float
    trend_strength: float


class Series(Frozen):
    """One numeric column in the order of time."""

    name: str
    count: int = Field(description="Values, one for each moment that has any.")
    trend: Trend | None
    adf: Adf | None
    kpss: Kpss | None
    verdict: str | None
    acf: Autocorrelation | None
    ljung_box: LjungBox | None
    seasonality: Seasonality | None
    notes: dict[str, Note]


class OverviewResult(Result):
    """The index, and the series."""

    task_id: str = "ts_overview"
    schema_version: int = 1
    rows: int
    index: Index | None = Field(description="None: no column of dates or moments has a value.")
    columns: list[Series] = Field(description="In the table's order.")
    issues: list[Issue] = Field(description="First those of the index.")
    methods: dict[str, str] = Field(description="How figures were computed where more than one way is common.")
    charts: list[Chart] = Field(description="Vega-Lite v5: the series, and their autocorrelations.")


def temporal(schema: TableSchema) -> tuple[str, ...]:
    """The columns that could be the index."""
    return tuple(column.name for column in schema.columns if column.type.startswith(TEMPORAL_TYPES))


def looked_at(schemas: Schemas, params: OverviewParams) -> tuple[str, ...]:
    """The series. Raises InvalidParameters for a column that is not there, or no time."""
    schema = schemas["df"]
    if params.time is not None:
        chosen(schema, [params.time])
        if params.time not in temporal(schema):
            told = f"{params.time!r} holds no dates or moments."
            raise InvalidParameters(told, errors=[{"pointer": "/time", "detail": told}])
    found = numeric(schema, chosen(schema, params.columns))[:MAX_COLUMNS]
    return found if temporal(schema) else ()


def parts(schemas: Schemas, params: OverviewParams) -> Sequence[Part]:
    """The index, then every series."""
    index = Part(INDEX, shared=f"ts_overview {VERSION} index {params.time!r}")
    return [index, *(Part(name, (name,), needs=(index,)) for name in looked_at(schemas, params))]


def compute(tables: Tables, part: Part, params: OverviewParams) -> Section:
    """`{index: …}`, or `{columns: […]}` with pictures."""
    table = tables["df"]
    if not part.columns:
        return Section(part.name, {"index": _index(table, params.time)})
    index = part.given[0].data["index"]
    if index is None:
        return Section(part.name, {"columns": []})
    from analyzer.analyses.series.line import Wanted, describe

    name, frequency = part.columns[0], index["frequency"]
    wanted = Wanted(params.lags, params.alpha, params.period, frequency["period"] if frequency else None)
    found, drawn = describe(table.column(name), table.column(index["name"]), wanted)
    charts = _pictures(name, table.column_names.index(name), found, drawn)
    return Section(part.name, {"columns": [{"name": name, **found}]}, tuple(charts))


def _index(table: Any, wanted: str | None) -> dict[str, Any] | None:
    from analyzer.analyses.series import index

    time = index.column_of_time(table, wanted)
    if time is None or table.column(time).null_count == table.num_rows:
        return None
    return {"name": time, **index.describe(table.column(time))}


def _pictures(name: str, place: int, found: dict[str, Any], drawn: dict[str, Any] | None) -> Iterator[Chart]:
    if drawn:
        spec = curve(name, drawn["moments"], drawn["values"], label="value", temporal=True, from_zero=False)
        yield Chart(f"series-{place}", name, spec)
    if found["acf"]:
        spec = stems(f"{name}: autocorrelation", found["acf"]["values"], found["acf"]["bounds"], label="r")
        yield Chart(f"acf-{place}", f"{name}: autocorrelation", spec)


def merge(sections: Sequence[Section], schemas: Schemas, params: OverviewParams) -> OverviewResult:
    """The index, the series in the table's order, and what is worth knowing about both."""
    index = sections[0].data["index"]
    columns = [column for section in sections[1:] for column in section.data["columns"]]
    found = [*_of_index(index), *(one for column in columns for one in _of_series(column, params))]
    return OverviewResult(
        rows=schemas["df"].rows,
        index=index,
        columns=columns,
        issues=CODES.in_order(found),
        methods=METHODS,
        charts=[chart for section in sections for chart in section.charts],
    )


def _of_index(index: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    if index is None:
        yield CODES.issue("no_time", None)
        return
    name, frequency = index["name"], index["frequency"]
    if "increasing" not in index["order"] and index["order"] != "constant":
        yield CODES.issue("unordered", name)
    if index["missing"]:
        yield CODES.issue(
            "missing_times", name, n=index["missing"], share=index["missing"] / (index["count"] + index["missing"])
        )
    if index["duplicates"]:
        yield CODES.issue("duplicate_times", name, n=index["duplicates"], share=index["duplicates"] / index["count"])
    if frequency and frequency["share"] <= 0.5:
        told = f"The most common step, {frequency['label']}, is only {frequency['share']:.0%} of all."
        if index["distinct"] > 2:
            yield CODES.issue("irregular", name, share=frequency["share"], threshold=0.5, message=told)
    elif frequency and index["missing_moments"]:
        n = index["missing_moments"]
        yield CODES.issue("gaps", name, n=n, share=n / (index["distinct"] + n))


def _of_series(column: dict[str, Any], params: OverviewParams) -> Iterator[dict[str, Any]]:
    name, n, trend, season = column["name"], column["count"], column["trend"], column["seasonality"]
    if column["verdict"] == "not stationary":
        yield CODES.issue("non_stationary", name, n=n, value=column["adf"]["p"], threshold=params.alpha)
    if trend and trend["p"] < params.alpha and trend["r2"] >= TREND_R2:
        told = f"The values {'rise' if trend['slope_per_day'] > 0 else 'fall'} with time."
        yield CODES.issue("trend", name, n=n, value=trend["r2"], threshold=TREND_R2, message=told)
    if season and season["strength"] >= params.strength:
        told = f"The values repeat every {season['period']} steps."
        yield CODES.issue("seasonal", name, n=n, value=season["strength"], threshold=params.strength, message=told)
    if column["ljung_box"] and column["ljung_box"]["p"] < params.alpha:
        yield CODES.issue("autocorrelated", name, n=n, value=column["ljung_box"]["p"], threshold=params.alpha)


def recipe(schemas: Schemas, params: OverviewParams) -> str:
    """The tests and autocorrelations by statsmodels."""
    given = {"candidates": list(temporal(schemas["df"])), "time": params.time, "most_lags": params.lags}
    return program(PROGRAM, looked_at(schemas, params), **given)


analysis = Analysis(
    id="ts_overview",
    title="Values in time",
    page=__doc__ or "",
    params=OverviewParams,
    result=OverviewResult,
    parts=parts,
    compute=compute,
    merge=merge,
    recipe=recipe,
    version=VERSION,
)
