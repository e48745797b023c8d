"""
How much columns of any kind tell about each other: text and truth values as they are, numbers by their values or, where
levels are needed, in bins.

| pair | figures |
|---|---|
| two categories | `cramers_v`, bias-corrected (Bergsma 2013) and without Yates's correction; p of χ² |
| a category and numbers | `eta_squared`: the share of the numbers' variance that lies between the categories; p of the F test |
| any | `mutual_information` in nats; `theils_u`: the share of the column's entropy that knowing the other takes away; `theils_u_reverse`: the other way round |

A figure is `null` with the reason `constant` where a side has one level or does not vary, `too-few-values` where too
few rows have both: fewer than two, or no more than there are categories. `strength` is V, η or, for two columns of
numbers, √(1 − exp(−2 · mutual information)), which is abs(r) for normal data: all lie between 0 and 1, and pairs stand
in their falling order, `pairs` of them at most.

## Bounds

- Rows in which either is missing are left out pair by pair; ±∞ is missing.
- Columns with more than `levels` different values that are no numbers are left out, and so is all but the first 60
  columns that could take part; `left_out` says why.
- Numbers are cut at the quantiles k / `bins` (type 7), each bin up to and with its upper edge; bins without a value
  are no levels. Integers beyond 2⁵³ that lie close together are taken less the least of them.
- Above 200 million pairs × rows, as many rows are drawn with `seed` as keep to that.
"""  # noqa: E501 - a row of a Markdown table is a line

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from analyzer.analyses import costs
from analyzer.analyses.columns import chosen
from analyzer.analyses.notes import Note
from analyzer.analyses.recipes import recipe as program
from analyzer.charts import heatmap
from analyzer.models.base import Frozen
from analyzer.registry import Analysis, Chart, Params, Part, Result, Schemas, Section, Tables

VERSION = 5
MAX_DRAWN = 40

METHODS = {
    "missing": "pairwise complete; ±∞ is missing",
    "cramers_v": "bias-corrected (Bergsma 2013), without Yates's correction",
    "eta_squared": "between the categories, of the whole sum of squares",
    "mutual_information": "nats; numbers in bins of equally many values",
    "p": "χ² of independence, or F of one-way analysis of variance; not adjusted",
}


class AssociationParams(Params):
    """What to pair."""

    columns: list[str] | None = Field(None, description="Only these columns. None: all.")
    seed: int = Field(0, ge=0, description="Chooses the rows where only a sample is looked at.")
    bins: int = Field(10, ge=2, le=100, description="How many bins numbers are cut into.")
    levels: int = Field(100, ge=2, le=1000, description="Columns with more different values are left out.")
    pairs: int = Field(200, ge=1, le=10_000, description="How many pairs to list at most, the strongest first.")


class AssociatedPair(Frozen):
    """Two columns."""

    column: str
    other: str
    kinds: Literal["categories", "category and numbers", "numbers"]
    n: int = Field(description="Rows that have both.")
    strength: float | None
    cramers_v: float | None
    eta_squared: float | None
    p: float | None
    mutual_information: float | None = Field(description="In nats.")
    theils_u: float | None = Field(description="Of the column, given the other.")
    theils_u_reverse: float | None = Field(description="Of the other, given the column.")
    notes: dict[str, Note]


class AssociatedColumn(Frozen):
    """A column that was paired, and the one it goes together with most."""

    name: str
    kind: Literal["categorical", "numeric"]
    levels: int = Field(description="Different values, or bins.")
    strongest: str | None
    value: float | None = Field(description="The strength of that.")


class LeftOut(Frozen):
    """A column that was not paired."""

    name: str
    reason: Literal["no-values", "too-many-levels", "unsupported", "too-many-columns"]


class AssociationResult(Result):
    """The pairs, the strongest first."""

    task_id: str = "eda_association"
    schema_version: int = 1
    rows: int
    columns: list[AssociatedColumn] = Field(description="In the table's order.")
    left_out: list[LeftOut]
    pairs: list[AssociatedPair]
    tested: int = Field(description="How many pairs there are.")
    notes: dict[str, Note] = Field(description="`rows`: of which sample of them all was taken.")
    methods: dict[str, str] = Field(description="How figures were computed where more than one way is common.")
    charts: list[Chart] = Field(description="Vega-Lite v5: the strengths of the first columns.")


def parts(schemas: Schemas, params: AssociationParams) -> Sequence[Part]:
    """One."""
    names = chosen(schemas["df"], params.columns)
    key = f"eda_association {VERSION} seed {params.seed} bins {params.bins} levels {params.levels}"
    cost = costs.Costs(schemas["df"]).of(costs.ASSOCIATION, names)
    return [Part("all pairs", names, f"{key} pairs {params.pairs}", cost=cost)]


