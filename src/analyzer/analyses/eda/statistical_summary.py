"""
Every column in figures: where its values lie, how they spread, what is missing, which occur most.

Everything is computed from all rows and is **exact** up to the rounding of double-precision arithmetic; nothing is
sampled. A figure that cannot be given is `null`, and `notes` beside it says why.

## Missing values and infinities

Nulls are missing, and so is `NaN` in a floating-point column. Missing values are counted in `missing` and left out of
everything else. `±∞` counts in `count`, in `infinities` and in the order statistics (`min`, quantiles, `max`,
`distinct`). The figures that add values up (`sum`, `mean`, `std`, …) are then `null` with the reason `infinite`, and
so is an order statistic that is itself infinite. The histogram and the modes are those of the finite values.

## Kinds

| kind | columns |
|---|---|
| `numeric` | integers, floating-point numbers, decimals; durations, in the unit of their type |
| `categorical` | text and binary values |
| `text` | the same with more than 50 distinct values that are more than half of the present ones |
| `boolean` | true and false |
| `datetime` | dates, moments, times of day |
| `empty` | nothing but missing values |
| `unsupported` | lists, structs and other types that have no figures: only counted |

## Numeric columns

With *n* = `count`, *x̄* = `mean`, and mₖ = Σ(x − x̄)ᵏ / n:

| figure | formula |
|---|---|
| `variance`, `std` | Σ(x − x̄)² / (n − 1), so ddof = 1, and its square root |
| `sem` | std / √n |
| `ci95` | x̄ ± t₀.₉₇₅, ₙ₋₁ · sem (Student 1908) |
| `q01` … `q99` | linear interpolation between the nearest ranks: type 7 of Hyndman & Fan 1996 |
| `iqr`, `range` | q75 − q25, max − min |
| `mad` | median of abs(x − median), not scaled |
| `trimmed_mean` | mean without the ⌊n / 10⌋ lowest and as many highest values |
| `cv` | std / mean, with the sign of the mean |
| `skewness` | G1 = m₃ / m₂^1.5 · √(n(n − 1)) / (n − 2) (Joanes & Gill 1998); `null` for a constant |
| `kurtosis` | G2 = (n − 1) / ((n − 2)(n − 3)) · ((n + 1)(m₄ / m₂² − 3) + 6); `null` for a constant |
| `modes` | the most frequent values in ascending order, at most ten |
| `histogram` | Freedman & Diaconis 1981: bins of 2 · iqr / ∛n; Sturges 1926 where iqr is 0; never more than `bins` |
| `monotonicity` | `constant`, `strictly increasing`, `increasing`, `strictly decreasing`, `decreasing` or `none` |

Where there are as many bins as whole numbers, less one, or more, there is one around each number, from x − ½ to x + ½.
Sums are pairwise, moments come from a second pass over the deviations, and integers are added without rounding at any
size. Integers beyond 2⁵³, and the exact figures of decimal columns, are strings of digits, because a double would
round them. Where doubles would make several decimals one, spread, shape and `monotonicity` are taken of the distances
from the least of them.

## Categorical and text columns

With pᵢ the share of the i-th of *k* distinct values:

| figure | formula |
|---|---|
| `top` | the `top` most frequent values, by falling count, then rising value; cut to 256 characters for display |
| `mode_share` | the largest pᵢ |
| `entropy` | H = −Σ pᵢ log₂ pᵢ, in bits (Shannon 1948) |
| `gini` | 1 − Σ pᵢ² |
| `imbalance` | 1 − H / log₂ k; 0 for a single value |
| `lengths` | of all present values, in characters (Unicode code points); of binary values in bytes |

Boolean columns have `true`, `false`, the `share` of true, and the same three measures.

## Datetime columns

`q25`, `q50`, `q75` and `mean` are rounded down to the ticks of the column's type, `resolution` is the coarsest unit
of which every value is a multiple, and `gaps` are the distances between neighbouring distinct moments. The bins of
dates are of equally many whole days, and the last one ends with the day after.

## The same in pandas

    df[column].describe(percentiles=[.01, .05, .25, .5, .75, .95, .99])
    df[column].agg(["sum", "mean", "std", "var", "sem", "skew", "kurt", "nunique"])
    scipy.stats.median_abs_deviation(df[column].dropna())
    scipy.stats.trim_mean(df[column].dropna(), 0.1)
    df[column].value_counts()
"""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from pydantic import Field