def compute(tables: Tables, part: Part, params: AssociationParams) -> Section:
    """Everything about the pairs: `{columns, left_out, pairs, tested, strengths, notes}`."""
    from analyzer.analyses.relations.mixed import associated

    found = associated(tables["df"], part.columns, params.bins, params.levels, params.seed, params.pairs)
    return Section(part.name, found)


def merge(sections: Sequence[Section], schemas: Schemas, params: AssociationParams) -> AssociationResult:
    """The one section is the result."""
    data = dict(sections[0].data)
    strengths = data.pop("strengths")
    names = [column["name"] for column in data["columns"]][:MAX_DRAWN]
    charts = []
    if len(names) > 1:
        cells = [row[:MAX_DRAWN] for row in strengths[:MAX_DRAWN]]
        spec = heatmap("Association", names, cells, label="strength", signed=False)
        charts.append(Chart("association", "Association", spec))
    return AssociationResult(rows=schemas["df"].rows, methods=METHODS, charts=charts, **data)


PROGRAM = """
from itertools import combinations

import numpy as np
from scipy import stats

kinds, sides, numbers = {}, {}, {}
for name in columns:
    values = df[name]
    if values.dtype.kind in "iuf":
        values = values.astype("float64").replace([np.inf, -np.inf], np.nan)
        cuts = np.unique(np.quantile(values.dropna(), np.arange(1, bins) / bins)) if values.notna().any() else []
        numbers[name] = values
        sides[name] = pd.Series(np.searchsorted(cuts, values), index=df.index).where(values.notna())
        kinds[name] = {"kind": "numeric", "levels": sides[name].nunique()}
    elif 0 < values.nunique() <= levels and (values.dtype.kind in "bOU" or values.dtype == "str"):
        sides[name] = values
        kinds[name] = {"kind": "categorical", "levels": values.nunique()}


def cramers_v(table):
    n, (r, k) = table.sum(), table.shape
    squared = stats.chi2_contingency(table, correction=False).statistic / n - (r - 1) * (k - 1) / (n - 1)
    least = min(r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)) - 1
    return min(1.0, np.sqrt(max(0.0, squared) / least)) if least > 1e-12 else np.nan


def eta_squared(values, groups):
    if groups.nunique() < 2:
        return np.nan
    means = values.groupby(groups).transform("mean")
    return ((means - values.mean()) ** 2).sum() / ((values - values.mean()) ** 2).sum()


def associated(one, two):
    both = sides[one].notna() & sides[two].notna()
    x, y = sides[one][both], sides[two][both]
    table = pd.crosstab(x, y).to_numpy()
    p = table / table.sum()
    expected = np.outer(p.sum(axis=1), p.sum(axis=0))
    information = stats.entropy(p.ravel(), expected.ravel()) if len(x) else np.nan
    found = {
        "column": one, "other": two, "n": len(x), "mutual_information": information,
        "theils_u": information / stats.entropy(p.sum(axis=1)),
        "theils_u_reverse": information / stats.entropy(p.sum(axis=0)),
    }
    if one in numbers and two in numbers:
        return found | {"strength": np.sqrt(1 - np.exp(-2 * information)) if min(table.shape) > 1 else np.nan}
    if one in numbers or two in numbers:
        values, groups = (numbers[one][both], y) if one in numbers else (numbers[two][both], x)
        found["eta_squared"] = eta_squared(values, groups)
        if 1 < groups.nunique() < len(groups) and values.nunique() > 1:
            found["p"] = stats.f_oneway(*(group for _, group in values.groupby(groups))).pvalue
        return found | {"strength": np.sqrt(found["eta_squared"])}
    if min(table.shape) < 2:
        return found | {"p": np.nan, "cramers_v": np.nan, "strength": np.nan}
    found["p"] = stats.chi2_contingency(table, correction=False).pvalue
    return found | {"cramers_v": cramers_v(table), "strength": cramers_v(table)}


found = [associated(one, two) for one, two in combinations(sides, 2)]
found.sort(key=lambda pair: 1.0 if np.isnan(pair["strength"]) else -round(pair["strength"], 9))
result = {"rows": len(df), "columns": kinds, "tested": len(found), "pairs": found[:pairs]}
"""


def recipe(schemas: Schemas, params: AssociationParams) -> str:
    """Levels and pairs by pandas and scipy."""
    return program(PROGRAM, params.columns, bins=params.bins, levels=params.levels, pairs=params.pairs)


analysis = Analysis(
    id="eda_association",
    title="Association",
    page=__doc__ or "",
    params=AssociationParams,
    result=AssociationResult,
    parts=parts,
    compute=compute,
    merge=merge,
    recipe=recipe,
    version=VERSION,
)