from analyzer.analyses import costs
from analyzer.analyses.columns import cheapest_first, chosen, column_parts, in_table_order
from analyzer.analyses.eda.summary_columns import AnyColumn
from analyzer.analyses.recipes import recipe
from analyzer.analyses.told import AsTold
from analyzer.charts import histogram, missing_shares, top_values
from analyzer.models import TableSchema
from analyzer.registry import Analysis, Chart, Params, Part, Result, Schemas, Section, Tables

VERSION = 5

TOP, BINS = 10, 50

MAX_CHARTS = 64
"""So many columns, from the left, are drawn in the result; a column that is a part of its own is always drawn."""

METHODS = {
    "ddof": "1",
    "quantiles": "type 7, linear",
    "missing": "nulls and NaN are left out and counted",
    "infinities": "in count and order statistics; moments are null",
    "mad": "median absolute deviation from the median, unscaled",
    "trimmed_mean": "10 % cut from each side",
    "ci95": "Student's t",
    "skewness": "G1, adjusted Fisher–Pearson",
    "kurtosis": "G2, excess",
    "entropy": "bits",
    "histogram": "Freedman–Diaconis, Sturges where the IQR is zero, capped",
}


RECIPE = """
import numpy as np
from scipy import stats


def numbers(x):
    quantiles = {f"q{100 * share:02.0f}": x.quantile(share) for share in (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)}
    half = stats.t.ppf(0.975, len(x) - 1) * x.sem()
    return quantiles | {
        "mean": x.mean(), "std": x.std(), "variance": x.var(), "sem": x.sem(),
        "ci95": [x.mean() - half, x.mean() + half] if len(x) > 1 else np.nan, "cv": x.std() / x.mean(),
        "min": x.min(), "max": x.max(), "range": x.max() - x.min(), "iqr": stats.iqr(x), "sum": x.sum(),
        "zeros": (x == 0).sum(), "negatives": (x < 0).sum(), "infinities": np.isinf(x).sum(),
        "mad": stats.median_abs_deviation(x), "trimmed_mean": stats.trim_mean(x, 0.1),
        "skewness": x.skew(), "kurtosis": x.kurt(), "distinct": x.nunique(), "modes": x.mode()[:10].tolist(),
    }


def diversity(counts):
    entropy, gini = stats.entropy(counts, base=2), 1 - ((counts / counts.sum()) ** 2).sum()
    imbalance = 1 - entropy / np.log2(len(counts)) if len(counts) > 1 else 0.0
    return {"distinct": len(counts), "entropy": entropy, "gini": gini, "imbalance": imbalance}


def texts(x):
    counts, lengths = x.value_counts(), x.str.len()
    leading = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:top]
    return diversity(counts) | {
        "top": [{"value": value, "count": count} for value, count in leading],
        "mode_share": counts.max() / len(x),
        "lengths": {
            "min": lengths.min(), "max": lengths.max(), "mean": lengths.mean(), "median": float(lengths.median())
        },
    }


def truths(x):
    true = int(x.sum())
    return diversity(x.value_counts()) | {"true": true, "false": len(x) - true, "share": true / len(x)}


def moments(x):
    return {"distinct": x.nunique(), "span_seconds": (x.max() - x.min()).total_seconds()}


def figures(x):
    if x.empty:
        return {}
    if x.dtype == bool or isinstance(x.iloc[0], bool):
        return truths(x)
    if isinstance(x.iloc[0], str):
        return texts(x)
    return moments(x) if x.dtype.kind == "M" else numbers(x) if x.dtype.kind in "iuf" else {}


result = {
    "columns": [
        {"name": name, "count": df[name].count(), "missing": df[name].isna().sum(), **figures(df[name].dropna())}
        for name in columns
    ]
}
"""
"""The main figures of every column by pandas and scipy."""


class SummaryParams(Params):
    """What to summarise."""

    columns: list[str] | None = Field(None, description="Only these columns. None: all.")
    seed: int = Field(0, ge=0, description="Taken by every eda_ task; without effect here, as nothing is sampled.")
    top: int = Field(TOP, ge=1, le=100, description="How many of the most frequent values to list.")
    bins: int = Field(BINS, ge=1, le=1000, description="The most bins a histogram may have.")


class SummaryResult(Result):
    """The figures of every chosen column."""

    task_id: str = "eda_statistical_summary"
    schema_version: int = 1
    rows: int
    columns: Annotated[list[AnyColumn], AsTold()] = Field(description="In the table's order.")
    methods: dict[str, str] = Field(description="How figures were computed where more than one way is common.")
    charts: list[Chart] = Field(description="Vega-Lite v5: missing shares, then the first columns.")


def parts(schemas: Schemas, params: SummaryParams) -> Sequence[Part]:
    """One column a part, up to 256. Raises InvalidParameters for a column that the table does not have."""
    schema = schemas["df"]
    return figure_parts(schema, chosen(schema, params.columns), params.top, params.bins)


def figure_parts(schema: TableSchema, names: Sequence[str], top: int = TOP, bins: int = BINS) -> list[Part]:
    """Parts whose sections are the figures of these columns, the same for every analysis that asks for them."""
    key = f"eda_statistical_summary {VERSION} top {top} bins {bins}"
    cost = partial(costs.Costs(schema).of, costs.FIGURES)
    return cheapest_first(column_parts(names, key, schema.rows, cost), schema)


def is_figures(part: Part) -> bool:
    """Whether `figures` computes the section of this part."""
    return part.shared.startswith(f"eda_statistical_summary {VERSION} ")


def compute(tables: Tables, part: Part, params: SummaryParams) -> Section:
    """The figures of the part's columns; a picture where it is only one."""
    return figures(tables, part, params.top, params.bins)


def figures(tables: Tables, part: Part, top: int = TOP, bins: int = BINS) -> Section:
    """`{columns: [figures]}` for a part of `figure_parts`, with the same `top` and `bins`."""
    from analyzer.analyses.figures import columns as kinds

    table = tables["df"]
    found = []
    for name in part.columns:
        column = table.column(name)
        kind, figures = kinds.summary(column, top, bins)
        found.append({"name": name, "kind": kind, "type": str(column.type), **figures})
    charts: list[Chart] = []
    if len(found) == 1:
        charts = _pictures(found, table.column_names.index(part.columns[0]))
    return Section(part.name, {"columns": found}, tuple(charts))


def merge(sections: Sequence[Section], schemas: Schemas, params: SummaryParams) -> SummaryResult:
    """All columns in the table's order."""
    rows = schemas["df"].rows
    sections = in_table_order(sections, schemas["df"])
    columns = [column for section in sections for column in section.data["columns"]]
    shares = [(column["name"], column["missing"] / rows) for column in columns if column["missing"]][:MAX_CHARTS]
    charts = [Chart("missing", "Missing cells", missing_shares("Missing cells", shares))] if shares else []
    drawn = [chart for section in sections for chart in section.charts]
    return SummaryResult(rows=rows, columns=columns, methods=METHODS, charts=charts + drawn[:MAX_CHARTS])


def _pictures(columns: Sequence[dict[str, Any]], place: int) -> list[Chart]:
    """One picture for each column that has anything to draw; `place` is the first one's in the table."""
    charts = []
    for number, column in enumerate(columns, start=place):
        name = column["name"]
        if column.get("histogram"):
            bins, temporal = column["histogram"], column["kind"] == "datetime"
            charts.append(Chart(f"column-{number}", name, histogram(name, **bins, temporal=temporal)))
        elif column.get("top"):
            charts.append(Chart(f"column-{number}", name, top_values(name, column["top"])))
    return charts


analysis = Analysis(
    id="eda_statistical_summary",
    title="Statistical summary",
    page=__doc__ or "",
    params=SummaryParams,
    result=SummaryResult,
    parts=parts,
    compute=compute,
    merge=merge,
    version=VERSION,
    recipe=lambda schemas, params: recipe(RECIPE, params.columns, top=params.top),
)
